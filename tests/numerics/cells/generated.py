"""Random small trials over periods (synthetic), and the same algebra written out with n by n matrices."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from precept_stats.numerics.cells.model import CellModel, ResidualGroups
from precept_stats.numerics.cells.structures import (
    DiscreteTimeDecay,
    Exchangeable,
    NestedExchangeable,
    RandomIntervention,
    Structure,
)
from precept_stats.numerics.mixed.model import Category, Fixed, Grouping, Numeric, Rows

SEEDS = st.integers(0, 2**32 - 1)
STRUCTURES = ("exchangeable", "nested_exchangeable", "discrete_time_decay", "random_intervention")


def structure(name: str, treated: np.ndarray) -> Structure:
    return {
        "exchangeable": Exchangeable(),
        "nested_exchangeable": NestedExchangeable(),
        "discrete_time_decay": DiscreteTimeDecay(),
        "random_intervention": RandomIntervention(Numeric("treated", treated)),
    }[name]


@dataclass(frozen=True)
class Trial:
    """Columns of a stepped wedge by row; ``weights`` None or (n,)."""

    cluster: np.ndarray
    period: np.ndarray
    treated: np.ndarray
    x: np.ndarray
    sex: np.ndarray
    y: np.ndarray
    weights: np.ndarray | None = None

    def model(self, kind: str, *, by_arm: bool = False, y: np.ndarray | None = None) -> CellModel:
        K, T = int(self.cluster.max()) + 1, int(self.period.max()) + 1
        return CellModel(
            Rows(self.y if y is None else y, weights=self.weights),
            Fixed(
                (
                    Numeric("treated", self.treated),
                    Category(tuple(f"p{t}" for t in range(T)), self.period),
                    Numeric("x", self.x),
                    Category(("f", "m", "u"), self.sex),
                )
            ),
            Grouping("cluster", self.cluster, K),
            structure(kind, self.treated),
            Grouping("period", self.period, T),
            ResidualGroups(("control", "treated"), self.treated.astype(np.intp)) if by_arm else None,
        )

    def rows(self, order: np.ndarray) -> Trial:
        """The same rows in another order, or some of them."""
        w = None if self.weights is None else self.weights[order]
        parts = (self.cluster, self.period, self.treated, self.x, self.sex, self.y)
        return Trial(*(part[order] for part in parts), weights=w)


def trial(seed: int, *, weighted: bool = False) -> Trial:
    """7 to 9 clusters, 4 periods, cells of 1 to 6 rows, about one cell in eight missing."""
    rng = np.random.default_rng(seed)
    K, T = int(rng.integers(7, 10)), 4
    step = rng.permutation(np.arange(K) % 3 + 1)
    sizes = rng.integers(1, 7, (K, T)) * (rng.uniform(size=(K, T)) > 0.12)
    sizes[:2, :] = np.maximum(sizes[:2, :], 2)
    cluster, period = (np.repeat(index.ravel(), sizes.ravel()) for index in np.indices((K, T)))
    n = len(cluster)
    treated = (period >= step[cluster]).astype(float)
    apart = np.abs(np.subtract.outer(np.arange(T), np.arange(T)))
    u = rng.multivariate_normal(np.zeros(T), 0.6**apart, K)
    x, sex = rng.normal(size=n) + 0.3 * period, rng.integers(0, 3, n)
    y = 4.0 + 0.7 * u[cluster, period] + 0.4 * treated * rng.normal(0.5, 1.0, K)[cluster]
    y += 0.2 * period + 0.5 * x + rng.normal(size=n) * (0.8 + 0.5 * treated)
    weights = rng.uniform(0.3, 3.0, n) if weighted else None
    return Trial(cluster, period, treated, x, sex.astype(np.intp), y, weights)


def design_matrix(model: CellModel) -> np.ndarray:
    columns = [np.ones(len(model.rows.y))] if model.fixed.intercept else []
    for term in model.fixed.terms:
        if isinstance(term, Numeric):
            columns.append(term.values)
        else:
            columns += [(term.codes == k).astype(float) for k in range(1, len(term.levels))]
    return np.column_stack(columns)


@dataclass(frozen=True)
class Dense:
    """A model with all of it n by n; psi are the structure's parameters, then the residual variances."""

    model: CellModel
    reml: bool = True

    def total(self, psi: np.ndarray) -> np.ndarray:
        model = self.model
        n, cluster = len(model.rows.y), model.cluster.codes
        period = np.zeros(n) if model.period is None else model.period.codes
        same = (cluster[:, None] == cluster).astype(float)
        apart = np.abs(np.subtract.outer(period, period)).astype(float)
        match model.structure:
            case Exchangeable():
                G = psi[0] * same
            case NestedExchangeable():
                G = same * (psi[0] + psi[1] * (apart == 0))
            case DiscreteTimeDecay():
                G = same * psi[0] * psi[1] ** apart
            case RandomIntervention(treated):
                Z = np.column_stack([np.ones(n), treated.values])
                G = same * (Z @ np.array([[psi[0], psi[1]], [psi[1], psi[2]]]) @ Z.T)
        sigma2 = psi[len(model.structure.names) :]
        groups = np.zeros(n, dtype=int) if model.residual is None else model.residual.codes
        w = np.ones(n) if model.rows.weights is None else model.rows.weights
        return G + np.diag(sigma2[groups] / w)

    def fixed(self, psi: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Estimates, their covariance and V^-1."""
        X, y = design_matrix(self.model), self.model.rows.y
        Vi = np.linalg.inv(self.total(psi))
        phi = np.linalg.inv(X.T @ Vi @ X)
        return phi @ X.T @ Vi @ y, phi, Vi

    def deviance(self, psi: np.ndarray) -> float:
        X, y = design_matrix(self.model), self.model.rows.y
        beta, phi, Vi = self.fixed(psi)
        e = y - X @ beta
        n, p = X.shape
        logs = -np.linalg.slogdet(Vi)[1] - (np.linalg.slogdet(phi)[1] if self.reml else 0.0)
        return float(logs + e @ Vi @ e + (n - p if self.reml else n) * math.log(2.0 * math.pi))

    def slopes(self, psi: np.ndarray) -> list[np.ndarray]:
        """dV / dpsi by central differences: exact up to rounding where V is at most quadratic."""
        return [(self.total(psi + h) - self.total(psi - h)) / (2.0 * h.sum()) for h in steps(psi)]

    def bends(self, psi: np.ndarray) -> list[list[np.ndarray]]:
        """The second derivatives of V by central differences."""
        found = []
        for h in steps(psi, 1e-4):
            up, down = self.slopes(psi + h), self.slopes(psi - h)
            found.append([(a - b) / (2.0 * h.sum()) for a, b in zip(up, down, strict=True)])
        return found

    def kenward_roger(self, psi: np.ndarray, *, bent: bool = True) -> tuple[np.ndarray, np.ndarray]:
        """The adjusted covariance and W, the inverse expected information (Kenward, Roger 1997, p. 985)."""
        X, G = design_matrix(self.model), self.slopes(psi)
        _, phi, Si = self.fixed(psi)
        bends = self.bends(psi)
        R = range(len(psi))
        P = [-X.T @ Si @ g @ Si @ X for g in G]
        Q = [[X.T @ Si @ g @ Si @ h @ Si @ X for h in G] for g in G]
        information = 0.5 * np.array(
            [
                [
                    np.trace(Si @ G[r] @ Si @ G[s]) - np.trace(2 * phi @ Q[r][s] - phi @ P[r] @ phi @ P[s])
                    for s in R
                ]
                for r in R
            ]
        )
        W = np.linalg.inv(information)
        U = sum(W[r, s] * (Q[r][s] - P[r] @ phi @ P[s]) for r in R for s in R)
        if bent:
            U = U - sum(W[r, s] * X.T @ Si @ bends[r][s] @ Si @ X / 4.0 for r in R for s in R)
        return phi + 2 * phi @ U @ phi, W

    def kenward_roger_df(self, psi: np.ndarray, gradient: np.ndarray) -> float:
        """The df of one contrast: 2 (g'Phi g)^2 / sum W_rs g'Phi P_r Phi g g'Phi P_s Phi g."""
        X, (_, phi, Si) = design_matrix(self.model), self.fixed(psi)
        _, W = self.kenward_roger(psi, bent=False)
        v = phi @ gradient
        slopes = np.array([v @ X.T @ Si @ g @ Si @ X @ v for g in self.slopes(psi)])
        return float(2.0 * (gradient @ v) ** 2 / (slopes @ W @ slopes))

    def satterthwaite_df(self, psi: np.ndarray, gradient: np.ndarray) -> float:
        """The delta method with a numerical Hessian of the deviance and numerical slopes of the variance."""
        spread = 2.0 * np.linalg.inv(numerical_hessian(self.deviance, psi))

        def variance(at: np.ndarray) -> float:
            return float(gradient @ self.fixed(at)[1] @ gradient)

        slope = np.array([(variance(psi + h) - variance(psi - h)) / (2.0 * h.sum()) for h in steps(psi)])
        return float(2.0 * variance(psi) ** 2 / (slope @ spread @ slope))


def steps(psi: np.ndarray, size: float = 1e-5) -> list[np.ndarray]:
    return [row * size * max(abs(at), 0.1) for row, at in zip(np.eye(len(psi)), psi, strict=True)]


def numerical_hessian(function: object, at: np.ndarray) -> np.ndarray:
    """Second differences with one extrapolation: errors of fourth order in the step."""

    def plain(size: float) -> np.ndarray:
        hs = steps(at, size)
        return np.array(
            [
                [
                    (
                        function(at + a + b)
                        - function(at + a - b)
                        - function(at - a + b)
                        + function(at - a - b)
                    )
                    / (4.0 * a.sum() * b.sum())
                    for b in hs
                ]
                for a in hs
            ]
        )

    return (4.0 * plain(2e-3) - plain(4e-3)) / 3.0

"""Random small mixed models, and the same algebra written out with n by n matrices."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from hypothesis import strategies as st

from precept_stats.numerics.mixed.model import (
    Category,
    Fixed,
    Grouping,
    MixedModel,
    Numeric,
    Random,
    Rows,
)

SEEDS = st.integers(0, 2**32 - 1)
SHAPES = ("intercept", "slopes", "uncorrelated", "nested", "crossed", "nested_slopes", "crossed_slopes")


def generated(seed: int, shape: str, *, weighted: bool = False) -> MixedModel:
    """A model of 40 to 90 rows; every shape has an arm between and a covariate within levels."""
    rng = np.random.default_rng(seed)
    n, K = int(rng.integers(40, 90)), int(rng.integers(6, 10))
    a = np.concatenate([np.arange(K), rng.integers(0, K, n - K)]).astype(np.intp)
    period = rng.integers(0, 3, n).astype(np.intp)
    period[:3] = (0, 1, 2)
    b = np.concatenate([np.arange(5), rng.integers(0, 5, n - 5)]).astype(np.intp)
    cell = np.unique(a * 3 + period, return_inverse=True)[1].astype(np.intp)
    x = Numeric("x", rng.normal(size=n) + 3.0)
    y = 5.0 + rng.normal(0, 0.7, K)[a] + rng.normal(0, 0.4, K)[a] * x.values + rng.normal(size=n)
    y += rng.normal(0, 0.5, cell.max() + 1)[cell] + rng.normal(0, 0.5, 5)[b] + 0.3 * (a % 2)
    A, B = Grouping("a", a, K), Grouping("b", b, 5)
    C = Grouping("cell", cell, int(cell.max()) + 1)
    random = {
        "intercept": (Random(A),),
        "slopes": (Random(A, (x,)),),
        "uncorrelated": (Random(A), Random(A, (x,), intercept=False)),
        "nested": (Random(A), Random(C)),
        "crossed": (Random(A), Random(B)),
        "nested_slopes": (Random(A, (x,)), Random(C)),
        "crossed_slopes": (Random(A, (x,)), Random(B, (x,))),
    }[shape]
    weights = rng.uniform(0.3, 3.0, n) if weighted else None
    fixed = Fixed((Numeric("arm", (a % 2).astype(float)), x, Category(("p0", "p1", "p2"), period)))
    return MixedModel(Rows(y, weights=weights), fixed, random)


def reordered(model: MixedModel, order: np.ndarray) -> MixedModel:
    """The same rows in another order (or some of them, or some twice)."""
    rows = model.rows
    slopes: dict[int, Numeric] = {}
    groups: dict[int, Grouping] = {}

    def moved(column: Numeric) -> Numeric:
        return slopes.setdefault(id(column), Numeric(column.name, column.values[order]))

    def regrouped(group: Grouping) -> Grouping:
        return groups.setdefault(id(group), replace(group, codes=group.codes[order]))

    return MixedModel(
        replace(rows, y=rows.y[order], weights=None if rows.weights is None else rows.weights[order]),
        replace(
            model.fixed,
            terms=tuple(
                moved(t) if isinstance(t, Numeric) else replace(t, codes=t.codes[order])
                for t in model.fixed.terms
            ),
        ),
        tuple(
            replace(t, grouping=regrouped(t.grouping), slopes=tuple(moved(s) for s in t.slopes))
            for t in model.random
        ),
    )


def design_matrix(model: MixedModel) -> np.ndarray:
    columns = [np.ones(len(model.rows.y))] if model.fixed.intercept else []
    for term in model.fixed.terms:
        if isinstance(term, Numeric):
            columns.append(term.values)
        else:
            columns += [(term.codes == k).astype(float) for k in range(1, len(term.levels))]
    return np.column_stack(columns)


def directions(model: MixedModel) -> list[np.ndarray]:
    """dV / dgamma (n, n) of every variance parameter."""
    found = []
    for term in model.random:
        Z = [np.ones(len(model.rows.y))] if term.intercept else []
        Z += [slope.values for slope in term.slopes]
        same = (term.grouping.codes[:, None] == term.grouping.codes).astype(float)
        for b in range(len(Z)):
            for a in range(b, len(Z)):
                cross = same * np.outer(Z[a], Z[b])
                found.append(cross if a == b else cross + cross.T)
    return found


@dataclass(frozen=True)
class Dense:
    """A model at given relative covariances gamma, all of it n by n."""

    model: MixedModel
    gamma: np.ndarray
    reml: bool = True

    @property
    def residual(self) -> np.ndarray:
        w = self.model.rows.weights
        return np.diag(np.ones(len(self.model.rows.y)) if w is None else 1.0 / w)

    @property
    def total(self) -> np.ndarray:
        return self.residual + sum(g * G for g, G in zip(self.gamma, directions(self.model), strict=True))

    def deviance(self) -> float:
        X, y, V = design_matrix(self.model), self.model.rows.y, self.total
        Vi = np.linalg.inv(V)
        XVX = X.T @ Vi @ X
        e = y - X @ np.linalg.solve(XVX, X.T @ Vi @ y)
        n, p = X.shape
        df = n - p if self.reml else n
        logs = np.linalg.slogdet(V)[1] + (np.linalg.slogdet(XVX)[1] if self.reml else 0.0)
        return float(logs + df * (1.0 + math.log(2.0 * math.pi * (e @ Vi @ e) / df)))

    def kenward_roger(self, sigma2: float) -> tuple[np.ndarray, np.ndarray]:
        """The adjusted covariance and twice the expected information, as Kenward and Roger write them."""
        X, G = design_matrix(self.model), [*directions(self.model), self.residual]
        Si = np.linalg.inv(sigma2 * self.total)
        phi = np.linalg.inv(X.T @ Si @ X)
        P = [-X.T @ Si @ g @ Si @ X for g in G]
        Q = [[X.T @ Si @ g @ Si @ h @ Si @ X for h in G] for g in G]
        R = range(len(G))
        information = np.array(
            [
                [
                    np.trace(Si @ G[r] @ Si @ G[s])
                    - 2 * np.trace(phi @ Q[r][s])
                    + np.trace(phi @ P[r] @ phi @ P[s])
                    for s in R
                ]
                for r in R
            ]
        )
        W = 2 * np.linalg.inv(information)
        U = sum(W[r, s] * (Q[r][s] - P[r] @ phi @ P[s]) for r in R for s in R)
        return phi + 2 * phi @ U @ phi, information

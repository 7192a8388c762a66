"""Covariance structures of the random effects of a cluster's cells, with first and second derivatives.

Every structure is U core U' + nugget I: U (T, q) is fixed by the cells (the basis), core (q, q) and
nugget depend on the parameters psi alone. psi are the parameters that are reported; theta, on which the
search runs, are free of constraints: standard deviations in units of the data, Cholesky factors, angles.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from precept_stats.errors import FitError
from precept_stats.numerics.mixed.model import Matrix, Numeric, Vector

Array = NDArray[np.float64]
Bools = NDArray[np.bool_]

AT_ZERO = 1e-8
"""A decay, or a variance in units of the data, that a search has taken below this is 0."""


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What a structure may look at: which cells have rows (K, T), their rows (K, T), and its own columns.

    ``columns`` (K, T, k) are the values in the cells of the structure's ``columns``.
    """

    present: Bools
    rows: Array
    columns: Array


@dataclass(frozen=True, slots=True, eq=False)
class Core:
    """core (q, q) and nugget at one psi, with derivatives: ``first`` (r, q, q), ``second`` (r, r, q, q).

    ``first_nugget`` (r,) are those of the nugget, which is linear; ``second`` is None where core is too.
    """

    core: Matrix
    nugget: float
    first: Array
    first_nugget: Vector
    second: Array | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Natural:
    """psi (r,) at a theta, d psi / d theta (r, r), and its second derivatives (r, r, r), psi first."""

    psi: Vector
    jacobian: Matrix
    second: Array


class Structure(Protocol):
    """A covariance structure. ``names`` are those of psi; ``columns`` must be constant within cells.

    ``scaled`` marks psi in squared units of the outcome (variances); ``folded`` marks theta that are
    points of symmetry at 0, the boundary.
    """

    @property
    def names(self) -> tuple[str, ...]: ...
    @property
    def columns(self) -> tuple[Numeric, ...]: ...
    @property
    def scaled(self) -> Bools: ...
    @property
    def folded(self) -> Bools: ...
    @property
    def starts(self) -> tuple[tuple[Vector, ...], ...]:
        """Where searches may begin, in theta: one from the best of each group, the groups far apart."""
        ...

    @property
    def inside(self) -> Vector:
        """A theta away from every boundary."""
        ...

    @property
    def effects(self) -> tuple[str, ...]:
        """The names of what is predicted for a cluster."""
        ...

    def settled(self, theta: Vector) -> Vector:
        """The theta of a maximum, put exactly to a boundary that the search cannot see."""
        ...

    def refuse(self, seen: Seen) -> None:
        """FitError where the cells cannot tell the parameters apart."""
        ...

    def basis(self, seen: Seen) -> Array | None:
        """U (K, T, q), with zeros for absent cells; None where it is the identity."""
        ...

    def natural(self, theta: Vector) -> Natural: ...
    def at(self, psi: Vector, periods: int) -> Core: ...
    def at_bound(self, psi: Vector) -> tuple[bool, ...]: ...
    def cluster_effects(self, periods: int) -> Matrix:
        """The matrix (effects, q) that takes a cluster's coefficients to what is predicted for it."""
        ...


def _squares(theta: Vector) -> Natural:
    r = len(theta)
    second = np.zeros((r, r, r))
    second[np.arange(r), np.arange(r), np.arange(r)] = 2.0
    return Natural(theta**2, np.diag(2.0 * theta), second)


def _several_cells(seen: Seen, structure: str) -> None:
    most = int(seen.present.sum(axis=1).max())
    if most < 2:
        raise FitError(
            f"{structure} needs clusters with several cells: with one cell a cluster its parameters "
            "cannot be told apart",
            found="one cell in every cluster",
            allowed="an exchangeable structure, or clusters seen in two or more periods",
        )


@dataclass(frozen=True, slots=True)
class Exchangeable:
    """One random effect a cluster: G = tau2 J. psi: the cluster variance."""

    names = ("cluster variance",)
    columns = ()
    effects = ("(Intercept)",)

    @property
    def scaled(self) -> Bools:
        return np.array([True])

    @property
    def folded(self) -> Bools:
        return np.array([True])

    @property
    def starts(self) -> tuple[tuple[Vector, ...], ...]:
        return (tuple(np.array([size]) for size in (1.0, 0.3, 0.1)),)

    @property
    def inside(self) -> Vector:
        return np.array([0.5])

    def settled(self, theta: Vector) -> Vector:
        return theta

    def refuse(self, seen: Seen) -> None:
        """Any cells will do."""

    def basis(self, seen: Seen) -> Array | None:
        return seen.present[:, :, None].astype(np.float64)

    def natural(self, theta: Vector) -> Natural:
        return _squares(theta)

    def at(self, psi: Vector, periods: int) -> Core:
        return Core(psi[:, None], 0.0, np.ones((1, 1, 1)), np.zeros(1))

    def at_bound(self, psi: Vector) -> tuple[bool, ...]:
        return (bool(psi[0] == 0.0),)

    def cluster_effects(self, periods: int) -> Matrix:
        return np.eye(1)


@dataclass(frozen=True, slots=True)
class NestedExchangeable:
    """Random effects of cluster and of cluster and period: G = tau2 J + nu2 I. psi: both variances."""

    names = ("cluster variance", "cluster-period variance")
    columns = ()
    effects = ("(Intercept)",)

    @property
    def scaled(self) -> Bools:
        return np.array([True, True])

    @property
    def folded(self) -> Bools:
        return np.array([True, True])

    @property
    def starts(self) -> tuple[tuple[Vector, ...], ...]:
        sizes = ((1.0, 0.3), (0.3, 0.1), (0.1, 0.3), (0.1, 0.05))
        return (tuple(np.array(size) for size in sizes),)

    @property
    def inside(self) -> Vector:
        return np.array([0.5, 0.4])

    def settled(self, theta: Vector) -> Vector:
        return theta

    def refuse(self, seen: Seen) -> None:
        _several_cells(seen, "a nested exchangeable structure")

    def basis(self, seen: Seen) -> Array | None:
        return seen.present[:, :, None].astype(np.float64)

    def natural(self, theta: Vector) -> Natural:
        return _squares(theta)

    def at(self, psi: Vector, periods: int) -> Core:
        return Core(psi[:1, None], float(psi[1]), np.array([[[1.0]], [[0.0]]]), np.array([0.0, 1.0]))

    def at_bound(self, psi: Vector) -> tuple[bool, ...]:
        return bool(psi[0] == 0.0), bool(psi[1] == 0.0)

    def cluster_effects(self, periods: int) -> Matrix:
        return np.eye(1)


@dataclass(frozen=True, slots=True)
class DiscreteTimeDecay:
    """A random effect a cluster and period: G_ts = tau2 r^|t - s|. psi: tau2 and r in [0, 1].

    Periods are numbered in order of time and equally far apart; one without rows still counts. r = 1 is
    the exchangeable structure. With tau2 = 0 the decay says nothing and is put to 1. Source: Kasza et
    al. (2019, Stat Methods Med Res 28:703).
    """

    names = ("cluster-period variance", "decay")
    columns = ()
    effects = ("mean over periods",)

    @property
    def scaled(self) -> Bools:
        return np.array([True, False])

    @property
    def folded(self) -> Bools:
        return np.array([True, True])

    @property
    def starts(self) -> tuple[tuple[Vector, ...], ...]:
        return tuple(
            tuple(np.array([size, math.acos(math.sqrt(r))]) for size in (0.1, 0.4) for r in group)
            for group in ((0.3, 0.7, 0.95), (0.02,))
        )

    @property
    def inside(self) -> Vector:
        return np.array([0.5, math.acos(math.sqrt(0.7))])

    def settled(self, theta: Vector) -> Vector:
        """A decay without a variance is put to 1, one below rounding to 0."""
        r = math.cos(theta[1]) ** 2
        angle = 0.0 if theta[0] == 0.0 else math.pi / 2.0 if r < AT_ZERO else theta[1]
        return np.array([theta[0], angle])

    def refuse(self, seen: Seen) -> None:
        _several_cells(seen, "a discrete-time decay")

    def basis(self, seen: Seen) -> Array | None:
        return None

    def natural(self, theta: Vector) -> Natural:
        """tau2 = theta1^2 and r = cos^2 theta2: both bounds of r are points of symmetry."""
        found = _squares(theta)
        r = math.cos(theta[1]) ** 2
        found.psi[1] = 0.0 if r < 1e-30 else r
        found.jacobian[1, 1] = 0.0 if r < 1e-30 else -math.sin(2.0 * theta[1])
        found.second[1, 1, 1] = -2.0 * math.cos(2.0 * theta[1])
        return found

    def at(self, psi: Vector, periods: int) -> Core:
        tau2, r = psi
        apart = np.abs(np.subtract.outer(np.arange(periods), np.arange(periods))).astype(np.float64)
        power = r**apart
        slope = np.where(apart > 0, apart * r ** np.maximum(apart - 1.0, 0.0), 0.0)
        bend = np.where(apart > 1, apart * (apart - 1.0) * r ** np.maximum(apart - 2.0, 0.0), 0.0)
        first = np.stack([power, tau2 * slope])
        second = np.stack([np.stack([np.zeros_like(power), slope]), np.stack([slope, tau2 * bend])])
        return Core(tau2 * power, 0.0, first, np.zeros(2), second)

    def at_bound(self, psi: Vector) -> tuple[bool, ...]:
        return bool(psi[0] == 0.0), bool(psi[1] in (0.0, 1.0))

    def cluster_effects(self, periods: int) -> Matrix:
        return np.full((1, periods), 1.0 / periods)


@dataclass(frozen=True, slots=True, eq=False)
class RandomIntervention:
    """An intercept a cluster and an effect of ``treated`` (0/1, by row, constant in a cell), correlated.

    psi: the intercept variance, the covariance and the variance of the effect, G = U [[a, c], [c, b]] U'.
    """

    treated: Numeric
    names = ("intercept variance", "covariance", "intervention variance")

    @property
    def columns(self) -> tuple[Numeric, ...]:
        return (self.treated,)

    @property
    def effects(self) -> tuple[str, ...]:
        return "(Intercept)", self.treated.name

    @property
    def scaled(self) -> Bools:
        return np.array([True, True, True])

    @property
    def folded(self) -> Bools:
        return np.array([True, False, True])

    @property
    def starts(self) -> tuple[tuple[Vector, ...], ...]:
        sizes = ((0.3, 0.1, 0.3), (0.3, 0.05, 0.1), (1.0, 0.1, 0.3), (0.1, 0.05, 0.1))
        return tuple(
            tuple(np.array(size) * np.array([1.0, sign, 1.0]) for size in sizes) for sign in (1.0, -1.0)
        )

    @property
    def inside(self) -> Vector:
        return np.array([0.5, 0.1, 0.4])

    def settled(self, theta: Vector) -> Vector:
        """Without an intercept variance L is a diagonal; an effect that does not vary has no row in it."""
        a, b, d = theta
        if a == 0.0:
            b, d = 0.0, math.hypot(b, d)
        return np.array([a, 0.0, 0.0]) if b * b + d * d < AT_ZERO else np.array([a, b, d])

    def refuse(self, seen: Seen) -> None:
        values = np.where(seen.present, seen.columns[:, :, 0], np.nan)
        varies = np.nanmax(values, axis=1) > np.nanmin(values, axis=1)
        if np.count_nonzero(varies) < 2:
            raise FitError(
                "random effects of the intervention need clusters seen with it and without it",
                found=f"{np.count_nonzero(varies)} of {len(varies)} clusters in which "
                f"{self.treated.name} varies",
                allowed="two or more such clusters; an exchangeable structure needs none",
            )

    def basis(self, seen: Seen) -> Array | None:
        constant = seen.present.astype(np.float64)
        return np.stack([constant, constant * seen.columns[:, :, 0]], axis=-1)

    def natural(self, theta: Vector) -> Natural:
        """The entries of L L', theta being those of the lower triangle L by columns."""
        a, b, d = theta
        jacobian = np.array([[2.0 * a, 0.0, 0.0], [b, a, 0.0], [0.0, 2.0 * b, 2.0 * d]])
        second = np.zeros((3, 3, 3))
        second[0, 0, 0] = second[2, 1, 1] = second[2, 2, 2] = 2.0
        second[1, 0, 1] = second[1, 1, 0] = 1.0
        return Natural(np.array([a * a, a * b, b * b + d * d]), jacobian, second)

    def at(self, psi: Vector, periods: int) -> Core:
        first = np.array([[[1.0, 0.0], [0.0, 0.0]], [[0.0, 1.0], [1.0, 0.0]], [[0.0, 0.0], [0.0, 1.0]]])
        return Core(np.array([[psi[0], psi[1]], [psi[1], psi[2]]]), 0.0, first, np.zeros(3))

    def at_bound(self, psi: Vector) -> tuple[bool, ...]:
        """Variances of zero; a covariance at its bound (correlation 1 or -1)."""
        none, no_effect = bool(psi[0] == 0.0), bool(psi[2] == 0.0)
        left = psi[0] * psi[2] - psi[1] ** 2
        return none, bool(left <= 1e-12 * psi[0] * psi[2]), no_effect

    def cluster_effects(self, periods: int) -> Matrix:
        return np.eye(2)

"""Counts in cells within clusters: their log-likelihood with the random effects integrated out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, expit, logit

from precept_stats.numerics.glmm.layout import row_keys
from precept_stats.numerics.glmm.quadrature import gauss_hermite
from precept_stats.numerics.posterior.surface import Range, Surface, surface_over
from precept_stats.numerics.posterior.tables import FEWEST_NODES, grid_over

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Ints = NDArray[np.intp]
KernelRows = tuple[Vector, Vector, Vector, Ints, Ints]
Given = tuple[float, tuple[Vector, Vector], NDArray[np.float64], tuple[float, float]]
Sparse = tuple[Vector, Ints, Ints, Vector]

CellLaw = Literal[
    "binomial", "poisson", "beta_binomial", "negative_binomial", "binomial_normal", "poisson_normal"
]

NUMBERS: dict[CellLaw, int] = {
    "binomial": 0,
    "poisson": 1,
    "beta_binomial": 2,
    "negative_binomial": 3,
    "binomial_normal": 4,
    "poisson_normal": 5,
}
PLAIN = ("binomial", "poisson")
LEAST_SQUARE = 1e-7
"""A correlation (or extra dispersion) of cells below which it is taken as this."""

NODES = 9
NODES_OF_CELLS = 7
MOST_NODES = 25
ENOUGH = 0.003
"""How much errors of a log-likelihood may vary over a posterior."""

NO_TABLE = np.empty((0, 0, 8))

PLACES: Vector = np.linspace(-6.0, 6.0, 61)
"""Distances from the mode, in widths, over which an effect is drawn."""


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """Totals y (n,) with denominators size (n,), X (n, p), ``offset`` (n,), rows sorted by cluster.

    ``starts`` (K + 1,) are where clusters begin; a row is one cell of its law. The coordinates are beta
    (p,), the SD of clusters where ``clustered``, and the law's further parameter: the SD of cells, the root
    of the odds of the correlation in a cell, or the root of the extra dispersion. Both may have either sign:
    the likelihood is even in them, and smooth at 0. ``tabulated`` allows laws to be looked up, in ``surface``
    where there is one that reaches far enough.
    """

    law: CellLaw
    X: Matrix
    y: Vector
    size: Vector
    offset: Vector
    starts: Ints
    clustered: bool = True
    nodes: int = NODES
    nodes_of_cells: int = NODES_OF_CELLS
    tabulated: bool = True
    surface: Surface | None = None

    @property
    def scales(self) -> int:
        """How many coordinates come after beta."""
        return int(self.clustered) + (self.law not in PLAIN)

    def sparing(self, places: Matrix) -> Counts:
        """The same with the fewest nodes that will do, judged at coordinates (m, p + scales).

        Errors of the log-likelihood vary over these by less than 0.003, and elsewhere by less than some 0.01,
        so that a posterior mean is off by less than a hundredth of its standard deviation.
        """
        of_clusters, of_cells = self.clustered, self.law.endswith("_normal")
        found = replace(self, surface=None, nodes=MOST_NODES if of_clusters else self.nodes)
        found = replace(found, nodes_of_cells=MOST_NODES) if of_cells else found
        exact = found._values(places)
        if of_clusters:
            found = found._fewest(exact, places, "nodes")
        found = found._fewest(exact, places, "nodes_of_cells") if of_cells else found
        return replace(found, surface=found.evaluator().surface(places))

    def _fewest(self, exact: Vector, places: Matrix, field: Literal["nodes", "nodes_of_cells"]) -> Counts:
        """With the fewest of one kind of nodes."""
        for count in range(3, MOST_NODES, 2):
            found = replace(self, nodes=count) if field == "nodes" else replace(self, nodes_of_cells=count)
            if np.std(found._values(places) - exact) < ENOUGH:
                return found
        return self

    def _values(self, places: Matrix) -> Vector:
        evaluate = self.evaluator()
        return np.array([evaluate(place)[0] for place in places])

    def finer(self) -> Counts:
        """The same with so many nodes that the integrals may be called exact."""
        return replace(
            self,
            nodes=4 * self.nodes + 1,
            nodes_of_cells=4 * self.nodes_of_cells + 1,
            tabulated=False,
            surface=None,
        )

    def evaluator(self) -> CountsEvaluator:
        """Something that evaluates it, with modes of its own to start from."""
        return CountsEvaluator.on(self)


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """The distinct pairs of y and size, and which each row has (n,)."""

    y: Vector
    size: Vector
    of_row: Ints

    @classmethod
    def of(cls, data: Counts) -> Pairs:
        found, codes = np.unique(np.column_stack([data.y, data.size]), axis=0, return_inverse=True)
        return cls(found[:, 0].copy(), found[:, 1].copy(), codes.ravel().astype(np.intp))


@dataclass(frozen=True, slots=True, eq=False)
class CountsEvaluator:
    """The log-likelihood (without its constant) and slopes; remembers where the modes were."""

    of: Counts
    pairs: Pairs
    modes: Vector
    grids: tuple[tuple[Vector, Vector], tuple[Vector, Vector]]
    X: Sparse

    @classmethod
    def on(cls, data: Counts) -> CountsEvaluator:
        between = gauss_hermite(data.nodes if data.clustered else 1)
        within = gauss_hermite(data.nodes_of_cells)
        grids = (between.at, between.log_weight), (within.at, within.log_weight)
        return cls(data, Pairs.of(data), np.zeros(len(data.starts) - 1), grids, sparse(data.X))

    def __call__(self, coordinates: Vector) -> tuple[float, Vector]:
        """The value and its slopes (p + scales,) at coordinates (p + scales,)."""
        from precept_stats.numerics.posterior import kernels  # lazy: compiling needs numba

        data = self.of
        values, slopes, of_sigma, of_more = self._clusters(coordinates)
        tail = [of_sigma] * data.clustered + [of_more] * (data.law not in PLAIN)
        return float(values.sum()), np.concatenate([kernels.crossed(self.X, slopes), tail])

    def by_cluster(self, coordinates: Vector) -> Vector:
        """The log-likelihood of each cluster (K,), its effect integrated out.

        It is that of people's outcomes (of counts less sums of y log size - log y!), whatever the law, so
        that laws may be compared.
        """
        return self._clusters(coordinates)[0]

    def drawn_effects(self, coordinates: Vector, uniform: Vector) -> Vector:
        """A draw of every cluster's effect given all else (K,), from uniform numbers (K,)."""
        from precept_stats.numerics.posterior import kernels  # lazy: compiling needs numba

        law, rows, sigma, given = self._given(coordinates)
        if not self.of.clustered:
            return self._drawn_from_beta(rows[2], given[0], uniform)
        found: Vector = kernels.drawn_effects(law, rows, sigma, (uniform, self.modes, PLACES), given)
        return found

    def _drawn_from_beta(self, fixed: Vector, more: float, uniform: Vector) -> Vector:
        """Of clusters whose risks are beta, each in one row: the log odds beyond the fixed part."""
        total, y = 1.0 / max(more * more, LEAST_SQUARE), self.of.y
        a, b = total * expit(fixed), total * expit(-fixed)
        risk = np.clip(betaincinv(y + a, self.of.size - y + b, uniform), 1e-300, 1.0 - 1e-16)
        found: Vector = logit(risk) - fixed
        return found

    def _clusters(self, coordinates: Vector) -> tuple[Vector, Vector, float, float]:
        from precept_stats.numerics.posterior import kernels  # lazy: compiling needs numba

        law, rows, sigma, given = self._given(coordinates)
        found: tuple[Vector, Vector, float, float] = kernels.clusters(
            law, rows, sigma, (*self.grids[0], self.modes), given
        )
        return found

    def _given(self, coordinates: Vector) -> tuple[int, KernelRows, float, Given]:
        """What the kernels take: the law, the rows, the SD of clusters, and the law's own with its table."""
        data = self.of
        fixed, sigma, more = self._placed(coordinates)
        self.modes[~np.isfinite(self.modes)] = 0.0
        table, where = self._table(*_reach(fixed, sigma), more)
        rows = data.y, data.size, fixed, data.starts, self.pairs.of_row
        return NUMBERS[data.law], rows, sigma, (more, self.grids[1], table, where)

    def _placed(self, coordinates: Vector) -> tuple[Vector, float, float]:
        """The fixed part of eta (n,), the SD of clusters, and the further parameter."""
        from precept_stats.numerics.posterior import kernels  # lazy: compiling needs numba

        data, p = self.of, self.of.X.shape[1]
        sigma = float(coordinates[p]) if data.clustered else 0.0
        more = 0.0 if data.law in PLAIN else float(coordinates[p + data.clustered])
        return data.offset + kernels.times(self.X, coordinates[:p]), sigma, more

    def _table(self, low: float, high: float, more: float) -> tuple[NDArray[np.float64], tuple[float, float]]:
        """Laws over a range of eta at one further parameter, and the first eta with intervals to a unit."""
        from precept_stats.numerics.posterior import kernels  # lazy: compiling needs numba

        surface = self.of.surface
        if surface is not None and surface.over.holds(low, high, more):
            grid, four = surface.grid, surface.at(more)
        elif self.tabulates and (made := grid_over(low, high)) is not None:
            grid, four = made, made.spread(*self._laws(made.nodes, more, self.grids[1]))
        else:
            return NO_TABLE, (0.0, 1.0)
        return kernels.cubics(four, grid.step), (grid.low, 1.0 / grid.step)

    def _laws(self, places: Vector, more: float, within: tuple[Vector, Vector]) -> tuple[Matrix, Matrix]:
        """Of each pair of counts at places in eta: values, and slopes in the further parameter."""
        from precept_stats.numerics.posterior import kernels  # lazy: compiling needs numba

        given = (self.pairs.y, self.pairs.size), places, more, within
        found: tuple[Matrix, Matrix] = kernels.fill(NUMBERS[self.of.law], *given)
        return found

    def surface(self, places: Matrix) -> Surface | None:
        """A table that reaches somewhat beyond coordinates (m, p + scales), if tables are worth it."""
        if not self.tabulates:
            return None
        met = [self._placed(place) for place in places]
        reach = np.array([_reach(fixed, sigma) for fixed, sigma, _ in met])
        most = max(abs(more) for _, _, more in met)
        over = Range.about(float(reach[:, 0].min()), float(reach[:, 1].max()), most)
        within = gauss_hermite(MOST_NODES)
        nodes = within.at, within.log_weight
        return surface_over(lambda eta, more: self._laws(eta, more, nodes), over)

    @property
    def tabulates(self) -> bool:
        """Whether laws are looked up: where a table costs less than half of what it saves."""
        visits = len(self.of.y) * (len(self.grids[0][0]) + 2)
        return self.of.tabulated and 2 * FEWEST_NODES * len(self.pairs.y) < visits


def _reach(fixed: Vector, sigma: float) -> tuple[float, float]:
    """The range of eta that all but unusual effects of clusters lead to."""
    far = 3.0 * abs(sigma)
    return float(fixed.min()) - far, float(fixed.max()) + far


def sparse(X: Matrix) -> Sparse:
    """Values, columns, and where rows begin, of what differs from a column's commonest value, and those."""
    base = np.empty(X.shape[1])
    for place, column in enumerate(X.T):
        found, count = np.unique(column, return_counts=True)
        base[place] = found[np.argmax(count)] if count.max() > 1 else 0.0
    rows, columns = np.nonzero(base != X)
    begin = np.searchsorted(rows, np.arange(len(X) + 1))
    return (X - base)[rows, columns], columns.astype(np.intp), begin.astype(np.intp), base


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Rows in any order: X (N, p), y, size, offset (N,), and codes (N,) of clusters and of cells."""

    X: Matrix
    y: Vector
    size: Vector
    offset: Vector
    cluster: Ints
    cell: Ints


def collapsed(rows: Rows, law: CellLaw, *, clustered: bool = True) -> Counts:
    """The rows of each cell that agree in X and offset added up, in order of cluster.

    Rows of negative binomial counts are not added up: each has a law of its own. In the other laws with
    a further parameter a row is a cell, so that callers must see to it that a cell's rows agree.
    """
    columns = np.column_stack([rows.cluster, rows.cell, rows.X, rows.offset]).astype(np.float64)
    keys = row_keys(columns, np.arange(columns.shape[1]))
    order = np.lexsort((keys, rows.cell, rows.cluster))
    fresh = np.ones(len(order), dtype=np.bool_)
    if law != "negative_binomial":
        fresh[1:] = np.any(columns[order[1:]] != columns[order[:-1]], axis=1)
    at = np.flatnonzero(fresh)
    lead = order[at]
    _, codes = np.unique(rows.cluster[lead], return_inverse=True)
    return Counts(
        law=law,
        X=np.ascontiguousarray(rows.X[lead]),
        y=np.add.reduceat(rows.y[order], at),
        size=np.add.reduceat(rows.size[order], at),
        offset=rows.offset[lead],
        starts=np.searchsorted(codes, np.arange(int(codes.max()) + 2)).astype(np.intp),
        clustered=clustered,
    )

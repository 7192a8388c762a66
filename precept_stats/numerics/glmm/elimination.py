"""The equations of the random effects, H = I + A'WA: the largest factor eliminated, the rest by blocks.

Levels of one factor never meet in a row, so the part of H that belongs to the eliminated factor is made
of small blocks, one a level. What is left (the Schur complement) is dense within sets of levels that
meet, directly or through others: a cluster, when periods of clusters are nested in it. Of the inverse
only the entries between levels that meet in a row are found; nothing else is needed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from precept_stats.numerics.glmm.effects import Effects, Factor

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Cube = NDArray[np.float64]
Ints = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Scatter:
    """Sums of values by the place they belong to; places are numbered from 0 to ``size`` - 1."""

    places: Ints
    inverse: Ints
    size: int

    @classmethod
    def to(cls, keys: Ints, size: int) -> Scatter:
        places, inverse = np.unique(keys.ravel(), return_inverse=True)
        return cls(places, inverse.astype(np.intp), size)

    def add(self, values: NDArray[np.float64]) -> Vector:
        """The sums at all places (size,)."""
        sums = np.bincount(self.inverse, weights=values.ravel(), minlength=len(self.places))
        if len(self.places) == self.size:
            return sums
        out = np.zeros(self.size)
        out[self.places] = sums
        return out


@dataclass(frozen=True, slots=True, eq=False)
class Joins:
    """Where sums go: over rows to ``near``, over ``near`` to places, over rows and over ``near`` to entries.

    ``pairs`` (n, s, s) and ``links`` (levels, k, k) are the entries (of all blocks, written out) between a
    row's places and between a level's neighbours.
    """

    to_near: Scatter
    to_place: Scatter
    within: Scatter
    through: Scatter
    pairs: Ints
    links: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Pattern:
    """Which random effects meet. The eliminated factor has ``levels`` levels of ``width`` coefficients.

    The others stand in ``blocks`` blocks of length ``m`` (one flat place each; place blocks * m is no
    one's). ``place`` (n, s) says where a row's other effects stand, ``near`` (levels, k) which places a
    level of the eliminated factor meets, ``slot`` (n, s) where in ``near`` a row's are. ``block`` (n,)
    and ``block_of_level`` number the independent parts.
    """

    starts: Ints
    codes: Ints
    levels: int
    width: int
    blocks: int
    m: int
    place: Ints
    near: Ints
    slot: Ints
    block: Ints
    block_of_level: Ints
    places_of: tuple[Ints, ...]
    joins: Joins | None

    @property
    def flat(self) -> int:
        return self.blocks * self.m

    def by_first(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sums over the rows of each level of the eliminated factor."""
        return np.add.reduceat(values, self.starts, axis=0)


def pattern_of(effects: Effects) -> Pattern:
    """Which effects meet in the rows."""
    first = effects.factors[effects.first]
    rest = [factor for f, factor in enumerate(effects.factors) if f != effects.first]
    starts = np.flatnonzero(np.append(True, first.codes[1:] != first.codes[:-1]))
    if not rest:
        return _alone(first, starts)
    labels = _components(effects)
    blocks = int(max(label.max() for label in labels)) + 1
    m, places_of = _places([labels[f] for f in range(len(labels)) if f != effects.first], rest, blocks)
    place = np.column_stack([places[factor.codes] for places, factor in zip(places_of, rest, strict=True)])
    near, slot = _neighbours(first, place, blocks * m)
    return Pattern(
        starts, first.codes, first.levels, first.width, blocks, m, place, near, slot,
        labels[effects.first][first.codes], labels[effects.first], tuple(places_of),
        _joins(first, place, near, slot, (blocks, m)),
    )  # fmt: skip


def _alone(first: Factor, starts: Ints) -> Pattern:
    """One grouping factor: every level is independent."""
    n, levels = len(first.codes), np.arange(first.levels)
    none = np.empty((n, 0), dtype=np.intp)
    near = np.empty((first.levels, 0), dtype=np.intp)
    return Pattern(
        starts, first.codes, first.levels, first.width, first.levels, 0, none, near, none,
        first.codes, levels.astype(np.intp), (), None,
    )  # fmt: skip


def _components(effects: Effects) -> list[Ints]:
    """The independent part of each level, by factor."""
    begin = np.concatenate([[0], np.cumsum([factor.levels for factor in effects.factors])])
    anchor = effects.factors[0].codes
    rows = np.concatenate([anchor for _ in effects.factors[1:]])
    columns = np.concatenate([f.codes + begin[i + 1] for i, f in enumerate(effects.factors[1:])])
    graph = sparse.csr_array((np.ones(len(rows)), (rows, columns)), shape=(begin[-1], begin[-1]))
    _, label = sparse.csgraph.connected_components(graph, directed=False)
    return [label[begin[f] : begin[f + 1]].astype(np.intp) for f in range(len(effects.factors))]


def _places(labels: list[Ints], rest: list[Factor], blocks: int) -> tuple[int, list[Ints]]:
    """The length of a block, and the flat places (levels, q) of each factor that is not eliminated."""
    used = np.zeros(blocks, dtype=np.intp)
    local = []
    for label, factor in zip(labels, rest, strict=True):
        order = np.argsort(label, kind="stable")
        ranked = label[order]
        rank = np.empty(len(label), dtype=np.intp)
        rank[order] = np.arange(len(label)) - np.searchsorted(ranked, ranked)
        local.append((used[label] + rank * factor.width)[:, None] + np.arange(factor.width))
        used += np.bincount(label, minlength=blocks) * factor.width
    m = int(used.max())
    found = [label[:, None] * m + inside for label, inside in zip(labels, local, strict=True)]
    return m, [places.astype(np.intp) for places in found]


def _neighbours(first: Factor, place: Ints, flat: int) -> tuple[Ints, Ints]:
    """The places that each level meets, padded with no one's place, and where each row's are among them."""
    keys, inverse = np.unique(first.codes[:, None] * flat + place, return_inverse=True)
    level = keys // flat
    begin = np.searchsorted(level, np.arange(first.levels))
    inside = np.arange(len(keys)) - begin[level]
    near = np.full((first.levels, int(inside.max()) + 1), flat, dtype=np.intp)
    near[level, inside] = keys % flat
    return near, inside[inverse.reshape(place.shape)].astype(np.intp)


def _joins(first: Factor, place: Ints, near: Ints, slot: Ints, shape: tuple[int, int]) -> Joins:
    blocks, m = shape
    flat, k = blocks * m, near.shape[1]

    def entry(one: Ints, other: Ints) -> Ints:
        """Past the end for no one's place."""
        nowhere = (one >= flat) | (other >= flat)
        return np.where(nowhere, flat * m, one * m + other % m).astype(np.intp)

    pairs = entry(place[:, :, None], place[:, None, :])
    links = entry(near[:, :, None], near[:, None, :])
    return Joins(
        to_near=Scatter.to(first.codes[:, None] * k + slot, first.levels * k),
        to_place=Scatter.to(near, flat + 1),
        within=Scatter.to(pairs, flat * m + 1),
        through=Scatter.to(links, flat * m + 1),
        pairs=pairs,
        links=links,
    )


@dataclass(frozen=True, slots=True, eq=False)
class Loadings:
    """A = Z L by row: of the eliminated factor (n, width) and of the others side by side (n, s)."""

    first: Matrix
    rest: Matrix


@dataclass(frozen=True, slots=True, eq=False)
class Solved:
    """H factorised: ``inner`` (levels, q, q) inverts the eliminated blocks, ``E`` is inner times coupling.

    ``outer`` (blocks, m, m) inverts the Schur complement.
    """

    pattern: Pattern
    inner: Cube
    E: Cube
    outer: Cube
    log_determinant: float

    def solve(self, first: NDArray[np.float64], rest: NDArray[np.float64]) -> tuple[Cube, Matrix]:
        """H^-1 times (first (levels, q, c), rest (flat, c))."""
        at = self.pattern
        if at.joins is None:
            return np.matmul(self.inner, first), rest
        c = first.shape[-1]
        pulled = np.matmul(self.E.transpose(0, 2, 1), first)
        taken = np.column_stack([at.joins.to_place.add(pulled[:, :, j])[: at.flat] for j in range(c)])
        outer = np.matmul(self.outer, (rest - taken).reshape(at.blocks, at.m, c)).reshape(at.flat, c)
        spread = np.vstack([outer, np.zeros((1, c))])[at.near]
        return np.matmul(self.inner, first) - np.matmul(self.E, spread), outer

    def entries(self) -> tuple[Cube, Cube]:
        """Of H^-1: the eliminated factor's own blocks (levels, q, q), and between it and those near."""
        at = self.pattern
        if at.joins is None:
            return self.inner, self.E
        gathered = np.append(self.outer.ravel(), 0.0)[at.joins.links]
        between = -np.matmul(self.E, gathered)
        return self.inner - np.matmul(between, self.E.transpose(0, 2, 1)), between

    def of_pairs(self) -> Cube:
        """The entries of H^-1 between the places of a row (n, s, s)."""
        if self.pattern.joins is None:
            return np.empty((len(self.pattern.codes), 0, 0))
        found: Cube = self.outer.ravel()[self.pattern.joins.pairs]
        return found

    def own(self, factor: int) -> Cube:
        """The diagonal blocks (levels, q, q) of a factor that is not eliminated, numbered from 0."""
        places, m = self.pattern.places_of[factor], self.pattern.m
        found: Cube = self.outer.ravel()[places[:, :, None] * m + places[:, None, :] % m]
        return found


def solve_at(pattern: Pattern, A: Loadings, W: Vector) -> Solved:
    """Factorise H for weights W (n,)."""
    q, joins = pattern.width, pattern.joins
    D = np.empty((pattern.levels, q, q))
    weighted = W[:, None] * A.first
    for a in range(q):
        for b in range(a + 1):
            D[:, a, b] = D[:, b, a] = pattern.by_first(weighted[:, a] * A.first[:, b])
        D[:, a, a] += 1.0
    inner, logs = _inverted(D)
    if joins is None:
        return Solved(pattern, inner, np.empty((pattern.levels, q, 0)), np.empty((0, 0, 0)), logs)
    k = pattern.near.shape[1]
    B = np.empty((pattern.levels, q, k))
    for a in range(q):
        B[:, a] = joins.to_near.add(weighted[:, a, None] * A.rest).reshape(-1, k)
    E = np.matmul(inner, B)
    products = W[:, None, None] * A.rest[:, :, None] * A.rest[:, None, :]
    schur = joins.within.add(products) - joins.through.add(np.matmul(B.transpose(0, 2, 1), E))
    N = schur[:-1].reshape(pattern.blocks, pattern.m, pattern.m) + np.eye(pattern.m)
    outer, more = _inverted(N)
    return Solved(pattern, inner, E, outer, logs + more)


def _inverted(blocks: Cube) -> tuple[Cube, float]:
    """Inverses of symmetric positive definite blocks and the sum of their log determinants."""
    if blocks.shape[-1] == 1:
        return 1.0 / blocks, float(np.log(blocks).sum())
    if blocks.shape[-1] == 2:
        a, b, c = blocks[:, 0, 0], blocks[:, 0, 1], blocks[:, 1, 1]
        determinant = a * c - b * b
        out = np.empty_like(blocks)
        out[:, 0, 0], out[:, 1, 1] = c / determinant, a / determinant
        out[:, 0, 1] = out[:, 1, 0] = -b / determinant
        return out, float(np.log(determinant).sum())
    inverse = np.linalg.inv(blocks)
    _, logs = np.linalg.slogdet(blocks)
    return (inverse + inverse.transpose(0, 2, 1)) / 2.0, float(logs.sum())

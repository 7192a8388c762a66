"""Levels of the grouping factors in independent blocks, and the linear algebra over all blocks at once.

Levels that never meet in a row, directly or through others, are in different blocks. With one
grouping factor every level is a block. Arrays are (B, m, ...): B blocks, padded to the longest, m.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse

from precept_stats.numerics.mixed.covariance import Entry, Structure
from precept_stats.numerics.mixed.model import Ints, Matrix, Vector
from precept_stats.numerics.mixed.statistics import Statistics

Cube = NDArray[np.float64]

STRIP = 64
"""Rows of a matrix that are mirrored at once."""


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """Where the random effects stand: ``places[f]`` is (levels, q), flat positions block * m + place."""

    blocks: int
    m: int
    places: dict[int, Ints]

    @property
    def flat(self) -> int:
        return self.blocks * self.m

    def is_whole(self, entry: Entry) -> bool:
        """Whether the derivative of G in a parameter (gamma) is the identity."""
        return entry.on_diagonal and len(self.places[entry.factor]) == self.flat

    def scatter_matrix(self, found: sparse.csr_array) -> Cube:
        """A sparse (flat, flat) matrix that joins no two blocks, as (B, m, m)."""
        if self.blocks == 1:
            return np.asarray(found.toarray()).reshape(1, self.m, self.m)
        coo = found.tocoo()
        out = np.zeros(self.flat * self.m)
        np.add.at(out, coo.row.astype(np.intp) * self.m + coo.col % self.m, coo.data)
        return out.reshape(self.blocks, self.m, self.m)

    def apply(self, entry: Entry, values: Cube) -> Cube:
        """The derivative of G in one parameter (gamma) times values (B, m, c)."""
        if self.is_whole(entry):
            return values
        a, b = (self.places[entry.factor][:, row] for row in entry.rows)
        flat = np.ascontiguousarray(values).reshape(self.flat, -1)
        out = np.zeros_like(flat)
        out[a] += flat[b]
        if not entry.on_diagonal:
            out[b] += flat[a]
        return out.reshape(values.shape)


@dataclass(frozen=True, slots=True, eq=False)
class RandomCovariance:
    """G / sigma2 over all blocks: (B or 1, m, m), or its diagonal (B or 1, m, 1) where it is one."""

    values: Cube
    is_diagonal: bool

    def times(self, other: Cube) -> Cube:
        """The product of G and other (B, m, c)."""
        product: Cube = self.values * other if self.is_diagonal else np.matmul(self.values, other)
        return product

    def after(self, other: Cube) -> Cube:
        """The product of other (B, c, m) and G."""
        if self.is_diagonal:
            return other * self.values.transpose(0, 2, 1)
        product: Cube = np.matmul(other, self.values)
        return product


def single_layout(levels: int, q: int) -> Layout:
    """Every level of the one grouping factor a block."""
    return Layout(levels, q, {0: np.arange(levels * q, dtype=np.intp).reshape(levels, q)})


def joint_layout(statistics: Statistics, kept: Structure, left_out: int | None) -> Layout:
    """The blocks that several grouping factors form; ``left_out`` is eliminated before and has no place."""
    label = _components(statistics, kept)
    counts = np.zeros(max(int(found.max()) for found in label) + 1, dtype=np.intp)
    local = {}
    for f, blocks in enumerate(label):
        if f == left_out:
            continue
        q = kept.widths[f]
        order = np.argsort(blocks, kind="stable")
        ranked = blocks[order]
        first = np.searchsorted(ranked, ranked)
        place = np.empty(len(blocks), dtype=np.intp)
        place[order] = np.arange(len(blocks)) - first
        local[f] = (counts[blocks] + place * q)[:, None] + np.arange(q)
        counts += np.bincount(blocks, minlength=len(counts)) * q
    m = int(counts.max())
    places = {f: label[f][:, None] * m + inside for f, inside in local.items()}
    return Layout(len(counts), m, {f: found.astype(np.intp) for f, found in places.items()})


def _components(statistics: Statistics, kept: Structure) -> list[Ints]:
    """The number of the block of each level, by factor."""
    begin = np.concatenate([[0], np.cumsum(kept.levels)])
    rows, columns = [], []
    for (f, g), found in statistics.cross.items():
        coo = found.tocoo()
        rows.append(coo.row // kept.widths[f] + begin[f])
        columns.append(coo.col // kept.widths[g] + begin[g])
    where = np.concatenate(rows), np.concatenate(columns)
    graph = sparse.csr_array((np.ones(len(where[0])), where), shape=(begin[-1], begin[-1]))
    _, label = sparse.csgraph.connected_components(graph, directed=False)
    return [label[begin[f] : begin[f + 1]].astype(np.intp) for f in range(len(kept.levels))]


def random_covariance(layout: Layout, kept: Structure, covariances: tuple[Matrix, ...]) -> RandomCovariance:
    """G / sigma2 of every block from that of a level of each factor."""
    if len(kept.widths) == 1:
        return RandomCovariance(covariances[0][None], len(covariances[0]) == 1)
    if len(layout.places) == 1 and kept.widths[next(iter(layout.places))] == 1:
        return RandomCovariance(covariances[next(iter(layout.places))][None], True)
    if all(kept.widths[f] == 1 for f in layout.places):
        diagonal = np.zeros(layout.flat)
        for f, places in layout.places.items():
            diagonal[places[:, 0]] = covariances[f][0, 0]
        return RandomCovariance(diagonal.reshape(layout.blocks, layout.m, 1), True)
    dense = np.zeros(layout.flat * layout.m)
    for f, places in layout.places.items():
        for a in range(kept.widths[f]):
            for b in range(kept.widths[f]):
                dense[places[:, a] * layout.m + places[:, b] % layout.m] = covariances[f][a, b]
    return RandomCovariance(dense.reshape(layout.blocks, layout.m, layout.m), False)


@dataclass(frozen=True, slots=True, eq=False)
class Resolved:
    """R = (I + N G)^-1 by block, and log|I + N G| over all blocks."""

    R: Cube
    log_determinant: float


def resolve(N: Cube, G: RandomCovariance) -> Resolved:
    """R and its determinant; N is Z'V0^-1Z by block, V0 the covariance without these effects."""
    m = N.shape[-1]
    if m == 1:
        system = 1.0 + G.after(N)
        return Resolved(1.0 / system, float(np.log(system).sum()))
    if len(N) == 1 and G.is_diagonal and bool(np.all(G.values > 0.0)):
        return _resolve_one(N[0], np.sqrt(G.values[0, :, 0]))
    system = np.eye(m) + G.after(N)
    _, logs = np.linalg.slogdet(system)
    return Resolved(np.linalg.inv(system), float(logs.sum()))


def _resolve_one(N: Matrix, root: Vector) -> Resolved:
    """The same for one block with G = diag(root^2): by the Cholesky factor of I + root N root.

    ``root`` is (m,), or (1,) where all are equal.
    """
    equal = len(root) == 1
    system = N * (root**2 if equal else root)
    if not equal:
        system *= root[:, None]
    system.flat[:: len(N) + 1] += 1.0
    factor, failed = linalg.lapack.dpotrf(system.T, lower=1, clean=0, overwrite_a=1)
    if failed:
        raise np.linalg.LinAlgError("the equations of the random effects are not positive definite")
    logs = 2.0 * float(np.log(np.diag(factor)).sum())
    inverse = _mirrored(linalg.lapack.dpotri(factor, lower=1, overwrite_c=1)[0].T)
    if not equal:
        inverse *= root
        inverse /= root[:, None]
    return Resolved(inverse[None], logs)


def _mirrored(upper: Matrix) -> Matrix:
    """A symmetric matrix from its upper triangle, in place, by strips that fit the cache."""
    for begin in range(0, len(upper), STRIP):
        end = begin + STRIP
        upper[begin:end, :begin] = upper[:begin, begin:end].T
        corner = np.triu(upper[begin:end, begin:end])
        upper[begin:end, begin:end] = corner + np.triu(corner, 1).T
    return upper


def gram(one: Cube, other: Cube) -> Matrix:
    """The sum over blocks of one' other, for (B, m, c) and (B, m, d)."""
    return one.reshape(-1, one.shape[-1]).T @ other.reshape(-1, other.shape[-1])


def trace_of_product(one: Cube, other: Cube) -> float:
    """The sum over blocks of tr(one other), for two (B, m, m)."""
    return float(np.einsum("bij,bji->", one, other))

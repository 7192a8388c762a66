"""Sums over the clusters of arm 1 in every allocation, or in draws of them, for several columns at once.

Clusters were allocated within blocks, each keeping its number of clusters in arm 1: in every such way
(``Blocks``) or in those of a set (``Listed``). What is summed over the blocks of a trial may be any
function of a block's sums, worked out before blocks are joined.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from precept_stats.errors import FitError
from precept_stats.numerics.arrangements import MOST, Codes, count_arrangements
from precept_stats.numerics.balance import sums_over

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Ints = NDArray[np.intp]

BlockPieces = Callable[[Matrix, Matrix, int], Matrix]
"""From the columns of a block (n, P), their sums over arm 1 by allocation (m, P) and the clusters there,
the pieces (m, Q) that are added up over blocks."""


@dataclass(frozen=True, slots=True)
class Every:
    """All allocations, each once."""

    def sums(self, columns: Matrix, treated: int) -> Matrix:
        """Sums over every ``treated`` of the rows (n, P), the columns in one order."""
        return np.column_stack([subset_sums(column, treated) for column in columns.T])

    def joined(self, left: Matrix, right: Matrix) -> Matrix:
        """Every allocation of some blocks with every one of another."""
        together: Matrix = (left[:, None, :] + right[None, :, :]).reshape(-1, left.shape[1])
        return together


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """So many allocations from a generator, each equally likely, independent of each other."""

    draws: int
    rng: np.random.Generator

    def sums(self, columns: Matrix, treated: int) -> Matrix:
        """Sums over ``treated`` rows drawn without replacement (draws, P)."""
        n = len(columns)
        if not 0 < treated < n:
            return np.tile(columns.sum(axis=0) * (treated > 0), (self.draws, 1))
        chosen = np.argpartition(self.rng.random((self.draws, n)), treated - 1, axis=1)[:, :treated]
        taken = np.zeros((self.draws, n))
        np.put_along_axis(taken, chosen, 1.0, axis=1)
        return taken @ columns

    def places(self, count: int) -> Ints:
        """Which of ``count`` allocations are drawn, each as likely as any other every time."""
        return self.rng.integers(count, size=self.draws, dtype=np.intp)

    def joined(self, left: Matrix, right: Matrix) -> Matrix:
        """Draw by draw."""
        together: Matrix = left + right
        return together


@dataclass(frozen=True, slots=True, eq=False)
class Blocks:
    """The arm (K,), 0 or 1, and the block (K,) of every cluster."""

    arm: Ints
    block: Ints

    @property
    def allocations(self) -> int:
        return count_arrangements(self.arm, self.block)

    def complete(self, how: Every | Drawn) -> bool:
        """Whether the pieces are of every allocation, the one used among them."""
        return isinstance(how, Every)

    def pieces(self, columns: Matrix, piece: BlockPieces, how: Every | Drawn) -> Matrix:
        """The pieces of all blocks added up, one row an allocation. FitError when too many or only one."""
        self._require(how)
        joined = None
        for b in np.unique(self.block):
            mine = self.block == b
            treated = int(np.sum(self.arm[mine]))
            if not 0 < treated < int(mine.sum()):
                continue
            made = piece(columns[mine], how.sums(columns[mine], treated), treated)
            joined = made if joined is None else how.joined(joined, made)
        return np.zeros((0, 0)) if joined is None else joined

    def observed(self, columns: Matrix, piece: BlockPieces) -> Matrix:
        """The pieces of the allocation that was used (1, Q)."""
        return _observed(self.arm, self.block, columns, piece)

    def _require(self, how: Every | Drawn) -> None:
        count = self.allocations
        if count < 2:
            raise only_one("every stratum or pair in one arm")
        if isinstance(how, Every) and count > MOST:
            raise FitError(
                "there are too many allocations to enumerate",
                found=f"{count:,}",
                allowed=f"up to {MOST:,}; draw them instead: allocations {{kind: monte_carlo}}",
            )


@dataclass(frozen=True, slots=True, eq=False)
class Listed:
    """The arm (K,) and block (K,) of every cluster, and the allocations (M, K) that could have been.

    Each is equally likely, and each keeps the number of clusters in arm 1 of every block. They are all there
    are, the one used among them, unless they are ``sampled``: draws from them.
    """

    arm: Ints
    block: Ints
    codes: Codes
    sampled: bool = False

    @property
    def allocations(self) -> int | None:
        """How many there are; None where they are not all known."""
        return None if self.sampled else len(self.codes)

    def complete(self, how: Every | Drawn) -> bool:
        """Whether the pieces are of every allocation, the one used among them."""
        return isinstance(how, Every) and not self.sampled

    def pieces(self, columns: Matrix, piece: BlockPieces, how: Every | Drawn) -> Matrix:
        """The pieces of all blocks added up, one row an allocation. FitError when there is only one."""
        if len(self.codes) < 2:
            raise only_one(f"a set of {len(self.codes)}")
        codes = self.codes if isinstance(how, Every) else self.codes[how.places(len(self.codes))]
        made = []
        for b in np.unique(self.block):
            mine = self.block == b
            treated = int(np.sum(self.arm[mine]))
            if 0 < treated < int(mine.sum()):
                made.append(piece(columns[mine], sums_over(codes[:, mine], columns[mine]), treated))
        total: Matrix = np.sum(made, axis=0)
        return total

    def observed(self, columns: Matrix, piece: BlockPieces) -> Matrix:
        """The pieces of the allocation that was used (1, Q)."""
        return _observed(self.arm, self.block, columns, piece)


AnyAllocations = Blocks | Listed


def only_one(found: str) -> FitError:
    """Why there is no test."""
    return FitError(
        "there is only one possible allocation",
        found=found,
        allowed="a stratum or pair with clusters in both arms",
    )


def _observed(arm: Ints, block: Ints, columns: Matrix, piece: BlockPieces) -> Matrix:
    made = []
    for b in np.unique(block):
        mine, inside = block == b, (block == b) & (arm == 1)
        if 0 < inside.sum() < mine.sum():
            made.append(piece(columns[mine], columns[inside].sum(axis=0)[None], int(inside.sum())))
    total: Matrix = np.sum(made, axis=0)
    return total


def subset_sums(scores: Vector, size: int) -> Vector:
    """The sums of every subset of ``size`` of the scores (n,): n choose size of them, in a fixed order."""
    n = len(scores)
    sums = [np.zeros(1)] + [np.zeros(0)] * size
    for i, score in enumerate(scores):
        for m in range(min(size, i + 1), max(0, size - (n - i)), -1):
            sums[m] = np.concatenate([sums[m], sums[m - 1] + score])
    return sums[size]

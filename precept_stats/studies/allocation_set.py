"""The allocations that a trial could have had, as numbers that a design carries."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.intp]
Bools = NDArray[np.bool_]
Codes = NDArray[np.int16]


@dataclass(frozen=True, slots=True, eq=False)
class AllocationSet:
    """What each cluster (K) was given in every allocation (M): its arm, or of a wedge its switch.

    Arms are 0 and 1. The place of the first treated period stands for a switch, the number of periods for
    none. ``own`` (K,) is what they were given. Allocations are equally likely. They are all that were
    acceptable, or where ``sampled`` draws from these. ``words`` name the set; a number can stand before them.
    """

    codes: Codes
    own: Ints
    words: str
    sampled: bool = False

    @property
    def phrase(self) -> str:
        """The set with its number."""
        return f"{len(self.codes):,} {'draws from the ' if self.sampled else ''}{self.words}"

    def of(self, stays: Ints | Bools, block: Ints | None) -> AllocationSet:
        """The set for some of the clusters, given what those of each block (L,) were given as a whole.

        Which of the clusters are in an arm is random, how many is not: allocations in which a block has other
        numbers of each code are left out, and equal ones count as often as they occur.
        """
        codes, own = self.codes[:, stays], self.own[stays]
        blocks = np.zeros(len(own), dtype=np.intp) if block is None else block
        kept = codes[same_numbers(codes, own, blocks)]
        kept.setflags(write=False)
        own.setflags(write=False)
        return replace(self, codes=kept, own=own)


def same_numbers(codes: Codes, code: Ints, block: Ints) -> Bools:
    """Which allocations (M, K) have as many clusters of each code in every block as ``code`` (K,) has."""
    same = np.ones(len(codes), dtype=np.bool_)
    for b in np.unique(block):
        mine = block == b
        for value, number in zip(*np.unique(code[mine], return_counts=True), strict=True):
            same &= (codes[:, mine] == value).sum(axis=1) == number
    return same

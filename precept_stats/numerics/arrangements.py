"""Every way of giving clusters what they were given: arms, or the sequences of a stepped wedge.

Codes are exchanged within blocks (strata, pairs, or one block for all), so that each block keeps how many
of its clusters have each code.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from precept_stats.errors import FitError

Ints = NDArray[np.intp]
Codes = NDArray[np.int16]

MOST = 1_000_000
"""Up to so many allocations are enumerated."""


def count_arrangements(code: Ints, block: Ints) -> int:
    """How many arrangements of the codes (K,) over clusters keep the number of each in every block (K,)."""
    count = 1
    for b in np.unique(block):
        _, numbers = np.unique(code[block == b], return_counts=True)
        left = int(numbers.sum())
        for number in numbers:
            count *= math.comb(left, int(number))
            left -= int(number)
    return count


def require_countable(count: int) -> None:
    """FitError when there is nothing to compare with, or too much to enumerate."""
    if count < 2:
        raise FitError(
            "there is only one possible allocation",
            found="every stratum or pair with clusters of one kind",
            allowed="a stratum or pair with clusters in both arms, or of several sequences",
        )
    if count > MOST:
        raise FitError(
            "there are too many allocations to enumerate",
            found=f"{count:,}",
            allowed=f"up to {MOST:,}; draw them instead",
        )


def arrangements(code: Ints, block: Ints) -> Codes:
    """Every distinct arrangement (M, K), each once. Raises FitError above ``MOST``, or for only one."""
    require_countable(count_arrangements(code, block))
    parts = [(np.flatnonzero(block == b), _of_block(code[block == b])) for b in np.unique(block)]
    made = np.zeros((1, len(code)), dtype=np.int16)
    for members, part in parts:
        made = np.repeat(made, len(part), axis=0)
        made[:, members] = np.tile(part, (len(made) // len(part), 1))
    return made


def drawn_arrangements(code: Ints, block: Ints, draws: int, rng: np.random.Generator) -> Codes:
    """``draws`` arrangements (draws, K), each equally likely, independent of each other."""
    made = np.empty((draws, len(code)), dtype=np.int16)
    for b in np.unique(block):
        members = np.flatnonzero(block == b)
        order = np.argsort(rng.random((draws, len(members))), axis=1)
        made[:, members] = code[members][order]
    return made


def _of_block(code: Ints) -> Codes:
    """Arrangements of one block, built cluster by cluster among those that have the same codes left."""
    values, numbers = np.unique(code, return_counts=True)
    begun = {tuple(int(number) for number in numbers): np.zeros((1, 0), dtype=np.int16)}
    for _ in code:
        grown: dict[tuple[int, ...], list[Codes]] = {}
        for left, made in begun.items():
            for place, number in enumerate(left):
                if number:
                    after = (*left[:place], number - 1, *left[place + 1 :])
                    given = np.full((len(made), 1), values[place], dtype=np.int16)
                    grown.setdefault(after, []).append(np.hstack([made, given]))
        begun = {left: np.vstack(parts) for left, parts in grown.items()}
    (whole,) = begun.values()
    return whole

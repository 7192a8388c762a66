"""Which points of a series lie how far apart, when some were left out and several series stand in a row."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.intp]

APART = 10**7
"""Positions between the points of different series: too far for any correlation."""


def in_a_row(positions: Ints, series: Ints) -> Ints:
    """Positions (n,), rising, that keep distances within each of the ``series`` (n,) and set these far apart.

    Rows are in the order of series, then of positions.
    """
    place: Ints = np.asarray(positions - positions.min(), dtype=np.intp) + APART * np.asarray(series, np.intp)
    return place


def pairs(positions: Ints, lag: int) -> tuple[Ints, Ints]:
    """The places of all points that have another exactly ``lag`` positions later, and of that other."""
    at = np.searchsorted(positions, positions + lag)
    met = at < len(positions)
    met[met] = positions[at[met]] == positions[met] + lag
    return np.flatnonzero(met), at[met]


def blocks(positions: Ints) -> list[slice]:
    """The series that stand in a row, in order."""
    ends = [0, *(np.flatnonzero(np.diff(positions) > APART // 2) + 1), len(positions)]
    return [slice(int(a), int(b)) for a, b in itertools.pairwise(ends)]

"""Chains while they are sampled: who is told how far they are, and what becomes of those that finish."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Chain:
    """One finished chain: draws (draws, D), which steps diverged and the energy of each (draws,)."""

    draws: Matrix
    diverging: NDArray[np.bool_]
    energy: Vector

    def packed(self) -> bytes:
        """As the content of a file."""
        file = io.BytesIO()
        np.savez(file, draws=self.draws, diverging=self.diverging, energy=self.energy)
        return file.getvalue()

    @classmethod
    def unpacked(cls, content: bytes) -> Chain:
        """From what ``packed`` gave. ValueError for anything else."""
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as kept:
                return cls(kept["draws"], kept["diverging"], kept["energy"])
        except (OSError, KeyError, EOFError, zipfile.BadZipFile) as problem:
            raise ValueError("this is no chain") from problem


def _nobody(_done: int, _total: int) -> None:
    """Tell no one."""


def _nowhere(_key: str) -> Chain | None:
    """Nothing is kept."""
    return None


def _not_kept(_key: str, _chain: Chain) -> None:
    """Keep nothing."""


@dataclass(frozen=True, slots=True)
class Watch:
    """``told`` hears of (steps done, steps in all); ``find`` gives a chain that was kept, ``keep`` keeps one.

    A key stands for everything that a chain depends on, so that a chain that is found is the chain that
    would be sampled.
    """

    told: Callable[[int, int], None] = _nobody
    find: Callable[[str], Chain | None] = _nowhere
    keep: Callable[[str, Chain], None] = _not_kept


NOBODY = Watch()
"""No one watches, and nothing is kept."""

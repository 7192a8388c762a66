"""What a study has found, a file some trials, so that a later run goes on where an earlier one stopped."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class Batches:
    """Files of ``size`` trials each in a folder; a file is written whole or not at all."""

    folder: Path
    size: int

    def found(self, cell: int, count: int, one: Callable[[int], np.ndarray]) -> np.ndarray:
        """``one`` of the first ``count`` trials of a cell (count, ...), from the files where it is there."""
        parts = []
        for start in range(0, count, self.size):
            stop = min(start + self.size, count)
            path = self.folder / f"{cell:02d}-{start:05d}-{stop - 1:05d}.npy"
            if not path.exists():
                unfinished = path.with_suffix(".part")
                with unfinished.open("wb") as file:
                    np.save(file, np.array([one(number) for number in range(start, stop)]))
                unfinished.replace(path)
                sys.stderr.write(f"cell {cell}: {stop}\n")
            parts.append(np.load(path))
        return np.concatenate(parts)

"""Addressed seeds: every stream of random numbers has an address, and none is ever used up.

The same address gives the same numbers whatever else was drawn, so an answer is the same serial, in
parallel, in reverse, or resumed.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Seed:
    """A root, and the address of one stream below it. A name counts by its SHA-256, a number as itself."""

    root: int
    path: tuple[int, ...] = ()

    def at(self, *steps: str | int) -> Seed:
        """The seed further down: of an analysis by name, of a replicate by number (0 to 2**32 - 1)."""
        return Seed(self.root, self.path + tuple(word for step in steps for word in _words(step)))

    def generator(self) -> np.random.Generator:
        """A new generator at the start of this stream, the same at every call."""
        return np.random.default_rng(np.random.SeedSequence(self.root, spawn_key=self.path))


def _words(step: str | int) -> tuple[int, ...]:
    """One word of 32 bits for a number, two for a name."""
    if isinstance(step, int):
        if not 0 <= step < 2**32:
            raise ValueError(f"a step of an address is 0 to 2**32 - 1, not {step}")
        return (step,)
    digest = hashlib.sha256(step.encode()).digest()
    return int.from_bytes(digest[:4], "big"), int.from_bytes(digest[4:8], "big")

"""One way of tampering with a bundle: what is changed, what its reviewer has, and the level that finds it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from precept_stats.evidence.verify.check import Level

Has = Literal["the bundle", "the key's fingerprint", "a copy of the locks", "the data"]
Change = Callable[[Path], object]


@dataclass(frozen=True)
class Mutation:
    """One change. ``level`` is the first at which a reviewer who has ``has`` is claimed to find it."""

    family: str
    name: str
    has: Has
    level: Level
    change: Change


def then(change: Change, after: Change) -> Change:
    """One change after another."""

    def both(bundle: Path) -> None:
        change(bundle)
        after(bundle)

    return both


def swapped(path: Path, other: Path, bundle: Path) -> None:
    """A file with the content of another."""
    (bundle / path).write_bytes((bundle / other).read_bytes())

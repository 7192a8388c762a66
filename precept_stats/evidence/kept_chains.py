"""Chains that have finished, on disk until the results stand: an interrupted run goes on from them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from precept_stats.inference.watching import Chain, Watch

SUFFIX = ".chains"


@dataclass(frozen=True, slots=True)
class KeptChains:
    """A hidden folder beside the results folder: a file a chain, under a digest of all that it hangs on."""

    folder: Path

    @classmethod
    def beside(cls, target: Path) -> KeptChains:
        return cls(target.parent / f".{target.name}{SUFFIX}")

    def find(self, key: str) -> Chain | None:
        """The chain of a key; None where there is none, or its file cannot be read."""
        try:
            return Chain.unpacked((self.folder / f"{key}.npz").read_bytes())
        except (OSError, ValueError):
            return None

    def keep(self, key: str, chain: Chain) -> None:
        """Write a chain whole or not at all. A folder that cannot be written keeps nothing."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            fresh = self.folder / f"{key}.new"
            fresh.write_bytes(chain.packed())
            fresh.replace(self.folder / f"{key}.npz")
        except OSError:
            return

    @property
    def count(self) -> int:
        return len(list(self.folder.glob("*.npz")))

    def clear(self) -> None:
        """What is kept is not needed any more."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def watch(self, told: Callable[[int, int], None]) -> Watch:
        return Watch(told, self.find, self.keep)

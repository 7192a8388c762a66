"""What a bundle holds, once it has been read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from precept_stats.plan.reader import LoadedPlan
from precept_stats.values import Results


@dataclass(frozen=True, slots=True, eq=False)
class Contents:
    """What a bundle holds, read: the plan, the rows that were released, and those at full precision."""

    folder: Path
    loaded: LoadedPlan
    shown: Results
    sensitive: Results | None

    @property
    def full(self) -> Results:
        """The rows at full precision where they are there, else those that were released."""
        return self.sensitive if self.sensitive is not None else self.shown

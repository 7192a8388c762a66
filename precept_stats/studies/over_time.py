"""What every study over time names: the column of time, the interruptions, and how time is coded."""

from __future__ import annotations

from pydantic import Field

from precept_stats.data.declared import Declared
from precept_stats.studies.interruptions import AnySeasonality, Coding, Interruption, TimeColumn


class OverTime(Declared):
    """What every study over time names. Rows are people, or counts of a series and period.

    Interruptions, coding and seasonality have no default. ``weights`` holds inverse relative residual
    variances; ``adjust`` are covariates, averaged over what a series has in a period.
    """

    kind: str
    time: TimeColumn
    interruptions: dict[str, Interruption] = Field(min_length=1)
    coding: Coding
    seasonality: AnySeasonality
    adjust: tuple[str, ...] = ()
    weights: str | None = None

    def __hash__(self) -> int:
        """By its content: a mapping of interruptions has no hash of its own."""
        return hash(self.model_dump_json())

    @property
    def first(self) -> str:
        """The interruption that time is counted from."""
        return next(iter(self.interruptions))

    def named(self) -> tuple[tuple[str, str], ...]:
        """Every column that the study names, with the field that names it."""
        dated = ((f"interruptions/{name}/column", one.column) for name, one in self.interruptions.items())
        listed = ((f"adjust/{number}", column) for number, column in enumerate(self.adjust))
        found = (("time/column", self.time.column), *self._own(), *dated, *listed, ("weights", self.weights))
        return tuple((field, column) for field, column in found if column is not None)

    def _own(self) -> tuple[tuple[str, str | None], ...]:
        return ()

"""What every study over time names: the column of time, the interruptions, and how time is coded."""

from __future__ import annotations

from pydantic import Field, model_validator

from precept_stats.data.declared import Declared
from precept_stats.errors import DataError
from precept_stats.studies.calendar import SEASON_LENGTH, period_of
from precept_stats.studies.interruptions import (
    AnySeasonality,
    Coding,
    Interruption,
    NoSeasonality,
    SeasonDummies,
    TimeColumn,
)


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

    @model_validator(mode="after")
    def _dated(self) -> OverTime:
        """A date that no period has, and a season without a cycle, are seen before there are data."""
        for name, one in self.interruptions.items():
            if one.at is not None:
                try:
                    period_of(one.at, self.time.every, name)
                except DataError as found:
                    raise ValueError(
                        f"`at` of {name}: {found.problem} (found {one.at}; allowed {found.allowed})"
                    ) from None
        named = isinstance(self.seasonality, NoSeasonality) or getattr(self.seasonality, "period", None)
        if SEASON_LENGTH[self.time.every] is None and not named:
            dummies = isinstance(self.seasonality, SeasonDummies)
            raise ValueError(
                f"seasonal terms need a cycle, and periods of one {self.time.every} have none: "
                f"{'' if dummies else 'name `period`, or '}seasonality: {{kind: none, reason: ...}}"
            )
        return self

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

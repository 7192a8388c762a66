"""Series that an event interrupted, with or without control series."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from precept_stats.data.declared import Declared
from precept_stats.studies.over_time import OverTime


class Controls(Declared):
    """Series that the interruption did not reach, with one level and slope (`pooled`) or each its own."""

    series: tuple[str, ...] = Field(min_length=1)
    levels: Literal["pooled", "own"]


class InterruptedSeries(OverTime):
    """One series, or several, with interruptions.

    ``series`` names the column that tells several apart. ``controls`` are those that the interruption did not
    reach. ``several_rows`` says what becomes of several rows of one series and period: ``error``, or ``sum``
    of counts and denominators (people are always counted). ``gaps`` likewise of a period without a row.
    """

    kind: Literal["interrupted_series"] = "interrupted_series"
    series: str | None = None
    controls: Controls | None = None
    several_rows: Literal["error", "sum"] = "error"
    gaps: Literal["error", "allow"] = "error"

    @model_validator(mode="after")
    def _coherent(self) -> InterruptedSeries:
        if self.controls is not None and self.series is None:
            raise ValueError("`controls` are told by the column `series`, which is not named")
        if self.series is None and any(one.column for one in self.interruptions.values()):
            raise ValueError("one series has one date: `at`, or name `series`")
        return self

    def _own(self) -> tuple[tuple[str, str | None], ...]:
        return (("series", self.series),)

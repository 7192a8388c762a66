"""A programme that units joined at their own dates: unit and month, or people with unit and date."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from precept_stats.studies.cluster_trial import Window
from precept_stats.studies.over_time import OverTime


class Programme(OverTime):
    """Units that started a programme at their own dates, followed before and after.

    The first interruption is the start, a ``column`` of dates; later ones may have a date in common.
    ``before`` and ``after`` are the windows that are compared, in periods from a unit's own start (its period
    is 0); without them every period is in. ``exclude`` is a window around the start that is left out.
    ``cluster`` is what units are alike within, for standard errors (the unit itself without one); ``region``
    and ``level`` describe units.
    """

    kind: Literal["programme"] = "programme"
    unit: str
    before: Window | None = None
    after: Window | None = None
    exclude: Window | None = None
    cluster: str | None = None
    region: str | None = None
    level: str | None = None

    @model_validator(mode="after")
    def _coherent(self) -> Programme:
        if self.interruptions[self.first].column is None:
            raise ValueError(
                f"the first interruption, {self.first}, is the start of each unit: name its `column`"
            )
        if (self.before is None) != (self.after is None):
            raise ValueError("`before` and `after` are given together")
        if self.before is not None and self.after is not None and self.before.last >= self.after.first:
            raise ValueError("the window before must end before the window after begins")
        if self.exclude is not None and not self.exclude.first <= 0 <= self.exclude.last + 1:
            raise ValueError("`exclude` is a window around the start, period 0")
        return self

    def _own(self) -> tuple[tuple[str, str | None], ...]:
        return (
            ("unit", self.unit),
            ("cluster", self.cluster),
            ("region", self.region),
            ("level", self.level),
        )

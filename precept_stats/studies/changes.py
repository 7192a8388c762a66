"""What of a change over time is asked for: the part of an estimand that a trial does not have."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from precept_stats.data.declared import Declared


class BeforeAfterChange(Declared):
    """The mean after less the mean before, or their ratio; nothing is taken from it for a trend."""

    kind: Literal["before_after"] = "before_after"

    def words(self) -> str:
        return "the mean after against the mean before"


class LevelChange(Declared):
    """The change of level at an interruption: its first period against the trend before, which is its step.

    Models of a trend refuse it where a pulse, a decay or a phased transition makes the two differ. Where a
    ramp counts from 1, the step is less by one slope.
    """

    kind: Literal["level_change"] = "level_change"
    interruption: str

    def words(self) -> str:
        return f"the change of level at {self.interruption}"


class SlopeChange(Declared):
    """The change of slope at an interruption, a period."""

    kind: Literal["slope_change"] = "slope_change"
    interruption: str

    def words(self) -> str:
        return f"the change of slope at {self.interruption}, a period"


class AtTime(Declared):
    """Fitted against counterfactual so many periods after an interruption, whose own period is 0."""

    kind: Literal["at_time"] = "at_time"
    interruption: str
    time: int = Field(ge=0)

    def words(self) -> str:
        return f"what was fitted against the counterfactual, {self.time} periods after {self.interruption}"


class _OverTimes(Declared):
    """A run of periods since an interruption, both ends included."""

    interruption: str
    first: int = Field(alias="from", ge=0)
    last: int = Field(alias="to", ge=0)

    @model_validator(mode="after")
    def _in_order(self) -> _OverTimes:
        if self.first > self.last:
            raise ValueError(
                f"a window runs from the earlier period to the later: {self.first} to {self.last}"
            )
        return self


class OverWindow(_OverTimes):
    """Fitted against counterfactual over several periods, each counting as its denominators do."""

    kind: Literal["over_window"] = "over_window"

    def words(self) -> str:
        return (
            f"what was fitted against the counterfactual, over periods {self.first} to {self.last} "
            f"after {self.interruption}"
        )


class Cumulative(_OverTimes):
    """Events more or fewer than under the counterfactual, added up over several periods.

    ``number_needed`` is a number needed to treat that the plan declares and says the source of; cases averted
    are then given beside the events.
    """

    kind: Literal["cumulative"] = "cumulative"
    number_needed: float | None = Field(default=None, gt=0)
    number_needed_source: str = ""

    @model_validator(mode="after")
    def _with_its_source(self) -> Cumulative:
        if (self.number_needed is None) != (not self.number_needed_source.strip()):
            raise ValueError("`number_needed` and `number_needed_source` are given together")
        return self

    def words(self) -> str:
        return (
            f"events beyond the counterfactual, added up over periods {self.first} to {self.last} "
            f"after {self.interruption}"
        )


AnyChange = Annotated[
    BeforeAfterChange | LevelChange | SlopeChange | AtTime | OverWindow | Cumulative,
    Field(discriminator="kind"),
]
"""What is asked of a programme or an interrupted series, told apart by ``kind``."""


def interruption_of(change: AnyChange) -> str:
    """The interruption that a change is of; empty for the mean after against the mean before."""
    return "" if isinstance(change, BeforeAfterChange) else change.interruption

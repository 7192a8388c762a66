"""Interruptions of a series: when, of which shape, with what in between, and how time is counted.

Nothing here has a default where silence would choose between answers: a plan says each.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from precept_stats.data.declared import Declared


class Step(Declared):
    """A change of level that stays."""

    kind: Literal["step"] = "step"


class Ramp(Declared):
    """A change of slope from the interruption on."""

    kind: Literal["ramp"] = "ramp"


class Pulse(Declared):
    """A change of level for so many periods, gone after."""

    kind: Literal["pulse"] = "pulse"
    periods: int = Field(ge=1)


class Decay(Declared):
    """A change of level that is whole at the interruption and halves every ``half_life`` periods."""

    kind: Literal["decay"] = "decay"
    half_life: float = Field(gt=0)


AnyShape = Annotated[Step | Ramp | Pulse | Decay, Field(discriminator="kind")]


class NoTransition(Declared):
    """The change is whole in its first period."""

    kind: Literal["none"] = "none"

    def words(self) -> str:
        return "no transition"


class ExcludedTransition(Declared):
    """Periods around the interruption are left out of the model; time goes on being counted through them."""

    kind: Literal["excluded"] = "excluded"
    before: int = Field(default=0, ge=0, description="So many periods just before the interruption.")
    after: int = Field(ge=0, description="So many periods from the interruption on, its own being the first.")

    @model_validator(mode="after")
    def _some(self) -> ExcludedTransition:
        if self.before + self.after == 0:
            raise ValueError("no period is left out: say `kind: none`")
        return self

    def words(self) -> str:
        return f"transition left out: {self.before} periods before and {self.after} from the interruption on"


class PhasedTransition(Declared):
    """The step rises evenly over so many periods, from the first on, and is whole after them."""

    kind: Literal["phased"] = "phased"
    periods: int = Field(ge=2)

    def words(self) -> str:
        return f"phased in evenly over {self.periods} periods"


AnyTransition = Annotated[NoTransition | ExcludedTransition | PhasedTransition, Field(discriminator="kind")]


class Interruption(Declared):
    """One interruption: its date, the shapes of its effect, and its transition.

    ``at`` is the period in which it began, written as the data write theirs; ``column`` names each unit's own
    start instead, empty for a unit that never started. ``effects`` are the shapes that are fitted.
    ``affects`` says whether control series are changed by it too.
    """

    at: str | int | None = None
    column: str | None = None
    effects: tuple[AnyShape, ...] = Field(min_length=1)
    transition: AnyTransition
    label: str = ""
    affects: Literal["treated", "all"] = "treated"

    @model_validator(mode="after")
    def _coherent(self) -> Interruption:
        if (self.at is None) == (self.column is None):
            raise ValueError("an interruption has `at`, one date, or `column`, the start of each unit")
        kinds = [shape.kind for shape in self.effects if shape.kind in ("step", "ramp")]
        if len(kinds) != len(set(kinds)):
            raise ValueError("a step or a ramp is named twice: an interruption has one of each at most")
        phased = isinstance(self.transition, PhasedTransition)
        if phased and not any(isinstance(shape, Step) for shape in self.effects):
            raise ValueError("what is phased in is a step, and the effects have none")
        return self

    def words(self, name: str) -> str:
        when = f"at {self.at}" if self.at is not None else f"at each unit's own {self.column}"
        shapes = ", ".join(shape.kind for shape in self.effects)
        return f"{self.label or name} {when} ({shapes}); {self.transition.words()}"


class Coding(Declared):
    """How time is counted. Time is 0 in the period of the first interruption, for each unit its own.

    ``interrupted_period`` says on which side that period is: ``after``, the first with the change;
    ``before``, the last without; or ``excluded``. In the first period with the change
    a ramp is 0 (``ramp_from``), so that the step is the change of level there; or 1, as some code it.
    """

    interrupted_period: Literal["after", "before", "excluded"]
    ramp_from: Literal[0, 1]

    def words(self) -> str:
        side = {
            "after": "the interrupted period is the first after",
            "before": "the interrupted period is the last before",
            "excluded": "the interrupted period is left out",
        }[self.interrupted_period]
        return f"time is 0 in the interrupted period; {side}; a ramp counts from {self.ramp_from}"


class NoSeasonality(Declared):
    """No seasonal terms, for a reason that the plan gives."""

    kind: Literal["none"] = "none"
    reason: str = Field(min_length=1)

    def words(self) -> str:
        return f"no seasonal terms: {self.reason}"


class SeasonDummies(Declared):
    """A level for each season of the cycle (calendar month); needs two whole cycles of data."""

    kind: Literal["month_dummies"] = "month_dummies"

    def words(self) -> str:
        return "a level for each season of the cycle"


class Fourier(Declared):
    """Pairs of sine and cosine; ``period`` is the cycle's length, known where time is a calendar."""

    kind: Literal["fourier"] = "fourier"
    pairs: int = Field(ge=1)
    period: float | None = Field(default=None, gt=2)

    def words(self) -> str:
        pairs = "one pair" if self.pairs == 1 else f"{self.pairs} pairs"
        return f"{pairs} of sine and cosine"


class SeasonSpline(Declared):
    """A periodic cubic spline over the cycle with ``df`` columns."""

    kind: Literal["spline"] = "spline"
    df: int = Field(ge=3)
    period: float | None = Field(default=None, gt=2)

    def words(self) -> str:
        return f"a periodic cubic spline over the cycle, {self.df} columns"


AnySeasonality = Annotated[
    NoSeasonality | SeasonDummies | Fourier | SeasonSpline, Field(discriminator="kind")
]


class TimeColumn(Declared):
    """The column of time and how far apart its periods are; finer dates are brought to their period."""

    column: str
    every: Literal["day", "week", "month", "quarter", "year", "index"]

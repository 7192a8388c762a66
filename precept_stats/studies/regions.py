"""Areas or providers that are compared: which columns mean what, and what they are measured from."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from precept_stats.data.declared import Declared

Scale = Literal["proportion", "per_cent", "per_1000", "per_100000", "own"]

FACTORS: dict[Scale, float] = {
    "proportion": 1.0,
    "per_cent": 100.0,
    "per_1000": 1000.0,
    "per_100000": 100_000.0,
    "own": 1.0,
}
"""What a share of one is on each scale."""


class BestArea(Declared):
    """The area with the best estimate, found from the data."""

    kind: Literal["best"] = "best"


class WorstArea(Declared):
    """The area with the worst estimate, found from the data."""

    kind: Literal["worst"] = "worst"


class LargestArea(Declared):
    """The area with the most people."""

    kind: Literal["largest"] = "largest"


class NamedArea(Declared):
    """One area, by its name in the data."""

    kind: Literal["named"] = "named"
    area: str


class HighestRank(Declared):
    """The areas of the highest rank, where areas have an order."""

    kind: Literal["highest_rank"] = "highest_rank"


class National(Declared):
    """The mean over the population of all areas."""

    kind: Literal["national"] = "national"


AnyAreaReference = Annotated[
    BestArea | WorstArea | LargestArea | NamedArea | HighestRank | National, Field(discriminator="kind")
]
"""What areas are measured from, told apart by ``kind``."""


class Regions(Declared):
    """Areas with numerators and denominators, or with estimates and their standard errors.

    Rows are areas, or areas in periods where ``period`` names a column; or single people, who are counted by
    area. Numerators and denominators are those of the outcome. ``std_error`` says that the outcome holds
    estimates, and names the column of their standard errors, in the same unit. ``people`` is the population
    of an area; without it the denominators stand for it. ``weights`` says whether people or areas count the
    same in what is weighted. ``rank`` orders the areas from the least to the most advantaged; areas may share
    a rank. ``scale`` is what the numbers are in: shares are brought to it, and estimates are taken to be in
    it, never guessed from their size; ``own`` is a scale without bounds. ``rounded_to`` says that the
    publisher rounded numerators and denominators to multiples of it. ``incomplete`` says what becomes of an
    area that is not in every period, ``zero_counts`` of one with no events, or with nothing but events, whose
    estimate seems to have no error: ``half`` takes the standard error as though half an event had been seen.
    ``within`` names what areas lie in, such as the region of a unit, the same in every period.
    ``period_correlation`` is that of an area's sampling errors in two periods where the periods share people
    (rolling years): 0 where people of different periods are different people.
    """

    kind: Literal["regions"] = "regions"
    area: str
    period: str | None = None
    rank: str | None = None
    std_error: str | None = None
    people: str | None = None
    within: str | None = None
    period_correlation: float = Field(default=0.0, ge=0.0, lt=1.0)
    weights: Literal["population", "equal"] = "population"
    reference: AnyAreaReference = BestArea()
    scale: Scale
    rounded_to: int | None = Field(default=None, ge=1)
    incomplete: Literal["error", "drop"] = "error"
    zero_counts: Literal["half", "error"] = "half"

    @model_validator(mode="after")
    def _coherent(self) -> Regions:
        if self.std_error is not None and self.rounded_to is not None:
            raise ValueError("`rounded_to` is of counts, and `std_error` says that there are none")
        if self.std_error is not None and self.people is None and self.weights == "population":
            raise ValueError("estimates have no denominators: name `people`, or let `weights` be equal")
        if self.period_correlation and self.period is None:
            raise ValueError("`period_correlation` is between periods, and no column is named in `period`")
        if isinstance(self.reference, HighestRank) and self.rank is None:
            raise ValueError("the reference is the highest rank, and no column of ranks is named in `rank`")
        names = [column for _, column in self.named()]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"one column has two parts in the study: {', '.join(twice)}")
        return self

    def named(self) -> tuple[tuple[str, str], ...]:
        """Every column that the study names, with the field that names it."""
        fields = ("area", "period", "rank", "std_error", "people", "within")
        found = ((field, getattr(self, field)) for field in fields)
        return tuple((field, column) for field, column in found if column is not None)

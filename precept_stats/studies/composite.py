"""Outcomes made of other outcomes: a care bundle as a whole, from its elements."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from precept_stats.data.declared import Declared

Floats = NDArray[np.float64]


class _Bundle(Declared):
    """``elements`` are ids of other outcomes, each with its own coding; ``missing`` has no default.

    An element whose value is one of its ``excluded`` values was not applicable to that person, and leaves
    that person's denominator; where none applies, the composite does not apply either.
    ``any_missing_is_missing``: the composite of a person is missing where any element is.
    ``missing_is_not_given``: what was not recorded counts as not given.
    ``of_known``: what was not recorded leaves the denominator, as if it had not been applicable.
    """

    elements: tuple[str, ...] = Field(min_length=2)
    missing: Literal["any_missing_is_missing", "missing_is_not_given", "of_known"]

    @model_validator(mode="after")
    def _each_once(self) -> _Bundle:
        twice = sorted({name for name in self.elements if self.elements.count(name) > 1})
        if twice:
            raise ValueError(f"an element is named twice: {', '.join(twice)}")
        return self

    @property
    def missing_loses_person(self) -> bool:
        return self.missing == "any_missing_is_missing"

    @property
    def missing_leaves(self) -> bool:
        """Whether an element that was not recorded leaves the denominator."""
        return self.missing == "of_known"


class AllOrNone(_Bundle):
    """1 for a person who was given every applicable element, else 0 (Nolan & Berwick 2006, JAMA 295:1168)."""

    kind: Literal["all_or_none"] = "all_or_none"
    title: ClassVar[str] = "all or none"
    counts_opportunities: ClassVar[bool] = False

    def scored(self, given: Floats, applicable: Floats) -> tuple[Floats, Floats]:
        """Events and denominators of people with at least one applicable element."""
        return (given == applicable).astype(np.float64), np.ones(len(given))


class OpportunityWeighted(_Bundle):
    """Elements given out of elements applicable: every opportunity counts the same (Reeves et al. 2007).

    A person brings as many opportunities as elements apply, so people to whom more applies weigh more.
    """

    kind: Literal["opportunity_weighted"] = "opportunity_weighted"
    title: ClassVar[str] = "opportunities"
    counts_opportunities: ClassVar[bool] = True

    def scored(self, given: Floats, applicable: Floats) -> tuple[Floats, Floats]:
        """Events and denominators of people with at least one applicable element."""
        return given, applicable


AnyComposite = Annotated[AllOrNone | OpportunityWeighted, Field(discriminator="kind")]

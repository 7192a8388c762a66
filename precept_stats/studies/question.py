"""The question: what is measured, and which effect of it is sought.

The estimand's attributes follow ICH E9(R1), with the two that cluster trials add (Kahan et al.
2023, Int J Epidemiol 52:107): marginal or conditional, participant- or cluster-average.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Literal

from pydantic import Field, model_validator

from precept_stats.data.declared import Declared
from precept_stats.data.selection import Population, Scalar
from precept_stats.studies.changes import AnyChange
from precept_stats.studies.composite import AnyComposite

Summary = Literal[
    "mean_difference",
    "mean_ratio",
    "risk_difference",
    "risk_ratio",
    "odds_ratio",
    "rate_difference",
    "rate_ratio",
]
Effect = Literal["marginal", "conditional"]
Target = Literal["participant_average", "cluster_average"]
OutcomeType = Literal["binary", "continuous", "count"]

SUMMARIES_OF: dict[str, tuple[str, ...]] = {
    "binary": ("risk_difference", "risk_ratio", "odds_ratio"),
    "continuous": ("mean_difference",),
    "count": ("rate_difference", "rate_ratio"),
}

SUMMARIES_OF_CHANGE = SUMMARIES_OF | {"continuous": ("mean_difference", "mean_ratio")}
"""Those of a change over time, which may be relative to the counterfactual of any outcome."""


class Outcome(Declared):
    """What is measured, and how its column is coded.

    ``binary``: one row a participant, values listed in ``event`` and ``non_event``; or, with
    ``denominator``, one row a group, the column counting events among that many people.
    ``count``: events, with the person-time in ``denominator``. ``missing`` values were not
    recorded; ``excluded`` values say that the outcome does not apply, and leave the denominator.
    ``composite``: a binary outcome made of others (a care bundle of its elements), instead of a column.
    """

    column: str = ""
    type: OutcomeType
    direction: Literal["higher_better", "lower_better"]
    label: str = ""
    unit: str = ""
    denominator: str | None = None
    event: tuple[Scalar, ...] = (1,)
    non_event: tuple[Scalar, ...] = (0,)
    missing: tuple[Scalar, ...] = ()
    excluded: tuple[Scalar, ...] = ()
    composite: AnyComposite | None = None

    @model_validator(mode="after")
    def _from_column_or_elements(self) -> Outcome:
        if self.composite is None and not self.column:
            raise ValueError("an outcome has a `column`, or is a `composite` of other outcomes")
        if self.composite is not None:
            if self.type != "binary":
                raise ValueError("a composite is of type binary: what was given, of what applied")
            own = ("denominator", "event", "non_event", "missing", "excluded")
            stray = [name for name in own if name in self.model_fields_set]
            if stray:
                raise ValueError(
                    f"a composite has no `{'`, no `'.join(stray)}`: its elements say what counts"
                )
        return self

    @model_validator(mode="after")
    def _coherent(self) -> Outcome:
        if self.type == "count" and self.denominator is None:
            raise ValueError("a count outcome needs `denominator`, the column of person-time")
        if self.type == "continuous" and self.denominator is not None:
            raise ValueError("a continuous outcome has no `denominator`")
        values = self.type == "binary" and self.denominator is None
        stray = [name for name in ("event", "non_event") if name in self.model_fields_set and not values]
        if stray:
            of = "counts have" if self.denominator is not None else f"a {self.type} outcome has"
            raise ValueError(f"{of} no `{'`, no `'.join(stray)}`: they list the values of a binary outcome")
        coded = [*self.missing, *self.excluded, *((*self.event, *self.non_event) if values else ())]
        repeated = {str(value) for value, times in Counter(coded).items() if times > 1}
        if repeated:
            raise ValueError(
                f"coded twice among event, non_event, missing, excluded: {', '.join(sorted(repeated))}"
            )
        return self

    @property
    def name(self) -> str:
        return self.label or self.column

    @property
    def counts_opportunities(self) -> bool:
        """Whether denominators are opportunities for care, of which a person may have several."""
        return self.composite is not None and self.composite.counts_opportunities


class IntercurrentEvent(Declared):
    """Something after randomisation that affects the outcome or its meaning, and how it is handled."""

    event: str
    strategy: Literal[
        "treatment_policy", "hypothetical", "composite", "while_on_treatment", "principal_stratum"
    ]
    level: Literal["cluster", "individual"] = "cluster"


class Estimand(Declared):
    """The effect sought. Every attribute is required: silence is where trials went wrong.

    Over time ``compare`` is the programme and ``reference`` what would have been without it, and ``change``
    says which part of the difference is asked for; a trial has none.
    """

    population: str
    outcome: str
    compare: str
    reference: str
    summary: Summary
    effect: Effect
    target: Target
    intercurrent_events: tuple[IntercurrentEvent, ...] = Field(
        description="Write an empty list to say that none is expected."
    )
    change: AnyChange | None = None
    objective: str = ""
    compare_name: str = Field(default="", description="What a reader calls the compared arm.")
    reference_name: str = Field(default="", description="What a reader calls the reference arm.")

    @model_validator(mode="after")
    def _two_arms(self) -> Estimand:
        if self.compare == self.reference:
            raise ValueError(f"compare and reference are the same arm: {self.compare!r}")
        return self


@dataclass(frozen=True, slots=True)
class Question:
    """An estimand with the population and outcome that it names, resolved.

    ``elements`` are those of a composite outcome, by id in its order.
    """

    estimand_id: str
    estimand: Estimand
    population: Population
    outcome: Outcome
    elements: tuple[tuple[str, Outcome], ...] = ()

    @property
    def outcome_columns(self) -> tuple[str, ...]:
        """The columns that hold the outcome: its own, or those of its elements."""
        if self.outcome.composite is not None:
            return tuple(element.column for _, element in self.elements)
        of = (self.outcome.column, self.outcome.denominator)
        return tuple(name for name in of if name is not None)

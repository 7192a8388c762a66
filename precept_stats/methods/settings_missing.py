"""Settings of missing outcomes: what is assumed of them, and how an analysis takes account of them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from precept_stats.data.declared import Declared
from precept_stats.methods.settings import Choice
from precept_stats.methods.settings_probability import ArmProbability, DeclaredShare, ShareOfClusters
from precept_stats.studies.question import Outcome

Floats = NDArray[np.float64]
Arms = Literal["both", "compare", "reference"]


def signed(shift: float) -> str:
    """A shift with its sign: ``+2``, ``\u22121.5``, ``0``."""
    text = f"{abs(shift):g}"
    return f"\u2212{text}" if shift < 0 else f"+{text}" if shift > 0 else text


def shift_unit(outcome: Outcome) -> str:
    """What shifts of imputed outcomes are measured in."""
    return "on the log odds scale" if outcome.type == "binary" else f"in {outcome.unit or 'its own unit'}"


class ArmShift(Declared):
    """What is added to every imputed outcome of an arm: in its unit, or to the log odds of an event."""

    reference: float = 0.0
    compare: float = 0.0

    @model_validator(mode="after")
    def _finite(self) -> ArmShift:
        if not (math.isfinite(self.reference) and math.isfinite(self.compare)):
            raise ValueError("a shift is a finite number")
        return self

    def __str__(self) -> str:
        return f"reference {self.reference:g}, compare {self.compare:g}"

    def told(self, outcome: Outcome) -> str:
        """The shift of each arm, with what it is measured in."""
        return (
            f"{signed(self.reference)} in the reference arm and {signed(self.compare)} in the compared arm "
            f"({shift_unit(outcome)})"
        )

    @property
    def is_none(self) -> bool:
        return self.reference == 0.0 and self.compare == 0.0


class _MissingOutcomes(Choice):
    """What every choice answers. ``keeps_unanswered``: rows without an outcome are part of the analysis."""

    @property
    def keeps_unanswered(self) -> bool:
        return True

    @property
    def draws(self) -> bool:
        """Whether random numbers are drawn, so that a plan must name a seed."""
        return False

    @property
    def acts_on_complete(self) -> bool:
        """Whether it changes the answer also where no outcome is missing."""
        return False

    def assumption(self, outcome: Outcome) -> str:
        """What is assumed of missing outcomes, as a sentence."""
        raise NotImplementedError

    def brief(self, outcome: Outcome) -> str:
        """What is done about missing outcomes, as words after "by"."""
        raise NotImplementedError


class CompleteCase(_MissingOutcomes):
    """Rows without an outcome are left out."""

    kind: Literal["complete_case"] = "complete_case"

    @property
    def keeps_unanswered(self) -> bool:
        return False

    def brief(self, _outcome: Outcome) -> str:
        return "leaving out rows without an outcome"

    def assumption(self, _outcome: Outcome) -> str:
        return (
            "Rows without an outcome were left out. That assumes outcomes missing at random given the arm "
            "and the covariates of the model: among people of the same arm and covariates, those without an "
            "outcome would have had the same ones as those with it."
        )


COMPLETE_CASE = CompleteCase()
"""What is done unless an analysis says otherwise."""


class _Imputation(_MissingOutcomes):
    imputations: int = Field(default=20, ge=5, le=500, description="How many data sets are completed.")
    by_arm: bool = Field(
        default=True,
        description="Whether each arm has an imputation model of its own; else one has a term for the arm.",
    )

    @property
    def draws(self) -> bool:
        return True

    @property
    def model(self) -> str:
        """How many data sets, from how many models."""
        models = "a model for each arm" if self.by_arm else "one model for both arms"
        return f"{self.imputations} imputations from {models}"


class MultipleImputation(_Imputation):
    """Missing outcomes are drawn from a model with a random intercept of clusters, and the fits are pooled.

    The model has the arm, strata, covariates and auxiliary columns: linear for a continuous outcome,
    logistic for a binary one.
    """

    kind: Literal["multiple_imputation"] = "multiple_imputation"
    delta: ArmShift = Field(
        default=ArmShift(),
        description="What is added to imputed outcomes by arm, in their unit or on the log odds scale.",
    )

    def brief(self, outcome: Outcome) -> str:
        shift = "" if self.delta.is_none else f", shifted by {self.delta.told(outcome)}"
        return f"multiple imputation ({self.model}){shift}"

    def assumption(self, outcome: Outcome) -> str:
        opening = (
            "Missing outcomes were filled in by multiple imputation from a model with a random intercept of "
            "clusters. "
        )
        at_random = (
            "outcomes missing at random given the arm, the cluster, strata, covariates and auxiliary columns"
        )
        if self.delta.is_none:
            return f"{opening}That assumes {at_random}, and that the imputation model holds."
        return (
            f"{opening}They were assumed not to be missing at random: imputed outcomes were shifted by "
            f"{self.delta.told(outcome)} from what would be expected of {at_random}."
        )


class TippingPoint(_Imputation):
    """Multiple imputation over a grid of shifts of what is imputed, to see where the conclusion changes.

    The estimate of the analysis is that without a shift. All shifts use the same random numbers.
    """

    kind: Literal["tipping_point"] = "tipping_point"
    deltas: tuple[float, ...] = Field(
        min_length=2,
        max_length=21,
        description="Shifts of imputed outcomes, ascending and with 0, in their unit or of the log odds.",
    )
    arms: Arms = Field(
        default="both",
        description="Whose imputed outcomes are shifted: `both` takes every pair of shifts, one an arm.",
    )

    @model_validator(mode="after")
    def _ascending(self) -> TippingPoint:
        pairs = zip(self.deltas, self.deltas[1:], strict=False)
        if not all(map(math.isfinite, self.deltas)) or any(low >= high for low, high in pairs):
            raise ValueError("deltas are finite numbers in ascending order")
        if 0.0 not in self.deltas:
            raise ValueError("deltas hold 0, the shift of the analysis' own estimate")
        return self

    def value_text(self, field: str) -> str:
        if field == "deltas":
            return ", ".join(f"{delta:g}" for delta in self.deltas)
        return super().value_text(field)

    @property
    def grid(self) -> Iterator[ArmShift]:
        """Every pair of shifts, that without any first."""
        yield ArmShift()
        of_reference = self.deltas if self.arms != "compare" else (0.0,)
        of_compare = self.deltas if self.arms != "reference" else (0.0,)
        for reference in of_reference:
            for compare in of_compare:
                if reference != 0.0 or compare != 0.0:
                    yield ArmShift(reference=reference, compare=compare)

    def brief(self, outcome: Outcome) -> str:
        shifts = f"{signed(self.deltas[0])} to {signed(self.deltas[-1])} {shift_unit(outcome)}"
        return f"multiple imputation ({self.model}), then shifted over a grid from {shifts}"

    def assumption(self, outcome: Outcome) -> str:
        return (
            f"{MultipleImputation().assumption(outcome)} Imputed outcomes were then shifted by given "
            "amounts, as if outcomes were not missing at random, to see at which shift the conclusion "
            "changes."
        )


class NoTruncation(Choice):
    """Weights are used as they are."""

    kind: Literal["none"] = "none"

    def largest(self, _weights: Floats) -> float:
        """The largest weight that is used."""
        return math.inf


class PercentileTruncation(Choice):
    """Weights above a percentile of them are cut to it."""

    kind: Literal["percentile"] = "percentile"
    at: float = Field(default=99.0, ge=50.0, lt=100.0, description="The percentile of the weights.")

    def largest(self, weights: Floats) -> float:
        """The largest weight that is used."""
        return float(np.percentile(weights, self.at))


class CapTruncation(Choice):
    """Weights above a given one are cut to it."""

    kind: Literal["cap"] = "cap"
    at: float = Field(gt=1.0, description="The largest weight.")

    def largest(self, _weights: Floats) -> float:
        """The largest weight that is used."""
        return self.at


Truncation = Annotated[NoTruncation | PercentileTruncation | CapTruncation, Field(discriminator="kind")]


class _Weighting(_MissingOutcomes):
    truncation: Truncation = Field(default=NoTruncation(), description="What becomes of large weights.")
    by_arm: bool = Field(
        default=True,
        description="Whether each arm has models of its own; else one model has a term for the arm.",
    )

    @property
    def model(self) -> str:
        """How many models, and what becomes of large weights."""
        models = "models for each arm" if self.by_arm else "one model for both arms"
        whole = isinstance(self.truncation, NoTruncation)
        return models if whole else f"{models}, weights cut at {self.value_text('truncation')}"

    def value_text(self, field: str) -> str:
        if field != "truncation":
            return super().value_text(field)
        found = self.truncation
        return found.kind if isinstance(found, NoTruncation) else f"{found.kind} {found.at:g}"


class InverseProbability(_Weighting):
    """Answered rows are weighted by one over their chance of being answered, from a logistic model.

    The model has the arm, strata, covariates and auxiliary columns; standard errors take account of its
    estimation.
    """

    kind: Literal["inverse_probability"] = "inverse_probability"
    stabilised: bool = Field(
        default=False, description="Whether weights are multiplied by the share answered in the arm."
    )

    def brief(self, _outcome: Outcome) -> str:
        stabilised = ", stabilised" if self.stabilised else ""
        return f"weighting answered outcomes by the inverse of their chance ({self.model}{stabilised})"

    def assumption(self, _outcome: Outcome) -> str:
        return (
            "Answered outcomes were weighted by the inverse of their chance of being answered. That assumes "
            "outcomes missing at random given the arm, strata, covariates and auxiliary columns, that the "
            "logistic model of who answered holds, and that everyone had some chance of an answer."
        )


class BothArms(Choice):
    """Everyone's expected outcome in each arm counts, by the chance of that arm (Prague et al. 2016).

    Precision is gained from covariates, also where no outcome is missing, and degrees of freedom are spent on
    those of clusters.
    """

    kind: Literal["both_arms"] = "both_arms"
    probability: ArmProbability = Field(
        default=ShareOfClusters(), description="The probability that a cluster is in the compared arm."
    )

    def value_text(self, field: str) -> str:
        if field != "probability":
            return super().value_text(field)
        chance = self.probability
        return f"{chance.kind} {chance.compare:g}" if isinstance(chance, DeclaredShare) else chance.kind

    @property
    def words(self) -> str:
        """As part of a sentence about the estimator."""
        return f"over both arms, their probability being {self.probability.words}"


class OwnArm(Choice):
    """Each person's expected outcome counts in their own arm alone."""

    kind: Literal["own_arm"] = "own_arm"

    @property
    def words(self) -> str:
        """As part of a sentence about the estimator."""
        return "within each arm"


Augmentation = Annotated[BothArms | OwnArm, Field(discriminator="kind")]


class DoublyRobust(_Weighting):
    """Weighted residuals are added to what a regression of outcomes expects of everyone.

    Both models have strata, covariates and auxiliary columns; standard errors take account of the
    estimation of both. It is consistent if either holds.
    """

    kind: Literal["doubly_robust"] = "doubly_robust"
    augmentation: Augmentation = Field(
        default=BothArms(), description="In which arms everyone's expected outcome counts."
    )

    @property
    def acts_on_complete(self) -> bool:
        return isinstance(self.augmentation, BothArms)

    def value_text(self, field: str) -> str:
        if field != "augmentation":
            return super().value_text(field)
        found = self.augmentation
        return found.kind if isinstance(found, OwnArm) else f"{found.kind}, {found.value_text('probability')}"

    def brief(self, _outcome: Outcome) -> str:
        return (
            f"doubly robust estimation, by weights and a regression of outcomes ({self.model}), "
            f"{self.augmentation.words}"
        )

    def assumption(self, _outcome: Outcome) -> str:
        expected = "in each arm" if isinstance(self.augmentation, BothArms) else "in their own arm"
        return (
            f"Expected outcomes of everyone {expected}, by regression, were corrected by the weighted "
            "residuals of those answered. That assumes outcomes missing at random given the arm, strata, "
            "covariates and auxiliary columns, that everyone had some chance of an answer, and that at least "
            "one of two models holds: that of who answered, or that of the outcome."
        )


MissingOutcomes = Annotated[
    CompleteCase | MultipleImputation | TippingPoint | InverseProbability | DoublyRobust,
    Field(discriminator="kind"),
]
"""How an analysis takes account of outcomes that are missing, told apart by ``kind``."""

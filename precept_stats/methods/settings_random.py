"""Settings of mixed models: which effects are random, and whose residual variance is whose."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from precept_stats.data.declared import Declared
from precept_stats.methods.settings import Choice
from precept_stats.studies.design import AnyDesign
from precept_stats.studies.period_design import PeriodDesign

WORD_OF: dict[str, str] = {"cluster_period": "cluster-period"}
"""What a grouping is called in a sentence, where its name is no word."""


class RandomTerm(Declared):
    """Random effects of one grouping.

    ``by`` is ``cluster``, ``cluster_period``, ``period``, ``participant``, or a column in the study's
    ``groups``. ``slopes`` are ``arm`` or covariates in ``adjust``; ``correlated: false`` makes every
    random effect of the term independent of the others.
    """

    by: str
    intercept: bool = True
    slopes: tuple[str, ...] = ()
    correlated: bool = True

    @model_validator(mode="after")
    def _something(self) -> RandomTerm:
        if not self.intercept and not self.slopes:
            raise ValueError("a random term without intercept and slopes has no random effect")
        if len(set(self.slopes)) < len(self.slopes):
            raise ValueError("a random term names a slope twice")
        return self

    @property
    def effects(self) -> tuple[str, ...]:
        """The random effects, the intercept under its own name."""
        return ("intercept",) * self.intercept + self.slopes

    @property
    def text(self) -> str:
        """The term as formulas write it: ``(1 + arm | cluster)``."""
        effects = " + ".join(("1" if self.intercept else "0", *self.slopes))
        return f"({effects} {'|' if self.correlated else '||'} {self.by})"


class _Structure(Choice):
    """A structure that is a list of random terms; ``participant`` joins it for a closed cohort."""

    decays: ClassVar[bool] = False

    def of(self, cohort: bool) -> tuple[RandomTerm, ...]:
        """The terms, with a random intercept of participants where these are followed over time."""
        return (*self._own(), *((RandomTerm(by="participant"),) if cohort else ()))

    def phrase(self, cohort: bool) -> str:
        """The structure as a few words of a sentence."""
        names = [WORD_OF.get(term.by, term.by) for term in self.of(cohort)]
        several = "s" if len(names) > 1 else ""
        joined = f"{', '.join(names[:-1])} and {names[-1]}" if several else names[0]
        return f"random intercept{several} by {joined}"

    def _own(self) -> tuple[RandomTerm, ...]:
        raise NotImplementedError


class Exchangeable(_Structure):
    """One random intercept a cluster: any two people of a cluster are equally alike."""

    kind: Literal["exchangeable"] = "exchangeable"

    def _own(self) -> tuple[RandomTerm, ...]:
        return (RandomTerm(by="cluster"),)


class NestedExchangeable(_Structure):
    """Random intercepts of clusters and of clusters' periods: alike in a period, less so across."""

    kind: Literal["nested_exchangeable"] = "nested_exchangeable"

    def _own(self) -> tuple[RandomTerm, ...]:
        return (RandomTerm(by="cluster"), RandomTerm(by="cluster_period"))


class DiscreteTimeDecay(_Structure):
    """One random effect a cluster and period, its correlation falling by a factor with each period apart."""

    decays: ClassVar[bool] = True

    kind: Literal["discrete_time_decay"] = "discrete_time_decay"

    def phrase(self, cohort: bool) -> str:
        """The structure as a few words of a sentence."""
        return "cluster-period effects whose correlation decays with time"

    def _own(self) -> tuple[RandomTerm, ...]:
        return (RandomTerm(by="cluster_period"),)


class RandomIntervention(_Structure):
    """A random intercept a cluster and a random effect of the intervention, correlated with it."""

    kind: Literal["random_intervention"] = "random_intervention"

    def phrase(self, cohort: bool) -> str:
        """The structure as a few words of a sentence."""
        more = ", random intercept by participant" if cohort else ""
        return f"random intercept and intervention effect by cluster{more}"

    def _own(self) -> tuple[RandomTerm, ...]:
        return (RandomTerm(by="cluster", slopes=("arm",)),)


class RandomTerms(_Structure):
    """The random effects that are listed, term by term."""

    kind: Literal["terms"] = "terms"
    terms: tuple[RandomTerm, ...] = Field(
        min_length=1,
        description="Each has `by` (`cluster`, `cluster_period`, `period`, `participant` or a column in the "
        "study's `groups`), `intercept` (default true), `slopes` (`arm` or covariates) and `correlated` "
        "(default true).",
    )

    def of(self, cohort: bool) -> tuple[RandomTerm, ...]:
        """The terms as they are listed; a cohort adds nothing."""
        return self.terms

    def phrase(self, cohort: bool) -> str:
        """The structure as formulas write it."""
        return f"random effects {' + '.join(term.text for term in self.terms)}"

    def value_text(self, field: str) -> str:
        """The terms as formulas write them."""
        return " + ".join(term.text for term in self.terms) if field == "terms" else super().value_text(field)


RandomEffects = Annotated[
    Exchangeable | NestedExchangeable | DiscreteTimeDecay | RandomIntervention | RandomTerms,
    Field(discriminator="kind"),
]


class CommonResidual(Choice):
    """One residual variance for all."""

    kind: Literal["common"] = "common"


class ResidualByArm(Choice):
    """A residual variance for each arm; over periods for each condition, the baseline being without."""

    kind: Literal["by_arm"] = "by_arm"


Residual = Annotated[CommonResidual | ResidualByArm, Field(discriminator="kind")]


class ConstantEffect(Choice):
    """The intervention has one effect from its first period on (immediate treatment)."""

    kind: Literal["constant"] = "constant"

    def changed(self, whole: AnyDesign, left: AnyDesign) -> str:
        """How what is asked of part of a design differs from what is asked of the whole: not at all."""
        return ""


class ExposureTimeEffect(Choice):
    """An effect for each number of periods since the switch; their average is the answer."""

    kind: Literal["exposure_time"] = "exposure_time"

    def changed(self, whole: AnyDesign, left: AnyDesign) -> str:
        """Averages over fewer exposure times are other questions; empty when they are the same."""
        if not (isinstance(whole, PeriodDesign) and isinstance(left, PeriodDesign)):
            return ""
        all_times, times = (int(design.row_exposure.max()) for design in (whole, left))
        if all_times == times:
            return ""
        return f"the average is over {times} exposure times, in the whole trial over {all_times}"


EffectOverTime = Annotated[ConstantEffect | ExposureTimeEffect, Field(discriminator="kind")]

"""Which intracluster correlations are asked of a study, and whether it can answer."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field, model_validator

from precept_stats.data.declared import Declared
from precept_stats.methods.contract import unused
from precept_stats.methods.settings_icc import AnovaIcc, AnyIcc, PairwiseIcc, Removed, RestrictedIcc
from precept_stats.methods.settings_icc_intervals import ZouDonner
from precept_stats.studies import AnyStudy
from precept_stats.studies.cluster_trial import ClusterTrial
from precept_stats.studies.question import Outcome


class IccSettings(Declared):
    """The estimators of a correlation, and within what clusters are compared.

    ``removed`` says what is taken out of the outcome first: ``nothing``, the means of the arms, or those
    of strata (or pairs) of arms; over periods always the means of periods of a condition. ``by_arm`` adds
    each arm alone; over periods, where clusters change arms, the periods of clusters under each condition.
    """

    estimators: tuple[AnyIcc, ...] = Field(default=(AnovaIcc(),), min_length=1)
    removed: Removed = "arm"
    by_arm: bool = False

    @model_validator(mode="after")
    def _once_each(self) -> IccSettings:
        texts = [estimator.text for estimator in self.estimators]
        again = sorted({text for text in texts if texts.count(text) > 1})
        if again:
            raise ValueError(f"the same estimator is named twice: {', '.join(again)}")
        return self

    @property
    def needs_seed(self) -> bool:
        """Whether an interval draws random numbers."""
        return any(estimator.draws for estimator in self.estimators)


def icc_objections(settings: IccSettings, study: AnyStudy, outcome: Outcome) -> tuple[str, ...]:
    """Why these correlations cannot be had of this outcome and study; empty when they can."""
    return tuple(_objections(settings, study, outcome))


def _objections(settings: IccSettings, study: AnyStudy, outcome: Outcome) -> Iterator[str]:
    over_periods = not isinstance(study, ClusterTrial)
    ignored = [*unused(frozenset(), study), *(["adjust"] if study.adjust else [])]
    if ignored:
        yield f"a correlation takes no account of the study's {', '.join(ignored)}: leave them out here"
    if outcome.type == "count":
        yield "counts over person-time have no intracluster correlation here"
        return
    for estimator in settings.estimators:
        if outcome.type not in estimator.outcomes:
            yield f"{estimator.kind} is for binary outcomes, and this one is {outcome.type}"
        elif outcome.type != "binary" and isinstance(estimator.interval, ZouDonner):
            yield f"the zou_donner interval of {estimator.kind} is for binary outcomes"
        if over_periods and not estimator.over_periods:
            yield f"{estimator.kind} is for one time: over periods there are reml and pairwise"
        elif over_periods and isinstance(estimator, PairwiseIcc) and estimator.weights != "pairs":
            yield f"over periods pairwise has the weights pairs only, not {estimator.weights}"
        elif over_periods and isinstance(estimator.interval, ZouDonner):
            yield "the zou_donner interval is for one time: over periods name a bootstrap"
        elif over_periods and isinstance(estimator, RestrictedIcc) and estimator.draws:
            yield "over periods reml has its own interval (likelihood) only"
    if over_periods and settings.removed == "nothing":
        yield "over periods the means of periods and conditions are always removed"

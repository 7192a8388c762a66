"""The parallel cluster trial whose baseline outcomes are analysed beside those at follow-up."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from precept_stats.data.selection import Scalar
from precept_stats.studies.cluster_trial import BASELINE_OUTCOME, Periods
from precept_stats.studies.trial_columns import TrialColumns, own_columns


class ClusterTrialWithBaseline(TrialColumns):
    """A parallel cluster trial with outcomes before and after, both of them outcomes of the model.

    The arms have one mean at baseline, since randomisation came after it (constrained baseline
    analysis, cLDA; Liang and Zeger 2000, Sankhya B 62:134; Hooper et al. 2018, Stat Med 37:1238).
    Rows are told apart by ``periods`` (months counted from each cluster's start), or by the column
    ``period`` with the values that are ``baseline`` and those that are ``follow_up``. ``participant``
    names the people of a closed cohort; without it the two periods are cross-sections of different
    people. A cluster with data in one of the two periods only stays in.
    """

    kind: Literal["cluster_trial_with_baseline"] = "cluster_trial_with_baseline"
    periods: Periods | None = None
    period: str | None = None
    baseline: tuple[Scalar, ...] = ()
    follow_up: tuple[Scalar, ...] = ()
    participant: str | None = None

    @property
    def pairs(self) -> None:
        """Pairs are named as strata here: a pair is a stratum of two clusters."""
        return

    @model_validator(mode="after")
    def _coherent(self) -> ClusterTrialWithBaseline:
        if (self.periods is None) == (self.period is None):
            raise ValueError("name `periods` (months from each cluster's start) or `period` (a column), one")
        if (self.period is not None) != bool(self.baseline and self.follow_up):
            raise ValueError("`period` goes with `baseline` and `follow_up`, the values that each has")
        both = [str(value) for value in self.baseline if value in self.follow_up]
        if both:
            raise ValueError(f"{', '.join(both)} is both baseline and follow-up")
        own = own_columns(self, (self.period, self.participant))
        if own:
            raise ValueError(
                f"adjust names {', '.join(own)}: the cluster, the arm, the period and the participant "
                "are no covariates"
            )
        if BASELINE_OUTCOME in self.adjust:
            raise ValueError(
                f"`{BASELINE_OUTCOME}` is an outcome here, no covariate; to adjust for it use cluster_trial"
            )
        return self

    def time_columns(self) -> tuple[tuple[str, str], ...]:
        """The column of periods, or the month and the start month."""
        if self.periods is not None:
            return self.periods.columns()
        return (("period", self.period),) if self.period is not None else ()

    def _optional(self) -> tuple[tuple[str, str | None], ...]:
        return (("participant", self.participant), *super()._optional())

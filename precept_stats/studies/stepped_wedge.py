"""The stepped-wedge cluster trial: clusters that switch to the intervention at different times."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from precept_stats.data.selection import Scalar
from precept_stats.studies.cluster_trial import BASELINE_OUTCOME
from precept_stats.studies.declared_allocation import AsStratified, WedgeAllocation
from precept_stats.studies.trial_columns import TrialColumns, own_columns


class SteppedWedge(TrialColumns):
    """A cluster trial over periods in which clusters switch from control to intervention, once each.

    ``period`` is the column of time: whole numbers, dates, ``YYYY-MM``, or names with a number
    (``wave 2``). ``arm`` is the condition that a row was under, the estimand's reference or compared
    one, one a cluster and period; values listed in ``transition`` mark periods of implementation, whose
    rows are left out and counted. ``participant`` names the people of a closed cohort; without it every
    period is a new cross-section. Parallel trials with several periods are the special case in which a
    cluster starts under its condition. ``allocation`` says which switches the clusters could have had, where
    strata do not say it all.
    """

    kind: Literal["stepped_wedge"] = "stepped_wedge"
    period: str
    participant: str | None = None
    transition: tuple[Scalar, ...] = ()
    allocation: WedgeAllocation = AsStratified()

    @property
    def pairs(self) -> None:
        """Clusters of a stepped wedge are not paired: what they were allocated within are strata."""
        return

    @model_validator(mode="after")
    def _coherent(self) -> SteppedWedge:
        own = own_columns(self, (self.period, self.participant))
        if own:
            raise ValueError(
                f"adjust names {', '.join(own)}: the cluster, the arm, the period and the participant "
                "are in every model already"
            )
        if BASELINE_OUTCOME in self.adjust:
            raise ValueError(f"`{BASELINE_OUTCOME}` is of a parallel trial; here periods are modelled")
        return self

    def time_columns(self) -> tuple[tuple[str, str], ...]:
        """The column of periods."""
        return (("period", self.period),)

    def _optional(self) -> tuple[tuple[str, str | None], ...]:
        return (("participant", self.participant), *super()._optional())

"""The parallel cluster randomised trial: which columns mean what."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from precept_stats.data.declared import Declared
from precept_stats.studies.declared_allocation import AnyAllocation, AsStratified
from precept_stats.studies.trial_columns import TrialColumns, own_columns

BASELINE_OUTCOME = "baseline_outcome"


class Window(Declared):
    """A run of calendar months counted from the unit's own start month (0), both ends included."""

    first: int = Field(alias="from")
    last: int = Field(alias="to")

    @model_validator(mode="after")
    def _in_order(self) -> Window:
        if self.first > self.last:
            raise ValueError(
                f"a window runs from the earlier month to the later: from {self.first} to {self.last}"
            )
        return self


class Periods(Declared):
    """Staggered starts: each row's month against its cluster's start month.

    Rows in ``follow_up`` give the outcome; rows in ``baseline`` give the cluster's baseline
    outcome, which ``adjust`` may name as ``baseline_outcome``; other rows are not used.
    Months are dates (any day of the month) or ``YYYY-MM`` text.
    """

    month: str
    start: str
    baseline: Window
    follow_up: Window

    @model_validator(mode="after")
    def _apart(self) -> Periods:
        if self.baseline.last >= self.follow_up.first:
            raise ValueError("the baseline window must end before the follow-up window begins")
        return self

    def columns(self) -> tuple[tuple[str, str], ...]:
        """The two columns of months, with the fields that name them."""
        return (("periods/month", self.month), ("periods/start", self.start))


class ClusterTrial(TrialColumns):
    """A parallel cluster randomised trial, rows being participants or counts with denominators.

    ``strata`` are the columns that stratified the randomisation; ``pairs`` the column that
    matched clusters, with ``incomplete_pairs`` saying what becomes of a cluster without a partner.
    ``received`` is the column of what was received, whatever was allocated (0 or 1, or a dose), for a method
    that asks for it. ``subgroup`` is a column of categories between which the effect is compared: the answer
    is then the interaction. ``adjust`` are covariates, individual or cluster level (found from the data:
    constant within every cluster is cluster level). ``characteristics`` are the columns of Table 1.
    ``groups`` are further groupings of the rows for random effects, ``weights`` inverse relative residual
    variances, ``offset`` a column added to the linear predictor. ``allocation`` says which allocations there
    could have been, where strata or pairs do not say it all. ``auxiliary`` are columns that tell of missing
    outcomes, or of who has one: they are in the model for what is missing and in no other.
    """

    kind: Literal["cluster_trial"] = "cluster_trial"
    pairs: str | None = None
    incomplete_pairs: Literal["drop", "error"] = "error"
    received: str | None = None
    subgroup: str | None = None
    periods: Periods | None = None
    allocation: AnyAllocation = AsStratified()
    auxiliary: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _coherent(self) -> ClusterTrial:
        if self.strata and self.pairs:
            raise ValueError("name strata or pairs, not both: a pair is a stratum of two clusters")
        own = own_columns(self)
        if own:
            raise ValueError(f"adjust names {', '.join(own)}: the cluster and the arm are no covariates")
        for field, columns in (("adjust", self.adjust), ("characteristics", self.characteristics)):
            if BASELINE_OUTCOME in columns and self.periods is None:
                raise ValueError(
                    f"`{BASELINE_OUTCOME}` in {field} needs `periods`, which says when baseline is"
                )
        return self

    @model_validator(mode="after")
    def _auxiliary_beside(self) -> ClusterTrial:
        taken = {self.cluster, self.arm, self.pairs, BASELINE_OUTCOME, *self.strata, *self.adjust}
        twice = [column for column in self.auxiliary if column in taken or self.auxiliary.count(column) > 1]
        if twice:
            raise ValueError(
                f"auxiliary names {', '.join(dict.fromkeys(twice))}, which has another part in the study"
            )
        return self

    def named(self) -> tuple[tuple[str, str], ...]:
        auxiliary = ((f"auxiliary/{number}", column) for number, column in enumerate(self.auxiliary))
        return (*super().named(), *auxiliary)

    @model_validator(mode="after")
    def _received_apart(self) -> ClusterTrial:
        taken = {self.cluster, self.arm, self.pairs, *self.strata, *self.adjust} - {None}
        if self.received in taken:
            raise ValueError(
                f"received names {self.received}, which has another part in the study: it is the column of "
                "what was received, whatever was allocated"
            )
        return self

    @model_validator(mode="after")
    def _subgroup_apart(self) -> ClusterTrial:
        if self.subgroup is not None and self.subgroup in (self.cluster, self.arm, self.received):
            raise ValueError(
                f"subgroup names {self.subgroup}: the cluster, the arm and what was received are none"
            )
        return self

    def _optional(self) -> tuple[tuple[str, str | None], ...]:
        balanced = ((f"allocation/{field}", column) for field, column in self.allocation.columns())
        return (
            ("pairs", self.pairs),
            ("received", self.received),
            ("subgroup", self.subgroup),
            *super()._optional(),
            *balanced,
        )

    def time_columns(self) -> tuple[tuple[str, str], ...]:
        """The month and the start month, where windows are counted from the start."""
        return self.periods.columns() if self.periods is not None else ()

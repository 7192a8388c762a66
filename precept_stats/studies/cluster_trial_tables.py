"""From tables and a question to the arrays of a parallel cluster trial, every row accounted for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from precept_stats.studies import allocation as allocate
from precept_stats.studies.allocation_tables import trial_allocations
from precept_stats.studies.auxiliary import incomplete_trial, read_auxiliary, unanswered_kept
from precept_stats.studies.cluster_trial import BASELINE_OUTCOME, ClusterTrial
from precept_stats.studies.cluster_trial_description import describe
from precept_stats.studies.cluster_trial_design import Ints
from precept_stats.studies.composite_coding import composite_rows
from precept_stats.studies.covariates import Column
from precept_stats.studies.flow import Bools, Selection, flow_rows
from precept_stats.studies.labels import Labels, label_rows, listed
from precept_stats.studies.outcome_coding import CodedOutcome
from precept_stats.studies.population import SourceTable
from precept_stats.studies.prepared_trial import BaselineOutcome, PreparedTrial
from precept_stats.studies.question import Question
from precept_stats.studies.row_columns import read_row_columns
from precept_stats.studies.steps import (
    Trial,
    by_cluster,
    characteristics_of,
    code_rows,
    complete_rows,
    covariates_of,
    in_population,
    loss_warnings,
    participants,
    read_columns,
    read_trial,
    with_covariates,
    with_outcome,
    without_other_arms,
)
from precept_stats.studies.trial_design import Analysed, build_design
from precept_stats.studies.windows import find_windows, months

__all__ = ["PreparedTrial", "describe", "prepare"]


def prepare(
    study: ClusterTrial,
    data: Mapping[str, SourceTable],
    question: Question,
    keep_unanswered: bool = False,
) -> PreparedTrial:
    """Turn tables into the design of a cluster trial, and keep account of every row.

    The steps, each in the flow: recorded rows, population conditions one at a time, other arms,
    windows, outcomes that do not apply or are missing, missing covariates, incomplete pairs.
    Clusters are in natural order of their names and rows are sorted, so the order of the data
    changes no number. With ``keep_unanswered`` rows whose outcome is missing are kept beside the
    design, for a model of what is missing; rows with a missing covariate leave all the same. Tables are
    not changed. Raises DataError, naming what was found and where, when the tables do not hold the
    trial that the study describes.
    """
    trial = read_trial(study, data, question)
    absent = allocate.allocated_without_rows(study, question.population, data, trial.found, question.estimand)
    eligible, warnings = eligible_rows(trial, absent)
    concerned, in_baseline = _in_windows(study, trial, eligible)
    coded = code_rows(trial, concerned.kept | in_baseline)
    of_bundle = composite_rows(trial.frame, question, concerned, coded)
    concerned = with_outcome(trial, concerned, coded)
    baseline = _baseline(trial, coded, in_baseline) if study.periods else None
    columns = read_columns(trial, concerned.kept)
    if baseline is not None:
        columns[BASELINE_OUTCOME] = baseline.mean[trial.found.cluster.codes[concerned.kept]]
    read = _Read(study, trial, absent, eligible, concerned, coded, columns, baseline)
    analysed = read.analysed(complete_rows(trial, concerned, coded, columns), "Analysed")
    design = build_design(question, analysed)
    allocations, told = trial_allocations(study, trial, data, design, absent)
    described = by_cluster(concerned, np.flatnonzero(concerned.kept))
    about = characteristics_of(trial, columns, np.arange(len(described.rows)))
    prepared = PreparedTrial(
        study=study,
        question=question,
        design=replace(design, allocations=allocations),
        flow=flow_rows(analysed.selection.steps, analysed.selection.roster.people_label),
        participants=replace(
            participants(concerned, coded, described, about), month=_months(study, trial, concerned.kept)
        ),
        baseline=_of_clusters(baseline, analysed.selection.clusters()),
        warnings=(*warnings, *told, *read.warnings(analysed)),
        composite=of_bundle,
    )
    return read.with_unanswered(prepared, data, warnings) if keep_unanswered else prepared


@dataclass(frozen=True, slots=True, eq=False)
class _Read:
    """What was read of a trial: who is eligible, whom the outcome concerns, and their columns."""

    study: ClusterTrial
    trial: Trial
    absent: tuple[tuple[str, str], ...]
    eligible: Selection
    concerned: Selection
    coded: CodedOutcome
    columns: Mapping[str, Column]
    baseline: BaselineOutcome | None

    def analysed(self, complete: Selection, words: str) -> Analysed:
        """Those of ``complete`` who have a partner, with everything that a design is made of."""
        trial, names = self.trial, self.trial.found.cluster.names
        final = _paired(self.study, trial, complete).stand("analysed", words, sizes=True)
        lost = np.setdiff1d(self.eligible.clusters(), final.clusters())
        dropped = (*(names[cluster] for cluster in lost), *(name for name, _ in self.absent))
        covariates = covariates_of(trial, self.columns, self.concerned.kept, final.kept)
        further = read_row_columns(self.study, trial.gathered, final.kept)
        return Analysed(trial.found, final, self.coded, covariates, self.baseline, dropped, further)

    def warnings(self, analysed: Analysed) -> tuple[str, ...]:
        """Clusters that are lost, people who are not counted, clusters without a baseline."""
        final = analysed.selection
        lost = loss_warnings(analysed.dropped, self.coded, final.roster.people)
        return (*lost, *_without_baseline(final, self.baseline))

    def with_unanswered(
        self, prepared: PreparedTrial, data: Mapping[str, SourceTable], warnings: tuple[str, ...]
    ) -> PreparedTrial:
        """The same trial with the rows whose outcome is missing beside it, and a flow that keeps them."""
        covered = with_covariates(self.trial, self.concerned, self.concerned.kept, self.columns)
        kept = self.analysed(covered, "Analysed, missing outcomes accounted for")
        auxiliary = read_auxiliary(self.study.auxiliary, self.trial, kept.selection.kept)
        everyone = replace(kept, coded=unanswered_kept(self.coded))
        incomplete = incomplete_trial(prepared.question, everyone, auxiliary)
        allocations, told = trial_allocations(self.study, self.trial, data, incomplete.design, self.absent)
        return replace(
            prepared,
            flow=flow_rows(kept.selection.steps, kept.selection.roster.people_label),
            incomplete=replace(incomplete, design=replace(incomplete.design, allocations=allocations)),
            warnings=(*warnings, *told, *self.warnings(kept), *auxiliary.warnings),
        )


def eligible_rows(
    trial: Trial, absent: tuple[tuple[str, str], ...], people_label: str = "Individuals"
) -> tuple[Selection, tuple[str, ...]]:
    """The rows of the population in the two arms, the allocation checked.

    ``absent`` are clusters, with their arm, that were allocated and have no row.
    """
    estimand, found = trial.question.estimand, trial.found
    selection, warnings = in_population(trial, people_label)
    allocate.check_arms(trial.study, found, selection.kept, estimand, trial.where)
    selection = without_other_arms(trial, selection)
    roster = selection.roster
    allocate.check_blocks(trial.study, found, selection.kept, roster.arm)
    if absent:
        arms = [arm for _, arm in absent]
        selection = selection.begun_with({arm: arms.count(arm) for arm in roster.arm_names})
    return selection.stand("eligible", "Eligible", sizes=True), warnings


def _in_windows(study: ClusterTrial, trial: Trial, eligible: Selection) -> tuple[Selection, Bools]:
    """The rows of the follow-up window, and which rows are in the baseline window."""
    periods = study.periods
    if periods is None:
        return eligible, np.zeros(len(trial.frame), dtype=np.bool_)
    in_baseline, in_follow_up = find_windows(
        periods, trial.frame, trial.found.cluster, eligible.kept, trial.where
    )
    outside = eligible.leave(
        "outside_windows", "Outside the baseline and follow-up windows", ~in_baseline & ~in_follow_up
    )
    return outside.leave(
        "baseline_window", "In the baseline window, used for the baseline outcome", in_baseline
    ), in_baseline


def _months(study: ClusterTrial, trial: Trial, rows: Bools) -> Labels | None:
    """The month of each of ``rows``, where the study names a column of months."""
    if study.periods is None:
        return None
    column = study.periods.month
    return months(trial.frame.loc[rows, column], f"{trial.where}, column {column!r}")


def _baseline(trial: Trial, coded: CodedOutcome, in_baseline: Bools) -> BaselineOutcome:
    """Totals and denominators in the baseline window for every cluster that the rows name."""
    cluster, n_clusters = trial.found.cluster.codes[in_baseline], len(trial.found.cluster.names)
    return BaselineOutcome(
        total=np.bincount(cluster, weights=coded.y[in_baseline], minlength=n_clusters),
        size=np.bincount(cluster, weights=coded.size[in_baseline], minlength=n_clusters),
        people=np.bincount(cluster, weights=coded.size[in_baseline] > 0, minlength=n_clusters),
    )


def _of_clusters(baseline: BaselineOutcome | None, clusters: Ints) -> BaselineOutcome | None:
    if baseline is None:
        return None
    return BaselineOutcome(baseline.total[clusters], baseline.size[clusters], baseline.people[clusters])


def _paired(study: ClusterTrial, trial: Trial, complete: Selection) -> Selection:
    """Leave out rows without what was received or their subgroup, then clusters without a partner."""
    complete = _of_subgroups(study, trial, _receiving(study, trial, complete))
    if study.pairs is None:
        return complete
    alone = allocate.partnerless(study, trial.found, complete.kept, complete.roster.arm)
    return complete.leave("incomplete_pair", "Pair without its other cluster", alone)


def _receiving(study: ClusterTrial, trial: Trial, complete: Selection) -> Selection:
    """Leave out the rows for which what was received is not recorded, where the study names it."""
    if study.received is None:
        return complete
    words = f"Not recorded what was received ({trial.gathered.title(study.received)})"
    missing = trial.frame[study.received].isna().to_numpy(dtype=np.bool_)
    return complete.leave("received_missing", words, missing)


def _of_subgroups(study: ClusterTrial, trial: Trial, complete: Selection) -> Selection:
    """Leave out the rows whose subgroup is not recorded, where the study names one."""
    if study.subgroup is None:
        return complete
    words = f"Subgroup not recorded ({trial.gathered.title(study.subgroup)})"
    return complete.leave("subgroup_missing", words, label_rows(trial.frame[study.subgroup]).codes < 0)


def _without_baseline(final: Selection, baseline: BaselineOutcome | None) -> tuple[str, ...]:
    if baseline is None:
        return ()
    without = [final.roster.cluster_names[c] for c in final.clusters() if baseline.size[c] == 0]
    return (f"no baseline outcome for clusters {listed(without, 20)}",) if without else ()

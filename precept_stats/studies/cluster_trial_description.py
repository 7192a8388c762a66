"""What describes a trial beside its estimates: Table 1, missing outcomes, and the clusters' outcomes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from precept_stats.studies.cluster_trial_design import ClusterTrialDesign, Floats, Ints
from precept_stats.studies.covariates import Column, as_codes, is_missing, varying_clusters
from precept_stats.studies.design import AnyDesign
from precept_stats.studies.flow import Bools
from precept_stats.studies.labels import Labels
from precept_stats.studies.prepared_trial import Characteristic, Participants, PreparedTrial
from precept_stats.studies.question import Outcome
from precept_stats.studies.size_dependence import size_dependence
from precept_stats.values import Context, Row

Groups = tuple[tuple[str, str], ...]
CLUSTER_SIZE = "cluster_size"
YES_NO = {"False": "no", "True": "yes"}


@dataclass(frozen=True, slots=True)
class About:
    """What the rows of one variable repeat."""

    analysis: str
    context: Context
    variable: str
    term: str

    def row(self, groups: Groups, stat: tuple[str, str, float | int | str, str], level: str = "") -> Row:
        """One row; ``stat`` is its name, label, value and unit."""
        name, label, value, unit = stat
        return Row(
            analysis=self.analysis,
            context=self.context,
            stat_name=name,
            stat=value,
            stat_label=label,
            unit=unit,
            groups=groups,
            variable=self.variable,
            variable_level=level,
            term=self.term,
        )


def describe(prepared: PreparedTrial, analysis: str) -> tuple[Row, ...]:
    """Rows of context ``baseline``, ``missingness``, ``cluster_outcome`` and ``size_dependence``.

    Table 1 is about the eligible individuals whom the outcome concerns (those of the follow-up
    window when there are periods), whether or not their outcome was recorded, and about their
    clusters, with the outcome of these in the baseline window. A characteristic that is constant
    within every cluster is summarised over clusters, any other over individuals. There are no
    p-values: differences at baseline between randomised arms are due to chance (CONSORT 2025, item 25).
    """
    return (
        *table_one(prepared.participants, prepared.design.arm_names, analysis),
        *missingness(prepared.participants, prepared.design, analysis),
        *_cluster_outcomes(prepared, analysis),
        *size_dependence(prepared.design, analysis),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Units:
    """What is summarised: clusters or individuals, each with its arm (0 reference, 1 compared)."""

    level: str
    arm: Ints
    arm_names: tuple[str, str]

    def by_arm(self) -> Iterator[tuple[Groups, Bools]]:
        for number, name in enumerate(self.arm_names):
            yield (("arm", name), ("level", self.level)), self.arm == number

    @property
    def counted_in(self) -> str:
        return "clusters" if self.level == "cluster" else "individuals"


def table_one(people: Participants, arm_names: tuple[str, str], analysis: str) -> Iterator[Row]:
    """Cluster sizes and every characteristic, by arm."""
    sizes = np.bincount(people.row_cluster, weights=people.people, minlength=len(people.clusters))
    about = About(analysis, "baseline", CLUSTER_SIZE, "Cluster size")
    yield from _numeric(about, _Units("cluster", people.arm, arm_names), sizes, "individuals per cluster")
    for characteristic in people.characteristics:
        yield from _characteristic(characteristic, people, arm_names, analysis)


def _characteristic(
    characteristic: Characteristic, people: Participants, arm_names: tuple[str, str], analysis: str
) -> Iterator[Row]:
    about = About(analysis, "baseline", characteristic.name, characteristic.label)
    column, n_clusters = characteristic.column, len(people.clusters)
    if len(varying_clusters(as_codes(column), people.row_cluster, n_clusters)):
        times = people.people.astype(np.intp)
        units = _Units("individual", np.repeat(people.arm[people.row_cluster], times), arm_names)
        column = _repeated(column, times)
    else:
        units = _Units("cluster", people.arm, arm_names)
        column = _first_value(column, people.row_cluster, n_clusters)
    if isinstance(column, Labels):
        yield from _categorical(about, units, column)
    else:
        yield from _numeric(about, units, column, characteristic.unit)


def _repeated(column: Column, times: Ints) -> Column:
    """One entry an individual: a row of a grouped table stands for as many as its denominator."""
    if isinstance(column, Labels):
        return Labels(np.repeat(column.codes, times), column.names)
    return np.repeat(column, times)


def _first_value(column: Column, row_cluster: Ints, n_clusters: int) -> Column:
    """The value of each cluster for a column that is constant within clusters."""
    seen = np.flatnonzero(~is_missing(column))
    if isinstance(column, Labels):
        codes = np.full(n_clusters, -1, dtype=np.intp)
        codes[row_cluster[seen]] = column.codes[seen]
        return Labels(codes, column.names)
    values = np.full(n_clusters, np.nan)
    values[row_cluster[seen]] = column[seen]
    return values


def _numeric(about: About, units: _Units, values: Floats, unit: str) -> Iterator[Row]:
    """Mean (SD) and median (quartiles) of the values that are there, by arm."""
    for groups, mine in units.by_arm():
        recorded = values[mine & ~np.isnan(values)]
        yield about.row(groups, ("N", "Recorded", len(recorded), units.counted_in))
        yield about.row(groups, ("n_missing", "Missing", int(mine.sum()) - len(recorded), units.counted_in))
        if len(recorded):
            lower, median, upper = (float(q) for q in np.quantile(recorded, (0.25, 0.5, 0.75)))
            yield about.row(groups, ("mean", "Mean", float(recorded.mean()), unit))
            yield about.row(groups, ("median", "Median", median, unit))
            yield about.row(groups, ("p25", "Lower quartile", lower, unit))
            yield about.row(groups, ("p75", "Upper quartile", upper, unit))
        if len(recorded) > 1:
            yield about.row(groups, ("sd", "Standard deviation", float(recorded.std(ddof=1)), unit))


def _categorical(about: About, units: _Units, labels: Labels) -> Iterator[Row]:
    """Counts and proportions of those with a value, for each category that occurs, by arm."""
    occurring = np.unique(labels.codes[labels.codes >= 0])
    for groups, mine in units.by_arm():
        codes = labels.codes[mine]
        counts = np.bincount(codes[codes >= 0], minlength=len(labels.names))
        total = int(counts.sum())
        for code in occurring:
            level = YES_NO.get(labels.names[code], labels.names[code])
            yield about.row(groups, ("n", "Number", int(counts[code]), units.counted_in), level)
            yield about.row(groups, ("N", "Recorded", total, units.counted_in), level)
            if total:
                yield about.row(groups, ("p", "Proportion", float(counts[code] / total), "proportion"), level)
        yield about.row(groups, ("n_missing", "Missing", len(codes) - total, units.counted_in))


def missingness(people: Participants, design: AnyDesign, analysis: str) -> Iterator[Row]:
    """Individuals whose outcome was not recorded, by arm, by cluster, and by month where months are known."""
    outcome = design.outcome
    about = About(analysis, "missingness", outcome.column, outcome.name)
    n_clusters = len(people.clusters)
    everyone = np.bincount(people.row_cluster, weights=people.people, minlength=n_clusters)
    missing = np.bincount(people.row_cluster, weights=people.people * people.missing, minlength=n_clusters)
    for number, name in enumerate(design.arm_names):
        mine = people.arm == number
        yield from missing_rows(
            about, (("arm", name),), float(missing[mine].sum()), float(everyone[mine].sum())
        )
    for cluster, name in enumerate(people.clusters):
        groups = (("arm", design.arm_names[people.arm[cluster]]), ("cluster", name))
        yield from missing_rows(about, groups, float(missing[cluster]), float(everyone[cluster]))
    yield from _missing_by_month(about, people, design.arm_names)


def _missing_by_month(about: About, people: Participants, arm_names: tuple[str, str]) -> Iterator[Row]:
    if people.month is None:
        return
    row_arm = people.arm[people.row_cluster]
    for arm, arm_name in enumerate(arm_names):
        for month, name in enumerate(people.month.names):
            mine = (row_arm == arm) & (people.month.codes == month)
            if mine.any():
                missing = float(people.people[mine & people.missing].sum())
                groups = (("arm", arm_name), ("period", name))
                yield from missing_rows(about, groups, missing, float(people.people[mine].sum()))


def missing_rows(about: About, groups: Groups, missing: float, everyone: float) -> Iterator[Row]:
    """How many outcomes are missing, among how many, and the share."""
    yield about.row(groups, ("n_missing", "Outcome missing", round(missing), "individuals"))
    yield about.row(groups, ("N", "Individuals", round(everyone), "individuals"))
    if everyone > 0:
        yield about.row(groups, ("p_missing", "Proportion missing", missing / everyone, "proportion"))


def _cluster_outcomes(prepared: PreparedTrial, analysis: str) -> Iterator[Row]:
    """The outcome of every analysed cluster at follow-up and, where there is one, at baseline."""
    design, baseline = prepared.design, prepared.baseline
    people = np.bincount(design.row_cluster, minlength=design.n_clusters).astype(np.float64)
    yield from _period(design, "follow_up", (design.cluster_total, design.cluster_size, people), analysis)
    if baseline is not None:
        yield from _period(design, "baseline", (baseline.total, baseline.size, baseline.people), analysis)


def _period(
    design: ClusterTrialDesign, period: str, totals: tuple[Floats, Floats, Floats], analysis: str
) -> Iterator[Row]:
    """Counts of each cluster; of opportunities only the proportion, beside the number of people."""
    outcome = design.outcome
    about = About(analysis, "cluster_outcome", outcome.column, outcome.name)
    below = "person-time" if outcome.type == "count" else "individuals"
    for cluster, (total, size, people) in enumerate(zip(*totals, strict=True)):
        groups = (
            ("arm", design.arm_names[design.arm[cluster]]),
            ("cluster", design.clusters[cluster]),
            ("period", period),
        )
        if outcome.counts_opportunities:
            yield about.row(groups, ("N", "Individuals", int(people), "individuals"))
            if size > 0:
                share = float(total / size)
                yield about.row(groups, ("mean", "Proportion of opportunities", share, "proportion"))
            continue
        denominator = int(size) if below == "individuals" else float(size)
        yield about.row(groups, ("N", below.capitalize(), denominator, below))
        if outcome.type != "continuous":
            yield about.row(groups, ("n", "Events", int(total), "events"))
        if size > 0:
            yield about.row(groups, average(outcome, float(total / size)))


def average(outcome: Outcome, value: float) -> tuple[str, str, float, str]:
    """A mean, a proportion or a rate, as name, label, value and unit."""
    if outcome.type == "continuous":
        return ("mean", "Mean", value, outcome.unit)
    if outcome.type == "binary":
        return ("p", "Proportion", value, "proportion")
    return ("p", "Rate", value, outcome.unit or "per unit of person-time")

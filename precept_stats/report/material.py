"""What every section is given: rows that have passed the gate, the plan, and where they came from."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import get_args

from precept_stats.data.policies import read_policy
from precept_stats.plan.document import Plan
from precept_stats.plan.loaded import LoadedPlan
from precept_stats.report.arms import arm_names
from precept_stats.report.disclosure import Released
from precept_stats.report.format import Scale, scale_for
from precept_stats.studies.cluster_trial import ClusterTrial
from precept_stats.studies.question import Question
from precept_stats.studies.stepped_wedge import SteppedWedge
from precept_stats.values import Context, IntervalKind, Provenance, Row

STANDING = ("allocated", "recorded", "eligible", "analysed")
"""The steps of the flow that say who is there; at all others, some left."""


@dataclass(frozen=True, slots=True)
class Material:
    """The input of every section. ``released`` is the only way to numbers."""

    loaded: LoadedPlan
    released: Released
    provenance: Provenance

    @property
    def plan(self) -> Plan:
        return self.loaded.plan

    @property
    def small(self) -> str:
        """The counts of people that the disclosure policy does not show, such as ``1 to 7``."""
        rule = read_policy(self.released.policy).policy.counts
        return "" if rule is None else rule.words

    @property
    def question(self) -> Question:
        """The question of the primary analysis."""
        return self.plan.question(self.plan.primary)

    @property
    def arms(self) -> tuple[str, str]:
        """The names of the compared arm and of the reference arm of the primary question."""
        return self.arms_of(self.plan.primary)

    def arms_of(self, analysis: str) -> tuple[str, str]:
        """The names of the compared arm and of the reference arm of an analysis."""
        names, estimand = arm_names(self.plan), self.plan.question(analysis).estimand
        return names[estimand.compare], names[estimand.reference]

    def rows(self, context: Context, analysis: str) -> tuple[Row, ...]:
        """The rows of one analysis in one context, in the order in which they were made."""
        return tuple(row for row in self.released.rows if row.context == context and row.analysis == analysis)

    def about_the_trial(self, context: Context) -> tuple[Row, ...]:
        """Rows that describe the trial: of the primary analysis, else shared, else the first that are."""
        for analysis in (self.plan.primary, "", *self.plan.analyses):
            found = self.rows(context, analysis)
            if found:
                return found
        return ()

    @property
    def crosses(self) -> bool:
        """Whether clusters go from one condition to the other, so that both hold the same clusters."""
        return isinstance(self.plan.analyses[self.plan.primary].study, SteppedWedge)

    def over_periods(self, analysis: str) -> bool:
        """Whether an analysis counts clusters and people by the condition of their period, not by arm."""
        return not isinstance(self.plan.analyses[analysis].study, ClusterTrial)

    @property
    def condition_names(self) -> tuple[str, str]:
        """What a cluster in a period is under, control first; before a parallel trial began, none."""
        compare, reference = self.arms
        return reference if self.crosses else f"{reference}, or baseline", compare

    @property
    def condition(self) -> str:
        """What the two that are compared are called: arms, or the conditions of a stepped wedge."""
        return "condition" if self.crosses else "arm"

    @property
    def people(self) -> str:
        """What the individuals of this trial are called: births, pupils; from the flow."""
        labels = [
            row.stat_label
            for row in self.about_the_trial("flow")
            if row.stat_name == "n" and row.variable in STANDING and row.stat_label
        ]
        return labels[0].lower() if labels else "individuals"

    def label(self, analysis: str) -> str:
        """What a reader calls an analysis."""
        return self.plan.analyses[analysis].label or analysis.replace("_", " ")


@dataclass(frozen=True, slots=True)
class Answer:
    """The estimate of one analysis, read back from its rows."""

    analysis: str
    variable: str
    measure: str
    contrast: str
    unit: str
    log: bool
    value: float
    lower: float
    upper: float
    level: float
    null: float
    p_value: float | None
    df: float | None
    kind: str
    method: str
    status: str
    warning: str

    @property
    def scale(self) -> Scale:
        return scale_for(self.measure, self.unit)

    @property
    def width(self) -> float:
        return self.upper - self.lower


def answer(material: Material, analysis: str) -> Answer | None:
    """The answer of an analysis; None when it gave none."""
    rows = material.rows("estimate", analysis)
    numbers = by_stat(rows)
    if not rows or numbers["estimate"].status == "suppressed":
        return None
    first = rows[0]
    return Answer(
        analysis=analysis,
        variable=first.variable,
        measure=first.measure,
        contrast=first.term,
        unit=numbers["estimate"].unit,
        log=first.scale == "log",
        value=_required(numbers, "estimate"),
        lower=_limit(numbers, "conf_low", -math.inf),
        upper=_limit(numbers, "conf_high", math.inf),
        level=_required(numbers, "conf_level"),
        null=_required(numbers, "null"),
        p_value=number_of(numbers.get("p_value")),
        df=number_of(numbers.get("df")),
        kind=_kind(numbers["conf_level"]),
        method=str(numbers["conf_method"].stat) if "conf_method" in numbers else "",
        status=first.status,
        warning=first.warning,
    )


def reason_of_failure(material: Material, analysis: str) -> str:
    """Why an analysis gave no number."""
    rows = material.rows("failure", analysis)
    return rows[0].error or str(rows[0].stat) if rows else "no reason was recorded"


def is_withheld(material: Material, analysis: str) -> bool:
    """Whether an analysis gave an answer that is not shown."""
    return any(
        row.stat_name == "estimate" and row.status == "suppressed"
        for row in material.rows("estimate", analysis)
    )


def why_no_number(material: Material, analysis: str) -> str:
    """What stands in place of a number: that there is none, or that it is not shown, and why."""
    if is_withheld(material, analysis):
        row = by_stat(material.rows("estimate", analysis))["estimate"]
        return f"not shown under the disclosure policy: {row.warning}"
    return f"not estimable: {reason_of_failure(material, analysis)}"


def by_stat(rows: Iterable[Row]) -> dict[str, Row]:
    """Rows by the name of their statistic."""
    return {row.stat_name: row for row in rows}


def grouped[K: Hashable](rows: Iterable[Row], key: Callable[[Row], K]) -> dict[K, list[Row]]:
    """Rows by a key, keys and rows in their first order."""
    groups: dict[K, list[Row]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return groups


def number_of(row: Row | None) -> float | None:
    """The number in a row; None when there is none or it is suppressed."""
    return None if row is None or row.stat is None or isinstance(row.stat, str) else float(row.stat)


def _kind(level: Row) -> str:
    """The kind of interval, which the label of its level begins with."""
    word = level.stat_label.split(" ")[0].lower()
    return word if word in get_args(IntervalKind) else "confidence"


def _limit(numbers: dict[str, Row], name: str, unbounded: float) -> float:
    """A limit of an interval; one that has no row has no end."""
    return _required(numbers, name) if name in numbers else unbounded


def _required(numbers: dict[str, Row], name: str) -> float:
    value = number_of(numbers[name])
    if value is None:
        raise ValueError(f"a row of an estimate has no number: {name}")
    return value

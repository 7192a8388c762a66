"""What an answer is made of. Plain frozen values; nothing here computes a statistic.

An :class:`Estimate` is one answer. A :class:`Row` is one number with its context, and is the
only thing that tables, figures and documents are made from.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

Status = Literal["ok", "boundary", "warning", "failed"]
Scale = Literal["identity", "log", "logit", "log_above_one"]
IntervalKind = Literal["confidence", "credible", "randomisation"]
Purpose = Literal["primary", "secondary", "sensitivity", "exploratory"]

Context = Literal[
    "flow",
    "baseline",
    "missingness",
    "cluster_outcome",
    "composite",
    "arm_summary",
    "estimate",
    "average",
    "subgroup",
    "number_needed",
    "first_stage",
    "size_dependence",
    "icc",
    "area",
    "disparity",
    "shrinkage",
    "funnel",
    "chart",
    "joint_test",
    "multiplicity",
    "prediction",
    "influence",
    "imputation",
    "tipping_point",
    "reference",
    "prior",
    "probability",
    "posterior",
    "prior_grid",
    "power_scaling",
    "validation",
    "new_cluster",
    "unit",
    "predictive_check",
    "schedule",
    "series",
    "interruption",
    "change",
    "counterfactual",
    "inference_beside",
    "diagnostic",
    "placebo",
    "method_compared",
    "panel",
    "fit",
    "setting",
    "data_quality",
    "failure",
    "deviation",
    "lock",
]


@dataclass(frozen=True, slots=True)
class Interval:
    """An interval that knows its level (0 to 1), what kind of statement it makes and how it was found.

    ``method`` is empty for a t or normal interval, an estimate and its standard error. A side without end is
    infinite; below, a ratio cannot be under 0 and has that as its limit. ``without_end`` tells such a side
    from a limit that was found, and ``method`` says it in words (``; unbounded below``).
    """

    lower: float
    upper: float
    level: float
    kind: IntervalKind = "confidence"
    method: str = ""

    @property
    def without_end(self) -> tuple[bool, bool]:
        """Whether the interval has no end below, and above."""
        said = self.method.partition("; unbounded ")[2]
        return math.isinf(self.lower) or "below" in said, math.isinf(self.upper) or "above" in said


@dataclass(frozen=True, slots=True)
class Estimate:
    """One answer, with what is needed to judge it.

    ``value``, ``null`` and ``interval`` are on the scale a reader thinks in (a difference, a
    ratio); ``std_error`` and ``statistic`` are on ``scale``, where the inference was made
    (``log`` for ratios, ``logit`` for shares, ``log_above_one`` for what exceeds 1). ``df`` is
    ``None`` where the reference is no t distribution, ``p_value`` for a posterior, which tests nothing.
    """

    measure: str
    contrast: str
    scale: Scale
    unit: str
    value: float
    std_error: float
    df: float | None
    statistic: float
    p_value: float | None
    null: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class Row:
    """One number with its context (an Analysis Results Data row; docs/rows.md).

    ``groups`` are (name, level) pairs such as ``("arm", "ESP")``. ``stat`` is ``None`` only
    when ``status`` is ``failed`` (reason in ``error``) or ``suppressed`` (reason in ``warning``).
    """

    analysis: str
    context: Context
    stat_name: str
    stat: float | int | str | None
    stat_label: str = ""
    unit: str = ""
    estimand: str = ""
    purpose: str = ""
    groups: tuple[tuple[str, str], ...] = ()
    variable: str = ""
    variable_level: str = ""
    term: str = ""
    measure: str = ""
    scale: str = ""
    warning: str = ""
    error: str = ""
    status: Status | Literal["suppressed"] = "ok"

    def group(self, name: str) -> str:
        """The level of the group called ``name``; empty when the row has none."""
        return dict(self.groups).get(name, "")


@dataclass(frozen=True, slots=True, repr=False)
class Result:
    """What one analysis gave: its estimates and every row that explains them.

    ``synthetic`` says that some of the data were made by a program. ``draws`` are those of a posterior, to
    be kept beside the rows.
    """

    analysis: str
    estimand: str
    purpose: Purpose
    method: str
    status: Status
    estimates: tuple[Estimate, ...]
    rows: tuple[Row, ...]
    warnings: tuple[str, ...] = ()
    synthetic: bool = False
    draws: object = field(default=None, compare=False)

    def __repr__(self) -> str:
        shown = f"{self.estimate.measure} {self.estimate.value:.6g}" if self.estimates else "not shown"
        warned = "".join(f"\n  warning: {warning}" for warning in self.warnings)
        about = f"{self.analysis!r}, {self.method}, {shown}, {self.status}, {len(self.rows)} rows"
        return f"Result({about}){warned}"

    @property
    def estimate(self) -> Estimate:
        """The answer to the declared estimand (the first estimate); a withheld answer has none."""
        return self.estimates[0]

    def _repr_html_(self) -> str:
        from precept_stats.report.notebook import result_html  # lazy: the report layer is to the right

        return result_html(self)


@dataclass(frozen=True, slots=True, repr=False)
class Failure:
    """An analysis that gave no number, and why. Failures are results too: they are reported."""

    analysis: str
    estimand: str
    purpose: Purpose
    method: str
    problem: str
    found: str
    allowed: str
    rows: tuple[Row, ...]

    def __repr__(self) -> str:
        return f"Failure({self.analysis!r}, {self.method}, {self.problem!r})"

    @property
    def status(self) -> Status:
        return "failed"


@dataclass(frozen=True, slots=True, repr=False)
class Correlations:
    """The intracluster correlations of one outcome, as rows, by estimator and maybe by arm."""

    outcome: str
    rows: tuple[Row, ...]
    synthetic: bool = False

    def __repr__(self) -> str:
        found = [row for row in self.rows if row.context == "icc" and row.stat_name == "estimate"]
        lines = (
            f"  {', '.join(level for _, level in row.groups)}: {row.measure} "
            + (f"{row.stat:.6g}" if isinstance(row.stat, float) else f"not estimable, {row.error}")
            for row in found
        )
        return "\n".join([f"Correlations of {self.outcome}:", *lines])

    def _repr_html_(self) -> str:
        from precept_stats.report.notebook import correlations_html  # lazy: the report layer is to the right

        return correlations_html(self)


@dataclass(frozen=True, slots=True, repr=False)
class Disparity:
    """How unequal areas are in one outcome, as rows: the areas, the indices by period, and their changes."""

    outcome: str
    rows: tuple[Row, ...]
    warnings: tuple[str, ...] = ()
    synthetic: bool = False

    def __repr__(self) -> str:
        found = [row for row in self.rows if row.context == "disparity" and row.stat_name == "estimate"]
        lines = (
            f"  {row.measure}{''.join(f', {level}' for _, level in row.groups)}: "
            + (f"{row.stat:.6g}" if isinstance(row.stat, float) else f"not estimable, {row.error}")
            for row in found
        )
        warned = (f"  warning: {warning}" for warning in self.warnings)
        return "\n".join([f"Disparity of {self.outcome}:", *lines, *warned])

    def _repr_html_(self) -> str:
        from precept_stats.report.notebook import disparity_html  # lazy: the report layer is to the right

        return disparity_html(self)


@dataclass(frozen=True, slots=True)
class Provenance:
    """What the numbers were made from. Digests are SHA-256 in hex; no paths, no host names.

    ``data_digests`` are of what each table says, ``file_digests`` of the bytes it was read from (none for a
    table given in memory). ``lock`` is the digest of the plan's last lock, empty where there is none, and
    ``lock_state`` whether the plan that ran is the one locked. ``policy`` names the disclosure policy,
    ``policy_digest`` is of its file.
    """

    plan_id: str
    plan_version: str
    plan_digest: str
    data_digests: tuple[tuple[str, str], ...]
    synthetic: bool
    software: tuple[tuple[str, str], ...]
    seed: int | None
    created: str
    file_digests: tuple[tuple[str, str], ...] = ()
    schema_digests: tuple[tuple[str, str], ...] = ()
    lock: str = ""
    lock_state: Literal["unlocked", "locked", "departs"] = "unlocked"
    policy: str = ""
    policy_digest: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class Results:
    """Everything a plan gave: one entry an analysis, in plan order, and where it came from."""

    analyses: tuple[Result | Failure, ...]
    shared: tuple[Row, ...]
    provenance: Provenance
    warnings: tuple[str, ...] = ()

    def __repr__(self) -> str:
        entries = "\n".join(f"  {entry!r}" for entry in self.analyses)
        return f"Results of {self.provenance.plan_id} {self.provenance.plan_version}:\n{entries}"

    @property
    def rows(self) -> tuple[Row, ...]:
        """All rows: those of the data as a whole, then those of each analysis."""
        return self.shared + tuple(row for entry in self.analyses for row in entry.rows)

    @property
    def failed(self) -> tuple[Failure, ...]:
        return tuple(entry for entry in self.analyses if isinstance(entry, Failure))

    def __iter__(self) -> Iterator[Result | Failure]:
        return iter(self.analyses)

    def __getitem__(self, analysis: str) -> Result | Failure:
        for entry in self.analyses:
            if entry.analysis == analysis:
                return entry
        raise KeyError(f"no analysis {analysis!r}; there are {[e.analysis for e in self.analyses]}")

    def _repr_html_(self) -> str:
        from precept_stats.report.notebook import results_html  # lazy: the report layer is to the right

        return results_html(self)

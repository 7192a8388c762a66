"""Answers that go: the effect of an analysis, with all that it could be worked back from.

Some effects are another one times the share of an arm that a few people make up, so that the two side by
side give the few away. Every rule gives the same when it is put to its own output.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from precept_stats.methods.settings_missing import ArmShift
from precept_stats.report.guarded import SMALL, counts_people, number, suppressed
from precept_stats.report.guarded_first_stage import few_received
from precept_stats.report.guarded_missing import few_missing
from precept_stats.values import Context, Row

ANSWERS: tuple[Context, ...] = (
    "arm_summary",
    "estimate",
    "average",
    "subgroup",
    "number_needed",
    "size_dependence",
    "icc",
    "joint_test",
    "multiplicity",
    "prediction",
    "influence",
    "reference",
    "imputation",
    "fit",
    "prior_grid",
    "power_scaling",
    "new_cluster",
    "unit",
    "predictive_check",
    "probability",
    "posterior",
)
LEFT = ("conf_level", "null", "weight", "local_alpha", "rejected", "order")
SHIFT = "missing_outcomes.delta"


def hidden_answers(rows: Iterable[Row]) -> dict[str, str]:
    """Analyses whose answers go, each with the reason.

    Effects among those moved, or by dose: the effect as allocated is such an effect times the difference in
    what was received. Effects under a shift of imputed outcomes: less the effect under another one they are
    the share that is missing times the difference of the shifts.
    """
    found = list(rows)
    few = few_missing(found)
    shifted = {
        row.analysis
        for row in found
        if row.context == "setting" and row.variable == SHIFT and row.stat != str(ArmShift())
    }
    return {
        **dict.fromkeys(shifted & few, f"an arm has {SMALL} with or without an outcome"),
        **dict.fromkeys(few_received(found), f"an arm has {SMALL} who received it, or did not"),
    }


def without_answer(row: Row, hidden: Mapping[str, str]) -> Row:
    """The row, or what is left of it where the answer of its analysis goes."""
    told = row.analysis in hidden and row.context in ANSWERS and row.stat_name not in LEFT
    if not told or number(row) is None or counts_people(row) or row.unit == "clusters":
        return row
    return suppressed(row, hidden[row.analysis])

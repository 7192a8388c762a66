"""What a panel regression says of its comparisons: whose effects count in it, and how."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from precept_stats.errors import FitError
from precept_stats.inference.asymptotic import Asymptotic
from precept_stats.inference.degrees_of_freedom import FixedDf
from precept_stats.inference.fit import Fact
from precept_stats.inference.joint import joint_test
from precept_stats.methods.panel_rows import EventColumns, PanelRows
from precept_stats.numerics.panel.decomposition import decomposed

Vector = NDArray[np.float64]
Bools = NDArray[np.bool_]

ROUNDING = 1e-12
"""A weight that is not further below 0 than this is 0."""
COMPARED = {
    "not_yet": "units not yet treated",
    "never": "units never treated",
    "already": "units already treated",
}
"""Whom units that start are compared with, as rows name them."""


def weight_facts(rows: PanelRows, weights: Vector, inside: Bools) -> tuple[Fact, ...]:
    """Whose effects the estimate adds up: treated cells, those that count negatively, those not asked for."""
    treated = rows.treated
    mine = weights[treated]
    negative = mine < -ROUNDING
    elsewhere = float(np.abs(weights[treated & ~inside]).sum())
    facts = (
        ("n_treated", "Treated cells", int(treated.sum()), "cells"),
        ("n_negative", "Treated cells that count negatively", int(negative.sum()), "cells"),
        ("share_negative", "Share of treated cells that count negatively", float(negative.mean()), ""),
        ("sum_negative", "Sum of negative weights", float(mine[negative].sum()), ""),
        ("weight_elsewhere", "Weight of treated cells that are not asked for", elsewhere, ""),
    )
    return tuple(Fact(name, label, value, unit, context="panel") for name, label, value, unit in facts)


def weight_warning(
    rows: PanelRows, weights: Vector, inside: Bools, taken: Literal["constant", "by_time"]
) -> tuple[str, ...]:
    """The forbidden comparisons of staggered starts, with their size; none where all started at once."""
    if not rows.staggered:
        return ()
    mine = weights[rows.treated]
    negative = mine < -ROUNDING
    if taken == "by_time":
        elsewhere = float(np.abs(weights[rows.treated & ~inside]).sum())
        return (
            "starts are staggered, and units that had started serve as controls; effects at times that are "
            f"not asked for count with weights of {elsewhere:.2f} in absolute size, which cancel only if "
            "effects by time are the same whenever a unit started (Sun and Abraham 2021); estimator: "
            "{kind: imputation} makes no such comparison",
        )
    return (
        "starts are staggered, and units that had started serve as controls for later ones (forbidden "
        f"comparisons); the effects of {int(negative.sum())} of {len(mine)} treated cells count negatively, "
        f"{float(mine[negative].sum()):.3f} in all, so that the coefficient is no average of effects that "
        "grow or differ (de Chaisemartin and D'Haultfoeuille 2020); estimator: {kind: imputation} makes no "
        "such comparison",
    )


def comparison_facts(rows: PanelRows) -> tuple[Fact, ...]:
    """Weight and mean answer by whom units are compared with; none where cells are missing or weighted."""
    panel = rows.panel
    complete = len(panel.y) == panel.n_units * panel.n_periods
    if not complete or rows.covariates.shape[1] or np.ptp(panel.weights) > 0.0:
        return ()
    parts = decomposed(panel, rows.start)
    found = []
    for kind, label in COMPARED.items():
        mine = [one for one in parts if one.kind == kind]
        total = sum(one.weight for one in mine)
        if not total:
            continue
        mean = sum(one.weight * one.estimate for one in mine) / total
        groups = (("compared_with", label),)
        found.append(Fact("weight", "Weight in the coefficient", total, "", groups, "panel"))
        found.append(Fact("estimate", "Mean of these comparisons", mean, "", groups, "panel"))
    return tuple(found)


def lead_facts(
    columns: EventColumns, found: Asymptotic, rows: PanelRows, *, earlier: bool = False
) -> tuple[Fact, ...]:
    """The time that others are compared with, and a joint test that leads are zero where there can be one."""
    facts = [Fact("reference_time", "Compared with time", rows.time(columns.reference), context="panel")]
    if earlier:
        told = "earlier times and units that never start"
        facts.append(Fact("reference_besides", "Compared also with", told, context="panel"))
    leads = [j for j, time in enumerate(columns.times) if time < 0]
    if leads and isinstance(found.df, FixedDf) and len(leads) < min(found.df.value, rows.panel.n_clusters):
        test = joint_test(found, np.eye(len(found.params))[leads])
        numbers = (("statistic", test.statistic), ("df1", float(test.df1)), ("p_value", test.p_value))
        facts += [_of_leads(name, value) for name, value in numbers]
        if test.df2 is not None:
            facts.append(_of_leads("df2", test.df2))
    return tuple(facts)


def _of_leads(name: str, value: float) -> Fact:
    groups = (("test", "leads"),)
    return Fact(name, "Joint test that all leads are zero", value, "", groups, "panel")


def no_event_study(rows: PanelRows, columns: list[str]) -> FitError:
    """Why leads and lags cannot be told apart."""
    reason = (
        "with no unit that never starts a straight line in time since the start cannot be told from the "
        "effects of units and periods, unless an end of the window takes in several times"
        if not rows.has_never
        else "times since the start cannot be told from the effects of units and periods"
    )
    return FitError(
        reason,
        found=f"time {', '.join(columns)}",
        allowed="fewer leads or lags, units that never start, longer windows",
    )

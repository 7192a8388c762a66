"""Estimating equations over periods: methods, designs drawn from a seed, and what is asked of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from precept_stats.inference.uncertainty import estimate
from precept_stats.methods.gee import Gee
from precept_stats.studies.cluster_trial_with_baseline import ClusterTrialWithBaseline
from precept_stats.studies.period_design import PeriodDesign
from precept_stats.studies.question import Outcome
from precept_stats.studies.stepped_wedge import SteppedWedge
from precept_stats.values import Estimate

from .wedges import wedge, with_rows

WORKING = ("independence", "exchangeable", "nested_exchangeable", "exponential_decay")
EXPOSURE = {"kind": "exposure_time"}
CLUSTERS = {"kind": "clusters"}
WEDGE = SteppedWedge(cluster="c", arm="a", period="t")
COHORT = SteppedWedge(cluster="c", arm="a", period="t", participant="id")
BASELINE = ClusterTrialWithBaseline(cluster="c", arm="a", period="t", baseline=(0,), follow_up=(1,))


def gee(working: str = "independence", variance: str = "kauermann_carroll", **settings: dict) -> Gee:
    return Gee(correlation={"kind": working}, variance={"kind": variance}, **settings)


def ask(method: Gee, design: PeriodDesign) -> tuple[Estimate, ...]:
    fit = method.fit(design)
    return tuple(estimate(fit.uncertainty, quantity, 0.95) for quantity in method.targets(design))


def binary(seed: int, summary: str = "risk_difference", **shape: bool) -> PeriodDesign:
    design = wedge(seed, **shape)
    outcome = Outcome(column="y", type="binary", direction="higher_better")
    return replace(design, y=(design.y > np.median(design.y)).astype(float), outcome=outcome, summary=summary)


def counts(seed: int) -> PeriodDesign:
    design = wedge(seed)
    rng = np.random.default_rng(seed)
    size = rng.uniform(0.5, 2.0, len(design.y))
    outcome = Outcome(column="y", type="count", direction="lower_better", denominator="s")
    y = rng.poisson(size * np.exp(0.3 * design.y - 1)).astype(float)
    return replace(design, y=y, size=size, outcome=outcome, summary="rate_ratio")


def baseline(seed: int) -> PeriodDesign:
    """A parallel trial with a baseline: the first and the last period, half of the clusters treated in it."""
    design = wedge(seed)
    rows = np.flatnonzero((design.row_period == 0) | (design.row_period == 4))
    kept = with_rows(design, rows)
    arm = np.arange(design.n_clusters) % 2
    treated = np.column_stack([np.zeros_like(arm), arm])
    y = kept.y - 0.5 * design.row_treated[rows]
    return replace(
        kept, periods=("before", "after"), row_period=(kept.row_period // 4).astype(np.intp), y=y,
        treated=treated, exposure=treated, sequence=1 - arm, place=np.arange(2),
    )  # fmt: skip


def numbers(found: tuple[Estimate, ...]) -> list[float]:
    return [value for one in found for value in (one.value, one.std_error, one.df or 0.0)]

"""What must not matter does not: row order, cluster numbering, the unit and origin of the outcome."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from precept_stats.errors import FitError
from precept_stats.methods import ClusterRegression, ClusterSummaries

from .generated import SEEDS, ask, effect, relabelled, swapped, trial, with_rows

FORMS = {
    "summaries": (ClusterSummaries(), {}),
    "welch": (ClusterSummaries(variance={"kind": "welch"}), {}),
    "size": (ClusterSummaries(weights={"kind": "size"}), {"blocks": "strata"}),
    "variance": (ClusterSummaries(weights={"kind": "variance"}), {"blocks": "strata"}),
    "pairs": (ClusterSummaries(), {"blocks": "pairs"}),
    "two_stage": (ClusterSummaries(), {"blocks": "strata", "covariates": True}),
    "two_stage_binary": (ClusterSummaries(), {"outcome": "binary", "covariates": True}),
    "geometric": (ClusterSummaries(), {"outcome": "binary", "summary": "risk_ratio"}),
    "arithmetic": (
        ClusterSummaries(ratio={"kind": "arithmetic"}),
        {"outcome": "binary", "summary": "risk_ratio"},
    ),
    "rate_ratio": (ClusterSummaries(), {"outcome": "count", "summary": "rate_ratio", "covariates": True}),
    "regression": (ClusterRegression(), {"blocks": "strata", "covariates": True}),
    "hc3": (ClusterRegression(weights={"kind": "size"}, variance={"kind": "hc3"}), {"covariates": True}),
    "cr2": (
        ClusterRegression(weights={"kind": "size"}, variance={"kind": "cr2"}, df={"kind": "satterthwaite"}),
        {"blocks": "strata", "covariates": True},
    ),
}
CONTINUOUS = [
    name for name, (_, shape) in FORMS.items() if shape.get("outcome", "continuous") == "continuous"
]
few = settings(max_examples=8)


def numbers(estimate) -> list[float]:
    interval = estimate.interval
    return [estimate.value, estimate.std_error, estimate.df, estimate.p_value, interval.lower, interval.upper]


def same(found, expected, tolerance=1e-9) -> None:
    for ours, theirs in zip(found, expected, strict=True):
        assert numbers(ours) == pytest.approx(numbers(theirs), rel=tolerance, abs=1e-12)


@pytest.mark.parametrize("form", FORMS)
@few
@given(seed=SEEDS)
def test_the_order_of_rows_does_not_matter(form: str, seed: int) -> None:
    method, shape = FORMS[form]
    design = trial(seed, **shape)
    shuffled = with_rows(design, np.random.default_rng(seed).permutation(len(design.y)))
    same(ask(method, shuffled), ask(method, design))


@pytest.mark.parametrize("form", FORMS)
@few
@given(seed=SEEDS)
def test_the_numbering_of_clusters_does_not_matter(form: str, seed: int) -> None:
    method, shape = FORMS[form]
    design = trial(seed, **shape)
    other = relabelled(design, np.random.default_rng(seed).permutation(design.n_clusters))
    same(ask(method, other), ask(method, design))


@pytest.mark.parametrize("form", FORMS)
@few
@given(seed=SEEDS)
def test_swapping_the_arms_negates_a_difference_and_inverts_a_ratio(form: str, seed: int) -> None:
    method, shape = FORMS[form]
    design = trial(seed, **shape)
    there, back = effect(method, design), effect(method, swapped(design))
    turned = (lambda v: 1 / v) if there.scale == "log" else (lambda v: -v)
    assert back.value == pytest.approx(turned(there.value), rel=1e-9, abs=1e-12)
    assert back.interval.lower == pytest.approx(turned(there.interval.upper), rel=1e-9, abs=1e-12)
    assert (back.std_error, back.df) == pytest.approx((there.std_error, there.df), rel=1e-9)
    assert back.statistic == pytest.approx(-there.statistic, rel=1e-8, abs=1e-12)


@pytest.mark.parametrize("form", CONTINUOUS)
@few
@given(seed=SEEDS, scale=st.floats(1e-3, 1e3))
def test_the_unit_of_the_outcome_scales_the_answer(form: str, seed: int, scale: float) -> None:
    method, shape = FORMS[form]
    design = trial(seed, **shape)
    before, after = effect(method, design), effect(method, replace(design, y=design.y * scale))
    expected = [before.value * scale, before.std_error * scale, before.df, before.statistic]
    assert [after.value, after.std_error, after.df, after.statistic] == pytest.approx(expected, rel=1e-7)
    assert after.interval.upper == pytest.approx(before.interval.upper * scale, rel=1e-7, abs=1e-9 * scale)


@pytest.mark.parametrize("form", CONTINUOUS)
@few
@given(seed=SEEDS, shift=st.floats(-100, 100))
def test_the_origin_of_the_outcome_does_not_matter(form: str, seed: int, shift: float) -> None:
    method, shape = FORMS[form]
    design = trial(seed, **shape)
    before, after = effect(method, design), effect(method, replace(design, y=design.y + shift))
    assert numbers(after) == pytest.approx(numbers(before), rel=1e-7, abs=1e-9)


@pytest.mark.parametrize("form", ["summaries", "welch", "pairs", "geometric", "arithmetic", "regression"])
@few
@given(seed=SEEDS)
def test_writing_every_row_twice_changes_nothing_where_clusters_count_equally(form: str, seed: int) -> None:
    method, shape = FORMS[form]
    design = trial(seed, **shape)
    try:
        once = ask(method, design)
    except FitError:
        return
    same(ask(method, with_rows(design, np.tile(np.arange(len(design.y)), 2))), once)


@few
@given(seed=SEEDS)
def test_a_covariate_at_another_origin_and_scale_changes_nothing(seed: int) -> None:
    design = trial(seed, covariates=True, outcome="binary")
    moved = replace(
        design, covariates=tuple(replace(c, values=3.0 + 0.01 * c.values) for c in design.covariates)
    )
    for method in (
        ClusterSummaries(),
        ClusterRegression(variance={"kind": "cr2"}, df={"kind": "satterthwaite"}),
    ):
        same([effect(method, moved)], [effect(method, design)], 1e-7)


@few
@given(seed=SEEDS)
def test_equal_sizes_make_all_weights_the_same(seed: int) -> None:
    design = trial(seed, equal_sizes=True)
    for kind in ("size", "variance"):
        same(ask(ClusterSummaries(weights={"kind": kind}), design), ask(ClusterSummaries(), design))

"""Estimating equations over periods: algebra, correlations, averages, and what must not matter."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from precept_stats.inference.rows import Header, further_rows
from precept_stats.inference.uncertainty import estimate

from .gee_trials import CLUSTERS, EXPOSURE, WORKING, ask, baseline, binary, counts, gee, numbers
from .test_gee import further
from .wedges import wedge, with_rows

FORMS = {
    "means": (wedge, {}),
    "differences": (binary, {}),
    "odds": (lambda seed, **shape: binary(seed, "odds_ratio", **shape), {}),
    "ratios": (
        lambda seed, **shape: binary(seed, "risk_ratio", **shape),
        {"family": {"kind": "poisson"}, "effect_over_time": EXPOSURE},
    ),
}


@pytest.mark.parametrize("working", WORKING)
@pytest.mark.parametrize("form", FORMS)
def test_order_names_and_units_do_not_matter(form: str, working: str) -> None:
    make, settings = FORMS[form]
    design = make(11, covariates=True)
    method = gee(working, "cr2", df={"kind": "satterthwaite"}, **settings)
    here = numbers(ask(method, design))
    rng = np.random.default_rng(0)
    shuffled = with_rows(design, rng.permutation(len(design.y)))
    assert numbers(ask(method, shuffled)) == pytest.approx(here, rel=1e-7)
    place = rng.permutation(design.n_clusters)
    renamed = replace(
        design, row_cluster=place[design.row_cluster].astype(np.intp),
        **{name: getattr(design, name)[np.argsort(place)] for name in ("treated", "exposure", "sequence")},
    )  # fmt: skip
    assert numbers(ask(method, renamed)) == pytest.approx(here, rel=1e-7)
    later = replace(design, place=design.place + 7)
    assert numbers(ask(method, later)) == pytest.approx(here, rel=1e-9)
    scaled = replace(
        design, covariates=tuple(replace(c, values=1e3 * c.values - 5) for c in design.covariates)
    )
    assert numbers(ask(method, scaled)) == pytest.approx(here, rel=1e-6)


@pytest.mark.parametrize("working", WORKING)
def test_means_move_with_their_unit_and_origin(working: str) -> None:
    design = wedge(4)
    there = ask(gee(working), replace(design, y=1e3 * design.y - 50))
    for one, moved, origin in zip(ask(gee(working), design), there, (0, -50, -50), strict=True):
        assert moved.value == pytest.approx(1e3 * one.value + origin, rel=1e-9)
        assert moved.std_error == pytest.approx(1e3 * one.std_error, rel=1e-9)


def test_independence_is_least_squares_with_scores_by_cluster() -> None:
    design = wedge(3)
    X = np.column_stack([np.eye(5)[design.row_period], design.row_treated])
    b = np.linalg.lstsq(X, design.y, rcond=None)[0]
    M = np.linalg.inv(X.T @ X)
    e = design.y - X @ b
    u = np.array(
        [X[rows].T @ e[rows] for rows in (design.row_cluster == k for k in range(design.n_clusters))]
    )
    found = ask(gee(variance="liang_zeger"), design)[0]
    assert found.value == pytest.approx(b[-1], rel=1e-10)
    assert found.std_error == pytest.approx(np.sqrt((M @ u.T @ u @ M)[-1, -1]), rel=1e-9)


def test_places_of_periods_and_not_their_numbers_make_correlations_decay() -> None:
    design = wedge(8)
    apart = replace(design, place=np.array([0, 1, 4, 5, 9]))
    near, far = (
        further(gee("exponential_decay"), d)["cluster_autocorrelation"].value for d in (design, apart)
    )
    assert far > near
    same = [ask(gee("nested_exchangeable"), d)[0].value for d in (design, apart)]
    assert same[0] == pytest.approx(same[1], rel=1e-10)


def test_two_periods_make_a_decay_a_nested_correlation() -> None:
    design = baseline(5)
    nested, decay = (further(gee(w), design) for w in WORKING[2:])
    for measure in ("icc_within_period", "icc_between_periods", "cluster_autocorrelation"):
        assert decay[measure].value == pytest.approx(nested[measure].value, rel=1e-6)
        assert decay[measure].std_error == pytest.approx(nested[measure].std_error, rel=1e-5)


def test_correlations_are_named_by_their_scale() -> None:
    for design, measure in (
        (wedge(2), "icc"),
        (binary(2), "icc_proportion"),
        (counts(2), "working_correlation"),
    ):
        found = further(gee("nested_exchangeable"), design)
        assert list(found) == [
            f"{measure}_within_period",
            f"{measure}_between_periods",
            "cluster_autocorrelation",
        ]
        assert all(one.std_error > 0 and one.df is None for one in found.values())


@pytest.mark.parametrize("working", WORKING)
def test_gradients_of_correlations_are_those_of_their_values(working: str) -> None:
    method, design = gee(working), wedge(6)
    fit = method.fit(design)
    params = fit.uncertainty.params
    for asked in (*fit.further, *method.targets(design)):
        slope = asked.gradient(params)
        for j, e in enumerate(1e-5 * np.eye(len(params))):
            change = (asked.value(params + e) - asked.value(params - e)) / 2e-5
            assert slope[j] == pytest.approx(change, abs=1e-7)


def test_where_people_are_not_alike_the_share_that_lasts_is_not_estimable() -> None:
    design = wedge(9, effects=0.0)
    y = np.random.default_rng(3).normal(size=len(design.y))
    cells = 5 * design.row_cluster + design.row_period
    y -= 0.2 * (np.bincount(cells, y) / np.bincount(cells))[cells]
    y += 0.05 * np.random.default_rng(4).normal(size=design.n_clusters)[design.row_cluster]
    fit = gee("nested_exchangeable").fit(replace(design, y=y))
    rows = [r for r in further_rows(Header("a", "e", "primary", "y"), fit, 0.95) if r.stat_name == "estimate"]
    last = next(r for r in rows if r.measure == "cluster_autocorrelation")
    assert (last.stat, last.status) == (None, "failed")
    assert next(r for r in rows if r.measure == "icc_within_period").stat < 0


def test_a_decay_at_an_end_of_its_range_is_told() -> None:
    design = wedge(9, effects=0.0)
    level = np.random.default_rng(1).normal(size=design.n_clusters)[design.row_cluster]
    fit = gee("exponential_decay").fit(replace(design, y=design.y + level))
    if not fit.warnings:
        pytest.fail("levels that last for ever decay")
    assert "end of its range, 1" in fit.warnings[0]
    assert fit.status == "warning"


# ---- effects over time, averages, df ---


@pytest.mark.parametrize("summary", ["mean_difference", "risk_difference", "risk_ratio"])
def test_the_answer_by_exposure_time_is_that_of_average_means(summary: str) -> None:
    design = wedge(7) if summary == "mean_difference" else binary(7, summary)
    method = gee(effect_over_time=EXPOSURE)
    fit = method.fit(design)
    steps = [estimate(fit.uncertainty, q, 0.95) for q in fit.further if "exposure time" in q.contrast]
    assert [one.contrast[-15:] for one in steps] == [f"exposure time {t}" for t in (1, 2, 3, 4)]
    effect, control, treated = ask(method, design)
    values = np.array([one.value for one in steps])
    if summary == "risk_ratio":
        assert effect.value == pytest.approx(np.mean(values), rel=1e-9)
        assert treated.value == pytest.approx(control.value * np.mean(values), rel=1e-9)
    else:
        assert effect.value == pytest.approx(np.mean(values), rel=1e-9)
        assert treated.value - control.value == pytest.approx(effect.value, rel=1e-9)


def test_one_exposure_time_is_a_constant_effect() -> None:
    design = baseline(6)
    constant, by_time = (ask(gee(**s), design) for s in ({}, {"effect_over_time": EXPOSURE}))
    assert numbers(by_time) == pytest.approx(numbers(constant), rel=1e-10)


def test_means_are_of_the_people_from_the_first_switch_on() -> None:
    design = wedge(6)
    X = np.column_stack([np.eye(5)[design.row_period], design.row_treated])
    b = np.linalg.lstsq(X, design.y, rcond=None)[0]
    late = design.row_period >= 1
    _, control, treated = ask(gee(), design)
    mean = b[design.row_period[late]].mean()
    assert (control.value, treated.value) == pytest.approx((mean, mean + b[-1]), rel=1e-9)
    cluster = replace(design, target="cluster_average")
    sizes = np.bincount(design.row_cluster[late])
    mean = np.average(b[design.row_period[late]], weights=1 / sizes[design.row_cluster[late]])
    assert ask(gee(), cluster)[1].value == pytest.approx(mean, rel=1e-9)


def test_a_baseline_without_a_correlation_changes_nothing() -> None:
    """The arms have one mean at baseline; only a correlation between periods carries it to follow-up."""
    design = baseline(5)
    after = design.row_period == 1
    for weights, size in (("participants", np.ones(design.n_clusters)), ("clusters", None)):
        sizes = np.bincount(design.row_cluster[after]) if size is None else size
        share = (1 / sizes)[design.row_cluster]
        means = [
            np.average(design.y[after & (design.row_treated == arm)],
                       weights=share[after & (design.row_treated == arm)])
            if arm else np.average(
                design.y[after & (design.row_treated == 0)], weights=share[after & (design.row_treated == 0)])
            for arm in (0, 1)
        ]  # fmt: skip
        found = ask(gee(weights={"kind": weights}), design)[0]
        assert found.value == pytest.approx(means[1] - means[0], rel=1e-8)
    assert abs(ask(gee("nested_exchangeable"), design)[0].value - ask(gee(), design)[0].value) > 1e-3


def test_a_cluster_seen_at_baseline_only_stays_and_changes_no_average() -> None:
    design = baseline(5)
    rows = np.flatnonzero((design.row_cluster != 2) | (design.row_period == 0))
    kept = with_rows(design, rows)
    found = ask(gee(weights=CLUSTERS), replace(kept, target="cluster_average"))
    after = kept.row_period == 1
    means = np.bincount(kept.row_cluster[after], kept.y[after], design.n_clusters)
    sizes = np.bincount(kept.row_cluster[after], minlength=design.n_clusters)
    level = [np.mean((means / np.maximum(sizes, 1))[(sizes > 0) & (kept.treated[:, 1] == a)]) for a in (0, 1)]
    assert [one.value for one in found[1:]] == pytest.approx(level, rel=1e-8)
    assert found[0].df == design.n_clusters - 2


def test_periods_are_no_parameters_of_clusters() -> None:
    design = wedge(3, covariates=True)
    K = design.n_clusters
    assert ask(gee(), design)[0].df == K - 3
    assert ask(gee(effect_over_time=EXPOSURE), design)[0].df == K - 3
    plain = wedge(3)
    assert ask(gee(), plain)[0].df == K - 2
    assert ask(gee(df={"kind": "clusters_minus_parameters"}), plain)[0].df == K - 6
    stratified = replace(plain, stratum=(np.arange(K) // 4 % 2).astype(np.intp), stratum_names=("a", "b"))
    assert ask(gee(), stratified)[0].df == K - 3
    satterthwaite = ask(gee(variance="cr2", df={"kind": "satterthwaite"}), plain)[0].df
    assert 1 < satterthwaite < K

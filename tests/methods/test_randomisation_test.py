"""The randomisation test as a method: what must not matter, what it refuses, what it says."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

from precept_stats.errors import FitError
from precept_stats.inference.seeds import Seed
from precept_stats.inference.uncertainty import estimate
from precept_stats.methods import ClusterSummaries, RandomisationTest
from precept_stats.methods.stage_one import expected_totals
from precept_stats.numerics.allocations import Blocks, Every
from precept_stats.numerics.shift_tests import difference_test

from .generated import SEEDS, effect, relabelled, swapped, trial, with_rows
from .test_refusals import question, study

SIZE, WELCH = {"kind": "size"}, {"kind": "studentised"}
FORMS = {
    "plain": (RandomisationTest(), {}),
    "strata": (RandomisationTest(), {"blocks": "strata"}),
    "pairs": (RandomisationTest(), {"blocks": "pairs"}),
    "size": (RandomisationTest(weights=SIZE), {"blocks": "strata"}),
    "studentised": (RandomisationTest(statistic=WELCH), {"blocks": "strata"}),
    "two_stage": (RandomisationTest(), {"blocks": "strata", "covariates": True, "outcome": "binary"}),
    "rates": (RandomisationTest(weights=SIZE), {"blocks": "pairs", "outcome": "count"}),
}
few = settings(max_examples=4, deadline=None)


def numbers(found) -> list[float]:
    return [found.value, found.std_error, found.p_value, found.interval.lower, found.interval.upper]


@pytest.mark.parametrize("form", FORMS)
@few
@given(seed=SEEDS)
def test_order_and_numbering_do_not_matter(form: str, seed: int) -> None:
    method, shape = FORMS[form]
    design, rng = trial(seed, **shape), np.random.default_rng(seed)
    shuffled = with_rows(design, rng.permutation(len(design.y)))
    renumbered = relabelled(design, rng.permutation(design.n_clusters))
    for other in (shuffled, renumbered):
        assert numbers(effect(method, other)) == pytest.approx(numbers(effect(method, design)), rel=1e-7)


@pytest.mark.parametrize("form", FORMS)
@few
@given(seed=SEEDS)
def test_swapping_the_arms_negates(form: str, seed: int) -> None:
    method, shape = FORMS[form]
    design = trial(seed, **shape)
    there, back = effect(method, design), effect(method, swapped(design))
    assert back.value == pytest.approx(-there.value, rel=1e-9, abs=1e-12)
    assert back.interval.lower == pytest.approx(-there.interval.upper, rel=1e-7)
    assert (back.p_value, back.std_error) == pytest.approx((there.p_value, there.std_error), rel=1e-9)


@pytest.mark.parametrize("form", ["plain", "strata", "pairs", "size", "two_stage"])
@few
@given(seed=SEEDS)
def test_the_estimate_is_that_of_the_t_method(form: str, seed: int) -> None:
    method, shape = FORMS[form]
    design = trial(seed, **shape)
    ours, theirs = effect(method, design), effect(ClusterSummaries(weights=method.weights), design)
    assert ours.value == pytest.approx(theirs.value, rel=1e-9, abs=1e-12)


@few
@given(seed=SEEDS)
def test_residuals_are_those_of_a_model_without_the_arm(seed: int) -> None:
    design = trial(seed, blocks="strata", covariates=True, outcome="binary")
    expected = expected_totals(design)
    residuals = (design.cluster_total - expected.totals) / design.cluster_size
    blocks = Blocks(design.arm, design.stratum)
    held = difference_test(residuals, np.ones_like(residuals), blocks, Every())
    assert effect(RandomisationTest(), design).p_value == pytest.approx(held.p_value(0.0))


@few
@given(seed=SEEDS)
def test_without_strata_studentising_changes_nothing_in_equal_arms(seed: int) -> None:
    """With as many clusters in both arms Welch's t is a function of the difference and the total spread."""
    design = trial(seed)
    plain, welch = effect(RandomisationTest(), design), effect(RandomisationTest(statistic=WELCH), design)
    assert welch.p_value == plain.p_value
    assert numbers(welch) == pytest.approx(numbers(plain), rel=1e-6)


def test_what_is_counted_is_said() -> None:
    design = trial(2, blocks="pairs")
    fit = RandomisationTest().fit(design)
    facts = {fact.name: fact.stat for fact in fit.facts}
    pairs = design.n_clusters // 2
    assert facts["n_allocations"] == 2**pairs
    assert facts["smallest_p"] == pytest.approx(2 / 2**pairs)
    assert facts["df_rule"] == "all possible allocations"
    assert fit.settings == (("weights", "equal"), ("statistic", "difference"), ("allocations", "exact"))


def test_draws_need_a_seed_and_come_from_it() -> None:
    design = trial(8)
    drawn = RandomisationTest(allocations={"kind": "monte_carlo", "draws": 1999})
    assert drawn.needs_seed
    assert not RandomisationTest().needs_seed
    with pytest.raises(FitError, match="no seed"):
        drawn.fit(design)
    one, same, other = (drawn.fit(design, Seed(root)) for root in (1, 1, 2))
    target = drawn.targets(design)[0]
    shown = [estimate(fit.uncertainty, target, 0.95) for fit in (one, same, other)]
    assert shown[0] == shown[1]
    assert shown[0] != shown[2]
    facts = {fact.name: fact.stat for fact in one.facts}
    p = shown[0].p_value
    assert facts["n_draws"] == 1999
    assert facts["mc_error"] == pytest.approx(math.sqrt(p * (1 - p) / 1999))
    assert facts["smallest_p"] == 1 / 2000
    exact = effect(RandomisationTest(), design)
    assert abs(p - exact.p_value) < 5 * facts["mc_error"]


def test_very_few_clusters_are_said_to_bear_no_interval() -> None:
    design = trial(2, blocks="pairs")
    kept = np.flatnonzero(np.isin(design.row_cluster, np.arange(8)))
    small = replace(
        with_rows(design, kept), clusters=design.clusters[:8], arm=design.arm[:8], pair=design.pair[:8]
    )
    fit = RandomisationTest().fit(small)
    assert fit.status == "warning"
    assert "very few clusters; " in fit.warnings[0]
    assert "no p-value below 0.12 is possible" in fit.warnings[0]
    found = effect(RandomisationTest(), small)
    assert math.isinf(found.interval.lower)
    assert math.isfinite(found.std_error)


def test_ties_are_said_to_be_why_p_cannot_be_small() -> None:
    design = trial(2)
    alike = replace(design, y=(design.row_cluster == 0).astype(float))
    (told,) = RandomisationTest().fit(alike).warnings
    assert told.startswith("many allocations tie for the largest statistic; over all ")
    assert "no p-value below 1 is possible" in told


def test_what_it_cannot_do_is_refused_before_data_are_read() -> None:
    method = RandomisationTest()
    assert method.objections(study(), question()) == ()
    assert "of a difference" in method.objections(study(), question("risk_ratio"))[0]
    assert "of a difference" in method.objections(study(), question("odds_ratio"))[0]
    assert "no mean difference" in method.objections(study(), question("mean_difference"))[0]
    welch = RandomisationTest(statistic=WELCH)
    assert "studentising changes no p-value" in welch.objections(study("pairs"), question())[0]
    both = RandomisationTest(statistic=WELCH, weights=SIZE)
    assert both.objections(study(), question()) == ("the studentised statistic is for equal weights",)


def test_too_many_allocations_and_lonely_clusters_are_refused() -> None:
    design = trial(3)
    lonely = replace(
        trial(3),
        stratum=np.minimum(np.arange(design.n_clusters) // 2, 1).astype(np.intp),
        stratum_names=("low", "high"),
    )
    with pytest.raises(FitError, match="a single cluster in an arm"):
        RandomisationTest(statistic=WELCH).fit(lonely)
    with pytest.raises(FitError, match="does not vary"):
        RandomisationTest().fit(replace(design, y=np.ones_like(design.y)))


def test_the_gap_between_estimate_and_estimand_is_said() -> None:
    assert RandomisationTest().estimand_gap(study(), question()) == ""
    assert "cluster-average" in RandomisationTest().estimand_gap(
        study(), question(target="participant_average")
    )
    assert "n1 n0" in RandomisationTest(weights=SIZE).estimand_gap(study("pairs"), question())
    assert "stage one leaves out the arm" in RandomisationTest().estimand_gap(study("adjusted"), question())

"""Randomisation distributions against enumeration one by one, and against R's exact permutation tests."""

from __future__ import annotations

import itertools
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from precept_stats.errors import FitError
from precept_stats.numerics.permutation import (
    count_allocations,
    drawn_distribution,
    exact_distribution,
    subset_sums,
)

AWARDS = Path(__file__).parents[2] / "analysis_plans" / "data" / "achievement_awards"


def one_by_one(scores: np.ndarray, arm: np.ndarray, block: np.ndarray) -> np.ndarray:
    """Differences of arm means over every 0/1 vector with the right number of ones in every block."""
    found = []
    for z in itertools.product([0, 1], repeat=len(arm)):
        z = np.array(z)
        if all(z[block == b].sum() == arm[block == b].sum() for b in np.unique(block)):
            found.append(scores[z == 1].mean() - scores[z == 0].mean())
    return np.array(found)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), blocks=st.integers(1, 3))
def test_every_allocation_once(seed: int, blocks: int) -> None:
    rng = np.random.default_rng(seed)
    block = rng.integers(0, blocks, 10)
    arm = rng.permutation(np.arange(10) % 2)
    scores = rng.normal(size=10).round(1)
    differences = one_by_one(scores, arm, block)
    assert count_allocations(arm, block) == len(differences)
    if len(differences) < 2:
        return
    found = exact_distribution(scores, arm, block)
    factor = 1 / arm.sum() + 1 / (1 - arm).sum()
    centred = differences - differences.mean()
    assert np.sort(found.statistics * factor) == pytest.approx(np.sort(centred), abs=1e-12)
    observed = scores[arm == 1].mean() - scores[arm == 0].mean() - differences.mean()
    assert found.observed * factor == pytest.approx(observed, abs=1e-12)
    assert found.p_value == np.mean(np.abs(centred) >= abs(observed) - 1e-9)
    assert found.smallest_p == np.mean(np.abs(centred) >= np.abs(centred).max() - 1e-9)
    assert found.p_value >= found.smallest_p


def test_the_stratified_trial_of_mkv() -> None:
    path = Path(os.environ.get("PRECEPT_DATA", "absent")) / "mkvtrial.csv"
    if not path.exists():
        pytest.skip("the data do not ship; PRECEPT_DATA is not set")
    means = pd.read_csv(path).groupby("community")[["know", "arm", "stratum"]].mean()
    scores, arm, stratum = (means[name].to_numpy() for name in means)
    arm = arm.astype(np.intp)
    found = exact_distribution(scores, arm, stratum.astype(np.intp))
    assert (found.allocations, len(found.statistics)) == (28_000, 28_000)
    assert found.p_value == pytest.approx(0.000714285714285714, rel=1e-12)
    together = exact_distribution(scores, arm, np.zeros_like(arm))
    assert together.allocations == 184_756
    assert together.p_value == pytest.approx(0.000270627205611726, rel=1e-12)


def test_the_complete_pairs_of_the_awards_trial() -> None:
    pupils = pd.read_csv(AWARDS / "achievement_awards_girls2001.csv")
    schools = pupils.groupby("school_id").agg(
        pair=("pair", "first"), arm=("treated", "first"), mean=("Bagrut_status", "mean")
    )
    schools = schools[schools.groupby("pair")["arm"].transform("nunique") == 2]
    block = pd.factorize(schools["pair"])[0]
    found = exact_distribution(schools["mean"].to_numpy(), schools["arm"].to_numpy(np.intp), block)
    assert found.allocations == 2**15
    assert found.p_value == pytest.approx(0.78399658203125, rel=1e-12)
    assert found.smallest_p == pytest.approx(2 / 2**15)


def test_draws_tend_to_the_exact_distribution_and_come_from_their_seed() -> None:
    rng = np.random.default_rng(4)
    scores, arm, block = rng.normal(size=16), np.tile([0, 1], 8), np.repeat([0, 1], 8)
    exact = exact_distribution(scores + 0.4 * arm, arm, block)
    drawn = drawn_distribution(scores + 0.4 * arm, arm, block, 20_000, np.random.SeedSequence(7))
    again = drawn_distribution(scores + 0.4 * arm, arm, block, 20_000, np.random.SeedSequence(7))
    assert drawn.observed == pytest.approx(exact.observed)
    assert drawn.largest == pytest.approx(exact.largest)
    assert abs(drawn.p_value - exact.p_value) < 5 * drawn.monte_carlo_error
    assert drawn.statistics.var() == pytest.approx(exact.statistics.var(), rel=0.05)
    assert np.array_equal(drawn.statistics, again.statistics)
    assert drawn.smallest_p is None


def test_an_effect_beyond_all_draws_does_not_give_zero() -> None:
    scores, arm = np.arange(40) + 100.0 * (np.arange(40) % 2), np.arange(40) % 2
    drawn = drawn_distribution(scores, arm, np.zeros(40, dtype=int), 999, np.random.SeedSequence(1))
    assert drawn.p_value == pytest.approx(1 / 1000)


def test_ties_count_whatever_the_rounding() -> None:
    """0.1 + 0.2 and 0.3 + 0.0 are equal sums that floating point tells apart."""
    scores = np.array([0.1, 0.2, 0.3, 0.0])
    found = exact_distribution(scores, np.array([1, 1, 0, 0]), np.zeros(4, dtype=int))
    assert found.p_value == 1.0


def test_sums_of_subsets() -> None:
    scores = np.array([1.0, 10.0, 100.0, 1000.0, 10000.0])
    for size in range(6):
        expected = sorted(sum(c) for c in itertools.combinations(scores, size))
        assert sorted(subset_sums(scores, size)) == expected


def test_what_has_no_distribution() -> None:
    arm = np.array([0, 0, 1, 1])
    with pytest.raises(FitError, match="only one"):
        exact_distribution(np.arange(4.0), arm, arm)
    with pytest.raises(FitError, match="same statistic"):
        exact_distribution(np.ones(4), arm, np.zeros(4, dtype=int))
    many = np.arange(40) % 2
    with pytest.raises(FitError, match="too many"):
        exact_distribution(np.arange(40.0), many, np.zeros(40, dtype=int))

"""Charts held to hand-worked cases, to the tables of the source papers, and to exact chances."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from precept_stats.numerics.charts import limits, runs


def test_a_p_chart_by_hand() -> None:
    """10, 20 and 30 of 100: the mean is 0.2, three errors are 3 x 0.04 = 0.12."""
    found = limits(np.array([10.0, 20.0, 30.0]), np.full(3, 100.0), binomial=True, prime=False)
    assert found.centre == pytest.approx(0.2)
    assert found.lower == pytest.approx([0.08] * 3)
    assert found.upper == pytest.approx([0.32] * 3)


def test_laneys_factor_by_hand() -> None:
    """z scores of -2.5, 0 and 2.5: moving ranges of 2.5, over 1.128."""
    found = limits(np.array([10.0, 20.0, 30.0]), np.full(3, 100.0), binomial=True, prime=True)
    assert found.stretch == pytest.approx(2.5 / 1.1283791670955126)
    assert found.upper == pytest.approx([0.2 + 0.12 * found.stretch] * 3)


def test_a_u_chart_has_no_upper_bound_and_none_below_nought() -> None:
    found = limits(np.array([1.0, 30.0]), np.array([1.0, 10.0]), binomial=False, prime=False)
    assert found.lower[0] == 0.0
    assert found.upper[0] > 1.0


def test_laneys_factor_of_chance_alone_is_about_one() -> None:
    rng = np.random.default_rng(2)
    size = rng.integers(200, 900, 4000).astype(float)
    events = rng.binomial(size.astype(int), 0.3).astype(float)
    assert limits(events, size, binomial=True, prime=True).stretch == pytest.approx(1.0, abs=0.04)


@pytest.mark.parametrize(
    ("points", "longest"),
    [(10, 6), (11, 6), (12, 7), (22, 7), (23, 8), (45, 8), (46, 9), (60, 9), (90, 9), (91, 10), (109, 10)],
)
def test_limits_of_runs_are_those_that_are_published(points: int, longest: int) -> None:
    """Tables of round(log2 n + 3); crossings: the 5 per cent quantile of a binomial law of n - 1."""
    found = runs(np.append(np.tile([3.0, 1.0], points)[:points], [2.0, 2.0]))
    assert (found.median, found.useful) == (2.0, points)
    assert found.longest_limit == longest
    assert found.crossings_limit == stats.binom.ppf(0.05, points - 1, 0.5)


def test_twenty_four_points_as_in_the_paper() -> None:
    """Anhoej and Olesen 2014: of 24 points, a run above 8 or fewer than 8 crossings."""
    found = runs(np.tile([1.0, 2.0], 12))
    assert (found.longest_limit, found.crossings_limit) == (8, 8)


def test_runs_by_hand() -> None:
    """Median 5: two below, one on it (left out), three above, one below: two crossings."""
    found = runs(np.array([1.0, 2.0, 5.0, 7.0, 8.0, 9.0, 3.0]))
    assert (found.median, found.useful, found.longest, found.crossings) == (5.0, 6, 3, 2)
    assert found.longest_limit is None
    assert not found.signal


def test_a_shift_signals_and_chance_seldom_does() -> None:
    shifted = np.concatenate([np.linspace(0.0, 0.1, 12), np.linspace(1.0, 1.1, 12)])
    assert runs(shifted).signal
    rng = np.random.default_rng(6)
    signals = np.mean([runs(rng.standard_normal(24)).signal for _ in range(4000)])
    assert 0.02 < signals < 0.10


def test_points_that_are_all_alike_tell_nothing() -> None:
    found = runs(np.full(12, 3.0))
    assert (found.useful, found.longest, found.signal) == (0, 0, False)

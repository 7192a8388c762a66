"""The variance between areas without sampling error: unbiased, with intervals that cover, from none up."""

from __future__ import annotations

import numpy as np
import pytest

from numerics.inequality.cases import made_up
from precept_stats.numerics.inequality.heterogeneity import heterogeneity
from precept_stats.numerics.inequality.noise import corrected_variance, expected_range

REPLICATES = 2000


def _world(count: int, spread: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """True values with a standard deviation near ``spread``, standard errors near 1, unequal shares."""
    people = made_up(count).areas.share
    true = spread * np.cos(np.arange(count) * 2.399963) * np.sqrt(2.0)
    return true, people / people.sum(), 0.5 / np.sqrt(people * count)


@pytest.mark.parametrize("count", [7, 34])
@pytest.mark.parametrize("spread", [0.0, 0.5, 2.0])
def test_correction_is_unbiased_and_its_interval_covers(count: int, spread: float) -> None:
    true, share, error = _world(count, spread)
    truth = float(share @ (true - share @ true) ** 2)
    generator = np.random.default_rng(99 + count + int(10 * spread))
    draws = true + generator.standard_normal((REPLICATES, count)) * error
    found = [corrected_variance(draw, share, np.diag(error**2), 0.95) for draw in draws]
    values = np.array([one.value for one in found])
    observed = np.array([one.observed for one in found])
    chance = 4.0 * values.std() / np.sqrt(REPLICATES)
    assert abs(values.mean() - truth) < chance
    assert observed.mean() - truth == pytest.approx(found[0].noise, abs=chance)
    covered = np.mean([one.lower <= truth <= one.upper for one in found])
    assert 0.93 <= covered <= (0.99 if truth == 0.0 else 0.975)
    told = float(np.mean([one.std_error for one in found]) / values.std())
    assert 0.88 < told < (1.3 if truth == 0.0 else 1.12), "cautious where there is nothing to be found"


def test_correction_with_areas_that_are_known_exactly_is_the_variance_itself() -> None:
    found = made_up(7)
    tiny = np.diag(np.full(7, 1e-16))
    one = corrected_variance(found.y, found.areas.share, tiny, 0.95)
    assert one.value == pytest.approx(one.observed, rel=1e-10)
    assert (one.lower, one.upper) == pytest.approx((one.observed, one.observed), rel=1e-6)


def test_correction_of_equal_areas_is_below_zero_and_its_interval_is_not() -> None:
    one = corrected_variance(np.full(7, 3.0), np.full(7, 1 / 7), np.eye(7), 0.95)
    assert one.value == pytest.approx(-6 / 7)
    assert (one.lower, one.upper) == (0.0, 0.0)


def test_expected_range() -> None:
    """Of 2 the exact value is 2 / sqrt(pi), of 10 Tippett's table has 3.07751."""
    assert expected_range(np.ones(2)) == pytest.approx(2.0 / np.sqrt(np.pi), rel=1e-10)
    assert expected_range(np.ones(10)) == pytest.approx(3.07751, abs=5e-6)
    assert expected_range(np.full(10, 0.02)) == pytest.approx(0.02 * 3.07751, rel=2e-6)
    assert expected_range(np.array([1e-9, 3.0])) == pytest.approx(3.0 * np.sqrt(2 / np.pi), rel=1e-4)


def test_profiled_variance_covers() -> None:
    generator = np.random.default_rng(5)
    error = 0.5 + np.arange(9) / 9.0
    covered = []
    for tau2 in (0.0, 0.6):
        draws = generator.standard_normal((REPLICATES, 9)) * np.sqrt(tau2 + error**2)
        limits = [heterogeneity(draw, error**2, 0.9) for draw in draws]
        covered.append(np.mean([one.lower <= tau2 <= one.upper for one in limits]))
    assert covered[0] == pytest.approx(0.95, abs=0.02)
    assert covered[1] == pytest.approx(0.90, abs=0.027)

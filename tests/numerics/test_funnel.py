"""Funnel limits held to exact tails, to a case worked by hand, and to the definitions of the source."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from precept_stats.numerics.funnel import (
    Overdispersion,
    binomial_limits,
    overdispersion,
    poisson_limits,
    widened_limits,
)


def test_limits_by_hand() -> None:
    """At a target of one half at most 0 to 4 events of 4 have the chances 1, 5, 11, 15 and 16 of 16.

    For p = 3/16: r = 1 and a = (5/16 - 3/16) / (4/16) = 1/2, so the limit is 0.5 / 4. For 13/16: r = 3 and a
    = (15 - 13) / 4 = 1/2, so it is 2.5 / 4.
    """
    lower, upper = binomial_limits(np.array([4.0]), 0.5, 3 / 16)
    assert lower == pytest.approx([0.125])
    assert upper == pytest.approx([0.625])


@pytest.mark.parametrize("target", [0.004, 0.07, 0.5, 0.93])
@pytest.mark.parametrize("tail", [0.025, 0.001])
def test_limits_hold_their_tails(target: float, tail: float) -> None:
    total = np.array([1.0, 7.0, 40.0, 333.0, 5000.0, 90_000.0])
    lower, upper = binomial_limits(total, target, tail)
    law = stats.binom(total, target)
    for limit, chance in ((lower, tail), (upper, 1.0 - tail)):
        least = law.ppf(chance)
        assert np.all(np.abs(limit * total - np.clip(least - 0.5, 0, None)) <= 0.5 + 1e-9)
        step = law.cdf(least) - np.where(least > 0, law.cdf(least - 1), 0.0)
        expected = np.clip((least - (law.cdf(least) - chance) / step) / total, 0.0, 1.0)
        assert limit == pytest.approx(expected, rel=1e-7, abs=1e-12)
    assert np.all((lower >= 0) & (lower <= upper) & (upper <= 1))
    normal = stats.norm.ppf(1 - tail) * np.sqrt(target * (1 - target) / total[-1])
    assert (upper - lower)[-1] == pytest.approx(2 * normal, rel=0.02)


def test_overdispersion_by_hand() -> None:
    """z scores of -2, -1, 1, 2 about 10 with an error of 1: phi = 10/4, tau2 = (10 - 3) / (4 - 1)."""
    found = overdispersion(np.array([8.0, 9.0, 11.0, 12.0]), np.ones(4), 10.0, winsorised=0.0)
    assert (found.phi, found.tau2, found.units) == (pytest.approx(2.5), pytest.approx(7 / 3), 4)
    lower, upper = widened_limits(np.ones(1), 10.0, 0.025, found, "additive")
    z = stats.norm.ppf(0.975)
    assert (lower[0], upper[0]) == pytest.approx((10 - z * np.sqrt(10 / 3), 10 + z * np.sqrt(10 / 3)))
    lower, upper = widened_limits(np.ones(1), 10.0, 0.025, found, "multiplicative")
    assert upper[0] - lower[0] == pytest.approx(2 * z * np.sqrt(2.5))


def test_one_unit_that_stands_out_does_not_widen_the_limits_when_winsorised() -> None:
    y = np.concatenate([np.linspace(-1.5, 1.5, 30), [40.0]])
    brought_in = overdispersion(y, np.ones(31), 0.0, winsorised=0.1)
    as_they_are = overdispersion(y, np.ones(31), 0.0, winsorised=0.0)
    assert brought_in.phi < 1.0 < as_they_are.phi
    assert brought_in.tau2 == 0.0


def test_limits_are_never_narrower_than_chance() -> None:
    calm = Overdispersion(0.4, 0.0, 20)
    plain = stats.norm.ppf(0.975) * 2.0
    for kind in ("additive", "multiplicative"):
        lower, upper = widened_limits(np.array([2.0]), 5.0, 0.025, calm, kind)
        assert (lower[0], upper[0]) == pytest.approx((5 - plain, 5 + plain))


@pytest.mark.parametrize("expected", [0.3, 4.0, 90.0, 20_000.0])
@pytest.mark.parametrize("tail", [0.025, 0.001])
def test_poisson_limits_hold_their_tails(expected: float, tail: float) -> None:
    size, law = np.array([50.0]), stats.poisson(expected)
    lower, upper = poisson_limits(size, expected / 50.0, tail)
    for limit, chance in ((lower, tail), (upper, 1.0 - tail)):
        least = law.ppf(chance)
        step = law.cdf(least) - law.cdf(least - 1.0)
        exact = max((least - (law.cdf(least) - chance) / step) / 50.0, 0.0)
        assert limit == pytest.approx([exact], rel=1e-7, abs=1e-12)


def test_a_poisson_limit_by_hand() -> None:
    """Two expected: P(0) = 0.1353, P(at most 1) = 0.4060; a chance of 0.3 is 0.6083 of the way."""
    lower, _ = poisson_limits(np.array([2.0]), 1.0, 0.3)
    assert lower * 2.0 == pytest.approx([(0.3 - np.exp(-2.0)) / (2.0 * np.exp(-2.0))])

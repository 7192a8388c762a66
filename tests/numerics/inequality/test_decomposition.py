"""The parts of a change of variance: by hand, by numerical gradients, and by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from precept_stats.numerics.inequality.decomposition import (
    Link,
    PeriodEstimates,
    decompose,
)
from precept_stats.numerics.inequality.noise import corrected_variance

SHARE = np.array([0.1, 0.2, 0.3, 0.15, 0.25])
BEFORE = np.array([40.0, 55.0, 62.0, 70.0, 58.0])
AFTER = np.array([80.0, 84.0, 90.0, 91.0, 86.0])
SMALL = np.diag(np.full(10, 1e-18))


def test_areas_that_are_known_exactly_and_change_by_one_odds_ratio_have_no_change_of_spread() -> None:
    after = 100.0 * special.expit(special.logit(BEFORE / 100.0) + 1.3)
    found = decompose(PeriodEstimates(BEFORE, SHARE), PeriodEstimates(after, SHARE), SMALL, "logit", 100.0)
    variances = [float(SHARE @ (y - SHARE @ y) ** 2) for y in (BEFORE, after)]
    assert found.total.value == pytest.approx(variances[1] - variances[0])
    assert found.from_spread.value == pytest.approx(0.0, abs=1e-8)
    assert found.from_mean.value == pytest.approx(found.total.value)


def test_rates_that_are_halved_have_a_quarter_of_the_variance() -> None:
    found = decompose(PeriodEstimates(BEFORE, SHARE), PeriodEstimates(BEFORE / 2.0, SHARE), SMALL, "log")
    before = float(SHARE @ (BEFORE - SHARE @ BEFORE) ** 2)
    assert found.expected == pytest.approx(before / 4.0)
    assert found.from_spread.value == pytest.approx(0.0, abs=1e-8)


def test_on_a_scale_without_bounds_the_mean_tells_nothing() -> None:
    found = decompose(PeriodEstimates(BEFORE, SHARE), PeriodEstimates(AFTER, SHARE), SMALL, "identity")
    assert found.from_mean.value == pytest.approx(0.0, abs=1e-9)
    assert found.from_spread.value == pytest.approx(found.total.value)


@pytest.mark.parametrize("link", ["logit", "log", "identity"])
def test_parts_add_up_and_the_total_is_that_of_the_corrected_variances(link: Link) -> None:
    error = np.array([4.0, 3.0, 2.0, 3.5, 2.5, 3.0, 2.0, 1.5, 2.0, 1.0])
    found = decompose(
        PeriodEstimates(BEFORE, SHARE), PeriodEstimates(AFTER, SHARE), np.diag(error**2), link, 100.0
    )
    assert found.from_mean.value + found.from_spread.value == pytest.approx(found.total.value)
    alone = [
        corrected_variance(y, SHARE, np.diag(error[half] ** 2), 0.95).value
        for y, half in ((BEFORE, slice(0, 5)), (AFTER, slice(5, 10)))
    ]
    assert found.total.value == pytest.approx(alone[1] - alone[0])


@pytest.mark.parametrize("link", ["logit", "log", "identity"])
@pytest.mark.parametrize("shared", [0.0, 0.6])
def test_parts_are_unbiased_with_right_errors(link: Link, shared: float) -> None:
    """1,500 sets of estimates about known values, areas' periods independent or correlated."""
    rng = np.random.default_rng(11)
    error = 0.35 * np.array([4.0, 3.0, 2.0, 3.5, 2.5, 3.0, 2.0, 1.5, 2.0, 1.0])
    mix = np.kron(np.array([[1.0, shared], [shared, 1.0]]), np.eye(5)) * np.outer(error, error)
    truth = decompose(PeriodEstimates(BEFORE, SHARE), PeriodEstimates(AFTER, SHARE), 1e-12 * mix, link, 100.0)
    drawn = rng.multivariate_normal(np.concatenate([BEFORE, AFTER]), mix, 1500)
    every = [
        decompose(PeriodEstimates(z[:5], SHARE), PeriodEstimates(z[5:], SHARE), mix, link, 100.0)
        for z in drawn
    ]
    for name in ("total", "from_mean", "from_spread"):
        values = np.array([getattr(one, name).value for one in every])
        variances = np.array([getattr(one, name).std_error ** 2 for one in every])
        middle, spread = float(values.mean()), float(values.std())
        room = 4.5 * spread / np.sqrt(len(values)) + 0.02 * spread + 1e-9
        assert abs(middle - getattr(truth, name).value) < room
        assert variances.mean() ** 0.5 == pytest.approx(spread, rel=0.06, abs=1e-9)

"""Simultaneous bands of ranks: they hold as often as they say, and what is not uniform leaves them."""

from __future__ import annotations

import numpy as np
import pytest

from tests.calibration import bayes_bands as bands

N_RANKS = 200


@pytest.mark.parametrize("count", [50, 200])
def test_uniform_ranks_stay_inside_as_often_as_the_band_says(count: int) -> None:
    low, high = bands.band(count)
    rng, trials = np.random.default_rng(1), 4000
    drawn = [bands.counts(rng.integers(0, N_RANKS, count), N_RANKS) for _ in range(trials)]
    held = np.mean([np.all((low <= one) & (one <= high)) for one in drawn])
    assert held == pytest.approx(0.95, abs=3 * np.sqrt(0.95 * 0.05 / trials))


def test_the_band_is_the_one_that_arviz_simulates() -> None:
    utils = pytest.importorskip("arviz_stats.ecdf_utils")
    rng = np.random.default_rng(2)
    kept = utils.simulate_confidence_bands(200, 1, bands.points(), 0.95, 20_000, rng)
    assert bands.tail_of(0.95, 200) == pytest.approx((1 - kept) / 2, rel=0.08)


def test_p_values_of_uniform_ranks_are_uniform() -> None:
    rng = np.random.default_rng(3)
    found = np.array([bands.p_value(rng.integers(0, N_RANKS, 100), N_RANKS) for _ in range(150)])
    for level in (0.1, 0.3, 0.5):
        assert np.mean(found < level) == pytest.approx(level, abs=3 * np.sqrt(level * (1 - level) / 150))


@pytest.mark.parametrize(("shift", "width"), [(0.4, 1.0), (0.0, 0.75), (0.0, 1.4)])
def test_wrong_posteriors_are_found(shift: float, width: float) -> None:
    """A normal truth, ranked in 200 sets of draws that are off by 0.4 SD, too narrow, or too wide."""
    rng = np.random.default_rng(4)
    truth = rng.standard_normal(200)
    draws = shift + width * rng.standard_normal((200, N_RANKS - 1))
    ranks = np.sum(draws < truth[:, None], axis=1)
    assert bands.p_value(ranks, N_RANKS) < 0.01


def test_p_values_are_adjusted_as_holm_says() -> None:
    found = bands.holm(np.array([0.04, 0.01, 0.03, 0.9]))
    assert found == pytest.approx([0.09, 0.04, 0.09, 0.9])

"""Means at many draws at once are those at each of them, which others hold to integrals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from scipy import special, stats

from precept_stats.inference.marginal import AverageMean, StandardisedContrast, StandardisedMean, normal_grid
from precept_stats.inference.standardised import PopulationMean
from precept_stats.numerics.glmm.families import BinomialLogit

RNG = np.random.default_rng(5)


@dataclass(frozen=True)
class Last:
    """The last parameter, times a factor that differs from row to row."""

    factor: np.ndarray

    def variance(self, params: np.ndarray) -> np.ndarray:
        return self.factor * params[-1]

    def slope(self, params: np.ndarray) -> np.ndarray:
        return np.column_stack([np.zeros((len(self.factor), len(params) - 1)), self.factor])


def standardised(rows: int = 7) -> StandardisedMean:
    X = RNG.normal(size=(rows, 3))
    weights = np.full(rows, 1.0 / rows)
    return StandardisedMean(X, RNG.normal(size=rows), weights, BinomialLogit(), Last(RNG.random(rows)))


def draws(count: int = 300) -> np.ndarray:
    """Draws whose variances reach from 0 to 25."""
    found = RNG.normal(size=(count, 4))
    found[:, -1] = np.linspace(0.0, 25.0, count)
    return RNG.permutation(found)


MEANS = {
    "standardised": standardised(),
    "average": AverageMean((standardised(), standardised(4))),
    "population": PopulationMean(RNG.normal(size=(6, 3)), np.full(6, 1 / 6), BinomialLogit()),
}


@pytest.mark.parametrize("name", MEANS)
def test_many_are_each(name: str) -> None:
    mean, drawn = MEANS[name], draws()
    assert mean.of_many(drawn) == pytest.approx(np.array([mean.of(one) for one in drawn]), rel=1e-11)


@pytest.mark.parametrize("measure", ["difference", "ratio", "odds_ratio"])
def test_so_are_contrasts(measure: str) -> None:
    contrast = StandardisedContrast("effect", ("a", "b"), MEANS["average"], MEANS["standardised"])
    quantity = contrast.difference("proportion") if measure == "difference" else getattr(contrast, measure)()
    drawn = draws()
    assert quantity.of_many is not None
    each = np.array([quantity.value(one) for one in drawn])
    assert quantity.of_many(drawn) == pytest.approx(each, rel=1e-9, abs=1e-11)


@pytest.mark.parametrize(("sd", "within"), [(5.0, 1e-10), (19.0, 1e-10), (130.0, 1e-5), (1e5, 0.003)])
def test_a_grid_of_bounded_size_gives_the_mean_of_a_risk(sd: float, within: float) -> None:
    """Beside the normal probability of log odds above 0, and what the logistic curve adds about there."""
    points, weights = normal_grid(sd)
    assert len(points) < 4_100
    t = np.linspace(0.0, 60.0, 600_001)
    for eta in (-30.0, -3.0, 0.7, 100.0):
        above, below = (stats.norm.pdf((side * t - eta) / sd) / sd for side in (1.0, -1.0))
        exact = stats.norm.cdf(eta / sd) + np.trapezoid(special.expit(-t) * (below - above), t)
        assert weights @ special.expit(eta + sd * points) == pytest.approx(exact, abs=within)

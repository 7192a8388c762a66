"""Random effects that are sampled: densities, slopes, and the two coordinates they are sampled on."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from scipy import stats

from precept_stats.numerics.posterior.blocks import Block
from precept_stats.numerics.posterior.density import Posterior, whitened
from precept_stats.numerics.posterior.laws import Folded, LogitBeta, Normal, OfBlock


@dataclass(frozen=True)
class Means:
    """Normal observations, ``people`` of each effect with SD 1, about a mean and effects."""

    y: np.ndarray
    people: float

    def sparing(self, _places: np.ndarray) -> Means:
        return self

    def finer(self) -> Means:
        return self

    def evaluator(self) -> object:
        def at(coordinates: np.ndarray) -> tuple[float, np.ndarray]:
            away = self.y - coordinates[0] - coordinates[1 : 1 + len(self.y)]
            pull = self.people * away
            return -0.5 * float(pull @ away), np.array([pull.sum(), *pull])

        return at


def posterior(people: float, *, autoregressive: bool, centred: bool = False) -> Posterior:
    y = np.array([0.4, 0.9, -0.3, 0.1, -0.8, 0.6])
    block = Block(1, 6, 7, 8 if autoregressive else None, centred)
    laws = (Normal(0.0, 2.0), *[OfBlock()] * 6, Folded(1.0), *([LogitBeta(2.0, 2.0)] * autoregressive))
    return Posterior(Means(y, people), laws, (block,))


@pytest.mark.parametrize("autoregressive", [False, True])
@pytest.mark.parametrize("centred", [False, True])
def test_slopes_are_those_of_the_value(autoregressive: bool, centred: bool) -> None:
    evaluate = posterior(3.0, autoregressive=autoregressive, centred=centred).evaluator()
    at = np.array([0.3, *np.linspace(-0.5, 0.7, 6), 0.6, *([0.4] * autoregressive)])
    steps = 1e-6 * np.eye(len(at))
    differences = [(evaluate(at + step)[0] - evaluate(at - step)[0]) / 2e-6 for step in steps]
    assert evaluate(at)[1] == pytest.approx(differences, rel=1e-6, abs=1e-7)


@pytest.mark.parametrize("autoregressive", [False, True])
def test_the_law_of_a_block_is_the_multivariate_normal_one(autoregressive: bool) -> None:
    at = np.array([0.3, *np.linspace(-0.5, 0.7, 6), 0.6, *([0.4] * autoregressive)])
    rho = 1 / (1 + np.exp(-0.4)) if autoregressive else 0.0
    lag = np.abs(np.subtract.outer(np.arange(6), np.arange(6)))
    covariance = 0.36 * np.where(lag == 0, 1.0, rho**lag)
    expected = stats.multivariate_normal.logpdf(at[1:7], np.zeros(6), covariance)
    block = posterior(3.0, autoregressive=autoregressive).blocks[0]
    assert block.log_densities(at).sum() == pytest.approx(expected, rel=1e-10)
    assert replace(block, centred=True).add(np.zeros(len(at)), at) == pytest.approx(expected, rel=1e-10)
    z = block.innovations(at[1:7], at)
    moved = at.copy()
    moved[1:7] = z
    assert block.effects(moved) == pytest.approx(at[1:7], rel=1e-12)
    drawn = block.drawn(np.random.default_rng(2), np.tile(at, (40_000, 1)))
    assert np.cov(drawn.T) == pytest.approx(covariance, abs=0.012)


def test_what_data_tell_much_of_is_centred() -> None:
    few, many = (whitened(posterior(people, autoregressive=True)) for people in (0.3, 400.0))
    assert not few.posterior.blocks[0].centred
    assert many.posterior.blocks[0].centred


@pytest.mark.parametrize("people", [0.3, 400.0])
def test_both_coordinates_are_of_the_same_posterior(people: float) -> None:
    """Log densities of shown coordinates differ by one constant and the change of variables."""
    found = [posterior(people, autoregressive=True, centred=one) for one in (False, True)]
    rng = np.random.default_rng(6)
    gaps = []
    for _ in range(5):
        at = rng.normal(size=9)
        at[7] = abs(at[7]) + 0.2
        shown = found[0].shown(at)
        block = found[0].blocks[0]
        root = np.sqrt(1 - block.rho(at) ** 2)
        gaps.append(
            found[0].evaluator()(at)[0]
            - found[1].evaluator()(shown)[0]
            - 6 * np.log(at[7])
            - 5 * np.log(root)
        )
    assert gaps == pytest.approx([0.0] * 5, abs=1e-9)

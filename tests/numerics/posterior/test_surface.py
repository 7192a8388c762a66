"""Laws of cells tabulated once: held to the laws themselves, found by adaptive integration."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import integrate, special, stats

from precept_stats.numerics.posterior.counts import MOST_NODES, Counts, Rows, collapsed
from precept_stats.numerics.posterior.surface import INSIDE, Range, surface_over
from precept_stats.numerics.posterior.without import without_cluster
from tests.numerics.posterior.test_densities import coordinates

SIZE, RANGE = 12.0, Range(-4.0, 2.0, 0.8)


def wedge(law: str) -> Counts:
    """Cells of 12 people in 30 clusters, whose pairs of counts are few."""
    rng = np.random.default_rng(11)
    cluster, n = np.repeat(np.arange(30), 15), 450
    X = np.column_stack([np.ones(n), rng.integers(0, 2, n)]).astype(float)
    y = rng.binomial(12, 0.25, n).astype(float)
    return collapsed(Rows(X, y, np.full(n, SIZE), np.zeros(n), cluster, np.arange(n)), law)


def around(law: str) -> np.ndarray:
    """Likely coordinates: 20 about a middle, cells differing less than clusters."""
    middle = coordinates(law)
    middle[3:] *= 0.5
    return middle + 0.1 * np.random.default_rng(12).normal(size=(20, len(middle)))


def integral(y: float, eta: float, sd: float) -> float:
    """The log-likelihood of y of 12 whose log odds are normal, without its constant."""

    def height(u: float) -> float:
        risk = special.expit(eta + sd * u)
        return float(np.exp(special.xlogy(y, risk) + special.xlog1py(SIZE - y, -risk)) * stats.norm.pdf(u))

    return float(np.log(integrate.quad(height, -9.0, 9.0, epsabs=0.0, epsrel=1e-11)[0]))


def test_a_surface_gives_integrals_over_normal_effects_of_cells() -> None:
    data = wedge("binomial_normal")
    evaluate = data.evaluator()
    surface = evaluate.surface(around("binomial_normal"))
    assert surface is not None
    ends = surface.grid.low + surface.grid.step * np.arange(surface.coefficients.shape[-1])
    for more in (0.0, 0.05, -0.4, 0.9 * surface.over.more):
        values = surface.at(more)[0]
        for pair, end in ((0, 10), (3, 30), (6, 50)):
            expected = integral(float(evaluate.pairs.y[pair]), float(ends[end]), more)
            assert values[pair, end] == pytest.approx(expected, abs=3e-7)


def test_slopes_are_those_of_the_values() -> None:
    surface = wedge("binomial_normal").evaluator().surface(around("binomial_normal"))
    assert surface is not None
    for more in (0.1, 0.35):
        before, here, after = (surface.at(more + step) for step in (-1e-5, 0.0, 1e-5))
        assert here[2] == pytest.approx((after[0] - before[0]) / 2e-5, abs=1e-6)
        assert here[3] == pytest.approx((after[1] - before[1]) / 2e-5, abs=1e-6)


@pytest.mark.parametrize("law", ["binomial", "poisson", "binomial_normal"])
def test_it_changes_no_likelihood_within_what_it_covers_nor_beyond(law: str) -> None:
    data = wedge(law)
    spare = data.sparing(around(law))
    assert spare.surface is not None
    plain = replace(spare, tabulated=False, surface=None, nodes_of_cells=MOST_NODES)
    used, exact = spare.evaluator(), plain.evaluator()
    beyond = around(law)[0]
    beyond[-1] *= 2.0
    for place in (*around(law)[:6], beyond):
        value, slope = used(place)
        expected, expected_slope = exact(place)
        assert value == pytest.approx(expected, abs=2e-3)
        assert slope == pytest.approx(expected_slope, rel=1e-3, abs=0.02)


def test_what_no_polynomial_of_bearable_degree_follows_has_no_surface() -> None:
    def spiked(places: np.ndarray, more: float) -> tuple[np.ndarray, np.ndarray]:
        height = 1.0 / (1.0 + 1e4 * more * more)
        return np.full((1, len(places)), height), np.full((1, len(places)), -2e4 * more * height * height)

    assert surface_over(spiked, RANGE) is None
    assert surface_over(spiked, Range(-1e4, 1e4, 1.0)) is None


def test_a_range_holds_what_lies_inside_it_and_no_nan() -> None:
    assert RANGE.holds(-4.0, 2.0, -INSIDE * 0.8)
    assert not RANGE.holds(-4.1, 2.0, 0.1)
    assert not RANGE.holds(-4.0, 2.0, 0.8)
    assert not RANGE.holds(float("nan"), 2.0, 0.1)


def test_a_cluster_taken_out_takes_its_table_with_it() -> None:
    law = "binomial_normal"
    spare = wedge(law).sparing(around(law))
    assert spare.surface is not None
    fewer = without_cluster(spare, 7)
    assert isinstance(fewer, Counts)
    whole, left = spare.evaluator(), fewer.evaluator()
    for place in around(law)[:4]:
        others = np.delete(whole.by_cluster(place), 7)
        assert left.by_cluster(place) == pytest.approx(others, abs=1e-3)
        again = fewer.sparing(around(law)).evaluator()
        assert again.by_cluster(place) == pytest.approx(others, abs=1e-3)

"""Power-scaling sensitivities against those that the R package priorsense publishes for its example."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from precept_stats.inference.power_scaling import sensitivity

pytest.importorskip("arviz_stats")

Y = np.array(
    [
        *(9.5, 10.2, 9.1, 9.1, 10.3, 10.9, 11.7, 10.3, 9.6, 8.6, 9.1, 11.1, 9.3),
        *(10.5, 9.7, 10.3, 10.0, 9.8, 9.6, 8.3, 10.2, 9.8, 10.0, 10.0, 9.1),
    ]
)
PUBLISHED = {
    ("mu", "prior"): 0.390,
    ("mu", "data"): 0.558,
    ("sigma", "prior"): 0.288,
    ("sigma", "data"): 0.527,
}
"""On its page `Getting started`: y is N(mu, sigma), mu N(0, 1), sigma half-normal, scale 2.5; 4,000 draws."""
SETS = 20


def test_sensitivities_are_those_that_priorsense_publishes() -> None:
    """Its draws are one set of 4,000: ours, exact draws over a grid, vary about as far from set to set."""
    mu, sigma = np.meshgrid(np.linspace(8.4, 10.7, 500), np.linspace(0.4, 2.6, 500), indexing="ij")
    prior = stats.norm.logpdf(mu) + stats.norm.logpdf(sigma, 0.0, 2.5)
    data = sum(stats.norm.logpdf(y, mu, sigma) for y in Y)
    weights = np.exp(prior + data - np.max(prior + data)).ravel()
    found: dict[tuple[str, str], list[float]] = {key: [] for key in PUBLISHED}
    for number in range(SETS):
        at = np.random.default_rng(number).choice(weights.size, (4, 1000), p=weights / weights.sum())
        for variable, values in (("mu", mu), ("sigma", sigma)):
            for part, density in (("prior", prior), ("data", data)):
                one = sensitivity(part, values.ravel()[at], density.ravel()[at])
                found[variable, part].append(one.distance)
    for key, published in PUBLISHED.items():
        assert np.std(found[key]) < 0.06
        assert published == pytest.approx(np.mean(found[key]), abs=3 * np.std(found[key], ddof=1)), key

"""The parametric bootstrap of one series: simulate with the autocorrelation found, and fit again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from precept_stats.inference.bootstrap import Refit
from precept_stats.methods.series_rows import ErrorFit, Points
from precept_stats.methods.settings_series_counts import AnyAutocorrelation
from precept_stats.numerics.series.ar1 import autoregressive
from precept_stats.numerics.series.count_simulation import counts_from, events_from

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class SeriesBootstrap:
    """A fitted series to be simulated from, and refitted by the same error model.

    Errors are a first-order autoregression, normal for a linear model; counts are quantiles of their
    distribution at the probabilities of such errors. Refits carry their own covariance, so that intervals
    of the coefficients are studentised.
    """

    points: Points
    found: ErrorFit
    model: AnyAutocorrelation

    @property
    def names(self) -> tuple[str, ...]:
        return self.points.terms.names

    @property
    def point(self) -> Refit:
        return _refit(self.found)

    def simulate(self, rng: np.random.Generator) -> Points:
        """The same points with a new outcome."""
        points, found = self.points, self.found
        phi = 0.0 if found.autocorrelation is None else float(np.clip(found.autocorrelation, -0.99, 0.99))
        gaps = np.diff(points.positions)
        errors = autoregressive(rng.standard_normal(len(points.y)), phi, gaps)
        eta = points.X @ found.params
        if found.link == "identity":
            return points.of(points.root * eta + np.sqrt(found.variance) * errors)
        if found.link == "log":
            return points.with_events(counts_from(errors, points.size * np.exp(eta), found.variance))
        share = 1.0 / (1.0 + np.exp(-eta))
        return points.with_events(events_from(errors, share, points.size, found.variance))

    def refit(self, outcome: Points) -> Refit:
        """The model fitted to a simulated outcome. FitError when it cannot be."""
        return _refit(self.model.fit(outcome))


def _refit(found: ErrorFit) -> Refit:
    return Refit(found.params, found.covariance, found.boundary)

"""Power-scaling: how a posterior moves as its prior, or its likelihood, is weakened or strengthened."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]

POWERS = (0.99, 1.01)
"""Between these the gradient is taken, on the log scale to base 2."""
SENSITIVE = 0.05
"""A sensitivity from which on it is remarked on (Kallioinen et al. 2024)."""
DOUBLING = 2.0


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """What power-scaling one ``part`` of a model does to the effect.

    ``distance`` is the rate at which the cumulative Jensen-Shannon distance from the posterior grows with
    the log (base 2) of the power; ``halved`` and ``doubled`` are the mean of the effect, on the scale of
    inference, under powers 1/2 and 2, by reweighting, with the Pareto k of the weights of each.
    """

    part: str
    distance: float
    mean: float
    halved: tuple[float, float]
    doubled: tuple[float, float]

    @property
    def is_sensitive(self) -> bool:
        return self.distance >= SENSITIVE


def sensitivity(part: str, effects: Matrix, log_density: Matrix) -> Sensitivity:
    """Of effects (chains, draws) to the part of the model whose log density is (chains, draws).

    Draws are reweighted by the density to the power less one, weights smoothed (PSIS). Kallioinen,
    Paananen, Bürkner and Vehtari (2024), Stat Comput 34:57.
    """
    from arviz_stats.base import array_stats  # lazy: heavy, and in an extra

    flat = log_density.ravel()
    if np.ptp(flat) == 0.0:
        mean = float(np.mean(effects))
        return Sensitivity(part, 0.0, mean, (mean, 0.0), (mean, 0.0))
    lower, upper = (
        np.exp(array_stats.power_scale_lw(flat, alpha=power)).reshape(effects.shape) for power in POWERS
    )
    distance = array_stats.power_scale_sense(
        effects, lower / lower.sum(), upper / upper.sum(), *POWERS, chain_axis=0, draw_axis=1
    )
    powers = 1.0 / DOUBLING, DOUBLING
    halved, doubled = (_shifted(effects.ravel(), (power - 1.0) * flat) for power in powers)
    return Sensitivity(part, float(distance), float(np.mean(effects)), halved, doubled)


def _shifted(effects: NDArray[np.float64], log_weights: NDArray[np.float64]) -> tuple[float, float]:
    """The mean under importance weights, smoothed, and their Pareto k."""
    from arviz_stats.base import array_stats  # lazy: heavy, and in an extra

    # psislw takes the log of the ratio's inverse, as in leave-one-out
    smoothed, khat = array_stats.psislw(-(log_weights - log_weights.max()))
    weights = np.exp(smoothed - np.max(smoothed))
    return float(np.average(effects, weights=weights)), float(khat)

"""Risks and their log odds, and risks of clusters that have a beta law."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, expit
from scipy.special import logit as log_odds

Matrix = NDArray[np.float64]

NEAREST = 1e-12
"""Risks are held so far from 0 and 1 that their log odds are finite."""
LEAST = 1e-7
"""The least parameter of a beta law, and correlation within a cluster."""


def risk(eta: Matrix) -> Matrix:
    """At log odds."""
    found: Matrix = expit(eta)
    return found


def logit(risks: Matrix) -> Matrix:
    """The log odds, finite."""
    found: Matrix = log_odds(np.clip(risks, NEAREST, 1.0 - NEAREST))
    return found


def beta_total(root: Matrix) -> Matrix:
    """The sum of a beta law's parameters, from the root of the odds of the correlation within a cluster."""
    return 1.0 / np.maximum(root**2, LEAST)


def beta_draw(rng: np.random.Generator, a: Matrix, b: Matrix) -> Matrix:
    """Risks from beta laws."""
    return rng.beta(np.maximum(a, LEAST), np.maximum(b, LEAST))


def beta_quantile(mean: Matrix, total: Matrix, uniform: Matrix) -> Matrix:
    """The risks below which ``uniform`` of beta laws with these means lies."""
    found: Matrix = betaincinv(total * mean, total * (1.0 - mean), uniform)
    return found

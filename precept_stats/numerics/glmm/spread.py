"""How much clusters differ, from the standard deviation of their random effects."""

from __future__ import annotations

import math

from scipy.special import ndtri

LATENT_VARIANCE = {"logit": math.pi**2 / 3, "probit": 1.0, "cloglog": math.pi**2 / 6}
"""The variance of an individual on the scale of the link: logistic, normal, extreme value."""


LOG_MEDIAN_RATIO = math.sqrt(2.0) * float(ndtri(0.75))
"""The median log ratio between two random clusters, per unit of the standard deviation."""

LOG_80_RATIO = math.sqrt(2.0) * float(ndtri(0.9))
"""The log ratio between members of two random clusters that one in ten is above, per unit of the same."""


def latent_icc(sigma: float, link: str) -> float:
    """The correlation of two members' latent variables, sigma^2 / (sigma^2 + variance of the link's law).

    Source: Goldstein, Browne and Rasbash (2002), Understanding Statistics 1:223.
    """
    return sigma**2 / (sigma**2 + LATENT_VARIANCE[link])


def median_odds_ratio(sigma: float) -> float:
    """The median ratio of odds between two clusters drawn at random, the higher over the lower.

    Source: Larsen and Merlo (2005), Am J Epidemiol 161:81.
    """
    return math.exp(LOG_MEDIAN_RATIO * sigma)

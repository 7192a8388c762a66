"""Intervals for a single proportion, and how unlikely a count is."""

from __future__ import annotations

import math

from scipy import special


def wilson_interval(events: float, total: float, level: float) -> tuple[float, float]:
    """Wilson's score interval for ``events`` of ``total`` at ``level`` (0 to 1), both limits in [0, 1].

    It takes the observations as independent, so for a cluster it describes that cluster's own
    participants and nothing beyond. Stays within 0 and 1, also for none or all.
    ``total`` must be positive and ``events`` between 0 and ``total``.

    Source: Wilson 1927, J Am Stat Assoc 22:209.
    """
    z = float(special.ndtri(0.5 + level / 2))
    p = events / total
    spread = 1 + z**2 / total
    centre = (p + z**2 / (2 * total)) / spread
    half = z * math.sqrt(p * (1 - p) / total + z**2 / (4 * total**2)) / spread
    return max(0.0, centre - half), min(1.0, centre + half)


def two_sided_chance(count: int, total: int, share: float) -> float:
    """Twice the smaller tail, at most 1, of ``count`` or one as extreme, of a binomial count."""
    below = float(special.bdtr(count, total, share))
    above = float(special.bdtrc(count - 1, total, share)) if count else 1.0
    return min(1.0, 2.0 * min(below, above))

"""Intervals for a single rate."""

from __future__ import annotations

from scipy import special


def rate_interval(events: float, exposure: float, level: float) -> tuple[float, float]:
    """The exact interval at ``level`` of a rate of ``events`` in an ``exposure``, the events being Poisson.

    Equal tails; the lower limit for no events is 0. ``exposure`` must be positive and ``events`` 0 or more.

    Source: Garwood 1936, Biometrika 28:437.
    """
    tail = (1.0 - level) / 2.0
    lower = float(special.gammaincinv(events, tail)) if events > 0.0 else 0.0
    return lower / exposure, float(special.gammaincinv(events + 1.0, 1.0 - tail)) / exposure

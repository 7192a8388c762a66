"""Where a test of null values first rejects, going out from the estimate."""

from __future__ import annotations

import math
from collections.abc import Callable

FIRST, GROWTH = 0.25, 1.25
"""The first step out, in units, and how much longer each next one is."""
FARTHEST = 1e6
"""So many units out a limit is looked for."""
NEAR = 1e-12
"""How nearly it is found, as a share of the way."""


def first_fall(
    share: Callable[[float], float], start: float, unit: float, alpha: float, near: float = NEAR
) -> float:
    """Where p first falls to ``alpha`` between ``start`` and infinity, on the side that ``unit`` points to.

    Values are tried in steps until p is ``alpha`` or less, then the last step is halved. Infinite where it
    never falls, or where ``share`` is NaN before: there is nothing farther out.
    """
    inside, step = 0.0, FIRST
    while (p := share(start + (inside + step) * unit)) > alpha or math.isnan(p):
        inside, step = inside + step, step * GROWTH
        if math.isnan(p) or inside > FARTHEST:
            return math.copysign(math.inf, unit)
    outside = inside + step
    while outside - inside > near * max(1.0, outside):
        middle = 0.5 * (inside + outside)
        if share(start + middle * unit) > alpha:
            inside = middle
        else:
            outside = middle
    return start + inside * unit

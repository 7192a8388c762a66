"""What a two-way fixed-effects coefficient is made of: comparisons of two groups of units at a time.

Goodman-Bacon (2021), J Econometrics 225:254, theorem 1: for a panel without holes whose rows count the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from precept_stats.numerics.panel.effects import Panel, without_effects

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Ints = NDArray[np.intp]

Comparison = Literal["never", "not_yet", "already"]
"""Units that start are compared with others that never do, that have not yet, or that already have."""


@dataclass(frozen=True, slots=True)
class TwoByTwo:
    """Units that start at ``start`` compared with others: its weight in the coefficient, and its answer."""

    kind: Comparison
    start: int
    other: int
    weight: float
    estimate: float


def decomposed(panel: Panel, start: Ints) -> tuple[TwoByTwo, ...]:
    """Every comparison of two groups. ``start`` (units,) is the first treated period, -1 for never.

    The panel has a row for each unit and period, all of the same weight. Weights add up to 1, and with them
    the answers to the coefficient.
    """
    means, sizes, starts = _groups(panel, start)
    treated = (start[panel.unit] >= 0) & (panel.period >= start[panel.unit])
    left = without_effects(panel, treated.astype(np.float64)[:, None])[:, 0]
    variance = float(np.mean(left**2))
    found = []
    for a, early in enumerate(starts):
        if early < 0:
            continue
        for b, late in enumerate(starts):
            pair = (means[[a, b]], sizes[[a, b]])
            if late < 0:
                found.append(_against_never(pair, early, variance))
            elif early < late:
                found += [
                    _before_late(pair, (early, late), variance),
                    _after_early(pair, (early, late), variance),
                ]
    return tuple(found)


def _groups(panel: Panel, start: Ints) -> tuple[Matrix, Vector, list[int]]:
    """Means by group and period, shares of units, and the groups' starts."""
    table = np.empty((panel.n_units, panel.n_periods))
    table[panel.unit, panel.period] = panel.y
    starts = np.unique(start)
    means = np.stack([table[start == one].mean(axis=0) for one in starts])
    return means, np.array([np.mean(start == one) for one in starts]), starts.tolist()


Pair = tuple[Matrix, Vector]


def _against_never(pair: Pair, start: int, variance: float) -> TwoByTwo:
    means, sizes = pair
    share, periods = sizes[0] / sizes.sum(), means.shape[1]
    after = (periods - start) / periods
    weight = sizes.sum() ** 2 * share * (1 - share) * after * (1 - after) / variance
    return TwoByTwo("never", start, -1, float(weight), _difference(means, (0, start, periods)))


def _before_late(pair: Pair, starts: tuple[int, int], variance: float) -> TwoByTwo:
    """The early group starts; the late one, which has not yet, is the control."""
    means, sizes = pair
    (early, late), periods = starts, means.shape[1]
    share = sizes[0] / sizes.sum()
    first, last = (periods - early) / periods, (periods - late) / periods
    spread = share * (1 - share) * (first - last) * (1 - first) / (1 - last) ** 2
    weight = (sizes.sum() * (1 - last)) ** 2 * spread / variance
    return TwoByTwo("not_yet", early, late, float(weight), _difference(means, (0, early, late)))


def _after_early(pair: Pair, starts: tuple[int, int], variance: float) -> TwoByTwo:
    """The late group starts; the early one, which already has, is the control."""
    means, sizes = pair
    (early, late), periods = starts, means.shape[1]
    share = sizes[0] / sizes.sum()
    first, last = (periods - early) / periods, (periods - late) / periods
    spread = share * (1 - share) * (last / first) * (first - last) / first
    weight = (sizes.sum() * first) ** 2 * spread / variance
    return TwoByTwo("already", late, early, float(weight), _difference(means[::-1], (early, late, periods)))


def _difference(means: Matrix, at: tuple[int, int, int]) -> float:
    """The change of the first group from before ``at[1]`` to after, less that of the second."""
    begin, switch, end = at
    change = means[:, switch:end].mean(axis=1) - means[:, begin:switch].mean(axis=1)
    return float(change[0] - change[1])

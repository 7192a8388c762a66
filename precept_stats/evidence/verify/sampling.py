"""How far two sets of draws of one posterior may lie apart, by what the reviewer's own draws say.

Nothing here is taken from the bundle: standard deviations, widths and effective sample sizes are those of
the analysis as it was made again.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import accumulate

from precept_stats.evidence.verify.tolerances import Sampling
from precept_stats.values import Result, Row

SIZES = ("ess_bulk", "ess_tail")
DIAGNOSTICS = {
    "ess_bulk": (0.5, 0.0),
    "ess_tail": (0.5, 0.0),
    "ebfmi": (0.5, 0.0),
    "rhat": (0.0, 0.02),
    "sensitivity": (0.5, 0.02),
    "halved_khat": (0.0, 1.0),
    "doubled_khat": (0.0, 1.0),
}
"""What is said of draws varies with them: how far apart, as a share of one's own and in addition."""
SHARES = ("benefit", "worthwhile", "equivalence", "harm", "above")
"""Statistics that are shares of draws."""
WIDTH = 4.0
"""Standard deviations between the limits of an interval of 95 %, nearly."""
Stats = Mapping[str, float | int | str | None]


class OwnDraws:
    """The Monte Carlo error of every number of a posterior that the reviewer drew."""

    def __init__(self, entry: Result) -> None:
        self._told: dict[tuple[object, ...], dict[str, float | int | str | None]] = {}
        for row in entry.rows:
            self._told.setdefault(_subject(row), {})[row.stat_name] = row.stat
        self.effective = min((_number(row.stat) for row in entry.rows if _is_size(row)), default=0.0)
        self._effect = _deviation(entry.estimate.value, _of_effect(entry)) if entry.estimates else 0.0

    def same(self, theirs: Row, ours: Row) -> bool:
        """Whether a number drawn elsewhere is that of these draws, but for chance."""
        one, other = _number(theirs.stat), _number(ours.stat)
        if one == other:
            return True
        if ours.stat_name in DIAGNOSTICS and ours.context in ("fit", "power_scaling"):
            share, more = DIAGNOSTICS[ours.stat_name]
            return abs(one - other) <= share * abs(other) + more
        if self.effective <= 0.0 or not math.isfinite(one - other):
            return False
        if ours.context == "number_needed" and one and other:
            one, other = 1.0 / one, 1.0 / other
        return abs(one - other) <= Sampling(self._spread(ours), self.effective).reach()

    def _spread(self, row: Row) -> float:
        """The standard deviation of what a row is about; that of the effect where nothing says it."""
        told, value = self._told.get(_subject(row), {}), _number(row.stat)
        error, low, high = (told.get(name) for name in ("std_error", "conf_low", "conf_high"))
        if row.stat_name == "statistic":
            return 1.0 + abs(value)
        if isinstance(error, float):
            return error if row.stat_name == "std_error" else _deviation(value, (error, row.scale))
        if row.stat_name in SHARES:
            return math.sqrt(max(value * (1.0 - value), 1.0 / self.effective))
        if row.context == "predictive_check" and isinstance(low, float) and isinstance(high, float):
            return high - low
        if row.context != "number_needed" and isinstance(low, float) and isinstance(high, float):
            return (high - low) / WIDTH
        return self._effect

    def same_law(self, theirs: Sequence[Row], ours: Sequence[Row]) -> bool:
        """Whether the bins of a density are those of these draws: by the largest gap between the two laws."""
        given, own = _bins(theirs), _bins(ours)
        if given is None or own is None or self.effective <= 0.0:
            return False
        gap = max(abs(_below(end, *given) - _below(end, *own)) for end in (*given[0], *own[0]))
        return bool(gap <= Sampling(0.5, self.effective).reach())


def _bins(rows: Sequence[Row]) -> tuple[list[float], list[float]] | None:
    """Ends of bins and the share of draws below each; None where bins overlap, or shares are none."""
    told: dict[str, dict[str, float]] = {}
    for row in rows:
        told.setdefault(row.group("bin"), {})[row.stat_name] = _number(row.stat)
    bins = list(told.values())
    if not bins or any(one.keys() != {"lower", "upper", "share"} for one in bins):
        return None
    low, high, share = ([one[name] for one in bins] for name in ("lower", "upper", "share"))
    chained = low[1:] == high[:-1] and all(one < other for one, other in zip(low, high, strict=True))
    if not chained or not min(share) >= 0.0 or not sum(share) <= 1.0 + 1e-9:
        return None
    return [*low, high[-1]], [0.0, *accumulate(share)]


def _below(end: float, ends: list[float], shares: list[float]) -> float:
    """The share of draws below a value, on a straight line within a bin."""
    place = bisect_right(ends, end)
    if place == 0 or place == len(ends):
        return shares[0] if place == 0 else shares[-1]
    part = (end - ends[place - 1]) / (ends[place] - ends[place - 1])
    return shares[place - 1] + part * (shares[place] - shares[place - 1])


def _deviation(value: float, error: tuple[float, str]) -> float:
    """A standard error on the scale of inference, on the one that the value is told on."""
    slopes = {
        "identity": 1.0,
        "log": abs(value),
        "logit": abs(value * (1.0 - value)),
        "log_above_one": abs(value - 1.0),
    }
    return error[0] * slopes.get(error[1] or "identity", 1.0)


def _of_effect(entry: Result) -> tuple[float, str]:
    return entry.estimate.std_error, entry.estimate.scale


def _is_size(row: Row) -> bool:
    return row.context == "fit" and row.stat_name in SIZES


def _number(stat: float | int | str | None) -> float:
    return float(stat) if isinstance(stat, int | float) else math.nan


def _subject(row: Row) -> tuple[object, ...]:
    return (row.context, row.groups, row.variable, row.variable_level, row.term, row.measure, row.scale)

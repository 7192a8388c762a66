"""The scales on which inference is made, each with its map from what a reader thinks in and back."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from precept_stats.values import Scale


@dataclass(frozen=True, slots=True)
class ScaleMap:
    """``forward`` takes a reader's value to the scale and ``back`` returns it; both increase.

    At the ends of its domain a map gives plus or minus infinity, outside NaN; ``back`` overflows to infinity.
    """

    forward: Callable[[float], float]
    back: Callable[[float], float]


def _log(value: float) -> float:
    return math.log(value) if value > 0.0 else -math.inf if value == 0.0 else math.nan


def _exp(value: float) -> float:
    return math.exp(value) if value < 709.0 else math.nan if math.isnan(value) else math.inf


def _logit(value: float) -> float:
    return _log(value) - math.log1p(-value) if value < 1.0 else math.inf if value == 1.0 else math.nan


def _expit(value: float) -> float:
    if math.isnan(value):
        return value
    odds = math.exp(-abs(value))
    return (1.0 if value >= 0.0 else odds) / (1.0 + odds)


def _log_log(value: float) -> float:
    return _log(_log(value)) if value >= 1.0 else math.nan


def _exp_exp(value: float) -> float:
    return _exp(_exp(value))


MAPS: dict[Scale, ScaleMap] = {
    "identity": ScaleMap(float, float),
    "log": ScaleMap(_log, _exp),
    "logit": ScaleMap(_logit, _expit),
    "log_above_one": ScaleMap(_log_log, _exp_exp),
}
"""``log_above_one`` is log(log x), for x > 1: of a median odds ratio exp(c sigma) it is log sigma + log c,
so that its interval is that of the standard deviation, whatever the level (Larsen and Merlo 2005, Am J
Epidemiol 161:81)."""


def to_scale(scale: Scale, value: float) -> float:
    """A reader's value on the scale of inference."""
    return MAPS[scale].forward(value)


def to_reader(scale: Scale, value: float) -> float:
    """A value on the scale of inference as a reader thinks of it."""
    return MAPS[scale].back(value)

"""What a working correlation says of people who share a cluster, as quantities with intervals.

Correlations are those of Pearson residuals: on the scale of the outcome (of 0/1 for a binary one, not of
its log odds), given the terms of the model. Estimates below 0 are possible, so that intervals are on the
scale of the correlation itself. Their standard errors are sandwich ones over clusters, with mean and scale
taken as known.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import singledispatch

import numpy as np
from numpy.typing import NDArray

from precept_stats.inference.quantities import Quantity, linear
from precept_stats.methods.settings_gee import (
    ExchangeableWorking,
    ExponentialDecayWorking,
    GeeCorrelation,
    IndependentWorking,
    NestedExchangeableWorking,
)
from precept_stats.studies.question import OutcomeType

Floats = NDArray[np.float64]

MEASURE_OF: dict[OutcomeType, str] = {
    "binary": "icc_proportion",
    "continuous": "icc",
    "count": "working_correlation",
}
"""What the correlation is called; of counts it is that of residuals over the root of a Poisson variance."""
APART = "one period apart"
EDGE = 1e-6
"""A decay this near to 0 or 1 is there."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the correlations stand: after ``before`` coefficients, ``measure`` being their name."""

    before: int
    measure: str

    def one(self, number: int, count: int, suffix: str = "") -> Quantity:
        """A parameter of the working correlation itself."""
        weights = np.eye(1, self.before + count, self.before + number).ravel()
        return linear(self.measure + suffix, "", weights, unit="proportion")


@singledispatch
def correlations(working: GeeCorrelation, place: Place) -> tuple[Quantity, ...]:
    """The correlations of two people of a cluster: in a period, in two periods, and how these compare."""
    raise NotImplementedError(type(working).__name__)


@correlations.register
def _(_working: IndependentWorking, _place: Place) -> tuple[Quantity, ...]:
    return ()


@correlations.register
def _(_working: ExchangeableWorking, place: Place) -> tuple[Quantity, ...]:
    return (place.one(0, 1),)


@correlations.register
def _(_working: NestedExchangeableWorking, place: Place) -> tuple[Quantity, ...]:
    return (
        place.one(0, 2, "_within_period"),
        place.one(1, 2, "_between_periods"),
        Quantity(
            "cluster_autocorrelation", "", "identity", "proportion", 0.0,
            lambda params: _ratio(params[place.before :]),
            lambda params: _after(place, _slope_of_ratio(params[place.before :])),
        ),
    )  # fmt: skip


@correlations.register
def _(_working: ExponentialDecayWorking, place: Place) -> tuple[Quantity, ...]:
    decay = np.eye(1, place.before + 2, place.before + 1).ravel()
    return (
        place.one(0, 2, "_within_period"),
        Quantity(
            f"{place.measure}_between_periods", APART, "identity", "proportion", 0.0,
            lambda params: float(params[place.before] * params[place.before + 1]),
            lambda params: _after(place, params[place.before :][::-1]),
        ),
        linear("cluster_autocorrelation", APART, decay, unit="proportion"),
    )  # fmt: skip


def _ratio(alpha: Floats) -> float:
    """Between over within periods; not a number where people of one period are not alike."""
    return float(alpha[1] / alpha[0]) if alpha[0] > 0.0 else float("nan")


def _slope_of_ratio(alpha: Floats) -> Floats:
    if not alpha[0] > 0.0:
        return np.full(2, np.nan)
    return np.array([-alpha[1] / alpha[0] ** 2, 1.0 / alpha[0]])


def _after(place: Place, slope: Floats) -> Floats:
    """A gradient in the correlations, with zeros for the coefficients."""
    return np.concatenate([np.zeros(place.before), slope])


def edge(working: GeeCorrelation, alpha: Floats) -> tuple[str, ...]:
    """A warning where the factor of a decaying correlation is at an end of its range, 0 or 1."""
    if not isinstance(working, ExponentialDecayWorking) or EDGE < alpha[1] < 1.0 - EDGE:
        return ()
    end = "0: none between periods" if alpha[1] <= EDGE else "1: the same in all periods"
    return (
        f"the factor by which the working correlation decays is at an end of its range, {end}; its standard "
        "error has no meaning there",
    )

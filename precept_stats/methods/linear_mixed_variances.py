"""What the variances of a linear mixed model say: correlations and shares, each with an interval.

They are ratios of sums of variances, inferred on the logit scale by the delta method from the expected
information. With random effects of the arm, or residual variances by arm, they are given in each arm; with
random slopes of covariates, at the average of these.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from precept_stats.inference.quantities import Quantity
from precept_stats.methods.settings_random import WORD_OF
from precept_stats.numerics.mixed.model import Grouping
from precept_stats.studies.design import AnyDesign

Floats = NDArray[np.float64]

RESIDUAL = "residual"


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """The variance of an outcome by grouping, as weights on the variance parameters (R,), residual last.

    ``condition`` is the arm that they hold in; empty where the arm makes no difference. ``in_cluster``
    are the groupings that any two people of a cluster have in common.
    """

    condition: str
    of: dict[str, Floats]
    in_cluster: tuple[str, ...]

    @property
    def total(self) -> Floats:
        """The whole variance."""
        return self._sum(tuple(self.of))

    @property
    def between_periods(self) -> Floats:
        """What two people of a cluster have in common whenever they are seen."""
        return self._sum(self.in_cluster)

    @property
    def within_period(self) -> Floats:
        """What two people of a cluster have in common in one period."""
        return self._sum((*self.in_cluster, *SHARED_IN_PERIOD))

    def _sum(self, names: tuple[str, ...]) -> Floats:
        chosen = [weights for name, weights in self.of.items() if name in names]
        return np.sum(chosen, axis=0) if chosen else np.zeros_like(self.of[RESIDUAL])


def shared_in_cluster(design: AnyDesign, groupings: tuple[tuple[str, Grouping], ...]) -> tuple[str, ...]:
    """The groupings that any two people of a cluster have in common: the cluster, and what holds it whole."""
    return tuple(
        name
        for name, grouping in groupings
        if name == "cluster" or (name not in WITHIN_CLUSTERS and _holds_clusters(design, grouping))
    )


def _holds_clusters(design: AnyDesign, grouping: Grouping) -> bool:
    pairs = np.unique(grouping.codes * design.n_clusters + design.row_cluster)
    return len(pairs) == len(np.unique(design.row_cluster))


WITHIN_CLUSTERS = ("cluster_period", "period", "participant")
SHARED_IN_PERIOD = ("cluster_period", "period")
"""Groupings that two people of a cluster have in common when they are of the same period."""


@dataclass(frozen=True, slots=True, eq=False)
class Share:
    """One sum of variances over another, on the logit scale; parameters are the last of all."""

    above: Floats
    below: Floats

    def of(self, params: Floats) -> float:
        """The logit; infinite at 0 and 1."""
        values = params[-len(self.above) :]
        above, rest = float(self.above @ values), float((self.below - self.above) @ values)
        with np.errstate(divide="ignore", invalid="ignore"):
            return float(np.log(np.float64(above)) - np.log(np.float64(rest)))

    def slope(self, params: Floats) -> Floats:
        """Its gradient, 0 in the fixed effects."""
        values = params[-len(self.above) :]
        rest = self.below - self.above
        gradient = np.zeros(len(params))
        with np.errstate(divide="ignore", invalid="ignore"):
            gradient[-len(values) :] = self.above / (self.above @ values) - rest / (rest @ values)
        return gradient

    def quantity(self, measure: str, contrast: str) -> Quantity:
        """The share under a name; no value of it is a null, one half is written."""
        return Quantity(measure, contrast, "logit", "proportion", 0.5, self.of, self.slope)


def shares(parts: Parts) -> tuple[Quantity, ...]:
    """The intracluster correlation (within and between periods), their ratio, and the share of each part."""
    total, between, within = parts.total, parts.between_periods, parts.within_period
    found = []
    if not np.array_equal(within, between):
        found.append(Share(within, total).quantity("icc_within_period", parts.condition))
        found.append(Share(between, total).quantity("icc_between_periods", parts.condition))
        found.append(Share(between, within).quantity("cluster_autocorrelation", parts.condition))
    elif np.any(between):
        found.append(Share(between, total).quantity("icc", parts.condition))
    if len(parts.of) > 2:
        for name, weights in parts.of.items():
            term = ", ".join(filter(None, (WORD_OF.get(name, name), parts.condition)))
            found.append(Share(weights, total).quantity("variance_share", term))
    return tuple(found)


@dataclass(frozen=True, slots=True, eq=False)
class Decaying:
    """A share that falls by a factor with each period apart: ``share`` times the decay, on the logit scale.

    ``decay`` is where the factor stands among the last parameters; without a share it is the factor itself.
    """

    decay: int
    share: Share | None = None

    def of(self, params: Floats) -> float:
        """The logit; infinite at 0 and 1."""
        value = self._value(params)
        with np.errstate(divide="ignore"):
            return float(np.log(np.float64(value)) - np.log1p(-np.float64(value)))

    def slope(self, params: Floats) -> Floats:
        """Its gradient."""
        value, factor = self._value(params), float(params[self.decay])
        gradient = np.zeros(len(params))
        with np.errstate(divide="ignore", invalid="ignore"):
            gradient[self.decay] = 1.0 / np.float64(factor) / np.float64(1.0 - value)
            if self.share is not None:
                part = _expit(self.share.of(params))
                gradient += self.share.slope(params) * (1.0 - part) / np.float64(1.0 - value)
        return gradient

    def quantity(self, measure: str, contrast: str) -> Quantity:
        """The correlation under a name."""
        return Quantity(measure, contrast, "logit", "proportion", 0.5, self.of, self.slope)

    def _value(self, params: Floats) -> float:
        whole = 1.0 if self.share is None else _expit(self.share.of(params))
        return whole * float(params[self.decay])


def _expit(value: float) -> float:
    return float(1.0 / (1.0 + np.exp(-value)))


def decaying_shares(parts: Parts, decay: int) -> tuple[Quantity, ...]:
    """Correlations of people in one period and one period apart, and the factor between the two.

    ``decay`` counts from the end of the parameters (-1 the last).
    """
    within = Share(parts.within_period, parts.total)
    apart = ", ".join(filter(None, (parts.condition, "one period apart")))
    return (
        within.quantity("icc_within_period", parts.condition),
        Decaying(decay, within).quantity("icc_between_periods", apart),
        Decaying(decay).quantity("cluster_autocorrelation", apart),
    )

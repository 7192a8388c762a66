"""What the variances of a linear mixed model say: correlations and shares, each with an interval.

They are ratios of sums of variances, inferred on the logit scale by the delta method from the expected
information. With random slopes the variance depends on the condition and the covariates: then they are
given in each condition, at the average of the covariates.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from precept_stats.inference.quantities import Quantity
from precept_stats.methods.mixed_random import RandomPart
from precept_stats.methods.settings_random import WORD_OF
from precept_stats.numerics.mixed.covariance import Entry
from precept_stats.numerics.mixed.fit import MixedFit
from precept_stats.numerics.mixed.model import Random
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


def variance_parts(design: AnyDesign, random: RandomPart, kernel: MixedFit) -> tuple[Parts, ...]:
    """The parts in each arm, or once where no effect of the arm is random."""
    entries, shared = kernel.problem.system.structure.entries, _shared_in_cluster(design, random)
    found = [_by_grouping(random, entries, arm) for arm in (0, 1)]
    if all(np.array_equal(found[0][name], found[1][name]) for name in found[0]):
        return (Parts("", found[0], shared),)
    return tuple(Parts(name, of, shared) for name, of in zip(design.arm_names, found, strict=True))


def _by_grouping(random: RandomPart, entries: tuple[Entry, ...], arm: int) -> dict[str, Floats]:
    at = [_coefficients(term, arm) for term in random.terms]
    of = {by: np.zeros(len(entries) + 1) for by in random.by}
    for place, entry in enumerate(entries):
        one, other = at[entry.term][entry.a], at[entry.term][entry.b]
        of[random.by[entry.term]][place] = one * other * (1.0 if entry.on_diagonal else 2.0)
    of[RESIDUAL] = np.eye(1, len(entries) + 1, len(entries)).ravel()
    return of


def _coefficients(term: Random, arm: int) -> list[float]:
    """What each random effect of a term is multiplied by: 1, the arm, or a covariate's average."""
    slopes = [float(arm) if slope.name == "arm" else float(slope.values.mean()) for slope in term.slopes]
    return [1.0] * term.intercept + slopes


def _shared_in_cluster(design: AnyDesign, random: RandomPart) -> tuple[str, ...]:
    """The cluster, and groups that hold whole clusters."""
    rows, clusters = design.row_cluster, len(np.unique(design.row_cluster))
    return tuple(
        name
        for name, grouping in random.groupings
        if name == "cluster"
        or (
            name not in WITHIN_CLUSTERS
            and len(np.unique(grouping.codes * design.n_clusters + rows)) == clusters
        )
    )


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

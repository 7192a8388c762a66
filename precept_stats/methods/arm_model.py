"""The linear model that both methods fit to one number a cluster, and the questions asked of it.

There is no intercept: the first two parameters are the two arm means, and strata, pairs and
covariates are standardised, so that an arm mean is the mean at the average cluster whatever their
units. The effect is the contrast of the first two parameters.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from precept_stats.errors import FitError
from precept_stats.inference.quantities import Quantity, exponentiated, linear, ratio
from precept_stats.methods.scatter import MEAN_OF, origin_of
from precept_stats.numerics.linear import aliased_columns, standardised
from precept_stats.studies.cluster_trial_design import ClusterTrialDesign
from precept_stats.studies.question import Outcome

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """Named columns: ``values`` is (rows, len(names))."""

    names: tuple[str, ...]
    values: Floats

    def beside(self, other: Columns) -> Columns:
        """These columns with the other ones to their right."""
        return Columns(self.names + other.names, np.hstack([self.values, other.values]))

    def centred(self, weights: Floats) -> Columns:
        """These columns about their weighted means, in their own units."""
        return Columns(self.names, self.values - np.average(self.values, axis=0, weights=weights))

    def standardised(self, weights: Floats) -> Columns:
        """These columns about their weighted means, the largest deviation made 1; constants made 0."""
        return Columns(self.names, standardised(self.values, weights))


def arm_columns(design: ClusterTrialDesign) -> Columns:
    """One 0/1 column an arm (K, 2), the reference arm first."""
    values = (design.arm[:, None] == np.array([0, 1])).astype(np.float64)
    return Columns(tuple(f"mean[{name}]" for name in design.arm_names), values)


def block_columns(design: ClusterTrialDesign) -> Columns:
    """Strata, or pairs, as 0/1 columns against the first (K, blocks - 1)."""
    if design.pair is not None:
        return _dummies(design.pair, lambda number: f"pair[{number + 1}]")
    if design.stratum is not None:
        return _dummies(design.stratum, lambda number: f"stratum[{design.stratum_names[number]}]")
    return Columns((), np.empty((design.n_clusters, 0)))


def _dummies(codes: Ints, name: Callable[[int], str]) -> Columns:
    used = np.unique(codes)[1:]
    return Columns(tuple(name(int(code)) for code in used), (codes[:, None] == used).astype(np.float64))


def require_clusters(design: ClusterTrialDesign, spent: int) -> int:
    """The degrees of freedom left after ``spent`` parameters; FitError when an arm or the df is too small."""
    counts = np.bincount(design.arm, minlength=2)
    if counts.min() < 2 and design.pair is None:
        raise FitError(
            "an arm has fewer than two clusters",
            found=", ".join(f"{name}: {count}" for name, count in zip(design.arm_names, counts, strict=True)),
            allowed="at least 2 clusters in each arm; variation between clusters cannot be seen in one",
        )
    df = design.n_clusters - spent
    if df < 1:
        raise FitError(
            "no degrees of freedom are left",
            found=f"{design.n_clusters} clusters and {spent} parameters at cluster level",
            allowed="more clusters than parameters: drop covariates or merge strata",
        )
    return df


def require_estimable(columns: Columns) -> None:
    """FitError naming the columns that are fixed by columns to their left."""
    aliased = [columns.names[j] for j in aliased_columns(columns.values)]
    if aliased:
        raise FitError(
            "terms of the cluster-level model cannot be told apart",
            found=f"{', '.join(aliased)}: fixed by the arms and the terms before",
            allowed="terms that vary within arms and are not combinations of others; drop or merge them",
        )


def unit_of_means(outcome: Outcome) -> str:
    """The unit of a cluster's mean: a proportion, a rate, or the outcome's own."""
    if outcome.type == "binary":
        return "proportion"
    return outcome.unit or ("events per unit of person-time" if outcome.type == "count" else "")


@dataclass(frozen=True, slots=True, eq=False)
class ArmContrast:
    """The first two of ``parameters`` parameters, as weights on all of them.

    With a subgroup the means of the reference arm at each of its levels come first, then those of the
    compared arm; ``shares`` are those of the levels in an arm's mean.
    """

    design: ClusterTrialDesign
    parameters: int
    shares: tuple[float, ...] = (1.0,)

    @property
    def reference(self) -> Floats:
        return self._of_arm(0, self.shares)

    @property
    def compare(self) -> Floats:
        return self._of_arm(1, self.shares)

    def _of_arm(self, arm: int, shares: tuple[float, ...]) -> Floats:
        weights, levels = np.zeros(self.parameters), len(self.shares)
        weights[arm * levels : (arm + 1) * levels] = shares
        return weights

    def within(self) -> tuple[Quantity, ...]:
        """Compared arm minus reference arm at each level of the subgroup."""
        name, unit = " - ".join(self.design.arm_names[::-1]), unit_of_means(self.design.outcome)
        levels = [tuple(row) for row in np.eye(len(self.shares))]
        return tuple(
            linear(self.design.summary, name, self._of_arm(1, one) - self._of_arm(0, one), unit=unit)
            for one in levels
        )

    def difference(self) -> Quantity:
        """Compared arm minus reference arm."""
        name = " - ".join(self.design.arm_names[::-1])
        unit = unit_of_means(self.design.outcome)
        return linear(self.design.summary, name, self.compare - self.reference, unit=unit)

    def ratio_of_means(self) -> Quantity:
        """Compared arm over reference arm, by the delta method."""
        return ratio(
            self.design.summary, " / ".join(self.design.arm_names[::-1]), self.compare, self.reference
        )

    def ratio_of_logs(self) -> Quantity:
        """Compared arm over reference arm, the parameters being logarithms."""
        name = " / ".join(self.design.arm_names[::-1])
        return exponentiated(self.design.summary, name, self.compare - self.reference)

    def means(self) -> tuple[Quantity, Quantity]:
        """The mean of each arm, the reference arm first."""
        reference, compare = self.design.arm_names
        return self._mean(reference, self.reference), self._mean(compare, self.compare)

    def _mean(self, arm: str, weights: Floats) -> Quantity:
        measure, unit = MEAN_OF[self.design.outcome.type], unit_of_means(self.design.outcome)
        origin = origin_of(self.design)
        return Quantity(
            measure, arm, "identity", unit, 0.0, lambda b: origin + float(weights @ b), lambda _: weights
        )

    def geometric_means(self) -> tuple[Quantity, Quantity]:
        """The geometric mean of each arm, the parameters being logarithms of cluster means."""
        reference, compare = self.design.arm_names
        return self._geometric(reference, self.reference), self._geometric(compare, self.compare)

    def _geometric(self, arm: str, weights: Floats) -> Quantity:
        measure = f"geometric_mean_{MEAN_OF[self.design.outcome.type]}"
        unit = unit_of_means(self.design.outcome)
        return Quantity(measure, arm, "log", unit, 1.0, lambda b: float(weights @ b), lambda _: weights)

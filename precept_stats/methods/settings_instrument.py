"""Settings of instrumental variables: the level, what was received, variance, df and interval."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from precept_stats.methods.arm_model import Columns, block_columns
from precept_stats.methods.settings import Choice, EqualWeights, SizeWeights
from precept_stats.methods.settings_gee import (
    ClustersMinusAllParameters,
    ClustersMinusThoseOfClusters,
    SandwichSatterthwaite,
)
from precept_stats.numerics.two_stage import Influences, ReducedForm
from precept_stats.studies.cluster_trial_design import ClusterTrialDesign

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

WEIGHTINGS: dict[str, EqualWeights | SizeWeights] = {"equal": EqualWeights(), "size": SizeWeights()}


class ClusterLevel(Choice):
    """Two-stage least squares on cluster means, of the outcome and of what was received."""

    kind: Literal["cluster"] = "cluster"
    weights: Literal["equal", "size"] = Field(
        default="equal",
        description="`equal`: every cluster counts the same, whatever its size; `size`: a cluster counts as "
        "much as its denominator.",
    )

    @property
    def words(self) -> str:
        return "cluster means, size-weighted" if self.weights == "size" else "cluster means"

    @property
    def unit(self) -> str:
        """What a row of the model is."""
        return "cluster"

    def gap(self, target: str) -> tuple[str, ...]:
        """How the declared average can differ from what these weights estimate."""
        return WEIGHTINGS[self.weights].gap(target)

    def row_weights(self, design: ClusterTrialDesign) -> Floats:
        """One weight a cluster (K,)."""
        return WEIGHTINGS[self.weights].of(design.cluster_size, 0.0)

    def values(self, design: ClusterTrialDesign, values: Floats) -> Floats:
        """Cluster means (K,) of the values of rows, which count by their denominators."""
        totals = np.bincount(design.row_cluster, weights=design.size * values, minlength=design.n_clusters)
        means: Floats = totals / design.cluster_size
        return means

    def clusters(self, design: ClusterTrialDesign) -> Ints:
        """The cluster of each row of the model."""
        return np.arange(design.n_clusters)

    def nuisance(self, design: ClusterTrialDesign) -> Columns:
        """Strata or pairs, then covariates, those of individuals as their cluster means."""
        return _nuisance(self, design)

    def nuisance_of_clusters(self, design: ClusterTrialDesign) -> int:
        """How many parameters of ``nuisance`` are estimated from clusters: all of them, with a row each."""
        return len(self.nuisance(design).names)


class IndividualLevel(Choice):
    """Two-stage least squares on individuals (rows by their denominators), clustered."""

    kind: Literal["individual"] = "individual"

    @property
    def words(self) -> str:
        return "individuals"

    @property
    def unit(self) -> str:
        """What a row of the model is."""
        return "individual"

    def gap(self, target: str) -> tuple[str, ...]:
        """How the declared average can differ from that over individuals."""
        return WEIGHTINGS["size"].gap(target)

    def row_weights(self, design: ClusterTrialDesign) -> Floats:
        """The denominator of each row (N,)."""
        return design.size

    def values(self, design: ClusterTrialDesign, values: Floats) -> Floats:
        """The values as they are (N,)."""
        return values

    def clusters(self, design: ClusterTrialDesign) -> Ints:
        """The cluster of each row."""
        return design.row_cluster

    def nuisance(self, design: ClusterTrialDesign) -> Columns:
        """Strata or pairs, then covariates as they were measured."""
        return _nuisance(self, design)

    def nuisance_of_clusters(self, design: ClusterTrialDesign) -> int:
        """How many parameters of ``nuisance`` are estimated from clusters: covariates of people are not."""
        whole = sum(len(one.columns) for one in design.covariates if one.level == "cluster")
        return len(block_columns(design).names) + whole


def _nuisance(level: ClusterLevel | IndividualLevel, design: ClusterTrialDesign) -> Columns:
    """Strata or pairs, then covariates, one entry a row of the model."""
    blocks = block_columns(design)
    columns = Columns(blocks.names, blocks.values[level.clusters(design)])
    for covariate in design.covariates:
        values = [level.values(design, column) for column in covariate.values.T]
        columns = columns.beside(Columns(covariate.columns, np.column_stack(values)))
    return columns


class TreatmentReceived(Choice):
    """Whether the treatment was received, 0 or 1: the effect is that in compliers."""

    kind: Literal["treatment"] = "treatment"

    @property
    def prefix(self) -> str:
        """What the measure is called before its summary."""
        return "complier"

    @property
    def suffix(self) -> str:
        """What follows the contrast."""
        return ""

    @property
    def words(self) -> str:
        return "treatment received"


class DoseReceived(Choice):
    """How much was received: the effect is that of one unit more, on a straight line."""

    kind: Literal["dose"] = "dose"
    unit: str = Field(default="unit", min_length=1, description="One unit of it in words, such as `hour`.")

    @property
    def prefix(self) -> str:
        """What the measure is called before its summary."""
        return "dose"

    @property
    def suffix(self) -> str:
        """What follows the contrast."""
        return f", per {self.unit}"

    @property
    def words(self) -> str:
        return f"dose received, per {self.unit}"


class Cr2OfClusters(Choice):
    """Residuals of a cluster times (I - H)^-1/2: unbiased for independent rows of variance 1 / weight."""

    kind: Literal["cr2"] = "cr2"

    def of(self, found: ReducedForm) -> Influences:
        """What each cluster adds to the error of the two coefficients."""
        return found.bias_reduced()


class Cr1OfClusters(Choice):
    """CR0 times K / (K - 1) * (N - 1) / (N - p), as in Stata and linearmodels (debiased)."""

    kind: Literal["cr1"] = "cr1"

    def of(self, found: ReducedForm) -> Influences:
        """What each cluster adds to the error of the two coefficients."""
        return found.stata()


class Cr0OfClusters(Choice):
    """The sandwich without correction, too small with few clusters."""

    kind: Literal["cr0"] = "cr0"

    def of(self, found: ReducedForm) -> Influences:
        """What each cluster adds to the error of the two coefficients."""
        return found.uncorrected()


class WaldInterval(Choice):
    """The estimate and its standard error; too confident where the first stage is weak."""

    kind: Literal["wald"] = "wald"


class AndersonRubinInterval(Choice):
    """The effects that the Anderson-Rubin test does not reject, right however weak the first stage."""

    kind: Literal["anderson_rubin"] = "anderson_rubin"


InstrumentLevel = Annotated[ClusterLevel | IndividualLevel, Field(discriminator="kind")]
WhatWasReceived = Annotated[TreatmentReceived | DoseReceived, Field(discriminator="kind")]
InstrumentVariance = Annotated[Cr2OfClusters | Cr1OfClusters | Cr0OfClusters, Field(discriminator="kind")]
InstrumentDf = Annotated[
    SandwichSatterthwaite | ClustersMinusThoseOfClusters | ClustersMinusAllParameters,
    Field(discriminator="kind"),
]
InstrumentInterval = Annotated[WaldInterval | AndersonRubinInterval, Field(discriminator="kind")]

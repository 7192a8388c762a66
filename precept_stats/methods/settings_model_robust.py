"""Settings of model-robust standardisation: the working model, the probability of an arm, jackknife, df."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator

from precept_stats.methods.settings import Choice
from precept_stats.numerics.gee.correlation import Correlation, Exchangeable, Independence
from precept_stats.numerics.jackknife import about_the_estimate, about_their_mean

Floats = NDArray[np.float64]
Matrix = NDArray[np.float64]

CONTEXTUAL = (
    "Whether the mean of each individual-level covariate in the cluster enters beside it, so that it may act "
    "otherwise between clusters than within them."
)


class ClusterMeansModel(Choice):
    """Linear regression of cluster means on the arm, strata and the clusters' means of covariates."""

    kind: Literal["cluster_means"] = "cluster_means"

    @property
    def words(self) -> str:
        return "linear regression of cluster means"

    def equation(self, outcome: str) -> str:
        """The left side of the model, and what is said of its errors."""
        return f"{outcome} [cluster]"

    def objections(self, outcome: str) -> tuple[str, ...]:
        """Why it cannot predict an outcome of this type."""
        return ()


class _IndividualModel(Choice):
    """A regression of individual outcomes."""

    contextual: bool = Field(default=False, description=CONTEXTUAL)


class GeeModelOfIndividuals(_IndividualModel):
    """Regression of individual outcomes by estimating equations, with the usual link of the outcome."""

    kind: Literal["gee"] = "gee"
    correlation: Literal["independence", "exchangeable"] = Field(
        default="independence", description="The working correlation of two people of a cluster."
    )

    @property
    def kernel(self) -> Correlation:
        """The correlation as the engine has it."""
        return Exchangeable() if self.correlation == "exchangeable" else Independence()

    @property
    def words(self) -> str:
        return f"GEE, {self.correlation}"

    def equation(self, outcome: str) -> str:
        link = {"risk": "logit", "rate": "log"}.get(outcome, "")
        return f"{link}({outcome})" if link else outcome

    def objections(self, outcome: str) -> tuple[str, ...]:
        """Every outcome has a usual link."""
        return ()


class LinearMixedModel(_IndividualModel):
    """Linear mixed regression of individual outcomes with a random intercept of clusters, by REML."""

    kind: Literal["linear_mixed"] = "linear_mixed"

    @property
    def words(self) -> str:
        return "linear mixed model"

    def equation(self, outcome: str) -> str:
        return f"{outcome} given u[cluster]"

    def objections(self, outcome: str) -> tuple[str, ...]:
        if outcome == "count":
            return ("the working model linear_mixed is for continuous and binary outcomes: use gee",)
        return ()


class GeneralisedLinearMixedModel(_IndividualModel):
    """Logistic or Poisson regression with a random intercept of clusters, which predictions average over."""

    kind: Literal["generalised_linear_mixed"] = "generalised_linear_mixed"
    nodes: int = Field(
        default=7, description="Quadrature points a cluster: an odd number from 1 (Laplace's) to 101."
    )

    @field_validator("nodes")
    @classmethod
    def _odd(cls, nodes: int) -> int:
        if not (1 <= nodes <= 101 and nodes % 2):
            raise ValueError("nodes is an odd number from 1 to 101")
        return nodes

    @property
    def words(self) -> str:
        return "generalised linear mixed model"

    def equation(self, outcome: str) -> str:
        link = {"risk": "logit", "rate": "log"}.get(outcome, "")
        return f"{link}({outcome} given u[cluster])"

    def objections(self, outcome: str) -> tuple[str, ...]:
        if outcome == "continuous":
            return ("the working model generalised_linear_mixed is for binary outcomes and counts",)
        return ()


class JackknifeAboutMean(Choice):
    """(m - 1) / m times the sum of squares about the mean of the estimates without each cluster (type 1)."""

    kind: Literal["about_mean"] = "about_mean"

    def of(self, without: Matrix, estimate: Floats) -> Matrix:
        """The covariance (p, p)."""
        return about_their_mean(without)


class JackknifeAboutEstimate(Choice):
    """(m - 1) / m times the sum of squares about the estimate from all clusters (type 2); no smaller."""

    kind: Literal["about_estimate"] = "about_estimate"

    def of(self, without: Matrix, estimate: Floats) -> Matrix:
        """The covariance (p, p)."""
        return about_the_estimate(without, estimate)


class JackknifeInflated(Choice):
    """The sum of squares about the estimate from all clusters (type 3), for few clusters."""

    kind: Literal["inflated"] = "inflated"

    def of(self, without: Matrix, estimate: Floats) -> Matrix:
        """The covariance (p, p)."""
        m = len(without)
        covariance: Matrix = about_the_estimate(without, estimate) * (m / (m - 1))
        return covariance


class ClustersMinusTwo(Choice):
    """t on clusters minus two, one for each arm."""

    kind: Literal["clusters_minus_two"] = "clusters_minus_two"

    @property
    def spent(self) -> int:
        return 2

    @property
    def words(self) -> str:
        return "t on clusters - 2"


class ClustersMinusOne(Choice):
    """t on clusters minus one, as the R package MRStdCRT has it."""

    kind: Literal["clusters_minus_one"] = "clusters_minus_one"

    @property
    def spent(self) -> int:
        return 1

    @property
    def words(self) -> str:
        return "t on clusters - 1"


WorkingModel = Annotated[
    ClusterMeansModel | GeeModelOfIndividuals | LinearMixedModel | GeneralisedLinearMixedModel,
    Field(discriminator="kind"),
]
Jackknife = Annotated[
    JackknifeAboutMean | JackknifeAboutEstimate | JackknifeInflated, Field(discriminator="kind")
]
JackknifeDf = Annotated[ClustersMinusTwo | ClustersMinusOne, Field(discriminator="kind")]

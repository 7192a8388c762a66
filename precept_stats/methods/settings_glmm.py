"""Settings of the generalised linear mixed model: link, approximation, and reference distribution."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, field_validator

from precept_stats.methods.settings import Choice
from precept_stats.numerics.glmm.families import (
    BinomialCloglog,
    BinomialLogit,
    BinomialProbit,
    Family,
    PoissonLog,
)

FAMILIES: dict[tuple[str, str], Family] = {
    ("binary", "logit"): BinomialLogit(),
    ("binary", "probit"): BinomialProbit(),
    ("binary", "cloglog"): BinomialCloglog(),
    ("count", "log"): PoissonLog(),
}
"""The families that stand, by type of outcome and link."""


class CanonicalLink(Choice):
    """Logit for a binary outcome, log for counts."""

    kind: Literal["canonical"] = "canonical"

    def of(self, outcome: str) -> str:
        """The link used for a type of outcome."""
        return "log" if outcome == "count" else "logit"


class NamedLink(Choice):
    """The link that is named."""

    kind: Literal["logit", "probit", "cloglog", "log"]

    @property
    def meaning(self) -> str:
        """What is linear in the covariates and the random effect."""
        return {
            "logit": "The log odds of a risk are linear.",
            "probit": "The normal quantile of a risk is linear.",
            "cloglog": "The log of minus the log of 1 - risk is linear.",
            "log": "The log of a rate is linear; for a risk it is refused, as risks could pass 1.",
        }[self.kind]

    def of(self, outcome: str) -> str:
        """The link used, whatever the outcome."""
        return self.kind


class LaplaceApproximation(Choice):
    """The integral over the random effects by Laplace's approximation, whatever their structure."""

    kind: Literal["laplace"] = "laplace"

    @property
    def words(self) -> str:
        return "Laplace"

    @property
    def points(self) -> int:
        return 1


class AdaptiveQuadrature(Choice):
    """The integral over each cluster's random effects by adaptive Gauss-Hermite quadrature."""

    kind: Literal["quadrature"] = "quadrature"
    nodes: int = Field(
        default=7, description="How many points a cluster in each direction; an odd number from 3 to 101."
    )

    @field_validator("nodes")
    @classmethod
    def _odd(cls, nodes: int) -> int:
        if not (3 <= nodes <= 101 and nodes % 2):
            raise ValueError("nodes is an odd number from 3 to 101 (for 1 write {kind: laplace})")
        return nodes

    @property
    def words(self) -> str:
        return f"{self.nodes}-point quadrature"

    @property
    def points(self) -> int:
        return self.nodes


class PseudoLikelihood(Choice):
    """No integral: restricted pseudo-likelihood, linear mixed models of a working response by REML."""

    kind: Literal["pseudo_likelihood"] = "pseudo_likelihood"

    @property
    def words(self) -> str:
        return "restricted pseudo-likelihood"

    @property
    def points(self) -> int:
        """Of the likelihood fit that the iterations start from."""
        return 1


class _Rule(Choice):
    """A reference for intervals; ``on_boundary`` says what it makes of a variance estimated as 0."""

    on_boundary: ClassVar[str] = "the rule for degrees of freedom is that of the plan"

    @property
    def words(self) -> str:
        """The reference as methods sections name it."""
        raise NotImplementedError


class ClustersMinusClusterParameters(_Rule):
    """t on clusters minus cluster-level parameters: arms, strata, cluster-level covariates.

    Over periods the intervention counts as one parameter, whatever the exposure times, and periods do not
    count: they are the same for all clusters.
    """

    kind: Literal["clusters_minus_parameters"] = "clusters_minus_parameters"

    @property
    def words(self) -> str:
        return "t on clusters - cluster-level parameters"


class NormalReference(_Rule):
    """The normal distribution, which is too narrow with few clusters."""

    kind: Literal["normal"] = "normal"

    @property
    def words(self) -> str:
        return "normal"


class KenwardRogerRule(_Rule):
    """Kenward and Roger's adjusted covariance and degrees of freedom; with pseudo_likelihood only."""

    kind: Literal["kenward_roger"] = "kenward_roger"

    @property
    def words(self) -> str:
        return "t, Kenward-Roger degrees of freedom"


class LikelihoodRatioRule(_Rule):
    """Likelihood-ratio tests and profile-likelihood intervals, on chi-squared, of effects given the clusters.

    With few clusters tests reject too often and intervals are too narrow. Risks, rates and correlations have
    intervals from estimate and standard error.
    """

    on_boundary: ClassVar[str] = "estimated anew at every value of the profile"

    kind: Literal["likelihood_ratio"] = "likelihood_ratio"

    @property
    def words(self) -> str:
        return "likelihood ratio on chi-squared, profile intervals"


class ParametricBootstrapRule(_Rule):
    """Intervals and p-values from outcomes simulated from the fitted model; needs the plan's seed.

    Effects, risks and rates have studentised intervals; standard deviations, correlations and median
    ratios, which a refit can put on their boundary, have percentile intervals. Joint tests are not given.
    """

    on_boundary: ClassVar[str] = "replicates are simulated without it"

    kind: Literal["parametric_bootstrap"] = "parametric_bootstrap"
    replicates: int = Field(
        default=1999, ge=99, le=100_000, description="How many outcomes are simulated and refitted."
    )

    @property
    def words(self) -> str:
        return "parametric bootstrap"


class PoissonCounts(Choice):
    """Given the random effects, counts are Poisson: their variance is their mean."""

    kind: Literal["poisson"] = "poisson"


class NegativeBinomialCounts(Choice):
    """Given the random effects, counts are negative binomial (NB2), the dispersion estimated."""

    kind: Literal["negative_binomial"] = "negative_binomial"


GlmmCounts = Annotated[PoissonCounts | NegativeBinomialCounts, Field(discriminator="kind")]
GlmmLink = Annotated[CanonicalLink | NamedLink, Field(discriminator="kind")]
GlmmApproximation = Annotated[
    LaplaceApproximation | AdaptiveQuadrature | PseudoLikelihood, Field(discriminator="kind")
]
GlmmDf = Annotated[
    ClustersMinusClusterParameters
    | NormalReference
    | KenwardRogerRule
    | LikelihoodRatioRule
    | ParametricBootstrapRule,
    Field(discriminator="kind"),
]

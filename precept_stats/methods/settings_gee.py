"""Settings of generalised estimating equations: weights, mean model, working correlation, variance, df."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from precept_stats.methods.settings import Choice
from precept_stats.numerics.gee import variance
from precept_stats.numerics.gee.correlation import (
    Correlation,
    Exchangeable,
    ExponentialDecay,
    Independence,
    NestedExchangeable,
)
from precept_stats.numerics.gee.families import (
    Binomial,
    Gaussian,
    Identity,
    Link,
    Log,
    Logit,
    Poisson,
    Variance,
)
from precept_stats.numerics.gee.fit import GeeFit
from precept_stats.numerics.gee.variance import Corrected, Leverage

Floats = NDArray[np.float64]
Matrix = NDArray[np.float64]

LINKS: dict[str, Link] = {"logit": Logit(), "log": Log(), "identity": Identity()}
FAMILIES: dict[str, Variance] = {"binomial": Binomial(), "poisson": Poisson(), "gaussian": Gaussian()}
LINKS_OF: dict[tuple[str, str], tuple[str, ...]] = {
    ("binary", "binomial"): ("logit", "log", "identity"),
    ("binary", "poisson"): ("log", "identity"),
    ("binary", "gaussian"): ("identity",),
    ("count", "poisson"): ("log", "identity"),
    ("continuous", "gaussian"): ("identity",),
}
"""The links that go with an outcome and a variance function, the usual one first."""


class ParticipantWeights(Choice):
    """Every participant (or unit of person-time) counts the same."""

    kind: Literal["participants"] = "participants"

    def of(self, sizes: Floats) -> Floats:
        """One weight a cluster (K,)."""
        return np.ones_like(sizes)


class ClusterWeights(Choice):
    """Every cluster counts the same: a participant's weight is the inverse of the size of the cluster."""

    kind: Literal["clusters"] = "clusters"

    def of(self, sizes: Floats) -> Floats:
        """One weight a cluster (K,), on average 1."""
        inverse = 1.0 / sizes
        weights: Floats = inverse / inverse.mean()
        return weights


class UsualFamily(Choice):
    """Binomial for a binary outcome, Poisson for counts, Gaussian for a continuous outcome."""

    kind: Literal["usual"] = "usual"

    def of(self, outcome: str) -> str:
        """The variance function for a type of outcome."""
        return {"binary": "binomial", "count": "poisson", "continuous": "gaussian"}[outcome]


class NamedFamily(Choice):
    """The variance function that is named."""

    kind: Literal["binomial", "poisson", "gaussian"]

    @property
    def meaning(self) -> str:
        """How the variance goes with the mean."""
        return {
            "binomial": "The variance is mean * (1 - mean).",
            "poisson": "The variance is the mean; for a binary outcome, modified Poisson regression.",
            "gaussian": "The variance is constant; for a binary outcome, a linear probability model.",
        }[self.kind]

    def of(self, outcome: str) -> str:
        """The variance function, whatever the outcome."""
        return self.kind


class UsualLink(Choice):
    """Logit with binomial variance, log with Poisson, identity with Gaussian."""

    kind: Literal["usual"] = "usual"

    def of(self, family: str) -> str:
        """The link used for a variance function."""
        return {"binomial": "logit", "poisson": "log", "gaussian": "identity"}[family]


class GeeLink(Choice):
    """The link that is named."""

    kind: Literal["logit", "log", "identity"]

    @property
    def meaning(self) -> str:
        """What is linear in the arm and covariates."""
        return {
            "logit": "The log odds of the mean are linear.",
            "log": "The log of the mean is linear, so that its coefficients are log ratios.",
            "identity": "The mean is linear, so that its coefficients are differences.",
        }[self.kind]

    def of(self, family: str) -> str:
        """The link used, whatever the variance function."""
        return self.kind


class IndependentWorking(Choice):
    """Estimation as if outcomes were independent; the variance is that of clustered outcomes."""

    kind: Literal["independence"] = "independence"

    @property
    def kernel(self) -> Correlation:
        return Independence()

    @property
    def bias_corrected(self) -> bool:
        return False


CorrelationEstimator = Annotated[
    Literal["moments", "maee"],
    Field(
        description="`moments`: the mean product of Pearson residuals over pairs, over their mean square; "
        "`maee`: the same with residuals corrected by matrix-adjusted estimating equations, less biased "
        "with few clusters."
    ),
]


class _EstimatedWorking(Choice):
    """A working correlation whose parameters are estimated."""

    estimator: CorrelationEstimator = "moments"

    @property
    def bias_corrected(self) -> bool:
        return self.estimator == "maee"


class ExchangeableWorking(_EstimatedWorking):
    """The same correlation for any two people of a cluster, estimated."""

    kind: Literal["exchangeable"] = "exchangeable"

    @property
    def kernel(self) -> Correlation:
        return Exchangeable()


class NestedExchangeableWorking(_EstimatedWorking):
    """One correlation for two people of a cluster in one period, another for two of different periods."""

    kind: Literal["nested_exchangeable"] = "nested_exchangeable"

    @property
    def kernel(self) -> Correlation:
        return NestedExchangeable()


class ExponentialDecayWorking(_EstimatedWorking):
    """A correlation within a period that is multiplied by a factor from 0 to 1 for each period between."""

    kind: Literal["exponential_decay"] = "exponential_decay"

    @property
    def kernel(self) -> Correlation:
        return ExponentialDecay()


class FailWithoutConvergence(Choice):
    """An analysis that does not converge fails, saying why."""

    kind: Literal["fail"] = "fail"


class ModifiedPoissonInstead(Choice):
    """A binomial model with a log or identity link that does not converge gets Poisson variance instead."""

    kind: Literal["modified_poisson"] = "modified_poisson"


class GeeVariance(Choice):
    """A sandwich variance with a score a cluster, and its correction for few clusters."""

    kind: Literal[
        "liang_zeger",
        "kauermann_carroll",
        "mancl_derouen",
        "fay_graubard",
        "morel_bokossa_neerchal",
        "cr2",
        "cr3",
        "jackknife",
    ]

    @property
    def meaning(self) -> str:
        """What residuals or scores of a cluster with leverage H are multiplied by."""
        return {
            "liang_zeger": "The sandwich without correction, too small with few clusters.",
            "kauermann_carroll": "Residuals of a cluster times (I - H)^-1/2, the principal root.",
            "mancl_derouen": "Residuals of a cluster times (I - H)^-1; tends to be too large.",
            "fay_graubard": "Scores of a cluster divided by root(1 - leverage), parameter by parameter, with "
            "an intercept, a 0/1 column of the compared arm, and centred covariates; it depends on this.",
            "morel_bokossa_neerchal": "The sandwich, inflated, plus a share of the model-based variance.",
            "cr2": "Residuals times the symmetric matrix that makes the variance unbiased if the working "
            "covariance is right.",
            "cr3": "The same as mancl_derouen, by its other name: the one-step jackknife over clusters.",
            "jackknife": "The model fitted anew without each cluster in turn; (K - 1) / K times the sum of "
            "squared changes.",
        }[self.kind]

    @property
    def words(self) -> str:
        """The name in a sentence."""
        return {
            "liang_zeger": "Liang-Zeger variance",
            "kauermann_carroll": "Kauermann-Carroll variance",
            "mancl_derouen": "Mancl-DeRouen variance",
            "fay_graubard": "Fay-Graubard variance",
            "morel_bokossa_neerchal": "Morel-Bokossa-Neerchal variance",
            "cr2": "CR2 variance",
            "cr3": "CR3 variance",
            "jackknife": "jackknife variance over clusters",
        }[self.kind]

    @property
    def has_satterthwaite(self) -> bool:
        """Whether it is a sum of squares that are linear in the residuals."""
        return self.kind not in ("morel_bokossa_neerchal", "jackknife")

    @property
    def defined_at_full_leverage(self) -> bool:
        """Whether it stands where a cluster fixes a parameter by itself."""
        return self.kind not in ("kauermann_carroll", "mancl_derouen", "cr3", "jackknife")

    def of(self, fit: GeeFit, leverage: Leverage, effect_coding: Matrix) -> Corrected:
        """The covariance (p, p); ``effect_coding`` turns the parameters into those Fay-Graubard is for."""
        corrections: dict[str, Callable[[], Corrected]] = {
            "liang_zeger": lambda: variance.liang_zeger(fit),
            "kauermann_carroll": lambda: variance.kauermann_carroll(fit, leverage),
            "mancl_derouen": lambda: variance.mancl_derouen(fit, leverage),
            "fay_graubard": lambda: variance.fay_graubard(fit, effect_coding),
            "morel_bokossa_neerchal": lambda: variance.morel_bokossa_neerchal(fit),
            "cr2": lambda: variance.cr2(fit),
            "cr3": lambda: variance.mancl_derouen(fit, leverage),
            "jackknife": lambda: variance.jackknife(fit),
        }
        return corrections[self.kind]()


class ClustersMinusAllParameters(Choice):
    """t on clusters minus all parameters, those of periods and individual covariates included."""

    kind: Literal["clusters_minus_parameters"] = "clusters_minus_parameters"

    @property
    def words(self) -> str:
        return "t on clusters - parameters"


class ClustersMinusThoseOfClusters(Choice):
    """t on clusters minus cluster-level parameters: arms, strata, cluster-level covariates.

    Over periods the intervention counts as one parameter, whatever the exposure times, and periods do not
    count: they are the same for all clusters.
    """

    kind: Literal["clusters_minus_cluster_parameters"] = "clusters_minus_cluster_parameters"

    @property
    def words(self) -> str:
        return "t on clusters - cluster-level parameters"


class SandwichSatterthwaite(Choice):
    """t on Satterthwaite's degrees of freedom of the variance under the working model, by contrast."""

    kind: Literal["satterthwaite"] = "satterthwaite"

    @property
    def words(self) -> str:
        return "t, Satterthwaite's degrees of freedom"


class NormalDistribution(Choice):
    """The normal distribution, which is too narrow with few clusters."""

    kind: Literal["normal"] = "normal"

    @property
    def words(self) -> str:
        return "normal"


GeeWeights = Annotated[ParticipantWeights | ClusterWeights, Field(discriminator="kind")]
GeeFamily = Annotated[UsualFamily | NamedFamily, Field(discriminator="kind")]
GeeLinkChoice = Annotated[UsualLink | GeeLink, Field(discriminator="kind")]
GeeCorrelation = Annotated[
    IndependentWorking | ExchangeableWorking | NestedExchangeableWorking | ExponentialDecayWorking,
    Field(discriminator="kind"),
]
GeeNonconvergence = Annotated[FailWithoutConvergence | ModifiedPoissonInstead, Field(discriminator="kind")]
GeeDf = Annotated[
    ClustersMinusAllParameters | ClustersMinusThoseOfClusters | SandwichSatterthwaite | NormalDistribution,
    Field(discriminator="kind"),
]

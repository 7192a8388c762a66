"""Settings that choose between computations, as small tagged values a plan can name.

Each carries the words for ``precept explain`` and, where it is one, the computation itself.
"""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from precept_stats.data.declared import Declared

Floats = NDArray[np.float64]


class EqualWeights(Declared):
    """Every cluster counts the same, whatever its size."""

    kind: Literal["equal"] = "equal"

    def of(self, sizes: Floats, icc: float) -> Floats:
        """One weight a cluster (K,); ``sizes`` and ``icc`` do not matter here."""
        return np.ones_like(sizes)


class SizeWeights(Declared):
    """A cluster counts as much as its denominator: every participant counts the same."""

    kind: Literal["size"] = "size"

    def of(self, sizes: Floats, icc: float) -> Floats:
        """One weight a cluster (K,), its denominator; ``icc`` does not matter here."""
        return sizes.copy()


class VarianceWeights(Declared):
    """Weight n / (1 + (n - 1) ICC), ICC by ANOVA pooled within arms and taken as 0 when negative."""

    kind: Literal["variance"] = "variance"

    def of(self, sizes: Floats, icc: float) -> Floats:
        """One weight a cluster (K,): the inverse variance of its mean, but for a common factor."""
        weights: Floats = sizes / (1.0 + (sizes - 1.0) * max(icc, 0.0))
        return weights


class PooledVariance(Declared):
    """One variance between clusters, common to both arms."""

    kind: Literal["pooled"] = "pooled"


class WelchVariance(Declared):
    """A variance between clusters for each arm, with Welch's degrees of freedom."""

    kind: Literal["welch"] = "welch"


class GeometricRatio(Declared):
    """Ratio of geometric means: the t method on the logarithms of cluster summaries.

    ``zero_clusters``: ``add_half`` adds 0.5 to the event total of every cluster as soon as one
    cluster has none, and leaves all denominators as they are; ``error`` gives no estimate.
    """

    kind: Literal["geometric"] = "geometric"
    zero_clusters: Literal["add_half", "error"] = "add_half"


class ArithmeticRatio(Declared):
    """Ratio of the two arm means, with the delta method on the log scale; zeros are harmless."""

    kind: Literal["arithmetic"] = "arithmetic"


class ClassicalVariance(Declared):
    """The ordinary least squares variance: residual variance the same for every (weighted) cluster."""

    kind: Literal["classical"] = "classical"


class HeteroscedasticVariance(Declared):
    """White's variance with a cluster as observation; HC2 and HC3 divide residuals by 1 - leverage.

    hc0: none; hc1: times K / (K - p); hc2: residual squared / (1 - h); hc3: / (1 - h) squared.
    """

    kind: Literal["hc0", "hc1", "hc2", "hc3"]


class Cr2Variance(Declared):
    """The bias-reduced variance CR2 (Bell and McCaffrey) with a cluster as observation.

    ``working`` is the model under which it is unbiased: ``homoscedastic`` (cluster means equally
    variable; what clubSandwich takes for ``lm``) or ``inverse_weights`` (variance of a cluster mean
    inversely proportional to its weight). With equal weights both are the same, and equal HC2.
    """

    kind: Literal["cr2"] = "cr2"
    working: Literal["homoscedastic", "inverse_weights"] = "homoscedastic"


class ClustersMinusParameters(Declared):
    """t on the number of clusters minus the number of parameters of the cluster-level model."""

    kind: Literal["clusters_minus_parameters"] = "clusters_minus_parameters"


class Satterthwaite(Declared):
    """t on Satterthwaite's degrees of freedom of the CR2 variance, asked for each contrast."""

    kind: Literal["satterthwaite"] = "satterthwaite"


SummaryWeights = Annotated[EqualWeights | SizeWeights | VarianceWeights, Field(discriminator="kind")]
SummaryVariance = Annotated[PooledVariance | WelchVariance, Field(discriminator="kind")]
RatioOfSummaries = Annotated[GeometricRatio | ArithmeticRatio, Field(discriminator="kind")]
RegressionWeights = Annotated[EqualWeights | SizeWeights, Field(discriminator="kind")]
RegressionVariance = Annotated[
    ClassicalVariance | HeteroscedasticVariance | Cr2Variance, Field(discriminator="kind")
]
RegressionDf = Annotated[ClustersMinusParameters | Satterthwaite, Field(discriminator="kind")]

"""Settings that choose between computations, as small tagged values a plan can name.

Each carries the words for ``precept explain`` and, where it is one, the computation itself.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from precept_stats.data.declared import Declared
from precept_stats.numerics.linear import LinearFit, classical_covariance
from precept_stats.numerics.sandwich import Cr2, cr2_covariance, hc_covariance

Floats = NDArray[np.float64]
Matrix = NDArray[np.float64]


class Choice(Declared):
    """One way to compute something; ``kind`` is its tag in a plan."""

    kind: str

    @property
    def meaning(self) -> str:
        """The first sentence of the description."""
        return (inspect.getdoc(type(self)) or "").split("\n\n")[0].replace("\n", " ")

    def value_text(self, field: str) -> str:
        """A field's value as it is listed."""
        return str(getattr(self, field))


def listed(choices: Mapping[str, Choice]) -> tuple[tuple[str, str, str], ...]:
    """Every setting in the choices as (name, value used, meaning), one line a field."""
    lines = []
    for name, choice in choices.items():
        lines.append((name, choice.kind, choice.meaning))
        for field in type(choice).model_fields:
            if field != "kind":
                description = type(choice).model_fields[field].description or ""
                lines.append((f"{name}.{field}", choice.value_text(field), description))
    return tuple(lines)


class EqualWeights(Choice):
    """Every cluster counts the same, whatever its size."""

    kind: Literal["equal"] = "equal"

    def gap(self, target: str) -> tuple[str, ...]:
        """How the declared target average can differ from what these weights estimate."""
        if target == "cluster_average":
            return ()
        return (
            "equal weights estimate the cluster-average effect; it differs from the declared "
            "participant-average effect when the effect varies with cluster size",
        )

    def of(self, sizes: Floats, _icc: float) -> Floats:
        """One weight a cluster (K,); only their number matters here."""
        return np.ones_like(sizes)


class SizeWeights(Choice):
    """A cluster counts as much as its denominator: every participant counts the same."""

    kind: Literal["size"] = "size"

    def gap(self, target: str) -> tuple[str, ...]:
        """How the declared target average can differ from what these weights estimate."""
        if target == "participant_average":
            return ()
        return (
            "size weights estimate the participant-average effect; it differs from the declared "
            "cluster-average effect when the effect varies with cluster size",
        )

    def of(self, sizes: Floats, _icc: float) -> Floats:
        """One weight a cluster (K,), its denominator; the ICC does not matter here."""
        return sizes.copy()


class VarianceWeights(Choice):
    """Weight n / (1 + (n - 1) ICC), ICC by ANOVA pooled within arms and taken as 0 when negative."""

    kind: Literal["variance"] = "variance"

    def gap(self, _target: str) -> tuple[str, ...]:
        """Such weights lie between the two averages and estimate neither."""
        return (
            "variance weights estimate neither the cluster- nor the participant-average effect when the "
            "effect varies with cluster size",
        )

    def of(self, sizes: Floats, icc: float) -> Floats:
        """One weight a cluster (K,): the inverse variance of its mean, but for a common factor."""
        weights: Floats = sizes / (1.0 + (sizes - 1.0) * max(icc, 0.0))
        return weights


class PooledVariance(Choice):
    """One variance between clusters, common to both arms."""

    kind: Literal["pooled"] = "pooled"


class WelchVariance(Choice):
    """A variance between clusters for each arm, with Welch's degrees of freedom."""

    kind: Literal["welch"] = "welch"


class GeometricRatio(Choice):
    """Ratio of geometric means: the t method on the logarithms of cluster summaries."""

    kind: Literal["geometric"] = "geometric"
    zero_clusters: Literal["add_half", "error"] = Field(
        default="add_half",
        description="When a cluster has no event: `add_half` adds 0.5 to the event total of every cluster "
        "(denominators, or expected totals, stay as they are); `error` gives no estimate.",
    )


class ArithmeticRatio(Choice):
    """Ratio of the two arm means, with the delta method on the log scale; zeros are harmless.

    Without strata or pairs the delta method takes the covariance of the arm means as it is (pooled, or
    Welch's); within strata or pairs, that of the summaries relative to their arm's mean.
    """

    kind: Literal["arithmetic"] = "arithmetic"


class ClassicalVariance(Choice):
    """The ordinary least squares variance: residual variance the same for every (weighted) cluster."""

    kind: Literal["classical"] = "classical"

    def of(self, kernel: LinearFit) -> Matrix:
        """The covariance of the parameters (p, p)."""
        return classical_covariance(kernel)


class HeteroscedasticVariance(Choice):
    """White's variance with a cluster as observation, for any variance between clusters."""

    kind: Literal["hc0", "hc1", "hc2", "hc3"]

    @property
    def meaning(self) -> str:
        """What a squared residual is multiplied by."""
        factor = {
            "hc0": "1",
            "hc1": "clusters / (clusters - parameters)",
            "hc2": "1 / (1 - leverage)",
            "hc3": "1 / (1 - leverage) squared",
        }[self.kind]
        return f"White's variance with a cluster as observation, squared residuals times {factor}."

    def of(self, kernel: LinearFit) -> Matrix:
        """The covariance of the parameters (p, p); hc2 and hc3 need every leverage below 1."""
        return hc_covariance(kernel, self.kind)


class Cr2Variance(Choice):
    """The bias-reduced variance CR2 (Bell and McCaffrey) with a cluster as observation.

    With equal weights both working models are the same, and CR2 is HC2.
    """

    kind: Literal["cr2"] = "cr2"
    working: Literal["homoscedastic", "inverse_weights"] = Field(
        default="homoscedastic",
        description="The model under which the variance is unbiased: `homoscedastic`, cluster means equally "
        "variable (what clubSandwich takes for `lm`), or `inverse_weights`, the variance of a cluster "
        "mean inversely proportional to its weight.",
    )

    def of(self, kernel: LinearFit) -> Matrix:
        """The covariance of the parameters (p, p)."""
        return self.pieces(kernel).covariance

    def pieces(self, kernel: LinearFit) -> Cr2:
        """The covariance, with what Satterthwaite's df is made of."""
        homoscedastic = self.working == "homoscedastic"
        return cr2_covariance(kernel, np.ones_like(kernel.weights) if homoscedastic else 1.0 / kernel.weights)


class ClustersMinusParameters(Choice):
    """t on the number of clusters minus the number of parameters of the cluster-level model."""

    kind: Literal["clusters_minus_parameters"] = "clusters_minus_parameters"


class Satterthwaite(Choice):
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

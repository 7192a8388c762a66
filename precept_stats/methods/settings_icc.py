"""Estimators of intracluster correlations, as small tagged values a plan can name.

Each says for which outcomes it is and on which scale its correlation stands. Letters in brackets are the
names of Ridout, Demetrio and Firth (1999, Biometrics 55:137), which the R package ICCbin took over.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from precept_stats.errors import FitError
from precept_stats.inference.scales import to_reader, to_scale
from precept_stats.inference.seeds import Seed
from precept_stats.methods.settings import Choice
from precept_stats.methods.settings_icc_intervals import (
    AnovaInterval,
    AnyInterval,
    BcaBootstrap,
    BinaryInterval,
    Drawn,
    DrawnInterval,
    Influence,
    LikelihoodInterval,
    Limits,
    Measured,
    NoInterval,
    OwnInterval,
    Searle,
    ZouDonner,
)
from precept_stats.numerics.icc import moments
from precept_stats.numerics.icc.anova import anova_icc, anova_influence, anova_over_clusters
from precept_stats.numerics.icc.beta_binomial import beta_binomial
from precept_stats.numerics.icc.clustered import Clustered
from precept_stats.numerics.icc.mixed import latent_icc, linearised_icc, restricted_icc
from precept_stats.values import Scale

Removed = Literal["nothing", "arm", "arm_and_strata"]
"""What is taken out of the outcome before clusters are compared."""

Outcomes = tuple[Literal["binary", "continuous"], ...]
BINARY: Outcomes = ("binary",)
ANY: Outcomes = ("binary", "continuous")


@dataclass(frozen=True, slots=True)
class IccAnswer:
    """One correlation with its limits, or why it has none. ``scale`` is that of the interval's making."""

    value: float
    limits: Limits | None = None
    scale: Scale = "identity"
    warning: str = ""


class IccEstimator(Choice):
    """What every estimator answers."""

    outcomes: ClassVar[Outcomes] = BINARY
    over_periods: ClassVar[bool] = False
    latent: ClassVar[bool] = False
    words: ClassVar[str] = ""

    @property
    def text(self) -> str:
        """Its words with the settings that are not the default, which tell it from any other."""
        fields = type(self).model_fields
        told = [
            f"{name} {getattr(value, 'kind', value)}".replace("_", " ")
            for name in fields
            if name != "kind" and (value := getattr(self, name)) != fields[name].default
        ]
        return f"{self.words} ({', '.join(told)})" if told else self.words

    @property
    def draws(self) -> bool:
        """Whether its interval draws random numbers."""
        return self._interval().draws

    def value_text(self, field: str) -> str:
        value = getattr(self, field)
        if not isinstance(value, Choice):
            return super().value_text(field)
        told = [f"{name} {value.value_text(name)}" for name in type(value).model_fields if name != "kind"]
        return f"{value.kind} ({', '.join(told)})" if told else value.kind

    def estimate(self, data: Clustered) -> float:
        """The correlation. FitError where it is not defined."""
        raise NotImplementedError

    def influence(self) -> Influence | None:
        """What each cluster adds to the estimate, where the Zou-Donner interval is offered."""
        return None

    def answer(self, data: Clustered, level: float, seed: Seed | None) -> IccAnswer:
        """The correlation with its interval; an interval that fails leaves the estimate with the reason."""
        value = self.estimate(data)
        interval = self._interval()
        if isinstance(interval, NoInterval):
            return IccAnswer(value)
        drawn = Drawn(lambda chosen: self.estimate(data.take(chosen)), data.group, level, seed)
        asked = Measured(data, value, self.influence(), drawn)
        return self._with_limits(value, lambda: self._limits(interval, asked), data.least)

    def _with_limits(self, value: float, limits: Callable[[], Limits], least: float) -> IccAnswer:
        warning = ""
        if value < least:
            warning = "below the least correlation that the largest cluster can have"
        try:
            return IccAnswer(value, limits().inside(least), warning=warning)
        except FitError as problem:
            return IccAnswer(value, warning="; ".join(filter(None, (warning, _told(problem)))))

    def _limits(self, interval: AnyInterval, asked: Measured) -> Limits:
        if isinstance(interval, NoInterval | OwnInterval):
            raise FitError("no interval", allowed="one of those of the estimator")
        return interval.of(asked)

    def _interval(self) -> AnyInterval:
        raise NotImplementedError


def _told(problem: FitError) -> str:
    return f"no interval: {problem.problem} ({problem.found})" if problem.found else problem.problem


class AnovaIcc(IccEstimator):
    """(MSB - MSW) / (MSB + (n0 - 1) MSW) of a one-way analysis of variance (aov); may be negative."""

    outcomes: ClassVar[Outcomes] = ANY
    words: ClassVar[str] = "Analysis of variance"

    kind: Literal["anova"] = "anova"
    interval: AnovaInterval = Searle()

    def estimate(self, data: Clustered) -> float:
        return anova_icc(data)

    def influence(self) -> Influence:
        return anova_influence

    def _interval(self) -> AnyInterval:
        return self.interval


class RestrictedIcc(IccEstimator):
    """Random clusters by restricted maximum likelihood, on the scale of the outcome; never negative.

    Its own interval is by the delta method on the logit scale. Over periods it is of the mixed model with
    random clusters and cluster-periods (and people, where they are followed).
    """

    outcomes: ClassVar[Outcomes] = ANY
    over_periods: ClassVar[bool] = True
    words: ClassVar[str] = "Restricted likelihood"

    kind: Literal["reml"] = "reml"
    interval: LikelihoodInterval = OwnInterval()

    def estimate(self, data: Clustered) -> float:
        return restricted_icc(data).icc

    def answer(self, data: Clustered, level: float, seed: Seed | None) -> IccAnswer:
        if not isinstance(self.interval, OwnInterval):
            return super().answer(data, level, seed)
        found = restricted_icc(data)
        if found.logit_error is None:
            return IccAnswer(0.0, warning="no interval: the variance between clusters is estimated as 0")
        reach = NormalDist().inv_cdf(0.5 + level / 2.0) * found.logit_error
        centre = to_scale("logit", found.icc)
        lower, upper = (to_reader("logit", centre + side * reach) for side in (-1.0, 1.0))
        return IccAnswer(found.icc, Limits(lower, upper, "", found.logit_error), "logit")

    def _interval(self) -> AnyInterval:
        return self.interval


class PairwiseIcc(IccEstimator):
    """Pearson's correlation over all pairs of people of a cluster (peq, pgp, ppr); may be negative."""

    outcomes: ClassVar[Outcomes] = ANY
    over_periods: ClassVar[bool] = True
    words: ClassVar[str] = "Pairwise"

    kind: Literal["pairwise"] = "pairwise"
    weights: Literal["pairs", "clusters", "members"] = Field(
        default="pairs",
        description="What counts the same: every pair (`pairs`), every cluster whatever its pairs "
        "(`clusters`), or every person whatever the pairs they are in (`members`).",
    )
    interval: BinaryInterval = BcaBootstrap()

    def estimate(self, data: Clustered) -> float:
        return moments.pairwise_icc(data, WEIGHTINGS[self.weights])

    def influence(self) -> Influence:
        return lambda data: moments.pairwise_influence(data, WEIGHTINGS[self.weights])

    def _interval(self) -> AnyInterval:
        return self.interval


WEIGHTINGS: dict[str, moments.Weighting] = {
    "pairs": moments.one_a_pair,
    "clusters": moments.one_a_cluster,
    "members": moments.one_a_member,
}


class FleissCuzickIcc(IccEstimator):
    """Kappa-type: 1 - disagreement within clusters over disagreement at large (fc); may be negative."""

    words: ClassVar[str] = "Fleiss-Cuzick"

    kind: Literal["fleiss_cuzick"] = "fleiss_cuzick"
    interval: BinaryInterval = ZouDonner()

    def estimate(self, data: Clustered) -> float:
        return moments.kappa_icc(data)

    def influence(self) -> Influence:
        return moments.kappa_influence

    def _interval(self) -> AnyInterval:
        return self.interval


class BetaBinomialIcc(IccEstimator):
    """The beta-binomial model by maximum likelihood; its own interval is a likelihood profile."""

    words: ClassVar[str] = "Beta-binomial"

    kind: Literal["beta_binomial"] = "beta_binomial"
    interval: LikelihoodInterval = OwnInterval()

    def estimate(self, data: Clustered) -> float:
        return beta_binomial(data).estimate()

    def _limits(self, interval: AnyInterval, asked: Measured) -> Limits:
        if isinstance(interval, OwnInterval):
            model = beta_binomial(asked.data)
            limits = model.limits(asked.drawn.level)
            at_end = "; lower limit at the end of the model's range" if limits[0] <= model.lowest else ""
            return Limits(*limits, f"profile likelihood{at_end}")
        return super()._limits(interval, asked)

    def _interval(self) -> AnyInterval:
        return self.interval


class _MomentIcc(IccEstimator):
    interval: DrawnInterval = BcaBootstrap()

    def _interval(self) -> AnyInterval:
        return self.interval


class KleinmanIcc(_MomentIcc):
    """From the weighted variance of cluster proportions (keq, kpr; smaller: keqs, kprs)."""

    words: ClassVar[str] = "Kleinman"

    kind: Literal["kleinman"] = "kleinman"
    weights: Literal["equal", "size"] = Field(
        default="equal", description="How clusters count: the same (`equal`), or by their `size`."
    )
    smaller: bool = Field(
        default=False, description="Whether the variance is multiplied by (K - 1) / K for K clusters."
    )

    def estimate(self, data: Clustered) -> float:
        return moments.kleinman_icc(data, by_size=self.weights == "size", smaller=self.smaller)


class AnovaOverClustersIcc(_MomentIcc):
    """The analysis of variance with squares between clusters over their number (aovs)."""

    words: ClassVar[str] = "Analysis of variance, over clusters"

    kind: Literal["anova_over_clusters"] = "anova_over_clusters"

    def estimate(self, data: Clustered) -> float:
        return anova_over_clusters(data)


class StabilisedIcc(_MomentIcc):
    """The moment estimator of Tamura and Young, stabilised by a constant (stab)."""

    words: ClassVar[str] = "Stabilised moment"

    kind: Literal["stabilised"] = "stabilised"
    kappa: float = Field(default=0.45, ge=0.0, le=1.0, description="The constant; 1 leaves it out.")

    def estimate(self, data: Clustered) -> float:
        return moments.stabilised_icc(data, self.kappa)


class UnbiasedEquationIcc(_MomentIcc):
    """Yamamoto and Yanagimoto's unbiased equation (ub); not the same for non-events in unequal clusters."""

    words: ClassVar[str] = "Unbiased estimating equation"

    kind: Literal["unbiased_equation"] = "unbiased_equation"

    def estimate(self, data: Clustered) -> float:
        return moments.unbiased_equation_icc(data)


class MakIcc(_MomentIcc):
    """Kappa-type with every cluster counting the same (mak)."""

    words: ClassVar[str] = "Mak"

    kind: Literal["mak"] = "mak"

    def estimate(self, data: Clustered) -> float:
        return moments.mak_icc(data)


class _LogisticIcc(IccEstimator):
    nodes: Literal[1, 5, 11, 25] = Field(default=25, description="Quadrature nodes; 1 is Laplace's.")
    interval: DrawnInterval = NoInterval()

    def answer(self, data: Clustered, level: float, seed: Seed | None) -> IccAnswer:
        found = super().answer(data, level, seed)
        if found.value > 0.0:
            return found
        at_zero = "the variance between clusters is estimated as 0"
        return replace(found, warning="; ".join(filter(None, (at_zero, found.warning))))

    def _interval(self) -> AnyInterval:
        return self.interval


class LinearisedIcc(_LogisticIcc):
    """A logistic model with normal clusters, brought to the scale of proportions to first order (lin)."""

    words: ClassVar[str] = "Logistic, linearised"

    kind: Literal["linearised"] = "linearised"

    def estimate(self, data: Clustered) -> float:
        return linearised_icc(data, self.nodes)


class LatentIcc(_LogisticIcc):
    """A logistic model with normal clusters, on the latent scale of its log odds."""

    latent: ClassVar[bool] = True
    words: ClassVar[str] = "Logistic, latent scale"

    kind: Literal["latent"] = "latent"

    def estimate(self, data: Clustered) -> float:
        return latent_icc(data, self.nodes)


AnyIcc = Annotated[
    AnovaIcc
    | RestrictedIcc
    | PairwiseIcc
    | FleissCuzickIcc
    | BetaBinomialIcc
    | KleinmanIcc
    | AnovaOverClustersIcc
    | StabilisedIcc
    | UnbiasedEquationIcc
    | MakIcc
    | LinearisedIcc
    | LatentIcc,
    Field(discriminator="kind"),
]

"""Settings of the linear mixed model: criterion, and the reference distribution with what it needs."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Annotated, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from precept_stats.errors import FitError
from precept_stats.inference.between_within import BetweenWithinDf
from precept_stats.inference.bootstrap import bootstrap, bootstrap_facts, bootstrap_warnings
from precept_stats.inference.degrees_of_freedom import DegreesOfFreedom, FixedDf
from precept_stats.inference.fit import Fact
from precept_stats.inference.joint import JointTest, joint_test
from precept_stats.inference.kenward_roger import kenward_roger
from precept_stats.inference.likelihood import FixedEffectsProfile, LinearMaximum, likelihood_ratio_test
from precept_stats.inference.mixed_bootstrap import mixed_bootstrap
from precept_stats.inference.satterthwaite import satterthwaite
from precept_stats.inference.seeds import Seed
from precept_stats.inference.uncertainty import Asymptotic, Profiled, Uncertainty
from precept_stats.methods.linear_mixed_fit import RandomFit, VarianceParameter
from precept_stats.methods.mixed_random import varies_within
from precept_stats.methods.settings import Choice
from precept_stats.numerics.cells.either import AnyMixedFit
from precept_stats.numerics.mixed.fit import Criterion, MixedFit
from precept_stats.numerics.mixed.model import Grouping

Matrix = NDArray[np.float64]
Inferred = tuple[Matrix, DegreesOfFreedom]
"""The covariance of the fixed effects and the rule for degrees of freedom that goes with it."""


class RestrictedLikelihood(Choice):
    """Restricted maximum likelihood: variances allow for the fixed effects that were estimated."""

    kind: Literal["reml"] = "reml"


class MaximumLikelihood(Choice):
    """Maximum likelihood: the variance between clusters comes out too small when clusters are few."""

    kind: Literal["ml"] = "ml"


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """A fit with its clusters and its people, the rows or those whom they stand for.

    ``seed`` is the analysis' own, for rules that draw.
    """

    of: RandomFit
    clusters: int
    people: float
    seed: Seed | None = None

    @property
    def kernel(self) -> AnyMixedFit:
        return self.of.kernel


@dataclass(frozen=True, slots=True, eq=False)
class Inference:
    """The uncertainty of a fit, with what there is to say of how it was found."""

    uncertainty: Uncertainty
    facts: tuple[Fact, ...] = ()
    warnings: tuple[str, ...] = ()


class _Rule(Choice):
    """A reference distribution; ``words`` name it, ``on_boundary`` says what it makes of a variance at 0."""

    words: ClassVar[str] = ""
    on_boundary: ClassVar[str] = "the degrees of freedom do not depend on it"

    def of(self, fitted: Fitted) -> Inferred:
        """The covariance of the fixed effects and the rule for degrees of freedom."""
        raise NotImplementedError

    def objections(self, criterion: Criterion, *, on_cells: bool) -> tuple[str, ...]:
        """Why the rule does not go with a criterion or a kernel."""
        return ()

    def infer(self, point: Asymptotic, fitted: Fitted) -> Inference:
        """The point with its covariance, unless the rule has another shape."""
        return Inference(point)

    def joint(self, effects: Asymptotic, fitted: Fitted, contrasts: Matrix) -> JointTest | None:
        """The joint test that goes with the rule, if one does; ``effects`` are the fixed effects alone."""
        return joint_test(effects, contrasts)

    def boundary_warning(self, one: VarianceParameter) -> str:
        """What follows from a variance parameter at its boundary."""
        kept = "the degrees of freedom are those of the rule in the plan"
        if not one.vanishes:
            return kept
        what = "clustering" if one.name == "cluster" else "it"
        return f"so the standard error has little or no part for {what}; {kept}"


class KenwardRoger(_Rule):
    """t with Kenward and Roger's covariance and degrees of freedom, for REML.

    A variance between clusters that is estimated as 0 counts as a parameter all the same, so that the
    degrees of freedom of the effect stay near those of a comparison of clusters.
    """

    words: ClassVar[str] = "t, Kenward and Roger's degrees of freedom and covariance"
    on_boundary: ClassVar[str] = "counted as a parameter all the same (Kenward-Roger)"

    kind: Literal["kenward_roger"] = "kenward_roger"

    def objections(self, criterion: Criterion, *, on_cells: bool) -> tuple[str, ...]:
        """It is defined for restricted maximum likelihood only."""
        if criterion == "reml":
            return ()
        return ("Kenward and Roger's adjustment is for restricted maximum likelihood (reml)",)

    def of(self, fitted: Fitted) -> Inferred:
        """The adjusted covariance, and the rule that goes with it."""
        adjusted = kenward_roger(fitted.kernel, known=fitted.of.information)
        return adjusted.covariance, adjusted.df


class MixedSatterthwaite(_Rule):
    """t on Satterthwaite's degrees of freedom, by the delta method on all variances.

    Where the variance between clusters is estimated as 0 it drops out, and the degrees of freedom rise
    to those of individuals; this is said.
    """

    words: ClassVar[str] = "t, Satterthwaite's degrees of freedom"
    on_boundary: ClassVar[str] = "left out of the degrees of freedom (Satterthwaite)"

    kind: Literal["satterthwaite"] = "satterthwaite"

    def of(self, fitted: Fitted) -> Inferred:
        """The model-based covariance and Satterthwaite's rule."""
        return fitted.kernel.covariance, satterthwaite(fitted.kernel)

    def boundary_warning(self, one: VarianceParameter) -> str:
        """What follows from a variance parameter at its boundary."""
        if (one.what, one.name) != ("variance", "cluster"):
            return (
                "so Satterthwaite's degrees of freedom are as if it were not in the model; kenward_roger "
                "counts it all the same"
            )
        return (
            "so Satterthwaite's degrees of freedom are those of individuals, not of clusters; "
            "kenward_roger and between_within keep to clusters"
        )


class BetweenWithin(_Rule):
    """t on clusters minus parameters at cluster level; within clusters, on individuals minus clusters.

    With random effects of several nested groupings, such as clusters and their periods, each is a level:
    a term has the degrees of freedom of the coarsest grouping within which it is constant.
    """

    words: ClassVar[str] = "t on clusters - parameters at cluster level (between-within)"

    kind: Literal["between_within"] = "between_within"

    def of(self, fitted: Fitted) -> Inferred:
        """The model-based covariance, and units less parameters by level. FitError for crossed groupings."""
        chain = _nested(fitted.of.groupings)
        levels = [0] + [_level(column.values, chain) for column in fitted.of.fixed.columns]
        counts = (*(float(_used(grouping)) for grouping in chain), fitted.people)
        return fitted.kernel.covariance, BetweenWithinDf(np.array(levels, dtype=np.intp), counts)


class ClustersMinusParameters(_Rule):
    """t on clusters minus cluster-level parameters: arms, strata, cluster-level covariates.

    Over periods the intervention counts as one parameter, whatever the exposure times, and periods do
    not count: they are the same for all clusters.
    """

    words: ClassVar[str] = "t on clusters - cluster-level parameters"

    kind: Literal["clusters_minus_parameters"] = "clusters_minus_parameters"

    def of(self, fitted: Fitted) -> Inferred:
        """The model-based covariance on fixed degrees of freedom. FitError when none are left."""
        spent = fitted.of.fixed.cluster_parameters
        spare = fitted.clusters - spent
        if spare < 1:
            raise FitError(
                "no degrees of freedom are left",
                found=f"{fitted.clusters} clusters and {spent} parameters at cluster level",
                allowed="more clusters than parameters: drop covariates or merge strata",
            )
        return fitted.kernel.covariance, FixedDf(float(spare), self.words)


class NormalReference(_Rule):
    """The normal distribution, which is too narrow with few clusters."""

    words: ClassVar[str] = "normal"

    kind: Literal["normal"] = "normal"

    def of(self, fitted: Fitted) -> Inferred:
        """The model-based covariance and the normal distribution."""
        return fitted.kernel.covariance, FixedDf(math.inf, self.words)


class LikelihoodRatio(_Rule):
    """Likelihood-ratio tests and profile-likelihood intervals, on chi-squared; for maximum likelihood.

    With few clusters tests reject too often and intervals are too narrow. Correlations and shares of
    variance have intervals from estimate and standard error.
    """

    words: ClassVar[str] = "likelihood ratio on chi-squared, profile intervals"
    on_boundary: ClassVar[str] = "estimated anew at every value of the profile"

    kind: Literal["likelihood_ratio"] = "likelihood_ratio"

    def objections(self, criterion: Criterion, *, on_cells: bool) -> tuple[str, ...]:
        """Restricted likelihoods of different fixed effects do not compare."""
        if criterion == "ml":
            return ()
        return ("likelihood ratios of fixed effects need maximum likelihood: name criterion {kind: ml}",)

    def of(self, fitted: Fitted) -> Inferred:
        """The model-based covariance, for standard errors only."""
        return fitted.kernel.covariance, FixedDf(math.inf, self.words)

    def infer(self, point: Asymptotic, fitted: Fitted) -> Inference:
        """The point with the profile of its likelihood."""
        return Inference(Profiled(point, FixedEffectsProfile(LinearMaximum(fitted.kernel))))

    def joint(self, effects: Asymptotic, fitted: Fitted, contrasts: Matrix) -> JointTest | None:
        """The likelihood-ratio test."""
        return likelihood_ratio_test(LinearMaximum(fitted.kernel), contrasts)


class ParametricBootstrap(_Rule):
    """Intervals and p-values from outcomes simulated from the fitted model; needs the plan's seed.

    Fixed effects have studentised intervals, functions of variances percentile intervals. Joint tests
    are not given.
    """

    words: ClassVar[str] = "parametric bootstrap"
    on_boundary: ClassVar[str] = "replicates are simulated without it"

    kind: Literal["parametric_bootstrap"] = "parametric_bootstrap"
    replicates: int = Field(
        default=1999, ge=99, le=100_000, description="How many outcomes are simulated and refitted."
    )

    def objections(self, criterion: Criterion, *, on_cells: bool) -> tuple[str, ...]:
        """Models on cells are not simulated from."""
        if not on_cells:
            return ()
        return (
            "the parametric bootstrap is offered for random terms, not for a decaying correlation or "
            "residual variances by arm",
        )

    def of(self, fitted: Fitted) -> Inferred:
        """The model-based covariance, by which replicates are studentised."""
        return fitted.kernel.covariance, FixedDf(math.inf, self.words)

    def infer(self, point: Asymptotic, fitted: Fitted) -> Inference:
        """The draws. FitError without a seed, or where no replicate could be fitted."""
        kernel, model = fitted.kernel, fitted.of.model
        if fitted.seed is None or model is None or not isinstance(kernel, MixedFit):
            raise FitError(
                "the parametric bootstrap has nothing to draw with",
                found="no seed" if fitted.seed is None else "a model on cells",
                allowed="a seed, and random terms",
            )
        simulated = mixed_bootstrap(model, kernel)
        found = bootstrap(simulated, fitted.seed, self.replicates)
        draws = replace(found.draws, names=point.names)
        return Inference(draws, bootstrap_facts(found), bootstrap_warnings(found, simulated.point))

    def joint(self, effects: Asymptotic, fitted: Fitted, contrasts: Matrix) -> JointTest | None:
        """None: only intervals are bootstrapped."""
        return None


def _nested(groupings: tuple[Grouping, ...]) -> tuple[Grouping, ...]:
    """The groupings from coarse to fine, each within the one before."""
    chain = sorted(groupings, key=_used)
    for coarse, fine in pairwise(chain):
        if len(np.unique(fine.codes * coarse.levels + coarse.codes)) > _used(fine):
            raise FitError(
                "between-within degrees of freedom need groupings that are nested in each other",
                found=f"{fine.name} crossed with {coarse.name}",
                allowed="kenward_roger or satterthwaite, which need no levels",
            )
    return tuple(chain)


def _used(grouping: Grouping) -> int:
    return int(np.count_nonzero(np.bincount(grouping.codes, minlength=grouping.levels)))


def _level(values: NDArray[np.float64], chain: tuple[Grouping, ...]) -> int:
    constant = (level for level, grouping in enumerate(chain) if not varies_within(values, grouping))
    return next(constant, len(chain))


MixedCriterion = Annotated[RestrictedLikelihood | MaximumLikelihood, Field(discriminator="kind")]
MixedDf = Annotated[
    KenwardRoger
    | MixedSatterthwaite
    | BetweenWithin
    | ClustersMinusParameters
    | NormalReference
    | LikelihoodRatio
    | ParametricBootstrap,
    Field(discriminator="kind"),
]

"""Which function of R does what an analysis does, and with what settings; or why none does."""

from __future__ import annotations

from dataclasses import dataclass
from functools import singledispatch

from precept_stats.evidence.twin.script import Call, NoTwin, Value
from precept_stats.evidence.twin.sheet import Sheet
from precept_stats.methods.cluster_regression import ClusterRegression
from precept_stats.methods.cluster_summaries import ClusterSummaries
from precept_stats.methods.gee import Gee
from precept_stats.methods.generalised_linear_mixed import GeneralisedLinearMixed
from precept_stats.methods.layout import layout_of_design
from precept_stats.methods.linear_mixed import LinearMixed, is_cohort
from precept_stats.methods.randomisation_test import RandomisationTest
from precept_stats.methods.settings import SizeWeights, VarianceWeights
from precept_stats.methods.settings_gee import IndependentWorking, ModifiedPoissonInstead
from precept_stats.methods.settings_glmm import (
    AdaptiveQuadrature,
    KenwardRogerRule,
    LikelihoodRatioRule,
    NegativeBinomialCounts,
    ParametricBootstrapRule,
    PseudoLikelihood,
)
from precept_stats.methods.settings_mixed import LikelihoodRatio, ParametricBootstrap
from precept_stats.methods.settings_random import (
    DiscreteTimeDecay,
    Exchangeable,
    ExposureTimeEffect,
    RandomTerm,
    ResidualByArm,
)
from precept_stats.methods.settings_randomisation import MonteCarloAllocations, Studentised
from precept_stats.methods.settings_score import GeeScore
from precept_stats.methods.settings_wild import (
    Cr3InStatistic,
    DrawnReplicates,
    LinearModel,
    RademacherSigns,
)
from precept_stats.methods.wild_cluster_bootstrap import WildClusterBootstrap
from precept_stats.studies.cluster_trial_design import ClusterTrialDesign
from precept_stats.studies.design import AnyDesign
from precept_stats.studies.period_design import PeriodDesign

SEED = 1
"""Of what R draws; any will do, since draws are compared within their Monte Carlo error."""


@dataclass(frozen=True, slots=True, eq=False)
class Posed:
    """One analysis as it is posed to R: the method, its rows, their table, and the confidence level."""

    method: object
    design: object
    sheet: Sheet
    level: float


def twin_of(posed: Posed) -> Call | NoTwin:
    """The twin of an analysis."""
    return twin(posed.method, posed)


@singledispatch
def twin(method: object, _posed: Posed) -> Call | NoTwin:
    """The twin of a method; none unless one is registered."""
    kind = getattr(method, "kind", type(method).__name__)
    return NoTwin(f"there is none for the method {kind}")


def scale_of(summary: str) -> str:
    """Whether a summary is a difference, a ratio or an odds ratio."""
    if summary == "odds_ratio":
        return "odds_ratio"
    return "ratio" if summary.endswith("_ratio") else "difference"


def _trial(posed: Posed) -> ClusterTrialDesign | NoTwin:
    if isinstance(posed.design, ClusterTrialDesign):
        return posed.design
    return NoTwin("the twin is of trials at one time")


@twin.register
def _(method: ClusterSummaries, posed: Posed) -> Call | NoTwin:
    design = _trial(posed)
    if isinstance(design, NoTwin):
        return design
    if isinstance(method.weights, VarianceWeights) and not (design.size == 1.0).all():
        return NoTwin("the intracluster correlation of rows that stand for several people has none")
    ratio = method.ratio.kind if layout_of_design(design).is_ratio else "none"
    settings: dict[str, Value] = {
        "outcome": design.outcome.type,
        "ratio": ratio,
        "weights": method.weights.kind,
        "variance": method.variance.kind,
        "level": posed.level,
    }
    return Call("cluster_summaries", "clusters", settings, "R: lm and glm")


@twin.register
def _(method: ClusterRegression, posed: Posed) -> Call | NoTwin:
    design = _trial(posed)
    if isinstance(design, NoTwin):
        return design
    settings: dict[str, Value] = {
        "weights": method.weights.kind,
        "variance": method.variance.kind,
        "working": getattr(method.variance, "working", "none"),
        "df": method.df.kind,
        "level": posed.level,
    }
    needed = {"classical": (), "cr2": ("clubSandwich",)}.get(method.variance.kind, ("sandwich",))
    return Call("cluster_regression", "clusters", settings, f"R: {', '.join(('lm', *needed))}", needed)


@twin.register
def _(method: LinearMixed, posed: Posed) -> Call | NoTwin:
    design = posed.design
    if not isinstance(design, ClusterTrialDesign | PeriodDesign):
        return NoTwin("the twin is of trials")
    reason = _mixed_without(method, design)
    if reason:
        return NoTwin(reason)
    settings: dict[str, Value] = {
        "by_exposure": isinstance(method.effect_over_time, ExposureTimeEffect),
        "reml": method.criterion.kind == "reml",
        "df": method.df.kind,
        "level": posed.level,
    }
    if isinstance(method.random, DiscreteTimeDecay):
        return Call("decaying", "linear_mixed", settings, "R: likelihood written out", ("lme4",))
    settings["terms"] = [_term(term, posed.sheet) for term in method.random.of(is_cohort(design))]
    packages = ("lme4", "lmerTest", "pbkrtest")
    engines = {"kenward_roger": "lme4 and pbkrtest", "satterthwaite": "lme4 and lmerTest"}
    return Call(
        "linear_mixed", "linear_mixed", settings, f"R: {engines.get(method.df.kind, 'lme4')}", packages
    )


def _mixed_without(method: LinearMixed, design: AnyDesign) -> str:
    if not (design.size == 1.0).all():
        return "rows that stand for several people have none"
    if isinstance(method.df, LikelihoodRatio | ParametricBootstrap):
        return f"the rule {method.df.kind} has none"
    if isinstance(method.residual, ResidualByArm):
        return "a residual variance by arm has none"
    if isinstance(design, ClusterTrialDesign) and design.subgroup is not None:
        return "subgroups have none in mixed models"
    if method.random.decays and not isinstance(method.random, DiscreteTimeDecay):
        return f"the random effects {method.random.kind} have none"
    if method.random.decays and (design.weights is not None or design.offset is not None):
        return "a decaying correlation with weights or an offset has none"
    return ""


def _term(term: RandomTerm, sheet: Sheet) -> dict[str, Value]:
    """A random term by the columns of the table."""
    own = ("cluster", "cluster_period", "period", "participant")
    slopes = [column for slope in term.slopes for column in (("arm",) if slope == "arm" else sheet.of[slope])]
    by = term.by if term.by in own else sheet.of[term.by][0]
    return {"by": by, "intercept": term.intercept, "slopes": slopes, "correlated": term.correlated}


@twin.register
def _(method: Gee, posed: Posed) -> Call | NoTwin:
    design = posed.design
    if not isinstance(design, ClusterTrialDesign | PeriodDesign):
        return NoTwin("the twin is of trials")
    family = method.family.of(design.outcome.type)
    link = method.link.of(family)
    reason = _gee_without(method, design, (family, link))
    if reason:
        return NoTwin(reason)
    settings: dict[str, Value] = {
        "outcome": design.outcome.type,
        "family": family,
        "link": link,
        "correlation": method.correlation.kind,
        "weights": method.weights.kind,
        "variance": method.variance.kind,
        "df": method.df.kind,
        "target": design.target,
        "scale": scale_of(design.summary),
        "by_exposure": isinstance(method.effect_over_time, ExposureTimeEffect),
        "level": posed.level,
    }
    return Call("gee", "gee", settings, "R: geepack, variances from full matrices", ("geepack",))


def _gee_without(method: Gee, design: AnyDesign, law: tuple[str, str]) -> str:
    named = method.correlation.kind
    if named == "exponential_decay" or getattr(method.correlation, "bias_corrected", False):
        return f"the working correlation {named}, or its correction for few clusters, has none"
    if method.variance.kind == "jackknife":
        return "the jackknife over clusters has none"
    if isinstance(design, ClusterTrialDesign) and design.subgroup is not None:
        return "subgroups have none in estimating equations"
    if isinstance(method.on_nonconvergence, ModifiedPoissonInstead):
        return "a variance function that is chosen by whether the model converges has none"
    if design.outcome.type == "count" and law[1] != "log":
        return "rates with another link than log have none"
    if design.outcome.type == "count" and not isinstance(method.correlation, IndependentWorking):
        return "rates with a working correlation have none"
    return ""


@twin.register
def _(method: GeneralisedLinearMixed, posed: Posed) -> Call | NoTwin:
    design = _trial(posed)
    if isinstance(design, NoTwin):
        return design
    reason = _glmm_without(method, design)
    if reason:
        return NoTwin(reason)
    nodes = method.approximation.nodes if isinstance(method.approximation, AdaptiveQuadrature) else 1
    link = method.link.of(design.outcome.type)
    conditional = design.effect == "conditional"
    settings: dict[str, Value] = {
        "outcome": design.outcome.type,
        "link": link,
        "nodes": nodes,
        "df": method.df.kind,
        "target": design.target,
        "scale": "conditional" if conditional else scale_of(design.summary),
        "level": posed.level,
    }
    engine = f"R: lme4's glmer, {nodes} nodes" if nodes > 1 else "R: lme4's glmer, Laplace"
    return Call("generalised_linear_mixed", "generalised_linear_mixed", settings, engine, ("lme4",))


def _glmm_without(method: GeneralisedLinearMixed, design: ClusterTrialDesign) -> str:
    if not isinstance(method.random, Exchangeable):
        return "random effects beyond an intercept by cluster have none"
    if isinstance(method.approximation, PseudoLikelihood):
        return "pseudo-likelihood has none"
    if isinstance(method.df, KenwardRogerRule | LikelihoodRatioRule | ParametricBootstrapRule):
        return f"the rule {method.df.kind} has none"
    if isinstance(method.counts, NegativeBinomialCounts):
        return "negative binomial counts have none"
    if design.subgroup is not None:
        return "subgroups have none in mixed models"
    if design.groups or design.offset is not None:
        return "further groupings and offsets have none"
    return ""


@twin.register
def _(method: RandomisationTest, posed: Posed) -> Call | NoTwin:
    design = _trial(posed)
    if isinstance(design, NoTwin):
        return design
    if isinstance(method.statistic, GeeScore):
        return NoTwin("the score of estimating equations has none")
    if design.allocations is not None:
        return NoTwin("allocations that are listed, or constrained by a rule, have none")
    draws = method.allocations.draws if isinstance(method.allocations, MonteCarloAllocations) else 0
    settings: dict[str, Value] = {
        "outcome": design.outcome.type,
        "weights": "size" if isinstance(method.weights, SizeWeights) else "equal",
        "studentised": isinstance(method.statistic, Studentised),
        "draws": draws,
        "seed": SEED,
        "level": posed.level,
    }
    said = f"{draws:,} allocations drawn anew" if draws else "every allocation"
    return Call("randomisation_test", "resampling", settings, f"R: {said}")


@twin.register
def _(method: WildClusterBootstrap, posed: Posed) -> Call | NoTwin:
    design = _trial(posed)
    if isinstance(design, NoTwin):
        return design
    plain = isinstance(method.model, LinearModel) and isinstance(method.signs, RademacherSigns)
    if not plain or isinstance(method.variance, Cr3InStatistic) or design.outcome.type == "count":
        return NoTwin("the twin is of the linear model with random signs and the cr1 variance")
    draws = method.replicates.draws if isinstance(method.replicates, DrawnReplicates) else 0
    settings: dict[str, Value] = {
        "outcome": design.outcome.type,
        "weights": method.weights.kind,
        "target": design.target,
        "draws": draws,
        "seed": SEED,
    }
    said = f"{draws:,} vectors of signs drawn anew" if draws else "every vector of signs"
    return Call("wild_cluster_bootstrap", "resampling", settings, f"R: {said}")

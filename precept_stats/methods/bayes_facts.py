"""What a Bayesian model reports beside its estimates: priors, probabilities, how it was sampled."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from precept_stats.inference.fit import Fact
from precept_stats.inference.posterior_facts import (
    Benefit,
    density_facts,
    prior_facts,
    probability_facts,
    require_finite,
    values_of,
)
from precept_stats.methods.bayes_model import BayesModel
from precept_stats.methods.mixed_facts import few_clusters
from precept_stats.methods.settings_prior_kinds import LOGISTIC_VARIANCE
from precept_stats.methods.settings_priors import Priors
from precept_stats.numerics.posterior.laws import Folded, Known, Law, LogitBeta, LogOf, Normal, OfBlock
from precept_stats.numerics.posterior.separation import unbounded_columns
from precept_stats.studies.question import OutcomeType

Floats = NDArray[np.float64]

FEW_CLUSTERS = 40
LARGE_ICC = 0.5
MUCH = 0.25
"""A prior that gives more than this share to a correlation above the large one is called flat."""

COARSE = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class Answered:
    """The effect in every draw of the posterior (R,) and of the prior, on the reader's scale."""

    effects: Floats
    prior_effects: Floats
    prior: Floats
    benefit: Benefit

    @classmethod
    def of(cls, model: BayesModel, params: Floats, prior: Floats, benefit: Benefit) -> Answered:
        """From parameters (R, P) of both. FitError where a draw of the posterior has no effect."""
        effects = values_of(model.effect(), params)
        require_finite(effects)
        return cls(effects, values_of(model.effect(), prior), prior, benefit)


def bayes_facts(model: BayesModel, priors: Priors, answered: Answered, sampler: str) -> Iterator[Fact]:
    """Priors, what they say before the data, probabilities and densities, and the sampler."""
    yield Fact("prior_set", "Priors", priors.kind.replace("_", " "), context="prior")
    yield Fact("prior_of_effect", "Prior of the effect", priors.effect_words, context="prior")
    for name, law in zip(model.names, model.laws(priors), strict=True):
        if isinstance(law, Known | OfBlock):
            continue
        yield Fact(
            "prior",
            "Prior, on the scale that is sampled",
            law_words(law),
            "",
            (("parameter", name),),
            "prior",
        )
    for arm in model.arm_means():
        yield from prior_facts(arm, answered.prior, ("arm", arm.contrast))
    yield from prior_facts(model.effect(), answered.prior, ("about", "effect"))
    yield from probability_facts(answered.effects, answered.benefit)
    log = model.effect().scale == "log"
    yield from density_facts(answered.effects, answered.prior_effects, answered.benefit, log=log)
    yield Fact("sampler", "Sampler", sampler)


def law_words(law: Law) -> str:
    """A prior as methods sections write it."""
    match law:
        case Normal():
            return f"normal, mean {law.mean:.4g}, SD {law.sd:.4g}"
        case LogitBeta():
            return f"logit of beta({law.a:g}, {law.b:g})"
        case Folded():
            kind = "half-normal" if math.isinf(law.df) else f"half-t on {law.df:g} df"
            return f"{kind}, scale {law.scale:.4g}"
        case LogOf():
            return f"log of {law_words(law.size)}"
        case Known():
            return f"known: {law.coordinate:.4g}"
        case _:
            raise NotImplementedError(type(law).__name__)


def fit_warnings(model: BayesModel, priors: Priors, integration: float) -> tuple[str, ...]:
    """Few clusters, a flat prior of their variation, an arm that only the prior keeps finite."""
    design, found = model.design, list(few_clusters(model.design))
    if design.n_clusters < FEW_CLUSTERS and flat(priors, model):
        found.append(
            f"the prior of the variation between clusters is nearly flat (over a quarter on a correlation "
            f"above {LARGE_ICC:g}), and {design.n_clusters} clusters say little against it; intervals are "
            "wide for that reason"
        )
    found += [
        f"{what}: the likelihood alone has no finite effect, the prior gives one"
        for what in _separated(model)
    ]
    if integration > COARSE:
        found.append(
            f"coarse quadrature over random effects: its error in the log density varies by {integration:.2g}"
        )
    return tuple(found)


def flat(priors: Priors, model: BayesModel) -> bool:
    """Whether much of the prior of the SD is on most of the variation being between clusters."""
    return model.clustered and is_flat(priors.cluster_law(model.units), model.outcome, model.units.sd)


def is_flat(law: Folded, outcome: OutcomeType, sd: float) -> bool:
    """The same of a law of the SD; ``sd`` is that of a continuous outcome."""
    variance = {"binary": LOGISTIC_VARIANCE, "count": 1.0, "continuous": sd**2}[outcome]
    return law.beyond(math.sqrt(variance * LARGE_ICC / (1.0 - LARGE_ICC))) > MUCH


def _separated(model: BayesModel) -> tuple[str, ...]:
    """Arms in which everyone or no one had the event; else what separates outcomes, if anything does."""
    if model.outcome == "continuous":
        return ()
    design, regression = model.design, model.regression
    columns = unbounded_columns(regression.X, design.y, design.size, counts=model.outcome == "count")
    if not columns:
        return ()
    named = ", ".join(regression.named(place) for place in columns)
    return tuple(_one_sided_arms(model)) or (f"outcomes are separated by {named}",)


def _one_sided_arms(model: BayesModel) -> Iterator[str]:
    design = model.design
    treated = model.regression.X[:, model.regression.fixed.effects[0]] > 0.0
    for name, rows in zip(design.arm_names, (~treated, treated), strict=True):
        events, people = float(design.y[rows].sum()), float(design.size[rows].sum())
        if events == 0.0:
            yield f"no event in {name}"
        elif model.outcome == "binary" and events == people:
            yield f"an event for everyone in {name}"

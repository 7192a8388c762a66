"""What a Bayesian model of many series tells beside its estimates: priors, probabilities, units, draws."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from precept_stats.inference.degrees_of_freedom import FixedDf
from precept_stats.inference.fit import Fact
from precept_stats.inference.posterior_answers import PosteriorAnswers, StoredDraws
from precept_stats.inference.posterior_facts import (
    Benefit,
    density_facts,
    prior_facts,
    probability_facts,
    values_of,
)
from precept_stats.inference.power_scaling import sensitivity
from precept_stats.inference.quantities import Quantity
from precept_stats.inference.scales import to_scale
from precept_stats.methods.bayes_answers import PARTS
from precept_stats.methods.bayes_facts import COARSE, law_words
from precept_stats.methods.bayes_fit import SampledPosterior
from precept_stats.methods.bayes_series_model import SeriesModel
from precept_stats.methods.multilevel_fit import Estimated, Predicted
from precept_stats.methods.multilevel_model import LEVEL
from precept_stats.methods.series_effects import Means, unit_of
from precept_stats.methods.settings_bayes_series import SeriesPriors
from precept_stats.numerics.posterior.gaussian_units import UnitValuesEvaluator
from precept_stats.numerics.posterior.laws import OfBlock
from precept_stats.numerics.posterior.units import UnitCountsEvaluator

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SampledSeries(SampledPosterior):
    """Chains of a model of many series."""

    model: SeriesModel

    @cached_property
    def by_unit(self) -> tuple[Matrix, Predicted]:
        """Log-likelihoods (R, K) of units with cells, and means and SDs of their coefficients."""
        model, evaluate = self.model, self.density.posterior.likelihood.evaluator()
        assert isinstance(evaluate, UnitCountsEvaluator | UnitValuesEvaluator)  # noqa: S101 (of this model)
        found = [evaluate.by_unit(draw) for draw in self.flat]
        means = np.mean([one.means for one in found], axis=0)
        squares = np.mean([np.diagonal(one.seconds, axis1=1, axis2=2) for one in found], axis=0)
        over = np.array([one.over for one in model.of_units])
        shape = len(model.design.units), len(over)
        values, errors = np.full(shape, np.nan), np.full(shape, np.nan)
        inside = np.unique(model.design.row_unit[model.design.used])
        values[inside] = means / over
        errors[inside] = np.sqrt(np.maximum(squares - means**2, 0.0)) / over
        return np.array([one.log_likelihood for one in found]), Predicted(values, errors)


def answered_facts(
    sampled: SampledSeries, priors: SeriesPriors, prior: Matrix, benefit: Benefit
) -> Iterator[Fact]:
    """Priors, what they say before the data, probabilities and densities, and the sampler."""
    model, effects = sampled.model, sampled.effects
    yield Fact("prior_set", "Priors", priors.kind.replace("_", " "), context="prior")
    yield Fact("prior_of_effect", "Prior of the effect", priors.effect_words, context="prior")
    for name, law in zip(model.names, model.laws(priors), strict=True):
        if not isinstance(law, OfBlock):
            told = law_words(law)
            groups = (("parameter", name),)
            yield Fact("prior", "Prior, on the scale that is sampled", told, "", groups, "prior")
    yield from prior_facts(before(model), prior, ("arm", model.design.names[0]))
    yield from prior_facts(model.effect(), prior, ("about", "effect"))
    yield from probability_facts(effects, benefit)
    log = model.effect().scale == "log"
    yield from density_facts(effects, values_of(model.effect(), prior), benefit, log=log)
    yield Fact("sampler", "Sampler", sampled.chains.sampler)
    form = "integrated out, so that there is no centring to choose"
    yield Fact("random_effects", "Random effects of units", form)
    for one, block in zip(model.of_regions, sampled.density.posterior.blocks, strict=True):
        form = "sampled, centred" if block.centred else "sampled, not centred"
        yield Fact("random_effects", "Random effects", form, "", (("of", one.name),))


def before(model: SeriesModel) -> Quantity:
    """The mean at the start of the programme without it, of the treated."""
    names, link = model.multilevel.fixed.names, model.law.link
    row = np.array([float(name in ("intercept", "treated")) for name in names])
    spread = None
    if model.design.effect == "marginal":
        levels = {one.entry for one in model.directions if one.column.name == LEVEL}
        spread = np.array([[float(k in levels) for k in range(len(model.multilevel.entries))]])
    means = Means(row[None], np.ones(1), link, spread)
    at = model.design.names[0]
    return Quantity(
        "mean", at, "identity", unit_of(model.design), 0.0, means.of, means.slope, None, means.many
    )


def estimated(sampled: SampledSeries) -> Estimated:
    """Variances, residual variance and predictions of units, as a fit by likelihood gives them: medians."""
    model, params = sampled.model, sampled.parameters
    entries = len(model.multilevel.entries)
    middle = np.median(params, axis=0)
    return Estimated(
        params=params.mean(axis=0),
        covariance=np.cov(params.T),
        df=FixedDf(math.inf, "none"),
        variances=middle[model.p : model.p + entries],
        at_zero=np.zeros(entries, dtype=np.bool_),
        predicted=(sampled.by_unit[1],),
        evidence=(),
        residual=float(middle[-1]) if model.linear else None,
    )


def coarse(error: float) -> tuple[str, ...]:
    """What to warn of where quadrature is coarse."""
    if error <= COARSE:
        return ()
    told = f"its error in the log density varies by {error:.2g}"
    return (f"coarse quadrature over random effects: {told}",)


def answers(sampled: SampledSeries, benefit: Benefit) -> PosteriorAnswers:
    """How far the effect moves with priors and likelihood, and the draws to be kept."""
    model, log_likelihood, log_prior = sampled.model, sampled.by_unit[0], sampled.log_prior()
    shape, quantity = sampled.coordinates.shape[:2], model.effect()
    effects = np.array([to_scale(quantity.scale, one) for one in sampled.effects]).reshape(shape)
    of_change = [k for k, owner in enumerate(model.multilevel.fixed.belongs) if owner]
    densities = log_prior[:, of_change].sum(axis=1), log_prior.sum(axis=1), log_likelihood.sum(axis=1)
    return PosteriorAnswers(
        unit=unit_of(model.design),
        higher_better=benefit.higher_better,
        sensitivities=tuple(
            sensitivity(part, effects, density.reshape(shape))
            for part, density in zip(PARTS, densities, strict=True)
        ),
        stored=StoredDraws(
            names=sampled.names,
            clusters=model.units,
            parameters=sampled.monitored,
            effect=sampled.effects.reshape(shape),
            log_prior=log_prior.sum(axis=1).reshape(shape),
            log_likelihood=log_likelihood.reshape(*shape, -1),
            diverging=sampled.chains.diverging,
            energy=sampled.chains.energy,
            sampler=sampled.chains.sampler,
        ),
    )

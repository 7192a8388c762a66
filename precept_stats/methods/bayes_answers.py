"""What a Bayesian model tells beside the effect, from its draws: see ``inference/posterior_answers``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from precept_stats.errors import FitError
from precept_stats.inference.draws import Draws
from precept_stats.inference.left_out import LeftOut, left_out
from precept_stats.inference.nuts import Chains, Sampler, Sampling, sample
from precept_stats.inference.posterior_answers import (
    Alternative,
    PosteriorAnswers,
    Replicates,
    StoredDraws,
    Units,
)
from precept_stats.inference.posterior_facts import Benefit, probability_facts
from precept_stats.inference.power_scaling import Sensitivity, sensitivity
from precept_stats.inference.scales import to_scale
from precept_stats.inference.seeds import Seed
from precept_stats.inference.watching import NOBODY, Watch
from precept_stats.methods.bayes_fit import Sampled
from precept_stats.methods.bayes_groups import group_units
from precept_stats.methods.bayes_levels import (
    cluster_effects,
    cluster_means,
    is_known,
    new_cluster,
    replicated,
)
from precept_stats.methods.bayes_model import BayesModel
from precept_stats.methods.settings_bayes import ConvergenceGate
from precept_stats.methods.settings_bayes_answers import LeaveOneClusterOut, Ranked, Ranking, Validation
from precept_stats.methods.settings_priors import Priors
from precept_stats.numerics.posterior.density import Whitened, whitened
from precept_stats.numerics.posterior.without import without_cluster
from precept_stats.studies.cluster_trial_design import ClusterTrialDesign

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

REPLICATES = 1000
"""Data sets that the model gives, each from another draw."""

PARTS = ("prior of the effect", "all priors", "likelihood")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a plan asks for beside the effect, with how chains are sampled and judged."""

    grid: Mapping[str, Priors]
    validation: Validation
    ranking: Ranking
    gate: ConvergenceGate
    how: Sampling
    names: tuple[str, ...]
    watch: Watch = NOBODY

    def sample(self, density: Whitened, seed: Seed, sampler: Sampler) -> Chains:
        return sample(density, self.how, seed, sampler, self.watch)


def posterior_answers(sampled: Sampled, benefit: Benefit, asked: Asked, seed: Seed) -> PosteriorAnswers:
    """All that is asked for. ``seed`` is the analysis' own."""
    log_likelihood, known = sampled.log_likelihood(), is_known(sampled.model)
    units: Units | None = None
    groups: tuple[Units, ...] = ()
    if known and isinstance(asked.ranking, Ranked):
        units = _units(sampled, asked.ranking.worst, seed)
        groups = tuple(group_units(sampled, units.effects, asked.ranking.worst))
    return PosteriorAnswers(
        unit=sampled.model.arm_means()[0].unit,
        higher_better=benefit.higher_better,
        alternatives=tuple(_alternatives(sampled, benefit, asked, seed)),
        sensitivities=_sensitivities(sampled, log_likelihood),
        left_out=_validated(sampled, log_likelihood, asked, seed),
        units=units,
        groups=groups,
        new=_new_clusters(sampled, seed) if known else (),
        replicates=_replicates(sampled, seed) if known else None,
        stored=_stored(sampled, log_likelihood, None if units is None else units.means),
    )


def _shape(sampled: Sampled) -> tuple[int, int]:
    """Chains and draws of each."""
    return sampled.coordinates.shape[0], sampled.coordinates.shape[1]


def _stored(sampled: Sampled, log_likelihood: Matrix, means: Matrix | None) -> StoredDraws:
    shape = _shape(sampled)
    return StoredDraws(
        names=sampled.names,
        clusters=sampled.model.design.clusters,
        parameters=sampled.monitored,
        effect=sampled.effects.reshape(shape),
        log_prior=sampled.log_prior().sum(axis=1).reshape(shape),
        log_likelihood=log_likelihood.reshape(*shape, -1),
        diverging=sampled.chains.diverging,
        energy=sampled.chains.energy,
        sampler=sampled.chains.sampler,
        means=None if means is None else means.reshape(*shape, -1),
    )


def _alternatives(sampled: Sampled, benefit: Benefit, asked: Asked, seed: Seed) -> Iterator[Alternative]:
    """The same likelihood under every other set of priors."""
    posterior, model = sampled.density.posterior, sampled.model
    for name, priors in asked.grid.items():
        told = name, priors.kind.replace("_", " "), priors.effect_words
        try:
            density = whitened(replace(posterior, laws=model.laws(priors)))
            chains = asked.sample(density, seed.at("prior_grid", name), sampled.chains.sampler)
        except FitError as problem:
            yield Alternative(*told, None, problem=problem.problem)
            continue
        other = Sampled(model, density, chains)
        failures = asked.gate.failures(other.convergence())
        if failures:
            yield Alternative(*told, None, problem=f"the chains cannot be trusted: {'; '.join(failures)}")
            continue
        params = other.parameters
        draws = Draws(asked.names, params.mean(axis=0), params, "posterior")
        chances = tuple(
            (fact.name, fact.label, float(fact.stat)) for fact in probability_facts(other.effects, benefit)
        )
        yield Alternative(*told, draws, chances)


def _sensitivities(sampled: Sampled, log_likelihood: Matrix) -> tuple[Sensitivity, ...]:
    """To the prior of the effect, to all priors, and to the likelihood, on the scale of inference."""
    shape, scale = _shape(sampled), sampled.model.effect().scale
    effects = np.array([to_scale(scale, one) for one in sampled.effects]).reshape(shape)
    of_priors = sampled.log_prior()
    places = list(sampled.model.regression.fixed.effects)
    densities = of_priors[:, places].sum(axis=1), of_priors.sum(axis=1), log_likelihood.sum(axis=1)
    return tuple(
        sensitivity(part, effects, density.reshape(shape))
        for part, density in zip(PARTS, densities, strict=True)
    )


def _validated(sampled: Sampled, log_likelihood: Matrix, asked: Asked, seed: Seed) -> LeftOut | None:
    if not isinstance(asked.validation, LeaveOneClusterOut):
        return None
    cube = log_likelihood.reshape(*_shape(sampled), -1)
    refit = _refit(sampled, asked, seed)
    return left_out(sampled.model.design.clusters, cube, refit, asked.validation.refit_above)


def _refit(sampled: Sampled, asked: Asked, seed: Seed) -> Callable[[int], Vector | None]:
    """The log-likelihood of a cluster in draws of the posterior without it; None where those are no good."""
    posterior, model = sampled.density.posterior, sampled.model

    def refit(cluster: int) -> Vector | None:
        fewer = without_cluster(posterior.likelihood, cluster)
        if fewer is None:
            return None
        density = whitened(replace(posterior, likelihood=fewer))
        own = seed.at("left_out", model.design.clusters[cluster])
        other = Sampled(model, density, asked.sample(density, own, sampled.chains.sampler))
        if asked.gate.failures(other.convergence()):
            return None
        evaluate = posterior.likelihood.evaluator()
        return np.array([evaluate.by_cluster(draw)[cluster] for draw in other.flat])

    return refit


def _units(sampled: Sampled, worst: int, seed: Seed) -> Units:
    drawn, design = sampled.cluster_effects(seed.at("clusters")), sampled.model.design
    effects = cluster_effects(sampled, seed.at("clusters", "risks").generator(), drawn)
    observed = _by_cluster(sampled.model, design.y)
    means = cluster_means(sampled, effects)
    unit = sampled.model.arm_means()[0].unit
    return Units(design.clusters, observed, means, effects, min(worst, design.n_clusters), unit=unit)


def _new_clusters(sampled: Sampled, seed: Seed) -> tuple[tuple[str, Vector], ...]:
    """The expected outcome of a cluster that was not there, in each arm: the same cluster in both."""
    return tuple(
        (name, new_cluster(sampled, arm, seed.at("new_cluster").generator()))
        for arm, name in enumerate(sampled.model.design.arm_names)
    )


def _by_cluster(model: BayesModel, y: Vector) -> Vector:
    """Mean outcomes of clusters (K,)."""
    design = model.design
    of_cluster = np.bincount(design.row_cluster, y, design.n_clusters)
    people = np.bincount(design.row_cluster, design.size, design.n_clusters)
    means: Vector = of_cluster / people
    return means


def _replicates(sampled: Sampled, seed: Seed) -> Replicates:
    model, rng = sampled.model, seed.at("replicates").generator()
    design = model.design
    chosen = np.unique(np.linspace(0, len(sampled.parameters) - 1, REPLICATES).astype(np.intp))
    drawn = np.array(
        [_by_cluster(model, replicated(model, params, rng)) for params in sampled.parameters[chosen]]
    )
    trial = isinstance(design, ClusterTrialDesign)
    return Replicates(
        names=design.clusters,
        observed=_by_cluster(model, design.y),
        drawn=drawn,
        sizes=np.bincount(design.row_cluster, design.size, design.n_clusters),
        arm=design.arm if isinstance(design, ClusterTrialDesign) else np.zeros(design.n_clusters, np.intp),
        arms=design.arm_names if trial else (),
    )

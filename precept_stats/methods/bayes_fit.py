"""A sampled posterior: its draws, what is found from them, and whether they can be trusted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from precept_stats.inference.convergence import Convergence, convergence
from precept_stats.inference.fit import Fact
from precept_stats.inference.nuts import Chains
from precept_stats.inference.posterior_facts import values_of
from precept_stats.inference.quantities import Quantity
from precept_stats.inference.seeds import Seed
from precept_stats.methods.bayes_model import BayesModel
from precept_stats.numerics.posterior.density import Likelihood, Whitened

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

CHECKED = 25
"""Draws at which the integrals are found again with many more nodes."""


class SampledModel(Protocol):
    """What a model has to say of the coordinates that are sampled."""

    @property
    def names(self) -> tuple[str, ...]:
        """One a coordinate (D,)."""
        ...

    def monitored(self, coordinates: Floats) -> Floats:
        """Coordinates without the signs that mean nothing."""
        ...

    def parameters(self, coordinates: Floats) -> Floats:
        """What quantities are asked of (R, P)."""
        ...

    def effect(self) -> Quantity:
        """What the estimand asks for."""
        ...


@dataclass(frozen=True, eq=False)
class SampledPosterior:
    """Chains of a model's posterior; K clusters, D coordinates, R draws over all chains.

    Random effects have been integrated out: they can be drawn afterwards, given the rest.
    """

    model: SampledModel
    density: Whitened
    chains: Chains

    @property
    def names(self) -> tuple[str, ...]:
        """One a coordinate (D,)."""
        return self.model.names

    @cached_property
    def coordinates(self) -> Floats:
        """Draws (chains, draws, D); standard deviations have signs that mean nothing."""
        return self.density.coordinates(self.chains.draws)

    @property
    def flat(self) -> Floats:
        """Draws of all chains (R, D)."""
        return self.coordinates.reshape(-1, self.coordinates.shape[-1])

    @property
    def monitored(self) -> Floats:
        """Draws (chains, draws, D), standard deviations without their signs."""
        return self.model.monitored(self.coordinates)

    @cached_property
    def parameters(self) -> Floats:
        """What quantities are asked of (R, P)."""
        return self.model.parameters(self.flat)

    @cached_property
    def effects(self) -> Floats:
        """The effect that the estimand asks for, as a reader thinks of it (R,)."""
        return values_of(self.model.effect(), self.parameters)

    def log_likelihood(self, rows: Ints | None = None) -> Floats:
        """The log-likelihood of each cluster, its effects integrated out, at all or chosen draws (., K)."""
        evaluate = self.density.posterior.likelihood.evaluator()
        return np.array([evaluate.by_cluster(draw) for draw in self._chosen(rows)])

    def log_prior(self) -> Floats:
        """The log prior density of each coordinate (R, D)."""
        return self.density.posterior.log_prior(self.flat)

    def convergence(self) -> Convergence:
        """Of every coordinate that was sampled, and of the effect."""
        return judged(self.chains, self.model, self.coordinates, self.effects)

    def integration_error(self) -> float:
        """The SD over draws of the error that quadrature makes in the log-likelihood."""
        return integration_error(self.density.posterior.likelihood, self.flat)

    def _chosen(self, rows: Ints | None) -> Floats:
        return self.flat if rows is None else self.flat[rows]


@dataclass(frozen=True, eq=False)
class Sampled(SampledPosterior):
    """Chains of a hierarchical model, in which a cluster has one effect of its own."""

    model: BayesModel

    def cluster_effects(self, seed: Seed, rows: Ints | None = None) -> Floats:
        """Draws of clusters' effects on the scale of the link, at all or chosen draws of the rest (., K)."""
        evaluate, chosen = self.density.posterior.likelihood.evaluator(), self._chosen(rows)
        uniform = seed.at("effects").generator().random((len(chosen), self.model.design.n_clusters))
        return np.array([evaluate.drawn_effects(*both) for both in zip(chosen, uniform, strict=True)])


def random_facts(sampled: Sampled) -> Iterator[Fact]:
    """Which random effects were integrated out, and which coordinates others were sampled on."""
    yield Fact(
        "random_effects",
        "Random effects of clusters",
        "integrated out, so that there is no centring to choose",
    )
    for one, block in zip(sampled.model.sampled, sampled.density.posterior.blocks, strict=True):
        form = "sampled, centred" if block.centred else "sampled, not centred"
        yield Fact("random_effects", "Random effects", form, "", (("of", one.name),))


def judged(chains: Chains, model: SampledModel, coordinates: Floats, effects: Floats) -> Convergence:
    """The convergence of every coordinate that was sampled, and of the effect."""
    vary = np.ptp(coordinates.reshape(-1, coordinates.shape[-1]), axis=0) > 0.0
    drawn = np.concatenate(
        [model.monitored(coordinates)[..., vary], effects.reshape(*coordinates.shape[:2], 1)], axis=2
    )
    names = (*(name for name, kept in zip(model.names, vary, strict=True) if kept), "the effect asked for")
    return convergence(chains, drawn, names)


def integration_error(likelihood: Likelihood, draws: Floats) -> float:
    """The SD over draws (R, D) of the error that quadrature makes in the log-likelihood."""
    fine = likelihood.finer()
    if fine is likelihood:
        return 0.0
    used, exact = likelihood.evaluator(), fine.evaluator()
    chosen = draws[np.linspace(0, len(draws) - 1, CHECKED).astype(np.intp)]
    return float(np.std([used(draw)[0] - exact(draw)[0] for draw in chosen]))

"""A hierarchical model of a design: its likelihood, its coordinates and priors, and what is asked of it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from precept_stats.errors import FitError
from precept_stats.inference.quantities import Quantity, linear
from precept_stats.methods.arm_model import unit_of_means
from precept_stats.methods.bayes_random import SampledEffects, as_fixed, period_places, sampled_effects
from precept_stats.methods.glmm_model import GlmmModel, model_of
from precept_stats.methods.glmm_variances import latent_parts, latent_shares, spreads
from precept_stats.methods.linear_mixed_variances import Parts, shares
from precept_stats.methods.scatter import MEAN_OF
from precept_stats.methods.settings_bayes import (
    BayesRandom,
    BetaBinomialCells,
    CellLaws,
    NegativeBinomialCells,
    PeriodLaws,
)
from precept_stats.methods.settings_glmm import FAMILIES
from precept_stats.methods.settings_prior_kinds import Units
from precept_stats.methods.settings_priors import Priors
from precept_stats.methods.settings_random import ConstantEffect
from precept_stats.numerics.glmm.families import Family, PoissonLog
from precept_stats.numerics.glmm.spread import LATENT_VARIANCE
from precept_stats.numerics.posterior.blocks import Block
from precept_stats.numerics.posterior.counts import CellLaw, Counts, Rows, collapsed
from precept_stats.numerics.posterior.density import Likelihood, Posterior
from precept_stats.numerics.posterior.gaussian import GaussianRows, summed
from precept_stats.numerics.posterior.laws import Known, Law, Normal
from precept_stats.studies.design import AnyDesign
from precept_stats.studies.period_design import PeriodDesign
from precept_stats.studies.question import OutcomeType

Floats = NDArray[np.float64]

LINKS: dict[OutcomeType, str] = {"binary": "logit", "count": "log", "continuous": "identity"}

Further = Literal["", "correlation", "dispersion"]


@dataclass(frozen=True, eq=False)
class BayesModel:
    """A design with its fixed part, its random intercepts, and the law of its cells.

    Parameters, as quantities are asked of them, are beta (p,), the root of the odds of the correlation in a
    cell or of the extra dispersion where there is one, the variances of the random intercepts (of those that
    the law of cells stands for, 0), and the variance of the link's law, or of the residual.
    """

    regression: GlmmModel
    cells: CellLaws
    nested: bool
    periods: PeriodLaws

    @property
    def design(self) -> AnyDesign:
        return self.regression.design

    @property
    def outcome(self) -> OutcomeType:
        return self.design.outcome.type

    @property
    def further_parameter(self) -> Further:
        if isinstance(self.cells, BetaBinomialCells):
            return "correlation"
        return "dispersion" if isinstance(self.cells, NegativeBinomialCells) else ""

    @property
    def clustered(self) -> bool:
        """Whether clusters have normal effects: they have none where their risks are beta."""
        return self.nested or self.further_parameter != "correlation"

    @property
    def p(self) -> int:
        return int(self.regression.X.shape[1])

    @cached_property
    def units(self) -> Units:
        """The outcome's mean (or crude rate) and its SD over people, pooled over arms."""
        design = self.design
        mean = float(design.y.sum() / design.size.sum())
        sd = float(np.std(design.y, ddof=1)) if self.outcome == "continuous" else 1.0
        return Units(self.outcome, mean, sd)

    @cached_property
    def sampled(self) -> tuple[SampledEffects, ...]:
        """The random effects that are not integrated out."""
        return sampled_effects(self.regression, self.periods)

    @property
    def names(self) -> tuple[str, ...]:
        """One name a coordinate, in order."""
        last = {
            "correlation": "root odds of the correlation in a cell",
            "dispersion": "root of extra dispersion",
        }
        scales = ["sd[cluster]"] * self.clustered
        if self.further_parameter:
            scales.append(last[self.further_parameter])
        elif self.nested:
            scales.append("sd[cluster_period]")
        return (
            *self.regression.fixed.names,
            *(name for one in self.sampled for name in one.effect_names),
            *scales,
            *(("log sd[residual]",) * (self.outcome == "continuous")),
            *(name for one in self.sampled for name in one.hyper_names),
        )

    def laws(self, priors: Priors) -> tuple[Law, ...]:
        """The prior of every coordinate."""
        units, sampled = self.units, self.sampled
        found = [*self._fixed_laws(priors), *(law for one in sampled for law in one.effect_laws)]
        if self.clustered:
            found.append(priors.cluster_law(units))
        if self.further_parameter:
            found.append(priors.cell_law(units, of_odds=True))
        elif self.nested:
            found.append(priors.cell_law(units, of_odds=False))
        if self.outcome == "continuous":
            found.append(priors.residual_law(units))
        return (*found, *(law for one in sampled for law in one.laws(priors, units)))

    def _fixed_laws(self, priors: Priors) -> Iterator[Law]:
        """Of the coefficients; those of periods are 0 where effects of periods are sampled."""
        units, effects = self.units, self.regression.fixed.effects
        replaced = period_places(self.regression) if any(one.autoregressive for one in self.sampled) else ()
        yield priors.reference_law(units)
        for place in range(1, self.p):
            of_column = _column_scale(self.regression.X[:, place], self.design.size)
            if place in replaced:
                yield Known(0.0)
            elif place in effects:
                yield priors.effect_law(units)
            else:
                law = priors.covariate_law(units)
                yield Normal(law.mean / of_column, law.sd / of_column)

    def posterior(self, priors: Priors) -> Posterior:
        """Likelihood and priors. Raises FitError where cells that must be whole are not."""
        return Posterior(self._likelihood(), self.laws(priors), self.blocks)

    @property
    def blocks(self) -> tuple[Block, ...]:
        """Where effects that are sampled, their standard deviations and correlations stand."""
        first, scale, found = self.p, self._inner, []
        for one in self.sampled:
            found.append(Block(first, one.count, scale, scale + 1 if one.autoregressive else None))
            first, scale = first + one.count, scale + len(one.hyper_names)
        return tuple(found)

    @property
    def _coefficients(self) -> int:
        """Coefficients of rows: fixed effects, and effects that are sampled."""
        return self.p + sum(one.count for one in self.sampled)

    @property
    def _inner(self) -> int:
        """Coordinates that the likelihood knows."""
        further = self.nested or bool(self.further_parameter)
        own = int(self.clustered) + int(further) + int(self.outcome == "continuous")
        return self._coefficients + own

    def _likelihood(self) -> Likelihood:
        design = self.design
        X = np.column_stack([self.regression.X, *(one.columns for one in self.sampled)])
        offset = np.zeros(len(design.y)) if design.offset is None else design.offset
        cluster, cell = design.row_cluster, design.row_cluster
        if self.nested and isinstance(design, PeriodDesign):
            cell = design.row_cluster * design.n_periods + design.row_period
        if self.outcome == "continuous":
            return summed(GaussianRows(X, design.y - offset, cluster, cell), nested=self.nested)
        rows = Rows(X, design.y, design.size, offset, cluster, cell)
        found = collapsed(rows, self._law, clustered=self.clustered)
        if self._law not in ("binomial", "poisson", "negative_binomial"):
            _require_whole(found, len(np.unique(cell)))
        return found

    @property
    def _law(self) -> CellLaw:
        if self.further_parameter == "correlation":
            return "beta_binomial"
        if self.further_parameter == "dispersion":
            return "negative_binomial"
        if self.outcome == "count":
            return "poisson_normal" if self.nested else "poisson"
        return "binomial_normal" if self.nested else "binomial"

    def parameters(self, coordinates: Floats) -> Floats:
        """Parameters (R, P) from coordinates (R, D)."""
        inner, scales = coordinates[:, : self._inner], np.abs(coordinates[:, self._coefficients :])
        by, extra = self.regression.random.by, []
        variances = np.zeros((len(coordinates), len(self.regression.entries)))
        if self.clustered:
            variances[:, by.index("cluster")] = scales[:, 0] ** 2
        if self.further_parameter:
            extra.append(scales[:, int(self.clustered)])
        elif self.nested:
            variances[:, by.index("cluster_period")] = scales[:, 1] ** 2
        for one, block in zip(self.sampled, self.blocks, strict=True):
            if one.entry is not None:
                variances[:, one.entry] = coordinates[:, block.scale] ** 2
        last = np.full(len(coordinates), 0.0 if self.outcome == "count" else LATENT_VARIANCE["logit"])
        if self.outcome == "continuous":
            last = np.exp(2.0 * inner[:, -1])
        return np.column_stack([self._fixed(coordinates), *extra, variances, last])

    def _fixed(self, coordinates: Floats) -> Floats:
        """The coefficients (R, p), of periods too where their effects are sampled."""
        found = coordinates[:, : self.p].copy()
        for one, block in zip(self.sampled, self.blocks, strict=True):
            if one.autoregressive:
                found += coordinates[:, block.at] @ as_fixed(self.regression, one).T
        return found

    def monitored(self, coordinates: Floats) -> Floats:
        """Coordinates without the signs that mean nothing."""
        signed = np.arange(coordinates.shape[-1]) < self._coefficients
        if self.outcome == "continuous":
            signed[self._inner - 1] = True
        signed[[block.correlation for block in self.blocks if block.correlation is not None]] = True
        return np.where(signed, coordinates, np.abs(coordinates))

    def effect(self) -> Quantity:
        """What the estimand asks for."""
        if self.outcome != "continuous":
            return self.regression.effect()
        down, up = self.design.arm_names
        unit = unit_of_means(self.design.outcome)
        return linear(
            self.design.summary, f"{up} - {down}", self._padded(self.regression.fixed.effect), unit=unit
        )

    def arm_means(self) -> tuple[Quantity, ...]:
        """The standardised mean of each arm, the reference arm first."""
        if self.outcome != "continuous":
            return self.regression.arm_means()
        fixed, unit = self.regression.fixed, unit_of_means(self.design.outcome)
        return tuple(
            _shifted(linear(MEAN_OF["continuous"], arm, self._padded(weights), unit=unit), fixed.origin)
            for arm, weights in zip(
                self.design.arm_names, (fixed.mean, fixed.mean + fixed.effect), strict=True
            )
        )

    def _padded(self, weights: Floats) -> Floats:
        return np.concatenate([weights, np.zeros(len(self.regression.entries) + 1)])

    def further(self) -> tuple[Quantity, ...]:
        """How much clusters differ, and how alike their people are."""
        if self.further_parameter == "correlation" and not self.nested:
            return (_of_root("icc", self.p, "logit", "proportion"),)
        regression = self.regression
        median = {"binary": "median_odds_ratio", "count": "median_rate_ratio", "continuous": ""}[self.outcome]
        parts = latent_parts(self.design, regression.random, regression.entries)
        if self.further_parameter == "correlation":
            only = tuple(Parts(one.condition, _without_cells(one), one.in_cluster) for one in parts)
            spread = tuple(q for one in only for q in spreads(one, median))
            return (*spread, _of_root("cell_correlation", self.p, "logit", "proportion"))
        found = [q for one in parts for q in (*spreads(one, median), *self._shares(one))]
        if self.further_parameter == "dispersion":
            found.append(_of_root("overdispersion", self.p, "log", ""))
        if self.outcome == "binary" and regression.alone:
            found += regression.proportion_iccs()
        return tuple(found)

    def _shares(self, parts: Parts) -> tuple[Quantity, ...]:
        if self.outcome == "continuous":
            return shares(parts)
        return latent_shares(parts, counts=self.outcome == "count")


def _without_cells(parts: Parts) -> dict[str, Floats]:
    return {by: weights for by, weights in parts.of.items() if by != "cluster_period"}


def _of_root(measure: str, place: int, scale: Literal["logit", "log"], unit: str) -> Quantity:
    """A square root's square: odds of a correlation, or extra dispersion."""

    def value(params: Floats) -> float:
        return 2.0 * math.log(max(float(params[place]), 1e-150))

    def gradient(params: Floats) -> Floats:
        slope: Floats = 2.0 * np.eye(1, len(params), place).ravel() / params[place]
        return slope

    return Quantity(measure, "", scale, unit, 0.5 if scale == "logit" else 1.0, value, gradient)


def _shifted(quantity: Quantity, origin: float) -> Quantity:
    """The quantity with what an offset adds to a mean."""
    if origin == 0.0:
        return quantity
    return Quantity(
        quantity.measure, quantity.contrast, quantity.scale, quantity.unit, quantity.null,
        lambda b: origin + quantity.value(b), quantity.gradient,
    )  # fmt: skip


def _column_scale(column: Floats, people: Floats) -> float:
    """The SD of a covariate over people; 1 for an indicator."""
    if len(np.unique(column)) <= 2:
        return 1.0
    mean = np.average(column, weights=people)
    return float(np.sqrt(np.average((column - mean) ** 2, weights=people)))


def _require_whole(found: Counts, cells: int) -> None:
    if len(found.y) > cells:
        raise FitError(
            "people of a cell differ in what is adjusted for, so that their total has no law of its own",
            found=f"{len(found.y)} patterns in {cells} cells",
            allowed="covariates of clusters only, or random exchangeable with normal cells",
        )


def bayes_model(design: AnyDesign, random: BayesRandom, cells: CellLaws, periods: PeriodLaws) -> BayesModel:
    """The model of a design."""
    terms = random.of(False)
    nested = any(term.by == "cluster_period" for term in terms)
    link = LINKS[design.outcome.type]
    family: Family = FAMILIES.get((design.outcome.type, link), PoissonLog())
    regression = model_of(design, (link, family), (terms, ConstantEffect()))
    return BayesModel(regression, cells, nested, periods)

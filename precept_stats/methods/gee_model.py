"""The marginal regression of generalised estimating equations: columns, population, quantities, refusals."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from precept_stats.errors import FitError
from precept_stats.inference.fit import BySubgroup
from precept_stats.inference.interaction import by_subgroup
from precept_stats.inference.marginal import AverageMean, Mean, StandardisedContrast, standardised_mean
from precept_stats.inference.quantities import Quantity, linear
from precept_stats.inference.standardised import PopulationMean
from precept_stats.methods.arm_model import Columns, unit_of_means
from precept_stats.methods.mixed_terms import EFFECT, INTERACTION, fixed_part, people_compared
from precept_stats.methods.scatter import MEAN_OF, origin_of
from precept_stats.methods.settings_gee import FAMILIES, LINKS
from precept_stats.methods.settings_random import ConstantEffect, EffectOverTime
from precept_stats.methods.subgroups import subgroup_in
from precept_stats.numerics.gee.cells import GeeRows
from precept_stats.numerics.gee.families import Family
from precept_stats.numerics.gee.fit import GeeFit
from precept_stats.numerics.linear import aliased_columns
from precept_stats.studies.design import AnyDesign
from precept_stats.studies.period_design import PeriodDesign

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class MarginalModel:
    """A column a condition, then periods, strata and covariates about their means, by row (n, p).

    Conditions are the reference arm and the compared one, the latter in as many columns as there are
    exposure times, or levels of a subgroup, where each has an effect of its own; ``conditions`` counts them.
    ``cluster_weight`` (K,) multiplies each cluster; ``cluster_parameters`` counts the parameters of clusters.
    ``correlations`` are parameters of the working correlation, which stand after the p coefficients.
    ``row_weight`` (n,) counts the outcomes of a row so many times.
    """

    design: AnyDesign
    link: str
    columns: Columns
    conditions: int
    cluster_weight: Floats
    cluster_parameters: int
    correlations: int = 0
    row_weight: Floats | None = None

    @property
    def n_parameters(self) -> int:
        """The coefficients of the mean."""
        return len(self.columns.names)

    def family(self, variance: str) -> Family:
        return Family(LINKS[self.link], FAMILIES[variance])

    def rows(self) -> GeeRows:
        """A row of people as that many outcomes; a count of events, with its person-time, as one."""
        design, origin = self.design, origin_of(self.design)
        y = design.y - origin * design.size if origin else design.y
        counts = design.outcome.type == "binary"
        ones = np.ones_like(y)
        times = ones if self.row_weight is None else self.row_weight
        return GeeRows(
            X=self.columns.values,
            count=times * (design.size if counts else ones),
            total=times * y,
            squares=times * (y if counts else y**2),
            exposure=design.size if design.outcome.type == "count" else ones,
            cluster=design.row_cluster,
            period=_places(design),
            weight=self.cluster_weight,
        )

    def effect(self) -> Quantity:
        """What the estimand asks for: of exposure times their average, by subgroup how it differs."""
        split = self.by_subgroup()
        return (
            self._contrast(tuple(range(1, self.conditions)), "") if split is None else split.interactions[-1]
        )

    def by_subgroup(self) -> BySubgroup | None:
        """The effect in each subgroup, standardised over its own people; None without subgroups."""
        subgroup = subgroup_in(self.design)
        if subgroup is None:
            return None
        effects = (
            self._contrast((1 + code,), "", subgroup.codes == code) for code in range(len(subgroup.levels))
        )
        return by_subgroup(subgroup.name, subgroup.levels, tuple(effects))

    def by_exposure(self) -> tuple[Quantity, ...]:
        """The effect at each exposure time, where there is one for each."""
        if self.conditions == 2 or subgroup_in(self.design) is not None:
            return ()
        return tuple(
            self._contrast((place,), f", exposure time {place}") for place in range(1, self.conditions)
        )

    def arm_means(self) -> tuple[Quantity, ...]:
        """The standardised mean, risk or rate of each arm, the reference arm first."""
        design = self.design
        measure, unit = MEAN_OF[design.outcome.type], unit_of_means(design.outcome)
        compared, subgroup = tuple(range(1, self.conditions)), subgroup_in(design)
        sides = ((0,), compared)
        if design.outcome.type == "continuous":
            origin = origin_of(design)
            weights = [self._weights(side) for side in sides]
            if subgroup is not None:
                shares = population_shares(design)
                weights[1][list(compared)] = np.bincount(subgroup.codes, shares, len(compared))
            return tuple(
                _about(linear(measure, name, one, unit=unit), origin)
                for name, one in zip(design.arm_names, weights, strict=True)
            )
        own = None if subgroup is None else self._under(1 + subgroup.codes)
        means = (self._mean((0,)), own or self._mean(compared))
        return tuple(
            standardised_mean(measure, name, mean, unit)
            for name, mean in zip(design.arm_names, means, strict=True)
        )

    def _contrast(self, compared: tuple[int, ...], about: str, among: Bools | None = None) -> Quantity:
        """The average of the conditions ``compared``, against the reference arm, of the people ``among``."""
        design = self.design
        unit = unit_of_means(design.outcome)
        if design.outcome.type == "continuous":
            name = " - ".join(design.arm_names[::-1]) + about
            return linear(design.summary, name, self._weights(compared) - self._weights((0,)), unit=unit)
        means = self._mean((0,), among), self._mean(compared, among)
        contrast = StandardisedContrast(design.summary, design.arm_names, *means, about)
        if design.summary == "odds_ratio":
            return contrast.odds_ratio()
        return contrast.ratio() if design.summary.endswith("_ratio") else contrast.difference(unit)

    def _weights(self, places: tuple[int, ...]) -> Floats:
        """The plain average of some conditions as weights on all parameters."""
        weights = np.zeros(self.n_parameters + self.correlations)
        weights[list(places)] = 1.0 / len(places)
        return weights

    def _mean(self, places: tuple[int, ...], among: Bools | None = None) -> Mean:
        """Everyone under a condition, or the plain average of their means under several."""
        rows = len(self.design.y)
        means = tuple(self._under(np.full(rows, place, dtype=np.intp), among) for place in places)
        return means[0] if len(means) == 1 else AverageMean(means)

    def _under(self, place: Ints, among: Bools | None = None) -> PopulationMean:
        """The people of each row under the condition in its ``place`` (N,), of all rows or those ``among``.

        The population is the distinct patterns of periods and covariates, with their shares.
        """
        shares = population_shares(self.design)
        if among is not None:
            shares = np.where(among, shares, 0.0) / shares[among].sum()
        used = shares > 0.0
        under = np.eye(self.conditions)[place[used]]
        rows = np.hstack([under, self.columns.values[used, self.conditions :]])
        patterns, pattern = np.unique(rows, axis=0, return_inverse=True)
        share = np.bincount(pattern.ravel(), shares[used], len(patterns))
        return PopulationMean(patterns, share, LINKS[self.link])

    def effect_coding(self) -> Floats:
        """From the coefficients (conditions, others) to an intercept, the effects, and the others."""
        turn = np.eye(self.n_parameters)
        turn[1 : self.conditions, 0] = -1.0
        return turn


def _about(quantity: Quantity, origin: float) -> Quantity:
    """A mean of outcomes that were counted from an origin."""
    value = quantity.value
    return replace(quantity, value=lambda params: origin + value(params), weights=None)


def _places(design: AnyDesign) -> Ints:
    """Where the period of each row stands in time (N,)."""
    if isinstance(design, PeriodDesign):
        return (design.place - design.place.min())[design.row_period].astype(np.intp)
    return np.zeros(len(design.y), dtype=np.intp)


def people_averaged(design: AnyDesign) -> Floats:
    """The people (or person-time) of each row that are averaged over; over periods from the first switch."""
    return people_compared(design) if isinstance(design, PeriodDesign) else design.size


def averaged_sizes(design: AnyDesign) -> Floats:
    """The people of each cluster that are averaged over (K,); all of its people where it has no such."""
    averaged = np.bincount(design.row_cluster, people_averaged(design), design.n_clusters)
    return np.where(averaged > 0.0, averaged, design.cluster_size)


def population_shares(design: AnyDesign) -> Floats:
    """Each row's share of the population that is averaged over (n,)."""
    people = people_averaged(design)
    if design.target == "participant_average":
        shares: Floats = people / people.sum()
        return shares
    clusters = len(np.unique(design.row_cluster[people > 0.0]))
    return people / averaged_sizes(design)[design.row_cluster] / clusters


def marginal_model(
    design: AnyDesign, link: str, cluster_weight: Floats, over_time: EffectOverTime | None = None
) -> MarginalModel:
    """The columns of the regression for a link; one effect for all exposure times unless told otherwise."""
    over_time = over_time or ConstantEffect()
    fixed = fixed_part(design, over_time)
    others = [column for column in fixed.columns if column.part not in (EFFECT, INTERACTION)]
    treated = np.column_stack([column.values for column in fixed.columns if column.part == EFFECT])
    reference, compare = design.arm_names
    times = range(1, treated.shape[1] + 1)
    kinds = tuple(f", exposure time {time}" for time in times) if len(times) > 1 else ("",)
    subgroup = subgroup_in(design)
    if subgroup is not None:
        treated = treated * np.eye(len(subgroup.levels))[subgroup.codes]
        kinds = tuple(f", {subgroup.name} {level}" for level in subgroup.levels)
    names = (f"intercept[{reference}]", *(f"intercept[{compare}{kind}]" for kind in kinds))
    conditions = Columns(names, np.column_stack([1.0 - treated.sum(axis=1), treated]))
    values = np.column_stack([column.values for column in others]) if others else treated[:, :0]
    nuisance = Columns(tuple(column.name for column in others), values).centred(population_shares(design))
    return MarginalModel(
        design, link, conditions.beside(nuisance), len(names), cluster_weight, fixed.cluster_parameters
    )


def require_solution(kernel: GeeFit, model: MarginalModel) -> None:
    """FitError, saying why, when the estimating equations were not solved."""
    if kernel.reason == "":
        return
    if kernel.reason == "aliased":
        aliased = [model.columns.names[j] for j in aliased_columns(model.columns.values)]
        raise FitError(
            "terms of the model cannot be told apart",
            found=f"{', '.join(aliased) or 'terms'}: fixed by the arms and the terms before",
            allowed="terms that vary within arms and are not combinations of others; drop or merge them",
        )
    if kernel.reason == "separation":
        raise FitError(
            "the outcome is separated, so that there is no finite estimate",
            found=f"{_running_away(kernel, model)}: fitted means run to an end of their range",
            allowed="events and non-events (for counts, events) at every value of arm and covariates: "
            f"drop or merge levels, or use cluster_summaries{_identity_instead(model)}",
        )
    if kernel.reason in ("correlation", "no_pairs"):
        raise _no_correlation(kernel)
    raise FitError(
        "the estimating equations were not solved",
        found=f"no rest in {kernel.iterations} steps, or means at an end of their range ({model.link} link)",
        allowed="a logit link, from which risk differences and ratios follow, or log for a rate; for a log "
        "link of a binary outcome also on_nonconvergence: {kind: modified_poisson}",
    )


def _identity_instead(model: MarginalModel) -> str:
    """A linear probability model has means at the ends of their range."""
    if model.design.summary != "risk_difference":
        return ""
    return (
        "; or, for this risk difference, link: {kind: identity} with family: {kind: gaussian}, which without "
        "covariates is the same estimate"
    )


def _no_correlation(kernel: GeeFit) -> FitError:
    """Why there is no working correlation."""
    names = kernel.model.correlation.names
    if kernel.reason == "correlation":
        values = [f"{name.replace('_', ' ')} {a:.4g}" for name, a in zip(names, kernel.alpha, strict=True)]
        return FitError(
            "the working correlation is not positive definite",
            found=f"{', '.join(values)} within clusters, and a smallest eigenvalue of {kernel.smallest:.2g}",
            allowed="the working correlation independence",
        )
    periods = kernel.model.correlation.by_period
    return FitError(
        "the working correlation cannot be estimated",
        found="no cluster with two outcomes in one period, or none with outcomes in two periods"
        if periods
        else "no cluster with two outcomes",
        allowed="the working correlation independence" + (", or exchangeable" if periods else ""),
    )


def _running_away(kernel: GeeFit, model: MarginalModel) -> str:
    """The terms that the last step moved."""
    reach = np.max(np.abs(model.columns.values), axis=0) * np.abs(kernel.direction)
    moved = np.flatnonzero(reach > 1e-3 * reach.max())
    return ", ".join(model.columns.names[j] for j in moved) or "the terms together"

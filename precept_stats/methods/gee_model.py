"""The marginal regression of generalised estimating equations: columns, population, quantities, refusals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from precept_stats.errors import FitError
from precept_stats.inference.marginal import StandardisedContrast, standardised_mean
from precept_stats.inference.quantities import Quantity
from precept_stats.inference.standardised import PopulationMean
from precept_stats.methods.arm_model import (
    ArmContrast,
    Columns,
    arm_columns,
    block_columns,
    unit_of_means,
)
from precept_stats.methods.scatter import MEAN_OF, about_origin
from precept_stats.methods.settings_gee import FAMILIES, LINKS
from precept_stats.numerics.gee.cells import GeeRows
from precept_stats.numerics.gee.families import Family
from precept_stats.numerics.gee.fit import GeeFit
from precept_stats.numerics.linear import aliased_columns
from precept_stats.studies.cluster_trial_design import ClusterTrialDesign

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class MarginalModel:
    """One column an arm, then strata and covariates about their means, by row (n, p).

    ``cluster_weight`` (K,) multiplies each cluster; ``cluster_parameters`` counts the parameters that are
    constant within clusters.
    """

    design: ClusterTrialDesign
    link: str
    columns: Columns
    cluster_weight: Floats
    cluster_parameters: int

    @property
    def n_parameters(self) -> int:
        return len(self.columns.names)

    def family(self, variance: str) -> Family:
        return Family(LINKS[self.link], FAMILIES[variance])

    def rows(self) -> GeeRows:
        """A row of people as that many outcomes; a count of events, with its person-time, as one."""
        design = about_origin(self.design)
        counts = design.outcome.type == "binary"
        ones = np.ones_like(design.y)
        return GeeRows(
            X=self.columns.values,
            count=design.size if counts else ones,
            total=design.y,
            squares=design.y if counts else design.y**2,
            exposure=design.size if design.outcome.type == "count" else ones,
            cluster=design.row_cluster,
            period=np.zeros(len(design.y), dtype=np.intp),
            weight=self.cluster_weight,
        )

    def effect(self) -> Quantity:
        """What the estimand asks for."""
        design = self.design
        if design.outcome.type == "continuous":
            return ArmContrast(design, self.n_parameters).difference()
        contrast = StandardisedContrast(design.summary, design.arm_names, *self._means())
        if design.summary == "odds_ratio":
            return contrast.odds_ratio()
        if design.summary.endswith("_ratio"):
            return contrast.ratio()
        return contrast.difference(unit_of_means(design.outcome))

    def arm_means(self) -> tuple[Quantity, ...]:
        """The standardised mean, risk or rate of each arm, the reference arm first."""
        design = self.design
        if design.outcome.type == "continuous":
            return ArmContrast(design, self.n_parameters).means()
        measure, unit = MEAN_OF[design.outcome.type], unit_of_means(design.outcome)
        return tuple(
            standardised_mean(measure, name, mean, unit)
            for name, mean in zip(design.arm_names, self._means(), strict=True)
        )

    def _means(self) -> tuple[PopulationMean, PopulationMean]:
        """The population in each arm: the distinct patterns of covariates and their shares."""
        patterns, pattern = np.unique(self.columns.values[:, 2:], axis=0, return_inverse=True)
        shares = np.bincount(pattern.ravel(), population_shares(self.design), len(patterns))
        reference, compare = (
            PopulationMean(np.hstack([np.tile(arm, (len(patterns), 1)), patterns]), shares, LINKS[self.link])
            for arm in ([1.0, 0.0], [0.0, 1.0])
        )
        return reference, compare

    def effect_coding(self) -> Floats:
        """From the parameters (arms, others) to an intercept, the compared arm's effect, and the others."""
        turn = np.eye(self.n_parameters)
        turn[1, 0] = -1.0
        return turn


def population_shares(design: ClusterTrialDesign) -> Floats:
    """Each row's share of the population that is averaged over (n,)."""
    if design.target == "participant_average":
        return design.size / design.size.sum()
    shares: Floats = design.size / design.cluster_size[design.row_cluster] / design.n_clusters
    return shares


def marginal_model(design: ClusterTrialDesign, link: str, cluster_weight: Floats) -> MarginalModel:
    """The columns of the regression for a link."""
    by_cluster, blocks = arm_columns(design), block_columns(design)
    nuisance = Columns(blocks.names, blocks.values[design.row_cluster])
    cluster_level = len(by_cluster.names) + len(blocks.names)
    for covariate in design.covariates:
        nuisance = nuisance.beside(Columns(covariate.columns, covariate.values))
        cluster_level += len(covariate.columns) if covariate.level == "cluster" else 0
    arms = Columns(
        tuple(f"intercept[{name}]" for name in design.arm_names), by_cluster.values[design.row_cluster]
    )
    about = nuisance.centred(population_shares(design))
    return MarginalModel(design, link, arms.beside(about), cluster_weight, cluster_level)


def require_solution(kernel: GeeFit, model: MarginalModel) -> None:
    """FitError, saying why, when the estimating equations were not solved."""
    if not kernel.reason:
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
            "drop or merge levels, or use cluster_summaries",
        )
    if kernel.reason == "correlation":
        raise FitError(
            "the working correlation is not positive definite",
            found=f"a correlation of {', '.join(f'{a:.4g}' for a in kernel.alpha)} within clusters, and a "
            f"smallest eigenvalue of {kernel.smallest:.2g}",
            allowed="the working correlation independence",
        )
    if kernel.reason == "no_pairs":
        raise FitError(
            "the working correlation cannot be estimated",
            found="no cluster with two outcomes",
            allowed="the working correlation independence",
        )
    raise FitError(
        "the estimating equations were not solved",
        found=f"no rest in {kernel.iterations} steps, or means at an end of their range ({model.link} link)",
        allowed="a logit link, from which risk differences and ratios follow, or log for a rate; for a log "
        "link of a binary outcome also on_nonconvergence: {kind: modified_poisson}",
    )


def _running_away(kernel: GeeFit, model: MarginalModel) -> str:
    """The terms that the last step moved."""
    reach = np.max(np.abs(model.columns.values), axis=0) * np.abs(kernel.direction)
    moved = np.flatnonzero(reach > 1e-3 * reach.max())
    return ", ".join(model.columns.names[j] for j in moved) or "the terms together"

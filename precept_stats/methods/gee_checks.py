"""What estimating equations need of a design and of a solution, and what is said when it is not there."""

from __future__ import annotations

from functools import singledispatch

import numpy as np
from numpy.typing import NDArray

from precept_stats.errors import FitError
from precept_stats.methods.arm_model import require_clusters
from precept_stats.methods.gee_model import MarginalModel
from precept_stats.methods.scatter import ROUNDING
from precept_stats.methods.settings_gee import GeeVariance
from precept_stats.numerics.clustering import size_variation
from precept_stats.numerics.gee.fit import FULL_LEVERAGE, GeeFit
from precept_stats.numerics.gee.variance import Corrected, Leverage
from precept_stats.studies.cluster_trial_design import ClusterTrialDesign
from precept_stats.studies.design import AnyDesign
from precept_stats.studies.period_design import PeriodDesign

Ints = NDArray[np.intp]

WHY = {
    "aliased": "terms can no longer be told apart",
    "separation": "the outcome is separated",
    "correlation": "the working correlation is not positive definite",
    "no_pairs": "there is nothing to estimate the working correlation from",
}
"""Why there is no fit without a cluster, where it is not for want of convergence."""

HELD = frozenset({"mancl_derouen", "cr2", "cr3", "jackknife"})
"""Variances under which type I errors stayed near their level whatever the sizes (docs/few_clusters.md)."""
FEW, UNEQUAL = 40, 0.6
"""Clusters up to which, and coefficients of variation of size from which, the others did not."""


def uneven_sizes_warning(design: AnyDesign, variance: GeeVariance) -> tuple[str, ...]:
    """A warning where sizes vary much, people count the same, and the correction is known to be too small."""
    variation = size_variation(design.cluster_size).cv
    if variance.kind in HELD or design.n_clusters > FEW or variation < UNEQUAL:
        return ()
    return (
        f"cluster sizes vary much (coefficient of variation {variation:.2f}) between {design.n_clusters} "
        f"clusters; in simulations the {variance.words} was then too small; mancl_derouen, or cr2 on "
        "Satterthwaite's degrees of freedom, kept its level",
    )


@singledispatch
def spare_clusters(design: AnyDesign, spent: int) -> int:
    """The degrees of freedom left after ``spent`` parameters; FitError when clusters are too few."""
    raise NotImplementedError(type(design).__name__)


@spare_clusters.register
def _(design: ClusterTrialDesign, spent: int) -> int:
    return require_clusters(design, spent)


@spare_clusters.register
def _(design: PeriodDesign, spent: int) -> int:
    """Each condition needs two clusters, and some period needs both conditions."""
    under = [np.unique(design.row_cluster[design.row_treated == arm]) for arm in (0, 1)]
    if min(len(clusters) for clusters in under) < 2:
        told = zip(design.arm_names, under, strict=True)
        raise FitError(
            "a condition has fewer than two clusters",
            found=", ".join(f"{name}: {len(clusters)}" for name, clusters in told),
            allowed="at least 2 clusters under each condition: one does not show how clusters vary",
        )
    both = [len(set(design.row_treated[design.row_period == t])) == 2 for t in range(design.n_periods)]
    if not any(both):
        raise FitError(
            "the effect cannot be told from the periods",
            found="no period with clusters under both conditions",
            allowed="at least one period in which some clusters are treated and others are not",
        )
    spare = design.n_clusters - spent
    if spare < 1:
        raise FitError(
            "no degrees of freedom are left",
            found=f"{design.n_clusters} clusters and {spent} parameters",
            allowed="more clusters than parameters: drop covariates, merge strata, or (where periods are "
            "counted) use df: {kind: clusters_minus_cluster_parameters}",
        )
    return spare


def require_usable(model: MarginalModel, kernel: GeeFit, leverage: Leverage, variance: GeeVariance) -> None:
    """FitError when clusters do not differ, or when one has a leverage of 1 that matters."""
    score = kernel.clusters.score
    lengths = float(np.einsum("ka,ab,kb->", score, kernel.bread, score))
    if not lengths > ROUNDING**2 * kernel.scale * kernel.n_outcomes:
        raise FitError(
            "clusters do not differ within an arm, so there is no standard error",
            found=f"squared scores of {lengths:.2g} in all",
            allowed="clusters that vary within the arms",
        )
    full = np.flatnonzero(1.0 - leverage.largest < FULL_LEVERAGE)
    if len(full) and not variance.defined_at_full_leverage:
        raise FitError(
            f"the {variance.words} is not defined: a cluster has a leverage of 1",
            found=f"{', '.join(model.design.clusters[k] for k in full)} fixes a parameter alone",
            allowed="leverages below 1: merge strata or periods, drop a covariate, or use cr2",
        )


def require_refits(model: MarginalModel, corrected: Corrected, variance: GeeVariance) -> None:
    """FitError naming the clusters without which there is no fit, where the variance is made of such fits."""
    if not corrected.failed:
        return
    told = [
        f"without {model.design.clusters[k]} {WHY.get(reason, 'the equations are not solved')}"
        for k, reason in corrected.failed
    ]
    raise FitError(
        f"the {variance.words} needs a fit without each cluster, and there is not one for all",
        found="; ".join(told),
        allowed="a fit without any one cluster: merge strata, drop a covariate, or use cr3 (one step)",
    )

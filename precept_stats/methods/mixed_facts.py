"""Facts of a mixed model that come from its design: on whom it was fitted, and whether clusters are few."""

from __future__ import annotations

import math
from functools import singledispatch

import numpy as np

from precept_stats.errors import FitError
from precept_stats.inference.fit import Fact
from precept_stats.methods.arm_model import require_clusters
from precept_stats.methods.cluster_facts import cluster_facts, few_clusters_warning, observed, size_unit
from precept_stats.methods.mixed_terms import FixedPart
from precept_stats.numerics.clustering import size_variation
from precept_stats.studies.cluster_trial_design import ClusterTrialDesign
from precept_stats.studies.design import AnyDesign
from precept_stats.studies.period_design import PeriodDesign


@singledispatch
def design_facts(design: AnyDesign, estimator: str, df_rule: str) -> tuple[Fact, ...]:
    """How, and on whom, by arm."""
    raise NotImplementedError(type(design).__name__)


@design_facts.register
def _(design: ClusterTrialDesign, estimator: str, df_rule: str) -> tuple[Fact, ...]:
    return cluster_facts(design, estimator, df_rule)


@design_facts.register
def _(design: PeriodDesign, estimator: str, df_rule: str) -> tuple[Fact, ...]:
    """A cluster counts under each condition that it was seen in; people count in every period they were."""
    facts = [
        Fact("estimator", "Estimator", estimator),
        Fact("df_rule", "Reference distribution", df_rule),
        Fact("n_periods", "Periods", design.n_periods),
        Fact("n_sequences", "Sequences (distinct schedules)", int(design.sequence.max()) + 1),
    ]
    for arm, name in enumerate(design.arm_names):
        mine, groups = design.row_treated == arm, (("arm", name),)
        clusters = len(np.unique(design.row_cluster[mine]))
        totals = float(design.y[mine].sum()), float(design.size[mine].sum())
        facts.append(Fact("n_clusters", "Clusters", clusters, "clusters", groups))
        people = "Individuals, in every period that they were seen"
        facts += observed(design.outcome, totals, groups, (people, int(mine.sum())))
    if design.participant is not None:
        people_followed = len(np.unique(design.participant))
        facts.append(Fact("n_participants", "Participants followed", people_followed, "individuals"))
    variation, unit = size_variation(design.cluster_size), size_unit(design.outcome)
    facts.append(Fact("mean_size", "Mean cluster size", variation.mean, unit, context="icc"))
    label = "Coefficient of variation of cluster size"
    return (*facts, Fact("cv_size", label, variation.cv, context="icc"))


@singledispatch
def require_units(design: AnyDesign, _fixed: FixedPart) -> None:
    """FitError when clusters are too few for the terms of the model."""
    raise NotImplementedError(type(design).__name__)


@require_units.register
def _(design: ClusterTrialDesign, fixed: FixedPart) -> None:
    require_clusters(design, fixed.cluster_parameters)


@require_units.register
def _(design: PeriodDesign, _fixed: FixedPart) -> None:
    if design.n_clusters < 2:
        raise FitError(
            "there are fewer than two clusters",
            found=f"{design.n_clusters} cluster",
            allowed="at least 2 clusters; variation between clusters cannot be seen in one",
        )


@singledispatch
def few_clusters(design: AnyDesign) -> tuple[str, ...]:
    """A warning when even a randomisation test could not reach p < 0.05."""
    raise NotImplementedError(type(design).__name__)


@few_clusters.register
def _(design: ClusterTrialDesign) -> tuple[str, ...]:
    return few_clusters_warning(design)


@few_clusters.register
def _(design: PeriodDesign) -> tuple[str, ...]:
    """Clusters are taken to have been allocated to the sequences within strata."""
    stratum = design.stratum if design.stratum is not None else np.zeros(design.n_clusters, dtype=np.intp)
    allocations = 1
    for number in np.unique(stratum):
        counts = np.bincount(design.sequence[stratum == number])
        allocations *= math.factorial(int(counts.sum())) // math.prod(math.factorial(int(n)) for n in counts)
    if allocations >= 20:
        return ()
    return (
        f"very few clusters; with {allocations} possible allocations to sequences no randomisation test "
        f"could give a p below {1.0 / allocations:.2g}, so the interval rests on the model",
    )

"""Facts that every cluster-level analysis reports: clusters, people, cluster sizes and the ICC."""

from __future__ import annotations

import math

import numpy as np

from precept_stats.inference.fit import Fact
from precept_stats.methods.scatter import about_origin
from precept_stats.numerics.clustering import AnovaIcc, anova_icc, design_effect, size_variation
from precept_stats.studies.cluster_trial_design import ClusterTrialDesign
from precept_stats.studies.question import Outcome


def pooled_icc(design: ClusterTrialDesign) -> AnovaIcc | None:
    """The ANOVA estimate pooled within arms, on the scale of the outcome (proportions for binary).

    None for counts with person-time, where it has no meaning, and where it is not defined.
    """
    if design.outcome.type == "count":
        return None
    design = about_origin(design)
    means, sizes = design.cluster_mean, design.cluster_size
    if design.outcome.type == "binary":
        within = float(np.sum(sizes * means * (1.0 - means)))
    else:
        within = float(np.sum((design.y - means[design.row_cluster]) ** 2))
    return anova_icc(sizes, means, within, design.arm)


def cluster_facts(design: ClusterTrialDesign, estimator: str, df_rule: str) -> tuple[Fact, ...]:
    """The facts in reading order: how, on whom, how alike."""
    facts = [Fact("estimator", "Estimator", estimator), Fact("df_rule", "Reference distribution", df_rule)]
    for arm, name in enumerate(design.arm_names):
        facts += _arm_facts(design, arm, name)
    return (*facts, *_icc_facts(design))


def _arm_facts(design: ClusterTrialDesign, arm: int, name: str) -> list[Fact]:
    groups = (("arm", name),)
    mine = design.arm == arm
    totals = float(design.cluster_total[mine].sum()), float(design.cluster_size[mine].sum())
    facts = [Fact("n_clusters", "Clusters", int(mine.sum()), "clusters", groups)]
    rows = int(np.isin(design.row_cluster, np.flatnonzero(mine)).sum())
    return facts + observed(design.outcome, totals, groups, ("Individuals", rows))


def observed(
    outcome: Outcome,
    totals: tuple[float, float],
    groups: tuple[tuple[str, str], ...],
    people: tuple[str, int],
) -> list[Fact]:
    """Events and person-time of counts, individuals of any other outcome, opportunities where it has them.

    ``totals`` are the sums of the outcome and of its denominator; ``people`` is the label of individuals
    and the number of rows, which is theirs where denominators are opportunities.
    """
    (total, size), (label, rows) = totals, people
    if outcome.counts_opportunities:
        opportunities = Fact("n_opportunities", "Opportunities", _count(size), "opportunities", groups)
        return [Fact("n", label, rows, "individuals", groups), opportunities]
    if outcome.type != "count":
        return [Fact("n", label, _count(size), "individuals", groups)]
    events = Fact("n_events", "Events", _count(total), "events", groups)
    return [events, Fact("person_time", "Person-time", size, "person-time", groups)]


def size_unit(outcome: Outcome) -> str:
    """The unit of a cluster's size."""
    if outcome.counts_opportunities:
        return "opportunities per cluster"
    return "person-time" if outcome.type == "count" else "individuals per cluster"


def _count(total: float) -> int | float:
    return int(total) if total.is_integer() else total


def _icc_facts(design: ClusterTrialDesign) -> list[Fact]:
    sizes = design.cluster_size
    unit = size_unit(design.outcome)
    variation = size_variation(sizes)
    facts = []
    icc = pooled_icc(design)
    if icc is not None:
        label = "Intracluster correlation (ANOVA, pooled within arms)"
        facts.append(Fact("icc", label, icc.icc, context="icc"))
        effect = design_effect(sizes, icc.icc)
        facts.append(Fact("design_effect", "Design effect (Kish, unequal sizes)", effect, context="icc"))
    facts.append(Fact("mean_size", "Mean cluster size", variation.mean, unit, context="icc"))
    facts.append(Fact("cv_size", "Coefficient of variation of cluster size", variation.cv, context="icc"))
    return facts


def few_clusters_warning(design: ClusterTrialDesign) -> tuple[str, ...]:
    """A warning when the trial is so small that even a randomisation test could not reach p < 0.05.

    Clusters were allocated as the study declares, or within their strata or pairs, each keeping its numbers
    by arm; the smallest two-sided p-value is then one (mirrored allocation: two) over their number.
    """
    allocations, as_far = _allocations(design)
    smallest = as_far / allocations
    if smallest <= 0.05:
        return ()
    return (
        f"very few clusters; with {allocations} possible allocations no randomisation test could give a "
        f"two-sided p below {min(smallest, 1.0):.2g}, so the interval rests on normal cluster summaries",
    )


def _allocations(design: ClusterTrialDesign) -> tuple[int, int]:
    """How many there were, and how many are the one that was used or its mirror image."""
    declared = design.allocations
    if declared is not None:
        same = (declared.codes == declared.own).all(axis=1)
        mirrored = (declared.codes == 1 - declared.own).all(axis=1)
        return len(declared.codes), int(same.sum() + mirrored.sum())
    block = design.pair if design.pair is not None else design.stratum
    if block is None:
        block = np.zeros(design.n_clusters, dtype=np.intp)
    counts = np.array([np.bincount(design.arm[block == b], minlength=2) for b in np.unique(block)])
    number = math.prod(math.comb(int(n.sum()), int(n[0])) for n in counts)
    return number, 2 if np.all(counts[:, 0] == counts[:, 1]) else 1

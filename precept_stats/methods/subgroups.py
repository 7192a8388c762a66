"""What methods share about subgroups: whether there is anything to compare, columns, counts.

The main effect of a subgroup is always in the model, so that a difference in outcome between its levels is
not taken for one in effect.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from precept_stats.errors import FitError
from precept_stats.inference.fit import Fact
from precept_stats.methods.arm_model import Columns, block_columns
from precept_stats.methods.cluster_facts import observed
from precept_stats.numerics.linear import aliased_columns
from precept_stats.studies.cluster_trial_design import ClusterTrialDesign, Covariate, Subgroup
from precept_stats.studies.design import AnyDesign

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]


def subgroup_in(design: AnyDesign) -> Subgroup | None:
    """The subgroup of a design, if it has one: a trial over periods has none."""
    return design.subgroup if isinstance(design, ClusterTrialDesign) else None


def require_subgroups(design: AnyDesign) -> None:
    """FitError unless there are two levels or more, each with two clusters or more in both arms."""
    subgroup = subgroup_in(design)
    if subgroup is None or not isinstance(design, ClusterTrialDesign):
        return
    if len(subgroup.levels) < 2:
        raise FitError(
            "a subgroup has one level, so that there is nothing to compare its effect with",
            found=f"{subgroup.name}: {', '.join(subgroup.levels)} for everyone analysed",
            allowed="a column with two levels or more among the people analysed",
        )
    counts = _clusters(design, subgroup)
    for level, of_arms in zip(subgroup.levels, counts, strict=True):
        told = ", ".join(f"{arm}: {n}" for arm, n in zip(design.arm_names, of_arms, strict=True))
        if of_arms.min() == 0:
            raise FitError(
                "a subgroup with people in one arm only",
                found=f"{subgroup.name} {level}: clusters by arm {told}",
                allowed="people of every level in both arms: merge levels, or leave this one out of the "
                "population",
            )
        if of_arms.min() < 2:
            raise FitError(
                "a subgroup has fewer than two clusters in an arm",
                found=f"{subgroup.name} {level}: clusters by arm {told}",
                allowed="2 clusters or more in each arm at every level: merge levels, or leave this one out "
                "of the population",
            )


def require_subgroups_of_clusters(design: ClusterTrialDesign) -> None:
    """The same; and FitError for a subgroup that varies within clusters, which cluster means cannot show."""
    require_subgroups(design)
    subgroup = design.subgroup
    if subgroup is not None and subgroup.level == "individual":
        raise FitError(
            "a subgroup of individuals cannot be told apart in cluster means",
            found=f"{subgroup.name} varies within clusters",
            allowed="a subgroup that is constant within clusters; else gee, linear_mixed or "
            "generalised_linear_mixed",
        )


def _clusters(design: ClusterTrialDesign, subgroup: Subgroup) -> Ints:
    """How many clusters have people of a level, by level and arm (L, 2)."""
    pairs = np.unique(np.column_stack([subgroup.codes, design.row_cluster]), axis=0)
    counts = np.zeros((len(subgroup.levels), 2), dtype=np.intp)
    np.add.at(counts, (pairs[:, 0], design.arm[pairs[:, 1]]), 1)
    return counts


def level_columns(subgroup: Subgroup, codes: Ints) -> Columns:
    """Levels after the first as 0/1 columns (rows, levels - 1)."""
    later = np.arange(1, len(subgroup.levels))
    names = tuple(f"{subgroup.name}[{level}]" for level in subgroup.levels[1:])
    return Columns(names, (codes[:, None] == later).astype(np.float64))


def codes_of_clusters(design: ClusterTrialDesign, subgroup: Subgroup) -> Ints:
    """The level of each cluster (K,) of a subgroup that is constant within clusters."""
    codes = np.zeros(design.n_clusters, dtype=np.intp)
    codes[design.row_cluster] = subgroup.codes
    return codes


def other_blocks(design: ClusterTrialDesign) -> Columns:
    """Strata or pairs (K, q), less what the levels of a subgroup of clusters say already."""
    blocks, subgroup = block_columns(design), design.subgroup
    if subgroup is None or subgroup.level != "cluster":
        return blocks
    levels = level_columns(subgroup, codes_of_clusters(design, subgroup)).values
    said = np.column_stack([np.ones(design.n_clusters), levels])
    gone = {place - said.shape[1] for place in aliased_columns(np.hstack([said, blocks.values]))}
    kept = [place for place in range(len(blocks.names)) if place not in gone]
    return Columns(tuple(blocks.names[place] for place in kept), blocks.values[:, kept])


def other_covariates(design: ClusterTrialDesign) -> tuple[Covariate, ...]:
    """The covariates but for the column of the subgroup, which is in the model already."""
    name = "" if design.subgroup is None else design.subgroup.name
    return tuple(covariate for covariate in design.covariates if covariate.name != name)


def subgroup_facts(design: AnyDesign) -> tuple[Fact, ...]:
    """Which column, where it varies, and who is in each level, by arm."""
    subgroup = subgroup_in(design)
    if subgroup is None or not isinstance(design, ClusterTrialDesign):
        return ()
    facts = [
        Fact("subgroup", "Subgroup", subgroup.name, context="subgroup"),
        Fact("level", "Level at which the subgroup varies", subgroup.level, context="subgroup"),
    ]
    counts = _clusters(design, subgroup)
    for code, level in enumerate(subgroup.levels):
        for arm, name in enumerate(design.arm_names):
            groups = (("subgroup", level), ("arm", name))
            n = int(counts[code, arm])
            facts.append(Fact("n_clusters", "Clusters", n, "clusters", groups, "subgroup"))
            facts += _people(
                design, (subgroup.codes == code) & (design.arm[design.row_cluster] == arm), groups
            )
    return tuple(facts)


def _people(
    design: ClusterTrialDesign, rows: NDArray[np.bool_], groups: tuple[tuple[str, str], ...]
) -> list[Fact]:
    totals = float(design.y[rows].sum()), float(design.size[rows].sum())
    found = observed(design.outcome, totals, groups, ("Individuals", int(rows.sum())))
    return [Fact(one.name, one.label, one.stat, one.unit, groups, "subgroup") for one in found]

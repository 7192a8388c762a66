"""The acceptable allocations of a covariate-constrained randomisation, found again from its rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from precept_stats.data.schema import FieldSchema
from precept_stats.errors import DataError
from precept_stats.numerics import balance
from precept_stats.numerics.arrangements import (
    MOST,
    arrangements,
    count_arrangements,
    drawn_arrangements,
)
from precept_stats.studies.allocation_set import AllocationSet, Bools, Codes, Ints
from precept_stats.studies.cluster_trial_design import Floats
from precept_stats.studies.covariates import is_categorical, is_missing, read_column
from precept_stats.studies.declared_allocation import (
    BalancedCovariate,
    BestNumber,
    BestShare,
    ConstrainedAllocations,
    DrawnCandidates,
    EachWithinLimit,
    ScoreAtMost,
)
from precept_stats.studies.labels import Labels, label_rows, listed, near_match
from precept_stats.studies.spelling import one_a_cluster

WHERE = "study.allocation"


@dataclass(frozen=True, slots=True, eq=False)
class Balanced:
    """Coded covariates (K, P) of all clusters that were allocated, with a weight and a limit (P,) each."""

    names: tuple[str, ...]
    values: Floats
    weights: Floats
    limits: Floats


@dataclass(frozen=True, slots=True, eq=False)
class ClusterRows:
    """The rows that say what clusters are like: ``fields`` is what a schema says of a column."""

    frame: pd.DataFrame
    cluster: Labels
    fields: Mapping[str, FieldSchema]
    where: str


def read_balanced(covariates: tuple[BalancedCovariate, ...], rows: ClusterRows) -> Balanced:
    """Covariates by cluster. DataError where one is missing, varies within a cluster, or not at all."""
    parts = [_coded(one, rows) for one in covariates]
    names = tuple(name for part, _ in parts for name in part)
    values = np.column_stack([columns for _, columns in parts])
    repeats = [len(part) for part, _ in parts]
    flat = [name for name, column in zip(names, values.T, strict=True) if not np.ptp(column) > 0.0]
    if flat:
        raise DataError(
            "a covariate that the randomisation balanced is the same in all clusters",
            found=listed(flat),
            allowed="covariates that vary between clusters",
            where=rows.where,
        )
    limits = [np.inf if one.limit is None else one.limit for one in covariates]
    return Balanced(
        names, values, np.repeat([one.weight for one in covariates], repeats), np.repeat(limits, repeats)
    )


def _coded(covariate: BalancedCovariate, rows: ClusterRows) -> tuple[tuple[str, ...], Floats]:
    column, name = rows.frame[covariate.column], covariate.column
    where = f"{rows.where}, column {name!r}"
    everywhere = np.ones(len(column), dtype=np.bool_)
    one_a_cluster(rows.cluster, label_rows(column), everywhere, (f"covariate {name!r}", where))
    field = rows.fields.get(name)
    read = read_column(
        column, field, where, categorical=covariate.categorical or is_categorical(column, field)
    )
    missing = np.isin(np.arange(len(rows.cluster.names)), rows.cluster.codes[~is_missing(read)], invert=True)
    if missing.any():
        raise DataError(
            "a covariate that the randomisation balanced is missing",
            found=f"{name} of {listed(rows.cluster.names[place] for place in np.flatnonzero(missing))}",
            allowed="a value for every cluster that was allocated",
            where=where,
        )
    there = np.flatnonzero(~is_missing(read))
    first = there[np.unique(rows.cluster.codes[there], return_index=True)[1]]
    if not isinstance(read, Labels):
        return (name,), read[first][:, None]
    return _dummies(covariate, Labels(read.codes[first], read.names))


def _dummies(covariate: BalancedCovariate, labels: Labels) -> tuple[tuple[str, ...], Floats]:
    present = [labels.names[code] for code in np.unique(labels.codes)]
    baseline = present[0] if covariate.baseline is None else covariate.baseline
    if baseline not in present:
        raise DataError(
            "the baseline of a balanced covariate does not occur",
            found=f"{baseline!r}{near_match(baseline, present)}",
            allowed=listed(map(repr, present)),
            where=f"{WHERE}.covariates, {covariate.column}",
        )
    levels = [name for name in present if name != baseline]
    columns = np.column_stack([labels.codes == labels.names.index(name) for name in levels] or [labels.codes])
    return tuple(f"{covariate.column}[{name}]" for name in levels), columns.astype(np.float64)


def acceptable(declared: ConstrainedAllocations, balanced: Balanced, arm: Ints, block: Ints) -> AllocationSet:
    """The allocations that the rule accepts. DataError where ``arm`` (K,), the one used, is not."""
    candidates, sampled = _candidates(declared, arm, block)
    kept, problem = _judged(declared, balanced, candidates, arm)
    if problem:
        raise DataError(
            "the rule does not accept the allocation of the data, so the trial had another design",
            found=problem,
            allowed=f"{int(kept.sum()):,} of {len(candidates):,} candidates: {declared.accept.words}",
            where=WHERE,
        )
    codes = candidates[kept]
    codes.setflags(write=False)
    return AllocationSet(codes, arm, declared.words, sampled)


def _candidates(declared: ConstrainedAllocations, arm: Ints, block: Ints) -> tuple[Codes, bool]:
    if isinstance(declared.candidates, DrawnCandidates):
        rng = np.random.default_rng(np.random.SeedSequence(declared.candidates.seed))
        return drawn_arrangements(arm, block, declared.candidates.draws, rng), True
    count = count_arrangements(arm, block)
    if count > MOST:
        raise DataError(
            "there are too many candidates to go through",
            found=f"{count:,} allocations",
            allowed=f"up to {MOST:,}; draw them instead: candidates {{kind: drawn, seed: ...}}",
            where=f"{WHERE}.candidates",
        )
    return arrangements(arm, block), False


def _judged(
    declared: ConstrainedAllocations, balanced: Balanced, candidates: Codes, arm: Ints
) -> tuple[Bools, str]:
    """Which candidates the rule accepts, and why it does not accept the one used; empty where it does."""
    own, accept = arm[None].astype(np.int16), declared.accept
    if isinstance(accept, EachWithinLimit):
        within = balance.up_to(balance.differences(candidates, balanced.values), balanced.limits).all(axis=1)
        apart = balance.differences(own, balanced.values)
        off = np.flatnonzero(~balance.up_to(apart, balanced.limits)[0])
        return within, "; ".join(
            f"{balanced.names[j]} differs by {apart[0, j]:.4g}, more than {balanced.limits[j]:g}" for j in off
        )
    found, mine = (
        balance.scores(codes, balanced.values, balanced.weights, accept.score.power)
        for codes in (candidates, own)
    )
    match accept:
        case BestShare():
            limit = balance.cutoff(found, accept.share)
            kept = balance.up_to(found, limit)
        case ScoreAtMost():
            limit = accept.limit
            kept = balance.up_to(found, limit)
        case BestNumber():
            kept = balance.best(candidates, found, _countable(accept, len(found)))
            if (candidates[kept] == own).all(axis=1).any():
                return kept, ""
            limit = float(found[kept].max())
            if balance.up_to(mine, limit)[0]:
                return kept, _cut(accept, float(mine[0]))
    if balance.up_to(mine, limit)[0]:
        return kept, ""
    return kept, f"its {accept.score.kind} score is {mine[0]:.6g}; accepted are those up to {limit:.6g}"


def _cut(accept: BestNumber, score: float) -> str:
    """Why an allocation is not among the best so many although no better one is left out."""
    return (
        f"its {accept.score.kind} score of {score:.6g} is that of the last one accepted, and ties are cut "
        f"after {accept.number:,} in the order of the list: those with the first clusters in the compared "
        "arm come first, so that it may be accepted with compare and reference exchanged. A listed set, "
        "best_share or score_at_most has no such cut"
    )


def _countable(accept: BestNumber, count: int) -> int:
    if accept.number > count:
        raise DataError(
            "more allocations are to be accepted than there are",
            found=f"{accept.number:,} of {count:,}",
            allowed=f"up to {count:,}",
            where=f"{WHERE}.accept.number",
        )
    return accept.number

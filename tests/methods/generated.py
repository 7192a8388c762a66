"""Generated cluster trials as designs, and small changes to them that must or must not move a number."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from precept_stats.inference.uncertainty import estimate
from precept_stats.methods import AnyMethod
from precept_stats.studies.cluster_trial_design import ClusterTrialDesign, Covariate
from precept_stats.studies.question import SUMMARIES_OF, Outcome
from precept_stats.values import Estimate

SEEDS = st.integers(0, 2**32 - 1)


def trial(
    seed: int,
    *,
    outcome: str = "continuous",
    summary: str = "",
    blocks: str = "",
    covariates: bool = False,
    equal_sizes: bool = False,
) -> ClusterTrialDesign:
    """A trial of 8 to 20 clusters drawn from a seed; ``blocks`` is '', 'strata' or 'pairs'."""
    rng = np.random.default_rng(seed)
    half = int(rng.integers(4, 11))
    K = 2 * half
    sizes = np.full(K, 15) if equal_sizes else rng.integers(8, 30, K)
    row_cluster = np.repeat(np.arange(K), sizes)
    arm = np.tile([0, 1], half)
    level = rng.normal(0, 0.4, K)[row_cluster] + 0.3 * arm[row_cluster]
    x = rng.normal(size=len(row_cluster))
    z = rng.normal(size=K)[row_cluster]
    size = np.ones(len(row_cluster))
    if outcome == "continuous":
        y = 10 + level + 0.5 * x + rng.normal(size=len(x))
    elif outcome == "binary":
        y = rng.binomial(1, 1 / (1 + np.exp(-(level + 0.5 * x)))).astype(float)
    else:
        size = rng.uniform(0.5, 3.0, len(x))
        y = rng.poisson(size * np.exp(level + 0.3 * x)).astype(float)
    made = (Covariate("x", "individual", ("x",), x[:, None]), Covariate("z", "cluster", ("z",), z[:, None]))
    return ClusterTrialDesign(
        clusters=tuple(f"c{i}" for i in range(K)),
        arm_names=("control", "treated"),
        arm=arm.astype(np.intp),
        row_cluster=row_cluster.astype(np.intp),
        y=y,
        size=size,
        stratum=(np.arange(K) // (K // 2)).clip(0, 1).astype(np.intp) if blocks == "strata" else None,
        stratum_names=("low", "high") if blocks == "strata" else (),
        pair=(np.arange(K) // 2).astype(np.intp) if blocks == "pairs" else None,
        covariates=made if covariates else (),
        baseline=None,
        outcome=Outcome(
            column="y",
            type=outcome,
            direction="higher_better",
            denominator="t" if outcome == "count" else None,
        ),
        summary=summary or SUMMARIES_OF[outcome][0],
    )


def ask(method: AnyMethod, design: ClusterTrialDesign) -> tuple[Estimate, ...]:
    fit = method.fit(design)
    return tuple(estimate(fit.uncertainty, quantity, 0.95) for quantity in method.targets(design))


def effect(method: AnyMethod, design: ClusterTrialDesign) -> Estimate:
    return ask(method, design)[0]


def with_rows(design: ClusterTrialDesign, rows: np.ndarray) -> ClusterTrialDesign:
    """The design with these rows, in this order."""
    covariates = tuple(replace(c, values=c.values[rows]) for c in design.covariates)
    return replace(
        design,
        row_cluster=design.row_cluster[rows],
        y=design.y[rows],
        size=design.size[rows],
        covariates=covariates,
    )


def relabelled(design: ClusterTrialDesign, order: np.ndarray) -> ClusterTrialDesign:
    """The same trial with its clusters numbered in another order."""
    place = np.argsort(order)
    return replace(
        design,
        clusters=tuple(design.clusters[i] for i in order),
        arm=design.arm[order],
        row_cluster=place[design.row_cluster].astype(np.intp),
        stratum=None if design.stratum is None else design.stratum[order],
        pair=None if design.pair is None else design.pair[order],
    )


def swapped(design: ClusterTrialDesign) -> ClusterTrialDesign:
    """The same trial with the other arm compared."""
    return replace(design, arm=(1 - design.arm).astype(np.intp), arm_names=design.arm_names[::-1])

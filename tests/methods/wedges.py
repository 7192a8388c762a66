"""Trials over periods drawn from a seed, as designs, and small changes to them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from precept_stats.inference.seeds import Seed
from precept_stats.inference.uncertainty import estimate
from precept_stats.methods import LinearMixed
from precept_stats.studies.cluster_trial_design import Covariate
from precept_stats.studies.period_design import Group, PeriodDesign
from precept_stats.studies.question import Outcome
from precept_stats.values import Estimate

OUTCOME = Outcome(column="y", type="continuous", direction="higher_better")


def wedge(seed: int, *, cohort: bool = False, covariates: bool = False, effects: float = 1.0) -> PeriodDesign:
    """8 to 12 clusters over 5 periods, switching in periods 2 to 5; ``effects`` scales the random effects."""
    rng = np.random.default_rng(seed)
    K, T = int(rng.integers(8, 13)), 5
    switch = 1 + np.arange(K) % 4
    treated = (np.arange(T) >= switch[:, None]).astype(np.intp)
    if cohort:
        people = np.repeat(np.arange(K), 4)
        cluster, period = np.repeat(people, T), np.tile(np.arange(T), len(people))
        participant = np.repeat(np.arange(len(people)), T)
    else:
        cells = rng.integers(3, 8, K * T)
        cluster = np.repeat(np.arange(K * T) // T, cells)
        period, participant = np.repeat(np.arange(K * T) % T, cells), None
    n = len(cluster)
    x, stage, z = rng.normal(size=n), rng.integers(0, 3, n), rng.normal(size=K)[cluster]
    y = 3 + 0.2 * period + 0.5 * treated[cluster, period] + 0.4 * x + rng.normal(size=n)
    y += effects * (rng.normal(0, 0.6, K)[cluster] + rng.normal(0, 0.4, K * T)[cluster * T + period])
    if participant is not None:
        y += rng.normal(0, 0.7, participant.max() + 1)[participant]
    made = (
        Covariate("x", "individual", ("x",), x[:, None]),
        Covariate("stage", "individual", ("stage[b]", "stage[c]"), (stage[:, None] == [1, 2]).astype(float)),
        Covariate("z", "cluster", ("z",), z[:, None]),
    )
    return PeriodDesign(
        clusters=tuple(f"c{i}" for i in range(K)),
        periods=tuple(f"p{t}" for t in range(T)),
        arm_names=("control", "treated"),
        row_cluster=cluster.astype(np.intp),
        row_period=period.astype(np.intp),
        y=y,
        size=np.ones(n),
        treated=treated,
        exposure=(np.maximum(0, np.arange(T) - switch[:, None] + 1)).astype(np.intp),
        sequence=(switch - 1).astype(np.intp),
        place=np.arange(T),
        participant=None if participant is None else participant.astype(np.intp),
        stratum=None,
        stratum_names=(),
        covariates=made if covariates else (),
        groups=(Group("region", ("north", "south"), (cluster % 2).astype(np.intp)),),
        outcome=OUTCOME,
        summary="mean_difference",
    )


def ask(method: LinearMixed, design: PeriodDesign, seed: Seed | None = None) -> tuple[Estimate, ...]:
    """The effect and the means of the two arms."""
    fit = method.fit(design, seed)
    return tuple(estimate(fit.uncertainty, quantity, 0.95) for quantity in method.targets(design))


def with_rows(design: PeriodDesign, rows: np.ndarray) -> PeriodDesign:
    """The design with these rows, in this order."""
    return replace(
        design,
        row_cluster=design.row_cluster[rows],
        row_period=design.row_period[rows],
        y=design.y[rows],
        size=design.size[rows],
        participant=None if design.participant is None else design.participant[rows],
        covariates=tuple(replace(c, values=c.values[rows]) for c in design.covariates),
        groups=tuple(replace(g, codes=g.codes[rows]) for g in design.groups),
        weights=None if design.weights is None else design.weights[rows],
        offset=None if design.offset is None else design.offset[rows],
    )

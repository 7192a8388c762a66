"""Randomisation tests: from the design to p and interval, beside the loop a user would write and pandas.

    python benchmarks/permutation.py [mkvtrial.csv]

Stratified: 40 synthetic clusters in 4 strata, 10,000 permutations. Exact: 20 clusters in strata of 6, 8 and 6
(28,000 allocations), the mkvtrial where its file is given and synthetic data otherwise. Ours includes all
facts, the p-value and the interval by inversion, as a median of 7; the others give the p-value alone and are
timed once. Run with one BLAS thread (OMP_NUM_THREADS=1).
"""

from __future__ import annotations

import itertools
import statistics
import sys
import time
from collections.abc import Callable

import numpy as np
import pandas as pd

import precept_stats as ps
from precept_stats.inference.seeds import Seed
from precept_stats.inference.uncertainty import estimate
from precept_stats.studies.cluster_trial_design import ClusterTrialDesign
from precept_stats.studies.question import Outcome

REPEATS, DRAWS = 7, 10_000
GOALS = {"stratified": 0.050, "exact": 0.200}


def synthetic(strata: tuple[tuple[int, int], ...], people: int = 50) -> pd.DataFrame:
    """Rows of clusters in strata of (clusters, of them in arm 1)."""
    rng = np.random.default_rng(7)
    parts, cluster = [], 0
    for stratum, (clusters, treated) in enumerate(strata):
        arm = rng.permutation(np.arange(clusters) < treated).astype(int)
        for one in arm:
            risk = rng.beta(6, 8) + 0.05 * one
            y = rng.binomial(1, min(risk, 1.0), people)
            parts.append(pd.DataFrame({"cluster": cluster, "stratum": stratum, "arm": one, "y": y}))
            cluster += 1
    return pd.concat(parts, ignore_index=True)


def design_of(rows: pd.DataFrame) -> ClusterTrialDesign:
    """What a method is given."""
    first = rows.groupby("cluster").first()
    return ClusterTrialDesign(
        clusters=tuple(map(str, first.index)),
        arm_names=("0", "1"),
        arm=first["arm"].to_numpy(np.intp),
        row_cluster=pd.factorize(rows["cluster"], sort=True)[0].astype(np.intp),
        y=rows["y"].to_numpy(float),
        size=np.ones(len(rows)),
        stratum=pd.factorize(first["stratum"], sort=True)[0].astype(np.intp),
        stratum_names=tuple(map(str, sorted(first["stratum"].unique()))),
        pair=None,
        covariates=(),
        baseline=None,
        outcome=Outcome(column="y", type="binary", direction="higher_better"),
        summary="risk_difference",
    )


def ours(design: ClusterTrialDesign, method: ps.RandomisationTest) -> float:
    fit = method.fit(design, Seed(1))
    return estimate(fit.uncertainty, method.targets(design)[0], 0.95).p_value


Clusters = tuple[np.ndarray, np.ndarray, np.ndarray]


def clusters_of(rows: pd.DataFrame) -> Clusters:
    found = rows.groupby("cluster").agg(y=("y", "mean"), arm=("arm", "first"), stratum=("stratum", "first"))
    return tuple(found[name].to_numpy() for name in ("y", "arm", "stratum"))


def stratified_difference(mean: np.ndarray, arm: np.ndarray, stratum: np.ndarray) -> float:
    total = weight = 0.0
    for one in np.unique(stratum):
        y, z = mean[stratum == one], arm[stratum == one]
        w = z.sum() * (1 - z).sum() / len(z)
        total += w * (y[z == 1].mean() - y[z == 0].mean())
        weight += w
    return total / weight


def permuted(clusters: Clusters) -> float:
    """The loop a user would write: shuffle the arm within strata, compute the difference, count."""
    mean, arm, stratum = clusters
    rng, own, count = np.random.default_rng(1), abs(stratified_difference(*clusters)), 0
    for _ in range(DRAWS):
        z = arm.copy()
        for one in np.unique(stratum):
            z[stratum == one] = rng.permutation(arm[stratum == one])
        count += abs(stratified_difference(mean, z, stratum)) >= own - 1e-12
    return (1 + count) / (1 + DRAWS)


def permuted_by_pandas(clusters: Clusters, draws: int) -> float:
    """The same with groupby at every step."""
    frame = pd.DataFrame(dict(zip(("y", "arm", "stratum"), clusters, strict=True)))
    own, count = abs(stratified_difference(*clusters)), 0
    for seed in range(draws):
        shuffled = frame.groupby("stratum")["arm"].transform(
            lambda arm, seed=seed: arm.sample(frac=1, random_state=seed).to_numpy()
        )
        table = frame.assign(arm=shuffled).groupby(["stratum", "arm"])["y"].agg(["mean", "count"]).unstack()
        n1, n0 = table[("count", 1)], table[("count", 0)]
        gap = np.average(table[("mean", 1)] - table[("mean", 0)], weights=n1 * n0 / (n1 + n0))
        count += abs(gap) >= own - 1e-12
    return (1 + count) / (1 + draws)


def enumerated(clusters: Clusters) -> float:
    """Every allocation within strata by itertools, one at a time."""
    mean, arm, stratum = clusters
    own, count, every = abs(stratified_difference(*clusters)), 0, 0
    groups = [np.flatnonzero(stratum == one) for one in np.unique(stratum)]
    choices = [itertools.combinations(group, int(arm[group].sum())) for group in groups]
    for chosen in itertools.product(*choices):
        z = np.zeros(len(arm), dtype=int)
        z[[k for part in chosen for k in part]] = 1
        count += abs(stratified_difference(mean, z, stratum)) >= own - 1e-12
        every += 1
    return count / every


def seconds(call: Callable[[], float], repeats: int = REPEATS) -> tuple[float, float]:
    """The median time of a call, and what it gave."""
    times, given = [], call()
    for _ in range(repeats):
        start = time.perf_counter()
        given = call()
        times.append(time.perf_counter() - start)
    return statistics.median(times), given


def line(name: str, took: float, p: float, beside: float) -> None:
    sys.stdout.write(f"{name:<46}{took * 1000:>12.1f} ms   p = {p:<12.6g}{took / beside:>10.1f} x\n")


def main(arguments: list[str]) -> None:
    rows = synthetic(((10, 5),) * 4)
    design, clusters = design_of(rows), clusters_of(rows)
    drawn = ps.RandomisationTest(allocations={"kind": "monte_carlo", "draws": DRAWS})
    fast, p = seconds(lambda: ours(design, drawn))
    goal = GOALS["stratified"] * 1000
    sys.stdout.write(f"10,000 permutations of 40 clusters in 4 strata (aimed at {goal:g} ms)\n")
    line("precept_stats, with interval", fast, p, fast)
    line("loop over numpy", *seconds(lambda: permuted(clusters), 1), fast)
    some, p = seconds(lambda: permuted_by_pandas(clusters, 200), 1)
    line("pandas (from 200 permutations)", some * DRAWS / 200, p, fast)
    if arguments:
        men = pd.read_csv(arguments[0])
        rows = men.rename(columns={"community": "cluster", "know": "y"})
    else:
        rows = synthetic(((6, 3), (8, 4), (6, 3)))
    design, clusters = design_of(rows), clusters_of(rows)
    fast, p = seconds(lambda: ours(design, ps.RandomisationTest()))
    sys.stdout.write(f"exact, 20 clusters in 3 strata (aimed at {GOALS['exact'] * 1000:g} ms)\n")
    line("precept_stats, with interval", fast, p, fast)
    line("loop over itertools", *seconds(lambda: enumerated(clusters), 1), fast)


if __name__ == "__main__":
    main(sys.argv[1:])

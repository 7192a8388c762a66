"""Ten thousand permutations of a GEE score statistic, beside refitting the model for each of them.

    python benchmarks/score_permutation.py [d1 d2] [--interval]

Synthetic parallel trials of the sizes of mixed_data (7,200 and 78,912 people in 40 and 137 clusters), binary,
logit, exchangeable, with a covariate of clusters, one of people and a term for each period. Ours fits the
model without the arm once and multiplies; the loop refits the model with the arm of every allocation with the
same engine, timed on a few and extrapolated. With --interval the interval by inversion is timed too. Run with
one BLAS thread (OMP_NUM_THREADS=1).
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable

import numpy as np
import pandas as pd
from mixed_data import SIZES, trial

from precept_stats.numerics.allocations import Blocks, Drawn
from precept_stats.numerics.gee.cells import individual_rows
from precept_stats.numerics.gee.correlation import Exchangeable
from precept_stats.numerics.gee.families import Binomial, Family, Logit
from precept_stats.numerics.gee.fit import GeeFit, GeeModel, fit_gee
from precept_stats.numerics.score_permutation import ScorePermutationTest, score_permutation_test

DRAWS, REFITS, REPEATS, SEED = 10_000, 8, 3, 11
MODEL = GeeModel(Family(Logit(), Binomial()), Exchangeable())


class ParallelTrial:
    """The people of a table with clusters allocated to two arms at random."""

    def __init__(self, rows: pd.DataFrame) -> None:
        self.cluster = pd.factorize(rows["cl"])[0]
        self.y = rows["yb"].to_numpy(float)
        periods = pd.get_dummies(rows["per"], drop_first=True).to_numpy(float)
        self.others = np.column_stack([periods, rows["x1"], rows["x2"]])
        clusters = int(self.cluster.max()) + 1
        self.arm = np.random.default_rng(SEED).permutation(np.arange(clusters) % 2)

    def fit(self, arm: np.ndarray) -> GeeFit:
        """The model with the arm of one allocation."""
        X = np.column_stack([np.ones(len(self.y)), arm[self.cluster], self.others])
        return fit_gee(individual_rows(X, self.y, self.cluster), MODEL)

    @property
    def blocks(self) -> Blocks:
        return Blocks(self.arm.astype(np.intp), np.zeros(len(self.arm), dtype=np.intp))

    def permuted(self, fit: GeeFit, *, studentised: bool) -> tuple[ScorePermutationTest, float]:
        """The test over draws, and its p."""
        how = Drawn(DRAWS, np.random.default_rng(SEED))
        test = score_permutation_test(fit, self.blocks, how, studentised=studentised)
        return test, test.p_value(0.0)


def seconds[Found](call: Callable[[], Found], repeats: int) -> tuple[float, Found]:
    """The median time of a call, and what it gave."""
    taken = []
    for _ in range(repeats):
        start = time.perf_counter()
        found = call()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken), found


def measure(name: str, *, interval: bool) -> None:
    """Time one trial and print what was found."""
    made, rng = ParallelTrial(trial(name)), np.random.default_rng(SEED)
    fitting, fit = seconds(lambda: made.fit(made.arm), REPEATS)
    plain, (test, p) = seconds(lambda: made.permuted(fit, studentised=False), REPEATS)
    robust, (_, q) = seconds(lambda: made.permuted(fit, studentised=True), REPEATS)
    refit, _ = seconds(lambda: made.fit(rng.permutation(made.arm)), REFITS)
    loop = refit * DRAWS
    print(f"{name}: {len(made.y):,} people, {len(made.arm)} clusters; p = {p:.4f}, studentised {q:.4f}")
    print(f"  the model with the arm, once: {fitting:8.3f} s (for the estimate)")
    print(f"  {DRAWS:,} permutations:        {plain:8.3f} s; studentised {robust:.3f} s")
    print(f"  refitting, extrapolated:      {loop:8.0f} s ({refit:.4f} s each, of {REFITS})")
    print(f"  times as fast:                {loop / (fitting + plain):8.0f}, the first fit counted")
    if interval:
        taken, (lower, upper) = seconds(lambda: test.limits(0.05), 1)
        print(f"  interval by inversion:        {taken:8.2f} s, log odds ratio {lower:.4f} to {upper:.4f}")


def main(arguments: list[str]) -> None:
    for name in [name for name in arguments if name in SIZES] or ["d1", "d2"]:
        measure(name, interval="--interval" in arguments)


if __name__ == "__main__":
    main(sys.argv[1:])

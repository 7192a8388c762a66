"""One task of bayes.py in PyMC: every random effect sampled, by nutpie or PyMC's own sampler."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import numpy as np
import pymc
from arviz_stats.base import array_stats
from bayes_ours import NAMES, now, since
from mixed_data import cells, trial

CHAINS = 4
STEPS = {"trial": (500, 1000), "national": (300, 200)}
"""Tuning steps and draws a chain."""


def written(data: str, law: str) -> pymc.Model:
    """The model as its user would write it: effects not centred, priors as ours."""
    table = cells(trial(NAMES[data]))
    cluster, period = (np.unique(table[name], return_inverse=True)[1] for name in ("cl", "per"))
    y, n = table["s"].to_numpy(), table["n"].to_numpy()
    with pymc.Model() as model:
        reference = pymc.Normal("reference", 0.0, 1.5023)
        effect = pymc.Normal("effect", 0.0, np.log(5.0) / 1.959964)
        slope = pymc.Normal("x1", 0.0, np.log(8.0) / 1.959964 / table["x1"].std(ddof=0))
        later = pymc.Normal("period", 0.0, np.log(8.0) / 1.959964, shape=int(period.max()))
        of_clusters = pymc.HalfNormal("sd[cluster]", 0.6058)
        drawn = pymc.Normal("u", shape=int(cluster.max()) + 1)
        eta = reference + effect * table["trt"].to_numpy() + slope * table["x1"].to_numpy()
        eta += pymc.math.concatenate([[0.0], later])[period] + of_clusters * drawn[cluster]
        if law == "normal":
            of_cells = pymc.HalfNormal("sd[cluster_period]", 0.3888)
            pymc.Binomial("y", n, logit_p=eta + of_cells * pymc.Normal("v", shape=len(y)), observed=y)
        else:
            root = pymc.HalfNormal("root", 0.2143)
            total, mean = root**-2, pymc.math.sigmoid(eta)
            pymc.BetaBinomial("y", n=n, alpha=total * mean, beta=total * (1.0 - mean), observed=y)
    return model


def by_nutpie(model: pymc.Model, tune: int, draws: int) -> tuple[Any, float, tuple[float, float]]:
    import nutpie

    begin = time.perf_counter()
    compiled = nutpie.compile_pymc_model(model)
    took, begun = time.perf_counter() - begin, now()
    trace = nutpie.sample(
        compiled, draws=draws, tune=tune, chains=CHAINS, cores=2, seed=1, progress_bar=False
    )
    return trace, took, since(begun)


def by_pymc(model: pymc.Model, tune: int, draws: int) -> tuple[Any, float, tuple[float, float]]:
    begin = time.perf_counter()
    model.compile_fn(model.dlogp())
    took, begun = time.perf_counter() - begin, now()
    with model:
        trace = pymc.sample(
            draws=draws, tune=tune, chains=CHAINS, cores=1, random_seed=1, progressbar=False,
            nuts_sampler="pymc", compute_convergence_checks=False,
        )  # fmt: skip
    return trace, took, since(begun)


def main() -> None:
    data, law, program = sys.argv[1:]
    model = written(data, law)
    trace, compiling, (seconds, cpu) = (by_nutpie if program == "nutpie" else by_pymc)(model, *STEPS[data])
    names = ["reference", "effect", "x1", "period", "sd[cluster]"]
    names.append("sd[cluster_period]" if law == "normal" else "root")
    drawn = [np.asarray(trace.posterior[name]).reshape(CHAINS, STEPS[data][1], -1) for name in names]
    whole = np.concatenate(drawn, axis=2)
    found = {
        "seconds": seconds, "cpu": cpu, "compile": compiling,
        "dimension": int(sum(v.size for v in model.initial_point().values())),
        "ess": float(np.min(array_stats.ess(whole, chain_axis=0, draw_axis=1, method="bulk"))),
        "rhat": float(np.max(array_stats.rhat(whole, chain_axis=0, draw_axis=1))),
        "divergences": int(np.asarray(trace.sample_stats["diverging"]).sum()),
    }  # fmt: skip
    print(json.dumps(found))


if __name__ == "__main__":
    main()

"""One task of bayes.py with this package: the last line of output is what was found, as JSON."""

from __future__ import annotations

import json
import sys
import time

BEGIN = time.perf_counter(), time.process_time()

import numpy as np  # noqa: E402 (the clock runs before anything is imported)
from mixed_data import cells, trial  # noqa: E402

from precept_stats.inference.seeds import Seed  # noqa: E402
from precept_stats.methods.bayesian_hierarchical import BayesianHierarchical  # noqa: E402
from precept_stats.methods.settings_bayes import Nuts  # noqa: E402
from precept_stats.studies.cluster_trial_design import Covariate  # noqa: E402
from precept_stats.studies.period_design import PeriodDesign  # noqa: E402
from precept_stats.studies.question import Outcome  # noqa: E402

NAMES = {"trial": "d1", "national": "d2"}
SCEPTICAL = {"kind": "sceptical", "planned": {"kind": "ratio", "value": 1.5}}
GRID = (
    {"kind": "weakly_informative"},
    SCEPTICAL,
    {"kind": "enthusiastic", "planned": {"kind": "ratio", "value": 1.5}},
    {"kind": "sceptical", "planned": {"kind": "ratio", "value": 2.0}},
    *(
        {
            "kind": "weakly_informative",
            "clusters": {"kind": "icc", "upper": a},
            "cells": {"kind": "icc", "upper": b},
        }
        for a in (0.1, 0.5)
        for b in (0.05, 0.3)
    ),
)


def design(name: str) -> PeriodDesign:
    """The counts of a synthetic stepped wedge as methods are given them."""
    table = cells(trial(name))
    clusters, cluster = np.unique(table["cl"], return_inverse=True)
    periods, period = np.unique(table["per"], return_inverse=True)
    treated = np.zeros((len(clusters), len(periods)), dtype=np.intp)
    treated[cluster, period] = table["trt"]
    x1 = Covariate("x1", "cluster", ("x1",), table["x1"].to_numpy(float)[:, None])
    return PeriodDesign(
        clusters=tuple(clusters), periods=tuple(periods), arm_names=("control", "treated"),
        row_cluster=cluster.astype(np.intp), row_period=period.astype(np.intp),
        y=table["s"].to_numpy(float), size=table["n"].to_numpy(float), treated=treated,
        exposure=np.cumsum(treated, axis=1), place=np.arange(len(periods)), participant=None,
        sequence=np.unique(-treated.sum(axis=1), return_inverse=True)[1].astype(np.intp),
        stratum=None, stratum_names=(), covariates=(x1,), groups=(), summary="odds_ratio",
        effect="conditional", outcome=Outcome(column="s", type="binary", direction="higher_better"),
    )  # fmt: skip


def model(cells_law: str, priors: dict[str, object]) -> BayesianHierarchical:
    settings = {"random": {"kind": "nested_exchangeable"}, "cells": {"kind": cells_law}, "priors": priors}
    return BayesianHierarchical.model_validate(settings)


def since(begin: tuple[float, float]) -> tuple[float, float]:
    """Seconds of the clock and of the processor."""
    return time.perf_counter() - begin[0], time.process_time() - begin[1]


def now() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


def timed(data: str, cells_law: str) -> dict[str, object]:
    """A first answer from a cold start, a further one, and sampling alone."""
    found = design(NAMES[data])
    model(cells_law, GRID[0]).fit(found, Seed(1))
    first, first_cpu = since(BEGIN)
    begin = now()
    model(cells_law, SCEPTICAL).fit(found, Seed(2))
    further, further_cpu = since(begin)
    begin = now()
    sampled = model(cells_law, GRID[0]).sampled(found, Seed(3))
    seconds, cpu = since(begin)
    told = sampled.convergence()
    return {
        "seconds": seconds, "cpu": cpu, "ess": told.bulk, "rhat": told.rhat,
        "compile": max(0.0, first - further), "divergences": told.divergences,
        "dimension": sampled.density.dimension, "first": first,
        "first_cpu": first_cpu, "further": further, "further_cpu": further_cpu,
        "integration_error": sampled.integration_error(),
    }  # fmt: skip


def grid(data: str, cells_law: str, sampler: dict[str, object]) -> dict[str, object]:
    """Eight sets of priors by one analysis, the gate passed by each, once the functions are compiled."""
    found = design(NAMES[data])
    first = model(cells_law, GRID[0]).model_copy(update={"sampler": Nuts.model_validate(sampler)})
    first.sampled(found, Seed(1))
    sets = {f"set_{number}": priors for number, priors in enumerate(GRID[1:], start=2)}
    whole = {**model(cells_law, GRID[0]).model_dump(), "sampler": sampler, "prior_grid": sets}
    begin = now()
    fit = BayesianHierarchical.model_validate(whole).fit(found, Seed(2))
    seconds, cpu = since(begin)
    passed = 1 + sum(one.draws is not None for one in fit.posterior.alternatives)
    told = dict(fit.evidence)
    return {"grid": seconds, "grid_cpu": cpu, "passed": passed, "ess": told["ess_bulk"], **sampler}


SHORT = {"kind": "nuts", "draws": 500, "warmup": 200}

if __name__ == "__main__":
    data, law, program = sys.argv[1:]
    if program == "precept_stats":
        print(json.dumps(timed(data, law)))
    else:
        print(json.dumps(grid(data, law, SHORT if program == "short_grid" else Nuts().model_dump())))

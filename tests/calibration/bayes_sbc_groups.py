"""Data sets for simulation-based calibration: effects of regions, or autoregressive periods, on a wedge."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import special

from precept_stats.studies.cluster_trial_design import Group
from tests.calibration.bayes_sbc_models import (
    DEFAULT_BINARY,
    NODES,
    UPPER,
    WEIGHTS,
    Cells,
    Drawn,
    Floats,
    Simulated,
    drawn,
    of_icc,
    totals,
    wedge,
)

REGIONS = 4
SD_REGIONS, SD_SLOPES, SD_PERIODS = of_icc(0.15), 0.5 / UPPER, 1.0 / UPPER
SIZES = (5, 40)


def by_region(rng: np.random.Generator, *, slopes: bool) -> Simulated:
    """Binomial totals with normal effects of clusters and of regions, and effects that differ by region."""
    cells = wedge(rng, SIZES)
    one = drawn(rng, cells, DEFAULT_BINARY)
    region = (cells.cluster % REGIONS).astype(np.intp)
    sd, sd_slopes = SD_REGIONS * abs(rng.standard_normal()), SD_SLOPES * abs(rng.standard_normal()) * slopes
    eta = one.eta + sd * rng.standard_normal(REGIONS)[region]
    eta = eta + cells.treated * sd_slopes * rng.standard_normal(REGIONS)[region]
    control = math.hypot(one.sd_clusters, sd)
    spreads = control, math.hypot(control, sd_slopes)
    truth = one.truth | {"sd[region]": sd, "risk_difference": _difference(cells, one, one.fixed, spreads)}
    if slopes:
        truth["sd[region: effect]"] = sd_slopes
    design = totals(cells, _events(rng, cells, eta), "binary")
    return Simulated(replace(design, groups=(_group(region),)), truth)


def autoregressive(rng: np.random.Generator) -> Simulated:
    """Binomial totals with normal effects of clusters, and periods that are a stationary autoregression."""
    cells = wedge(rng, SIZES)
    one = drawn(rng, cells, replace(DEFAULT_BINARY, periods=0.0))
    sd, rho = SD_PERIODS * abs(rng.standard_normal()), rng.random()
    level = np.zeros(cells.periods)
    level[0] = sd * rng.standard_normal()
    for t in range(1, cells.periods):
        level[t] = rho * level[t - 1] + sd * math.sqrt(1 - rho**2) * rng.standard_normal()
    fixed = one.fixed + level[cells.period]
    spreads = one.sd_clusters, one.sd_clusters
    truth = {name: value for name, value in one.truth.items() if not name.startswith("period")}
    truth |= {f"random effect, period[{t}]": float(value) for t, value in enumerate(level)}
    truth |= {"sd[period]": sd, "logit autocorrelation[period]": math.log(rho / (1 - rho))}
    truth["risk_difference"] = _difference(cells, one, fixed, spreads)
    return Simulated(totals(cells, _events(rng, cells, one.eta + level[cells.period]), "binary"), truth)


def _events(rng: np.random.Generator, cells: Cells, eta: Floats) -> NDArray[np.intp]:
    return rng.binomial(cells.size, special.expit(eta)).astype(np.intp)


def _group(region: NDArray[np.intp]) -> Group:
    return Group("region", tuple(f"r{g}" for g in range(REGIONS)), region)


def _difference(cells: Cells, one: Drawn, fixed: Floats, spreads: tuple[float, float]) -> float:
    """The difference in risk over people compared, normal effects of these SDs in the arms integrated out."""
    risks = [special.expit(fixed + arm * one.effect + sd * NODES[:, None]) for arm, sd in enumerate(spreads)]
    return float((WEIGHTS / WEIGHTS.sum()) @ (risks[1] - risks[0]) @ cells.compared)

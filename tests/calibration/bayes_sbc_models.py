"""Data sets for simulation-based calibration: parameters from the declared priors, data given them.

Nothing here is the product's: priors are drawn, linear predictors built and marginal effects integrated by
code of its own, from what docs/methods/bayesian_hierarchical.md declares. Priors of continuous outcomes and
of rates that would take their unit from the data are declared with numbers, as a prior that looks at the
data is none that data can be simulated from.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from precept_stats.studies.cluster_trial_design import ClusterTrialDesign
from precept_stats.studies.design import AnyDesign
from precept_stats.studies.period_design import PeriodDesign
from precept_stats.studies.question import OutcomeType, Summary
from tests.calibration.trials import OUTCOMES

Floats = NDArray[np.float64]

NODES, WEIGHTS = special.roots_hermitenorm(121)
UPPER = float(special.ndtri(0.975))
LOGISTIC = math.pi**2 / 3
SUMMARY: dict[OutcomeType, Summary] = {
    "binary": "risk_difference",
    "count": "rate_difference",
    "continuous": "mean_difference",
}


@dataclass(frozen=True)
class Simulated:
    """A data set, and what it was drawn from: parameters and answers by the names that a fit gives them."""

    design: AnyDesign
    truth: Mapping[str, float]


@dataclass(frozen=True)
class Cells:
    """Where people are: cluster, period and treatment of each cell (C,), and how many (C,)."""

    clusters: int
    periods: int
    cluster: NDArray[np.intp]
    period: NDArray[np.intp]
    treated: NDArray[np.intp]
    size: NDArray[np.intp]

    @property
    def compared(self) -> Floats:
        """The share of each cell in the people of the periods from the first treated one on."""
        first = self.period[self.treated == 1].min()
        people = np.where(self.period >= first, self.size, 0).astype(np.float64)
        shares: Floats = people / people.sum()
        return shares


def parallel(rng: np.random.Generator, sizes: tuple[int, int]) -> Cells:
    """13 clusters under the intervention and 27 not, at one time."""
    K = 40
    arm = rng.permutation(np.repeat([1, 0], [13, 27])).astype(np.intp)
    every = np.arange(K, dtype=np.intp)
    return Cells(K, 1, every, np.zeros(K, dtype=np.intp), arm, _sizes(rng, sizes, K))


def wedge(rng: np.random.Generator, sizes: tuple[int, int]) -> Cells:
    """12 clusters over 5 periods, 3 switching in each period from the second on."""
    K, T = 12, 5
    switch = 1 + rng.permutation(K) % 4
    cluster, period = (code.ravel().astype(np.intp) for code in np.mgrid[:K, :T])
    treated = (period >= switch[cluster]).astype(np.intp)
    return Cells(K, T, cluster, period, treated, _sizes(rng, sizes, K * T))


def _sizes(rng: np.random.Generator, ends: tuple[int, int], count: int) -> NDArray[np.intp]:
    return rng.integers(ends[0], ends[1] + 1, count).astype(np.intp)


def of_icc(upper: float, variance: float = LOGISTIC) -> float:
    """The scale of a half-normal SD whose 95 % point is this correlation on the scale of the logit."""
    return math.sqrt(variance * upper / (1.0 - upper)) / UPPER


@dataclass(frozen=True)
class Scales:
    """The normal scales of all priors: of the intercept (with its mean), effect, periods, clusters, cells.

    ``cells`` is of the SD of cells, or of what stands for it: the root of the odds of a correlation or of
    extra dispersion.
    """

    middle: float
    reference: float
    effect: float
    periods: float
    clusters: float
    cells: float
    residual: float = 0.0


DEFAULT_BINARY = Scales(
    0.0,
    math.log(19) / UPPER,
    math.log(5) / UPPER,
    math.log(8) / UPPER,
    of_icc(0.30),
    of_icc(0.15),
)
BETA_CELLS = math.sqrt(0.15 / 0.85) / UPPER
DECLARED_COUNT = {
    "kind": "custom",
    "source": "declared for the calibration study",
    "effect": {"kind": "ratio", "upper": 3.0},
    "reference": {"kind": "rate", "median": 0.5, "upper": 3.0},
}
COUNT = Scales(
    math.log(0.5),
    math.log(6.0) / UPPER,
    math.log(3) / UPPER,
    math.log(8) / UPPER,
    1.0 / UPPER,
    0.6 / UPPER,
)
DECLARED_CONTINUOUS = {
    "kind": "custom",
    "source": "declared for the calibration study",
    "effect": {"kind": "difference", "upper": 1.0},
    "reference": {"kind": "mean", "median": 10.0, "upper": 15.0},
    "covariates": {"kind": "difference", "upper": 2.0},
    "clusters": {"kind": "half_normal", "scale": 0.4},
    "cells": {"kind": "half_normal", "scale": 0.3},
    "residual": {"kind": "half_normal", "scale": 1.0},
}
CONTINUOUS = Scales(10.0, 5.0 / UPPER, 1.0 / UPPER, 2.0 / UPPER, 0.4, 0.3, 1.0)


@dataclass(frozen=True)
class Drawn:
    """Parameters of one data set, and the fixed part and cluster effects of each cell (C,)."""

    fixed: Floats
    effect: float
    sd_clusters: float
    further: float
    residual: float
    eta: Floats
    truth: dict[str, float]


def drawn(rng: np.random.Generator, cells: Cells, scales: Scales, *, clustered: bool = True) -> Drawn:
    """Parameters from the priors. Periods are centred at the people who are compared."""
    reference = scales.middle + scales.reference * rng.standard_normal()
    effect = scales.effect * rng.standard_normal()
    of_periods = scales.periods * rng.standard_normal(cells.periods - 1)
    sd_clusters = scales.clusters * abs(rng.standard_normal()) if clustered else 0.0
    further = scales.cells * abs(rng.standard_normal())
    residual = scales.residual * abs(rng.standard_normal())
    level = np.append(0.0, of_periods)[cells.period]
    fixed = reference + level - float(cells.compared @ level)
    eta = fixed + effect * cells.treated + sd_clusters * rng.standard_normal(cells.clusters)[cells.cluster]
    truth = {"mean[control]": reference, "effect": effect}
    truth |= {f"period[{t}]": float(one) for t, one in enumerate(of_periods, start=1)}
    if clustered:
        truth["sd[cluster]"] = sd_clusters
    return Drawn(fixed, effect, sd_clusters, further, residual, eta, truth)


def marginal(inverse: Callable[[Floats], Floats], cells: Cells, one: Drawn, sd: float) -> float:
    """The compared minus the reference mean, integrated over normal effects of this SD, over people."""
    nodes = sd * NODES[:, None]
    gain = inverse(one.fixed + one.effect + nodes) - inverse(one.fixed + nodes)
    return float((WEIGHTS / WEIGHTS.sum()) @ gain @ cells.compared)


def binomial(rng: np.random.Generator, cells: Cells, *, nested: bool) -> Simulated:
    """Binomial totals with normal effects of clusters, and of cells where ``nested``."""
    one = drawn(rng, cells, DEFAULT_BINARY)
    within = one.further if nested else 0.0
    risk = special.expit(one.eta + within * rng.standard_normal(len(one.eta)))
    total = one.sd_clusters**2 + within**2
    truth = one.truth | {
        "risk_difference": marginal(special.expit, cells, one, math.sqrt(total)),
    }
    if nested:
        truth["sd[cluster_period]"] = within
        truth["icc_latent_within_period"] = total / (total + LOGISTIC)
        truth["icc_latent_between_periods"] = one.sd_clusters**2 / (total + LOGISTIC)
    else:
        truth["icc_latent"] = total / (total + LOGISTIC)
        truth["icc_proportion: control"] = proportion_icc(float(one.fixed[0]), one.sd_clusters)
    return Simulated(totals(cells, rng.binomial(cells.size, risk), "binary"), truth)


def proportion_icc(eta: float, sd: float) -> float:
    """Var(p) / (mean p (1 - mean p)) for p = expit(eta + sd z)."""
    risk, weights = special.expit(eta + sd * NODES), WEIGHTS / WEIGHTS.sum()
    mean = float(weights @ risk)
    return float(weights @ (risk - mean) ** 2) / (mean * (1.0 - mean))


def beta_binomial(rng: np.random.Generator, cells: Cells, *, nested: bool) -> Simulated:
    """Beta risks of cells, given normal effects of clusters where ``nested``, binomial totals."""
    scales = Scales(**{**vars(DEFAULT_BINARY), "cells": BETA_CELLS})
    one = drawn(rng, cells, scales, clustered=nested)
    odds, mean = max(one.further**2, 1e-12), special.expit(one.eta)
    risk = rng.beta(np.maximum(mean / odds, 1e-300), np.maximum((1.0 - mean) / odds, 1e-300))
    truth = one.truth | {
        "root odds of the correlation in a cell": one.further,
        "risk_difference": marginal(special.expit, cells, one, one.sd_clusters),
        "cell_correlation" if nested else "icc": odds / (1.0 + odds),
    }
    return Simulated(totals(cells, rng.binomial(cells.size, risk), "binary"), truth)


def counts(rng: np.random.Generator, cells: Cells, *, nested: bool) -> Simulated:
    """Poisson events in person-time, log-normal rates of clusters, and of cells where ``nested``."""
    one = drawn(rng, cells, COUNT)
    within = one.further if nested else 0.0
    rate = np.exp(one.eta + within * rng.standard_normal(len(one.eta)))
    total = one.sd_clusters**2 + within**2
    truth = one.truth | {"rate_difference": lognormal_difference(cells, one, total)}
    if nested:
        truth["sd[cluster_period]"] = within
    return Simulated(totals(cells, rng.poisson(cells.size * rate), "count"), truth)


def negative_binomial(rng: np.random.Generator, cells: Cells) -> Simulated:
    """Negative binomial counts of each cell given normal effects of clusters, variance m + (m d)^2."""
    one = drawn(rng, cells, COUNT)
    spread = max(one.further**2, 1e-12)
    rate = np.exp(one.eta) * rng.gamma(1.0 / spread, spread, len(one.eta))
    truth = one.truth | {
        "root of extra dispersion": one.further,
        "overdispersion": spread,
        "rate_difference": lognormal_difference(cells, one, one.sd_clusters**2),
    }
    return Simulated(totals(cells, rng.poisson(cells.size * rate), "count"), truth)


def lognormal_difference(cells: Cells, one: Drawn, variance: float) -> float:
    """E exp(eta + sd z) is exp(eta + variance / 2)."""
    reference = float(np.exp(one.fixed + 0.5 * variance) @ cells.compared)
    return reference * math.expm1(one.effect)


def normal(rng: np.random.Generator, cells: Cells, *, nested: bool) -> Simulated:
    """Normal outcomes of people about normal means of clusters, and of cells where ``nested``."""
    one = drawn(rng, cells, CONTINUOUS)
    within = one.further if nested else 0.0
    mean = one.eta + within * rng.standard_normal(len(one.eta))
    cell = np.repeat(np.arange(len(mean)), cells.size)
    y = mean[cell] + one.residual * rng.standard_normal(len(cell))
    between, total = one.sd_clusters**2, one.sd_clusters**2 + within**2 + one.residual**2
    truth = one.truth | {"log sd[residual]": math.log(one.residual)}
    if nested:
        truth |= {
            "sd[cluster_period]": within,
            "icc_within_period": (between + within**2) / total,
            "icc_between_periods": between / total,
        }
    else:
        truth["icc"] = between / total
    return Simulated(people(cells, cell, y), truth)


def totals(cells: Cells, y: NDArray[np.intp], outcome: OutcomeType) -> AnyDesign:
    """One row a cell."""
    return designed(cells, np.arange(len(y)), (y.astype(np.float64), cells.size.astype(np.float64)), outcome)


def people(cells: Cells, cell: NDArray[np.intp], y: Floats) -> AnyDesign:
    """One row a person."""
    return designed(cells, cell, (y, np.ones(len(y))), "continuous")


def designed(
    cells: Cells, cell: NDArray[np.intp], values: tuple[Floats, Floats], outcome: OutcomeType
) -> AnyDesign:
    """The rows of cells as a trial at one time, or over periods."""
    y, size = values
    clusters = tuple(f"{k:03d}" for k in range(cells.clusters))
    if cells.periods == 1:
        return ClusterTrialDesign(
            clusters=clusters, arm_names=("control", "intervention"), arm=cells.treated,
            row_cluster=cells.cluster[cell], y=y, size=size, stratum=None, stratum_names=(), pair=None,
            covariates=(), baseline=None, outcome=OUTCOMES[outcome], summary=SUMMARY[outcome],
        )  # fmt: skip
    treated = cells.treated.reshape(cells.clusters, cells.periods)
    switch = cells.periods - treated.sum(axis=1)
    return PeriodDesign(
        clusters=clusters, periods=tuple(str(t) for t in range(cells.periods)),
        arm_names=("control", "intervention"), row_cluster=cells.cluster[cell],
        row_period=cells.period[cell], y=y, size=size, treated=treated,
        exposure=np.cumsum(treated, axis=1).astype(np.intp),
        sequence=np.unique(switch, return_inverse=True)[1].astype(np.intp),
        place=np.arange(cells.periods), participant=None, stratum=None, stratum_names=(), covariates=(),
        groups=(), outcome=OUTCOMES[outcome], summary=SUMMARY[outcome],
    )  # fmt: skip

"""From the design of areas to what is drawn together: the law of the counts, and the fit of the spread."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from precept_stats.errors import FitError, PlanError
from precept_stats.numerics.glmm.effects import StructuredRows
from precept_stats.numerics.glmm.families import BinomialLogit, Family, PoissonLog
from precept_stats.numerics.glmm.fit import GlmmRows, fit_glmm
from precept_stats.numerics.glmm.joint_fit import fit_joint
from precept_stats.numerics.inequality.heterogeneity import heterogeneity
from precept_stats.numerics.mixed.model import Grouping, Random
from precept_stats.numerics.shrinkage.law import Binomial, Given, Law, Poisson
from precept_stats.numerics.shrinkage.predict import Spread
from precept_stats.studies.region_design import RegionDesign

Floats = NDArray[np.float64]

NODES = 25
USUAL_PRIOR_SD = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class FittedSpread:
    """The spread, and the covariance of (mean, log SD between areas[, log SD between groups]).

    A SD of 0 has a log of minus infinity and a variance of 0.
    """

    spread: Spread
    params: Floats
    covariance: Floats


def law_of(design: RegionDesign, at: int) -> Law:
    """What the areas of a period are drawn from."""
    events, size = design.events[at], design.size[at]
    if design.law == "binomial":
        return Binomial(events, size)
    if design.law == "poisson":
        return Poisson(events, size)
    return Given(design.y[at], design.std_error[at] ** 2)


def prior_sd_of(design: RegionDesign, declared: float | None) -> float:
    """The scale of the half-normal prior; PlanError for estimates, which have no scale of their own."""
    if declared is not None:
        return declared
    if design.law == "given":
        raise PlanError(
            "the prior of how far areas are apart has no scale",
            found="an outcome of estimates, without `prior_sd`",
            allowed="`prior_sd`, in the unit of the estimates; counts have 1 on the log scale unless given",
        )
    return USUAL_PRIOR_SD


def fitted_spread(design: RegionDesign, at: int) -> FittedSpread:
    """Maximum likelihood of counts with 25 adaptive nodes an area; Laplace in groups; REML of estimates."""
    if design.law == "given":
        return _of_estimates(design, at)
    family: Family = BinomialLogit() if design.law == "binomial" else PoissonLog()
    if design.groups:
        return _in_groups(design, at, family)
    count = len(design.areas)
    rows = GlmmRows(np.ones((count, 1)), design.events[at], design.size[at], np.arange(count))
    found = fit_glmm(rows, family, NODES)
    if found.status == "failed":
        raise FitError("areas could not be estimated together", found=found.reason)
    spread = Spread(float(found.params[0]), math.exp(found.log_sigma))
    return FittedSpread(spread, np.append(found.params, found.log_sigma), found.covariance)


def _of_estimates(design: RegionDesign, at: int) -> FittedSpread:
    if design.groups:
        raise PlanError(
            "estimates with standard errors are not drawn together in groups",
            found="`within`, and an outcome of estimates",
            allowed="counts with `within`, or estimates without it",
        )
    variance = design.std_error[at] ** 2
    found = heterogeneity(design.y[at], variance, 0.95)
    weight = 1.0 / (variance + found.tau2_reml)
    total = weight.sum()
    covariance = np.diag([1.0 / total, 0.0])
    if found.tau2_reml > 0.0:
        squared = (weight**2).sum() - 2.0 * (weight**3).sum() / total + ((weight**2).sum() / total) ** 2
        covariance[1, 1] = 2.0 / squared / (2.0 * found.tau2_reml) ** 2
    sigma = math.sqrt(found.tau2_reml)
    return FittedSpread(Spread(found.mean, sigma), np.array([found.mean, _log(sigma)]), covariance)


def _in_groups(design: RegionDesign, at: int, family: Family) -> FittedSpread:
    names = tuple(dict.fromkeys(design.groups))
    group = np.array([names.index(one) for one in design.groups], dtype=np.intp)
    count = len(design.areas)
    random = (
        Random(Grouping("area", np.arange(count), count)),
        Random(Grouping("group", group, len(names))),
    )
    found = fit_joint(StructuredRows(np.ones((count, 1)), design.events[at], design.size[at], random), family)
    if found.status == "failed":
        raise FitError("areas in groups could not be estimated together", found=found.reason)
    sds = np.abs(found.theta)
    slope = np.append(1.0, np.divide(1.0, found.theta, out=np.zeros(2), where=sds > 0.0))
    spread = Spread(float(found.params[0]), float(sds[0]), float(sds[1]), group)
    params = np.array([found.params[0], *map(_log, sds)])
    return FittedSpread(spread, params, found.covariance[:3, :3] * np.outer(slope, slope))


def _log(value: float) -> float:
    return math.log(value) if value > 0.0 else -math.inf

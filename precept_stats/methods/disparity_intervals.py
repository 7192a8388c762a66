"""The uncertainty of areas' estimates in all periods: a covariance, bootstrap replicates or a posterior."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from precept_stats.errors import PlanError
from precept_stats.inference.asymptotic import Asymptotic
from precept_stats.inference.degrees_of_freedom import FixedDf
from precept_stats.inference.draws import Draws
from precept_stats.inference.seeds import Seed
from precept_stats.inference.uncertainty import Uncertainty
from precept_stats.methods.settings_areas import (
    AnyDisparityInterval,
    AreaBootstrap,
    AreaPosteriorDraws,
    DeltaMethod,
)
from precept_stats.methods.shrinkage_model import law_of, prior_sd_of
from precept_stats.numerics.shrinkage.posterior import draw
from precept_stats.studies.region_design import RegionDesign

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

HALF = 0.5


def area_uncertainty(how: AnyDisparityInterval, design: RegionDesign, seed: Seed | None) -> Uncertainty:
    """Parameters are the estimates (T * K,), period by period."""
    names = tuple(f"{area}, {period}" for period in design.periods for area in design.areas)
    match how:
        case DeltaMethod():
            rule = FixedDf(math.inf, "the variances of the areas' estimates are taken as known")
            return Asymptotic(names, design.y.ravel(), area_covariance(design), rule)
        case AreaBootstrap(replicates=count, limits=limits):
            drawn = _replicates(design, count, _checked(design, seed))
            return Draws(names, design.y.ravel(), drawn, "bootstrap", reflected=limits == "basic")
        case AreaPosteriorDraws(draws=count, prior_sd=declared):
            prior = prior_sd_of(design, declared)
            drawn = _posterior(design, (count, prior), _checked(design, seed))
            return Draws(names, drawn.mean(axis=0), drawn, "posterior")


def area_covariance(design: RegionDesign) -> Matrix:
    """Of all estimates (T * K, T * K): areas are independent, an area's periods correlated as declared."""
    count, periods = len(design.areas), len(design.periods)
    error = design.std_error.ravel()
    shared = np.full((periods, periods), design.study.period_correlation)
    np.fill_diagonal(shared, 1.0)
    found: Matrix = np.kron(shared, np.eye(count)) * np.outer(error, error)
    return found


def interval_settings(how: AnyDisparityInterval, design: RegionDesign) -> tuple[tuple[str, str], ...]:
    """How intervals are found, as used."""
    found: list[tuple[str, str]] = [("intervals", how.kind)]
    if isinstance(how, AreaBootstrap):
        found += [("intervals.replicates", str(how.replicates)), ("intervals.limits", how.limits)]
    if isinstance(how, AreaPosteriorDraws):
        found += [("intervals.draws", str(how.draws))]
        found += [("intervals.prior_sd", f"{prior_sd_of(design, how.prior_sd):g}")]
    return tuple(found)


def _checked(design: RegionDesign, seed: Seed | None) -> Seed:
    if design.study.period_correlation:
        raise PlanError(
            "periods that are correlated have intervals by the delta method",
            found="draws, and a `period_correlation`",
            allowed="intervals: {kind: delta}; or no `period_correlation`",
        )
    if seed is None:
        raise PlanError("intervals are drawn at random and there is no seed", allowed="a seed")
    return seed


def _replicates(design: RegionDesign, count: int, seed: Seed) -> Matrix:
    """Every area drawn again (R, T * K), rounding with it; one at 0 (or at all) as of half an event."""
    parts = []
    for at, period in enumerate(design.periods):
        rng = seed.at("bootstrap", period).generator()
        y, error = design.y[at], design.std_error[at]
        if design.law == "given":
            parts.append(y + rng.standard_normal((count, len(y))) * error)
            continue
        size, seen = design.size[at], np.maximum(design.events[at], HALF)
        if design.law == "binomial":
            share = np.minimum(seen, size - HALF) / size
            events = rng.binomial(np.round(size).astype(np.int64), share, (count, len(y))).astype(np.float64)
        else:
            events = rng.poisson(seen, (count, len(y))).astype(np.float64)
        blur = rng.standard_normal((count, len(y))) * np.sqrt(design.rounding[at])
        parts.append(design.factor * events / size + blur)
    return np.hstack(parts)


def _posterior(design: RegionDesign, of: tuple[int, float], seed: Seed) -> Matrix:
    count, prior = of
    parts = []
    for at, period in enumerate(design.periods):
        law = law_of(design, at)
        drawn = draw(law, prior, count, seed.at("posterior", period).generator())
        parts.append(design.factor * law.mean(drawn.eta))
    return np.hstack(parts)

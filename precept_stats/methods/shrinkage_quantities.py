"""How far areas are apart, from the SD of their log odds or log rates: quantities of (mean, log SDs)."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from precept_stats.inference.quantities import Quantity
from precept_stats.numerics.glmm.spread import LATENT_VARIANCE, LOG_80_RATIO, LOG_MEDIAN_RATIO
from precept_stats.studies.region_design import RegionDesign
from precept_stats.values import Scale

Vector = NDArray[np.float64]

AREAS, GROUPS = 1, 2
UNITS = {"binomial": "log odds", "poisson": "log rate"}


def spread_quantities(design: RegionDesign) -> tuple[Quantity, ...]:
    """The typical area, the SD between areas, and of counts what it means for two of them.

    The median ratio of two random areas, the higher over the lower (Larsen and Merlo 2005, Am J Epidemiol
    161:81); the share of the variance of log odds that is between areas (Goldstein, Browne and Rasbash 2002,
    Understanding Statistics 1:223); and the upper end of the interval that holds the middle 80 per cent of
    odds ratios of two people of different areas, the lower end being one over it (Larsen, Petersen,
    Budtz-Jorgensen and Endahl 2000, Biometrics 56:909), here without any covariate between them.
    """
    unit = UNITS.get(design.law, design.unit)
    found = [_typical(design), _log_sd("sd_between_areas", AREAS, unit)]
    if design.groups:
        found.append(_log_sd("sd_between_groups", GROUPS, unit))
    if design.law == "given":
        return tuple(found)
    word = "odds" if design.law == "binomial" else "rate"
    found += [_median_ratio(word), _interval_ratio(word)]
    if design.law == "binomial":
        found.append(_partition(in_groups=bool(design.groups)))
    return tuple(found)


def _unit_vector(params: Vector, place: int, size: float = 1.0) -> Vector:
    slope: Vector = np.zeros(len(params))
    slope[place] = size
    return slope


def _typical(design: RegionDesign) -> Quantity:
    """The area whose random effect is 0."""

    def value(params: Vector) -> float:
        shift = math.log(design.factor) if design.law == "poisson" else 0.0
        return float(params[0]) + shift

    scales: dict[str, Scale] = {"binomial": "logit", "poisson": "log", "given": "identity"}
    scale, unit = scales[design.law], "proportion" if design.law == "binomial" else design.unit
    return Quantity("typical_area", "", scale, unit, math.nan, value, lambda b: _unit_vector(b, 0))


def _log_sd(measure: str, place: int, unit: str) -> Quantity:
    return Quantity(
        measure, "", "log", unit, math.nan, lambda b: float(b[place]), lambda b: _unit_vector(b, place)
    )


def _median_ratio(word: str) -> Quantity:
    return Quantity(
        f"median_{word}_ratio", "", "log_above_one", "ratio", math.nan,
        lambda b: math.log(LOG_MEDIAN_RATIO) + float(b[AREAS]), lambda b: _unit_vector(b, AREAS),
    )  # fmt: skip


def _interval_ratio(word: str) -> Quantity:
    return Quantity(
        f"interval_{word}_ratio_80", "", "log_above_one", "ratio", math.nan,
        lambda b: math.log(LOG_80_RATIO) + float(b[AREAS]), lambda b: _unit_vector(b, AREAS),
    )  # fmt: skip


def _partition(*, in_groups: bool) -> Quantity:
    """The share between areas (in groups: between areas of different groups) of all the variance there is."""

    def logs(params: Vector) -> tuple[float, Vector]:
        variance = np.exp(2.0 * params[1:])
        top = float(variance.sum())
        return math.log(top) - math.log(LATENT_VARIANCE["logit"]) if top > 0 else -math.inf, variance

    def value(params: Vector) -> float:
        return logs(params)[0]

    def gradient(params: Vector) -> Vector:
        variance = logs(params)[1]
        total = float(variance.sum())
        return np.append(0.0, 2.0 * variance / total) if total > 0.0 else np.full(len(params), np.nan)

    term = "areas and their groups" if in_groups else ""
    return Quantity("variance_partition", term, "logit", "proportion", math.nan, value, gradient)

"""Areas estimated together as rows: how far they are apart, each of them, and its rank with its limits."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from precept_stats.inference.rows import Header
from precept_stats.inference.seeds import Seed
from precept_stats.methods.area_quantities import About, Groups, quantity_rows
from precept_stats.methods.disparity_area_rows import MEASURED
from precept_stats.methods.regional_shrinkage import RegionalShrinkage, Together
from precept_stats.studies.region_design import RegionDesign
from precept_stats.values import Row

ALIKE = "the areas differ no more than chance makes them: all are estimated alike, and have no ranks"


def shrinkage_rows(
    header: Header, design: RegionDesign, method: RegionalShrinkage, about: tuple[float, Seed]
) -> Iterator[Row]:
    """All rows, period by period; ``about`` is the level and the seed of the draws."""
    level, seed = about
    for name, value in method.settings(design):
        yield replace(header.row("setting", "value", value), variable=name)
    for at, period in enumerate(design.periods):
        groups: Groups = (("period", period),) if len(design.periods) > 1 else ()
        found = method.together(design, at, level, seed)
        told = About(header, "shrinkage", groups, level)
        for quantity in method.quantities(design):
            yield from quantity_rows(told, found.fit, quantity)
        yield from _single(told, "overdispersion", _dispersion(design, at))
        yield from _single(told, "median_reliability", float(np.median(found.reliability)))
        for k in range(len(design.areas)):
            yield from _area(told, design, found, k)


def _dispersion(design: RegionDesign, at: int) -> float:
    """Pearson's chi-squared about the common mean over its degrees of freedom: 1 where only chance differs.

    Source: McCullagh and Nelder 1989, Generalized linear models, section 4.5.
    """
    y, error = design.y[at], design.std_error[at]
    if design.law == "given":
        weight = 1.0 / error**2
        z = (y - weight @ y / weight.sum()) / error
    else:
        events, size = design.events[at], design.size[at]
        common = events.sum() / size.sum()
        spread = size * common * (1.0 - common if design.law == "binomial" else 1.0)
        z = (events - size * common) / np.sqrt(spread)
    return float(z @ z) / (len(y) - 1)


def _single(told: About, measure: str, value: float) -> Iterator[Row]:
    label = {
        "overdispersion": "Pearson's chi-squared about the common mean, over its degrees of freedom",
        "median_reliability": "Reliability of the median area's own estimate",
    }[measure]
    if not math.isfinite(value):
        return
    row = told.header.row("shrinkage", "estimate", value, label)
    yield replace(row, groups=told.groups, measure=measure)


def _area(told: About, design: RegionDesign, found: Together, k: int) -> Iterator[Row]:
    unit = design.unit
    numbers: list[tuple[str, str, float | str, str]] = [
        ("estimate", "Estimate, drawn towards the others", float(found.value[k]), unit),
        ("std_error", "Standard error on the scale of the model", float(found.std_error[k]), ""),
        ("conf_low", "Lower limit", float(found.lower[k]), unit),
        ("conf_high", "Upper limit", float(found.upper[k]), unit),
        ("conf_level", "Level", told.level, ""),
        ("conf_method", "How the interval was found", found.how, ""),
        ("reliability", "Reliability of the area's own estimate", float(found.reliability[k]), "proportion"),
    ]
    if found.ranks is not None:
        ranks = found.ranks
        numbers += [
            ("mean_rank", "Mean rank, 1 the best", float(ranks.mean[k]), ""),
            ("rank_low", "Lower limit of the rank", float(ranks.lower[k]), ""),
            ("rank_high", "Upper limit of the rank", float(ranks.upper[k]), ""),
            ("p_worst", "Chance to be among the worst", float(ranks.among_worst[k]), "proportion"),
        ]
    warning = "" if found.ranks is not None else ALIKE
    for name, label, stat, its in numbers:
        row = told.header.row("shrinkage", name, stat, label)
        row = replace(row, warning=warning, status="warning") if warning else row
        yield replace(
            row, groups=(("area", design.areas[k]), *told.groups), unit=its, measure=MEASURED[design.law]
        )

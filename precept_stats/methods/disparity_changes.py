"""Changes of indices between periods: differences, ratios, a test of narrowing, and what the mean tells."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from precept_stats.inference.asymptotic import critical_value, two_sided_p
from precept_stats.inference.fit import Fit
from precept_stats.inference.quantities import Quantity
from precept_stats.inference.rows import Header
from precept_stats.methods.area_quantities import About, Groups, limited, quantity_rows
from precept_stats.methods.disparity_areas import period_of
from precept_stats.methods.disparity_indices import DisparityIndices, change_of, ratio_of
from precept_stats.methods.disparity_intervals import area_covariance
from precept_stats.numerics.inequality.decomposition import (
    Decomposition,
    Link,
    Part,
    PeriodEstimates,
    decompose,
)
from precept_stats.numerics.inequality.measure import Measure
from precept_stats.numerics.inequality.noise import CorrectedVariance, corrected_variance
from precept_stats.studies.region_design import RegionDesign
from precept_stats.values import Row


@dataclass(frozen=True, slots=True, eq=False)
class Of:
    """A fitted design, the level of intervals, and the quantities that can be had by measure and period."""

    design: RegionDesign
    fit: Fit
    level: float
    quantities: Mapping[tuple[str, int], Quantity]


WALD = "estimate and standard error"
NARROWING = "the areas are as far apart as before (variance without sampling error)"
NOT_SURE = "the change itself is not told from none, so it has no parts that are shares"


def change_rows(header: Header, method: DisparityIndices, of: Of, pair: tuple[int, int]) -> Iterator[Row]:
    """How each measure changed between two periods, the later one first in ``pair``."""
    design, fit, level, quantities = of.design, of.fit, of.level, of.quantities
    groups: Groups = (("period", design.periods[pair[0]]), ("compared_with", design.periods[pair[1]]))
    told = About(header, "disparity", groups, level)
    names = (design.periods[pair[0]], design.periods[pair[1]])
    for measure in method.chosen(design):
        both = [quantities.get((measure.name, at)) for at in pair]
        if both[0] is None or both[1] is None:
            continue
        yield from quantity_rows(told, fit, change_of(both[0], both[1], names))
        if _has_ratio(measure, design, pair):
            yield from quantity_rows(told, fit, ratio_of(both[0], both[1], names))
    if method.corrected:
        yield from _parts(told, design, pair)


def corrected_of(design: RegionDesign, at: int, level: float) -> CorrectedVariance:
    """The variance between the areas of one period without sampling error."""
    return corrected_variance(design.y[at], design.share[at], np.diag(design.std_error[at] ** 2), level)


def _has_ratio(measure: Measure, design: RegionDesign, pair: tuple[int, int]) -> bool:
    """Whether a measure has no sign and is above 0 in both periods."""
    if measure.scale != "identity" or not math.isnan(measure.null):
        return False
    values = (measure.value(design.y[at], period_of(design, at).areas) for at in pair)
    return all(float(value) > 0.0 for value in values)


def link_of(design: RegionDesign) -> Link:
    """The scale on which areas keep their distances while the mean moves."""
    if math.isfinite(design.bounds[1]):
        return "logit"
    positive = design.bounds[0] == 0.0 and bool(np.all(design.y @ np.ones(len(design.areas)) > 0.0))
    return "log" if positive else "identity"


def decomposed(design: RegionDesign, pair: tuple[int, int]) -> Decomposition:
    """The change of the corrected variance, in parts; the mean has to be inside of its bounds."""
    later, earlier = (PeriodEstimates(design.y[at], design.share[at]) for at in pair)
    count = len(design.areas)
    places = np.concatenate([np.arange(at * count, (at + 1) * count) for at in reversed(pair)])
    covariance = area_covariance(design)[np.ix_(places, places)]
    return decompose(earlier, later, covariance, link_of(design), design.bounds[1])


def _parts(told: About, design: RegionDesign, pair: tuple[int, int]) -> Iterator[Row]:
    """The change of the corrected variance, its test, and what of it goes with the mean."""
    means = [float(design.y[at] @ design.share[at]) for at in pair]
    inside = link_of(design) == "identity" or all(design.bounds[0] < one < design.bounds[1] for one in means)
    if not inside:
        return
    found = decomposed(design, pair)
    term = " - ".join(design.periods[at] for at in pair)
    unit = f"{design.unit}, squared" if design.unit else ""
    row = replace(
        told.header.row("disparity", "", None), groups=told.groups, term=term, unit=unit, measure=""
    )
    for measure, part in (
        ("change_bgv_corrected", found.total),
        ("change_bgv_from_mean", found.from_mean),
        ("change_bgv_from_spread", found.from_spread),
    ):
        yield from _part_rows(replace(row, measure=measure), part, told.level)
    about = replace(row, stat_name="estimate", unit=design.unit, term="")
    label = "Standard deviation of areas, had every area kept its distance on the scale of the link"
    expected = math.sqrt(max(found.expected, 0.0))
    yield replace(about, measure="bgsd_expected", stat=expected, stat_label=label)
    yield from _share(replace(about, unit="proportion"), found, told.level)
    yield from _test(told, found.total)


def _part_rows(row: Row, part: Part, level: float) -> Iterator[Row]:
    half = critical_value(math.inf, level) * part.std_error
    yield from limited(row, (part.value, (part.value - half, part.value + half), WALD), level)
    yield replace(row, stat_name="std_error", stat=part.std_error, stat_label="Standard error", unit="")


def _share(row: Row, found: Decomposition, level: float) -> Iterator[Row]:
    """The part of the change that goes with the mean, where there is a change to speak of."""
    row = replace(row, measure="share_from_mean", stat_label="Share of the change that goes with the mean")
    total = found.total
    if abs(total.value) <= critical_value(math.inf, level) * total.std_error:
        yield replace(row, stat=None, error=NOT_SURE, status="failed")
    else:
        yield replace(row, stat=found.from_mean.value / total.value)


def _test(told: About, total: Part) -> Iterator[Row]:
    """The test that the spread did not change, two-sided: areas may have come apart as well."""
    if not total.std_error > 0.0:
        return
    statistic = total.value / total.std_error
    numbers = (
        ("statistic", "Change over its standard error", statistic),
        ("p_value", "p-value", two_sided_p(statistic, math.inf)),
    )
    for name, label, stat in numbers:
        row = told.header.row("joint_test", name, stat, label)
        yield replace(row, groups=(("test", NARROWING), *told.groups))

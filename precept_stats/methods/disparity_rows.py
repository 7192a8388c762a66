"""Indices of disparity as rows: each measure in each period, what of it is noise, and what changed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from precept_stats.errors import FitError
from precept_stats.inference.asymptotic import critical_value
from precept_stats.inference.fit import Fit
from precept_stats.inference.quantities import Quantity
from precept_stats.inference.rows import Header, context_rows, fit_rows
from precept_stats.inference.uncertainty import estimate, point_value
from precept_stats.methods.disparity_area_rows import area_rows
from precept_stats.methods.disparity_areas import Period, period_of
from precept_stats.methods.disparity_indices import DisparityIndices, change_of, quantity_of
from precept_stats.numerics.inequality.heterogeneity import heterogeneity
from precept_stats.numerics.inequality.measure import why_not
from precept_stats.numerics.inequality.noise import CorrectedVariance, corrected_variance, expected_range
from precept_stats.studies.region_design import RegionDesign
from precept_stats.values import Row

Groups = tuple[tuple[str, str], ...]

INVERSION = "inversion of tests of a scaled chi-squared"
Q_PROFILE = "profile of the generalised Q"
NEGATIVE = "the areas differ less than their sampling error alone would make them"
BELOW_BOUND = "the normal interval goes below 0, which this cannot: read the corrected variance"
CHOSEN = "the two areas were chosen by their estimates, of which the interval takes no account"


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """One period of a design, with what its rows repeat."""

    header: Header
    design: RegionDesign
    at: int
    period: Period
    groups: Groups
    level: float


def disparity_rows(
    header: Header, design: RegionDesign, method: DisparityIndices, level: float
) -> Iterator[Row]:
    """All rows of a disparity. A measure that cannot be had is a row with the reason, the others stand."""
    fit = method.fit(design)
    for at, name in enumerate(design.periods):
        groups = (("period", name),) if len(design.periods) > 1 else ()
        part = _Part(header, design, at, period_of(design, at), groups, level)
        yield from area_rows(header, design, at, level)
        yield from _measure_rows(part, method, fit)
        yield from _chance_rows(part)
        if method.corrected:
            yield from _corrected_rows(part)
    for pair in method.pairs(design):
        yield from _change_rows(header, method, (design, fit, level), pair)
    yield from fit_rows(header, fit)


def _measure_rows(part: _Part, method: DisparityIndices, fit: Fit) -> Iterator[Row]:
    design, at, areas = part.design, part.at, part.period.areas
    for measure in method.chosen(design):
        quantity = quantity_of(measure, design, at, part.period)
        reason = why_not(measure, design.y[at], areas)
        if reason:
            row = part.header.row("disparity", "estimate", None, measure.label)
            yield replace(row, groups=part.groups, measure=measure.name, error=reason, status="failed")
            continue
        warning = CHOSEN if part.period.chosen and "two areas" in measure.needs else ""
        yield from _quantity_rows((part.header, part.groups), (fit, part.level), quantity, warning)


def _quantity_rows(
    about: tuple[Header, Groups], of: tuple[Fit, float], quantity: Quantity, warning: str
) -> Iterator[Row]:
    """The numbers of one quantity, or its value alone with the reason why it has no interval."""
    (header, groups), (fit, level) = about, of
    try:
        found = estimate(fit.uncertainty, quantity, level)
    except FitError as problem:
        value = point_value(fit.uncertainty, quantity)
        row = header.row("disparity", "estimate", value if math.isfinite(value) else None, "Estimate")
        row = replace(
            row, groups=groups, term=quantity.contrast, measure=quantity.measure, unit=quantity.unit
        )
        if row.stat is None:
            yield replace(row, error=problem.problem, status="failed")
        else:
            yield replace(row, warning=problem.problem, status="warning")
        return
    if math.isnan(quantity.null) and quantity.measure != "mean" and found.interval.lower < 0.0:
        warning = BELOW_BOUND
    for row in context_rows(header, "disparity", found, groups):
        yield replace(row, warning=warning, status="warning") if warning else row


def _chance_rows(part: _Part) -> Iterator[Row]:
    """Whether the areas differ by more than chance, how much, and how far apart chance would put the ends."""
    design, at = part.design, part.at
    found = heterogeneity(design.y[at], design.std_error[at] ** 2, part.level)
    test = (("test", "the areas are all alike (Cochran's Q)"), *part.groups)
    numbers = (
        ("statistic", "Chi-squared / df", found.q / found.df),
        ("df1", "Degrees of freedom", found.df),
        ("p_value", "p-value", found.p_value),
    )
    for name, label, stat in numbers:
        yield replace(part.header.row("joint_test", name, stat, label), groups=test)
    limits = (math.sqrt(found.lower), math.sqrt(found.upper))
    row = _plain(part, "tau", design.unit)
    yield from _limited(row, (math.sqrt(found.tau2_reml), limits, Q_PROFILE), part.level)
    share = replace(_plain(part, "i2", "proportion"), stat_name="estimate")
    yield replace(share, stat=found.i2, stat_label="Share of the variance that is between areas")
    if part.period.chosen:
        apart = replace(_plain(part, "expected_range", design.unit), stat_name="estimate")
        label = "Mean difference of the highest and the lowest were all areas truly equal"
        yield replace(apart, stat=expected_range(design.std_error[at]), stat_label=label)


def _plain(part: _Part, measure: str, unit: str) -> Row:
    return replace(part.header.row("disparity", "", None), groups=part.groups, measure=measure, unit=unit)


def _limited(
    row: Row, of: tuple[float, tuple[float, float], str], level: float, warning: str = ""
) -> Iterator[Row]:
    """An estimate with limits that were found apart from a standard error."""
    value, (lower, upper), method = of
    told: tuple[tuple[str, str, float | str], ...] = (
        ("estimate", "Estimate", value),
        ("conf_low", "Lower confidence limit", lower),
        ("conf_high", "Upper confidence limit", upper),
        ("conf_level", "Confidence level", level),
        ("conf_method", "How the interval was found", method),
    )
    for name, label, stat in told:
        unit = row.unit if name in ("estimate", "conf_low", "conf_high") else ""
        row = replace(row, warning=warning, status="warning") if warning else row
        yield replace(row, stat_name=name, stat=stat, stat_label=label, unit=unit)


def _corrected(design: RegionDesign, at: int, level: float) -> CorrectedVariance:
    return corrected_variance(design.y[at], design.share[at], np.diag(design.std_error[at] ** 2), level)


def _corrected_rows(part: _Part) -> Iterator[Row]:
    """Variance, standard deviation and coefficient of variation without sampling error."""
    design = part.design
    found = _corrected(design, part.at, part.level)
    warning = NEGATIVE if found.value < 0.0 else ""
    squared = f"{design.unit}, squared" if design.unit else ""
    row = _plain(part, "bgv_corrected", squared)
    yield from _limited(row, (found.value, (found.lower, found.upper), INVERSION), part.level, warning)
    error = replace(row, stat_name="std_error", stat=found.std_error, stat_label="Standard error", unit="")
    yield error
    roots = tuple(math.sqrt(max(0.0, one)) for one in (found.value, found.lower, found.upper))
    row = _plain(part, "bgsd_corrected", design.unit)
    yield from _limited(row, (roots[0], (roots[1], roots[2]), INVERSION), part.level, warning)
    middle = float(design.y[part.at] @ design.share[part.at])
    if middle > 0.0:
        relative = tuple(100.0 * one / middle for one in roots)
        row = _plain(part, "cov_corrected", "per cent of the mean")
        how = f"{INVERSION}, the mean taken as known"
        yield from _limited(row, (relative[0], (relative[1], relative[2]), how), part.level, warning)


def _change_rows(
    header: Header, method: DisparityIndices, of: tuple[RegionDesign, Fit, float], pair: tuple[int, int]
) -> Iterator[Row]:
    """How each measure changed between two periods; areas of different periods are independent."""
    design, fit, level = of
    groups = (("period", design.periods[pair[0]]), ("compared_with", design.periods[pair[1]]))
    had = [period_of(design, at).areas for at in pair]
    for measure in method.chosen(design):
        if any(why_not(measure, design.y[at], areas) for at, areas in zip(pair, had, strict=True)):
            continue
        yield from _quantity_rows((header, groups), (fit, level), change_of(measure, design, pair), "")
    if method.corrected:
        yield from _corrected_change(replace(header.row("disparity", "", None), groups=groups), of, pair)


def _corrected_change(
    about: Row, of: tuple[RegionDesign, Fit, float], pair: tuple[int, int]
) -> Iterator[Row]:
    """The change of the corrected variance: without bias, whatever the sizes of the areas in each period."""
    design, _, level = of
    later, earlier = (_corrected(design, at, level) for at in pair)
    value, error = later.value - earlier.value, math.hypot(later.std_error, earlier.std_error)
    half = critical_value(math.inf, level) * error
    term = " - ".join(design.periods[at] for at in pair)
    unit = f"{design.unit}, squared" if design.unit else ""
    row = replace(about, measure="change_bgv_corrected", term=term, unit=unit)
    method = "estimate and standard error"
    yield from _limited(row, (value, (value - half, value + half), method), level)
    yield replace(row, stat_name="std_error", stat=error, stat_label="Standard error", unit="")

"""Indices of disparity as rows: each measure in each period, what of it is noise, and what changed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from precept_stats.inference.quantities import Quantity
from precept_stats.inference.rows import Header, fit_rows
from precept_stats.inference.seeds import Seed
from precept_stats.methods.area_quantities import About, Groups, limited, quantity_rows
from precept_stats.methods.disparity_area_rows import area_rows
from precept_stats.methods.disparity_areas import Period, period_of
from precept_stats.methods.disparity_changes import Of, change_rows, corrected_of
from precept_stats.methods.disparity_indices import DisparityIndices, evaluated, quantity_of
from precept_stats.numerics.inequality.heterogeneity import heterogeneity
from precept_stats.numerics.inequality.measure import Measure, why_not
from precept_stats.numerics.inequality.noise import expected_range
from precept_stats.studies.region_design import RegionDesign
from precept_stats.studies.regions import BestArea, WorstArea
from precept_stats.values import Row

INVERSION = "inversion of tests of a scaled chi-squared"
Q_PROFILE = "profile of the generalised Q"
NEGATIVE = "the areas differ less than their sampling error alone would make them"
CHOSEN = "the two areas were chosen by their estimates, of which the interval takes no account"
REFERENCE_CHOSEN = (
    "the area this is measured from was chosen by its estimate, of which the interval takes no account"
)
FROM_BEST = ("mdbu", "mdbw")
FROM_REFERENCE = ("mdru", "mdrw", "par", "paf")


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
    header: Header, design: RegionDesign, method: DisparityIndices, about: tuple[float, Seed | None]
) -> Iterator[Row]:
    """All rows of a disparity. A measure that cannot be had is a row with the reason, the others stand.

    ``about`` is the level of intervals, and the seed of those that are drawn.
    """
    level, seed = about
    fit = method.fit(design, seed)
    had: dict[tuple[str, int], Quantity] = {}
    for at, name in enumerate(design.periods):
        groups = (("period", name),) if len(design.periods) > 1 else ()
        part = _Part(header, design, at, period_of(design, at), groups, level)
        yield from area_rows(header, design, at, level)
        for measure in method.chosen(design):
            reason = why_not(measure, design.y[at], part.period.areas)
            if reason:
                yield _without(part, measure, reason)
                continue
            quantity = evaluated(quantity_of(measure, design, at, part.period), fit)
            had[measure.name, at] = quantity
            told = About(header, "disparity", groups, level)
            yield from quantity_rows(told, fit, quantity, _selection(part, measure))
        yield from _chance_rows(part)
        if method.corrected:
            yield from _corrected_rows(part)
    for pair in method.pairs(design):
        yield from change_rows(header, method, Of(design, fit, level, had), pair)
    yield from fit_rows(header, fit)


def _selection(part: _Part, measure: Measure) -> str:
    """What choosing areas by their own estimates does to an interval; nothing where none were chosen."""
    if part.period.chosen and "two areas" in measure.needs:
        return CHOSEN
    by_estimate = isinstance(part.design.study.reference, BestArea | WorstArea)
    from_chosen = measure.name in FROM_BEST or (by_estimate and measure.name in FROM_REFERENCE)
    return REFERENCE_CHOSEN if from_chosen else ""


def _without(part: _Part, measure: Measure, reason: str) -> Row:
    """A measure that cannot be had, and why."""
    row = part.header.row("disparity", "estimate", None, measure.label)
    return replace(row, groups=part.groups, measure=measure.name, error=reason, status="failed")


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
    yield from limited(row, (math.sqrt(found.tau2_reml), limits, Q_PROFILE), part.level)
    share = replace(_plain(part, "i2", "proportion"), stat_name="estimate")
    yield replace(share, stat=found.i2, stat_label="Share of the variance that is between areas")
    if part.period.chosen:
        apart = replace(_plain(part, "expected_range", design.unit), stat_name="estimate")
        label = "Mean difference of the highest and the lowest were all areas truly equal"
        yield replace(apart, stat=expected_range(design.std_error[at]), stat_label=label)


def _plain(part: _Part, measure: str, unit: str) -> Row:
    return replace(part.header.row("disparity", "", None), groups=part.groups, measure=measure, unit=unit)


def _corrected_rows(part: _Part) -> Iterator[Row]:
    """Variance, standard deviation and coefficient of variation without sampling error."""
    design = part.design
    found = corrected_of(design, part.at, part.level)
    warning = NEGATIVE if found.value < 0.0 else ""
    squared = f"{design.unit}, squared" if design.unit else ""
    row = _plain(part, "bgv_corrected", squared)
    yield from limited(row, (found.value, (found.lower, found.upper), INVERSION), part.level, warning)
    error = replace(row, stat_name="std_error", stat=found.std_error, stat_label="Standard error", unit="")
    yield error
    roots = tuple(math.sqrt(max(0.0, one)) for one in (found.value, found.lower, found.upper))
    row = _plain(part, "bgsd_corrected", design.unit)
    yield from limited(row, (roots[0], (roots[1], roots[2]), INVERSION), part.level, warning)
    middle = float(design.y[part.at] @ design.share[part.at])
    if middle > 0.0:
        relative = tuple(100.0 * one / middle for one in roots)
        row = _plain(part, "cov_corrected", "per cent of the mean")
        how = f"{INVERSION}, the mean taken as known"
        yield from limited(row, (relative[0], (relative[1], relative[2]), how), part.level, warning)

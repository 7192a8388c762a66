"""Each area as rows: its estimate with an interval of its own, its counts, its share and rank."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from precept_stats.inference.asymptotic import critical_value
from precept_stats.inference.rows import Header
from precept_stats.numerics.proportion import wilson_interval
from precept_stats.numerics.rate import rate_interval
from precept_stats.studies.region_design import RegionDesign
from precept_stats.values import Row

MEASURED = {"binomial": "proportion", "poisson": "rate", "given": "estimate"}
WILSON = "Wilson's score interval"
WILSON_WIDER = "Wilson's score interval, of as many people as leave the variance with rounding"
EXACT_RATE = "exact Poisson interval"

Numbers = list[tuple[str, str, float | int | str, str]]


def area_rows(header: Header, design: RegionDesign, at: int, level: float) -> Iterator[Row]:
    """The rows of every area in the period of a number."""
    for k, name in enumerate(design.areas):
        groups = [("area", name)] + ([("period", design.periods[at])] if len(design.periods) > 1 else [])
        for stat_name, label, stat, unit in (*_estimate(design, at, k, level), *_counts(design, at, k)):
            row = header.row("area", stat_name, stat, label)
            yield replace(row, groups=tuple(groups), unit=unit, measure=MEASURED[design.law])


def _estimate(design: RegionDesign, at: int, k: int, level: float) -> Numbers:
    (lower, upper), how = _interval(design, at, k, level)
    numbers: Numbers = [
        ("estimate", "Estimate", float(design.y[at, k]), design.unit),
        ("std_error", "Standard error", float(design.std_error[at, k]), ""),
        ("conf_low", "Lower confidence limit", lower, design.unit),
        ("conf_high", "Upper confidence limit", upper, design.unit),
        ("conf_level", "Confidence level", level, ""),
        ("share", "Weight among the areas", float(design.share[at, k]), ""),
    ]
    return [*numbers, ("conf_method", "How the interval was found", how, "")] if how else numbers


def _counts(design: RegionDesign, at: int, k: int) -> Numbers:
    numbers: Numbers = []
    if design.law == "binomial":
        numbers.append(("n", "Events", _whole(design.events[at, k]), "individuals"))
        numbers.append(("N", "Individuals", _whole(design.size[at, k]), "individuals"))
        missed = _whole(design.size[at, k] - design.events[at, k])
        numbers.append(("n_missed", "Individuals without the outcome", missed, "individuals"))
    elif design.law == "poisson":
        numbers.append(("n", "Events", _whole(design.events[at, k]), "events"))
        numbers.append(("person_time", "Person-time", float(design.size[at, k]), ""))
    if design.ordered:
        numbers.append(("rank", "Rank, from the least advantaged", float(design.rank[at, k]), ""))
    return numbers


def _whole(count: float) -> float | int:
    return int(count) if float(count).is_integer() else float(count)


def _interval(design: RegionDesign, at: int, k: int, level: float) -> tuple[tuple[float, float], str]:
    """The interval of one area, and how it was found: empty for an estimate and its standard error.

    Of rounded counts the score interval is that of as many people as would leave the variance that the
    estimate has with the rounding in it; of rates that were rounded it is an estimate and its error.
    """
    y, error, factor = float(design.y[at, k]), float(design.std_error[at, k]), design.factor
    events, size = float(design.events[at, k]), float(design.size[at, k])
    rounded = design.study.rounded_to is not None
    if design.law == "given" or (design.law == "poisson" and rounded):
        half = critical_value(float("inf"), level) * error
        return (y - half, y + half), ""
    if design.law == "poisson":
        lower, upper = rate_interval(events, size, level)
        return (factor * lower, factor * upper), EXACT_RATE
    share = y / factor
    wider = rounded and 0.0 < share < 1.0
    people = share * (1.0 - share) / (error / factor) ** 2 if wider else size
    lower, upper = wilson_interval(share * people, people, level)
    return (factor * lower, factor * upper), WILSON_WIDER if wider else WILSON

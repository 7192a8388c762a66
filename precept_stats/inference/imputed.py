"""Fits of completed data sets as one fit, and the rows that say what was imputed and at what cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from precept_stats.errors import FitError
from precept_stats.inference.asymptotic import Asymptotic
from precept_stats.inference.fit import Fact, Fit
from precept_stats.inference.pooled import Pooled, combined, over_fits
from precept_stats.inference.quantities import Quantity
from precept_stats.inference.rows import Header
from precept_stats.inference.uncertainty import estimate
from precept_stats.values import Row, Status

WORST: tuple[Status, ...] = ("failed", "warning", "boundary", "ok")
NOT_POOLED = ("prediction", "joint_test")
"""Facts that may not be averaged: each is a test, or has an uncertainty of its own."""


@dataclass(frozen=True, slots=True, eq=False)
class Completed:
    """The pooled fit of completed data sets and its quantities: the effect first, then one mean an arm."""

    fit: Fit
    targets: tuple[Quantity, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Shifted:
    """The pooled effect when imputed outcomes are shifted, by arm."""

    reference: float
    compare: float
    completed: Completed


def pooled_fit(fits: Sequence[Fit], targets: Sequence[tuple[Quantity, ...]]) -> Completed:
    """One fit of several. FitError where a fit has no standard error on a t or normal distribution."""
    points = []
    for fit in fits:
        if not isinstance(fit.uncertainty, Asymptotic):
            raise FitError(
                "fits of imputed data are pooled by their standard errors, and this method gives none",
                found=type(fit.uncertainty).__name__.lower(),
                allowed="a method whose intervals are an estimate and its standard error (no randomisation "
                "test, bootstrap or profile likelihood)",
            )
        points.append(fit.uncertainty)
    first = fits[0]
    pooled = Fit(
        uncertainty=Pooled(tuple(points)),
        status=min((fit.status for fit in fits), key=WORST.index),
        evidence=(("imputed_data_sets", float(len(fits))),),
        warnings=_warnings(fits),
        facts=_facts(fits),
        settings=first.settings,
        further=_same([fit.further for fit in fits], points),
        averages=_averages(fits, points),
    )
    return Completed(pooled, _same(targets, points))


def _same(quantities: Sequence[tuple[Quantity, ...]], points: Sequence[Asymptotic]) -> tuple[Quantity, ...]:
    """Quantities that every fit has, pooled; none where the fits do not have the same ones."""
    asked = {tuple((q.measure, q.contrast, q.scale) for q in of_fit) for of_fit in quantities}
    if len(asked) > 1:
        return ()
    return tuple(over_fits(each, points) for each in zip(*quantities, strict=True))


def _averages(fits: Sequence[Fit], points: Sequence[Asymptotic]) -> tuple[tuple[str, Quantity], ...]:
    names = [tuple(name for name, _ in fit.averages) for fit in fits]
    if len(set(names)) > 1:
        return ()
    pooled = _same([tuple(quantity for _, quantity in fit.averages) for fit in fits], points)
    return tuple(zip(names[0], pooled, strict=True))


def _warnings(fits: Sequence[Fit]) -> tuple[str, ...]:
    """Every warning once, with the share of data sets that it is of."""
    counted = Counter(text for fit in fits for text in dict.fromkeys(fit.warnings))
    m = len(fits)
    return tuple(
        text if count == m else f"{text} (in {count} of {m} imputed data sets)"
        for text, count in counted.items()
    )


def _facts(fits: Sequence[Fit]) -> tuple[Fact, ...]:
    """Facts that all fits share: as they are where they agree, numbers that differ as their mean."""
    by_key = [{(fact.context, fact.name, fact.groups): fact for fact in fit.facts} for fit in fits]
    found = []
    for key, fact in by_key[0].items():
        if fact.context in NOT_POOLED or not all(key in other for other in by_key):
            continue
        values = [other[key].stat for other in by_key]
        if all(value == fact.stat for value in values):
            found.append(fact)
            continue
        numbers = [float(value) for value in values if not isinstance(value, str)]
        if len(numbers) == len(values):
            mean = sum(numbers) / len(numbers)
            stat = round(mean) if isinstance(fact.stat, int) else mean
            found.append(replace(fact, stat=stat, label=f"{fact.label} (mean over imputations)"))
    return tuple(found)


def imputation_rows(header: Header, completed: Completed) -> Iterator[Row]:
    """What missing outcomes cost: rows of the effect, then of the mean of each arm."""
    if not isinstance(completed.fit.uncertainty, Pooled):
        return
    effect, *means = completed.targets
    about = [((), effect), *(((("arm", mean.contrast),), mean) for mean in means)]
    for groups, quantity in about:
        found = combined(completed.fit.uncertainty, quantity)
        for name, label, value in (
            ("riv", "Relative increase in variance by what is missing", found.riv),
            ("lambda", "Share of the variance that is due to what is missing", found.share),
            ("fmi", "Fraction of missing information", found.fmi),
            ("mc_error", "Monte Carlo standard error of the estimate", found.mc_error),
        ):
            row = header.row("imputation", name, value, label)
            yield replace(
                row, groups=groups, term=quantity.contrast, measure=quantity.measure, scale=quantity.scale
            )


def tipping_rows(header: Header, points: Sequence[Shifted], level: float) -> Iterator[Row]:
    """The effect at every pair of shifts: estimate, limits and p-value, or why there is none."""
    for point in points:
        groups = (("delta_reference", f"{point.reference:g}"), ("delta_compare", f"{point.compare:g}"))
        effect = point.completed.targets[0]
        found = estimate(point.completed.fit.uncertainty, effect, level)
        for name, label, value in (
            ("estimate", "Estimate", found.value),
            ("conf_low", "Lower confidence limit", found.interval.lower),
            ("conf_high", "Upper confidence limit", found.interval.upper),
            ("conf_level", "Confidence level", level),
            ("p_value", "Two-sided p-value", found.p_value),
            ("null", "Null value", found.null),
        ):
            row = header.row("tipping_point", name, value, label)
            unit = found.unit if name in ("estimate", "conf_low", "conf_high", "null") else ""
            yield replace(
                row, groups=groups, unit=unit, term=found.contrast, measure=found.measure, scale=found.scale
            )

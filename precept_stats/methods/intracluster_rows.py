"""Intracluster correlations of one design as rows: every estimator, in every arm that is asked for.

An estimator that fails becomes a row with the reason; the others stand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from precept_stats.errors import FitError
from precept_stats.inference.quantities import Quantity
from precept_stats.inference.seeds import Seed
from precept_stats.inference.uncertainty import Uncertainty, estimate, point_value
from precept_stats.methods.icc_clusters import cluster_periods_of, clusters_of, in_arm, plain_periods
from precept_stats.methods.icc_conditions import condition_shares, under
from precept_stats.methods.intracluster import IccSettings
from precept_stats.methods.linear_mixed import LinearMixed
from precept_stats.methods.settings import listed
from precept_stats.methods.settings_icc import AnyIcc, IccAnswer, PairwiseIcc, RestrictedIcc
from precept_stats.methods.settings_icc_intervals import BcaBootstrap, Drawn, PercentileBootstrap
from precept_stats.methods.settings_mixed import NormalReference
from precept_stats.methods.settings_random import NestedExchangeable
from precept_stats.numerics.clustering import size_variation
from precept_stats.numerics.icc.clustered import Clustered, least_variance_effect, size_weighted_effect
from precept_stats.numerics.icc.periods import (
    ClusterPeriods,
    pairwise_between_periods,
    pairwise_over_periods,
    pairwise_within_period,
)
from precept_stats.studies.cluster_trial_design import ClusterTrialDesign
from precept_stats.studies.design import AnyDesign
from precept_stats.studies.period_design import PeriodDesign
from precept_stats.values import Row

Ints = NDArray[np.intp]
Groups = tuple[tuple[str, str], ...]

OVER_PERIODS = ("icc_within_period", "icc_between_periods", "cluster_autocorrelation")
SCALES = {"binary": "proportions", "continuous": "the outcome"}
LATENT = "log odds (latent)"


@dataclass(frozen=True, slots=True)
class IccHow:
    """The confidence level, and the seed of what is drawn, if any."""

    level: float = 0.95
    seed: Seed | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """The clusters that one set of correlations is of, and how rows name them."""

    groups: Groups
    data: Clustered


def correlation_rows(about: Row, design: AnyDesign, settings: IccSettings, how: IccHow) -> Iterator[Row]:
    """The rows of all correlations; ``about`` is repeated in each. Raises FitError for what none can take."""
    if isinstance(design, PeriodDesign):
        yield from _over_periods(about, design, settings, how)
    else:
        for part in _parts(design, settings):
            yield from _at_once(about, design, (part, settings), how)
    yield from _settings(about, settings)


def _parts(design: ClusterTrialDesign, settings: IccSettings) -> Iterator[_Part]:
    whole = clusters_of(design, settings.removed)
    yield _Part((), whole)
    if settings.by_arm:
        for arm, name in enumerate(design.arm_names):
            yield _Part((("arm", name),), in_arm(whole, design, arm))


def _at_once(
    about: Row, design: ClusterTrialDesign, of: tuple[_Part, IccSettings], how: IccHow
) -> Iterator[Row]:
    part, settings = of
    yield from _size_rows(replace(about, groups=part.groups), part.data.size)
    if design.outcome.type == "binary":
        yield _event_row(replace(about, groups=part.groups), design, float(part.data.total.sum()))
    for estimator in settings.estimators:
        row = replace(about, groups=(*part.groups, ("estimator", estimator.text)))
        measure = "icc_latent" if estimator.latent else "icc"
        yield _scale_row(row, estimator, design)
        seed = _seed(how, estimator, part.groups)
        try:
            with np.errstate(all="ignore"):
                found = estimator.answer(part.data, how.level, seed)
        except FitError as problem:
            yield _failed(replace(row, measure=measure), problem)
            continue
        yield from _answer_rows(replace(row, measure=measure), found, how.level)
        if not estimator.latent:
            yield from _design_effects(row, part.data.size, found.value)


def _over_periods(about: Row, design: PeriodDesign, settings: IccSettings, how: IccHow) -> Iterator[Row]:
    """All clusters, and where conditions are asked apart the cluster-periods under each."""
    yield from _in_periods(about, design, settings, how)
    for arm, name in enumerate(design.arm_names) if settings.by_arm else ():
        row = replace(about, groups=(("arm", name),))
        try:
            part = under(plain_periods(design, settings.removed), arm)
        except FitError as problem:
            yield _failed(replace(row, measure=OVER_PERIODS[0]), problem)
            continue
        yield from _in_periods(row, part, settings, how)


def _in_periods(about: Row, design: PeriodDesign, settings: IccSettings, how: IccHow) -> Iterator[Row]:
    yield from _size_rows(about, design.cluster_size)
    if design.outcome.type == "binary":
        yield _event_row(about, design, float(design.y.sum()))
    yield replace(about, stat_name="n_periods", stat=design.n_periods, stat_label="Periods")
    for estimator in settings.estimators:
        row = replace(about, groups=(*about.groups, ("estimator", estimator.text)))
        yield _scale_row(row, estimator, design)
        try:
            if isinstance(estimator, RestrictedIcc):
                yield from _mixed(row, plain_periods(design, settings.removed), how)
            elif isinstance(estimator, PairwiseIcc):
                data = cluster_periods_of(design, settings.removed)
                yield from _pairwise(row, estimator, data, how)
            else:
                raise FitError(f"{estimator.kind} is for one time", allowed="reml or pairwise")
        except FitError as problem:
            yield _failed(replace(row, measure=OVER_PERIODS[0]), problem)


def _mixed(row: Row, design: PeriodDesign, how: IccHow) -> Iterator[Row]:
    """From the linear mixed model of trials over periods, inferred as there."""
    uncertainty, quantities = _shares(design, whole=not row.group("arm"))
    for quantity in quantities:
        if quantity.measure in OVER_PERIODS:
            here = replace(row, measure=quantity.measure)
            try:
                with np.errstate(all="ignore"):
                    found = estimate(uncertainty, quantity, how.level)
            except FitError as problem:
                value = point_value(uncertainty, quantity)
                if np.isfinite(value):
                    warning = f"no interval: {problem.problem}"
                    yield from _answer_rows(here, IccAnswer(value, warning=warning), how.level)
                else:
                    yield _failed(here, problem)
                continue
            limits = (found.interval.lower, found.interval.upper)
            yield from _number_rows(
                replace(here, scale=quantity.scale), (found.value, found.std_error, limits, ""), how.level
            )


def _shares(design: PeriodDesign, *, whole: bool) -> tuple[Uncertainty, tuple[Quantity, ...]]:
    if not whole:
        return condition_shares(design)
    fit = LinearMixed(random=NestedExchangeable(), df=NormalReference()).fit(design)
    return fit.uncertainty, fit.further


def _pairwise(row: Row, estimator: PairwiseIcc, data: ClusterPeriods, how: IccHow) -> Iterator[Row]:
    parts: dict[str, Callable[[ClusterPeriods], float]] = {
        "icc_within_period": pairwise_within_period,
        "icc_between_periods": pairwise_between_periods,
        "cluster_autocorrelation": lambda found: pairwise_over_periods(found).autocorrelation,
    }
    for measure, part in parts.items():
        here = replace(row, measure=measure)

        def statistic(chosen: Ints, part: Callable[[ClusterPeriods], float] = part) -> float:
            return part(data.take(chosen))

        try:
            value = statistic(np.arange(data.n_clusters))
        except FitError as problem:
            yield _failed(here, problem)
            continue
        found = IccAnswer(value)
        if isinstance(estimator.interval, BcaBootstrap | PercentileBootstrap):
            seed = _seed(how, estimator, tuple(one for one in row.groups if one[0] == "arm"))
            try:
                limits = estimator.interval.between(Drawn(statistic, data.group, how.level, seed))
                found = IccAnswer(value, limits)
            except FitError as problem:
                found = IccAnswer(value, warning=f"no interval: {problem.problem} ({problem.found})")
        yield from _answer_rows(here, found, how.level)


def _seed(how: IccHow, estimator: AnyIcc, groups: Groups) -> Seed | None:
    """The stream of one estimator in one arm, found from their names."""
    if how.seed is None:
        return None
    return how.seed.at(estimator.text, *(level for _, level in groups))


def _size_rows(about: Row, size: NDArray[np.float64]) -> Iterator[Row]:
    yield replace(about, stat_name="n_clusters", stat=len(size), stat_label="Clusters", unit="clusters")
    people = float(size.sum())
    count = int(people) if people.is_integer() else people
    yield replace(about, stat_name="n", stat=count, stat_label="Individuals", unit="individuals")
    unit = "individuals per cluster"
    mean = float(size.mean())
    yield replace(about, stat_name="mean_size", stat=mean, stat_label="Mean cluster size", unit=unit)
    if len(size) > 1:
        label, cv = "Coefficient of variation of cluster size", size_variation(size).cv
        yield replace(about, stat_name="cv_size", stat=cv, stat_label=label)


def _event_row(about: Row, design: AnyDesign, events: float) -> Row:
    """How many events a correlation rests on: without them nobody sees that they are few."""
    unit = "opportunities" if design.outcome.counts_opportunities else "events"
    row = replace(about, stat_name="n_events", stat_label="Events", unit=unit)
    return replace(row, stat=round(events))


def _scale_row(row: Row, estimator: AnyIcc, design: AnyDesign) -> Row:
    scale = LATENT if estimator.latent else SCALES[design.outcome.type]
    return replace(row, stat_name="outcome_scale", stat=scale, stat_label="Scale of the correlation")


def _answer_rows(row: Row, found: IccAnswer, level: float) -> Iterator[Row]:
    row = replace(row, scale=found.scale, warning=found.warning)
    row = replace(row, status="warning") if found.warning else row
    if found.limits is None:
        yield replace(row, stat_name="estimate", stat=found.value, stat_label="Estimate")
        return
    limits = (found.limits.lower, found.limits.upper)
    numbers = (found.value, found.limits.std_error, limits, found.limits.method)
    yield from _number_rows(row, numbers, level)


def _number_rows(
    row: Row, numbers: tuple[float, float | None, tuple[float, float], str], level: float
) -> Iterator[Row]:
    value, error, (lower, upper), method = numbers
    told: list[tuple[str, str, float | str | None]] = [
        ("estimate", "Estimate", value),
        ("std_error", "Standard error", error),
        ("conf_low", "Lower confidence limit", lower),
        ("conf_high", "Upper confidence limit", upper),
        ("conf_level", "Confidence level", level),
        ("conf_method", "How the interval was found", method or None),
    ]
    for name, label, stat in told:
        if stat is not None:
            yield replace(row, stat_name=name, stat=stat, stat_label=label)


def _design_effects(row: Row, size: NDArray[np.float64], icc: float) -> Iterator[Row]:
    label = "Design effect, individuals counting the same (Eldridge 2006)"
    effect = size_weighted_effect(size, icc)
    yield replace(row, stat_name="design_effect", stat=effect, stat_label=label)
    label = "Design effect, clusters weighted for least variance (Kerry and Bland 2001)"
    row = replace(row, stat_name="design_effect_least_variance", stat_label=label)
    try:
        yield replace(row, stat=least_variance_effect(size, icc))
    except FitError as problem:
        yield _failed(row, problem)


def _failed(row: Row, problem: FitError) -> Row:
    reason = f"{problem.problem} ({problem.found})" if problem.found else problem.problem
    name, label = row.stat_name or "estimate", row.stat_label or "Estimate"
    return replace(row, stat_name=name, stat=None, stat_label=label, error=reason, status="failed")


def _settings(about: Row, settings: IccSettings) -> Iterator[Row]:
    row = replace(about, context="setting", stat_name="value", stat_label="Setting used")
    yield replace(row, variable="removed", stat=settings.removed)
    for estimator in settings.estimators:
        for name, value, _ in listed({estimator.kind: estimator}):
            yield replace(row, variable=name, groups=(("estimator", estimator.text),), stat=value)

"""The first of two stages: the changes of each unit from its own series alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from precept_stats.errors import FitError
from precept_stats.inference.quantities import Quantity
from precept_stats.methods.series_effects import changes, effect
from precept_stats.methods.series_rows import EXACT, ErrorFit, points_of
from precept_stats.methods.settings_series_counts import AnyAutocorrelation
from precept_stats.studies.series_design import SeriesDesign

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class UnitEstimates:
    """Of K units with an estimate, their ``values`` (K, Q) and ``variances`` (K, Q) of Q quantities.

    The first quantity is the declared change, the others every change at an interruption, each on its own
    scale. ``failed`` are the other units with the reason; ``phi`` the mean autocorrelation, where there is
    one.
    """

    names: tuple[str, ...]
    values: Matrix
    variances: Matrix
    quantities: tuple[Quantity, ...]
    failed: tuple[tuple[str, str], ...]
    at_boundary: int
    phi: float | None


@dataclass(frozen=True, slots=True, eq=False)
class _One:
    """The estimates of one unit."""

    quantities: tuple[Quantity, ...]
    values: Vector
    variances: Vector
    fit: ErrorFit


def unit_estimates(design: SeriesDesign, model: AnyAutocorrelation) -> UnitEstimates:
    """Every unit by itself; a unit that cannot be estimated is named with the reason."""
    found: dict[str, _One] = {}
    failed = []
    for number, name in enumerate(design.units):
        alone = design.of_units(np.arange(len(design.units)) == number)
        try:
            found[name] = _one(alone, model)
        except FitError as problem:
            failed.append((name, problem.problem))
    if not found:
        name, why = failed[0]
        raise FitError(
            "no unit gives an estimate by itself",
            found=f"{name}: {why}",
            allowed="longer series, fewer terms, a coarser `every`; or multilevel_its",
        )
    ones = list(found.values())
    phis = [one.fit.autocorrelation for one in ones if one.fit.autocorrelation is not None]
    return UnitEstimates(
        names=tuple(found),
        values=np.array([one.values for one in ones]),
        variances=np.array([one.variances for one in ones]),
        quantities=ones[0].quantities,
        failed=tuple(failed),
        at_boundary=sum(one.fit.boundary for one in ones),
        phi=float(np.mean(phis)) if phis else None,
    )


def _one(alone: SeriesDesign, model: AnyAutocorrelation) -> _One:
    """FitError where a side of the start has no cell, points are too few, or a variance is 0."""
    for side, mine in (("before", ~alone.after), ("after", alone.after)):
        if not np.any(mine & alone.used):
            raise FitError(f"it has no data {side} its start")
    points = points_of(alone, "common")
    if not float(np.ptp(points.y)) > EXACT * float(np.abs(points.y).max()):
        raise FitError("its outcome is the same in every period")
    fit = model.fit(points)
    if float(np.abs(fit.residuals).max()) <= EXACT * float(np.abs(points.y).max()):
        raise FitError("its outcome is fitted without error")
    whole = effect(alone, points.terms, fit.link, holes=True)
    asked = (whole, *changes(alone, points.terms, fit.link))
    gradients = [one.gradient(fit.params) for one in asked]
    values = np.array([one.value(fit.params) for one in asked])
    variances = np.array([float(g @ fit.covariance @ g) for g in gradients])
    if not (np.isfinite(values).all() and np.isfinite(variances).all() and (variances > 0.0).all()):
        raise FitError("its estimate has no usable standard error")
    return _One(asked, values, variances, fit)

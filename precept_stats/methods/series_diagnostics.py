"""What residuals of a series tell: autocorrelations, tests, and the residuals themselves, as facts."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from precept_stats.inference.fit import Fact
from precept_stats.methods.series_rows import ErrorFit, Points
from precept_stats.numerics.linear import weighted_least_squares
from precept_stats.numerics.series.residual_tests import (
    SerialTest,
    autocorrelations,
    breusch_godfrey,
    durbin_watson,
    ljung_box,
    partial_autocorrelations,
)
from precept_stats.studies.series_design import SeriesDesign

Vector = NDArray[np.float64]

MOST_LAGS = 24


def diagnostics(design: SeriesDesign, points: Points, found: ErrorFit) -> tuple[Fact, ...]:
    """Rows of context ``diagnostic``: residuals by period, autocorrelations by lag, and tests."""
    lags = _lags(design, len(points.y))
    return (
        *_first_order(found),
        *_correlations(points, found, lags),
        *_tests(points, found, lags),
        *_residuals(design, found),
    )


def _lags(design: SeriesDesign, n: int) -> int:
    """A season and a half, as far as a quarter of the points reach; at least one."""
    season = design.season_length or 8.0
    return max(1, min(MOST_LAGS, round(1.5 * season), n // 4))


def _first_order(found: ErrorFit) -> Iterator[Fact]:
    if found.autocorrelation is not None:
        yield Fact("phi", "First-order autocorrelation", found.autocorrelation, context="diagnostic")


def _correlations(points: Points, found: ErrorFit, lags: int) -> Iterator[Fact]:
    """Of what the error model leaves; 2 / sqrt(n) is what independent residuals rarely exceed."""
    left = found.innovations
    positions = points.positions[len(points.positions) - len(left) :]
    if not float(np.ptp(left)) > 0.0:
        return
    both = {
        "acf": ("Autocorrelation of residuals", autocorrelations(left, positions, lags)),
        "pacf": ("Partial autocorrelation of residuals", partial_autocorrelations(left, positions, lags)),
    }
    for name, (label, values) in both.items():
        for lag, value in enumerate(values, start=1):
            yield Fact(name, label, float(value), "", (("lag", str(lag)),), "diagnostic")
    bound = 2.0 / float(np.sqrt(len(left)))
    yield Fact("acf_bound", "What independent residuals rarely exceed", bound, context="diagnostic")
    for lag in sorted({1, lags}):
        yield from _told(ljung_box(left, positions, lag), "ljung_box")


def _tests(points: Points, found: ErrorFit, lags: int) -> Iterator[Fact]:
    """Of the residuals of least squares, before any autocorrelation is taken account of."""
    if found.link != "identity":
        return
    series = points.series
    residuals = weighted_least_squares(series.X, series.y, np.ones(len(series.y))).residuals
    if not float(np.ptp(residuals)) > 0.0:
        return
    yield from _told(durbin_watson(series.X, residuals, series.positions), "durbin_watson")
    for lag in sorted({1, lags}):
        if len(residuals) > series.X.shape[1] + lag:
            yield from _told(breusch_godfrey(series.X, residuals, series.positions, lag), "breusch_godfrey")


def _told(test: SerialTest, stem: str) -> Iterator[Fact]:
    groups = (("test", test.name), ("lag", str(test.lag)))
    yield Fact(stem, f"{test.name} statistic", test.statistic, "", groups, "diagnostic")
    yield Fact(f"{stem}_p", f"{test.name} p-value", test.p_value, "", groups, "diagnostic")


def _residuals(design: SeriesDesign, found: ErrorFit) -> Iterator[Fact]:
    unit = "" if found.link == "identity" else "standard deviations"
    rows = np.flatnonzero(design.used)
    for row, value in zip(rows, found.residuals, strict=True):
        series = design.units[design.row_unit[row]]
        groups = (("series", series), ("period", design.label(int(design.period[row]))))
        yield Fact("residual", "Residual", float(value), unit, groups, "diagnostic")

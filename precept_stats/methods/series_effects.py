"""Effects of an interruption as quantities of any linear predictor: asked of every method alike.

A linear predictor x'b with a link gives the mean; what would have been is the same row without the columns of
the interruption. Every effect is then a function of the two, with its gradient, so that intervals take
account of the uncertainty of the trend whatever the method. Further parameters after the columns' have a
gradient of 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from precept_stats.errors import FitError
from precept_stats.inference.curve import CurvePoint
from precept_stats.inference.quantities import Quantity
from precept_stats.methods.series_columns import Terms
from precept_stats.studies.changes import (
    AtTime,
    BeforeAfterChange,
    Cumulative,
    LevelChange,
    SlopeChange,
)
from precept_stats.studies.series_design import SeriesDesign

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Bools = NDArray[np.bool_]

Link = Literal["identity", "log", "logit"]
MEASURES = {
    "step": "level_change",
    "ramp": "slope_change",
    "pulse": "pulse_change",
    "decay": "decaying_change",
}
"""What the coefficient of a shape measures."""

MOST_SERIES = 12
"""Curves of single series are given for so many at most; beyond that the series are taken together."""


@dataclass(frozen=True, slots=True, eq=False)
class Means:
    """The weighted mean of rows of a linear predictor: X (m, p), weights (m,) that add up to 1."""

    X: Matrix
    weights: Vector
    link: Link

    def of(self, params: Vector) -> float:
        """The mean on the scale of the outcome."""
        return float(self.weights @ _inverse(self.link, self.X @ params[: self.X.shape[1]]))

    def slope(self, params: Vector) -> Vector:
        """Its gradient, 0 for parameters after those of the columns."""
        p = self.X.shape[1]
        eta = self.X @ params[:p]
        gradient = np.zeros(len(params))
        gradient[:p] = (self.weights * _slope(self.link, eta)) @ self.X
        return gradient


@dataclass(frozen=True, slots=True, eq=False)
class Against:
    """What was fitted against the counterfactual, over the same rows."""

    fitted: Means
    counterfactual: Means
    names: tuple[str, str]
    about: str

    def quantity(self, measure: str, unit: str, scale: float = 1.0) -> Quantity:
        """The difference times ``scale``, or the ratio, as the measure says."""
        if measure.endswith("_ratio"):
            return self._ratio(measure)
        fitted, other = self.fitted, self.counterfactual
        return Quantity(
            measure,
            f"{self.names[1]} - {self.names[0]}{self.about}",
            "identity",
            unit,
            0.0,
            lambda b: scale * (fitted.of(b) - other.of(b)),
            lambda b: scale * (fitted.slope(b) - other.slope(b)),
        )

    def _ratio(self, measure: str) -> Quantity:
        fitted, other, odds = self.fitted, self.counterfactual, measure == "odds_ratio"

        def value(b: Vector) -> float:
            return _log_of(fitted.of(b), odds) - _log_of(other.of(b), odds)

        def gradient(b: Vector) -> Vector:
            up, down = _log_slope(fitted.of(b), odds), _log_slope(other.of(b), odds)
            found: Vector = up * fitted.slope(b) - down * other.slope(b)
            return found

        contrast = f"{self.names[1]} / {self.names[0]}{self.about}"
        return Quantity(measure, contrast, "log", "ratio", 1.0, value, gradient)


def effect(design: SeriesDesign, terms: Terms, link: Link) -> Quantity:
    """The declared change. FitError where no cell of a treated unit has the times that it asks for."""
    change = design.change
    if isinstance(change, BeforeAfterChange):
        raise FitError(
            "a model of the trend has no mean before and after",
            found=change.kind,
            allowed="a change at an interruption; or the method before_after",
        )
    if isinstance(change, LevelChange | SlopeChange):
        return _coefficient(design, terms, link, change)
    first, last = (change.time, change.time) if isinstance(change, AtTime) else (change.first, change.last)
    against = _over(design, terms, link, (change.interruption, first, last))
    if not isinstance(change, Cumulative):
        return against.quantity(design.summary, unit_of(design))
    rows = _times(design, change.interruption, first, last)
    return against.quantity("cumulative_difference", "events", float(design.size[rows].sum()))


def averted(design: SeriesDesign, terms: Terms, link: Link) -> tuple[Quantity, ...]:
    """Cases averted under the number needed that the plan declares; none where it declares none."""
    change = design.change
    if not isinstance(change, Cumulative) or change.number_needed is None:
        return ()
    against = _over(design, terms, link, (change.interruption, change.first, change.last))
    rows = _times(design, change.interruption, change.first, change.last)
    people = float(design.size[rows].sum())
    return (against.quantity("cases_averted", "cases", people / change.number_needed),)


def changes(design: SeriesDesign, terms: Terms, link: Link) -> tuple[Quantity, ...]:
    """Every coefficient of an interruption, such as its level and slope; then cases averted."""
    found = []
    labels = {one.name: one.label for one in design.interruptions}
    for j, name in enumerate(terms.names):
        if terms.belongs[j]:
            kind = name.removeprefix("treated:").partition("[")[0].rstrip("0123456789")
            one = _linear(MEASURES[kind], np.eye(len(terms.names))[j], link, design)
            beyond = ", beyond controls" if name.startswith("treated:") else ""
            found.append(replace(one, contrast=f"{labels[terms.belongs[j]]}{beyond}"))
    return (*found, *averted(design, terms, link))


def curve(design: SeriesDesign, terms: Terms, link: Link) -> tuple[CurvePoint, ...]:
    """What was fitted and the counterfactual of the first interruption, period by period.

    Of every treated and control series where they are few; else of all treated taken together, each counting
    as its denominators, on the calendar and by time since each unit's own start.
    """
    first = design.interruptions[0].name
    without = terms.without(first)
    points: list[CurvePoint] = []
    groups = [(name, design.row_unit == u) for u, name in enumerate(design.units)]
    if len(groups) > MOST_SERIES or not design.single_out:
        groups = [("all", design.treated[design.row_unit])]
    for name, mine in groups:
        for period in np.unique(design.period[mine]):
            rows = mine & (design.period == period)
            at = (int(period), design.label(int(period)))
            points += _points(design, (terms.X, without), (name, "calendar", rows), (at, link))
    if len(groups) == 1 and len(design.units) > 1:
        mine = groups[0][1]
        for time in np.unique(design.time[mine]):
            rows = mine & (design.time == time)
            at = (int(time), f"{int(time)}")
            points += _points(design, (terms.X, without), ("all", "own_start", rows), (at, link))
    return tuple(points)


def unit_of(design: SeriesDesign) -> str:
    """The unit of means and differences."""
    if design.outcome.type == "binary":
        return "proportion"
    return design.outcome.unit or ("rate" if design.outcome.type == "count" else "")


def _points(
    design: SeriesDesign,
    matrices: tuple[Matrix, Matrix],
    which: tuple[str, Literal["calendar", "own_start"], Bools],
    at: tuple[tuple[int, str], Link],
) -> Iterator[CurvePoint]:
    (X, without), (series, clock, rows), ((place, label), link) = matrices, which, at
    weights = design.size[rows] / design.size[rows].sum()
    fitted, other = Means(X[rows], weights, link), Means(without[rows], weights, link)
    unit = unit_of(design)
    yield CurvePoint("fitted", series, clock, place, label, _mean("fitted", fitted, unit))
    if not np.array_equal(fitted.X, other.X):
        yield CurvePoint("counterfactual", series, clock, place, label, _mean("counterfactual", other, unit))


def _mean(name: str, means: Means, unit: str) -> Quantity:
    return Quantity("mean", name, "identity", unit, 0.0, means.of, means.slope)


def _times(design: SeriesDesign, interruption: str, first: int, last: int) -> Bools:
    """The cells of treated units at some times since an interruption; FitError where there are none."""
    since = design.since(interruption)
    treated = design.treated[design.row_unit]
    rows: Bools = treated & (since >= first) & (since <= last)
    reached = np.unique(since[treated & np.isfinite(since)])
    missing = [time for time in range(first, last + 1) if time not in reached]
    if missing:
        raise FitError(
            f"the series does not reach every period that is asked for after {interruption!r}",
            found=f"no data {missing[0]} periods after it; the last are {int(reached.max())} after",
            allowed="times that the data reach",
        )
    return rows


def _over(design: SeriesDesign, terms: Terms, link: Link, at: tuple[str, int, int]) -> Against:
    """Fitted against counterfactual at some times since an interruption, weighted by denominators."""
    name, first, last = at
    rows = _times(design, name, first, last)
    weights = design.size[rows] / design.size[rows].sum()
    when = f"period {first}" if first == last else f"periods {first} to {last}"
    return Against(
        Means(terms.X[rows], weights, link),
        Means(terms.without(name)[rows], weights, link),
        design.names,
        f", {when} after {name}",
    )


def _coefficient(
    design: SeriesDesign, terms: Terms, link: Link, change: LevelChange | SlopeChange
) -> Quantity:
    """The coefficient of the step or the ramp of the (treated) series."""
    kind = "step" if isinstance(change, LevelChange) else "ramp"
    prefix = "" if design.treated.all() else "treated:"
    place = terms.column(f"{prefix}{kind}[{change.interruption}]")
    if place is None:
        raise FitError(
            f"the model has no {kind} at {change.interruption!r} beyond that of controls",
            found=", ".join(terms.names),
            allowed=f"an interruption whose effects include a {kind}, and that affects the treated",
        )
    return _linear(change.kind, np.eye(len(terms.names))[place], link, design)


def _linear(measure: str, weights: Vector, link: Link, design: SeriesDesign) -> Quantity:
    """A coefficient on its own scale, or exponentiated."""
    p = len(weights)
    joint = " - " if link == "identity" else " / "
    contrast = f"{design.names[1]}{joint}{design.names[0]}"

    def gradient(b: Vector) -> Vector:
        found = np.zeros(len(b))
        found[:p] = weights
        return found

    scale: Literal["identity", "log"] = "identity" if link == "identity" else "log"
    unit, null = (unit_of(design), 0.0) if link == "identity" else ("ratio", 1.0)
    return Quantity(measure, contrast, scale, unit, null, lambda b: float(weights @ b[:p]), gradient)


def _inverse(link: Link, eta: Vector) -> Vector:
    if link == "identity":
        return eta
    found: Vector = np.exp(eta) if link == "log" else 1.0 / (1.0 + np.exp(-eta))
    return found


def _slope(link: Link, eta: Vector) -> Vector:
    if link == "identity":
        return np.ones_like(eta)
    mean = _inverse(link, eta)
    return mean if link == "log" else mean * (1.0 - mean)


def _log_of(mean: float, odds: bool) -> float:
    if mean <= 0.0 or (odds and mean >= 1.0):
        raise FitError(
            "a ratio to a counterfactual that is no proportion or rate",
            found=f"{mean:g}",
            allowed="means above 0, and below 1 for odds; or a difference",
        )
    return float(np.log(mean / (1.0 - mean)) if odds else np.log(mean))


def _log_slope(mean: float, odds: bool) -> float:
    return 1.0 / (mean * (1.0 - mean)) if odds else 1.0 / mean

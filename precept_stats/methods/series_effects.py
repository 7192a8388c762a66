"""Effects of an interruption as quantities of any linear predictor: asked of every method alike.

A linear predictor x'b with a link gives the mean; what would have been is the same row without the columns of
the interruption. Every effect is then a function of the two, with its gradient, so that intervals take
account of the uncertainty of the trend whatever the method. Further parameters after the columns' have a
gradient of 0, unless they are variances of random effects that means are averaged over.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from precept_stats.errors import FitError
from precept_stats.inference.curve import CurvePoint
from precept_stats.inference.marginal import InverseLink, StandardisedMean
from precept_stats.inference.quantities import Quantity
from precept_stats.methods.series_columns import Terms, of_step
from precept_stats.numerics.glmm.families import BinomialLogit, PoissonLog
from precept_stats.numerics.glmm.quadrature import gauss_hermite
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

INVERSE: dict[Link, InverseLink] = {"log": PoissonLog(), "logit": BinomialLogit()}
GIVEN_UNIT = ", given the unit"
"""Said of a ratio between means of one and the same unit, where means over units have another."""

NODES = 21
"""Of quadrature over random effects, of many draws at once: an error below 1e-5 for a SD of 2."""

MOST_SERIES = 12
"""Curves of single series are given for so many at most; beyond that the series are taken together."""


@dataclass(frozen=True, slots=True, eq=False)
class RowSpread:
    """The variance of rows' random part: ``weights`` (m, R) on the parameters from ``first`` on."""

    weights: Matrix
    first: int

    def variance(self, params: Vector) -> Vector:
        """One variance a row (m,)."""
        found: Vector = self.weights @ params[self.first : self.first + self.weights.shape[1]]
        return found

    def slope(self, params: Vector) -> Matrix:
        """Its gradient (m, P)."""
        found = np.zeros((len(self.weights), len(params)))
        found[:, self.first : self.first + self.weights.shape[1]] = self.weights
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Means:
    """The weighted mean of rows of a linear predictor: X (m, p), weights (m,) that add up to 1.

    With ``spread`` (m, R), the weights of variances in that of each row's predictor, the mean is averaged
    over normal random effects.
    """

    X: Matrix
    weights: Vector
    link: Link
    spread: Matrix | None = None

    @property
    def averaged(self) -> StandardisedMean | None:
        """The mean over random effects; None where there are none, or the link makes no difference."""
        if self.spread is None or self.link == "identity":
            return None
        return StandardisedMean(
            self.X,
            np.zeros(len(self.X)),
            self.weights,
            INVERSE[self.link],
            RowSpread(self.spread, self.X.shape[1]),
        )

    def of(self, params: Vector) -> float:
        """The mean on the scale of the outcome."""
        averaged = self.averaged
        if averaged is not None:
            return averaged.of(params)
        return float(self.weights @ _inverse(self.link, self.X @ params[: self.X.shape[1]]))

    def many(self, params: Matrix) -> Vector:
        """The mean at each of R parameters (R, P), over random effects by Gauss-Hermite quadrature."""
        p, spread = self.X.shape[1], self.spread
        if spread is None or self.link == "identity":
            X, weights = _distinct(self.X, self.weights)
            return _averaged(self.link, params[:, :p] @ X.T, weights)
        both, weights = _distinct(np.column_stack([self.X, spread]), self.weights)
        eta = params[:, :p] @ both[:, :p].T
        variance = params[:, p : p + spread.shape[1]] @ both[:, p:].T
        sd, nodes = np.sqrt(np.maximum(variance, 0.0)), gauss_hermite(NODES)
        shares = np.exp(nodes.log_weight - 0.5 * nodes.at**2)
        parts = (_averaged(self.link, eta + sd * z, weights) for z in nodes.at)
        found: Vector = np.sum([w * part for w, part in zip(shares, parts, strict=True)], axis=0)
        return found

    def slope(self, params: Vector) -> Vector:
        """Its gradient, 0 for parameters after those of the columns that are no variances."""
        averaged = self.averaged
        if averaged is not None:
            return averaged.slope(params)
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
            of_many=lambda draws: scale * (fitted.many(draws) - other.many(draws)),
        )

    def _ratio(self, measure: str) -> Quantity:
        fitted, other, odds = self.fitted, self.counterfactual, measure == "odds_ratio"

        def value(b: Vector) -> float:
            return _log_of(fitted.of(b), odds) - _log_of(other.of(b), odds)

        def gradient(b: Vector) -> Vector:
            up, down = _log_slope(fitted.of(b), odds), _log_slope(other.of(b), odds)
            found: Vector = up * fitted.slope(b) - down * other.slope(b)
            return found

        def of_many(draws: Matrix) -> Vector:
            found: Vector = _logs_of(fitted.many(draws), odds) - _logs_of(other.many(draws), odds)
            return found

        contrast = f"{self.names[1]} / {self.names[0]}{self.about}"
        return Quantity(measure, contrast, "log", "ratio", 1.0, value, gradient, of_many=of_many)


def effect(design: SeriesDesign, terms: Terms, link: Link, *, holes: bool = False) -> Quantity:
    """The declared change. FitError where no cell of a treated unit has the times that it asks for.

    With ``holes`` a window may lack cells inside, as the series of a small unit does, if not its end.
    """
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
    rows = _times(design, (change.interruption, first, last), holes=holes)
    against = _over(design, terms, link, ((change.interruption, first, last), rows))
    if not isinstance(change, Cumulative):
        return against.quantity(design.summary, unit_of(design))
    return against.quantity("cumulative_difference", "events", float(design.size[rows].sum()))


def averted(design: SeriesDesign, terms: Terms, link: Link) -> tuple[Quantity, ...]:
    """Cases averted under the number needed that the plan declares; none where it declares none."""
    change = design.change
    if not isinstance(change, Cumulative) or change.number_needed is None:
        return ()
    at = (change.interruption, change.first, change.last)
    rows = _times(design, at)
    against = _over(design, terms, link, (at, rows))
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
            about = ", beyond controls" if name.startswith("treated:") else ""
            about += of_step(design.interruption(terms.belongs[j])) if kind == "step" else ""
            about += GIVEN_UNIT if terms.random is not None and link != "identity" else ""
            found.append(replace(one, contrast=f"{labels[terms.belongs[j]]}{about}"))
    return (*found, *averted(design, terms, link))


def curve(design: SeriesDesign, terms: Terms, link: Link) -> tuple[CurvePoint, ...]:
    """What was fitted and the counterfactual of the first interruption, period by period.

    Of every treated and control series where they are few; else of all treated taken together, each counting
    as its denominators, on the calendar and by time since each unit's own start.
    """
    points: list[CurvePoint] = []
    groups = [(name, design.row_unit == u) for u, name in enumerate(design.units)]
    if len(groups) > MOST_SERIES or not design.single_out:
        groups = [("all", design.treated[design.row_unit])]
    for name, mine in groups:
        for period in np.unique(design.period[mine]):
            rows = mine & (design.period == period)
            at = (int(period), design.label(int(period)))
            points += _points(design, terms, (name, "calendar", rows), (at, link))
    if len(groups) == 1 and len(design.units) > 1:
        mine = groups[0][1]
        for time in np.unique(design.time[mine]):
            rows = mine & (design.time == time)
            at = (int(time), f"{int(time)}")
            points += _points(design, terms, ("all", "own_start", rows), (at, link))
    return tuple(points)


def unit_of(design: SeriesDesign) -> str:
    """The unit of means and differences."""
    if design.outcome.type == "binary":
        return "proportion"
    return design.outcome.unit or ("rate" if design.outcome.type == "count" else "")


def _points(
    design: SeriesDesign,
    terms: Terms,
    which: tuple[str, Literal["calendar", "own_start"], Bools],
    at: tuple[tuple[int, str], Link],
) -> Iterator[CurvePoint]:
    (series, clock, rows), ((place, label), link) = which, at
    fitted = _means(design, terms, link, rows)
    other = _means(design, terms, link, rows, design.interruptions[0].name)
    unit = unit_of(design)
    yield CurvePoint("fitted", series, clock, place, label, _mean("fitted", fitted, unit))
    if not np.array_equal(fitted.X, other.X):
        yield CurvePoint("counterfactual", series, clock, place, label, _mean("counterfactual", other, unit))


def _means(design: SeriesDesign, terms: Terms, link: Link, rows: Bools, without: str = "") -> Means:
    """The mean of some cells, weighted by denominators, as fitted or without an interruption."""
    X = terms.X[rows]
    if without:
        X = X * np.array([owner != without for owner in terms.belongs])
    random = terms.random
    spread = None if random is None else (random.without[without] if without else random.fitted)[rows]
    return Means(X, design.size[rows] / design.size[rows].sum(), link, spread)


def _mean(name: str, means: Means, unit: str) -> Quantity:
    return Quantity("mean", name, "identity", unit, 0.0, means.of, means.slope, of_many=means.many)


def _times(design: SeriesDesign, at: tuple[str, int, int], *, holes: bool = False) -> Bools:
    """The cells of treated units at some times since an interruption; FitError where there are none."""
    interruption, first, last = at
    since = design.since(interruption)
    treated = design.treated[design.row_unit]
    rows: Bools = treated & (since >= first) & (since <= last)
    reached = np.unique(since[treated & np.isfinite(since)])
    missing = [time for time in range(first, last + 1) if time not in reached]
    if missing and not (holes and len(missing) <= last - first and reached.max() >= last):
        raise FitError(
            f"the series does not reach every period that is asked for after {interruption!r}",
            found=f"no data {missing[0]} periods after it; the last are {int(reached.max())} after",
            allowed="times that the data reach",
        )
    return rows


def _over(design: SeriesDesign, terms: Terms, link: Link, at: tuple[tuple[str, int, int], Bools]) -> Against:
    """Fitted against counterfactual at some times since an interruption, weighted by denominators."""
    (name, first, last), rows = at
    when = f"period {first}" if first == last else f"periods {first} to {last}"
    return Against(
        _means(design, terms, link, rows),
        _means(design, terms, link, rows, name),
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
    return Quantity(
        measure, contrast, scale, unit, null, lambda b: float(weights @ b[:p]), gradient,
        of_many=lambda draws: draws[:, :p] @ weights,
    )  # fmt: skip


def _inverse(link: Link, eta: Vector) -> Vector:
    if link == "identity":
        return eta
    found: Vector = np.exp(eta) if link == "log" else 1.0 / (1.0 + np.exp(-eta))
    return found


def _averaged(link: Link, eta: Matrix, weights: Vector) -> Vector:
    """Weighted means (R,) of the rows of each draw, from their linear predictors (R, m)."""
    found: Vector = _inverse(link, eta) @ weights
    return found


def _distinct(rows: Matrix, weights: Vector) -> tuple[Matrix, Vector]:
    """Distinct rows with their weights added up."""
    found, codes = np.unique(rows, axis=0, return_inverse=True)
    return found, np.bincount(codes.ravel(), weights)


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


def _logs_of(means: Vector, odds: bool) -> Vector:
    """The same of many; NaN where there is none."""
    with np.errstate(all="ignore"):
        found: Vector = np.log(means / (1.0 - means) if odds else means)
    return np.where(np.isfinite(found), found, np.nan)


def _log_slope(mean: float, odds: bool) -> float:
    return 1.0 / (mean * (1.0 - mean)) if odds else 1.0 / mean

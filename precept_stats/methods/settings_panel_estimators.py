"""Three estimators of an effect in a panel: one coefficient, one by time since the start, imputation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from precept_stats.errors import FitError
from precept_stats.inference.asymptotic import Asymptotic
from precept_stats.inference.fit import Fact
from precept_stats.methods.panel_facts import (
    comparison_facts,
    lead_facts,
    no_event_study,
    weight_facts,
    weight_warning,
)
from precept_stats.methods.panel_rows import (
    Asked,
    EventColumns,
    PanelRows,
    event_columns,
    require_told_apart,
)
from precept_stats.methods.settings import Choice
from precept_stats.methods.settings_panel import EventWindow, PanelReference, PanelVariance
from precept_stats.numerics.panel.effects import Panel, absorbed_columns, row_weights
from precept_stats.numerics.panel.imputation import Imputation, averages, impute, smallest_groups

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Ints = NDArray[np.intp]
Bools = NDArray[np.bool_]

OF_ONE = 0.1
"""A larger share of the weight than this in groups of one cluster is warned of."""


@dataclass(frozen=True, slots=True)
class Errors:
    """The variance and reference distribution that a plan names."""

    variance: PanelVariance
    reference: PanelReference

    def of(self, panel: Panel, X: Matrix, names: tuple[str, ...]) -> Asymptotic:
        """The regression of y on X and the effects of units and periods."""
        fit, own = self.variance.found(panel, X)
        rule = self.reference.rule(fit.df, self.variance.independent(panel), own)
        return Asymptotic(names, fit.params, fit.covariance, rule)


@dataclass(frozen=True, slots=True, eq=False)
class Point:
    """The effect at one time since the start, as ``weights`` of the parameters of ``uncertainty``."""

    since: int
    label: str
    n_units: int
    uncertainty: Asymptotic
    weights: Vector


@dataclass(frozen=True, slots=True, eq=False)
class PanelAnswer:
    """The effect as ``weights`` of parameters, with what it is made of; ``size`` adds up its denominators."""

    uncertainty: Asymptotic
    weights: Vector
    size: float
    points: tuple[Point, ...]
    facts: tuple[Fact, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Asking:
    """Rows, what is asked of them, and how errors and times are taken: all that an estimator is given."""

    rows: PanelRows
    asked: Asked
    errors: Errors
    window: EventWindow


class TwoWay(Choice):
    """One coefficient, of being at or after the start: the effect is taken as whole at once and constant."""

    kind: Literal["two_way"] = "two_way"

    def contrast(self, given: Asking) -> tuple[Vector, float]:
        """The effect as weights of the coefficients, and the denominators of the cells asked for."""
        rows = given.rows
        inside = given.asked.rows(rows)
        return np.eye(1 + rows.covariates.shape[1])[0], float(rows.size[inside].sum())

    def regressed(self, given: Asking) -> tuple[Matrix, Asymptotic]:
        """The columns, and the regression on them. FitError where effects take one of them in."""
        rows = given.rows
        X = np.column_stack([rows.treated.astype(np.float64), rows.covariates])
        require_told_apart(rows.panel, (X, ("being after the start", *rows.names)), "the terms of the model")
        return X, given.errors.of(rows.panel, X, ("effect", *rows.names))

    def answered(self, given: Asking) -> PanelAnswer:
        """The coefficient, what it is an average of, and an event study to look at."""
        rows, inside = given.rows, given.asked.rows(given.rows)
        first, size = self.contrast(given)
        X, found = self.regressed(given)
        weights = row_weights(rows.panel, X, first)
        points, facts = _event_study(given)
        warning = weight_warning(rows, weights, inside, "constant")
        return PanelAnswer(
            found,
            first,
            size,
            points,
            (*weight_facts(rows, weights, inside), *comparison_facts(rows), *facts),
            warning,
        )


class EventStudy(Choice):
    """A coefficient for each time since the start, averaged over the times asked for."""

    kind: Literal["event_study"] = "event_study"

    def contrast(self, given: Asking) -> tuple[Vector, float]:
        """Each time asked for by the weight of its rows, and the denominators of these."""
        columns, inside = event_columns(given.rows, given.window), given.asked.rows(given.rows)
        weights = _share_of_times(given.rows, columns, given.asked, inside)
        return weights, float(given.rows.size[inside].sum())

    def regressed(self, given: Asking) -> tuple[Matrix, Asymptotic]:
        """The columns, and the regression on them. FitError where effects take one of them in."""
        rows = given.rows
        columns = event_columns(rows, given.window)
        whole = np.column_stack([columns.X, rows.covariates])
        gone = absorbed_columns(rows.panel, whole)
        if gone:
            raise no_event_study(rows, [(*columns.labels, *rows.names)[j] for j in gone])
        return whole, given.errors.of(rows.panel, whole, (*columns.labels, *rows.names))

    def answered(self, given: Asking) -> PanelAnswer:
        """The coefficients asked for, each time weighing as its rows do."""
        rows, inside = given.rows, given.asked.rows(given.rows)
        columns = event_columns(rows, given.window)
        contrast, size = self.contrast(given)
        whole, found = self.regressed(given)
        weights = row_weights(rows.panel, whole, contrast)
        return PanelAnswer(
            found,
            contrast,
            size,
            tuple(_points(rows.panel, columns, found)),
            (*weight_facts(rows, weights, inside), *lead_facts(columns, found, rows)),
            weight_warning(rows, weights, inside, "by_time"),
        )


class Imputed(Choice):
    """What treated cells would have been is imputed from cells not yet treated; differences are averaged."""

    kind: Literal["imputation"] = "imputation"
    averaged_by: Literal["start_and_time", "time", "all"] = Field(
        default="start_and_time",
        description="Cells whose effects the variance takes as alike: those with the same start and time "
        "since; the same time since; or all. Fewer, larger groups make the variance larger.",
    )
    unidentified: Literal["refuse", "leave_out"] = Field(
        default="refuse",
        description="Cells asked for that have no counterfactual, since every unit has started by then or "
        "their unit has no cell before: an error, or left out of the average, with a warning.",
    )

    def contrast(self, given: Asking) -> tuple[Vector, float]:
        """The first parameter, others being the effects by time; the denominators of the cells averaged."""
        _, inside, known = self._known(given)
        chosen = inside & known
        horizons = _horizons(given, known)
        return np.eye(1 + len(horizons))[0], float(given.rows.size[chosen].sum())

    def answered(self, given: Asking) -> PanelAnswer:
        """The average of what was observed less what was imputed."""
        rows = given.rows
        found, inside, known = self._known(given)
        chosen, horizons, groups = inside & known, _horizons(given, known), self._groups(rows)
        masks = [chosen, *(known & (rows.since == h) for h in horizons)]
        weights = np.stack([_shares(rows, one)[rows.treated] for one in masks])
        params, covariance = averages(found, weights, groups)
        df = len(rows.since) - rows.panel.n_effects - rows.covariates.shape[1]
        rule = given.errors.reference.rule(df, rows.panel.n_clusters, None)
        labels = tuple(str(rows.time(h)) for h in horizons)
        point = Asymptotic(("effect", *labels), params, covariance, rule)
        unit = np.eye(len(params))
        after = [
            Point(h, labels[j], _units(rows.panel, masks[j + 1]), point, unit[j + 1])
            for j, h in enumerate(horizons)
        ]
        before, facts = _leads(given)
        told = (*self._facts(inside, known), *facts)
        warnings = self._warnings(rows, (inside, known), smallest_groups(found, weights[0], groups))
        row_share = _row_share(found, weights[0], rows)
        return PanelAnswer(
            point,
            unit[0],
            float(rows.size[chosen].sum()),
            (*before, *after),
            (*weight_facts(rows, row_share, chosen), *told),
            warnings,
        )

    def _known(self, given: Asking) -> tuple[Imputation, Bools, Bools]:
        """What was imputed, which cells are asked for and which have a counterfactual (n,)."""
        rows = given.rows
        found, inside = impute(rows.panel, rows.treated, rows.covariates), given.asked.rows(given.rows)
        known = np.zeros_like(inside)
        known[rows.treated] = found.known
        missing = int((inside & ~known).sum())
        if not (inside & known).any() or (missing and self.unidentified == "refuse"):
            raise FitError(
                "cells that are asked for have no counterfactual: every unit has started by then, or theirs "
                "has no cell before its start",
                found=f"{missing} of {int(inside.sum())} cells",
                allowed="earlier times, units that never start, or unidentified: leave_out",
            )
        return found, inside, known

    def _groups(self, rows: PanelRows) -> Ints:
        """The group of every treated row."""
        since = rows.since[rows.treated].astype(np.intp)
        if self.averaged_by == "all":
            return np.zeros_like(since)
        start = rows.cohort[rows.panel.unit][rows.treated]
        keys = since if self.averaged_by == "time" else start * (int(since.max()) + 1) + since
        groups: Ints = np.unique(keys, return_inverse=True)[1].astype(np.intp)
        return groups

    def _facts(self, inside: Bools, known: Bools) -> tuple[Fact, ...]:
        missing = int((inside & ~known).sum())
        return (
            Fact("n_asked", "Cells asked for", int(inside.sum()), "cells", context="panel"),
            Fact("n_unidentified", "Of these without a counterfactual", missing, "cells", context="panel"),
        )

    def _warnings(self, rows: PanelRows, of: tuple[Bools, Bools], single: float) -> tuple[str, ...]:
        inside, known = of
        missing, told = int((inside & ~known).sum()), []
        if missing:
            told.append(
                f"{missing} of {int(inside.sum())} cells asked for have no counterfactual and are left out: "
                "every unit has started by then. The answer is of the others, units that started earlier"
            )
        if single > OF_ONE:
            told.append(
                f"{100 * single:.0f} per cent of the weight is in groups of cells from one cluster, whose "
                "effects the variance takes for their average: it may be too small; average by time"
            )
        return tuple(told)


def _horizons(given: Asking, known: Bools) -> list[int]:
    """The times since the start, up to the end of the window, at which some cell has a counterfactual."""
    since = given.rows.since
    return [h for h in range(given.window.lags + 1) if (known & (since == h)).any()]


def _share_of_times(rows: PanelRows, columns: EventColumns, asked: Asked, inside: Bools) -> Vector:
    """The contrast of the coefficients: each time asked for by the weight of its rows."""
    contrast = np.zeros(len(columns.times) + rows.covariates.shape[1])
    total = rows.panel.weights[inside].sum()
    for j, time in enumerate(columns.times):
        if asked.first <= time <= asked.last:
            if columns.binned[j]:
                raise FitError(
                    "a time that is asked for lies in the bin at the end of the event window",
                    found=columns.labels[j],
                    allowed="more `lags`, or earlier times",
                )
            contrast[j] = rows.panel.weights[inside & (rows.since == time)].sum() / total
    if abs(contrast.sum() - 1.0) > 1e-9:
        raise FitError(
            "a time that is asked for lies beyond the event window",
            found=f"{rows.time(asked.last)} periods after the start",
            allowed="more `lags`, or earlier times",
        )
    return contrast


def _points(panel: Panel, columns: EventColumns, found: Asymptotic) -> list[Point]:
    unit = np.eye(len(found.params))
    named = enumerate(zip(columns.times, columns.labels, strict=True))
    return [
        Point(time, label, _units(panel, columns.X[:, j] > 0), found, unit[j]) for j, (time, label) in named
    ]


def _units(panel: Panel, rows: Bools) -> int:
    """How many units have one of the rows."""
    return len(np.unique(panel.unit[rows]))


def _event_study(given: Asking) -> tuple[tuple[Point, ...], tuple[Fact, ...]]:
    """An event study beside one coefficient, or why there is none."""
    rows, columns = given.rows, event_columns(given.rows, given.window)
    try:
        _, found = EventStudy().regressed(given)
    except FitError as problem:
        why = Fact("no_event_study", "Why there is no event study", problem.problem, context="panel")
        return (), (why,)
    return tuple(_points(rows.panel, columns, found)), lead_facts(columns, found, rows)


def _leads(given: Asking) -> tuple[tuple[Point, ...], tuple[Fact, ...]]:
    """Leads in the untreated cells alone, against all earlier ones and units that never start."""
    rows = given.rows
    kept = ~rows.treated
    leads = [h for h in range(-given.window.leads, 0) if (rows.since == h).any()]
    columns = np.column_stack([(rows.since == h)[kept].astype(np.float64) for h in leads])
    X = np.column_stack([columns, rows.covariates[kept]])
    panel = _part(rows.panel, kept)
    if len(leads) < 2 or absorbed_columns(panel, X):
        why = "cells before the start hold no earlier time, or unit that never starts, to compare with"
        return (), (Fact("no_leads", "Why leads are not compared", why, context="panel"),)
    labels = tuple(str(rows.time(h)) for h in leads)
    found = given.errors.of(panel, X, (*labels, *rows.names))
    shown = EventColumns(X, tuple(leads), labels, (False,) * len(leads), -given.window.leads - 1)
    return tuple(_points(panel, shown, found)), lead_facts(shown, found, rows, earlier=True)


def _part(panel: Panel, kept: Bools) -> Panel:
    """Some rows, with units, periods and clusters numbered anew."""
    codes = (
        np.unique(one[kept], return_inverse=True)[1] for one in (panel.unit, panel.period, panel.cluster)
    )
    unit, period, cluster = (one.astype(np.intp) for one in codes)
    return Panel(panel.y[kept], unit, period, panel.weights[kept], cluster)


def _shares(rows: PanelRows, mask: Bools) -> Vector:
    """Weights of the rows in a mask that add up to 1 (n,)."""
    weights = np.where(mask, rows.panel.weights, 0.0)
    found: Vector = weights / weights.sum()
    return found


def _row_share(found: Imputation, weights: Vector, rows: PanelRows) -> Vector:
    """How much each row counts in an imputed average (n,)."""
    share = np.zeros(len(rows.since))
    share[rows.treated] = weights
    share[~rows.treated] = -found.carried @ weights
    return share


PanelEstimator = Annotated[TwoWay | EventStudy | Imputed, Field(discriminator="kind")]

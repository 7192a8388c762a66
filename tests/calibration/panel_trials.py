"""Made-up panels of units that start in turn, and what estimators make of them. All data are synthetic."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from precept_stats.errors import FitError
from precept_stats.inference.asymptotic import Asymptotic
from precept_stats.inference.quantities import linear
from precept_stats.inference.uncertainty import estimate
from precept_stats.methods.panel_regression import PanelRegression
from precept_stats.methods.panel_rows import asked_of, event_columns
from precept_stats.methods.settings_panel import ReducedPanel
from precept_stats.methods.settings_panel_estimators import Imputed, TwoWay
from precept_stats.numerics.panel.effects import Panel
from precept_stats.numerics.panel.imputation import averages
from precept_stats.numerics.panel.ols import reduced_covariance
from precept_stats.numerics.series.ar1 import autoregressive
from precept_stats.studies.series_design import NEVER, SeriesDesign
from precept_stats.values import Estimate
from tests.methods.test_multilevel_its import programme
from tests.studies.series import months, prepared, question

PERIODS, STARTS = 14, (3, 6, 9)
"""A quarter of the units starts at each, and a quarter is not reached."""
WINDOW = {"kind": "over_window", "interruption": "start", "from": 0, "to": 3}
GROWTH = 0.5
BY_START = (1.5, 1.0, 0.5)
"""Heterogeneous effects grow by so much a period, times the factor of the unit's start."""
LEVEL = 0.95


@dataclass(frozen=True)
class Scenario:
    """Units, each its own cluster; the autocorrelation of errors (SD 1); whether effects differ."""

    units: int
    phi: float
    differ: bool


@dataclass(frozen=True)
class Drawn:
    """A panel, and the mean effect of the treated cells asked for."""

    design: SeriesDesign
    truth: float


def _method(**settings: Any) -> PanelRegression:
    return PanelRegression.model_validate({"autocorrelation": {"kind": "within_clusters"}} | settings)


REDUCED = {"variance": {"kind": "cr2"}, "reference": {"kind": "satterthwaite"}}
WINDOWS = {"kind": "binned", "leads": 4, "lags": 5}
ANALYSES: dict[str, PanelRegression] = {
    "two-way": _method(),
    "two-way, CR2": _method(**REDUCED),
    "event study": _method(estimator={"kind": "event_study"}, event_window=WINDOWS),
    "imputation": _method(estimator={"kind": "imputation"}),
    "imputation, averaged by time": _method(estimator={"kind": "imputation", "averaged_by": "time"}),
}


@cache
def template(units: int) -> SeriesDesign:
    """A design of so many units; starts and outcomes are put in anew."""
    rows = [
        {"unit": f"U{unit:02d}", "month": month, "start": months(PERIODS)[STARTS[0]], "value": float(at)}
        for unit in range(units)
        for at, month in enumerate(months(PERIODS))
    ]
    asked = question(
        outcome={"column": "value", "type": "continuous", "direction": "higher_better"},
        change=WINDOW,
        summary="mean_difference",
    )
    step = {"column": "start", "effects": [{"kind": "step"}], "transition": {"kind": "none"}}
    about = programme(interruptions={"start": step}, region=None)
    return prepared(pd.DataFrame(rows), about, asked).design


def simulate(scenario: Scenario, rng: np.random.Generator) -> Drawn:
    """Effects of units and periods, an effect from each unit's start on, and autocorrelated errors."""
    whole, units = template(scenario.units), scenario.units
    kind = rng.permutation(np.arange(units) % (len(STARTS) + 1))
    reached = kind < len(STARTS)
    start = np.where(reached, np.append(STARTS, 0)[kind], 0)
    at = whole.period - whole.period.min()
    since = np.where(reached[whole.row_unit], at - start[whole.row_unit], -PERIODS)
    grown = GROWTH * (since + 1) * np.append(BY_START, 0.0)[kind][whole.row_unit]
    effect = np.where(since >= 0, grown if scenario.differ else 1.0, 0.0)
    gaps = np.ones(PERIODS - 1, dtype=np.intp)
    errors = [autoregressive(rng.standard_normal(PERIODS), scenario.phi, gaps) for _ in range(units)]
    levels, shocks = rng.standard_normal(units), rng.standard_normal(PERIODS)
    y = levels[whole.row_unit] + shocks[at] + effect + np.concatenate(errors)
    begin = np.where(reached, start + whole.period.min(), NEVER).astype(np.intp)
    moved = replace(whole.interruptions[0], start=begin)
    asked = (since >= WINDOW["from"]) & (since <= WINDOW["to"])
    design = replace(
        whole, y=y, events=y, time=since.astype(np.float64), treated=reached, interruptions=(moved,)
    )
    return Drawn(design, float(effect[asked].mean()))


def judged(method: PanelRegression, drawn: Drawn) -> tuple[float, float, float]:
    """Covered, width of the interval, error; NaN where there is no answer."""
    try:
        answer = answered(method, drawn.design)
    except FitError:
        return np.nan, np.nan, np.nan
    low, high = answer.interval.lower, answer.interval.upper
    return float(low <= drawn.truth <= high), high - low, answer.value - drawn.truth


def answered(method: PanelRegression, design: SeriesDesign) -> Estimate:
    """The method's answer alone, by plain formulas for a panel without holes whose cells count the same."""
    asking = method._asking(method._rows(design), asked_of(design))
    rows, estimator = asking.rows, method.estimator
    if isinstance(estimator, Imputed):
        found, inside, known = estimator._known(asking)
        weights = (inside & known)[rows.treated].astype(np.float64)
        params, covariance = averages(found, weights[None] / weights.sum(), estimator._groups(rows))
        contrast = np.ones(1)
    else:
        two_way = isinstance(estimator, TwoWay)
        X = rows.treated[:, None].astype(np.float64) if two_way else event_columns(rows, asking.window).X
        params, covariance = clustered(rows.panel, X)
        contrast, _ = estimator.contrast(asking)
    own = None
    if isinstance(method.variance, ReducedPanel):
        reduced = reduced_covariance(rows.panel, X)
        covariance, own = reduced.covariance, reduced.df
    df = method.reference.rule(len(rows.since) - rows.panel.n_effects, rows.panel.n_clusters, own)
    names = tuple(str(j) for j in range(len(params)))
    of = linear("mean_difference", "effect", contrast, unit="")
    return estimate(Asymptotic(names, params, covariance, df), of, LEVEL)


def clustered(panel: Panel, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Least squares after the effects of units and periods are taken out, and the sandwich of units."""
    units, periods, k = panel.n_units, panel.n_periods, X.shape[1]
    both = np.column_stack([X, panel.y]).reshape(units, periods, k + 1)
    both = both - both.mean(axis=0) - both.mean(axis=1, keepdims=True) + both.mean(axis=(0, 1))
    rows = both.reshape(-1, k + 1)
    bread = np.linalg.inv(rows[:, :k].T @ rows[:, :k])
    params = bread @ rows[:, :k].T @ rows[:, k]
    left = rows[:, k] - rows[:, :k] @ params
    scores = (rows[:, :k] * left[:, None]).reshape(units, periods, k).sum(axis=1)
    n = len(rows)
    factor = units / (units - 1) * (n - 1) / (n - k - panel.n_effects)
    return params, factor * bread @ scores.T @ scores @ bread

"""Simulated interrupted series after Turner et al. (2021), and how each error model answers them. Synthetic.

Half of the points lie before the interruption and half after, which changes level and slope. Errors of linear
series are a first-order autoregression with innovations of variance 1; counts and shares have the same
autocorrelation in the normal numbers behind them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from precept_stats.errors import FitError
from precept_stats.inference.quantities import linear
from precept_stats.inference.uncertainty import Asymptotic, estimate
from precept_stats.methods.series_columns import Terms
from precept_stats.methods.series_rows import Points
from precept_stats.methods.settings_series import (
    Arima,
    IndependentErrors,
    KenwardRogerOfSeries,
    NeweyWest,
    PraisWinsten,
    RemlAr1,
    ResidualDf,
    RuleOfThumb,
    SatterthwaiteOfSeries,
)
from precept_stats.methods.settings_series_counts import (
    AnyAutocorrelation,
    CorrelatedResiduals,
    NegativeBinomial,
    QuasiBinomial,
    QuasiPoisson,
    UncorrelatedResiduals,
)
from precept_stats.numerics.series.ar1 import autoregressive
from precept_stats.numerics.series.count_simulation import counts_from, events_from

NAMES = ("intercept", "time", "step", "ramp")
LINEAR = np.array([50.0, 0.1, 1.0, 0.1])
"""Level, slope, change of level and of slope of a linear series."""
LOG = np.array([np.log(0.3), 0.005, 0.2, 0.005])
LOGIT = np.array([-0.6, 0.01, 0.3, 0.01])
SIZE, DISPERSION = 200.0, 2.0
"""People a period, and the variance of counts over that of Poisson (binomial) ones."""
ASKED = {"level": 2, "slope": 3}


@dataclass(frozen=True)
class Scenario:
    """So many points with this autocorrelation."""

    points: int
    phi: float

    @property
    def name(self) -> str:
        return f"{self.points} points, autocorrelation {self.phi:g}"


@dataclass(frozen=True)
class Analysis:
    """One error model: its name, and which of the simulated series it is asked of."""

    name: str
    model: AnyAutocorrelation
    of: str = "linear"

    @property
    def truth(self) -> np.ndarray:
        return {"linear": LINEAR, "counts": LOG, "shares": LOGIT}[self.of]


CORRELATED = CorrelatedResiduals(lag=RuleOfThumb())
ANALYSES = (
    Analysis("OLS", IndependentErrors()),
    Analysis("OLS, Newey-West", NeweyWest(lag=RuleOfThumb())),
    Analysis("Prais-Winsten", PraisWinsten()),
    Analysis("REML", RemlAr1(df=ResidualDf())),
    Analysis("REML, Satterthwaite", RemlAr1(df=SatterthwaiteOfSeries())),
    Analysis("REML, Kenward-Roger", RemlAr1(df=KenwardRogerOfSeries())),
    Analysis("ARIMA(1,0,0)", Arima(order=(1, 0, 0))),
    Analysis("quasi-Poisson, dispersion alone", QuasiPoisson(residuals=UncorrelatedResiduals()), "counts"),
    Analysis("quasi-Poisson, Newey-West", QuasiPoisson(residuals=CORRELATED), "counts"),
    Analysis("negative binomial, Newey-West", NegativeBinomial(residuals=CORRELATED), "counts"),
    Analysis("quasi-binomial, Newey-West", QuasiBinomial(residuals=CORRELATED), "shares"),
)
SIX = ("OLS", "OLS, Newey-West", "Prais-Winsten", "REML", "REML, Satterthwaite", "ARIMA(1,0,0)")


@cache
def columns(points: int) -> np.ndarray:
    """Constant, time from the interruption, step and ramp."""
    time = np.arange(points) - points // 2
    return np.column_stack([np.ones(points), time, time >= 0, np.maximum(time, 0)]).astype(np.float64)


def simulate(scenario: Scenario, rng: np.random.Generator) -> dict[str, Points]:
    """One linear series, one of counts and one of shares."""
    X, n = columns(scenario.points), scenario.points
    terms = Terms(NAMES, X, ("", "", "law", "law"))
    ones, gaps, positions = np.ones(n), np.ones(n - 1, dtype=np.intp), np.arange(n)
    drawn = [autoregressive(rng.standard_normal(n), scenario.phi, gaps) for _ in range(3)]
    size = SIZE * ones
    scale = 1.0 / np.sqrt(1.0 - scenario.phi**2)
    y = X @ LINEAR + scale * drawn[0]
    counts = counts_from(drawn[1], size * np.exp(X @ LOG), DISPERSION)
    shares = events_from(drawn[2], 1.0 / (1.0 + np.exp(-X @ LOGIT)), size, DISPERSION)
    return {
        "linear": Points(terms, X, y, y, ones, ones, positions),
        "counts": Points(terms, X, counts / size, counts, size, ones, positions),
        "shares": Points(terms, X, shares / size, shares, size, ones, positions),
    }


def judged(analysis: Analysis, points: Points) -> np.ndarray:
    """Of level, then of slope: covered, width, error; then the autocorrelation. NaN where there is no fit."""
    found = np.full(7, np.nan)
    try:
        fit = analysis.model.fit(points)
        uncertainty = Asymptotic(NAMES, fit.params, fit.covariance, fit.df)
        for k, place in enumerate(ASKED.values()):
            truth = float(analysis.truth[place])
            answer = estimate(uncertainty, linear("change", "", np.eye(4)[place], unit=""), 0.95)
            low, high = answer.interval.lower, answer.interval.upper
            found[3 * k : 3 * k + 3] = low <= truth <= high, high - low, answer.value - truth
    except FitError:
        return np.full(7, np.nan)
    found[6] = np.nan if fit.autocorrelation is None else fit.autocorrelation
    return found

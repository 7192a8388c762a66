"""Least squares with effects of units and periods, through linearmodels; CR2 from the same rows."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from precept_stats.errors import FitError
from precept_stats.numerics.clustered_least_squares import ClusteredCr2, cr2_covariance
from precept_stats.numerics.linear import weighted_least_squares
from precept_stats.numerics.panel.effects import Panel, effect_columns

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Solved = tuple[Vector, Matrix]

if TYPE_CHECKING:
    from linearmodels.panel import PanelOLS


@dataclass(frozen=True, slots=True, eq=False)
class PanelFit:
    """Coefficients of the columns (k,) with their covariance (k, k); ``df`` is rows less all parameters."""

    params: Vector
    covariance: Matrix
    df: int


@dataclass(frozen=True, slots=True)
class ClusterErrors:
    """The cluster sandwich times G / (G - 1) (n - 1) / (n - p), p counting every effect.

    It is CR1 of the regression with a column for each unit and period.
    """

    def of(self, model: PanelOLS, panel: Panel) -> Solved:
        """The model with these errors."""
        clusters: NDArray[Any] = np.zeros((panel.n_periods, panel.n_units), dtype=np.int32)
        clusters[panel.period, panel.unit] = panel.cluster
        found = model.fit(
            auto_df=False, count_effects=True, cov_type="clustered", clusters=clusters, group_debias=True
        )
        return np.asarray(found.params), np.asarray(found.cov)


@dataclass(frozen=True, slots=True)
class DriscollKraayErrors:
    """Any correlation between units, and over time up to ``lag`` periods, with Bartlett's weights.

    Times n / (n - p), p counting every effect. Driscoll and Kraay (1998), Rev Econ Stat 80:549.
    """

    lag: int

    def of(self, model: PanelOLS, panel: Panel) -> Solved:
        """The model with these errors."""
        found = model.fit(
            auto_df=False, count_effects=True, cov_type="kernel", kernel="bartlett", bandwidth=self.lag
        )
        return np.asarray(found.params), np.asarray(found.cov)


def rule_of_thumb(periods: int) -> int:
    """Newey and West's lag for so many periods: the whole part of 4 (T / 100)^(2/9)."""
    return int(4 * (periods / 100.0) ** (2 / 9))


def two_way(panel: Panel, columns: Matrix, errors: ClusterErrors | DriscollKraayErrors) -> PanelFit:
    """Regress y on columns (n, k), none of them absorbed, and the effects of units and periods.

    FitError where nothing is left to estimate a variance from, or linearmodels cannot solve it.
    """
    n, k = columns.shape
    df = n - k - panel.n_effects
    if df < 1:
        raise FitError(
            "too few rows for the effects of units and periods",
            found=f"{n} rows, {k + panel.n_effects} parameters",
            allowed="more rows than parameters",
        )
    from linearmodels.panel import PanelOLS  # lazy: slow to load, and used by one method alone

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = PanelOLS(
                _spread(panel, panel.y),
                np.stack([_spread(panel, one) for one in columns.T]),
                weights=_spread(panel, panel.weights / panel.weights.mean()),
                entity_effects=True,
                time_effects=True,
            )
            params, covariance = errors.of(model, panel)
    except (ValueError, np.linalg.LinAlgError) as problem:
        raise FitError("the panel regression cannot be solved", found=str(problem)) from problem
    return PanelFit(params, covariance, df)


def _spread(panel: Panel, values: Vector) -> Matrix:
    """Values by period and unit, NaN where there is no row."""
    found = np.full((panel.n_periods, panel.n_units), np.nan)
    found[panel.period, panel.unit] = values
    return found


@dataclass(frozen=True, slots=True, eq=False)
class ReducedCovariance:
    """CR2 of the columns (k, k), and Satterthwaite's df for a contrast of them (k,)."""

    covariance: Matrix
    pieces: ClusteredCr2
    effects: int

    def df(self, contrast: Vector) -> float:
        """As if the effects were named in the contrast with 0."""
        return self.pieces.df(np.concatenate([np.zeros(self.effects), contrast]))


def reduced_covariance(panel: Panel, columns: Matrix) -> ReducedCovariance:
    """CR2 of the regression with a column for each unit and period (Pustejovsky and Tipton 2018).

    The effects are among the columns and not taken out beforehand: with effects of periods, which no cluster
    has to itself, the adjustment is another after they are.
    """
    effects = effect_columns(panel)
    whole = np.column_stack([effects, columns])
    fit = weighted_least_squares(whole, panel.y, panel.weights / panel.weights.mean())
    pieces = cr2_covariance(fit, panel.cluster)
    k = columns.shape[1]
    return ReducedCovariance(pieces.covariance[-k:, -k:], pieces, effects.shape[1])

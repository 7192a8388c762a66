"""Error models of one series: how coefficients and their uncertainty are found under serial correlation."""

from __future__ import annotations

import math
from typing import Annotated, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from precept_stats.inference.degrees_of_freedom import DegreesOfFreedom, FixedDf
from precept_stats.inference.fit import Fact
from precept_stats.inference.kenward_roger import adjustment
from precept_stats.inference.satterthwaite import satterthwaite_rule
from precept_stats.methods.series_rows import ErrorFit, Points, require_room, unit_root_warning
from precept_stats.methods.settings import Choice
from precept_stats.numerics.linear import weighted_least_squares
from precept_stats.numerics.series.ar1 import (
    PHI_LIMIT,
    Ar1Fit,
    maximum_likelihood,
    prais_winsten,
    slope_on_previous,
)
from precept_stats.numerics.series.ar1_information import covariance_information, theta_information
from precept_stats.numerics.series.arima import ArimaFit, fit_arima
from precept_stats.numerics.series.arma import Order
from precept_stats.numerics.series.newey_west import newey_west, rule_of_thumb

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


class _Linear(Choice):
    """A linear model of the outcome's mean, proportion or rate."""

    binary_only: ClassVar[bool] = False
    link: ClassVar[Literal["identity", "log", "logit"]] = "identity"
    words: ClassVar[str] = ""
    reference: ClassVar[str] = ""

    def fit(self, points: Points) -> ErrorFit:
        """Coefficients with their covariance. Raises FitError where there are too few points."""
        raise NotImplementedError

    @property
    def level_known(self) -> bool:
        """Whether levels are estimated, not only changes."""
        return True


class IndependentErrors(_Linear):
    """Ordinary least squares: points are taken as independent of each other."""

    words: ClassVar[str] = "ordinary least squares"
    reference: ClassVar[str] = "t, points minus coefficients"

    kind: Literal["independent"] = "independent"

    def fit(self, points: Points) -> ErrorFit:
        """Least squares with the classical covariance."""
        series = points.series
        require_room(points, series.X.shape[1])
        fit = weighted_least_squares(series.X, series.y, np.ones(len(series.y)))
        df = FixedDf(float(fit.df), self.reference)
        return ErrorFit(
            "identity", fit.params, fit.scale * fit.bread, df, fit.residuals, fit.residuals, 0.0, fit.scale
        )


class FixedLag(Choice):
    """A lag that the plan names."""

    kind: Literal["fixed"] = "fixed"
    periods: int = Field(ge=0, description="Residuals further apart than this are taken as unrelated.")

    def of(self, n: int) -> int:
        """The lag for n points."""
        return self.periods


class RuleOfThumb(Choice):
    """The largest whole number up to 4 (n / 100)^(2/9)."""

    kind: Literal["rule_of_thumb"] = "rule_of_thumb"

    def of(self, n: int) -> int:
        """The lag for n points."""
        return rule_of_thumb(n)


Lag = Annotated[FixedLag | RuleOfThumb, Field(discriminator="kind")]


class NeweyWest(_Linear):
    """Ordinary least squares with Newey and West's covariance, which is for long series."""

    words: ClassVar[str] = "least squares, Newey-West"
    reference: ClassVar[str] = "t, points minus coefficients"

    kind: Literal["newey_west"] = "newey_west"
    lag: Lag = Field(description="Periods up to which errors are taken as related.")
    small_sample: bool = Field(
        default=True, description="Whether the covariance is multiplied by n / (n - p), as in Stata's newey."
    )

    def fit(self, points: Points) -> ErrorFit:
        """Least squares; the sandwich with Bartlett weights up to the lag."""
        series = points.series
        require_room(points, series.X.shape[1])
        fit = weighted_least_squares(series.X, series.y, np.ones(len(series.y)))
        lag = self.lag.of(len(series.y))
        scores = series.X * fit.residuals[:, None]
        covariance = newey_west(fit.bread, scores, series.positions, lag, small_sample=self.small_sample)
        phi = slope_on_previous(fit.residuals, series.gaps)
        df = FixedDf(float(fit.df), self.reference)
        return ErrorFit(
            "identity",
            fit.params,
            covariance,
            df,
            fit.residuals,
            fit.residuals,
            phi,
            fit.scale,
            facts=(Fact("lag", "Lag of Newey and West's covariance", lag, "periods"),),
            warnings=unit_root_warning(phi),
        )


class PraisWinsten(_Linear):
    """Generalised least squares, the first-order autocorrelation from residuals; the first point is kept."""

    words: ClassVar[str] = "Prais-Winsten"
    reference: ClassVar[str] = "t, points minus coefficients"

    kind: Literal["prais_winsten"] = "prais_winsten"
    iterate: bool = Field(default=True, description="Whether rounds go on until the autocorrelation stays.")

    def fit(self, points: Points) -> ErrorFit:
        """Rounds of generalised least squares and autocorrelation."""
        require_room(points, points.X.shape[1] + 1)
        fit = prais_winsten(points.series, iterate=self.iterate)
        df = FixedDf(float(len(points.y) - points.X.shape[1]), self.reference)
        return _with_ar1(fit, fit.covariance, df, (Fact("rounds", "Rounds", fit.iterations),))


class ResidualDf(Choice):
    """t on points minus coefficients, as nlme: nothing is taken off for the autocorrelation."""

    kind: Literal["residual"] = "residual"

    def of(self, fit: Ar1Fit) -> tuple[Matrix, DegreesOfFreedom]:
        """The covariance and the rule."""
        df = float(len(fit.series.y) - fit.series.X.shape[1])
        return fit.covariance, FixedDf(df, "points minus coefficients")


class SatterthwaiteOfSeries(Choice):
    """t on Satterthwaite's degrees of freedom, with the observed information of variance and phi."""

    kind: Literal["satterthwaite"] = "satterthwaite"

    def of(self, fit: Ar1Fit) -> tuple[Matrix, DegreesOfFreedom]:
        """The covariance and the rule."""
        return fit.covariance, satterthwaite_rule(theta_information(fit))


class KenwardRogerOfSeries(Choice):
    """t with Kenward and Roger's covariance and degrees of freedom, in variance and phi."""

    kind: Literal["kenward_roger"] = "kenward_roger"

    def of(self, fit: Ar1Fit) -> tuple[Matrix, DegreesOfFreedom]:
        """The covariance and the rule."""
        found = adjustment(covariance_information(fit))
        return found.covariance, found.df


SeriesDf = Annotated[SatterthwaiteOfSeries | KenwardRogerOfSeries | ResidualDf, Field(discriminator="kind")]


class RemlAr1(_Linear):
    """Generalised least squares with a first-order autocorrelation by restricted maximum likelihood."""

    words: ClassVar[str] = "REML, AR(1) errors"
    reference: ClassVar[str] = "t"

    kind: Literal["reml_ar1"] = "reml_ar1"
    df: SeriesDf = Field(default=SatterthwaiteOfSeries(), description="Of t, and with it the covariance.")

    def fit(self, points: Points) -> ErrorFit:
        """The best phi over (-1, 1); at a unit root the df are those of points minus coefficients."""
        require_room(points, points.X.shape[1] + 1)
        fit = maximum_likelihood(points.series, "reml")
        rule = ResidualDf() if fit.boundary else self.df
        covariance, df = rule.of(fit)
        facts = (Fact("likelihood_maxima", "Maxima of the likelihood in the autocorrelation", fit.maxima),)
        return _with_ar1(fit, covariance, df, facts)


class Arima(_Linear):
    """Regression with seasonal ARIMA errors by exact maximum likelihood."""

    words: ClassVar[str] = "ARIMA errors"
    reference: ClassVar[str] = "normal"

    kind: Literal["arima"] = "arima"
    order: tuple[int, int, int] = Field(description="p, d, q: autoregression, differences, moving average.")
    seasonal: tuple[int, int, int] = Field(default=(0, 0, 0), description="The same a season apart.")
    season: int | None = Field(default=None, ge=2, description="Periods in a season.")

    @model_validator(mode="after")
    def _possible(self) -> Arima:
        if min(*self.order, *self.seasonal) < 0:
            raise ValueError("an order is 0 or more")
        if any(self.seasonal) != (self.season is not None):
            raise ValueError("`seasonal` orders and `season` go together: name both or neither")
        if sum(self.order) + sum(self.seasonal) > 6:
            raise ValueError("orders that add up to more than 6 cannot be told from one series")
        return self

    @property
    def full_order(self) -> Order:
        """The order as the numerics have it."""
        return Order(*self.order, *self.seasonal, self.season or 1)

    @property
    def level_known(self) -> bool:
        """Differencing takes the level away."""
        return self.full_order.lost == 0

    def fit(self, points: Points) -> ErrorFit:
        """From several starts; the best optimum."""
        fit = fit_arima(points.series, self.full_order)
        return _with_arima(points, fit)


def _with_ar1(fit: Ar1Fit, covariance: Matrix, df: DegreesOfFreedom, facts: tuple[Fact, ...]) -> ErrorFit:
    at_root: tuple[str, ...] = ()
    if fit.boundary:
        at_root = (
            f"the likelihood rises to an autocorrelation of 1 (the search ends at {PHI_LIMIT:g}): a unit "
            "root. The level of the series is then not estimated, its changes are those of a random "
            "walk; compare with a differenced series and with other error models. The degrees of "
            "freedom are points minus coefficients",
        )
    return ErrorFit(
        "identity",
        fit.params,
        covariance,
        df,
        fit.residuals,
        fit.innovations,
        fit.phi,
        fit.variance,
        boundary=fit.boundary,
        evidence=(("phi", fit.phi),) if fit.boundary else (),
        warnings=at_root or unit_root_warning(fit.phi),
        facts=facts,
    )


def _with_arima(points: Points, fit: ArimaFit) -> ErrorFit:
    """Coefficients that differencing took away are 0 with variance 0: only changes are asked for then."""
    p = points.X.shape[1]
    kept = np.array(fit.kept, dtype=np.intp)
    params, covariance = np.zeros(p), np.zeros((p, p))
    params[kept] = fit.params
    covariance[np.ix_(kept, kept)] = fit.covariance
    series = points.series
    residuals = series.y - series.X @ params
    if fit.order.lost:
        residuals = residuals - residuals.mean()
    facts = [
        Fact("arma", "ARMA parameter", float(value), "", (("term", name),), "diagnostic")
        for name, value in zip(fit.order.names, fit.arma, strict=True)
    ]
    facts.append(Fact("log_likelihood", "Log-likelihood", fit.log_likelihood))
    facts.append(Fact("optima", "Optima that several starts ended at", len(fit.optima)))
    warnings = []
    if fit.boundary:
        warnings.append("an ARMA parameter ended on the unit circle; it is taken as known")
    if len(fit.optima) > 1:
        warnings.append(
            f"the likelihood has {len(fit.optima)} optima; the best is {fit.optima[0]:.4f}, the next "
            f"{fit.optima[1]:.4f}"
        )
    single = fit.order.names == ("ar1",)
    root = unit_root_warning(float(fit.arma[0])) if single else ()
    return ErrorFit(
        "identity",
        params,
        covariance,
        FixedDf(math.inf, "normal"),
        residuals,
        fit.innovations,
        float(fit.arma[0]) if single else None,
        fit.variance / (1.0 - float(fit.arma[0]) ** 2) if single else math.nan,
        boundary=fit.boundary,
        level_known=fit.order.lost == 0,
        warnings=(*warnings, *root),
        facts=tuple(facts),
    )

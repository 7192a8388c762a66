"""Error models of counts and shares of a series."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from precept_stats.inference.degrees_of_freedom import FixedDf
from precept_stats.inference.fit import Fact
from precept_stats.methods.series_rows import ErrorFit, Points, require_room, unit_root_warning
from precept_stats.methods.settings import Choice
from precept_stats.methods.settings_series import (
    Arima,
    IndependentErrors,
    Lag,
    NeweyWest,
    PraisWinsten,
    RemlAr1,
)
from precept_stats.numerics.series.ar1 import slope_on_previous
from precept_stats.numerics.series.counts import CountFit, fit_negative_binomial, fit_quasi
from precept_stats.numerics.series.newey_west import newey_west

Matrix = NDArray[np.float64]


class UncorrelatedResiduals(Choice):
    """Residuals are taken as unrelated; the dispersion is in the covariance."""

    kind: Literal["independent"] = "independent"

    def of(self, fit: CountFit, points: Points, plain: Matrix) -> tuple[Matrix, tuple[Fact, ...]]:
        """The covariance that the model itself gives."""
        return plain, ()


class CorrelatedResiduals(Choice):
    """Newey and West's covariance on the scores: correlation up to a lag, and any dispersion."""

    kind: Literal["newey_west"] = "newey_west"
    lag: Lag = Field(description="Periods up to which residuals are taken as related.")
    small_sample: bool = Field(default=True, description="Whether it is multiplied by n / (n - p).")

    def of(self, fit: CountFit, points: Points, plain: Matrix) -> tuple[Matrix, tuple[Fact, ...]]:
        """The sandwich."""
        lag = self.lag.of(len(points.y))
        found = newey_west(fit.bread, fit.scores, points.positions, lag, small_sample=self.small_sample)
        return found, (Fact("lag", "Lag of Newey and West's covariance", lag, "periods"),)


ResidualCorrelation = Annotated[UncorrelatedResiduals | CorrelatedResiduals, Field(discriminator="kind")]


class _Counts(Choice):
    """A model of counts with their denominators."""

    binary_only: ClassVar[bool] = False
    link: ClassVar[Literal["log", "logit"]] = "log"
    words: ClassVar[str] = ""
    reference: ClassVar[str] = "t, points minus coefficients"

    residuals: ResidualCorrelation = Field(description="What is done about correlation between periods.")

    def fit(self, points: Points) -> ErrorFit:
        """Coefficients on the log or logit scale. Raises FitError where they cannot be found."""
        require_room(points, points.X.shape[1])
        fit = self._kernel(points)
        plain = fit.bread if fit.shape is not None else fit.quasi_covariance
        covariance, facts = self.residuals.of(fit, points, plain)
        phi = slope_on_previous(fit.pearson, np.diff(points.positions))
        facts = (Fact("dispersion", "Dispersion (Pearson)", fit.dispersion), *facts)
        if fit.shape is not None and np.isfinite(fit.shape):
            facts = (Fact("shape", "Shape of the negative binomial", fit.shape), *facts)
        df = FixedDf(float(len(points.y) - points.X.shape[1]), self.reference)
        return ErrorFit(
            self.link,
            fit.params,
            covariance,
            df,
            fit.pearson,
            fit.pearson,
            phi,
            fit.dispersion,
            boundary=fit.at_edge or (fit.shape is not None and not np.isfinite(fit.shape)),
            warnings=(*self._warnings(fit), *unit_root_warning(phi)),
            facts=facts,
        )

    @property
    def level_known(self) -> bool:
        """Levels are estimated."""
        return True

    def _kernel(self, points: Points) -> CountFit:
        raise NotImplementedError

    def _warnings(self, fit: CountFit) -> tuple[str, ...]:
        if fit.at_edge:
            return ("a fitted mean went to its limit: some terms have no finite value",)
        if fit.shape is not None and not np.isfinite(fit.shape):
            return ("counts vary no more than Poisson ones: the negative binomial is at its limit, Poisson",)
        return ()


class QuasiPoisson(_Counts):
    """Log-linear regression of counts with an offset; variance proportional to the mean."""

    words: ClassVar[str] = "quasi-Poisson"

    kind: Literal["quasi_poisson"] = "quasi_poisson"

    def _kernel(self, points: Points) -> CountFit:
        return fit_quasi(points.totals, "poisson")


class NegativeBinomial(_Counts):
    """Log-linear regression of counts with an offset; variance mu + mu^2 / shape."""

    words: ClassVar[str] = "negative binomial"

    kind: Literal["negative_binomial"] = "negative_binomial"

    def _kernel(self, points: Points) -> CountFit:
        return fit_negative_binomial(points.totals)


class QuasiBinomial(_Counts):
    """Logistic regression of events out of denominators; variance proportional to the binomial one."""

    binary_only: ClassVar[bool] = True
    link: ClassVar[Literal["log", "logit"]] = "logit"
    words: ClassVar[str] = "quasi-binomial"

    kind: Literal["quasi_binomial"] = "quasi_binomial"

    def _kernel(self, points: Points) -> CountFit:
        return fit_quasi(points.totals, "binomial")


AnyAutocorrelation = Annotated[
    NeweyWest
    | PraisWinsten
    | RemlAr1
    | Arima
    | QuasiPoisson
    | NegativeBinomial
    | QuasiBinomial
    | IndependentErrors,
    Field(discriminator="kind"),
]
"""How a model of one series takes account of serial correlation; a plan says which."""

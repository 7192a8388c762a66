"""The six methods of Turner and others side by side: one model of the mean, six ways to its uncertainty."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field

from precept_stats.data.declared import Declared
from precept_stats.errors import FitError
from precept_stats.inference.asymptotic import Asymptotic
from precept_stats.inference.curve import Beside
from precept_stats.inference.fit import Fact, Fit
from precept_stats.inference.quantities import Quantity
from precept_stats.inference.seeds import Seed
from precept_stats.methods.contract import MethodWords
from precept_stats.methods.segmented_regression import LEVELS, series_facts
from precept_stats.methods.series_columns import Intercepts
from precept_stats.methods.series_diagnostics import diagnostics
from precept_stats.methods.series_effects import changes, curve, effect
from precept_stats.methods.series_plan import equation_of, listed_model, segmented_objections
from precept_stats.methods.series_rows import (
    ErrorFit,
    Points,
    length_warnings,
    points_of,
    require_scatter,
    require_variation,
)
from precept_stats.methods.settings import Choice
from precept_stats.methods.settings_series import (
    Arima,
    IndependentErrors,
    Lag,
    NeweyWest,
    PraisWinsten,
    RemlAr1,
    ResidualDf,
    RuleOfThumb,
    SatterthwaiteOfSeries,
)
from precept_stats.methods.settings_series_counts import AnyAutocorrelation
from precept_stats.studies import TimeStudy
from precept_stats.studies.interrupted_series import InterruptedSeries
from precept_stats.studies.programme import Programme
from precept_stats.studies.question import Question
from precept_stats.studies.series_design import SeriesDesign

SixName = Literal["ols", "newey_west", "prais_winsten", "reml", "reml_satterthwaite", "arima"]

LABELS: dict[SixName, str] = {
    "ols": "OLS",
    "newey_west": "OLS, Newey-West",
    "prais_winsten": "Prais-Winsten",
    "reml": "REML",
    "reml_satterthwaite": "REML, Satterthwaite",
    "arima": "ARIMA(1,0,0)",
}


class FirstOrder(Choice):
    """Errors are a first-order autoregression, or (OLS) independent, or (Newey-West) related up to a lag."""

    kind: Literal["first_order"] = "first_order"
    answer: SixName = Field(
        description="Which of the six is the analysis' own answer; the others stand beside it."
    )
    lag: Lag = Field(default=RuleOfThumb(), description="Of Newey and West's covariance.")

    def models(self) -> dict[SixName, AnyAutocorrelation]:
        """The six error models."""
        return {
            "ols": IndependentErrors(),
            "newey_west": NeweyWest(lag=self.lag),
            "prais_winsten": PraisWinsten(),
            "reml": RemlAr1(df=ResidualDf()),
            "reml_satterthwaite": RemlAr1(df=SatterthwaiteOfSeries()),
            "arima": Arima(order=(1, 0, 0)),
        }


class SixMethods(Declared):
    """Segmented regression of a series by six methods at once, one of which the plan names as the answer.

    Estimates:
        The declared change, by each of six methods: ordinary least squares; the same with Newey and West's
        covariance; Prais and Winsten; restricted maximum likelihood with t on points minus coefficients, and
        on Satterthwaite's degrees of freedom; and ARIMA(1,0,0). The plan says beforehand which is the answer.

    Model:
        The outcome of a period was regressed on time, the shapes of each interruption, seasonal terms and
        covariates; the six differ in what they make of the correlation of errors.

    Assumes:
        Without the interruption the trend would have gone on; errors have at most a first-order
        autocorrelation (Newey and West: one that ends at the lag).

    Small samples:
        In Turner's simulations OLS was to be preferred below 12 points, and REML above, with Satterthwaite's
        degrees of freedom where the autocorrelation is not large; all intervals were too narrow in short
        series. Where the six disagree, the answer rests on the assumption about errors, not on the data.

    Not for:
        Choosing the method by its answer.

    Source:
        Turner, Forbes, Karahalios, Taljaard and McKenzie (2021), BMC Med Res Methodol 21:181 (simulations);
        Turner et al. (2021), BMC Med Res Methodol 21:134 (190 series by these six methods).
    """

    accepts: ClassVar[tuple[type, ...]] = (InterruptedSeries, Programme)
    uses: ClassVar[frozenset[str]] = frozenset()
    needs_seed: ClassVar[bool] = False

    kind: Literal["six_methods"] = "six_methods"
    autocorrelation: FirstOrder
    levels: Intercepts = Field(default="unit", description=LEVELS)

    @property
    def own(self) -> AnyAutocorrelation:
        """The error model of the answer."""
        return self.autocorrelation.models()[self.autocorrelation.answer]

    def objections(self, study: TimeStudy, question: Question) -> tuple[str, ...]:
        return segmented_objections(self.own, study, question, simulates=False)

    def estimand_gap(self, study: TimeStudy, question: Question) -> str:
        return ""

    def words(self, study: TimeStudy, question: Question) -> MethodWords:
        return MethodWords(
            self._estimator(), equation_of(self.own, study), self.own.reference, self._listed()
        )

    def _estimator(self) -> str:
        return f"Segmented regression by six methods, answer {LABELS[self.autocorrelation.answer]}"

    def _listed(self) -> tuple[tuple[str, str, str], ...]:
        levels = ("levels", self.levels, LEVELS)
        return (*listed_model(self.autocorrelation), levels)

    def fit(self, design: SeriesDesign, seed: Seed | None = None) -> Fit:
        """Estimate by all six. Raises FitError where the method of the answer cannot be fitted."""
        points = points_of(design, self.levels)
        require_variation(points)
        quantity = effect(design, points.terms, "identity")
        found = {name: _attempted(model, points) for name, model in self.autocorrelation.models().items()}
        own = found[self.autocorrelation.answer]
        if isinstance(own, FitError):
            raise own
        require_scatter(points, own.residuals)
        warnings = (*own.warnings, *length_warnings(design))
        facts = series_facts(design, points, self._estimator(), self.own.reference)
        compared = [fact for name, one in found.items() for fact in _compared(name, one)]
        return Fit(
            uncertainty=_uncertainty(points, own),
            status="boundary" if own.boundary else "warning" if warnings else "ok",
            evidence=own.evidence,
            warnings=warnings,
            facts=(*facts, *own.facts, *compared, *diagnostics(design, points, own)),
            settings=tuple((name, value) for name, value, _ in self._listed()),
            changes=changes(design, points.terms, "identity"),
            curve=curve(design, points.terms, "identity"),
            beside=tuple(_beside(points, found, quantity)),
        )

    def targets(self, design: SeriesDesign) -> tuple[Quantity, ...]:
        """The declared change alone."""
        return (effect(design, points_of(design, self.levels).terms, "identity"),)


def _attempted(model: AnyAutocorrelation, points: Points) -> ErrorFit | FitError:
    try:
        return model.fit(points)
    except FitError as problem:
        return problem


def _uncertainty(points: Points, found: ErrorFit) -> Asymptotic:
    return Asymptotic(points.terms.names, found.params, found.covariance, found.df)


def _beside(
    points: Points, found: dict[SixName, ErrorFit | FitError], quantity: Quantity
) -> Iterator[Beside]:
    for name, one in found.items():
        if isinstance(one, ErrorFit):
            yield Beside(name, LABELS[name], _uncertainty(points, one), quantity)


def _compared(name: SixName, found: ErrorFit | FitError) -> Iterator[Fact]:
    """Rows of context ``method_compared``: the autocorrelation each works with, or why it gave none."""
    groups = (("method", LABELS[name]),)
    if isinstance(found, FitError):
        yield Fact("problem", "Why it gave no answer", found.problem, "", groups, "method_compared")
        return
    status = found.status if found.boundary else "ok"
    yield Fact("status", "How the fit went", status, "", groups, "method_compared")
    if found.autocorrelation is not None:
        label = (
            "First-order autocorrelation of its residuals"
            if name == "newey_west"
            else "First-order autocorrelation"
        )
        yield Fact("phi", label, found.autocorrelation, "", groups, "method_compared")

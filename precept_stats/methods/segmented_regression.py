"""Segmented regression of one interrupted series, or several with one error model."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from precept_stats.data.declared import Declared
from precept_stats.errors import FitError
from precept_stats.inference.asymptotic import Asymptotic
from precept_stats.inference.bootstrap import Bootstrap, bootstrap, bootstrap_facts
from precept_stats.inference.fit import Fact, Fit
from precept_stats.inference.quantities import Quantity
from precept_stats.inference.seeds import Seed
from precept_stats.inference.uncertainty import Uncertainty
from precept_stats.methods.contract import MethodWords
from precept_stats.methods.series_bootstrap import SeriesBootstrap
from precept_stats.methods.series_columns import Intercepts
from precept_stats.methods.series_diagnostics import diagnostics
from precept_stats.methods.series_effects import changes, curve, effect
from precept_stats.methods.series_placebo import placebo_facts
from precept_stats.methods.series_plan import equation_of, listed_model, segmented_objections
from precept_stats.methods.series_rows import (
    Points,
    length_warnings,
    points_of,
    require_scatter,
    require_variation,
)
from precept_stats.methods.settings import Choice, listed
from precept_stats.methods.settings_series_counts import AnyAutocorrelation
from precept_stats.studies import TimeStudy
from precept_stats.studies.interrupted_series import InterruptedSeries
from precept_stats.studies.programme import Programme
from precept_stats.studies.question import Question
from precept_stats.studies.series_design import SeriesDesign


class DeltaInterval(Choice):
    """The estimate and its standard error, by the delta method with the covariance of all coefficients."""

    kind: Literal["delta"] = "delta"


class BootstrapInterval(Choice):
    """Series simulated from the fit with its autocorrelation, each fitted again: studentised intervals."""

    kind: Literal["bootstrap"] = "bootstrap"
    replicates: int = Field(default=999, ge=199, le=20_000, description="How many series are simulated.")


class NoPlacebo(Choice):
    """No placebo dates."""

    kind: Literal["none"] = "none"


class PlaceboDates(Choice):
    """The same model at every date before the interruption, on the points before it alone."""

    kind: Literal["dates"] = "dates"
    margin: int = Field(ge=3, description="Points on each side of a placebo date, at least.")


LEVELS = "Of several series without controls: one level, or one each."

SeriesInterval = Annotated[DeltaInterval | BootstrapInterval, Field(discriminator="kind")]
Placebo = Annotated[NoPlacebo | PlaceboDates, Field(discriminator="kind")]


class SegmentedRegression(Declared):
    """Regression of a series on time with a change of level and slope at each interruption.

    Estimates:
        The declared change: of level or slope at an interruption; or what was fitted against the
        counterfactual (the same model without the interruption's terms) at a time, over a window or in
        total, as a difference or a ratio.

    Model:
        The outcome of a period was regressed on time, the shapes of each interruption, seasonal terms and
        covariates, with the error model that is named: least squares with Newey and West's covariance;
        generalised least squares with first-order autocorrelation (Prais and Winsten, or restricted maximum
        likelihood); ARIMA errors by exact maximum likelihood; or quasi-Poisson, negative binomial or
        quasi-binomial regression with denominators. Points that were left out keep their distance in time.

    Assumes:
        Without the interruption the trend and the season would have gone on as they were; nothing else
        changed at that date; the shapes are right; the autocorrelation is of the form that is named.

    Small samples:
        Every method takes the autocorrelation for smaller than it is, REML least so; below 12 points none
        can tell it. Intervals are t on Satterthwaite's degrees of freedom (REML) or on points minus
        coefficients; those of ARIMA errors are normal and too narrow in short series. A unit root is flagged.

    Not for:
        Fewer than three points before or after; a date chosen after looking at the series; a trend that was
        bending anyway.

    Source:
        Wagner et al. (2002), J Clin Pharm Ther 27:299; Lopez Bernal et al. (2017), Int J Epidemiol 46:348;
        Turner et al. (2021), BMC Med Res Methodol 21:134 and 21:181 (methods compared); Newey and West
        (1987); Prais and Winsten (1954); Schaffer et al. (2021), BMC Med Res Methodol 21:58 (ARIMA).
    """

    accepts: ClassVar[tuple[type, ...]] = (InterruptedSeries, Programme)
    uses: ClassVar[frozenset[str]] = frozenset()

    kind: Literal["segmented_regression"] = "segmented_regression"
    autocorrelation: AnyAutocorrelation
    levels: Intercepts = Field(default="unit", description=LEVELS)
    interval: SeriesInterval = DeltaInterval()
    placebo: Placebo = NoPlacebo()

    @property
    def needs_seed(self) -> bool:
        """Only the bootstrap draws."""
        return isinstance(self.interval, BootstrapInterval)

    def objections(self, study: TimeStudy, question: Question) -> tuple[str, ...]:
        simulates = isinstance(self.interval, BootstrapInterval)
        return segmented_objections(self.autocorrelation, study, question, simulates=simulates)

    def estimand_gap(self, study: TimeStudy, question: Question) -> str:
        return ""

    def words(self, study: TimeStudy, question: Question) -> MethodWords:
        return MethodWords(
            self._estimator(), equation_of(self.autocorrelation, study), self._df_rule(), self._listed()
        )

    def _estimator(self) -> str:
        return f"Segmented regression, {self.autocorrelation.words}"

    def _df_rule(self) -> str:
        if isinstance(self.interval, BootstrapInterval):
            return "studentised bootstrap of simulated series"
        rule = getattr(self.autocorrelation, "df", None)
        return rule.meaning.rstrip(".") if isinstance(rule, Choice) else self.autocorrelation.reference

    def _listed(self) -> tuple[tuple[str, str, str], ...]:
        found = listed({"interval": self.interval, "placebo": self.placebo})
        levels = ("levels", self.levels, LEVELS)
        return (*listed_model(self.autocorrelation), levels, *found)

    def fit(self, design: SeriesDesign, seed: Seed | None = None) -> Fit:
        """Estimate. Raises FitError for terms that cannot be told apart and for too few points."""
        points = points_of(design, self.levels)
        require_variation(points)
        found = self.autocorrelation.fit(points)
        require_scatter(points, found.residuals)
        point = Asymptotic(points.terms.names, found.params, found.covariance, found.df)
        warnings = (*found.warnings, *length_warnings(design))
        facts = (*series_facts(design, points, self._estimator(), self._df_rule()), *found.facts)
        facts = (*facts, *diagnostics(design, points, found), *self._placebo(design))
        uncertainty: Uncertainty = point
        if isinstance(self.interval, BootstrapInterval):
            drawn = self._bootstrap(SeriesBootstrap(points, found, self.autocorrelation), seed)
            uncertainty, facts = drawn.draws, (*facts, *bootstrap_facts(drawn))
            warnings = (*warnings, *_of_bootstrap(drawn))
        named = changes(design, points.terms, found.link)
        return Fit(
            uncertainty=uncertainty,
            status="boundary" if found.boundary else "warning" if warnings else "ok",
            evidence=found.evidence,
            warnings=warnings,
            facts=facts,
            settings=tuple((name, value) for name, value, _ in self._listed()),
            changes=named,
            curve=curve(design, points.terms, found.link) if found.level_known else (),
        )

    def targets(self, design: SeriesDesign) -> tuple[Quantity, ...]:
        """The declared change alone."""
        points = points_of(design, self.levels)
        return (effect(design, points.terms, self.autocorrelation.link),)

    def _bootstrap(self, model: SeriesBootstrap, seed: Seed | None) -> Bootstrap:
        if seed is None or not isinstance(self.interval, BootstrapInterval):
            raise FitError("the bootstrap needs a seed", found="none", allowed="a plan with `seed`")
        return bootstrap(model, seed.at("series"), self.interval.replicates)

    def _placebo(self, design: SeriesDesign) -> tuple[Fact, ...]:
        if not isinstance(self.placebo, PlaceboDates):
            return ()

        def asked(moved: SeriesDesign) -> tuple[Asymptotic, Quantity]:
            points = points_of(moved, self.levels)
            found = self.autocorrelation.fit(points)
            point = Asymptotic(points.terms.names, found.params, found.covariance, found.df)
            return point, effect(moved, points.terms, found.link)

        return placebo_facts(design, asked, self.placebo.margin)


def _of_bootstrap(drawn: Bootstrap) -> tuple[str, ...]:
    found = []
    if drawn.failed:
        found.append(
            f"{drawn.failed} of {len(drawn.draws.draws)} simulated series could not be fitted; they count "
            "against the interval on both sides"
        )
    if drawn.on_boundary:
        found.append(
            f"{drawn.on_boundary} of {len(drawn.draws.draws)} simulated series ended on the boundary of the "
            "error model"
        )
    return tuple(found)


def series_facts(design: SeriesDesign, points: Points, estimator: str, df_rule: str) -> tuple[Fact, ...]:
    """What every model of a series tells of itself: estimator, reference, points and people on each side."""
    facts = [
        Fact("estimator", "Estimator", estimator),
        Fact("df_rule", "Reference distribution", df_rule),
        Fact("n_points", "Points", len(points.y), "points"),
        Fact("n_terms", "Coefficients", points.X.shape[1]),
    ]
    people = "individuals" if design.outcome.type == "binary" else "person-time"
    treated = design.treated[design.row_unit] & design.used
    for name, mine in zip(design.names, (treated & ~design.after, treated & design.after), strict=True):
        side = (("arm", name),)
        facts.append(Fact("n_points", "Points", int(np.count_nonzero(mine)), "points", side))
        if design.outcome.type != "continuous":
            facts.append(Fact("n", "Denominator", round(float(design.size[mine].sum())), people, side))
    return tuple(facts)

"""Interrupted series of many units in two stages: each unit by itself, then random-effects pooling."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from precept_stats.data.declared import Declared
from precept_stats.errors import FitError
from precept_stats.inference.asymptotic import Asymptotic
from precept_stats.inference.curve import Beside
from precept_stats.inference.fit import Fact, Fit
from precept_stats.inference.quantities import Quantity
from precept_stats.inference.seeds import Seed
from precept_stats.methods.contract import MethodWords
from precept_stats.methods.multilevel_facts import unit_counts
from precept_stats.methods.multilevel_plan import change_objections
from precept_stats.methods.series_columns import terms
from precept_stats.methods.series_effects import effect
from precept_stats.methods.series_plan import equation_of, listed_model, segmented_objections
from precept_stats.methods.settings import Choice, listed
from precept_stats.methods.settings_series_counts import AnyAutocorrelation
from precept_stats.methods.settings_two_stage import HartungKnapp, PooledInterval
from precept_stats.methods.two_stage_units import UnitEstimates, unit_estimates
from precept_stats.numerics.pooling import BetweenEstimator, PooledMean, pool
from precept_stats.studies import TimeStudy
from precept_stats.studies.changes import Cumulative
from precept_stats.studies.interrupted_series import InterruptedSeries
from precept_stats.studies.programme import Programme
from precept_stats.studies.question import Question
from precept_stats.studies.series_design import SeriesDesign

Vector = NDArray[np.float64]

FEWEST_UNITS = 2
FEW_UNITS = 5
LEVEL = 0.95
"""The level of the limits of the variance between units."""
TAU2_WORDS = {
    "reml": "restricted maximum likelihood",
    "paule_mandel": "Paule and Mandel",
    "dersimonian_laird": "DerSimonian and Laird",
}


@dataclass(frozen=True, slots=True, eq=False)
class Stages:
    """The units' estimates, and each of their quantities pooled."""

    units: UnitEstimates
    pooled: tuple[PooledMean, ...]


class TwoStageIts(Declared):
    """Segmented regression of each unit, then the mean of the units' changes by random-effects pooling.

    Estimates:
        The mean over units of the declared change: of level or slope at the interruption; or what was fitted
        against the counterfactual at a time or over a window, as a difference or (on the log scale) a ratio.
        Each unit counts by the precision of its own estimate and the variance between units.

    Model:
        Each unit's series was regressed by itself on time, the shapes of each interruption, seasonal terms
        and covariates, with the error model that is named. The estimates were taken as normal about the
        units' own changes, which vary normally between units with a variance tau2.

    Assumes:
        In each unit, that its trend and season would have gone on without the interruption. Estimates of
        units are independent, normal, and their standard errors known; a unit's change is unrelated to how
        precisely it is known.

    Small samples:
        The interval is Hartung and Knapp's, t on units less one, unless the normal one is named. Short series
        make standard errors of units themselves too small, which the scatter between units makes up for in
        the mean but not in tau2, which is then too large. Units with few events bias changes of logarithms.

    Not for:
        Units with fewer points than coefficients or with months without events on one side; control
        series, which the estimates would share; totals over units; a participant-average where large units
        changed otherwise than small ones.

    Source:
        Hartung and Knapp (2001), Stat Med 20:3875; Viechtbauer (2005), J Educ Behav Stat 30:261 (REML); Paule
        and Mandel (1982), J Res Natl Bur Stand 87:377; Higgins, Thompson and Spiegelhalter (2009), J R Stat
        Soc A 172:137 (prediction interval); Gebski et al. (2012), Epidemiol Infect 140:2131 (pooled
        interrupted series).
    """

    accepts: ClassVar[tuple[type, ...]] = (Programme, InterruptedSeries)
    uses: ClassVar[frozenset[str]] = frozenset()
    needs_seed: ClassVar[bool] = False

    kind: Literal["two_stage_its"] = "two_stage_its"
    autocorrelation: AnyAutocorrelation
    between: BetweenEstimator = Field(
        default="reml",
        description="How tau2, the variance between units, is estimated.",
    )
    interval: PooledInterval = HartungKnapp()
    without_estimate: Literal["refuse", "leave_out"] = Field(
        default="refuse",
        description="What becomes of units whose own series give no estimate: `refuse` gives no answer, "
        "`leave_out` pools the others and says how many were left out and why.",
    )

    def objections(self, study: TimeStudy, question: Question) -> tuple[str, ...]:
        link = self.autocorrelation.link
        found = [
            *segmented_objections(self.autocorrelation, study, question, simulates=False),
            *change_objections(link, question, differs=True),
        ]
        if isinstance(study, InterruptedSeries) and study.series is None:
            found.append("it needs several series: name the column `series`, or use segmented_regression")
        if isinstance(study, InterruptedSeries) and study.controls is not None:
            found.append("estimates of units would share the control series: use multilevel_its")
        if isinstance(question.estimand.change, Cumulative):
            found.append("it pools means over units, no totals: use multilevel_its")
        return tuple(dict.fromkeys(found))

    def estimand_gap(self, study: TimeStudy, question: Question) -> str:
        if question.estimand.target == "participant_average":
            return "units count by precision, not as their people: they differ where changes go with size"
        return ""

    def words(self, study: TimeStudy, question: Question) -> MethodWords:
        equation = (
            f"by unit: {equation_of(self.autocorrelation, study)}; then change[i] = mean + u[i] + error[i]"
        )
        return MethodWords(self._estimator(), equation, self._df_rule(), self._listed())

    def _estimator(self) -> str:
        return (
            f"Two-stage segmented regression, {self.autocorrelation.words} by unit, tau2 by "
            f"{TAU2_WORDS[self.between]}"
        )

    def _df_rule(self) -> str:
        return self.interval.meaning.rstrip(".")

    def _listed(self) -> tuple[tuple[str, str, str], ...]:
        fields = type(self).model_fields
        own = tuple(
            (name, str(getattr(self, name)), fields[name].description or "")
            for name in ("between", "without_estimate")
        )
        choices: dict[str, Choice] = {"interval": self.interval}
        return (*listed_model(self.autocorrelation), *own, *listed(choices))

    def fit(self, design: SeriesDesign, seed: Seed | None = None) -> Fit:
        """Estimate. Raises FitError for units without an estimate (unless left out), and for one unit."""
        stages = self._stages(design)
        units, count = stages.units, len(stages.units.names)
        variance = np.array([one.variance * self.interval.factor(one) for one in stages.pooled])
        means = np.array([one.mean for one in stages.pooled])
        names = ("effect", *(f"change[{j}]" for j in range(1, len(means))))
        warnings, boundary = self._warnings(stages), stages.pooled[0].tau2 == 0.0
        quantities = [_of_mean(one, place) for place, one in enumerate(units.quantities)]
        return Fit(
            uncertainty=Asymptotic(names, means, np.diag(variance), self.interval.df(count)),
            status="boundary" if boundary else "warning" if warnings else "ok",
            evidence=(("tau2", stages.pooled[0].tau2),),
            warnings=warnings,
            facts=(*self._facts(design, stages), *unit_counts(design), *_predictions(stages)),
            settings=tuple((name, value) for name, value, _ in self._listed()),
            changes=tuple(quantities[1:]),
            beside=(self._new_unit(stages, quantities[0]),),
        )

    def targets(self, design: SeriesDesign) -> tuple[Quantity, ...]:
        """The pooled change alone."""
        link = self.autocorrelation.link
        return (_of_mean(effect(design, terms(design, "common"), link), 0),)

    def _stages(self, design: SeriesDesign) -> Stages:
        units = unit_estimates(design, self.autocorrelation)
        if units.failed and self.without_estimate == "refuse":
            name, why = units.failed[0]
            raise FitError(
                f"{len(units.failed)} of {len(design.units)} units give no estimate by themselves",
                found=f"{name}: {why}",
                allowed="`without_estimate: leave_out`, fewer terms, a coarser `every`; or multilevel_its, "
                "which needs less of each unit",
            )
        if len(units.names) < FEWEST_UNITS:
            raise FitError(
                "too few units with an estimate to pool",
                found=f"{len(units.names)}",
                allowed=f"{FEWEST_UNITS} or more",
            )
        pooled = tuple(
            pool(units.values[:, j], units.variances[:, j], self.between, LEVEL)
            for j in range(units.values.shape[1])
        )
        return Stages(units, pooled)

    def _new_unit(self, stages: Stages, quantity: Quantity) -> Beside:
        """Where the change of another unit of the same kind is expected."""
        first, count = stages.pooled[0], len(stages.units.names)
        variance = first.variance * self.interval.factor(first) + first.tau2
        predicted = Asymptotic(
            ("effect",), np.array([first.mean]), np.array([[variance]]), self.interval.df(count)
        )
        return Beside("prediction", "A new unit (prediction interval)", predicted, _of_mean(quantity, 0))

    def _warnings(self, stages: Stages) -> tuple[str, ...]:
        told, units, first = [], stages.units, stages.pooled[0]
        if units.failed:
            name, why = units.failed[0]
            total = len(units.failed) + len(units.names)
            told.append(
                f"{len(units.failed)} of {total} units give no estimate and are left out: "
                f"the first is {name}, {why}"
            )
        if units.at_boundary:
            told.append(f"the error model of {units.at_boundary} units ended on its boundary")
        if first.tau2 == 0.0:
            told.append("the variance of the change between units is estimated as 0 (a boundary)")
        if len(units.names) < FEW_UNITS:
            told.append(f"{len(units.names)} units; the variance between them is hardly known")
        if isinstance(self.interval, HartungKnapp) and self.interval.factor(first) < 1.0:
            told.append(
                "the estimates scatter less than their standard errors let expect, so that Hartung and "
                "Knapp's interval is the narrower one (`never_narrower` holds it)"
            )
        return tuple(told)

    def _facts(self, design: SeriesDesign, stages: Stages) -> Iterator[Fact]:
        units, first = stages.units, stages.pooled[0]
        yield Fact("estimator", "Estimator", self._estimator())
        yield Fact("df_rule", "Reference distribution", self._df_rule())
        yield Fact("n_units", "Units pooled", len(units.names), "clusters")
        yield Fact("n_left_out", "Units without an estimate of their own", len(units.failed), "clusters")
        yield Fact("n_points", "Cells", int(design.used.sum()), "points")
        groups = (("term", "unit"),)
        yield Fact("variance", "Variance of the change between units (tau2)", first.tau2, groups=groups)
        spread = first.spread
        yield Fact("tau2_low", "Lower 95% limit of tau2 (Q profile)", spread.lower)
        yield Fact("tau2_high", "Upper 95% limit of tau2 (Q profile)", spread.upper)
        yield Fact("i2", "Share of the scatter that is between units (I2)", first.i2, "proportion")
        yield Fact("q", "Cochran's Q", spread.q)
        yield Fact("q_df", "Degrees of freedom of Q", spread.df)
        yield Fact("q_p", "p-value of Q", spread.p_value)
        yield Fact("inflation", "Hartung and Knapp's factor on the variance", first.inflation)
        if units.phi is not None:
            yield Fact("phi", "First-order autocorrelation, mean over units", units.phi, "", (), "diagnostic")


def _of_mean(of_unit: Quantity, place: int) -> Quantity:
    """The pooled parameter at a place, asked as the units' own quantity is."""

    def gradient(b: Vector) -> Vector:
        found = np.zeros(len(b))
        found[place] = 1.0
        return found

    return Quantity(
        of_unit.measure,
        of_unit.contrast,
        of_unit.scale,
        of_unit.unit,
        of_unit.null,
        lambda b: float(b[place]),
        gradient,
    )


def _predictions(stages: Stages) -> Iterator[Fact]:
    """How far each unit's change is drawn to differ from the mean: shrunken, with its standard error."""
    first, units = stages.pooled[0], stages.units
    known = units.variances[:, 0]
    share = first.tau2 / (first.tau2 + known)
    away = share * (units.values[:, 0] - first.mean)
    error = np.sqrt(share * known + share**2 * first.variance)
    for name, value, wide in zip(units.names, away, error, strict=True):
        groups = (("cluster", name), ("term", "change"))
        label = "Predicted difference of the unit's change from the mean"
        yield Fact("prediction", label, float(value), "", groups, "prediction")
        yield Fact("std_error", "Standard error of that", float(wide), "", groups, "prediction")

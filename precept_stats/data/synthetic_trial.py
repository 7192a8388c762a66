"""A cluster trial like PReCePT with a known truth: its settings and its exact expectations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from precept_stats.data import synthetic_constants as constants
from precept_stats.data.declared import Declared
from precept_stats.data.synthetic_months import Month, month_number
from precept_stats.numerics.beta_clusters import (
    beta_probability,
    hermite_coefficients,
    normal_nodes,
    product_moment,
    score_correlation,
)

Floats = NDArray[np.float64]
Ints = NDArray[np.int_]
Arm = Literal["SSP", "ESP"]
LEAST, MOST = 0.01, 0.99


class ArmUptake(Declared):
    """Marginal uptake of each arm in one window, as proportions of mothers."""

    standard: float = Field(ge=LEAST, le=MOST)
    enhanced: float = Field(ge=LEAST, le=MOST)

    def of(self, arm: Arm) -> float:
        return self.standard if arm == "SSP" else self.enhanced


class TrialScenario(Declared):
    """Settings of a synthetic trial; the defaults are the published percentages (synthetic.md).

    ``uptake_before`` and ``uptake_follow_up`` are marginal: averages over mothers, units and start
    months. ``trend_per_year`` is a secular rise in calendar time within each window, around those
    averages. ``icc`` holds within a unit and month; ``period_correlation`` (cluster
    autocorrelation) is of a unit's true uptake before and at follow-up. Sizes say nothing about
    uptake, so the participant and the cluster average are the same.
    """

    units_standard: int = Field(constants.UNITS_STANDARD.value, ge=1, le=1000)
    units_enhanced: int = Field(constants.UNITS_ENHANCED.value, ge=1, le=1000)
    strata: int = Field(constants.STRATA.value, ge=1, le=20)
    months_before: int = Field(constants.MONTHS_BEFORE.value, ge=1, le=36)
    months_implementation: int = Field(constants.MONTHS_IMPLEMENTATION.value, ge=0, le=36)
    months_follow_up: int = Field(constants.MONTHS_FOLLOW_UP.value, ge=1, le=36)
    first_start: Month = constants.TRIAL_FIRST_START.value
    last_start: Month = constants.TRIAL_LAST_START.value
    births_per_year: float = Field(constants.TRIAL_BIRTHS.value, gt=0, le=5000)
    births_cv: float = Field(constants.TRIAL_BIRTHS_CV.value, ge=0, le=3)
    births_minimum: int = Field(constants.BIRTHS_MINIMUM.value, ge=1)
    screening_uptake: float = Field(constants.SCREENING_UPTAKE.value, ge=LEAST, le=MOST)
    screening_limit: float = Field(constants.SCREENING_LIMIT.value, gt=0, le=1)
    uptake_before: ArmUptake = ArmUptake(
        standard=constants.STANDARD_BEFORE.value, enhanced=constants.ENHANCED_BEFORE.value
    )
    uptake_follow_up: ArmUptake = ArmUptake(
        standard=constants.STANDARD_FOLLOW_UP.value, enhanced=constants.ENHANCED_FOLLOW_UP.value
    )
    trend_per_year: float = Field(constants.TRIAL_TREND.value, ge=-0.5, le=0.5)
    icc: float = Field(constants.TRIAL_ICC.value, ge=0, le=0.4)
    period_correlation: float = Field(constants.TRIAL_PERIOD_CORRELATION.value, ge=0, le=1)
    unknown: float = Field(constants.UNKNOWN.value, ge=0, le=0.5)

    @model_validator(mode="after")
    def _coherent(self) -> TrialScenario:
        if month_number(self.last_start) < month_number(self.first_start):
            raise ValueError(f"last_start {self.last_start} is before first_start {self.first_start}")
        if self.births_per_year <= self.births_minimum and self.births_cv > 0:
            raise ValueError(
                f"unequal units of at least {self.births_minimum} births a year "
                f"cannot average {self.births_per_year:g}"
            )
        if self.strata > min(self.units_standard, self.units_enhanced):
            raise ValueError(f"each arm needs a unit in each stratum, and there are {self.strata} strata")
        extremes = [extreme for arm in ARMS for extreme in _extremes(self, arm)]
        if min(extremes) < LEAST or max(extremes) > MOST:
            raise ValueError(
                f"trend_per_year takes a month's uptake to {min(extremes):.3f} or {max(extremes):.3f}; "
                f"every month must lie in {LEAST} to {MOST}"
            )
        return self

    @property
    def units(self) -> int:
        return self.units_standard + self.units_enhanced

    @property
    def start_spread(self) -> int:
        """Months from the first possible start month to the last."""
        return month_number(self.last_start) - month_number(self.first_start)

    @property
    def risk_difference(self) -> float:
        """The true effect: marginal uptake at follow-up, enhanced minus standard, over mothers."""
        return self.uptake_follow_up.enhanced - self.uptake_follow_up.standard


ARMS: tuple[Arm, Arm] = ("SSP", "ESP")


def published_percentages() -> TrialScenario:
    """The trial whose marginal uptakes are the printed 68 to 84 (SSP) and 64 to 85 per cent (ESP).

    The true risk difference at follow-up is 0.01. The arms differ at baseline in expectation, as
    randomised arms do not, so a baseline-adjusted analysis is centred above 0.01; use
    `declared_effect` to judge adjusted methods.
    """
    return TrialScenario()


def declared_effect(risk_difference: float, base: TrialScenario | None = None) -> TrialScenario:
    """A trial with this true risk difference at follow-up, the arms alike before.

    Baseline uptake in both arms is the average of ``base`` over units; the standard arm's
    follow-up uptake is that of ``base`` and everything else is kept. The published adjusted
    difference is -0.0084.
    """
    scenario = base or TrialScenario()
    weights = scenario.units_standard / scenario.units, scenario.units_enhanced / scenario.units
    before = weights[0] * scenario.uptake_before.standard + weights[1] * scenario.uptake_before.enhanced
    standard = scenario.uptake_follow_up.standard
    fields = scenario.model_dump()
    fields["uptake_before"] = {"standard": before, "enhanced": before}
    fields["uptake_follow_up"] = {"standard": standard, "enhanced": standard + risk_difference}
    return TrialScenario.model_validate(fields)


def before_means(scenario: TrialScenario, arm: Arm, start: Ints | Floats) -> Floats:
    """Mean uptake (starts, months) in the months before, for starts counted from the first possible."""
    return scenario.uptake_before.of(arm) + _trend(scenario, start, scenario.months_before)


def implementation_means(scenario: TrialScenario, arm: Arm, start: Ints | Floats) -> Floats:
    """Mean uptake (starts, months) during implementation: straight from the one level to the other."""
    months = scenario.months_implementation
    done = (np.arange(months) + 0.5) / max(months, 1)
    before, after = scenario.uptake_before.of(arm), scenario.uptake_follow_up.of(arm)
    return before + (after - before) * done + _calendar_shift(scenario, start)[:, None]


def follow_up_means(scenario: TrialScenario, arm: Arm, start: Ints | Floats) -> Floats:
    """Mean uptake (starts, months) in the months of follow-up."""
    return scenario.uptake_follow_up.of(arm) + _trend(scenario, start, scenario.months_follow_up)


def _calendar_shift(scenario: TrialScenario, start: Ints | Floats) -> Floats:
    return scenario.trend_per_year / 12 * (np.asarray(start, float) - scenario.start_spread / 2)


def _trend(scenario: TrialScenario, start: Ints | Floats, months: int) -> Floats:
    within = scenario.trend_per_year / 12 * (np.arange(months) - (months - 1) / 2)
    return np.asarray(_calendar_shift(scenario, start)[:, None] + within)


def _extremes(scenario: TrialScenario, arm: Arm) -> tuple[float, float]:
    ends = np.array([0, scenario.start_spread])
    means = [before_means(scenario, arm, ends), follow_up_means(scenario, arm, ends)]
    every = np.concatenate([window.ravel() for window in (*means, implementation_means(scenario, arm, ends))])
    return float(every.min()), float(every.max())


@dataclass(frozen=True, slots=True)
class ArmTruth:
    """What is exactly true of one arm, over all units that could have been drawn.

    ``icc_*`` is that of two mothers of one unit anywhere in the window; ``between_period`` is the
    correlation of a unit's true uptake before and at follow-up (None when the ICC is 0).
    """

    arm: Arm
    uptake_before: float
    uptake_follow_up: float
    icc_before: float
    icc_follow_up: float
    between_period: float | None


@dataclass(frozen=True, slots=True)
class TrialTruth:
    """The estimands' true values: marginal, and over participants (or clusters: the same here)."""

    standard: ArmTruth
    enhanced: ArmTruth
    score_correlation: float

    @property
    def risk_difference(self) -> float:
        """Marginal uptake at follow-up, enhanced minus standard."""
        return self.enhanced.uptake_follow_up - self.standard.uptake_follow_up

    @property
    def baseline_difference(self) -> float:
        """Marginal uptake before, enhanced minus standard; 0 where randomisation holds in expectation."""
        return self.enhanced.uptake_before - self.standard.uptake_before

    @property
    def risk_ratio(self) -> float:
        """Marginal uptake at follow-up, enhanced over standard."""
        return self.enhanced.uptake_follow_up / self.standard.uptake_follow_up


def trial_truth(scenario: TrialScenario) -> TrialTruth:
    """The truth of a scenario, by summation over start months and Gauss-Hermite quadrature over units."""
    latent = latent_correlation(scenario)
    standard, enhanced = (_arm_truth(scenario, arm, latent) for arm in ARMS)
    return TrialTruth(standard=standard, enhanced=enhanced, score_correlation=latent)


def latent_correlation(scenario: TrialScenario) -> float:
    """The correlation of a unit's normal scores in two windows that gives ``period_correlation``.

    Solved for the standard arm at the middle start month; `trial_truth` reports what each arm has.
    """
    middle = np.array([scenario.start_spread / 2])
    before = _window_coefficients(before_means(scenario, "SSP", middle), scenario.icc)[0]
    after = _window_coefficients(follow_up_means(scenario, "SSP", middle), scenario.icc)[0]
    return score_correlation(before, after, scenario.period_correlation)


def _window_coefficients(means: Floats, icc: float) -> Floats:
    """Hermite coefficients (starts, terms) of a unit's average probability over the window's months."""
    nodes, _ = normal_nodes()
    return hermite_coefficients(beta_probability(nodes, means[:, :, None], icc).mean(axis=1))


def _arm_truth(scenario: TrialScenario, arm: Arm, latent: float) -> ArmTruth:
    starts = np.arange(scenario.start_spread + 1)
    before = _window_coefficients(before_means(scenario, arm, starts), scenario.icc)
    after = _window_coefficients(follow_up_means(scenario, arm, starts), scenario.icc)
    means = before[:, 0].mean(), after[:, 0].mean()
    variances = [product_moment(c, c, 1.0).mean() - c[:, 0].mean() ** 2 for c in (before, after)]
    covariance = product_moment(before, after, latent).mean() - means[0] * means[1]
    icc_before, icc_after = (
        max(float(variance / (mean * (1 - mean))), 0.0)
        for variance, mean in zip(variances, means, strict=True)
    )
    between = None if scenario.icc == 0 else float(covariance / np.sqrt(variances[0] * variances[1]))
    return ArmTruth(arm, float(means[0]), float(means[1]), icc_before, icc_after, between)

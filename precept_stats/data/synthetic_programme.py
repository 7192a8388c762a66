"""A national programme with a known truth: staggered starts, secular trend, plateau, narrowing regions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field, model_validator
from scipy.special import ndtri

from precept_stats.data import synthetic_constants as constants
from precept_stats.data.declared import Declared
from precept_stats.data.synthetic_draws import (
    ORIGIN,
    Stream,
    care_level,
    draw_rate,
    region_name,
    stream,
    unit_name,
)
from precept_stats.data.synthetic_months import Month, month_name, month_names, month_number
from precept_stats.numerics.beta_clusters import (
    beta_probability,
    hermite_coefficients,
    normal_nodes,
    score_correlation,
)

Floats = NDArray[np.float64]
Ints = NDArray[np.int_]
LEAST, MOST = 0.01, 0.99
CALIBRATION_YEARS = (2017, 2022)


class ProgrammeScenario(Declared):
    """Settings of a synthetic programme; the defaults follow the published NNRD series of England.

    National uptake rises evenly up to ``plateau_month``, by ``effect`` more as each unit's
    programme takes hold over ``ramp_months``, and declines from ``covid_month`` on. Level and
    slope are solved so that the means of 2017 and 2022 are exactly as given. ``spread_*`` is the
    standard deviation of regional uptake, which narrows from the first start to the plateau.
    """

    units: int = Field(constants.PROGRAMME_UNITS.value, ge=2, le=2000)
    regions: int = Field(constants.REGIONS.value, ge=2, le=100)
    first_month: Month = constants.PROGRAMME_FIRST.value
    last_month: Month = constants.PROGRAMME_LAST.value
    first_start: Month = constants.PROGRAMME_FIRST_START.value
    last_start: Month = constants.PROGRAMME_LAST_START.value
    unit_delay: int = Field(constants.UNIT_DELAY.value, ge=0, le=24)
    births_per_year: float = Field(constants.PROGRAMME_BIRTHS.value, gt=0, le=5000)
    births_cv: float = Field(constants.PROGRAMME_BIRTHS_CV.value, ge=0, le=3)
    births_minimum: int = Field(constants.PROGRAMME_BIRTHS_MINIMUM.value, ge=1)
    uptake_2017: float = Field(constants.UPTAKE_2017.value, ge=LEAST, le=MOST)
    uptake_2022: float = Field(constants.UPTAKE_2022.value, ge=LEAST, le=MOST)
    effect: float = Field(constants.PROGRAMME_EFFECT.value, ge=-0.5, le=0.5)
    ramp_months: int = Field(constants.RAMP_MONTHS.value, ge=1, le=30, description="1 is a step")
    plateau_month: Month = constants.PLATEAU_MONTH.value
    covid_month: Month = constants.COVID_MONTH.value
    covid_decline_per_year: float = Field(constants.COVID_DECLINE.value, ge=0, le=0.2)
    spread_start: float = Field(constants.SPREAD_START.value, ge=0, le=0.2)
    spread_end: float = Field(constants.SPREAD_END.value, ge=0, le=0.2)
    icc: float = Field(constants.PROGRAMME_ICC.value, ge=0, le=0.4)
    period_correlation: float = Field(constants.PROGRAMME_PERIOD_CORRELATION.value, ge=0, le=1)
    unknown: float = Field(constants.UNKNOWN.value, ge=0, le=0.5)

    @model_validator(mode="after")
    def _coherent(self) -> ProgrammeScenario:
        order = ("first_month", "first_start", "last_start", "plateau_month", "last_month")
        months = [month_number(getattr(self, name)) for name in order]
        if months != sorted(months):
            raise ValueError(f"months must run in this order: {', '.join(order)}")
        if month_number(self.first_start) < month_number("2018-01"):
            raise ValueError(
                "first_start must be after 2017, the year that gives the level before the programme"
            )
        complete = month_number(self.last_start) + self.ramp_months
        if max(complete, month_number(self.plateau_month) + 1) > month_number("2022-01"):
            raise ValueError(
                "the plateau and every unit's ramp must be reached before 2022, the year that is matched"
            )
        if self.units < self.regions:
            raise ValueError(f"{self.units} units cannot fill {self.regions} regions")
        if self.births_per_year <= self.births_minimum and self.births_cv > 0:
            raise ValueError(
                f"unequal units of at least {self.births_minimum} births a year "
                f"cannot average {self.births_per_year:g}"
            )
        return self._in_range()

    def _in_range(self) -> ProgrammeScenario:
        ranks = np.arange(self.regions)
        ends = self.start_numbers[[0, -1]]
        extremes = np.stack([region_means(self, ranks, np.full(ranks.size, end)) for end in ends])
        if extremes.min() < LEAST or extremes.max() > MOST:
            raise ValueError(
                f"a region's uptake would reach {extremes.min():.3f} or {extremes.max():.3f}; "
                f"every month must lie in {LEAST} to {MOST}: lower the spread or the effect"
            )
        return self

    @property
    def month_numbers(self) -> Ints:
        return np.arange(month_number(self.first_month), month_number(self.last_month) + 1)

    @property
    def start_numbers(self) -> Ints:
        """Every month in which a unit may start."""
        return np.arange(month_number(self.first_start), month_number(self.last_start) + 1)


@dataclass(frozen=True, slots=True)
class ProgrammeTruth:
    """What is exactly true of a programme, over all units and starts that could have been drawn.

    ``uptake``, ``without_programme`` and ``regional_sd`` have one entry a month of ``months``;
    ``annual`` pairs each whole calendar year with its mean uptake.
    """

    effect: float
    trend_per_year: float
    months: tuple[str, ...]
    uptake: tuple[float, ...]
    without_programme: tuple[float, ...]
    regional_sd: tuple[float, ...]
    annual: tuple[tuple[int, float], ...]


def secular_course(scenario: ProgrammeScenario, months: Ints) -> Floats:
    """National uptake without the programme, by month."""
    level, slope = _level_and_slope(scenario)
    return (
        level + slope * _rise(scenario, months) - scenario.covid_decline_per_year * _decline(scenario, months)
    )


def programme_effect(scenario: ProgrammeScenario, months: Ints, starts: Ints) -> Floats:
    """The rise due to the programme, (starts, months): even over the ramp, then the whole effect."""
    since = months[None, :] - np.asarray(starts)[:, None]
    return np.asarray(scenario.effect * np.clip((since + 1) / scenario.ramp_months, 0.0, 1.0))


def regional_spread(scenario: ProgrammeScenario, months: Ints) -> Floats:
    """Standard deviation of true regional uptake about the national course, by month."""
    ends = [month_number(scenario.first_start), month_number(scenario.plateau_month)]
    return np.interp(months, ends, [scenario.spread_start, scenario.spread_end])


def region_scores(regions: int) -> Floats:
    """Normal scores of the regions, mean 0 and standard deviation 1 exactly (divisor: regions)."""
    scores = ndtri((np.arange(regions) + 0.5) / regions)
    return np.asarray((scores - scores.mean()) / scores.std())


def region_means(scenario: ProgrammeScenario, rank: Ints, starts: Ints) -> Floats:
    """Mean uptake (units, months) of units in the region of the given rank with the given start."""
    months = scenario.month_numbers
    offset = region_scores(scenario.regions)[rank][:, None] * regional_spread(scenario, months)
    return secular_course(scenario, months) + programme_effect(scenario, months, starts) + offset


def _rise(scenario: ProgrammeScenario, months: Ints) -> Floats:
    return np.minimum(months, month_number(scenario.plateau_month)) / 12


def _decline(scenario: ProgrammeScenario, months: Ints) -> Floats:
    return np.maximum(months - month_number(scenario.covid_month) + 1, 0) / 12


def _level_and_slope(scenario: ProgrammeScenario) -> tuple[float, float]:
    """Solve the level and the slope a year from the means of 2017 (no programme) and 2022 (complete)."""
    early, late = (12 * year + np.arange(12) for year in CALIBRATION_YEARS)
    lost = [scenario.covid_decline_per_year * _decline(scenario, months).mean() for months in (early, late)]
    gained = scenario.uptake_2022 + lost[1] - scenario.effect - scenario.uptake_2017 - lost[0]
    slope = gained / (_rise(scenario, late).mean() - _rise(scenario, early).mean())
    return float(scenario.uptake_2017 + lost[0] - slope * _rise(scenario, early).mean()), float(slope)


def programme_truth(scenario: ProgrammeScenario) -> ProgrammeTruth:
    """The truth of a scenario, exact: means over the possible starts."""
    months = scenario.month_numbers
    starts = np.minimum(
        scenario.start_numbers[:, None] + np.arange(scenario.unit_delay + 1), scenario.start_numbers[-1]
    )
    without = secular_course(scenario, months)
    uptake = without + programme_effect(scenario, months, starts.ravel()).mean(axis=0)
    years, counts = np.unique(months // 12, return_counts=True)
    whole = years[counts == 12]
    return ProgrammeTruth(
        effect=scenario.effect,
        trend_per_year=_level_and_slope(scenario)[1],
        months=tuple(month_names(months)),
        uptake=tuple(uptake.tolist()),
        without_programme=tuple(without.tolist()),
        regional_sd=tuple(regional_spread(scenario, months).tolist()),
        annual=tuple((int(year), float(uptake[months // 12 == year].mean())) for year in whole),
    )


def programme_tables(scenario: ProgrammeScenario, seed: int) -> dict[str, pd.DataFrame]:
    """Tables ``units`` and ``unit_months`` of one synthetic programme.

    The same seed gives the same tables; each unit's draws have an address of their own, so that
    another unit changes no other row. A month in which no eligible mother's treatment is recorded
    has no row. ``data_origin`` is ``synthetic`` in every row.
    """
    latent = _latent_correlation(scenario)
    order = stream(seed, Stream.PROGRAMME_ORDER).permutation(scenario.regions)
    region = np.arange(scenario.units) % scenario.regions
    starts = np.array([_start(scenario, seed, unit, int(region[unit])) for unit in range(scenario.units)])
    rates = [_rate(scenario, seed, unit) for unit in range(scenario.units)]
    means = region_means(scenario, order[region], starts)
    counts = [
        _counts(scenario, seed, unit, rates[unit], _uptake(scenario, seed, unit, means[unit], latent))
        for unit in range(scenario.units)
    ]
    units = pd.DataFrame(
        {
            "unit": [unit_name(unit) for unit in range(scenario.units)],
            "region": [region_name(int(index)) for index in region],
            "nation": constants.NATION.value,
            "level": [care_level(rate) for rate in rates],
            "start_month": [month_name(int(start)) for start in starts],
            "baseline_uptake": [_baseline_uptake(frame) for frame in counts],
            "data_origin": ORIGIN,
        }
    )
    months = pd.concat(counts, ignore_index=True)
    return {"units": units, "unit_months": months[months["denominator"] > 0].reset_index(drop=True)}


def _baseline_uptake(counts: pd.DataFrame) -> float:
    """Uptake in 2016 of one unit; missing when nobody is recorded in that year."""
    year = counts[counts["month"].str.startswith(f"{constants.SCREENING_YEAR.value}-")]
    recorded = int(year["denominator"].sum())
    return round(float(year["numerator"].sum()) / recorded, 4) if recorded else float("nan")


def _latent_correlation(scenario: ProgrammeScenario) -> float:
    nodes, _ = normal_nodes()
    ends = (scenario.uptake_2017, scenario.uptake_2022)
    early, late = (hermite_coefficients(beta_probability(nodes, mean, scenario.icc)) for mean in ends)
    return score_correlation(early, late, scenario.period_correlation)


def _start(scenario: ProgrammeScenario, seed: int, unit: int, region: int) -> int:
    """The region's start month, and up to ``unit_delay`` months more, never after the last start."""
    first = stream(seed, Stream.PROGRAMME_REGION, region).choice(scenario.start_numbers)
    delay = stream(seed, Stream.PROGRAMME_UNIT, unit).integers(scenario.unit_delay + 1)
    return int(min(first + delay, scenario.start_numbers[-1]))


def _rate(scenario: ProgrammeScenario, seed: int, unit: int) -> float:
    rng = stream(seed, Stream.PROGRAMME_UNIT, unit)
    rng.random()
    return draw_rate(rng, scenario.births_per_year, scenario.births_cv, scenario.births_minimum)


def _uptake(scenario: ProgrammeScenario, seed: int, unit: int, means: Floats, latent: float) -> Floats:
    """The unit's true uptake by month: one score that lasts and one a calendar year."""
    rng = stream(seed, Stream.PROGRAMME_EFFECTS, unit)
    years = scenario.month_numbers // 12
    lasting, yearly = rng.normal(), rng.normal(size=int(np.ptp(years)) + 1)
    score = np.sqrt(latent) * lasting + np.sqrt(1 - latent) * yearly[years - years[0]]
    return beta_probability(score, means, scenario.icc)


def _counts(scenario: ProgrammeScenario, seed: int, unit: int, rate: float, uptake: Floats) -> pd.DataFrame:
    rng = stream(seed, Stream.PROGRAMME_COUNTS, unit)
    mothers = rng.poisson(rate / 12, uptake.size)
    missing = rng.binomial(mothers, scenario.unknown)
    return pd.DataFrame(
        {
            "unit": unit_name(unit),
            "month": month_names(scenario.month_numbers),
            "numerator": rng.binomial(mothers - missing, uptake),
            "denominator": mothers - missing,
            "missing": missing,
            "data_origin": ORIGIN,
        }
    )

"""Three nations, one of which had a programme: monthly series with a known truth, for controlled series."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field, model_validator

from precept_stats.data import synthetic_constants as constants
from precept_stats.data.declared import Declared
from precept_stats.data.synthetic_draws import ORIGIN, Stream, stream
from precept_stats.data.synthetic_months import Month, month_names, month_number

Floats = NDArray[np.float64]
Ints = NDArray[np.int_]
LEAST, MOST = 0.01, 0.99
NATIONS = ("England", "Scotland", "Wales")
TREATED = NATIONS[0]
NATIONS_SEED = 24311213
"""The seed of the shipped nations: digits of the published report's number."""


class NationsScenario(Declared):
    """Settings of the synthetic nations.

    Uptake rises in every nation by the same slope up to the month before ``covid_month``, in England from
    ``start_month`` on by more, evenly, until that month, when the ``effect`` is complete; it stays. From
    ``covid_month`` on each nation has a slope of its own. England then declines by
    ``covid_decline_per_year``; the slope before is solved so that its means of 2017 and 2022 are exactly as
    given, and the slopes of the others after so that theirs are. A yearly wave is common to all.
    """

    first_month: Month = constants.NATIONS_FIRST.value
    last_month: Month = constants.NATIONS_LAST.value
    start_month: Month = constants.NATIONS_START.value
    covid_month: Month = constants.COVID_MONTH.value
    covid_decline_per_year: float = Field(constants.COVID_DECLINE.value, ge=0, le=0.2)
    effect: float = Field(constants.NATIONS_EFFECT.value, ge=-0.5, le=0.5)
    uptake_2017: dict[str, float] = Field(default_factory=lambda: dict(constants.NATIONS_LEVELS.value))
    uptake_2022: dict[str, float] = Field(default_factory=lambda: dict(constants.NATIONS_LATE.value))
    mothers_per_month: dict[str, float] = Field(default_factory=lambda: dict(constants.NATIONS_MOTHERS.value))
    season: float = Field(constants.NATIONS_SEASON.value, ge=0, le=0.1)
    month_sd: float = Field(constants.NATIONS_SD.value, ge=0, le=0.05)
    autocorrelation: float = Field(constants.NATIONS_PHI.value, ge=0, lt=1)

    @model_validator(mode="after")
    def _coherent(self) -> NationsScenario:
        order = ("first_month", "start_month", "covid_month", "last_month")
        months = [month_number(getattr(self, name)) for name in order]
        if months != sorted(set(months)):
            raise ValueError(f"months must run in this order: {', '.join(order)}")
        if months[0] > 12 * 2017 or months[-1] < 12 * 2022 + 11:
            raise ValueError("the series must hold the years 2017 and 2022, which are matched")
        if months[1] < 12 * 2018 or months[2] > 12 * 2022:
            raise ValueError("start_month must be after 2017 and covid_month not after January 2022")
        for name in ("uptake_2017", "uptake_2022", "mothers_per_month"):
            if set(getattr(self, name)) != set(NATIONS):
                raise ValueError(f"{name} must name {', '.join(NATIONS)}")
        course = _course(self)
        if course.min() < LEAST + 4 * self.month_sd or course.max() > MOST - 4 * self.month_sd:
            raise ValueError(
                f"uptake would reach {course.min():.3f} or {course.max():.3f}; every month must lie in "
                f"{LEAST} to {MOST}, four standard deviations away"
            )
        return self

    @property
    def month_numbers(self) -> Ints:
        return np.arange(month_number(self.first_month), month_number(self.last_month) + 1)

    @property
    def complete(self) -> int:
        """Months from the start to the one in which the effect is complete, the last before the pandemic."""
        return month_number(self.covid_month) - 1 - month_number(self.start_month)


@dataclass(frozen=True, slots=True)
class NationsTruth:
    """What is exactly true of the synthetic nations.

    ``slope_change`` is England's, a month, beyond the others; ``effect`` is whole ``complete`` months after
    the start. ``uptake`` and ``without_programme`` have one entry a month of ``months``, by nation.
    """

    effect: float
    complete: int
    slope_change: float
    mean_effect: float
    trend_per_year: float
    months: tuple[str, ...]
    uptake: tuple[tuple[str, tuple[float, ...]], ...]
    without_programme: tuple[float, ...]


def nations_truth(scenario: NationsScenario) -> NationsTruth:
    """The truth of a scenario; ``mean_effect`` is the mean from the start to the month of completion."""
    months, course = scenario.month_numbers, _course(scenario)
    programme = _programme(scenario, months)
    return NationsTruth(
        effect=scenario.effect,
        complete=scenario.complete,
        slope_change=scenario.effect / scenario.complete,
        mean_effect=scenario.effect / 2.0,
        trend_per_year=12.0 * _slope(scenario),
        months=tuple(month_names(months)),
        uptake=tuple((name, tuple(row.tolist())) for name, row in zip(NATIONS, course, strict=True)),
        without_programme=tuple((course[0] - programme).tolist()),
    )


def nations_tables(scenario: NationsScenario, seed: int) -> dict[str, pd.DataFrame]:
    """Table ``nation_months``: a row a nation and month. A month without a mother has no row.

    True uptake of a month is normal about its course with a first-order autocorrelation; mothers are Poisson.
    Every nation has draws of its own. ``data_origin`` is ``synthetic`` in every row.
    """
    months, course = scenario.month_numbers, _course(scenario)
    parts = []
    for number, name in enumerate(NATIONS):
        errors = _errors(scenario, stream(seed, Stream.NATIONS_COURSE, number))
        share = np.clip(course[number] + errors, LEAST, MOST)
        rng = stream(seed, Stream.NATIONS_COUNTS, number)
        mothers = rng.poisson(scenario.mothers_per_month[name], months.size)
        given = rng.binomial(mothers, share)
        columns = {"nation": name, "month": month_names(months), "numerator": given, "denominator": mothers}
        parts.append(pd.DataFrame(columns | {"data_origin": ORIGIN}))
    whole = pd.concat(parts, ignore_index=True)
    return {"nation_months": whole[whole["denominator"] > 0].reset_index(drop=True)}


def _errors(scenario: NationsScenario, rng: np.random.Generator) -> Floats:
    phi, normal = scenario.autocorrelation, rng.standard_normal(scenario.month_numbers.size)
    errors = normal.copy()
    for t in range(1, errors.size):
        errors[t] = phi * errors[t - 1] + np.sqrt(1.0 - phi**2) * normal[t]
    return np.asarray(scenario.month_sd * errors)


def _programme(scenario: NationsScenario, months: Ints) -> Floats:
    """England's rise due to the programme: 0 in its first month, whole in the last before the pandemic."""
    since = months - month_number(scenario.start_month)
    return np.asarray(scenario.effect * np.clip(since / scenario.complete, 0.0, 1.0))


def _before(scenario: NationsScenario, months: Ints) -> Floats:
    """Months of the common rise, which ends with the month before the pandemic."""
    return np.asarray(np.minimum(months, month_number(scenario.covid_month) - 1), dtype=np.float64)


def _since(scenario: NationsScenario, months: Ints) -> Floats:
    """Months since the one before the pandemic."""
    return np.asarray(np.maximum(months - month_number(scenario.covid_month) + 1, 0), dtype=np.float64)


def _years() -> tuple[Ints, Ints]:
    return 12 * 2017 + np.arange(12), 12 * 2022 + np.arange(12)


def _slope(scenario: NationsScenario) -> float:
    """The common rise a month: England's means of 2017 and 2022 with its effect and its decline."""
    early, late = _years()
    lost = scenario.covid_decline_per_year / 12.0 * _since(scenario, late).mean()
    gained = scenario.uptake_2022[TREATED] - scenario.uptake_2017[TREATED] - scenario.effect + lost
    return float(gained / (_before(scenario, late).mean() - _before(scenario, early).mean()))


def _course(scenario: NationsScenario) -> Floats:
    """True uptake about which months vary, (nations, months)."""
    months, (early, late), slope = scenario.month_numbers, _years(), _slope(scenario)
    wave = scenario.season * np.cos(2.0 * np.pi * (months % 12 - 3) / 12.0)
    rows = []
    for name in NATIONS:
        programme = _programme(scenario, months) if name == TREATED else np.zeros(months.size)
        reached = scenario.effect if name == TREATED else 0.0
        level = scenario.uptake_2017[name] - slope * _before(scenario, early).mean()
        before = level + slope * _before(scenario, late).mean() + reached
        after = (scenario.uptake_2022[name] - before) / _since(scenario, late).mean()
        rows.append(
            level + slope * _before(scenario, months) + programme + after * _since(scenario, months) + wave
        )
    return np.array(rows)

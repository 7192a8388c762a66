"""Draw the tables of a synthetic trial: units, their allocation, births, and counts by month."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import binom, poisson

from precept_stats.data import synthetic_constants as constants
from precept_stats.data.synthetic_draws import (
    ORIGIN,
    Stream,
    baby_rows,
    care_level,
    draw_mothers,
    draw_rate,
    draw_treatment,
    region_name,
    stream,
    unit_name,
)
from precept_stats.data.synthetic_months import month_name, month_number
from precept_stats.data.synthetic_trial import (
    Arm,
    TrialScenario,
    before_means,
    follow_up_means,
    implementation_means,
    latent_correlation,
)
from precept_stats.numerics.beta_clusters import beta_probability

Floats = NDArray[np.float64]
Ints = NDArray[np.int_]

SCREENING, BEFORE, IMPLEMENTATION, FOLLOW_UP = range(4)


@dataclass(frozen=True, slots=True, eq=False)
class _Unit:
    """One unit before allocation: its rate a year, start (months after the first), scores and 2016 uptake."""

    index: int
    region: str
    rate: float
    start: int
    scores: Floats
    baseline_uptake: float


def trial_tables(scenario: TrialScenario, seed: int) -> dict[str, pd.DataFrame]:
    """Tables ``births``, ``units``, ``unit_months`` and ``allocation`` of one synthetic trial.

    The same seed gives the same tables, row for row. Every random stream has the address
    (seed, purpose, unit), so another unit changes the others' mothers, sizes and starts not at
    all; only the allocation, which is drawn over all units, can move. ``data_origin`` is
    ``synthetic`` in every row.
    """
    latent = latent_correlation(scenario)
    units = [_draw_unit(scenario, seed, index, latent) for index in range(scenario.units)]
    allocation = _allocate(scenario, seed, units)
    births = _births(scenario, seed, units, allocation["arm"].tolist())
    tables = {
        "births": births,
        "units": _units_table(scenario, units, allocation),
        "unit_months": _unit_months(births),
        "allocation": allocation,
    }
    return {name: frame.assign(data_origin=ORIGIN) for name, frame in tables.items()}


def _draw_unit(scenario: TrialScenario, seed: int, index: int, latent: float) -> _Unit:
    rng = stream(seed, Stream.UNIT, index)
    rate = draw_rate(rng, scenario.births_per_year, scenario.births_cv, scenario.births_minimum)
    region = region_name(int(rng.integers(constants.REGIONS.value)))
    start = int(rng.integers(scenario.start_spread + 1))
    effects = stream(seed, Stream.EFFECTS, index)
    scores = np.sqrt(latent) * effects.normal() + np.sqrt(1 - latent) * effects.normal(size=4)
    return _Unit(index, region, rate, start, scores, _screen(scenario, seed, index, rate, scores))


def _screen(scenario: TrialScenario, seed: int, index: int, rate: float, scores: Floats) -> float:
    """Uptake in 2016 of an eligible unit.

    Births and treated mothers are drawn given that they are eligible (at least the minimum, at
    most the limit) and given the unit's own probability, so that units keep the distribution of
    probabilities that the truth is computed from.
    """
    births_at, treated_at = stream(seed, Stream.SCREENING, index).random(2)
    least = poisson.cdf(scenario.births_minimum - 1, rate)
    births = int(poisson.ppf(least + births_at * (1 - least), rate))
    probability = beta_probability(scores[SCREENING], scenario.screening_uptake, scenario.icc)
    most = np.floor(scenario.screening_limit * births + 1e-9)
    treated = binom.ppf(treated_at * binom.cdf(most, births, probability), births, probability)
    return round(float(max(treated, 0.0)) / births, 4)


def _allocate(scenario: TrialScenario, seed: int, units: list[_Unit]) -> pd.DataFrame:
    """Stratify at quantiles of 2016 uptake, then randomise within strata in the ratio of the whole."""
    uptake = np.array([unit.baseline_uptake for unit in units])
    cuts = np.quantile(uptake, np.arange(1, scenario.strata) / scenario.strata)
    stratum = np.searchsorted(cuts, uptake, side="left")
    keys = np.array([stream(seed, Stream.ALLOCATION, unit.index).random() for unit in units])
    sizes = np.bincount(stratum, minlength=scenario.strata)
    quotas = _quotas(sizes, scenario.units_enhanced)
    arm = np.full(len(units), "SSP", dtype=object)
    for number, quota in enumerate(quotas):
        members = np.flatnonzero(stratum == number)
        arm[members[np.argsort(keys[members], kind="stable")[:quota]]] = "ESP"
    return pd.DataFrame(
        {
            "unit": [unit_name(unit.index) for unit in units],
            "stratum": [_stratum_name(int(number), scenario.strata) for number in stratum],
            "arm": arm.astype(str),
        }
    )


def _quotas(sizes: Ints, total: int) -> Ints:
    """Whole numbers adding to ``total``, nearly in proportion to ``sizes`` (largest remainders)."""
    exact = sizes * total / sizes.sum()
    quotas = np.floor(exact).astype(int)
    order = np.argsort(-(exact - quotas), kind="stable")
    quotas[order[: total - quotas.sum()]] += 1
    return quotas


def _stratum_name(number: int, strata: int) -> str:
    if strata == 2:
        return ("lower uptake", "higher uptake")[number]
    return f"uptake group {number + 1} of {strata}"


def _probabilities(scenario: TrialScenario, unit: _Unit, arm: Arm) -> Floats:
    """The unit's true uptake in each of its months, from the first before to the last of follow-up."""
    start = np.array([unit.start])
    windows = (
        (BEFORE, before_means(scenario, arm, start)),
        (IMPLEMENTATION, implementation_means(scenario, arm, start)),
        (FOLLOW_UP, follow_up_means(scenario, arm, start)),
    )
    return np.concatenate(
        [beta_probability(unit.scores[window], means[0], scenario.icc) for window, means in windows]
    )


def _months(scenario: TrialScenario, unit: _Unit) -> Ints:
    start = month_number(scenario.first_start) + unit.start
    after = scenario.months_implementation + scenario.months_follow_up
    return np.arange(start - scenario.months_before, start + after)


def _births(scenario: TrialScenario, seed: int, units: list[_Unit], arms: list[Arm]) -> pd.DataFrame:
    frames = []
    for unit, arm in zip(units, arms, strict=True):
        months = _months(scenario, unit)
        mothers = draw_mothers(stream(seed, Stream.MOTHERS, unit.index), months, unit.rate)
        probability = _probabilities(scenario, unit, arm)[mothers.month - months[0]]
        outcomes = stream(seed, Stream.OUTCOMES, unit.index)
        treatment = draw_treatment(outcomes, mothers, probability, scenario.unknown)
        frames.append(baby_rows(stream(seed, Stream.BABIES, unit.index), unit.index, mothers, treatment))
    return pd.concat(frames, ignore_index=True)


def _units_table(scenario: TrialScenario, units: list[_Unit], allocation: pd.DataFrame) -> pd.DataFrame:
    first = month_number(scenario.first_start)
    return pd.DataFrame(
        {
            "unit": allocation["unit"],
            "region": [unit.region for unit in units],
            "nation": constants.NATION.value,
            "level": [care_level(unit.rate) for unit in units],
            "start_month": [month_name(first + unit.start) for unit in units],
            "arm": allocation["arm"],
            "stratum": allocation["stratum"],
            "baseline_uptake": [unit.baseline_uptake for unit in units],
        }
    )


def _unit_months(births: pd.DataFrame) -> pd.DataFrame:
    """Eligible mothers by unit and month: treated, recorded, not recorded; no row where none is recorded."""
    mothers = births[births["birth_order"] == 1]
    counts = pd.DataFrame(
        {
            "unit": mothers["unit"],
            "month": mothers["birth_month"],
            "numerator": mothers["mgso4"] == "yes",
            "denominator": mothers["mgso4"].isin(["yes", "no"]),
            "missing": mothers["mgso4"] == "unknown",
        }
    )
    summed = counts.groupby(["unit", "month"], sort=False).sum().astype(int).reset_index()
    return summed[summed["denominator"] > 0].reset_index(drop=True)

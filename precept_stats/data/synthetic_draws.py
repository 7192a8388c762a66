"""The draws that trial and programme share: addressed random streams, unit sizes, mothers and babies."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from precept_stats.data import synthetic_constants as constants
from precept_stats.data.synthetic_constants import Shares
from precept_stats.data.synthetic_months import month_names

Floats = NDArray[np.float64]
Ints = NDArray[np.int_]

ORIGIN = "synthetic"


class Stream(IntEnum):
    """What a random stream is for: part of its address, so the numbers may never change."""

    UNIT = 1
    EFFECTS = 2
    SCREENING = 3
    ALLOCATION = 4
    MOTHERS = 5
    OUTCOMES = 6
    BABIES = 7
    PROGRAMME_UNIT = 11
    PROGRAMME_EFFECTS = 12
    PROGRAMME_REGION = 13
    PROGRAMME_ORDER = 14
    PROGRAMME_COUNTS = 15
    PROGRAMME_TRIAL = 16
    PROGRAMME_CHARACTERISTICS = 17
    BUNDLE_UNIT = 21
    BUNDLE_ALLOCATION = 22
    BUNDLE_BABIES = 23
    NATIONS_COURSE = 31
    NATIONS_COUNTS = 32


def stream(seed: int, purpose: Stream, index: int = 0) -> np.random.Generator:
    """The generator at an address: one a purpose and a unit, whatever else is drawn before or after."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(int(purpose), index)))


def draw_rate(rng: np.random.Generator, mean: float, cv: float, minimum: float) -> float:
    """A unit's yearly rate: ``minimum`` plus a gamma variable, with exactly this mean and CV over units."""
    sd = cv * mean
    if sd == 0:
        return mean
    excess = mean - minimum
    return minimum + float(rng.gamma((excess / sd) ** 2, sd**2 / excess))


def care_level(rate: float) -> str:
    """The level of neonatal care of a unit with this many deliveries below 30 weeks a year."""
    if rate >= constants.NICU_FROM.value:
        return "NICU"
    return "LNU" if rate >= constants.LNU_FROM.value else "SCU"


def region_name(index: int) -> str:
    """The made-up name of the region with this index from 0."""
    return f"Region {index + 1:02d}"


def unit_name(index: int) -> str:
    """The made-up name of the unit with this index from 0."""
    return f"Unit {index + 1:02d}"


def below_limit_share() -> float:
    """Share of the drawn deliveries at which magnesium sulphate applies (below 30 weeks)."""
    limit = constants.NOT_APPLICABLE_FROM.value
    shares = constants.GESTATION_SHARES.value
    return sum(share for weeks, share in shares if int(weeks) < limit) / sum(share for _, share in shares)


def _choose(uniform: Floats, shares: Shares) -> Ints:
    """Index of the share into which each uniform number falls; shares are scaled to 1."""
    cumulative = np.cumsum([share for _, share in shares])
    found = np.searchsorted(cumulative, uniform * cumulative[-1], side="right")
    return np.asarray(np.minimum(found, len(shares) - 1))


def _labels(chosen: Ints, shares: Shares) -> NDArray[np.str_]:
    return np.array([name for name, _ in shares])[chosen]


@dataclass(frozen=True, slots=True, eq=False)
class Mothers:
    """Deliveries in one unit, one entry a mother, in order of month."""

    month: Ints
    weeks: Ints
    days: Ints
    age: Floats
    imd: Floats
    ethnic: NDArray[np.object_]
    hypertension: NDArray[np.bool_]

    @property
    def eligible(self) -> NDArray[np.bool_]:
        """Born at a gestation at which magnesium sulphate applies."""
        return self.weeks < constants.NOT_APPLICABLE_FROM.value


def imd_shares() -> Shares:
    """Shares of the deprivation deciles, linear between the two that are published."""
    ends = constants.IMD_MOST.value, constants.IMD_LEAST.value
    shares = np.linspace(*ends, 10)
    return tuple((str(decile), float(share)) for decile, share in enumerate(shares / shares.sum(), start=1))


def draw_mothers(rng: np.random.Generator, months: Ints, rate: float) -> Mothers:
    """Deliveries at 23 to 31 weeks over ``months``, Poisson with ``rate`` a year of them below 30 weeks."""
    monthly = rng.poisson(rate / 12 / below_limit_share(), months.size)
    n = int(monthly.sum())
    weeks = _labels(
        _choose(rng.random(n), constants.GESTATION_SHARES.value), constants.GESTATION_SHARES.value
    )
    age = rng.normal(constants.AGE_MEAN.value, constants.AGE_SD.value, n)
    deciles, groups = imd_shares(), constants.ETHNIC_SHARES.value
    return Mothers(
        month=np.repeat(months, monthly),
        weeks=weeks.astype(int),
        days=rng.integers(0, 7, n),
        age=_with_missing(
            rng, "maternal_age", np.clip(np.round(age), constants.AGE_LEAST.value, constants.AGE_MOST.value)
        ),
        imd=_with_missing(rng, "imd_decile", _labels(_choose(rng.random(n), deciles), deciles).astype(float)),
        ethnic=_with_missing_text(rng, "ethnic_group", _labels(_choose(rng.random(n), groups), groups)),
        hypertension=rng.random(n) < constants.HYPERTENSION.value,
    )


def _missing(rng: np.random.Generator, column: str, n: int) -> NDArray[np.bool_]:
    return np.asarray(rng.random(n) < dict(constants.COVARIATE_MISSING.value)[column])


def _with_missing(rng: np.random.Generator, column: str, values: Floats) -> Floats:
    return np.where(_missing(rng, column, values.size), np.nan, values)


def _with_missing_text(
    rng: np.random.Generator, column: str, values: NDArray[np.str_]
) -> NDArray[np.object_]:
    kept = values.astype(object)
    kept[_missing(rng, column, values.size)] = None
    return kept


def individual_probability(mothers: Mothers, unit_probability: Floats) -> Floats:
    """Each mother's chance, whose mean given the unit's probability p is exactly p and which stays in [0, 1].

    p + p(1-p) * sum_j pull_j (x_j - E x_j) over eligible mothers, with |sum| <= 1 for every mother.
    """
    early = mothers.weeks < constants.EXTREME_BELOW.value
    pull = constants.HYPERTENSION_PULL.value * (mothers.hypertension - constants.HYPERTENSION.value)
    pull = pull + constants.EXTREME_PULL.value * (early - extreme_share())
    return np.asarray(unit_probability + unit_probability * (1 - unit_probability) * pull)


def extreme_share() -> float:
    """Share of the eligible mothers who deliver below 26 weeks."""
    limits = constants.EXTREME_BELOW.value, constants.NOT_APPLICABLE_FROM.value
    early, eligible = (
        sum(share for weeks, share in constants.GESTATION_SHARES.value if int(weeks) < limit)
        for limit in limits
    )
    return early / eligible


def draw_treatment(
    rng: np.random.Generator, mothers: Mothers, unit_probability: Floats, unknown: float
) -> NDArray[np.str_]:
    """yes, no, unknown or not_applicable for each mother.

    The fraction not recorded varies over units (beta) and does not depend on treatment.
    """
    n = mothers.month.size
    treated = rng.random(n) < individual_probability(mothers, unit_probability)
    concentration = constants.UNKNOWN_CONCENTRATION.value
    fraction = rng.beta(concentration * unknown, concentration * (1 - unknown)) if unknown else 0.0
    recorded = np.where(rng.random(n) < fraction, "unknown", np.where(treated, "yes", "no"))
    return np.where(mothers.eligible, recorded, "not_applicable")


def baby_rows(
    rng: np.random.Generator, unit: int, mothers: Mothers, treatment: NDArray[np.str_]
) -> pd.DataFrame:
    """One row a baby: multiples repeat their mother's row, with their own birth order, sex and weight."""
    n = mothers.month.size
    plurality = 1 + _choose(rng.random(n), constants.MULTIPLE_SHARES.value)
    mother = np.repeat(np.arange(n), plurality)
    first = np.cumsum(plurality) - plurality
    babies = mother.size
    limit = constants.WEIGHT_Z_LIMIT.value
    weight = np.clip(rng.normal(0.0, constants.WEIGHT_Z_SD.value, babies), -limit, limit)
    return pd.DataFrame(
        {
            "baby_id": [f"U{unit + 1:02d}-{baby + 1:04d}" for baby in range(babies)],
            "unit": unit_name(unit),
            "birth_month": month_names(mothers.month[mother]),
            "gestation_weeks": mothers.weeks[mother],
            "gestation_days": mothers.days[mother],
            "birth_weight_z": _with_missing(rng, "birth_weight_z", np.round(weight, 2)),
            "sex": _labels(
                _choose(rng.random(babies), constants.SEX_SHARES.value), constants.SEX_SHARES.value
            ),
            "maternal_age": pd.array(mothers.age[mother], dtype="Float64").astype("Int64"),
            "imd_decile": pd.array(mothers.imd[mother], dtype="Float64").astype("Int64"),
            "ethnic_group": mothers.ethnic[mother],
            "multiple_birth": plurality[mother] > 1,
            "birth_order": np.arange(babies) - first[mother] + 1,
            "hypertension": mothers.hypertension[mother],
            "mgso4": treatment[mother],
        }
    )

"""A cluster trial of a care bundle with a known truth: eleven elements, some not applicable to all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field, model_validator

from precept_stats.data import synthetic_constants as constants
from precept_stats.data.declared import Declared
from precept_stats.data.synthetic_draws import ORIGIN, Stream, draw_rate, stream, unit_name
from precept_stats.numerics.beta_clusters import beta_probability, normal_nodes
from precept_stats.numerics.one_factor import given_score

Floats = NDArray[np.float64]
Ints = NDArray[np.int_]
BundleArm = Literal["usual", "coached"]
BUNDLE_ARMS: tuple[BundleArm, BundleArm] = ("usual", "coached")
ELEMENTS: tuple[str, ...] = tuple(name for name, _ in constants.BUNDLE_GIVEN.value)
LEVELS = ("LNU", "NICU")


class BundleScenario(Declared):
    """Settings of a synthetic trial of a care bundle; every default is an assumption (synthetic.md).

    Coaching closes ``gain`` of the gap between an element's usual proportion and 1. ``icc`` is that of an
    element within a unit; ``within_baby`` the correlation, on the normal scale, of the elements of a baby.
    ``unknown`` is the fraction of values not recorded, whatever they were.
    """

    units_per_arm: int = Field(constants.BUNDLE_UNITS.value, ge=2, le=500)
    babies_per_unit: float = Field(constants.BUNDLE_BABIES.value, gt=0, le=5000)
    babies_cv: float = Field(constants.BUNDLE_BABIES_CV.value, ge=0, le=3)
    gain: float = Field(constants.BUNDLE_GAIN.value, ge=0, lt=1)
    icc: float = Field(constants.BUNDLE_ICC.value, ge=0, le=0.4)
    within_baby: float = Field(constants.BUNDLE_WITHIN.value, ge=0, le=0.9)
    unknown: float = Field(constants.BUNDLE_UNKNOWN.value, ge=0, le=0.5)

    @model_validator(mode="after")
    def _coherent(self) -> BundleScenario:
        if self.units_per_arm % 2:
            raise ValueError(
                f"each level of care has half of an arm's units, and there are {self.units_per_arm}"
            )
        if self.babies_per_unit <= constants.BUNDLE_BABIES_MINIMUM.value and self.babies_cv > 0:
            least = constants.BUNDLE_BABIES_MINIMUM.value
            raise ValueError(
                f"unequal units of at least {least} babies cannot average {self.babies_per_unit:g}"
            )
        return self

    def given(self, arm: BundleArm) -> Floats:
        """The proportion given of each element among babies to whom it applies."""
        usual = np.array([share for _, share in constants.BUNDLE_GIVEN.value])
        return usual + self.gain * (1 - usual) if arm == "coached" else usual


@dataclass(frozen=True, slots=True)
class BundleTruth:
    """What is exactly true of one arm over all babies and units that could have been drawn."""

    arm: BundleArm
    all_or_none: float
    opportunities: float
    elements: tuple[tuple[str, float], ...]


def bundle_truth(scenario: BundleScenario, arm: BundleArm) -> BundleTruth:
    """The truth of an arm, by Gauss-Hermite quadrature over units and babies.

    ``all_or_none`` is over babies; ``opportunities`` the expected number given over that applicable.
    """
    nodes, weights = normal_nodes()
    in_unit = beta_probability(nodes[:, None], scenario.given(arm), scenario.icc)
    chance = given_score(in_unit[:, None, :], nodes[None, :, None], scenario.within_baby)
    full = 0.0
    for weeks, share in _gestation():
        applies = _applies(weeks)
        of_pair = np.prod(1 - applies + applies * chance, axis=2)
        full += share * float(weights @ of_pair @ weights)
    applicable = sum(share * _applies(weeks) for weeks, share in _gestation())
    opportunities = float(applicable @ scenario.given(arm) / np.sum(applicable))
    elements = tuple(zip(ELEMENTS, map(float, scenario.given(arm)), strict=True))
    return BundleTruth(arm, full, opportunities, elements)


def bundle_tables(scenario: BundleScenario, seed: int) -> dict[str, pd.DataFrame]:
    """Table ``bundle_births`` of one synthetic trial; ``data_origin`` is ``synthetic`` in every row.

    The same seed gives the same table. Every random stream has the address (seed, purpose, unit).
    """
    units = 2 * scenario.units_per_arm
    arms = _allocate(seed, units)
    frames = [_babies(scenario, seed, unit, arms[unit]) for unit in range(units)]
    return {"bundle_births": pd.concat(frames, ignore_index=True).assign(data_origin=ORIGIN)}


def _allocate(seed: int, units: int) -> list[BundleArm]:
    """Half of the units of each level of care to each arm, at random."""
    keys = np.array([stream(seed, Stream.BUNDLE_ALLOCATION, unit).random() for unit in range(units)])
    arms: list[BundleArm] = ["usual"] * units
    for level in range(len(LEVELS)):
        members = np.arange(level, units, len(LEVELS))
        for unit in members[np.argsort(keys[members], kind="stable")[: len(members) // 2]]:
            arms[unit] = "coached"
    return arms


def _babies(scenario: BundleScenario, seed: int, unit: int, arm: BundleArm) -> pd.DataFrame:
    of_unit = stream(seed, Stream.BUNDLE_UNIT, unit)
    score = of_unit.normal()
    least = constants.BUNDLE_BABIES_MINIMUM.value
    rate = draw_rate(of_unit, scenario.babies_per_unit, scenario.babies_cv, least)
    n = max(int(of_unit.poisson(rate)), 1)
    rng = stream(seed, Stream.BUNDLE_BABIES, unit)
    weeks, shares = zip(*_gestation(), strict=True)
    gestation = rng.choice(np.array(weeks), n, p=np.array(shares))
    applies = rng.random((n, len(ELEMENTS))) < np.array([_applies(int(week)) for week in gestation])
    in_unit = beta_probability(score, scenario.given(arm), scenario.icc)
    chance = given_score(in_unit[None, :], rng.normal(size=(n, 1)), scenario.within_baby)
    given = np.where(rng.random(chance.shape) < chance, "yes", "no")
    recorded = np.where(rng.random(chance.shape) < scenario.unknown, "unknown", given)
    values = np.where(applies, recorded, "not_applicable")
    return pd.DataFrame(
        {
            "baby_id": [f"B{unit + 1:02d}-{baby + 1:04d}" for baby in range(n)],
            "unit": unit_name(unit),
            "level": LEVELS[unit % len(LEVELS)],
            "arm": arm,
            "gestation_weeks": gestation,
            **{name: values[:, place] for place, name in enumerate(ELEMENTS)},
        }
    )


def _gestation() -> tuple[tuple[int, float], ...]:
    shares = constants.BUNDLE_GESTATION.value
    total = sum(share for _, share in shares)
    return tuple((int(weeks), share / total) for weeks, share in shares)


def _applies(weeks: int) -> Floats:
    """The chance that each element applies to a baby of so many completed weeks."""
    below = dict(constants.BUNDLE_BELOW.value)
    among = dict(constants.BUNDLE_AMONG.value)
    return np.array([among.get(name, 1.0) if weeks < below.get(name, np.inf) else 0.0 for name in ELEMENTS])

"""The fixed columns of a mixed model of a cluster trial, at one time or over periods.

The intercept is the mean of the reference arm: periods, strata or pairs and covariates are centred at
their averages over people. The effect is one column, or one for each exposure time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import singledispatch
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from precept_stats.methods.settings_random import EffectOverTime, ExposureTimeEffect
from precept_stats.methods.subgroups import level_columns, other_blocks, other_covariates
from precept_stats.studies.cluster_trial_design import ClusterTrialDesign, Covariate
from precept_stats.studies.design import AnyDesign
from precept_stats.studies.period_design import PeriodDesign

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

EFFECT = "effect"
SUBGROUP, INTERACTION = "subgroup", "interaction"


@dataclass(frozen=True, slots=True, eq=False)
class FixedColumn:
    """One column (N,): which ``part`` of the model it is of, and whether it is constant within clusters."""

    name: str
    part: str
    values: Floats
    of_clusters: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class FixedPart:
    """The columns after the intercept, ``reference`` being the name of the intercept's arm.

    ``origin`` is what an offset adds to the mean of an arm: its average over people. With a subgroup the
    effect is that in its first level, and an interaction what is added in each later one; ``shares`` are the
    shares of people in these.
    """

    reference: str
    columns: tuple[FixedColumn, ...]
    origin: float = 0.0
    shares: tuple[float, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """One name a parameter, the intercept first."""
        return (f"mean[{self.reference}]", *(column.name for column in self.columns))

    @property
    def effects(self) -> tuple[int, ...]:
        """Where the effect stands among the parameters: one place, or one an exposure time."""
        return tuple(place for place, column in enumerate(self.columns, start=1) if column.part == EFFECT)

    @property
    def effect(self) -> Floats:
        """The effect as weights on the parameters, or its average over exposure times or over subgroups."""
        weights = np.zeros(len(self.names))
        weights[list(self.effects)] = 1.0 / len(self.effects)
        weights[list(self.interactions)] = self.shares
        return weights

    @property
    def interactions(self) -> tuple[int, ...]:
        """Where the interactions stand among the parameters: a place a later level of the subgroup."""
        return tuple(p for p, column in enumerate(self.columns, start=1) if column.part == INTERACTION)

    @property
    def within(self) -> tuple[Floats, ...]:
        """The effect in each level of the subgroup, as weights on the parameters."""
        rows = np.eye(len(self.names))
        first = rows[self.effects[0]]
        return (first, *(first + rows[place] for place in self.interactions))

    @property
    def mean(self) -> Floats:
        """The mean of the reference arm as weights on the parameters."""
        return np.eye(1, len(self.names)).ravel()

    @property
    def cluster_parameters(self) -> int:
        """The intercept, the effect (as one), and what is constant within every cluster."""
        return 2 + sum(column.of_clusters for column in self.columns if column.part != EFFECT)

    @property
    def parts(self) -> tuple[tuple[str, tuple[int, ...]], ...]:
        """Strata and covariates of more than one column, with their places among the parameters."""
        placed = groupby(enumerate(self.columns, start=1), key=lambda found: found[1].part)
        sets = [(part, tuple(place for place, _ in found)) for part, found in placed]
        return tuple(
            (part, places) for part, places in sets if len(places) > 1 and part not in (EFFECT, *UNTESTED)
        )


UNTESTED = ("period", "pair", SUBGROUP, INTERACTION)
"""Parts of a model that no question is asked of."""


@singledispatch
def fixed_part(design: AnyDesign, over_time: EffectOverTime) -> FixedPart:
    """The fixed part of a design."""
    raise NotImplementedError(type(design).__name__)


@fixed_part.register
def _(design: ClusterTrialDesign, _over_time: EffectOverTime) -> FixedPart:
    """Arm, subgroup and its interaction with the arm, strata or pairs, covariates."""
    rows, people = design.row_cluster, design.size
    columns = [FixedColumn(EFFECT, EFFECT, design.arm[rows].astype(np.float64), of_clusters=True)]
    columns += _by_subgroup(design)
    part = "pair" if design.pair is not None else "stratum"
    blocks = other_blocks(design)
    for name, values in zip(blocks.names, blocks.values.T, strict=True):
        columns.append(FixedColumn(name, part, centred(values[rows], people), of_clusters=True))
    columns += _covariates(other_covariates(design), people)
    shares = tuple(float(np.average(c.values, weights=people)) for c in _levels(design))
    return FixedPart(design.arm_names[0], tuple(columns), _origin(design.offset, people), shares)


def _levels(design: ClusterTrialDesign) -> list[FixedColumn]:
    """The levels of the subgroup after the first, as 0 and 1."""
    subgroup = design.subgroup
    if subgroup is None:
        return []
    levels = level_columns(subgroup, subgroup.codes)
    return [
        FixedColumn(name, SUBGROUP, values, of_clusters=subgroup.level == "cluster")
        for name, values in zip(levels.names, levels.values.T, strict=True)
    ]


def _by_subgroup(design: ClusterTrialDesign) -> list[FixedColumn]:
    """The main effect of the subgroup, about its average, then what each later level adds to the effect."""
    levels, arm = _levels(design), design.arm[design.row_cluster]
    mains = [replace(one, values=centred(one.values, design.size)) for one in levels]
    added = [
        replace(one, name=f"{EFFECT} by {one.name}", part=INTERACTION, values=one.values * arm)
        for one in levels
    ]
    return [*mains, *added]


@fixed_part.register
def _(design: PeriodDesign, over_time: EffectOverTime) -> FixedPart:
    """Periods, treatment (in all, or by exposure time), strata, covariates."""
    people = people_compared(design)
    columns = [
        FixedColumn(f"period[{name}]", "period", centred(_is(design.row_period, number), people))
        for number, name in enumerate(design.periods[1:], start=1)
    ]
    if isinstance(over_time, ExposureTimeEffect):
        columns += [
            FixedColumn(f"{EFFECT}[{time}]", EFFECT, _is(design.row_exposure, time))
            for time in exposure_times(design)
        ]
    else:
        columns.append(FixedColumn(EFFECT, EFFECT, design.row_treated.astype(np.float64)))
    if design.stratum is not None:
        strata = design.stratum[design.row_cluster]
        columns += [
            FixedColumn(f"stratum[{name}]", "stratum", centred(_is(strata, number), people), of_clusters=True)
            for number, name in enumerate(design.stratum_names[1:], start=1)
        ]
    columns += _covariates(design.covariates, people)
    return FixedPart(design.arm_names[0], tuple(columns), _origin(design.offset, people))


def exposure_times(design: PeriodDesign) -> range:
    """Every exposure time that a row has, from 1."""
    return range(1, int(design.row_exposure.max()) + 1)


def people_compared(design: PeriodDesign) -> Floats:
    """The people of a row (N,) whom arm means are averaged over: those from the first treated period on.

    Before that there is no intervention to be compared; of a trial with a baseline it leaves the people
    at follow-up.
    """
    first = int(np.flatnonzero(design.treated.any(axis=0))[0]) if design.treated.any() else 0
    compared: Floats = design.size * (design.row_period >= first)
    return compared


def centred(values: Floats, people: Floats) -> Floats:
    """Values (N,) about their average over people."""
    found: Floats = values - np.average(values, weights=people)
    return found


def _covariates(covariates: tuple[Covariate, ...], people: Floats) -> list[FixedColumn]:
    return [
        FixedColumn(name, one.name, centred(values, people), of_clusters=one.level == "cluster")
        for one in covariates
        for name, values in zip(one.columns, one.values.T, strict=True)
    ]


def _is(codes: Ints, number: int) -> Floats:
    found: Floats = (codes == number).astype(np.float64)
    return found


def _origin(offset: Floats | None, people: Floats) -> float:
    return 0.0 if offset is None else float(np.average(offset, weights=people))

"""The random part of a mixed model of a cluster trial: from the terms of a plan to grouping factors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import singledispatch

import numpy as np
from numpy.typing import NDArray

from precept_stats.errors import FitError
from precept_stats.methods.settings_random import RandomTerm
from precept_stats.numerics.mixed.model import Grouping, Numeric, Random
from precept_stats.studies.cluster_trial_design import ClusterTrialDesign, Group
from precept_stats.studies.design import AnyDesign
from precept_stats.studies.period_design import PeriodDesign

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class RandomPart:
    """The random terms of a model, and of each what it is grouped by; terms may share a grouping."""

    terms: tuple[Random, ...]
    by: tuple[str, ...]

    @property
    def parameters(self) -> int:
        """Variances and covariances of the random effects."""
        return sum(term.width * (term.width + 1) // 2 for term in self.terms)

    @property
    def groupings(self) -> tuple[tuple[str, Grouping], ...]:
        """Each grouping once."""
        return tuple({id(term.grouping): (by, term.grouping) for by, term in self._pairs()}.values())

    def _pairs(self) -> zip[tuple[str, Random]]:
        return zip(self.by, self.terms, strict=True)


def random_part(design: AnyDesign, terms: tuple[RandomTerm, ...]) -> RandomPart:
    """The random terms on the rows of a design.

    Raises FitError for a slope that does not vary within any level of its grouping: its variance could
    not be told from that of the intercept.
    """
    groupings = {by: _grouping(design, by) for by in {term.by: None for term in terms}}
    found: list[Random] = []
    names: list[str] = []
    for term in terms:
        made = _random(design, term, groupings[term.by])
        found += made
        names += [term.by] * len(made)
    return RandomPart(tuple(found), tuple(names))


def _random(design: AnyDesign, term: RandomTerm, grouping: Grouping) -> list[Random]:
    """One kernel term, or one for each random effect when these are independent."""
    slopes = [slope for name in term.slopes for slope in _slopes(design, name)]
    for slope in slopes:
        if term.intercept and not varies_within(slope.values, grouping):
            raise FitError(
                f"a random slope of {slope.name} by {term.by} cannot be told from the intercept",
                found=f"{slope.name} does not vary within any {term.by}",
                allowed="a slope of something that varies within the grouping",
            )
    if term.correlated:
        return [Random(grouping, tuple(slopes), term.intercept)]
    alone = [Random(grouping)] if term.intercept else []
    return alone + [Random(grouping, (slope,), intercept=False) for slope in slopes]


def _slopes(design: AnyDesign, name: str) -> list[Numeric]:
    if name == "arm":
        return [Numeric("arm", row_arm(design).astype(np.float64))]
    covariate = next(one for one in design.covariates if one.name == name)
    return [
        Numeric(column, values) for column, values in zip(covariate.columns, covariate.values.T, strict=True)
    ]


def varies_within(values: Floats, grouping: Grouping) -> bool:
    """Whether values (N,) differ between rows of one level of the grouping."""
    low = np.full(grouping.levels, np.inf)
    high = np.full(grouping.levels, -np.inf)
    np.minimum.at(low, grouping.codes, values)
    np.maximum.at(high, grouping.codes, values)
    return bool(np.any(high > low))


@singledispatch
def row_arm(design: AnyDesign) -> Ints:
    """Whether a row is of the compared arm (N,)."""
    raise NotImplementedError(type(design).__name__)


@row_arm.register
def _(design: ClusterTrialDesign) -> Ints:
    return design.arm[design.row_cluster]


@row_arm.register
def _(design: PeriodDesign) -> Ints:
    return design.row_treated


@singledispatch
def _own(design: AnyDesign) -> dict[str, Callable[[], Grouping]]:
    """The groupings that a design has by itself."""
    raise NotImplementedError(type(design).__name__)


@_own.register
def _(design: ClusterTrialDesign) -> dict[str, Callable[[], Grouping]]:
    return {"cluster": lambda: Grouping("cluster", design.row_cluster, design.n_clusters)}


@_own.register
def _(design: PeriodDesign) -> dict[str, Callable[[], Grouping]]:
    own = {
        "cluster": lambda: Grouping("cluster", design.row_cluster, design.n_clusters),
        "cluster_period": lambda: _used_codes(
            "cluster_period", design.row_cluster * design.n_periods + design.row_period
        ),
        "period": lambda: Grouping("period", design.row_period, design.n_periods),
    }
    people = design.participant
    return own if people is None else {**own, "participant": lambda: _used_codes("participant", people)}


def _used_codes(name: str, codes: Ints) -> Grouping:
    used, numbered = np.unique(codes, return_inverse=True)
    return Grouping(name, numbered.astype(np.intp), len(used))


def _grouping(design: AnyDesign, by: str) -> Grouping:
    own = _own(design)
    if by in own:
        return own[by]()
    group: Group = next(group for group in design.groups if group.name == by)
    return Grouping(by, group.codes, len(group.levels))

"""The arrays that areas become; what measures of disparity are given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from precept_stats.data.selection import Population
from precept_stats.studies.question import Outcome
from precept_stats.studies.regions import FACTORS, Regions

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class AreaQuestion:
    """Which rows, and which outcome of them differs between areas."""

    population: Population
    outcome: Outcome


@dataclass(frozen=True, slots=True, eq=False)
class RegionDesign:
    """K areas over T periods, every area in every period; arrays are (T, K) and read-only.

    ``y`` and the standard errors ``std_error`` are on the scale of the study. ``events`` and ``size`` are the
    counts and denominators behind them, NaN where estimates were given. ``people`` is the population of each
    area and ``share`` its share of it, 1/K where areas count the same. ``rounding`` is the part of the
    variance that the publisher's rounding adds. ``rank`` is NaN where areas have no order. Areas are in
    natural order of name, and periods too. ``groups`` (K names) are what areas lie in; empty where nothing
    says so.
    """

    areas: tuple[str, ...]
    periods: tuple[str, ...]
    y: Floats
    std_error: Floats
    events: Floats
    size: Floats
    people: Floats
    share: Floats
    rank: Floats
    rounding: Floats
    law: Literal["binomial", "poisson", "given"]
    study: Regions
    outcome: Outcome
    groups: tuple[str, ...] = ()

    @property
    def ordered(self) -> bool:
        return self.study.rank is not None

    @property
    def bounds(self) -> tuple[float, float]:
        """The least and the largest value there can be; infinite for rates and for a scale without bounds."""
        if self.outcome.type == "count":
            return 0.0, np.inf
        return (-np.inf, np.inf) if self.study.scale == "own" else (0.0, FACTORS[self.study.scale])

    @property
    def sign(self) -> float:
        """1 where more of the outcome is better, -1 where less is."""
        return 1.0 if self.outcome.direction == "higher_better" else -1.0

    @property
    def factor(self) -> float:
        """What a share, or a rate, of one is on the scale."""
        return FACTORS[self.study.scale]

    @property
    def unit(self) -> str:
        """The unit of an estimate, as rows name it."""
        words = {"per_cent": "per cent", "per_1000": "per 1,000", "per_100000": "per 100,000"}
        return words.get(
            self.study.scale, "proportion" if self.study.scale == "proportion" else self.outcome.unit
        )


@dataclass(frozen=True, slots=True, eq=False)
class PreparedRegions:
    """What preparing gives: the design, which areas were left out, and what to know of it."""

    design: RegionDesign
    dropped: tuple[str, ...]
    warnings: tuple[str, ...]

"""The arrays that a programme or an interrupted series becomes; what every method over time is given."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from precept_stats.studies.calendar import SEASON_LENGTH, Frequency, label_of
from precept_stats.studies.changes import AnyChange
from precept_stats.studies.cluster_trial_design import Covariate, Floats, Ints
from precept_stats.studies.interruptions import AnySeasonality, AnyShape, AnyTransition, Coding
from precept_stats.studies.question import Effect, Outcome, Summary, Target

Bools = NDArray[np.bool_]
NEVER = -1
"""The start of a unit that the interruption never reached."""

LEFT = ("", "outside", "excluded", "transition")
"""Why a cell is not used, by the number in ``left``: used, outside the windows, excluded, in transition."""


@dataclass(frozen=True, slots=True, eq=False)
class InterruptionAt:
    """One interruption with the period in which it began for each unit (U,), ``NEVER`` where it did not."""

    name: str
    label: str
    shapes: tuple[AnyShape, ...]
    transition: AnyTransition
    affects: Literal["treated", "all"]
    start: Ints


@dataclass(frozen=True, slots=True, eq=False)
class SeriesDesign:
    """Series as arrays, U units (or series) and n cells, one a unit and period that has data; all read-only.

    Cells are in the order of units, then of periods. ``period`` (n,) counts calendar periods, one more for
    each next one; ``time`` (n,) counts them from the unit's own period of the first interruption, which is 0
    (of a unit that it never reached, from the earliest start of any). ``size`` is the denominator (1 where
    the outcome has none), ``events`` the sum of outcomes and ``y`` their quotient. ``left`` (n,) says by its
    number why a cell is not used (``LEFT``); such cells are kept for figures. ``treated`` (U,) is False for
    control series. ``cluster`` (U,) is what units are alike within; ``region`` and ``level`` (U,) describe
    them, None where the study names none. Covariates have one row a cell. ``names`` are what a reader calls
    the counterfactual (or the time before) and the programme. ``single_out`` says that units may be shown one
    by one: series may, maternity units may not. ``effect`` is marginal over units, or conditional on one.
    """

    outcome: Outcome
    summary: Summary
    target: Target
    change: AnyChange
    names: tuple[str, str]
    every: Frequency
    units: tuple[str, ...]
    row_unit: Ints
    period: Ints
    time: Floats
    y: Floats
    size: Floats
    events: Floats
    left: Ints
    weights: Floats | None
    covariates: tuple[Covariate, ...]
    treated: Bools
    cluster: Ints
    cluster_names: tuple[str, ...]
    region: Ints | None
    region_names: tuple[str, ...]
    level: Ints | None
    level_names: tuple[str, ...]
    interruptions: tuple[InterruptionAt, ...]
    coding: Coding
    seasonality: AnySeasonality
    control_levels: Literal["pooled", "own"]
    single_out: bool = True
    effect: Effect = "marginal"

    @property
    def used(self) -> Bools:
        """Which cells are in the model (n,)."""
        used: Bools = self.left == 0
        return used

    @property
    def clusters(self) -> tuple[str, ...]:
        """What standard errors take as independent."""
        return self.cluster_names

    @property
    def row_cluster(self) -> Ints:
        """The cluster of every cell (n,)."""
        return self.cluster[self.row_unit]

    @property
    def after(self) -> Bools:
        """Which cells are on the far side of the first interruption, by the coding (n,)."""
        reached = self.interruptions[0].start[self.row_unit] != NEVER
        after: Bools = (self.time >= self.first_after) & reached
        return after

    @property
    def first_after(self) -> int:
        """The time of the first period with the change."""
        return 0 if self.coding.interrupted_period == "after" else 1

    @property
    def season_length(self) -> float | None:
        """How many periods the cycle has, where the calendar says."""
        return SEASON_LENGTH[self.every]

    def label(self, period: int) -> str:
        """What a reader calls a period."""
        return label_of(period, self.every)

    def interruption(self, name: str) -> InterruptionAt:
        """An interruption by its name."""
        return next(one for one in self.interruptions if one.name == name)

    def since(self, name: str) -> Floats:
        """Periods of every cell since an interruption, its own being 0 (n,); -inf where it never was."""
        start = self.interruption(name).start[self.row_unit]
        found: Floats = np.where(start == NEVER, -np.inf, (self.period - start).astype(np.float64))
        return found

    def cells(self, kept: Bools) -> SeriesDesign:
        """The same units with some cells only."""
        rows = ("row_unit", "period", "time", "y", "size", "events", "left")
        parts = {name: getattr(self, name)[kept] for name in rows}
        covariates = tuple(replace(one, values=one.values[kept]) for one in self.covariates)
        weights = None if self.weights is None else self.weights[kept]
        return replace(self, **parts, covariates=covariates, weights=weights)

    def of_units(self, kept: Bools) -> SeriesDesign:
        """Some of the units (U,), with the clusters, regions and levels that they are in."""
        number = np.cumsum(kept) - 1
        part = self.cells(kept[self.row_unit])
        cluster, cluster_names = _renumbered(self.cluster[kept], self.cluster_names)
        region, regions = (
            (None, ()) if self.region is None else _renumbered(self.region[kept], self.region_names)
        )
        return replace(
            part,
            units=tuple(name for name, stays in zip(self.units, kept, strict=True) if stays),
            row_unit=number[part.row_unit].astype(np.intp),
            treated=self.treated[kept],
            cluster=cluster,
            cluster_names=cluster_names,
            region=region,
            region_names=regions,
            level=None if self.level is None else self.level[kept],
            interruptions=tuple(replace(one, start=one.start[kept]) for one in self.interruptions),
        )


def _renumbered(codes: Ints, names: tuple[str, ...]) -> tuple[Ints, tuple[str, ...]]:
    used, renumbered = np.unique(codes, return_inverse=True)
    return renumbered.astype(np.intp), tuple(names[one] for one in used)

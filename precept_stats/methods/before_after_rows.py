"""The rows and columns of a before-after regression."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from precept_stats.studies.calendar import season_of
from precept_stats.studies.interruptions import SeasonDummies
from precept_stats.studies.series_design import SeriesDesign

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Ints = NDArray[np.intp]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class BeforeAfterData:
    """Rows that are regressed: mean ``y``, denominator ``size``, side, time, unit, and covariates (m, k)."""

    y: Vector
    size: Vector
    after: Bools
    time: Vector
    period: Vector
    unit: Ints
    cluster: Ints
    covariates: Matrix
    names: tuple[str, ...]


def rows_of(design: SeriesDesign, together: bool) -> BeforeAfterData:
    """The used cells, or those of a unit on one side of its start taken ``together``."""
    used = design.cells(design.used)
    names, covariates = _covariates(used)
    after, size = used.after, used.size
    if together:
        group, _ = _groups(used.row_unit, after)
    else:
        group = np.arange(len(size), dtype=np.intp)
    total = np.bincount(group, weights=size)

    def mean(values: Vector) -> Vector:
        found: Vector = np.bincount(group, weights=values * size) / total
        return found

    first = np.unique(group, return_index=True)[1]
    columns = [mean(values) for values in covariates.T]
    return BeforeAfterData(
        y=np.bincount(group, weights=used.events) / total,
        size=total,
        after=after[first],
        time=mean(used.time),
        period=mean(used.period.astype(np.float64)),
        unit=used.row_unit[first],
        cluster=_numbered(used.row_cluster[first]),
        covariates=np.column_stack(columns) if columns else np.empty((len(total), 0)),
        names=names,
    )


def _groups(unit: Ints, after: Bools) -> tuple[Ints, int]:
    keys, group = np.unique(unit * 2 + after, return_inverse=True)
    return group.astype(np.intp), len(keys)


def _numbered(codes: Ints) -> Ints:
    """The same clusters numbered from 0 without a gap."""
    return np.unique(codes, return_inverse=True)[1].astype(np.intp)


def _covariates(design: SeriesDesign) -> tuple[tuple[str, ...], Matrix]:
    """Covariates, then a column for each calendar season but the first where the study asks for them."""
    names = [name for one in design.covariates for name in one.columns]
    values = [one.values for one in design.covariates]
    if isinstance(design.seasonality, SeasonDummies):
        season = np.array([season_of(int(one), design.every) for one in design.period])
        present = np.unique(season)[1:]
        names += [f"season[{one + 1}]" for one in present]
        values.append((season[:, None] == present[None, :]).astype(np.float64))
    both = np.column_stack(values) if values else np.empty((len(design.y), 0))
    return tuple(names), both


def start_columns(design: SeriesDesign, data: BeforeAfterData, kind: str) -> tuple[tuple[str, ...], Matrix]:
    """When units started, as columns of the rows."""
    start = design.interruptions[0].start[data.unit].astype(np.float64)
    if kind == "time_from_start":
        return ("time from start",), data.time[:, None]
    if kind == "start_line":
        return ("start month",), (start - start.mean())[:, None]
    if kind == "start_categories":
        months = np.unique(start)[1:]
        names = tuple(f"start[{design.label(int(one))}]" for one in months)
        return names, (start[:, None] == months[None, :]).astype(np.float64)
    return (), np.empty((len(start), 0))

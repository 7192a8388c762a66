"""The rows of a panel regression, when each unit started, and what is asked of the time since."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from precept_stats.errors import FitError
from precept_stats.methods.settings_panel import EventWindow
from precept_stats.numerics.panel.effects import Panel, absorbed_columns, require_connected
from precept_stats.studies.changes import AtTime, BeforeAfterChange, LevelChange, SlopeChange
from precept_stats.studies.series_design import NEVER, SeriesDesign

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Ints = NDArray[np.intp]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class PanelRows:
    """The used cells (n,). ``since`` counts periods from the first that is treated, -inf for controls.

    ``start`` (units,) is each unit's first treated period, numbered as ``panel.period``, -1 for never;
    ``offset`` is what brings ``since`` to the time of the study. ``size`` are denominators.
    """

    panel: Panel
    since: Vector
    start: Ints
    cohort: Ints
    size: Vector
    covariates: Matrix
    names: tuple[str, ...]
    offset: int

    @property
    def treated(self) -> Bools:
        """Rows at or after their unit's start (n,)."""
        found: Bools = self.since >= 0
        return found

    @property
    def staggered(self) -> bool:
        """Whether units started at different times."""
        return len(np.unique(self.cohort[self.cohort >= 0])) > 1

    @property
    def has_never(self) -> bool:
        """Whether some unit was never reached."""
        return bool((self.cohort < 0).any())

    def time(self, since: int) -> int:
        """Periods since the interruption, its own being 0."""
        return since + self.offset


def panel_rows(design: SeriesDesign, by_size: bool) -> PanelRows:
    """The used cells of a design. FitError where no row is treated, none is before, or nothing connects."""
    used = design.cells(design.used)
    units, unit = np.unique(used.row_unit, return_inverse=True)
    periods, period = np.unique(used.period, return_inverse=True)
    first = design.interruptions[0]
    reached = (first.start != NEVER) & design.treated
    since = np.where(reached[used.row_unit], used.time - design.first_after, -np.inf)
    if not (since >= 0).any() or not (np.isfinite(since) & (since < 0)).any():
        raise FitError(
            "there are not rows both before and after the start",
            found=f"{int((since >= 0).sum())} rows after it",
            allowed="treated units with rows on both sides",
        )
    names = tuple(name for one in used.covariates for name in one.columns)
    values = [one.values for one in used.covariates]
    panel = Panel(
        used.y,
        unit.astype(np.intp),
        period.astype(np.intp),
        used.size if by_size else np.ones_like(used.size),
        np.unique(used.row_cluster, return_inverse=True)[1].astype(np.intp),
    )
    require_connected(panel)
    begin = np.where(reached, first.start + design.first_after, -1)[units]
    found = PanelRows(
        panel=panel,
        since=since,
        start=np.where(begin >= 0, np.searchsorted(periods, begin), -1).astype(np.intp),
        cohort=begin.astype(np.intp),
        size=used.size,
        covariates=np.column_stack(values) if values else np.empty((len(since), 0)),
        names=names,
        offset=design.first_after,
    )
    require_told_apart(panel, (found.covariates, names), "covariates")
    return found


def require_told_apart(panel: Panel, columns: tuple[Matrix, tuple[str, ...]], what: str) -> None:
    """FitError for columns that the effects of units and periods take in, or that repeat each other."""
    values, names = columns
    gone = absorbed_columns(panel, values) if values.shape[1] else ()
    if gone:
        raise FitError(
            f"{what} cannot be told from the effects of units and periods, or from each other",
            found=", ".join(names[j] for j in gone),
            allowed="what differs between units and periods at once: nothing that is constant in a unit",
        )


@dataclass(frozen=True, slots=True, eq=False)
class EventColumns:
    """A column for each time since the start but the reference, ends binned; ``times`` are their ``since``.

    ``reference`` is the last before the start that has rows; ``binned`` says which columns take in
    several times.
    """

    X: Matrix
    times: tuple[int, ...]
    labels: tuple[str, ...]
    binned: tuple[bool, ...]
    reference: int


def event_columns(rows: PanelRows, window: EventWindow) -> EventColumns:
    """The columns of an event study. Times at which no unit has a row have none."""
    clipped = np.clip(rows.since, -window.leads, window.lags)
    finite = np.isfinite(rows.since)
    reference = int(clipped[finite & (clipped < 0)].max())
    times = [int(one) for one in np.unique(clipped[finite]) if one != reference]
    X = np.column_stack([(finite & (clipped == one)).astype(np.float64) for one in times])
    beyond = [bool((rows.since[finite & (clipped == one)] != one).any()) for one in times]
    labels = tuple(_label(rows.time(one), one, more) for one, more in zip(times, beyond, strict=True))
    return EventColumns(X, tuple(times), labels, tuple(beyond), reference)


def _label(time: int, since: int, more: bool) -> str:
    if not more:
        return str(time)
    return f"{time} or earlier" if since < 0 else f"{time} or later"


@dataclass(frozen=True, slots=True)
class Asked:
    """The times since the start that are asked for, both ends in; ``words`` say them, ``total`` adds up."""

    first: int
    last: int
    measure: str
    words: str
    total: bool = False

    def rows(self, rows: PanelRows) -> Bools:
        """Treated rows at these times (n,). FitError where a time has none."""
        inside = (rows.since >= self.first) & (rows.since <= self.last)
        there = np.unique(rows.since[inside])
        absent = [one for one in range(self.first, self.last + 1) if one not in there]
        if absent:
            raise FitError(
                "the panel does not reach every period that is asked for",
                found=f"no row {rows.time(absent[0])} periods after the start",
                allowed="times that the data reach, and that are not left out",
            )
        return inside


def asked_of(design: SeriesDesign) -> Asked:
    """What a declared change asks of the time since the start. FitError before the first treated period."""
    change, offset = design.change, design.first_after
    name = design.interruptions[0].name
    if isinstance(change, BeforeAfterChange | SlopeChange):
        raise FitError("a panel regression has no such change", found=change.kind)
    if isinstance(change, LevelChange):
        return Asked(0, 0, change.kind, f", first period of {name}")
    first, last = (change.time, change.time) if isinstance(change, AtTime) else (change.first, change.last)
    if first < offset:
        raise FitError(
            "a time is asked for at which nothing was changed yet",
            found=f"{first} periods after {name}",
            allowed=f"{offset} or later, as time is coded",
        )
    when = f"period {first}" if first == last else f"periods {first} to {last}"
    total = change.kind == "cumulative"
    measure = "cumulative_difference" if total else design.summary
    return Asked(first - offset, last - offset, measure, f", {when} after {name}", total)

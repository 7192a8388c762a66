"""What a reader should know of a design that can be answered from: each a warning that names what is thin."""

from __future__ import annotations

import numpy as np

from precept_stats.studies.changes import AtTime, Cumulative, OverWindow
from precept_stats.studies.cluster_trial_design import Ints
from precept_stats.studies.interrupted_series import InterruptedSeries
from precept_stats.studies.labels import listed
from precept_stats.studies.programme import Programme
from precept_stats.studies.series_checks import thin_units
from precept_stats.studies.series_design import NEVER, SeriesDesign

Asked = tuple[str, int, int]


def doubts(study: Programme | InterruptedSeries, design: SeriesDesign) -> tuple[str, ...]:
    """Units without data on a side, controls that do not reach, periods asked for that are left out."""
    return (*thin_units(study, design), *short_controls(design), *left_and_asked(design))


def short_controls(design: SeriesDesign) -> tuple[str, ...]:
    """Warnings that name controls without a point on a side, or that end before what is asked for."""
    name, _, last = _asked(design) or (design.interruptions[0].name, 0, design.first_after)
    since, told = design.since(name), []
    sides: dict[str, list[str]] = {"before": [], "after": []}
    for unit in np.flatnonzero(~design.treated):
        times = since[design.used & (design.row_unit == unit) & np.isfinite(since)]
        before, after = (times < design.first_after).any(), (times >= design.first_after).any()
        if times.size and not (before and after):
            sides["before" if after else "after"].append(design.units[unit])
        elif times.size and times.max() < last:
            told.append(f"{design.units[unit]} (its last is {int(times.max())} {_periods(design)} after)")
    found = [
        f"control series without a point {side} the interruption: {listed(names)}; the effect is what goes "
        "beyond the other controls alone"
        for side, names in sides.items()
        if names
    ]
    if told:
        found.append(
            f"control series that end before period {last} after {name}, the last that is asked for: "
            f"{listed(told)}; from there on the effect is what goes beyond the others, or beyond its trend "
            "carried on"
        )
    return tuple(found)


def left_and_asked(design: SeriesDesign) -> tuple[str, ...]:
    """A warning that names the periods that are asked for and have no cell in the model."""
    asked = _asked(design)
    if asked is None:
        return ()
    name, first, last = asked
    since = design.since(name)
    mine = design.treated[design.row_unit] & (since >= first) & (since <= last)
    absent = np.setdiff1d(since[mine], since[mine & design.used]).astype(np.intp)
    if not len(absent):
        return ()
    return (
        "the effect is asked for in periods that are left out of the model: "
        f"{_named(design, name, absent)}; there it is the model carried over, not data",
    )


def _asked(design: SeriesDesign) -> Asked | None:
    """The interruption and the times since it that the change is of; None where it is of no times."""
    change = design.change
    if isinstance(change, AtTime):
        return change.interruption, change.time, change.time
    if isinstance(change, OverWindow | Cumulative):
        return change.interruption, change.first, change.last
    return None


def _named(design: SeriesDesign, name: str, absent: Ints) -> str:
    """``periods 0 to 2 (2018-01 to 2018-03)``; without dates where units have starts of their own."""
    start = design.interruption(name).start
    dates = np.unique(start[start != NEVER])
    ends = sorted({int(absent[0]), int(absent[-1])})
    if len(absent) == absent[-1] - absent[0] + 1:
        told = " to ".join(str(one) for one in ends)
        labels = " to ".join(design.label(int(dates[0]) + one) for one in ends)
    else:
        told = listed(str(one) for one in absent)
        labels = listed(design.label(int(dates[0] + one)) for one in absent)
    dated = f" ({labels})" if len(dates) == 1 else ""
    return f"period{'s' if len(absent) > 1 else ''} {told}{dated} after {name}"


def _periods(design: SeriesDesign) -> str:
    return "periods" if design.every == "index" else f"{design.every}s"

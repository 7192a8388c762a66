"""Which cells of a series are in the model: windows, the window that is left out, transitions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from precept_stats.studies.cluster_trial import Window
from precept_stats.studies.interrupted_series import InterruptedSeries
from precept_stats.studies.interruptions import ExcludedTransition
from precept_stats.studies.programme import Programme
from precept_stats.studies.row_columns import frozen
from precept_stats.studies.series_design import LEFT, NEVER, Bools, InterruptionAt, SeriesDesign


def with_left(study: Programme | InterruptedSeries, design: SeriesDesign) -> SeriesDesign:
    """The design with the reason beside every cell that is not used; the first reason that holds counts."""
    left = np.zeros(len(design.y), dtype=np.intp)
    for number, mask in (
        (LEFT.index("transition"), _in_transition(design)),
        (LEFT.index("excluded"), _excluded(study, design)),
        (LEFT.index("outside"), _outside(study, design)),
    ):
        left[mask] = number
    return replace(design, left=frozen(left))


def _in_transition(design: SeriesDesign) -> Bools:
    found = np.zeros(len(design.y), dtype=np.bool_)
    for one in design.interruptions:
        since = design.since(one.name)
        reached = _reached(design, one)
        if isinstance(one.transition, ExcludedTransition):
            found |= reached & (since >= -one.transition.before) & (since < one.transition.after)
    if design.coding.interrupted_period == "excluded":
        first = design.interruptions[0]
        found |= _reached(design, first) & (design.since(first.name) == 0)
    return found


def _reached(design: SeriesDesign, one: InterruptionAt) -> Bools:
    reached: Bools = one.start[design.row_unit] != NEVER
    return reached


def _excluded(study: Programme | InterruptedSeries, design: SeriesDesign) -> Bools:
    window = study.exclude if isinstance(study, Programme) else None
    return np.zeros(len(design.y), dtype=np.bool_) if window is None else _inside(window, design)


def _outside(study: Programme | InterruptedSeries, design: SeriesDesign) -> Bools:
    if not isinstance(study, Programme) or study.before is None or study.after is None:
        return np.zeros(len(design.y), dtype=np.bool_)
    return ~(_inside(study.before, design) | _inside(study.after, design))


def _inside(window: Window, design: SeriesDesign) -> Bools:
    found: Bools = (design.time >= window.first) & (design.time <= window.last)
    return found

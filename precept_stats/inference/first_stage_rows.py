"""The first stage of an instrument as rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from precept_stats.inference.first_stage import FirstStage
from precept_stats.inference.rows import Header, estimate_rows
from precept_stats.inference.uncertainty import estimate
from precept_stats.values import Row

EXACT = "all who were allocated alike received alike: nothing is estimated of the first stage"


def first_stage_rows(header: Header, found: FirstStage | None, level: float) -> Iterator[Row]:
    """Who received by arm, the difference between the arms with its interval, and F; nothing without one."""
    if found is None:
        return
    about = replace(header.row("first_stage", "", None), variable=found.column)
    for arm, number, people in found.received:
        groups = (("arm", arm),)
        for name, label, stat in (("n", "Received it", number), ("N", "Of all", people)):
            count = int(stat) if float(stat).is_integer() else stat
            row = replace(about, stat_name=name, stat_label=label, stat=count)
            yield replace(row, unit="individuals", groups=groups, warning="", status="ok")
    if found.uncertainty is None:
        row = replace(about, stat_name="estimate", stat_label="Estimate", stat=found.value, warning=EXACT)
        yield replace(row, unit=found.difference.unit, term=found.difference.contrast)
        return
    difference = estimate(found.uncertainty, found.difference, level)
    for row in estimate_rows(header, difference):
        if row.stat_name not in ("null", "df", "statistic"):
            yield replace(row, context="first_stage", variable=found.column)
    statistics = (
        ("f_statistic", "F", difference.statistic**2),
        ("df1", "Numerator degrees of freedom", 1),
        ("df2", "Denominator degrees of freedom", difference.df),
    )
    for name, label, value in statistics:
        if value is not None:
            yield replace(about, stat_name=name, stat_label=label, stat=value)

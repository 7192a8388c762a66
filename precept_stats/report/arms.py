"""What a reader calls the arms, in place of the values that code them in the data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from precept_stats.plan.document import Plan
from precept_stats.values import Row

JOINTS = (" - ", " / ")


def arm_names(plan: Plan) -> dict[str, str]:
    """A name for each arm: as the estimands give it, else its value, a bare number as ``column = 1``."""
    names: dict[str, str] = {}
    for analysis in plan.analyses.values():
        estimand = plan.estimands[analysis.estimand]
        arms = ((estimand.compare, estimand.compare_name), (estimand.reference, estimand.reference_name))
        for value, name in arms:
            bare = value.lstrip("-").isdigit() and analysis.trial is not None
            plain = f"{analysis.trial.arm} = {value}" if bare and analysis.trial else value
            names[value] = name or names.get(value, plain)
    return names


def with_arm_names(rows: tuple[Row, ...], names: Mapping[str, str]) -> tuple[Row, ...]:
    """The rows with every arm, in groups and in contrasts, under its name."""
    return tuple(_named(row, names) for row in rows)


def _named(row: Row, names: Mapping[str, str]) -> Row:
    groups = tuple(
        (group, names.get(level, level) if group == "arm" else level) for group, level in row.groups
    )
    if row.context in ("estimate", "arm_summary", "influence", "icc", "first_stage"):
        return replace(row, groups=groups, term=contrast(row.term, names))
    if row.stat_name == "check" and isinstance(row.stat, str):
        return replace(row, groups=groups, stat=_under_their_names(row.stat, names))
    return replace(row, groups=groups)


def _under_their_names(text: str, names: Mapping[str, str]) -> str:
    """``under 1`` as ``under intervention``, for the arms that have another name than their value."""
    for value, name in names.items():
        safe = name.replace("\\", r"\\")
        text = re.sub(rf"(?<=\bunder ){re.escape(value)}(?!\w)", safe, text)
    return text


def contrast(term: str, names: Mapping[str, str]) -> str:
    """``1 - 0`` with both arms under their names; an arm alone, or after a comma, likewise."""
    for joint in JOINTS:
        compare, found, reference = term.partition(joint)
        reference, comma, rest = reference.partition(", ")
        if found and compare in names and reference in names:
            return f"{names[compare]}{joint}{names[reference]}{comma}{rest}"
    return ", ".join(names.get(part, part) for part in term.split(", "))

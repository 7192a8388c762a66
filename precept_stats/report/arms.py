"""What a reader calls the arms, in place of the values that code them in the data."""

from __future__ import annotations

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
            plain = f"{analysis.study.arm} = {value}" if value.lstrip("-").isdigit() else value
            names[value] = name or names.get(value, plain)
    return names


def with_arm_names(rows: tuple[Row, ...], names: Mapping[str, str]) -> tuple[Row, ...]:
    """The rows with every arm, in groups and in contrasts, under its name."""
    return tuple(_named(row, names) for row in rows)


def _named(row: Row, names: Mapping[str, str]) -> Row:
    groups = tuple(
        (group, names.get(level, level) if group == "arm" else level) for group, level in row.groups
    )
    if row.context in ("estimate", "arm_summary"):
        return replace(row, groups=groups, term=contrast(row.term, names))
    return replace(row, groups=groups)


def contrast(term: str, names: Mapping[str, str]) -> str:
    """``1 - 0`` with both arms under their names; an arm alone likewise."""
    for joint in JOINTS:
        compare, found, reference = term.partition(joint)
        if found and compare in names and reference in names:
            return f"{names[compare]}{joint}{names[reference]}"
    return names.get(term, term)

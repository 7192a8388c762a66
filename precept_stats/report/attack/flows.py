"""Flows of people: who stands, less who leaves, is who stands next; arms add up to all.

Flows that read the same, in words and in numbers, are of the same people. So are the first steps of flows
that begin alike, up to those who are eligible: from there on analyses of different outcomes part.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from precept_stats.report.attack.sheet import Name, Sheet, Sum
from precept_stats.report.guarded import WITHHELD
from precept_stats.values import Row

STANDING = ("allocated", "recorded", "eligible", "analysed")
SHARED_UNTIL = "eligible"
LEAVES, STANDS = 2, 3
Placed = tuple[int, Row]


def enter_flows(sheet: Sheet, parts: Mapping[tuple[str, str], Sequence[Placed]]) -> dict[str, Name]:
    """Enter the flows of all analyses; the name of each analysis's people, before the arm."""
    stems: dict[str, Name] = {}
    for (analysis, context), placed in parts.items():
        if context == "flow":
            steps = [(place, row) for place, row in placed if row.stat_name == "n"]
            stems[analysis] = _enter(sheet, steps)
    return stems


def _enter(sheet: Sheet, steps: Sequence[Placed]) -> Name:
    """One flow, by step and arm in the order of the rows."""
    told = tuple((row.groups, row.variable, row.term, _told(row)) for _, row in steps)
    order = list(dict.fromkeys(row.variable for _, row in steps))
    shared = set(order[: order.index(SHARED_UNTIL) + 1]) if SHARED_UNTIL in order else set()
    begins = tuple(entry for entry in told if entry[1] in shared)
    stem: Name = ("flow", sheet.flow_of(told))
    begun = sheet.flow_of(begins)
    names: dict[tuple[str, str], Name] = {}
    for place, row in steps:
        arm, step = row.group("arm"), row.variable
        name = ("flow", begun, arm, step) if step in shared else (*stem, arm, step)
        sheet.put(name, row, place, STANDS if step in STANDING else LEAVES)
        names[arm, step] = name
    arms = list(dict.fromkeys(row.group("arm") for _, row in steps))
    for arm in arms:
        _chain(sheet, [(step, names[arm, step]) for step in order if (arm, step) in names])
    for step in order:
        parts = [names[arm, step] for arm in arms if arm and (arm, step) in names]
        if ("", step) in names and "other_arm" not in order:
            _once(sheet, "arms add up to all", ((names["", step], 1.0), *((part, -1.0) for part in parts)))
    return stem


def _told(row: Row) -> str:
    """What a step tells: its number, that it is suppressed, or that it is withheld beside one that is."""
    return "withheld" if row.warning == WITHHELD else str(row.stat)


def _chain(sheet: Sheet, steps: Sequence[tuple[str, Name]]) -> None:
    """Who stands less who leaves is who stands next."""
    begun: list[tuple[Name, float]] = []
    for step, name in steps:
        if step not in STANDING:
            begun = [*begun, (name, -1.0)] if begun else []
            continue
        if begun:
            _once(sheet, "who stands less who leaves is who stands next", (*begun, (name, -1.0)))
        begun = [(name, 1.0)]


def _once(sheet: Sheet, words: str, terms: tuple[tuple[Name, float], ...]) -> None:
    """Enter a sum unless it was, by an analysis of the same people."""
    found = Sum(words, terms)
    if len(terms) > 1 and found not in sheet.known:
        sheet.known.add(found)
        sheet.sums.append(found)

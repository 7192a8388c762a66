"""Reference fits of the engines underneath the methods: numbers of other programs and ours, by name.

Where a number is known to differ, ``known_differences.json`` beside this file says why, and to what ours
is held instead.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from .cases import Comparison, Number

Numbers = Mapping[str, float]
Tolerances = Mapping[str, float]
"""Relative tolerances by the longest beginning of a number's name that is listed."""
MATRIX = re.compile(r"(.*vcov)\[(.*), (.*)\]")
RANDOM = re.compile(r"(.*random\[\S+) .* (\S+)\]")


@dataclass(frozen=True)
class KernelCase:
    """One fit. ``answer`` gives at least the numbers that are named."""

    method: str
    name: str
    reference: str
    software: str
    needs_data: bool
    numbers: tuple[Number, ...]
    answer: Callable[[], Numbers]


@cache
def known_differences() -> dict[str, dict[str, dict]]:
    path = Path(__file__).with_name("known_differences.json")
    return json.loads(path.read_text(encoding="utf-8"))


def numbers_of(name: str, theirs: Numbers, tolerances: Tolerances) -> tuple[Number, ...]:
    """Every number of a case with its tolerance, its scale, and its known difference if it has one."""
    differences = dict(known_differences().get(name, {}))
    found = []
    for what, value in theirs.items():
        known = differences.pop(what, {})
        beginning = max((key for key in tolerances if what.startswith(key)), key=len)
        scale, block = _scale(what, theirs)
        found.append(
            Number(
                what,
                value,
                tolerances[beginning],
                known.get("by_our_rule"),
                known.get("reason", ""),
                scale,
                block,
            )
        )
    assert not differences, f"{name} has no {', '.join(differences)}"
    return tuple(found)


def _scale(what: str, theirs: Numbers) -> tuple[float | None, str]:
    """Entries of matrices by their diagonal, predictions by the largest of their kind."""
    if found := MATRIX.fullmatch(what):
        matrix, row, column = found.groups()
        size = theirs[f"{matrix}[{row}, {row}]"] * theirs[f"{matrix}[{column}, {column}]"]
        return math.sqrt(size), matrix
    if found := RANDOM.fullmatch(what):
        alike = [v for k, v in theirs.items() if (m := RANDOM.fullmatch(k)) and m.groups() == found.groups()]
        return max(map(abs, alike)), f"{found[1]} {found[2]}]"
    if what.endswith(".logLik") and not what.startswith(("reml", "ml")):
        return 1.0, ""
    if ".theta[" in what:
        before = what.split("[")[0]
        return max(abs(v) for k, v in theirs.items() if k.startswith(f"{before}[")), ""
    if ".profile_" in what:
        end = what.split("[")[1]
        stem = what.split(".profile_")[0]
        return theirs[f"{stem}.profile_high[{end}"] - theirs[f"{stem}.profile_low[{end}"], ""
    return None, ""


def compare(case: KernelCase) -> list[Comparison]:
    ours = case.answer()
    return [Comparison(case, number, float(ours[number.name])) for number in case.numbers]

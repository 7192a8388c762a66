"""``based_on``: an analysis that states only how it differs from another.

Mappings merge, field by field; everything else replaces. A block that names another ``kind`` than
its parent's replaces the block. ``null`` clears a field that the parent states, so that its default
holds again. ``label`` and ``on_failure`` are each analysis's own and are never inherited. Chains
are allowed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from precept_stats.data.strict_yaml import Location
from precept_stats.plan.findings import Remark, nearest, quoted
from precept_stats.plan.loaded import NO_DELTA

BASED_ON = "based_on"
MOST_VALUES = 200_000

UNKNOWN_PARENT, CYCLE, TOO_LARGE = "PL-0008", "PL-0009", "PL-0010"
Fields = dict[str, object]


@dataclass(frozen=True, slots=True, eq=False)
class Expansion:
    """The document without ``based_on``.

    ``inherited`` maps a location to the parent's location that it was taken from; ``bases`` an
    analysis to its parent; ``problems`` are (rule id, remark).
    """

    document: Fields
    inherited: Mapping[Location, Location]
    bases: Mapping[str, str]
    problems: tuple[tuple[str, Remark], ...]


def expand(document: Fields) -> Expansion:
    """Expand every analysis of a document; what cannot be expanded becomes a problem, never an error."""
    analyses = document.get("analyses")
    if not isinstance(analyses, dict):
        return Expansion(document, {}, {}, ())
    builder = _Builder(analyses)
    for name in analyses:
        builder.expand(name)
    expanded = {name: builder.done[name] for name in analyses}
    return Expansion(
        {**document, "analyses": expanded}, builder.inherited, builder.bases, tuple(builder.problems)
    )


class _Builder:
    """The analyses expanded so far; parents are always expanded before their children."""

    def __init__(self, analyses: Mapping[str, object]) -> None:
        self.analyses = analyses
        self.done: dict[str, object] = {}
        self.inherited: dict[Location, Location] = {}
        self.bases: dict[str, str] = {}
        self.problems: list[tuple[str, Remark]] = []
        self.values = 0

    def expand(self, name: str) -> None:
        waiting: dict[str, None] = {}
        current: str | None = name
        while current is not None and current not in self.done:
            if current in waiting:
                chain = list(waiting)
                self._refuse_cycle(chain[chain.index(current) :])
                break
            waiting[current] = None
            current = self._parent(current)
        for child in reversed(waiting):
            self._finish(child)

    def _parent(self, name: str) -> str | None:
        own = self.analyses[name]
        if not isinstance(own, dict) or BASED_ON not in own:
            return None
        parent = own[BASED_ON]
        if isinstance(parent, str) and parent in self.analyses:
            self.bases[name] = parent
            return parent
        remark = Remark(
            ("analyses", name, BASED_ON),
            "based on an analysis that the plan does not have",
            quoted(parent),
            nearest(str(parent), (other for other in self.analyses if other != name)),
        )
        self.problems.append((UNKNOWN_PARENT, remark))
        return None

    def _refuse_cycle(self, cycle: list[str]) -> None:
        for name in cycle:
            del self.bases[name]
        path = " -> ".join([*cycle, cycle[0]])
        remark = Remark(
            ("analyses", cycle[0], BASED_ON), "analyses are based on each other in a circle", path
        )
        self.problems.append((CYCLE, remark))

    def _finish(self, name: str) -> None:
        own = self.analyses[name]
        parent = self.bases.get(name)
        if not isinstance(own, dict):
            self.done[name] = own
            return
        fields = {field: value for field, value in own.items() if field != BASED_ON}
        base = self.done.get(parent) if parent is not None else None
        if not isinstance(base, dict):
            self.done[name] = fields
            return
        passed_on = {field: value for field, value in base.items() if field not in NO_DELTA}
        merged = self._merge(passed_on, fields, ("analyses", name), ("analyses", str(parent)))
        self.values += _size(merged)
        if self.values > MOST_VALUES:
            self._refuse_size(name)
            merged = {}
        self.done[name] = merged

    def _refuse_size(self, name: str) -> None:
        if not any(rule == TOO_LARGE for rule, _ in self.problems):
            remark = Remark(
                ("analyses", name),
                "the plan is too large once `based_on` is expanded",
                f"more than {MOST_VALUES:,} values",
                f"{MOST_VALUES:,} values",
            )
            self.problems.append((TOO_LARGE, remark))

    def _merge(self, base: Fields, own: Fields, at: Location, base_at: Location) -> Fields:
        merged: Fields = {}
        for field in (*base, *(field for field in own if field not in base)):
            if field not in own:
                merged[field] = base[field]
                self.inherited[(*at, field)] = (*base_at, field)
            elif isinstance(block := own[field], dict):
                below = base.get(field)
                kept = below if isinstance(below, dict) and not _other_kind(below, block) else {}
                merged[field] = self._merge(kept, block, (*at, field), (*base_at, field))
            elif own[field] is not None or field not in base:
                merged[field] = own[field]
        return merged


def _other_kind(base: Fields, own: Fields) -> bool:
    return "kind" in own and "kind" in base and own["kind"] != base["kind"]


def _size(value: object) -> int:
    """How many values a nested value holds; stops counting when there are too many."""
    count, waiting = 0, [value]
    while waiting and count <= MOST_VALUES:
        item = waiting.pop()
        count += 1
        waiting += item.values() if isinstance(item, dict) else item if isinstance(item, list) else ()
    return count

"""Rules about what a reader is told: no gaps in the text, no two analyses of one name."""

from __future__ import annotations

import re
from collections.abc import Iterator

from precept_stats.data.strict_yaml import Location
from precept_stats.plan.findings import Remark, quoted
from precept_stats.plan.loaded import LoadedPlan
from precept_stats.plan.rules.rule import Rule

UNFINISHED = re.compile(r"\b(?:TBC|TBD|TODO|FIXME|XXX)\b|\?\?\?")
MUST_SAY_SOMETHING: tuple[Location, ...] = (("title",), ("prespecification", "statement"))


def _texts(loaded: LoadedPlan) -> Iterator[tuple[Location, str]]:
    """Every text of the plan, with its location; inherited texts once, where they are written."""
    waiting: list[tuple[Location, object]] = [((), loaded.plan.model_dump(mode="json", by_alias=True))]
    while waiting:
        location, value = waiting.pop()
        if isinstance(value, dict):
            waiting += [((*location, name), item) for name, item in reversed(value.items())]
        elif isinstance(value, list):
            waiting += [((*location, place), item) for place, item in reversed(list(enumerate(value)))]
        elif isinstance(value, str) and loaded.source.written_at(location) == location:
            yield location, value


def _finished(loaded: LoadedPlan) -> Iterator[Remark]:
    for location, text in _texts(loaded):
        if UNFINISHED.search(text):
            yield Remark(location, "unfinished text", quoted(text))


def _not_empty(loaded: LoadedPlan) -> Iterator[Remark]:
    texts = dict(_texts(loaded))
    for location in MUST_SAY_SOMETHING:
        if not texts[location].strip():
            yield Remark(location, "this text must say something, and is empty")
    stated = loaded.source.document.positions
    for location, text in texts.items():
        if location not in MUST_SAY_SOMETHING and location in stated and not text.strip():
            yield Remark(location, "a field is given with an empty text")


def _labels_differ(loaded: LoadedPlan) -> Iterator[Remark]:
    first: dict[str, str] = {}
    for name, analysis in loaded.plan.analyses.items():
        if analysis.label and analysis.label in first:
            message = f"the same label as analysis {first[analysis.label]}: a table could not tell them apart"
            yield Remark(("analyses", name, "label"), message, quoted(analysis.label))
        first.setdefault(analysis.label, name)


RULES = (
    Rule("PL-0161", "warning", "no TBD, TODO, FIXME, XXX or ??? is left in a text", _finished),
    Rule("PL-0162", "warning", "title, statement, and every text that is given say something", _not_empty),
    Rule("PL-0163", "warning", "every analysis has a label of its own", _labels_differ),
)

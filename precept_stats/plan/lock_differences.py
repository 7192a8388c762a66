"""What one set of documents states and another does not, field by field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from precept_stats.data.canonical import canonical_json
from precept_stats.data.strict_yaml import load_strict
from precept_stats.plan.expand import expand
from precept_stats.plan.lock_document import Change

PLAN = "plan"


def stated(document: str, text: str) -> object:
    """What the text of a document says: a plan with its ``based_on`` expanded, a schema as it is."""
    value = load_strict(text, document).value
    return expand(value).document if document == PLAN and isinstance(value, dict) else value


def changes_between(old: Mapping[str, str], new: Mapping[str, str]) -> tuple[Change, ...]:
    """Every field in which two sets of texts differ, documents in the order of their names, plan first."""
    names = sorted({*old, *new}, key=lambda name: (name != PLAN, name))
    found: list[Change] = []
    for name in names:
        if name not in old:
            found.append(Change(document=name, pointer="", change="added", new=stated(name, new[name])))
        elif name not in new:
            found.append(Change(document=name, pointer="", change="removed", old=stated(name, old[name])))
        elif old[name] != new[name]:
            found += _changes(name, "", stated(name, old[name]), stated(name, new[name]))
    return tuple(found)


def _changes(document: str, at: str, old: object, new: object) -> Iterator[Change]:
    """The changes of two values; mappings by key, lists of the same length by place, all else as a whole."""
    if isinstance(old, dict) and isinstance(new, dict) and old.get("kind") == new.get("kind"):
        for name in (*old, *(name for name in new if name not in old)):
            place = f"{at}/{name.replace('~', '~0').replace('/', '~1')}"
            if name not in new:
                yield Change(document=document, pointer=place, change="removed", old=old[name])
            elif name not in old:
                yield Change(document=document, pointer=place, change="added", new=new[name])
            else:
                yield from _changes(document, place, old[name], new[name])
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for number, (before, after) in enumerate(zip(old, new, strict=True)):
            yield from _changes(document, f"{at}/{number}", before, after)
    elif canonical_json(old) != canonical_json(new):
        yield Change(document=document, pointer=at, change="changed", old=old, new=new)

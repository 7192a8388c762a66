"""From a plain document to a typed plan, every mismatch a remark with its place and the near match."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

from pydantic import ValidationError

from precept_stats.data.strict_yaml import Location, hidden_texts
from precept_stats.plan.document import Plan
from precept_stats.plan.expand import BASED_ON
from precept_stats.plan.findings import MOST_PROBLEMS, Remark, nearest, quoted
from precept_stats.plan.json_schema import fields_at, kinds_at

UNKNOWN_FIELD, MISSING_FIELD, WRONG_TYPE = "PL-0003", "PL-0004", "PL-0005"
NOT_ALLOWED, CONTRADICTION, CONTROL = "PL-0006", "PL-0007", "PL-0011"
NOT_ALLOWED_TYPES = {
    "string_pattern_mismatch", "string_too_long", "string_too_short", "greater_than", "greater_than_equal",
    "less_than", "less_than_equal", "too_short", "too_long", "finite_number",
}  # fmt: skip

Problem = tuple[str, Remark]


def validate(document: dict[str, object]) -> Plan | tuple[Problem, ...]:
    """The plan, or every reason why the document is none."""
    unseen = tuple(_hidden_characters(document))
    if unseen:
        return unseen
    try:
        # by JSON and strict: a list is a tuple, but "1" is no number and 1 is no text
        return Plan.model_validate_json(json.dumps(document), strict=True, by_alias=True, by_name=False)
    except ValidationError as error:
        first = islice(error.errors(include_url=False), MOST_PROBLEMS)
        return tuple(_merged(_problem(document, detail) for detail in first))


def _hidden_characters(document: object) -> Iterator[Problem]:
    """Characters that would make a terminal or a reader see something else than the file says."""
    for location, text in hidden_texts(document):
        remark = Remark(location, "text with a character that cannot be seen", quoted(text), "printable text")
        yield CONTROL, remark


def _problem(document: object, detail: Any) -> Problem:
    kind, loc, context = detail["type"], tuple(detail["loc"]), detail.get("ctx", {})
    location = _in_document(document, loc, kind)
    found = "" if kind in ("missing", "value_error", "union_tag_not_found") else quoted(detail["input"])
    if kind == "extra_forbidden":
        field = str(loc[-1])
        known = (*fields_at(loc[:-1]), *((BASED_ON,) if len(loc) == 3 and loc[0] == "analyses" else ()))
        return UNKNOWN_FIELD, Remark(location, "unknown field", field, nearest(field, known))
    if kind == "missing":
        return MISSING_FIELD, Remark(location, f"the field `{loc[-1]}` is required and not given")
    if kind == "union_tag_not_found" and not isinstance(detail["input"], dict):
        allowed = f"a block with a kind: {', '.join(kinds_at(loc))}"
        return NOT_ALLOWED, Remark(
            location, "a value that is not allowed here", quoted(detail["input"]), allowed
        )
    if kind == "union_tag_not_found":
        message = "the field `kind` is required and not given"
        return MISSING_FIELD, Remark((*location, "kind"), message, "", ", ".join(kinds_at(loc)))
    if kind == "union_tag_invalid":
        kinds = nearest(str(context["tag"]), _listed(context["expected_tags"]))
        return NOT_ALLOWED, Remark((*location, "kind"), "unknown kind", quoted(context["tag"]), kinds)
    if kind == "literal_error":
        allowed = nearest(str(detail["input"]), _listed(context["expected"]))
        return NOT_ALLOWED, Remark(location, "a value that is not allowed here", found, allowed)
    if kind == "value_error":
        return CONTRADICTION, Remark(location, str(context["error"]))
    rule = NOT_ALLOWED if kind in NOT_ALLOWED_TYPES else WRONG_TYPE
    return rule, Remark(location, "a value that is not allowed here", found, _asked(detail["msg"]))


def _listed(expected: str) -> list[str]:
    return [word.strip().strip("'") for word in expected.replace(" or ", ", ").split(",")]


def _asked(message: str) -> str:
    """Pydantic's "Input should be ..." as what is allowed."""
    for opening in ("Input should be ", "String should ", "Input should "):
        if message.startswith(opening):
            return message.removeprefix(opening)
    return message[0].lower() + message[1:]


def _in_document(document: object, loc: Location, kind: str) -> Location:
    """The location in the document: pydantic's own without the tags of unions."""
    place: list[str | int] = []
    value = document
    for step in loc:
        if isinstance(value, dict) and step in value:
            place.append(step)
            value = value[str(step)]
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            place.append(step)
            value = value[step]
    return (*place, loc[-1]) if kind == "missing" else tuple(place)


def _merged(problems: Iterator[Problem]) -> list[Problem]:
    """One remark a place and rule: the alternatives of a union are joined by "or"."""
    merged: dict[tuple[str, Location, str], Remark] = {}
    for rule, remark in problems:
        key = (rule, remark.location, remark.message)
        before = merged.get(key)
        if before is None or remark.allowed in before.allowed.split(", or "):
            merged.setdefault(key, remark)
        else:
            allowed = f"{before.allowed}, or {remark.allowed}"
            merged[key] = Remark(remark.location, remark.message, before.found, allowed)
    return [(rule, remark) for (rule, _, _), remark in merged.items()]

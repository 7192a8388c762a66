"""The JSON Schema of a plan as it is written, for editors: made from the types, never by hand."""

from __future__ import annotations

import json
from copy import deepcopy
from functools import cache
from typing import Any, cast

from precept_stats.plan.document import Plan
from precept_stats.plan.expand import BASED_ON

DIALECT = "https://json-schema.org/draft/2020-12/schema"
DESCRIPTION = (
    "An analysis plan of precept_stats as it is written in YAML 1.2. An analysis with `based_on` states "
    "only how it differs from the analysis it names: mappings merge, a block with another `kind` replaces, "
    "null clears, `label` and `on_failure` are not inherited."
)
_PREFIX = "#/$defs/"
_DELTA = "Delta"

Node = dict[str, Any]


@cache
def expanded_schema() -> Node:
    """The schema of the plan after expansion, as pydantic writes it. Not to be changed."""
    return Plan.model_json_schema(by_alias=True)


def plan_json_schema() -> Node:
    """The schema of the document as written: analyses are complete, or ``based_on`` another."""
    schema = deepcopy(expanded_schema())
    definitions = schema["$defs"]
    for name in _reachable(definitions, "Analysis"):
        definitions[name + _DELTA] = _relaxed(definitions[name])
    delta = definitions["Analysis" + _DELTA]
    delta["description"] = "How an analysis differs from the one named in `based_on`."
    named = {"type": "string", "description": "The analysis that this one is based on."}
    delta["properties"] = {BASED_ON: named, **delta["properties"]}
    delta["required"] = [BASED_ON]
    schema["properties"]["analyses"] = _either(schema["properties"]["analyses"])
    brief = {name: _brief(item) for name, item in schema.items()}
    return {"$schema": DIALECT, **brief, "description": DESCRIPTION}


def plan_json_schema_text() -> str:
    """The committed form of :func:`plan_json_schema`."""
    return json.dumps(plan_json_schema(), indent=2, ensure_ascii=False) + "\n"


def _either(node: object) -> object:
    """``node`` with every reference to an analysis made a choice between complete and delta."""
    if isinstance(node, dict):
        if node.get("$ref") == _PREFIX + "Analysis":
            return {"if": {"required": [BASED_ON]}, "then": _ref("Analysis" + _DELTA), "else": dict(node)}
        return {name: _either(item) for name, item in node.items()}
    return node


def _brief(node: object) -> Any:
    """``node`` with every description cut to its first paragraph, on one line."""
    if isinstance(node, list):
        return [_brief(item) for item in node]
    if not isinstance(node, dict):
        return node
    short = {name: _brief(item) for name, item in node.items()}
    if isinstance(said := node.get("description"), str):
        short["description"] = " ".join(said.split("\n\n")[0].split())
    return short


def _ref(name: str) -> Node:
    return {"$ref": _PREFIX + name}


def _reachable(definitions: Node, start: str) -> list[str]:
    found: list[str] = []
    waiting: list[object] = [_ref(start)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            name = str(node.get("$ref", "")).removeprefix(_PREFIX)
            if name and name not in found:
                found.append(name)
                waiting.append(definitions[name])
            waiting += node.values()
        elif isinstance(node, list):
            waiting += node
    return sorted(found)


def _relaxed(node: object) -> Any:
    """A definition in which nothing is required, null clears, and references are relaxed too."""
    if isinstance(node, list):
        return [_relaxed(item) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return _ref(str(node["$ref"]).removeprefix(_PREFIX) + _DELTA)
    relaxed: Node = {}
    for name, item in node.items():
        if name == "properties":
            relaxed[name] = {field: _nullable(_relaxed(value)) for field, value in item.items()}
        elif name == "additionalProperties" and isinstance(item, dict):
            relaxed[name] = _nullable(_relaxed(item))
        elif name == "oneOf":
            relaxed["anyOf"] = _relaxed(item)
        elif name not in ("required", "discriminator", "default"):
            relaxed[name] = deepcopy(item) if name in ("const", "enum") else _relaxed(item)
    return relaxed


def _nullable(node: Node) -> Node:
    return {"anyOf": [node, {"type": "null"}]}


def fields_at(location: tuple[str | int, ...]) -> tuple[str, ...]:
    """The fields that the types allow at a location as pydantic reports it (union tags included)."""
    node = _at(location)
    choices = [node, *(_resolved(choice) for choice in [*node.get("anyOf", []), *node.get("oneOf", [])])]
    return tuple(dict.fromkeys(name for choice in choices for name in choice.get("properties", {})))


def kinds_at(location: tuple[str | int, ...]) -> tuple[str, ...]:
    """The kinds that may be named at a location where several are possible."""
    return tuple(sorted(_kinds(_at(location))))


def _kinds(node: Node) -> dict[str, Node]:
    """The choices of a tagged union by their kind, whether or not the schema lists its tags."""
    choices = [_resolved(choice) for choice in node.get("oneOf", ())]
    kinds = ((choice.get("properties", {}).get("kind", {}).get("const"), choice) for choice in choices)
    return {kind: choice for kind, choice in kinds if kind is not None}


def _at(location: tuple[str | int, ...]) -> Node:
    node = expanded_schema()
    for step in location:
        node = _step(_resolved(node), step)
    return _resolved(node)


def _resolved(node: Node) -> Node:
    while "$ref" in node:
        node = cast(Node, expanded_schema()["$defs"][str(node["$ref"]).removeprefix(_PREFIX)])
    return node


def _step(node: Node, step: str | int) -> Node:
    if isinstance(step, int):
        return cast(Node, node.get("items", {}))
    kinds = _kinds(node)
    if step in kinds:
        return kinds[step]
    if step in node.get("properties", {}):
        return cast(Node, node["properties"][step])
    for choice in node.get("anyOf", ()):
        if found := _step(_resolved(choice), step):
            return found
    keyed = node.get("patternProperties", {})
    inside = next(iter(keyed.values()), node.get("additionalProperties", {}))
    return inside if isinstance(inside, dict) else {}

"""The one door for YAML: version 1.2, plain data only, every value with its place in the file.

Plans and schemas are read by strangers, so what a document says must not depend on who reads it.
Scalars follow the YAML 1.2 core schema (spec 10.3.2): ``NO`` is the text NO, ``1e3`` is a number,
a date is text. Refused, with the line: tags, anchors, aliases, duplicate keys, keys that are not
text, several documents, numbers outside I-JSON (RFC 7493) such as ``.nan``, more than 1 MB, more
than 20,000 values, more than 40 levels.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from ruamel.yaml import YAML, events
from ruamel.yaml.error import MarkedYAMLError, StringMark, YAMLError
from ruamel.yaml.reader import ReaderError

from precept_stats.errors import PlanError, hidden

MAX_BYTES = 1_000_000
MAX_VALUES = 20_000
"""Keys and values that a document may have: each takes the parser some 50 microseconds."""
MAX_DEPTH = 40
LARGEST_INTEGER = 2**53 - 1
MAX_DIGITS = 400

Location = tuple[str | int, ...]
_Node = events.ScalarEvent | events.MappingStartEvent | events.SequenceStartEvent

_NULL = re.compile(r"(?:null|Null|NULL|~|)\Z")
_TRUE = re.compile(r"(?:true|True|TRUE)\Z")
_FALSE = re.compile(r"(?:false|False|FALSE)\Z")
_INTEGER = re.compile(r"[-+]?[0-9]+\Z")
_OCTAL = re.compile(r"0o[0-7]+\Z")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_NOT_FINITE = re.compile(r"(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\Z")


@dataclass(frozen=True, slots=True)
class StrictDocument:
    """What a document says (dicts, lists, str, int, float, bool, None) and where it says it.

    ``positions`` maps a location, such as ``("analyses", "primary", "method")`` or ``("rules", 0)``,
    to its (line, column), both counted from 1: the key of a field, the start of a list item.
    """

    name: str
    value: object
    positions: Mapping[Location, tuple[int, int]]

    def where(self, location: Sequence[str | int] = ()) -> str:
        """``name:line:column`` of a location, as far as it was written.

        Parts that the document does not have are passed over: a field left out points at the
        value that lacks it, and the tags that pydantic puts into its error locations do no harm.
        """
        found: Location = ()
        for part in location:
            if (*found, part) in self.positions:
                found = (*found, part)
        line, column = self.positions[found]
        return f"{self.name}:{line}:{column}"


def load_strict(text: str, name: str) -> StrictDocument:
    """Read one YAML document; ``name`` is the file name that errors show.

    Raises PlanError, with ``name:line:column`` in ``where``, for anything the module's first
    paragraph refuses.
    """
    size = len(text.encode("utf-8", errors="replace"))
    if size > MAX_BYTES:
        raise PlanError(
            "the document is too large", found=f"{size:,} bytes", allowed=f"{MAX_BYTES:,} bytes", where=name
        )
    builder = _Builder(name)
    try:
        for event in YAML(typ="safe", pure=True).parse(text):
            builder.take(event)
    except MarkedYAMLError as problem:
        raise _syntax_error(problem, name) from None
    except ReaderError as problem:
        raise PlanError(
            "the document holds a character that YAML does not allow",
            found=f"character number {problem.position + 1}",
            allowed="printable text, tabs and line breaks",
            where=name,
        ) from None
    except (YAMLError, ValueError, AttributeError) as problem:
        raise PlanError("the document is not YAML", found=str(problem), where=name) from None
    return builder.document()


def texts(document: object) -> Iterator[tuple[Location, str]]:
    """Every text of a document in its order, a key at the location of what it names."""
    waiting: list[tuple[Location, object]] = [((), document)]
    while waiting:
        location, value = waiting.pop()
        if isinstance(value, str):
            yield location, value
        elif isinstance(value, dict):
            for name, item in reversed(value.items()):
                waiting += [((*location, name), item), ((*location, name), name)]
        elif isinstance(value, list):
            waiting += [((*location, place), item) for place, item in reversed(list(enumerate(value)))]


def hidden_texts(document: object) -> Iterator[tuple[Location, str]]:
    """Every text, keys too, that holds a character which cannot be seen."""
    return ((location, text) for location, text in texts(document) if any(map(hidden, text)))


def _syntax_error(problem: MarkedYAMLError, name: str) -> PlanError:
    mark = problem.problem_mark or problem.context_mark
    where = f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else name
    said = ", ".join(part for part in (problem.context, problem.problem) if part)
    return PlanError("the document is not YAML", found=said, where=where)


@dataclass(slots=True)
class _Open:
    """A mapping or a list whose end has not come yet."""

    container: dict[str, object] | list[object]
    location: Location
    key: str | None = None


class _Builder:
    """Plain data from a stream of YAML events: no recursion, nothing constructed but plain values."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.positions: dict[Location, tuple[int, int]] = {}
        self.stack: list[_Open] = []
        self.roots: list[object] = []
        self.values = 0

    def document(self) -> StrictDocument:
        if not self.roots or self.roots[0] is None:
            raise PlanError("the document is empty", allowed="one YAML document", where=self.name)
        return StrictDocument(self.name, self.roots[0], MappingProxyType(self.positions))

    def take(self, event: events.Event) -> None:
        match event:
            case events.AliasEvent():
                raise self._refuse(event, "aliases are not allowed", f"*{event.anchor}")
            case events.DocumentStartEvent():
                self._start_document(event)
            case events.ScalarEvent():
                self._plain(event)
                self._add(event, self._scalar(event))
            case events.MappingStartEvent():
                self._open(event, {})
            case events.SequenceStartEvent():
                self._open(event, [])
            case events.MappingEndEvent() | events.SequenceEndEvent():
                self.stack.pop()

    def _start_document(self, event: events.DocumentStartEvent) -> None:
        if self.roots:
            raise self._refuse(event, "a file holds one document only", "a second document")
        if event.version not in (None, (1, 2)) or event.tags:
            raise self._refuse(event, "directives are not allowed, except %YAML 1.2", "a directive")

    def _open(
        self,
        event: events.MappingStartEvent | events.SequenceStartEvent,
        container: dict[str, object] | list[object],
    ) -> None:
        self._plain(event)
        if len(self.stack) >= MAX_DEPTH:
            raise self._refuse(event, f"more than {MAX_DEPTH} levels, one inside the other", "a deeper level")
        location = self._add(event, container)
        self.stack.append(_Open(container, location))

    def _add(self, event: events.Event, value: object) -> Location:
        """Put a value where the stream says it belongs; its location."""
        self.values += 1
        if self.values > MAX_VALUES:
            raise self._refuse(event, f"more than {MAX_VALUES:,} keys and values", "one more")
        if not self.stack:
            self.roots.append(value)
            self.positions[()] = _place(event)
            return ()
        parent = self.stack[-1]
        if isinstance(parent.container, list):
            location = (*parent.location, len(parent.container))
            self.positions[location] = _place(event)
            parent.container.append(value)
            return location
        if parent.key is None:
            self._take_key(event, parent, parent.container, value)
            return parent.location
        location = (*parent.location, parent.key)
        parent.container[parent.key] = value
        parent.key = None
        return location

    def _take_key(self, event: events.Event, parent: _Open, fields: dict[str, object], key: object) -> None:
        if not isinstance(key, str):
            raise self._refuse(event, "every key must be text; quote it if it is meant as text", repr(key))
        if key in fields:
            first = self.positions[(*parent.location, key)]
            raise self._refuse(event, f"the key {key!r} is given twice", f"first on line {first[0]}")
        self.positions[(*parent.location, key)] = _place(event)
        fields[key] = None
        parent.key = key

    def _plain(self, event: _Node) -> None:
        if event.anchor is not None:
            raise self._refuse(event, "anchors are not allowed", f"&{event.anchor}")
        if event.tag is not None:
            raise self._refuse(event, "tags are not allowed", str(event.tag))

    def _scalar(self, event: events.ScalarEvent) -> object:
        text = str(event.value)
        if not event.implicit[0]:
            return text
        value = _core_schema(text)
        if isinstance(value, float) and not math.isfinite(value):
            raise self._refuse(event, "numbers must be finite", text)
        if type(value) is int and abs(value) > LARGEST_INTEGER:
            raise self._refuse(event, f"whole numbers go to {LARGEST_INTEGER} at most", text)
        return value

    def _refuse(self, event: events.Event, problem: str, found: str) -> PlanError:
        line, column = _place(event)
        return PlanError(problem, found=found, where=f"{self.name}:{line}:{column}")


def _place(event: events.Event) -> tuple[int, int]:
    mark = event.start_mark
    if not isinstance(mark, StringMark):
        return (1, 1)
    return (mark.line + 1, mark.column + 1)


def _core_schema(text: str) -> str | int | float | bool | None:
    """The value of an unquoted scalar by the YAML 1.2 core schema; infinity for what is not finite."""
    if _NULL.match(text):
        return None
    if _TRUE.match(text) or _FALSE.match(text):
        return text[0] in "tT"
    if _OCTAL.match(text) or _HEXADECIMAL.match(text):
        return int(text, 0)
    if _NOT_FINITE.match(text):
        return math.inf
    if _INTEGER.match(text):
        return int(text) if len(text) < MAX_DIGITS else math.inf
    if _FLOAT.match(text):
        return float(text)
    return text

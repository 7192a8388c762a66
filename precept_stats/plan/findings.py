"""What is wrong or doubtful in a plan, and where in the file it stands."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from precept_stats.data.strict_yaml import Location
from precept_stats.errors import PlanError

Severity = Literal["error", "warning", "note"]

LONGEST_QUOTE = 120


@dataclass(frozen=True, slots=True)
class Remark:
    """What a check has to say about one place of the expanded plan, before it is looked up in the file."""

    location: Location
    message: str
    found: str = ""
    allowed: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One remark with its rule and its place: ``line`` and ``column`` from 1 (0 when unknown).

    ``pointer`` is a JSON pointer (RFC 6901) into the expanded plan; for a field that an analysis
    inherits, the line is that of the parent, where the field is written.
    """

    id: str
    severity: Severity
    message: str
    found: str = ""
    allowed: str = ""
    file: str = ""
    line: int = 0
    column: int = 0
    pointer: str = ""

    def __str__(self) -> str:
        details = [f"found {self.found}"] if self.found else []
        details += [f"allowed {self.allowed}"] if self.allowed else []
        tail = f" ({'; '.join(details)})" if details else ""
        place = f"{self.file}:{self.line}:{self.column}"
        return f"{place} {self.id} {self.severity} {self.pointer or '/'}: {self.message}{tail}"


class InvalidPlanError(PlanError):
    """A plan with errors; ``findings`` are all of them, and the text lists them one a line."""

    def __init__(self, name: str, findings: tuple[Finding, ...]) -> None:
        self.findings = findings
        errors = sum(finding.severity == "error" for finding in findings)
        super().__init__(f"the plan has {errors} error{'' if errors == 1 else 's'}", where=name)

    def __str__(self) -> str:
        return "\n".join([f"{self.where}: {self.problem}", *map(str, self.findings)])


def pointer(location: Location) -> str:
    """A location as a JSON pointer; the whole document is the empty text."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in location)


def quoted(value: object) -> str:
    """A value as JSON on one line, cut at a length that a terminal can show."""
    text = json.dumps(value, ensure_ascii=True, default=str)
    return text if len(text) <= LONGEST_QUOTE else text[: LONGEST_QUOTE - 3] + "..."


def nearest(word: str, allowed: Iterable[str]) -> str:
    """The allowed words as text, the one most like ``word`` first when one is near."""
    words = list(allowed)
    lowered = {candidate.lower(): candidate for candidate in reversed(words)}
    near = difflib.get_close_matches(word.lower(), lowered, n=1, cutoff=0.6)
    listed = ", ".join(words) or "nothing here"
    return f"{lowered[near[0]]} (did you mean that?), of: {listed}" if near else listed

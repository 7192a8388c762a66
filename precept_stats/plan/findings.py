"""What is wrong or doubtful in a plan, and where in the file it stands."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from precept_stats.data.strict_yaml import Location
from precept_stats.errors import PlanError, legible

Severity = Literal["error", "warning", "note"]

LONGEST_QUOTE = 120
MOST_COMPARED = 500
"""Words that one which is not known is compared with."""
LONGEST_LIST = 60
"""Words that a finding lists as allowed."""
MOST_PROBLEMS = 1_000
"""Fields of a wrong kind that are looked up in a plan before no more are."""
MOST_FINDINGS = 50
"""Findings that an error lists; there is none to gain from more."""


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
        line = f"{place} {self.id} {self.severity} {self.pointer or '/'}: {self.message}{tail}"
        return legible(line).replace("\n", "\\n")


class InvalidPlanError(PlanError):
    """A plan with errors; ``findings`` are all of them, and the text lists them one a line."""

    def __init__(self, name: str, findings: tuple[Finding, ...]) -> None:
        self.findings = findings
        errors = sum(finding.severity == "error" for finding in findings)
        many = " or more" if errors >= MOST_PROBLEMS else ""
        super().__init__(f"the plan has {errors} error{'' if errors == 1 else 's'}{many}", where=name)

    def __str__(self) -> str:
        more = len(self.findings) - MOST_FINDINGS
        told = [f"{self.where}: {self.problem}", *map(str, self.findings[:MOST_FINDINGS])]
        return "\n".join([*told, f"... and {more} more"] if more > 0 else told)


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
    comparable = len(word) <= LONGEST_QUOTE and len(words) <= MOST_COMPARED
    near = difflib.get_close_matches(word.lower(), lowered, n=1, cutoff=0.6) if comparable else []
    more = [f"and {len(words) - LONGEST_LIST} more"] if len(words) > LONGEST_LIST else []
    listed = ", ".join([*words[:LONGEST_LIST], *more]) or "nothing here"
    return f"{lowered[near[0]]} (did you mean that?), of: {listed}" if near else listed

"""A plan with what is known of its file: the text, the fingerprint, who is based on whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from precept_stats.data.strict_yaml import Location, StrictDocument
from precept_stats.plan.document import Analysis, Plan
from precept_stats.plan.findings import Finding, Remark, Severity, pointer

NO_DELTA = ("label", "on_failure")
"""Fields that an analysis never inherits, so that they are no difference from its parent."""

Difference = tuple[str, object, object]
"""A JSON pointer within the analysis, the parent's value, the analysis's own value."""


@dataclass(frozen=True, slots=True, eq=False)
class PlanSource:
    """The file as read, and where in it each inherited part of the expanded plan was written."""

    document: StrictDocument
    inherited: Mapping[Location, Location]

    def written_at(self, location: Location) -> Location:
        """The location in the file of a location in the expanded plan."""
        moved = True
        while moved:
            moved = False
            for length in range(len(location), 0, -1):
                parent = self.inherited.get(location[:length])
                if parent is not None:
                    location, moved = parent + location[length:], True
                    break
        return location

    def finding(self, rule: str, severity: Severity, remark: Remark) -> Finding:
        """A remark with its place in the file: of the nearest part around it that was written."""
        written = self.written_at(remark.location)
        positions = self.document.positions
        around = (written[:length] for length in range(len(written), -1, -1))
        line, column = next((positions[place] for place in around if place in positions), (0, 0))
        return Finding(
            id=rule,
            severity=severity,
            message=remark.message,
            found=remark.found,
            allowed=remark.allowed,
            file=self.document.name,
            line=line,
            column=column,
            pointer=pointer(remark.location),
        )


@dataclass(frozen=True, slots=True, eq=False)
class LoadedPlan:
    """A valid plan and its provenance.

    ``digest`` is the SHA-256 of the canonical JSON of what the plan states, ``based_on``
    expanded: comments, order and layout do not change it, nor do defaults of the library.
    ``findings`` are warnings and notes. ``bases`` maps an analysis to the one it is based on.
    """

    plan: Plan
    path: Path | None
    digest: str
    text: str
    findings: tuple[Finding, ...]
    bases: Mapping[str, str]
    source: PlanSource

    def differences(self, analysis: str) -> tuple[Difference, ...]:
        """How an analysis differs from the one it is based on; empty when it is based on none.

        Defaults count as stated. A block whose ``kind`` differs is one difference, as written.
        """
        parent = self.bases.get(analysis)
        return () if parent is None else self.differences_between(parent, analysis)

    def differences_between(self, other: str, analysis: str) -> tuple[Difference, ...]:
        """How an analysis differs from any other, in the same form."""
        theirs, ours = self.plan.analyses[other], self.plan.analyses[analysis]
        return tuple(
            difference
            for difference in _differences(_complete(theirs), _complete(ours), "")
            if difference[0].split("/")[1] not in NO_DELTA
        )


def _complete(analysis: Analysis) -> dict[str, object]:
    return analysis.model_dump(mode="json", by_alias=True)


def _differences(theirs: object, ours: object, at: str) -> list[Difference]:
    if theirs == ours:
        return []
    if not (isinstance(theirs, dict) and isinstance(ours, dict)) or theirs.get("kind") != ours.get("kind"):
        return [(at, theirs, ours)]
    found = []
    for name in (*theirs, *(name for name in ours if name not in theirs)):
        found += _differences(theirs.get(name), ours.get(name), f"{at}/{name}")
    return found

"""What a verification is made of: checks, each with its level and its outcome."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["L0", "L1", "L2", "L3", "L4", "L5"]
Outcome = Literal["passed", "differs", "failed", "not run"]

LEVELS: dict[Level, str] = {
    "L0": "Integrity: every file is the one that was written, and every signature holds",
    "L1": "Completeness: plan, rows and records say the same, and nothing was left out",
    "L2": "Report: made again from the rows",
    "L3": "Numbers: made again from the data",
    "L4": "Second engine: the numbers once more by R, from the analysis rows",
    "L5": "Execution: the plan run on generated data, which are synthetic",
}


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. ``found`` lists what is not as it should be; empty when all is.

    ``differs`` is a difference that the bundle does not hide and that proves nothing wrong (another version
    of a package, no signature); ``not run`` says in ``found`` what would be needed.
    """

    level: Level
    name: str
    outcome: Outcome
    found: tuple[str, ...] = ()


def checked(level: Level, name: str, found: tuple[str, ...] | list[str]) -> Check:
    """A check that fails where anything was found."""
    return Check(level, name, "failed" if found else "passed", tuple(found))


@dataclass(frozen=True, slots=True)
class Compared:
    """One statistic beside ours: its class of tolerance, and the digits in which they agree (LRE).

    At level L4 ``ours`` is that of the second engine.
    """

    row: str
    kind: str
    theirs: float
    ours: float
    digits: float
    within: bool
    level: Level = "L3"


@dataclass(frozen=True, slots=True)
class Verification:
    """Everything that was found about one bundle."""

    bundle: str
    plan: str
    made: str
    digest: str
    checks: tuple[Check, ...]
    compared: tuple[Compared, ...] = ()

    @property
    def failed(self) -> tuple[Check, ...]:
        return tuple(check for check in self.checks if check.outcome == "failed")

    @property
    def verdict(self) -> Literal["passed", "passed with differences", "failed"]:
        """``failed`` when any check failed."""
        if self.failed:
            return "failed"
        differs = any(check.outcome == "differs" for check in self.checks)
        return "passed with differences" if differs else "passed"

    def at(self, level: Level) -> tuple[Check, ...]:
        """The checks of one level."""
        return tuple(check for check in self.checks if check.level == level)

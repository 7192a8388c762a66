"""What can go wrong, said so that a reader can mend it.

Every error names the problem, what was found, what is allowed, and where. Nothing in the
library raises a bare ``ValueError`` at a user.
"""

from __future__ import annotations

from typing import ClassVar


class PreceptError(Exception):
    """The root of every error this library raises on purpose."""

    exit_code: ClassVar[int] = 1

    def __init__(self, problem: str, *, found: str = "", allowed: str = "", where: str = "") -> None:
        self.problem = problem
        self.found = found
        self.allowed = allowed
        self.where = where
        super().__init__(problem)

    def __str__(self) -> str:
        parts = [self.problem]
        if self.found:
            parts.append(f"  found:   {self.found}")
        if self.allowed:
            parts.append(f"  allowed: {self.allowed}")
        if self.where:
            parts.append(f"  where:   {self.where}")
        return "\n".join(parts)


class PlanError(PreceptError):
    """The plan cannot be read, or asks for something that cannot be done."""

    exit_code: ClassVar[int] = 2


class DataError(PreceptError):
    """The data do not hold what the plan and its schemas say they hold."""

    exit_code: ClassVar[int] = 3


class FitError(PreceptError):
    """An estimator cannot give a number for this design; becomes a Failure in the results."""

    exit_code: ClassVar[int] = 1


class DisclosureError(PreceptError):
    """Something that the disclosure policy forbids was about to be shown."""

    exit_code: ClassVar[int] = 1


class OutputError(PreceptError):
    """Results cannot be written where they were asked for; what stood there is untouched."""

    exit_code: ClassVar[int] = 4

"""What can go wrong, said so that a reader can mend it.

Every error names the problem, what was found, what is allowed, and where. Nothing in the
library raises a bare ``ValueError`` at a user.
"""

from __future__ import annotations

import unicodedata
from typing import ClassVar

HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode categories that cannot be seen: controls, format characters, surrogates, line separators."""
LONGEST_PART = 8_000
"""Characters that one part of an error may have; what is longer is cut, and says so."""


def hidden(character: str) -> bool:
    """Whether a character cannot be seen, or reorders those about it; line breaks and tabs are seen."""
    return character not in "\n\t" and unicodedata.category(character) in HIDDEN


def legible(text: str) -> str:
    """A text from a stranger as a terminal may show it: what cannot be seen is written as an escape."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_written(character) if hidden(character) else character for character in text)


def _written(character: str) -> str:
    return ascii(character)[1:-1]


def _cut(text: str) -> str:
    if len(text) <= LONGEST_PART:
        return text
    return f"{text[:LONGEST_PART]}... ({len(text) - LONGEST_PART:,} characters more)"


class PreceptError(Exception):
    """The root of every error this library raises on purpose."""

    exit_code: ClassVar[int] = 1

    def __init__(self, problem: str, *, found: str = "", allowed: str = "", where: str = "") -> None:
        self.problem, self.found, self.allowed, self.where = (
            legible(_cut(part)) for part in (problem, found, allowed, where)
        )
        super().__init__(self.problem)

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

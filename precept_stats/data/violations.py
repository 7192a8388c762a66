"""What is wrong with a table: every broken rule, how often, and where it begins."""

from __future__ import annotations

from dataclasses import dataclass

from precept_stats.errors import DataError

FIRST_ROWS = 5
SHOWN_VALUE = 60
WITHHELD = "(identifier withheld)"


@dataclass(frozen=True, slots=True)
class Offence:
    """One offending row, counted as its source counts (docs/data.md), and what it holds."""

    row: int
    value: str


@dataclass(frozen=True, slots=True)
class Violation:
    """One rule that a table breaks.

    ``rule`` is ``<column>.<keyword>`` or the rule's own id; ``says`` the rule in words; ``count``
    the failing rows out of ``checked`` (both 0 for faults of the table as a whole, such as a
    column that is absent); ``first`` the first few offending rows.
    """

    rule: str
    column: str
    says: str
    count: int = 0
    checked: int = 0
    first: tuple[Offence, ...] = ()

    def __str__(self) -> str:
        if not self.count:
            return f"{self.rule}: {self.says}"
        rows = "; ".join(f"row {offence.row}: {offence.value}" for offence in self.first)
        more = "; ..." if self.count > len(self.first) else ""
        return f"{self.rule}: {self.says}\n  broken by {self.count:,} of {self.checked:,} rows: {rows}{more}"


class InvalidDataError(DataError):
    """A table that breaks its rules: one error with all of them, in ``violations``."""

    def __init__(self, table: str, schema: str, violations: tuple[Violation, ...], where: str = "") -> None:
        self.table = table
        self.violations = violations
        rules = "1 rule" if len(violations) == 1 else f"{len(violations)} rules"
        listing = "\n".join(str(violation) for violation in violations).replace("\n", "\n" + " " * 11)
        super().__init__(
            f"table {table!r} breaks {rules} of schema {schema!r}; nothing of it was used",
            found=listing,
            where=where,
        )


def shown(value: object) -> str:
    """A value as an error shows it: short, on one line, text in quotes."""
    text = repr(value)
    return text if len(text) <= SHOWN_VALUE else text[: SHOWN_VALUE - 3] + "..."

"""The cells of a release, as a reader sees them: counts of people, shown or not, and relations between them.

A cell may stand in several rows: where two rows count the same people they are one cell. A count that is
shown stands for all counts that are rounded to it; one that is suppressed for 1 to 7 (or what the policy
says); one that was withheld beside it for 0 or more than that.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from precept_stats.data.policies import CountRule
from precept_stats.numerics.cell_bounds import NO_END, Span
from precept_stats.report.guarded import WITHHELD, number
from precept_stats.values import Row

Name = tuple[str, ...]
Told = tuple[tuple[object, ...], ...]
"""A flow as it reads: groups, step, words and number of every row."""


@dataclass(slots=True)
class Cell:
    """One count: its rows, what it can be, and how much is lost with it.

    ``secret`` cells are those that must not be told. ``cost`` orders what is withheld first. ``elsewhere`` is
    what earlier releases tell of it.
    """

    name: Name
    span: Span
    secret: bool = False
    withheld: bool = False
    cost: int = 0
    rows: list[int] = field(default_factory=list)
    elsewhere: Span = (0, NO_END)

    @property
    def shown(self) -> bool:
        return bool(self.rows) and not self.secret and not self.withheld


@dataclass(frozen=True, slots=True)
class Sum:
    """A relation that readers know, in words, between cells by name."""

    words: str
    terms: tuple[tuple[Name, float], ...]
    low: float = 0.0
    high: float = 0.0


def as_counted(row: Row, rule: CountRule) -> Cell:
    """What a row of a count tells, as a cell without a name."""
    value = number(row)
    if value is not None:
        return Cell((), rule.span(value))
    if row.warning == WITHHELD:
        return Cell((), (0, NO_END), withheld=True)
    if row.status != "suppressed":
        return Cell((), (0, NO_END))
    few = rule.suppress_below - 1
    told = {rule.words: (1, few), f"from a count of {rule.words}": (1, few)}
    told[f"of {rule.words} individuals"] = (0, few)
    return Cell((), told.get(row.warning, (0, NO_END)), secret=True)


@dataclass(slots=True)
class Sheet:
    """Cells by name, and the sums between them."""

    rule: CountRule
    cells: dict[Name, Cell] = field(default_factory=dict)
    sums: list[Sum] = field(default_factory=list)
    known: set[Sum] = field(default_factory=set)
    flows: dict[Told, str] = field(default_factory=dict)

    def put(self, name: Name, row: Row, place: int, cost: int = 0) -> None:
        """Enter a row. Rows of one name count the same people."""
        told = as_counted(row, self.rule)
        cell = self.cells.get(name)
        if cell is None:
            cell = self.cells[name] = Cell(name, told.span, told.secret, told.withheld, cost)
        else:
            both = (max(cell.span[0], told.span[0]), min(cell.span[1], told.span[1]))
            cell.span = both if both[0] <= both[1] else cell.span
            cell.secret |= told.secret
            cell.withheld |= told.withheld
            cell.cost = max(cell.cost, cost)
        cell.rows.append(place)

    def flow_of(self, told: Told) -> str:
        """The number of a flow, the same for flows that read the same."""
        return self.flows.setdefault(told, f"flow {len(self.flows)}")

    def has(self, name: Name) -> bool:
        return name in self.cells

    def unseen(self, name: Name) -> Name:
        """A cell that no row shows, such as how many there are in all."""
        self.cells.setdefault(name, Cell(name, (0, NO_END)))
        return name

    def total(self, words: str, whole: Name, parts: Iterable[Name]) -> None:
        """``whole`` is the sum of ``parts``; nothing where one of them stands in no row."""
        names = tuple(parts)
        if names and self.has(whole) and all(map(self.has, names)):
            self.sums.append(Sum(words, ((whole, 1.0), *((name, -1.0) for name in names))))

    def at_most(self, words: str, part: Name, whole: Name) -> None:
        """``part`` is no more than ``whole``."""
        if self.has(part) and self.has(whole) and part != whole:
            self.sums.append(Sum(words, ((whole, 1.0), (part, -1.0)), 0.0, float(NO_END)))

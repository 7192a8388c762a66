"""The attack: what each suppressed count can be, to readers who know all that is shown and how it adds up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from precept_stats.numerics.cell_bounds import Cells, NoSolutionError, Relation, Span, bounds, told_exactly
from precept_stats.report.attack.sheet import Name, Sheet, Sum


@dataclass(frozen=True, slots=True)
class Island:
    """Cells that tell of each other, and of no others: their names, numbered in ``cells``."""

    names: tuple[Name, ...]
    secrets: tuple[int, ...]
    cells: Cells
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Bounded:
    """A suppressed count, and what the attack leaves of it; ``span`` is None where no numbers fit."""

    name: Name
    span: Span | None
    before: Span
    words: tuple[str, ...]

    @property
    def told(self) -> bool:
        return self.span is not None and self.span[0] == self.span[1]


def islands(sheet: Sheet) -> Iterator[Island]:
    """The parts of a sheet that hold a suppressed count, joined by cells that are not known exactly."""
    sums_of: dict[Name, list[int]] = {}
    for place, each in enumerate(sheet.sums):
        for name, _ in each.terms:
            sums_of.setdefault(name, []).append(place)
    done: set[Name] = set()
    for start, cell in sheet.cells.items():
        if cell.secret and start not in done:
            sums = _reached(sheet, start, sums_of)
            island = _island(sheet, [sheet.sums[place] for place in sums], start)
            done.update(name for name in island.names if sheet.cells[name].secret)
            yield island


def _reached(sheet: Sheet, start: Name, sums_of: dict[Name, list[int]]) -> list[int]:
    """The sums that tell of a cell, directly or through others."""
    seen, waiting, sums = {start}, [start], dict[int, None]()
    while waiting:
        for place in sums_of.get(waiting.pop(), ()):
            if place in sums:
                continue
            sums[place] = None
            for name, _ in sheet.sums[place].terms:
                low, high = sheet.cells[name].span
                if name not in seen and low < high:
                    seen.add(name)
                    waiting.append(name)
    return sorted(sums)


def _island(sheet: Sheet, sums: list[Sum], start: Name) -> Island:
    names = tuple(dict.fromkeys((start, *(name for each in sums for name, _ in each.terms))))
    number = {name: place for place, name in enumerate(names)}
    cells = [sheet.cells[name] for name in names]
    relations = tuple(
        Relation(tuple((number[name], weight) for name, weight in each.terms), each.low, each.high)
        for each in sums
    )
    gaps = frozenset(place for place, cell in enumerate(cells) if cell.withheld and not cell.secret)
    found = Cells(tuple(cell.span for cell in cells), relations, gaps, sheet.rule.suppress_below)
    secrets = tuple(place for place, cell in enumerate(cells) if cell.secret)
    return Island(names, secrets, found, tuple(dict.fromkeys(each.words for each in sums)))


def told(island: Island) -> tuple[Name, ...]:
    """The suppressed counts of an island that can be one number only."""
    return tuple(island.names[place] for place in sorted(_told(island.cells, island.secrets)))


@lru_cache(maxsize=10_000)
def _told(cells: Cells, secrets: tuple[int, ...]) -> frozenset[int]:
    try:
        return told_exactly(cells, secrets)
    except NoSolutionError:
        return frozenset()


def attack(sheet: Sheet) -> tuple[Bounded, ...]:
    """Every suppressed count of a sheet with the bounds that follow from all that is shown."""
    found = []
    for island in islands(sheet):
        spans = _bounds(island.cells, island.secrets)
        for place in island.secrets:
            span = None if spans is None else spans[place]
            found.append(Bounded(island.names[place], span, island.cells.spans[place], island.words))
    return tuple(found)


@lru_cache(maxsize=10_000)
def _bounds(cells: Cells, secrets: tuple[int, ...]) -> dict[int, Span] | None:
    try:
        return bounds(cells, secrets)
    except NoSolutionError:
        return None

"""What an earlier release of the same data adds to what a reader knows."""

from __future__ import annotations

from precept_stats.numerics.cell_bounds import NO_END, Span
from precept_stats.report.attack.sheet import Cell, Name, Sheet, Sum, Told
from precept_stats.report.free_text import PSEUDONYM


def learn(sheet: Sheet, earlier: Sheet, tag: str) -> None:
    """Enter an earlier release: its cells are those of the same name, and its sums hold too.

    Flows are the same where they read the same but for what one of them withholds. Clusters are not matched,
    since their numbers are given anew in each release.
    """
    flows = {number: _same_flow(sheet, told, f"{number} of {tag}") for told, number in earlier.flows.items()}

    def renamed(name: Name) -> Name:
        return tuple(flows.get(part, f"{part} of {tag}" if PSEUDONYM.match(part) else part) for part in name)

    for name, cell in earlier.cells.items():
        _enter(sheet, renamed(name), cell)
    known = set(sheet.sums)
    for each in earlier.sums:
        terms = tuple((renamed(name), weight) for name, weight in each.terms)
        again = Sum(each.words, terms, each.low, each.high)
        if again not in known:
            sheet.sums.append(again)


def _enter(sheet: Sheet, name: Name, cell: Cell) -> None:
    mine = sheet.cells.get(name)
    told = (0, NO_END) if cell.withheld else cell.span
    if mine is None:
        sheet.cells[name] = Cell(name, told, cell.secret, cell.withheld, elsewhere=told)
        return
    mine.elsewhere = _both(mine.elsewhere, told)
    mine.span = _both(mine.span, mine.elsewhere)


def _both(one: Span, other: Span) -> Span:
    """What two spans have in common; the first where that is nothing, for then they are not of one count."""
    both = (max(one[0], other[0]), min(one[1], other[1]))
    return both if both[0] <= both[1] else one


def _same_flow(sheet: Sheet, told: Told, new: str) -> str:
    for mine, number in sheet.flows.items():
        if len(mine) == len(told) and all(map(_agree, mine, told)):
            return number
    return new


def _agree(one: tuple[object, ...], other: tuple[object, ...]) -> bool:
    """Whether two steps may be one: the same but for a number that is withheld in either."""
    return one[:-1] == other[:-1] and (one[-1] == other[-1] or "withheld" in (one[-1], other[-1]))

"""Secondary suppression: further counts are withheld until no suppressed one can be worked out.

First, whatever the counts are: a sum in which the suppressed counts would be told exactly for *some* value of
a further count loses that count. The choice looks at all counts but the one that goes, so that its absence
says nothing about it. Then, while the attack still tells a suppressed count, the next count in its sums goes.
What goes first is a cell within a table, then a part, then a whole; never the smallest, since that it is the
smallest would be told. Among clusters it is the first by a fingerprint of what else is told of them, so that
neither their names nor the order of rows decides.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from precept_stats.data.policies import CountRule
from precept_stats.numerics.cell_bounds import NO_END, Span
from precept_stats.report.attack.programme import islands, told
from precept_stats.report.attack.relations import sheet_of
from precept_stats.report.attack.releases import learn
from precept_stats.report.attack.sheet import Cell, Name, Sheet, Sum
from precept_stats.report.free_text import cluster_of
from precept_stats.report.guarded import WITHHELD, suppressed
from precept_stats.values import Row


def protect(rows: Sequence[Row], rule: CountRule, earlier: Sequence[Sheet] = ()) -> list[Row]:
    """The rows without the counts that would tell a suppressed one. ``earlier`` releases are known too."""
    sheet = sheet_of(rows, rule)
    if not any(cell.secret for cell in sheet.cells.values()):
        return list(rows)
    for place, release in enumerate(earlier, 1):
        learn(sheet, release, f"release {place}")
    state = _State(sheet, _twins(rows, sheet), _ranks(rows, sheet))
    for each in list(sheet.sums):
        _unless_safe(state, each)
    while _once_more(state):
        continue
    gone = {place for name in state.gone for place in sheet.cells[name].rows}
    return [
        suppressed(row, WITHHELD) if place in gone and row.stat is not None else row
        for place, row in enumerate(rows)
    ]


def _once_more(state: _State) -> bool:
    """Withhold a count beside each suppressed one that the attack tells; whether any went."""
    found = [name for island in islands(state.sheet) for name in told(island)]
    went = [_next(state, name) for name in found]
    return any(went)


@dataclass(slots=True)
class _State:
    """What is known to readers, the cells that are told elsewhere too, and what has been withheld."""

    sheet: Sheet
    twins: dict[Name, tuple[Name, ...]]
    ranks: dict[Name, tuple[str, str]]
    gone: dict[Name, None] = field(default_factory=dict)

    def in_order(self, names: Sequence[Name]) -> list[Name]:
        """Counts that can be withheld, what goes first first: by kind, by rank, by place in the release."""
        cells = self.sheet.cells
        shown = [name for name in dict.fromkeys(names) if cells[name].shown]
        return sorted(shown, key=lambda name: (cells[name].cost, self.ranks[name], cells[name].rows[0]))

    def withhold(self, name: Name) -> None:
        """Withhold a count, wherever it stands: under other analyses it may be the same people."""
        for one in self.twins.get(name, (name,)):
            cell = self.sheet.cells[one]
            if cell.shown:
                cell.withheld, cell.span = True, cell.elsewhere
                self.gone[one] = None


def _twins(rows: Sequence[Row], sheet: Sheet) -> dict[Name, tuple[Name, ...]]:
    """For each cell those that are of the same thing in any analysis."""
    about: dict[tuple[object, ...], dict[Name, None]] = {}
    keys: dict[Name, list[tuple[object, ...]]] = {}
    for name, cell in sheet.cells.items():
        for place in cell.rows:
            row = rows[place]
            key = (row.context, row.groups, row.variable, row.variable_level, row.stat_name)
            about.setdefault(key, {})[name] = None
            keys.setdefault(name, []).append(key)
    return {
        name: tuple(dict.fromkeys(one for key in found for one in about[key])) for name, found in keys.items()
    }


def _ranks(rows: Sequence[Row], sheet: Sheet) -> dict[Name, tuple[str, str]]:
    """For counts of clusters a fingerprint of what other tables tell of them, and of all that is told."""
    told: dict[str, list[tuple[tuple[str, str], str]]] = {}
    for row in rows:
        if label := cluster_of(row):
            text = f"{row.context}{row.variable}{row.stat_name}{row.stat}"
            told.setdefault(label, []).append(((row.context, row.variable), text))
    ranks: dict[Name, tuple[str, str]] = {}
    for name, cell in sheet.cells.items():
        first = rows[cell.rows[0]] if cell.rows else None
        label = cluster_of(first) if first is not None else ""
        if first is None or not label:
            ranks[name] = ("", "")
            continue
        about = (first.context, first.variable)
        others = [text for place, text in told[label] if place != about]
        ranks[name] = (_fingerprint(others), _fingerprint([text for _, text in told[label]]))
    return ranks


def _fingerprint(texts: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(sorted(texts)).encode()).hexdigest()


def _unless_safe(state: _State, each: Sum) -> None:
    """Withhold one count of a sum, unless no value of any would tell the suppressed ones."""
    cells = [state.sheet.cells[name] for name, _ in each.terms]
    secret = any(cell.secret for cell in cells)
    open_ended = any(cell.span[1] == NO_END for cell in cells)
    exact = each.low == each.high == 0.0 and all(abs(weight) == 1 for _, weight in each.terms)
    if not secret or open_ended or not exact:
        return
    for name in state.in_order([name for name, _ in each.terms]):
        if _would_tell(state.sheet, each, name):
            state.withhold(name)
            return


def _is_exact(cell: Cell) -> bool:
    """Whether a count is told exactly, as zero is: to take it away from a sum gains little."""
    return cell.span[0] == cell.span[1]


def _would_tell(sheet: Sheet, each: Sum, name: Name) -> bool:
    """Whether some value of a count, with all others as they are, would tell a suppressed count of a sum."""
    own_weight = dict(each.terms)[name]
    rest = [_times(sheet.cells[other].span, weight) for other, weight in each.terms if other != name]
    least, most = sum(low for low, _ in rest), sum(high for _, high in rest)
    ends = sorted((-least * own_weight, -most * own_weight))
    kinds = {
        (sheet.cells[other].span, weight)
        for other, weight in each.terms
        if sheet.cells[other].secret and sheet.cells[other].span[0] < sheet.cells[other].span[1]
    }
    for span in _values(sheet.rule, max(0, int(ends[0])), max(0, int(ends[1]))):
        own = _times(span, own_weight)
        for secret, weight in kinds:
            part = _times(secret, weight)
            left = ((part[0] - least - own[0]) * weight, (part[1] - most - own[1]) * weight)
            if max(min(left), secret[0]) == min(max(left), secret[1]):
                return True
    return False


def _times(span: Span, weight: float) -> Span:
    """A span times 1 or -1."""
    return span if weight > 0 else (-span[1], -span[0])


def _values(rule: CountRule, low: int, high: int) -> Iterator[Span]:
    """The spans of all shown values that counts from ``low`` to ``high`` may have."""
    shown = rule.rounded(low) if low >= rule.suppress_below else rule.rounded(rule.suppress_below)
    if low == 0:
        yield 0, 0
    while rule.span(shown)[0] <= high:
        yield rule.span(shown)
        shown += rule.round_to


def _next(state: _State, name: Name) -> bool:
    """Withhold the next count that tells of this one: in its own sums, else in those that these touch."""
    reached, seen = [name], {name}
    while reached:
        beside = [
            other
            for each in state.sheet.sums
            if any(one in seen for one, _ in each.terms)
            for other, _ in each.terms
            if other not in seen
        ]
        if not beside:
            return False
        candidates = [other for other in state.in_order(beside) if not _is_exact(state.sheet.cells[other])]
        if candidates:
            state.withhold(candidates[0])
            return True
        reached = beside
        seen.update(beside)
    return False

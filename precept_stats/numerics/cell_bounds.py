"""What a reader can work out of cells that are not shown: integer bounds under linear relations.

A cell is a whole number between two bounds; a relation is a sum of cells, with coefficients, between two
limits. ``bounds`` gives the least and greatest value of cells by linear programmes (HiGHS), and where a
solution is no whole number, by integer programmes. ``propagate`` narrows bounds one relation at a time,
which is exact where relations with coefficients of 1 and -1 form no cycle.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

NO_END = 10**9
"""Stands for a cell that has no upper bound: more people than there are in any table here."""
LARGEST_SWITCHED = 10**5
"""A cell that may be larger has no switch between 0 and ``floor``: tolerances would open it."""
NEAR = 1e-6
SWEEPS = 4
"""Solutions are sought this many times, with some targets large and others small, before one by one."""
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Relation:
    """``low <= sum of coefficient * cell <= high``, by number of the cell."""

    terms: tuple[tuple[int, float], ...]
    low: float = 0.0
    high: float = 0.0

    @property
    def unit(self) -> bool:
        """Whether all coefficients are 1 or -1 and both limits whole."""
        return all(abs(weight) == 1 for _, weight in self.terms) and float(self.low).is_integer()


@dataclass(frozen=True, slots=True)
class Cells:
    """Cells by number: their bounds, and those that are 0 or at least ``floor`` (``gaps``)."""

    spans: tuple[Span, ...]
    relations: tuple[Relation, ...]
    gaps: frozenset[int] = frozenset()
    floor: int = 0

    def narrowed(self, spans: Sequence[Span]) -> Cells:
        return replace(self, spans=tuple(spans))


class NoSolutionError(Exception):
    """No whole numbers fulfil the relations: one of them does not hold."""


def propagate(cells: Cells) -> tuple[Span, ...]:
    """Bounds narrowed one relation at a time until nothing changes. Raises NoSolutionError."""
    spans = [_outside_gap(cells, cell, span) for cell, span in enumerate(cells.spans)]
    at: dict[int, list[int]] = {}
    for place, relation in enumerate(cells.relations):
        for cell, _ in relation.terms:
            at.setdefault(cell, []).append(place)
    waiting, rounds = dict.fromkeys(range(len(cells.relations))), 0
    while waiting and rounds < 50 * (len(cells.relations) + 1):
        place = next(iter(waiting))
        del waiting[place]
        rounds += 1
        for cell in _narrow(cells, cells.relations[place], spans):
            waiting |= dict.fromkeys(at[cell])
    return tuple(spans)


def _outside_gap(cells: Cells, cell: int, span: Span) -> Span:
    """The bounds of a cell without ends that lie in its gap. Raises NoSolutionError where nothing is left."""
    low, high = span
    if cell in cells.gaps and 0 < low < cells.floor:
        low = cells.floor
    if cell in cells.gaps and 0 <= high < cells.floor:
        high = 0
    if low > high:
        raise NoSolutionError
    return low, high


def _narrow(cells: Cells, relation: Relation, spans: list[Span]) -> list[int]:
    """Narrow the cells of one relation; the cells that changed."""
    least = sum(weight * spans[cell][weight < 0] for cell, weight in relation.terms)
    most = sum(weight * spans[cell][weight > 0] for cell, weight in relation.terms)
    changed = []
    for cell, weight in relation.terms:
        low, high = spans[cell]
        others_least = least - weight * (low if weight > 0 else high)
        others_most = most - weight * (high if weight > 0 else low)
        ends = sorted(((relation.low - others_most) / weight, (relation.high - others_least) / weight))
        new = (max(low, math.ceil(ends[0] - NEAR)), min(high, math.floor(ends[1] + NEAR)))
        new = _outside_gap(cells, cell, new)
        if new != (low, high):
            spans[cell] = new
            changed.append(cell)
            least = others_least + weight * new[weight < 0]
            most = others_most + weight * new[weight > 0]
    return changed


def is_tree(cells: Cells) -> bool:
    """Whether relations of coefficients 1 and -1 form no cycle among cells that are not known exactly."""
    if cells.gaps or not all(relation.unit for relation in cells.relations):
        return False
    parent: dict[int, int] = {}

    def root(node: int) -> int:
        while parent.setdefault(node, node) != node:
            node = parent[node]
        return node

    for place, relation in enumerate(cells.relations):
        for cell, _ in relation.terms:
            if cells.spans[cell][0] == cells.spans[cell][1]:
                continue
            one, other = root(-1 - place), root(cell)
            if one == other:
                return False
            parent[one] = other
    return True


def bounds(cells: Cells, targets: Iterable[int]) -> dict[int, Span]:
    """The least and greatest whole number that each target can be. Raises NoSolutionError."""
    spans = propagate(cells)
    wanted = list(targets)
    if is_tree(cells):
        return {cell: spans[cell] for cell in wanted}
    programme, like = _Programme(cells.narrowed(spans)), _alike(cells, spans)
    ends = {}
    for cell in dict.fromkeys(like[cell] for cell in wanted):
        known = spans[cell][0] == spans[cell][1]
        ends[cell] = spans[cell] if known else (programme.end(cell, 1.0), -programme.end(cell, -1.0))
    return {cell: ends[like[cell]] for cell in wanted}


def told_exactly(cells: Cells, targets: Iterable[int]) -> frozenset[int]:
    """The targets that can be one whole number only. Raises NoSolutionError.

    The same as asking for all bounds, but two solutions in which a target differs acquit it.
    """
    spans = propagate(cells)
    wanted = list(targets)
    found = {cell for cell in wanted if spans[cell][0] == spans[cell][1]}
    if is_tree(cells):
        return frozenset(found)
    programme, like = _Programme(cells.narrowed(spans)), _alike(cells, spans)
    left = list(dict.fromkeys(like[cell] for cell in wanted if cell not in found))
    least = greatest = programme.solution({})
    for turn in range(SWEEPS):
        objective = {cell: -1.0 if (place >> turn) & 1 else 1.0 for place, cell in enumerate(left)}
        for sign in (1.0, -1.0):
            point = programme.solution({cell: sign * weight for cell, weight in objective.items()})
            least, greatest = np.minimum(least, point), np.maximum(greatest, point)
        left = [cell for cell in left if least[cell] == greatest[cell]]
    for cell in left:
        if least[cell] < greatest[cell]:
            continue
        ends = [programme.solution({cell: sign}) for sign in (1.0, -1.0)]
        for point in ends:
            least, greatest = np.minimum(least, point), np.maximum(greatest, point)
        if ends[0][cell] == ends[1][cell]:
            found.add(cell)
    return frozenset(cell for cell in wanted if cell in found or like[cell] in found)


def _alike(cells: Cells, spans: Sequence[Span]) -> list[int]:
    """For each cell the first that could change places with it: of the same bounds, in the same relations."""
    terms: list[list[tuple[int, float]]] = [[] for _ in spans]
    for place, relation in enumerate(cells.relations):
        for cell, weight in relation.terms:
            terms[cell].append((place, weight))
    first: dict[tuple[object, ...], int] = {}
    return [
        first.setdefault((span, cell in cells.gaps, *terms[cell]), cell) for cell, span in enumerate(spans)
    ]


def _is_switched(span: Span, floor: int) -> bool:
    return span[0] < floor <= span[1] <= LARGEST_SWITCHED


class _Programme:
    """The linear programme of some cells, with a switch for each that is 0 or at least ``floor``."""

    def __init__(self, cells: Cells) -> None:
        self.count = len(cells.spans)
        gaps = [
            cell for cell in sorted(cells.gaps) if cells.spans[cell][0] < cells.floor <= cells.spans[cell][1]
        ]
        self.size = self.count + len(gaps)
        entries: list[tuple[int, int, float]] = []
        lows: list[float] = []
        highs: list[float] = []
        for relation in cells.relations:
            entries += [(len(lows), cell, float(weight)) for cell, weight in relation.terms]
            lows.append(relation.low)
            highs.append(relation.high)
        for place, cell in enumerate(gaps):
            switch, top = self.count + place, float(cells.spans[cell][1])
            entries += [(len(lows), cell, 1.0), (len(lows), switch, -float(cells.floor))]
            entries += [(len(lows) + 1, cell, 1.0), (len(lows) + 1, switch, -top)]
            lows += [0.0, -np.inf]
            highs += [np.inf, 0.0]
        rows, columns, values = zip(*entries, strict=True) if entries else ((), (), ())
        matrix = csr_array((values, (rows, columns)), shape=(len(lows), self.size))
        self.relations = LinearConstraint(matrix, lows, highs) if lows else None
        ends = [*cells.spans, *([(0, 1)] * len(gaps))]
        self.box = Bounds([float(low) for low, _ in ends], [float(high) for _, high in ends])

    def solution(self, objective: dict[int, float]) -> NDArray[np.float64]:
        """A solution in whole numbers at which the objective is least."""
        weights = np.zeros(self.size)
        for cell, weight in objective.items():
            weights[cell] = weight
        whole = np.concatenate((np.zeros(self.count, int), np.ones(self.size - self.count, int)))
        found = self._solve(weights, whole)
        if np.abs(found - np.round(found)).max(initial=0.0) > NEAR:
            found = self._solve(weights, np.ones(self.size, int))
        return np.round(found[: self.count])

    def _solve(self, weights: NDArray[np.float64], whole: NDArray[np.int64]) -> NDArray[np.float64]:
        found = milp(weights, integrality=whole, bounds=self.box, constraints=self.relations)
        if found.x is None:
            raise NoSolutionError
        return np.asarray(found.x, dtype=float)

    def end(self, cell: int, sign: float) -> int:
        """The least value of a cell (``sign`` 1), or less its greatest (-1)."""
        return int(sign * self.solution({cell: sign})[cell])

"""The attack's programme against enumeration of all whole numbers."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from precept_stats.numerics.cell_bounds import (
    NO_END,
    Cells,
    NoSolutionError,
    Relation,
    bounds,
    is_tree,
    propagate,
    told_exactly,
)


@st.composite
def systems(draw, *, whole=True):
    """A few cells with some relations between them, weights 1 and -1 (or decimal), and cells with a gap."""
    count = draw(st.integers(2, 5))
    lows = [draw(st.integers(0, 4)) for _ in range(count)]
    spans = tuple((low, low + draw(st.integers(0, 5))) for low in lows)
    weights = st.sampled_from((1.0, -1.0) if whole else (1.0, -1.0, 0.5, -0.3, 2.0))
    relations = []
    for _ in range(draw(st.integers(1, 4))):
        cells = draw(st.lists(st.integers(0, count - 1), min_size=2, max_size=count, unique=True))
        low = draw(st.integers(-4, 4))
        relations.append(
            Relation(
                tuple((cell, draw(weights)) for cell in cells),
                float(low),
                float(low + draw(st.integers(0, 2))),
            )
        )
    gaps = frozenset(draw(st.lists(st.integers(0, count - 1), max_size=1)))
    return Cells(spans, tuple(relations), gaps, 3)


def solutions(cells):
    """All whole numbers that fulfil everything."""
    ranges = [range(low, high + 1) for low, high in cells.spans]
    return [
        point
        for point in itertools.product(*ranges)
        if all(point[cell] == 0 or point[cell] >= cells.floor for cell in cells.gaps)
        and all(
            relation.low - 1e-9
            <= sum(weight * point[cell] for cell, weight in relation.terms)
            <= relation.high + 1e-9
            for relation in cells.relations
        )
    ]


@given(cells=st.one_of(systems(), systems(whole=False)))
@settings(max_examples=150)
def test_bounds_and_told_cells_are_those_of_all_solutions(cells):
    every, targets = solutions(cells), range(len(cells.spans))
    if not every:
        with pytest.raises(NoSolutionError):
            bounds(cells, targets)
        return
    expected = {cell: (min(p[cell] for p in every), max(p[cell] for p in every)) for cell in targets}
    assert bounds(cells, targets) == expected
    assert told_exactly(cells, targets) == {cell for cell, (low, high) in expected.items() if low == high}


def test_a_cell_of_no_relation_has_its_gap_all_the_same():
    relation = Relation(((0, 1.0), (1, 1.0)), 0.0, 0.0)
    free = Cells(((0, 0), (0, 0), (0, 1)), (relation,), frozenset({2}), 3)
    assert bounds(free, range(3)) == {0: (0, 0), 1: (0, 0), 2: (0, 0)}
    with pytest.raises(NoSolutionError):
        bounds(free.narrowed(((0, 0), (0, 0), (1, 1))), range(3))


@given(cells=systems())
@settings(max_examples=100)
def test_propagation_never_loses_a_solution(cells):
    every = solutions(cells)
    if not every:
        return
    spans = propagate(cells)
    for point in every:
        assert all(low <= value <= high for value, (low, high) in zip(point, spans, strict=True))


def test_a_two_way_table_is_no_tree_and_a_sum_is_one():
    total = Relation(((0, 1.0), (1, -1.0), (2, -1.0)))
    other = Relation(((3, 1.0), (1, -1.0), (2, -1.0)))
    spans = ((8, 12), (1, 7), (1, 7), (8, 12))
    assert is_tree(Cells(spans, (total,)))
    assert not is_tree(Cells(spans, (total, other)))


def test_a_single_hidden_cell_of_exact_margins_is_told_and_a_pattern_of_four_is_not():
    """The 2 x 2 of a published table: one hidden cell follows from its row; four hidden ones do not."""
    cells = {(i, j): 3 * i + j for i in range(3) for j in range(3)}
    values = [[3, 20, 23], [15, 30, 45], [18, 50, 68]]
    rows = [Relation(((cells[i, 2], 1.0), (cells[i, 0], -1.0), (cells[i, 1], -1.0))) for i in range(3)]
    columns = [Relation(((cells[2, j], 1.0), (cells[0, j], -1.0), (cells[1, j], -1.0))) for j in range(3)]

    def spans(hidden):
        return tuple(
            (0, NO_END) if (i, j) in hidden else (values[i][j], values[i][j])
            for i in range(3)
            for j in range(3)
        )

    alone = Cells(spans({(0, 0)}), (*rows, *columns))
    assert bounds(alone, [0]) == {0: (3, 3)}
    four = Cells(spans({(0, 0), (0, 1), (1, 0), (1, 1)}), (*rows, *columns))
    assert bounds(four, [0]) == {0: (0, 18)}
    assert told_exactly(four, [0]) == frozenset()

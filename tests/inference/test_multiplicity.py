"""Adjusted p-values: R's p.adjust, printed examples of the graphical procedure, and plain closed testing."""

from __future__ import annotations

import json
from itertools import combinations, permutations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from precept_stats.inference import multiplicity as m
from precept_stats.inference.multiplicity import Graph

FOUND_WITH_R = json.loads((Path(__file__).parent / "multiplicity" / "adjusted.json").read_text("utf-8"))

# Bretz et al. 2011 (Biom J 53:894), Figure 4; the numbers printed in the vignette "shortcut-testing" of
# the R package graphicalMCP.
SUCCESSIVE = Graph((0.5, 0.5, 0, 0), ((0, 0.5, 0.5, 0), (0.5, 0, 0, 0.5), (0, 1, 0, 0), (1, 0, 0, 0)))
# Bretz, Maurer and Hommel 2011 (Stat Med 30:1489), Figure 2, with the p-values of the R package gMCP's
# vignette, which rejects H21, H31 and H32 at one-sided 0.025.
THREE_PAIRS = Graph(
    (1 / 3, 1 / 3, 1 / 3, 0, 0, 0),
    (
        (0, 0.5, 0, 0.5, 0, 0),
        (1 / 3, 0, 1 / 3, 0, 1 / 3, 0),
        (0, 0.5, 0, 0, 0, 0.5),
        (0, 1, 0, 0, 0, 0),
        (0.5, 0, 0.5, 0, 0, 0),
        (0, 1, 0, 0, 0, 0),
    ),
)
THREE_PAIRS_P = (0.1, 0.008, 0.005, 0.15, 0.04, 0.006)


def two_doses(small: float) -> Graph:
    """The graph of graphicalMCP's vignette "closed-testing", with edges of a very small weight."""
    return Graph(
        (0.5, 0.5, 0, 0, 0, 0),
        (
            (0, 0.5, 0.25, 0, 0.25, 0),
            (0.5, 0, 0, 0.25, 0, 0.25),
            (0, 0, 0, 0, 1, 0),
            (small, 0, 0, 0, 0, 1 - small),
            (0, small, 1 - small, 0, 0, 0),
            (0, 0, 0, 1, 0, 0),
        ),
    )


@pytest.mark.parametrize("kind", ["bonferroni", "holm", "hochberg"])
@pytest.mark.parametrize("case", FOUND_WITH_R["cases"], ids=lambda case: str(len(case["p"])))
def test_adjusted_p_values_are_those_of_r(case: dict[str, list[float]], kind: str) -> None:
    assert getattr(m, kind)(case["p"]) == pytest.approx(case[kind], rel=1e-12, abs=1e-300)


def test_the_printed_example_of_two_doses_with_two_endpoints() -> None:
    p_values = (0.018, 0.01, 0.105, 0.006)
    assert m.graphical(p_values, SUCCESSIVE) == pytest.approx((0.024, 0.020, 0.105, 0.024), abs=1e-12)
    course = m.graphical_course(p_values, SUCCESSIVE, 0.025)
    printed = [(1, 0.5 * 0.025), (0, 0.75 * 0.025), (3, 0.5 * 0.025)]
    assert [(step.hypothesis, step.level) for step in course.steps] == [
        (number, pytest.approx(level)) for number, level in printed
    ]
    assert [(step.hypothesis, step.level) for step in course.remaining] == [(2, pytest.approx(0.025))]


def test_the_printed_example_of_six_hypotheses_with_small_edges() -> None:
    adjusted = m.graphical((0.015, 0.013, 0.01, 0.007, 0.1, 0.0124), two_doses(1e-5))
    assert adjusted == pytest.approx((0.026, 0.026, 0.028, 0.028, 0.100, 0.028), abs=5e-7)


def test_the_published_graph_of_three_pairs_rejects_what_is_printed() -> None:
    adjusted = m.graphical(THREE_PAIRS_P, THREE_PAIRS)
    assert [m.is_rejected(p, 0.025) for p in adjusted] == [False, True, True, False, False, True]
    graph = THREE_PAIRS
    for number in (2, 1, 5):
        graph = m.rejected_from(graph, number)
    # the graph that remains, as a unit test of gMCP prints it
    assert graph.transitions[0] == pytest.approx((0, 0, 0, 2 / 3, 1 / 3, 0))
    assert graph.transitions[3] == pytest.approx((0.5, 0, 0, 0, 0.5, 0))
    assert graph.transitions[4] == pytest.approx((1, 0, 0, 0, 0, 0))


def test_a_p_value_that_meets_its_level_but_for_rounding_is_rejected() -> None:
    """The example of a unit test of graphicalMCP, in which 0.01875 / 0.75 is 0.025 but for rounding."""
    adjusted = m.graphical((0.001, 0.01875, 0.013, 0.0002, 0.03, 0.04), two_doses(1e-4))
    assert [m.is_rejected(p, 0.025) for p in adjusted] == [True, True, False, True, False, False]


def closed_test(p_values: tuple[float, ...], graph: Graph) -> list[float]:
    """Every intersection by a weighted Bonferroni test; its weights by deleting what is not in it."""
    everyone = range(len(p_values))
    largest = [0.0] * len(p_values)
    for size in everyone:
        for inside in combinations(everyone, size + 1):
            weights = dict(enumerate(graph.weights))
            edges = {(i, j): graph.transitions[i][j] for i in everyone for j in everyone}
            for gone in set(everyone) - set(inside):
                weights, edges = deleted(weights, edges, gone)
            p_of_all = min([1.0, *(p_values[i] / weights[i] for i in inside if weights[i] > 0)])
            for i in inside:
                largest[i] = max(largest[i], p_of_all)
    return largest


def deleted(
    weights: dict[int, float], edges: dict[tuple[int, int], float], gone: int
) -> tuple[dict[int, float], dict[tuple[int, int], float]]:
    """Section 3 of the paper, written with sets of edges."""
    rest = [i for i in weights if i != gone]
    kept = {i: weights[i] + weights[gone] * edges[gone, i] for i in rest}
    made = dict.fromkeys(((i, j) for i in rest for j in rest), 0.0)
    for i, j in permutations(rest, 2):
        loop = edges[i, gone] * edges[gone, i]
        if loop < 1:
            made[i, j] = (edges[i, j] + edges[i, gone] * edges[gone, j]) / (1 - loop)
    return kept, made


@st.composite
def graphs(draw: st.DrawFn) -> tuple[tuple[float, ...], Graph]:
    size = draw(st.integers(1, 5))
    parts = st.lists(st.integers(0, 4), min_size=size, max_size=size)

    def shares(without: int | None) -> tuple[float, ...]:
        drawn = [0 if i == without else part for i, part in enumerate(draw(parts))]
        total = sum(drawn) + draw(st.integers(0, 2))
        return tuple(part / total if total else 0.0 for part in drawn)

    p_values = draw(st.lists(st.floats(0, 0.2), min_size=size, max_size=size))
    return tuple(p_values), Graph(shares(None), tuple(shares(i) for i in range(size)))


@settings(max_examples=400, deadline=None)
@given(case=graphs(), alpha=st.sampled_from((0.01, 0.025, 0.05, 0.1)))
def test_the_shortcut_is_the_closed_test_for_every_graph(
    case: tuple[tuple[float, ...], Graph], alpha: float
) -> None:
    p_values, graph = case
    adjusted = m.graphical(p_values, graph)
    assert adjusted == pytest.approx(closed_test(p_values, graph), rel=1e-9, abs=1e-12)
    clear = all(abs(p - alpha) > 1e-9 for p in adjusted)
    course = m.graphical_course(p_values, graph, alpha)
    rejected = {step.hypothesis for step in course.steps}
    assert not clear or rejected == {i for i, p in enumerate(adjusted) if p <= alpha}


@given(p_values=st.lists(st.floats(0, 1), min_size=2, max_size=6))
def test_known_procedures_are_graphs(p_values: list[float]) -> None:
    size = len(p_values)
    equal = (1 / size,) * size
    shared = tuple(tuple(0 if i == j else 1 / (size - 1) for j in range(size)) for i in range(size))
    alone = ((0.0,) * size,) * size
    chain = tuple(tuple(float(j == i + 1) for j in range(size)) for i in range(size))
    first = (1.0, *(0.0,) * (size - 1))
    assert m.graphical(p_values, Graph(equal, shared)) == pytest.approx(m.holm(p_values), rel=1e-9)
    assert m.graphical(p_values, Graph(equal, alone)) == pytest.approx(m.bonferroni(p_values), rel=1e-9)
    assert m.graphical(p_values, Graph(first, chain)) == pytest.approx(m.fixed_sequence(p_values), rel=1e-9)


@given(p_values=st.lists(st.floats(0, 1), min_size=1, max_size=5), data=st.data())
def test_the_order_of_the_hypotheses_changes_nothing_where_all_are_alike(
    p_values: list[float], data: st.DataObject
) -> None:
    order = data.draw(st.permutations(range(len(p_values))))
    moved = [p_values[i] for i in order]
    for adjust in (m.bonferroni, m.holm, m.hochberg):
        before, after = adjust(p_values), adjust(moved)
        assert [before[i] for i in order] == list(after)


@given(case=graphs(), data=st.data())
def test_a_graph_with_its_hypotheses_renamed_is_the_same_graph(
    case: tuple[tuple[float, ...], Graph], data: st.DataObject
) -> None:
    p_values, graph = case
    order = data.draw(st.permutations(range(len(p_values))))
    renamed = Graph(
        tuple(graph.weights[i] for i in order),
        tuple(tuple(graph.transitions[i][j] for j in order) for i in order),
    )
    before, after = m.graphical(p_values, graph), m.graphical([p_values[i] for i in order], renamed)
    assert after == pytest.approx([before[i] for i in order], rel=1e-9)


@given(p_values=st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_each_step_is_at_least_as_sharp_as_the_one_before(p_values: list[float]) -> None:
    columns = zip(p_values, m.hochberg(p_values), m.holm(p_values), m.bonferroni(p_values), strict=True)
    assert all(tuple(sorted(column)) == column for column in columns)


def test_what_no_alpha_reaches_is_never_rejected() -> None:
    nothing = Graph((0.5, 0.5, 0.0), ((0.0,) * 3,) * 3)
    assert m.graphical((0.2, 0.0, 0.0), nothing) == (0.4, 0.0, 1.0)


@pytest.mark.parametrize("wrong", [[], [0.5, float("nan")], [-0.1], [1.1]])
def test_what_is_no_p_value_is_refused(wrong: list[float]) -> None:
    with pytest.raises(ValueError, match="0 to 1"):
        m.holm(wrong)


@pytest.mark.parametrize(
    ("graph", "said"),
    [
        (Graph((0.7, 0.7), ((0.0, 1.0), (1.0, 0.0))), "weights .* add to at most 1"),
        (Graph((0.5, -0.1), ((0.0, 1.0), (1.0, 0.0))), "weights are at least 0"),
        (Graph((0.5, 0.5), ((0.5, 0.5), (1.0, 0.0))), "hypothesis 0"),
        (Graph((0.5, 0.5), ((0.0, 1.0), (1.2, 0.0))), "hypothesis 1"),
        (Graph((0.5, 0.5, 0.0), ((0.0,) * 3,) * 3), "2 p-values, 3 weights"),
        (Graph((0.5, 0.5), ((0.0, 1.0),)), "rows of transitions"),
    ],
)
def test_what_spends_more_than_alpha_or_is_no_graph_is_refused(graph: Graph, said: str) -> None:
    for procedure in (m.graphical, lambda p, g: m.graphical_course(p, g, 0.05)):
        with pytest.raises(ValueError, match=said):
            procedure((0.01, 0.02), graph)

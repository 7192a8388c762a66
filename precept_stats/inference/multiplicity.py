"""Several hypotheses at once: p-values adjusted so that the family-wise error rate is controlled.

Every function takes the raw two-sided p-values of a family and gives one adjusted p-value each, in the
same order. A hypothesis is rejected where its adjusted p-value is at most the family's alpha; the chance
of one false rejection or more is then at most alpha, whichever of the hypotheses are true.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

ROUNDING = 1e-12
"""Relative difference at which an adjusted p-value and alpha are the same number."""

Numbers = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Graph:
    """A weighting strategy: who is given which part of alpha, and who inherits it.

    ``weights`` add to at most 1. ``transitions[i][j]`` is the part of the weight of hypothesis i that j
    inherits once i is rejected; rows add to at most 1 and the diagonal is 0. Procedures raise ValueError for
    any other.
    """

    weights: Numbers
    transitions: tuple[Numbers, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One rejection of the sequential procedure: which hypothesis, and the level it was tested at."""

    hypothesis: int
    level: float


@dataclass(frozen=True, slots=True)
class Course:
    """The course of a graphical procedure: rejections in order, then the levels of those that remain."""

    steps: tuple[Step, ...]
    remaining: tuple[Step, ...]


def bonferroni(p_values: Sequence[float]) -> Numbers:
    """Each p times the size of the family, at most 1. Under any dependence between the tests."""
    _require(p_values)
    return tuple(min(1.0, len(p_values) * p) for p in p_values)


def holm(p_values: Sequence[float]) -> Numbers:
    """Step-down Bonferroni (Holm 1979, Scand J Stat 6:65). Under any dependence; never above Bonferroni."""
    _require(p_values)
    adjusted, largest = [1.0] * len(p_values), 0.0
    for place, number in enumerate(_ascending(p_values)):
        largest = max(largest, min(1.0, (len(p_values) - place) * p_values[number]))
        adjusted[number] = largest
    return tuple(adjusted)


def hochberg(p_values: Sequence[float]) -> Numbers:
    """Step-up with Holm's levels (Hochberg 1988, Biometrika 75:800); never above Holm.

    Controls the error rate for independent and for positively dependent tests (those for which Simes'
    inequality holds), not under every dependence.
    """
    _require(p_values)
    adjusted, smallest = [1.0] * len(p_values), 1.0
    for place, number in enumerate(reversed(_ascending(p_values)), 1):
        smallest = min(smallest, place * p_values[number])
        adjusted[number] = smallest
    return tuple(adjusted)


def fixed_sequence(p_values: Sequence[float]) -> Numbers:
    """Each at the whole alpha, in the order given, until one is not rejected (Maurer et al. 1995).

    The adjusted p-value is the largest p so far. Under any dependence.
    """
    _require(p_values)
    return tuple(max(p_values[: place + 1]) for place in range(len(p_values)))


def graphical(p_values: Sequence[float], graph: Graph) -> Numbers:
    """Weighted Bonferroni tests along a graph (Bretz et al. 2009, Stat Med 28:586, Algorithm 2).

    The shortcut of a closed test, so valid under any dependence. A hypothesis that no alpha reaches
    has the adjusted p-value 1.
    """
    _require_graph(p_values, graph)
    left, adjusted, largest = list(range(len(p_values))), [1.0] * len(p_values), 0.0
    while left:
        number = min(left, key=lambda one: _ratio(p_values[one], graph.weights[one]))
        largest = max(largest, min(1.0, _ratio(p_values[number], graph.weights[number])))
        adjusted[number] = largest
        graph = rejected_from(graph, number)
        left.remove(number)
    return tuple(adjusted)


def rejected_from(graph: Graph, number: int) -> Graph:
    """The graph once a hypothesis is rejected: its weight is handed on and its edges are bridged.

    Bretz et al. 2009, Algorithm 1; the hypothesis keeps its place, without weight and without edges.
    """
    handed, away = graph.transitions, graph.transitions[number]
    others = [one for one in range(len(graph.weights)) if one != number]
    weights = [0.0] * len(graph.weights)
    edges = [[0.0] * len(graph.weights) for _ in graph.weights]
    for one in others:
        weights[one] = graph.weights[one] + graph.weights[number] * away[one]
        back = handed[one][number] * away[one]
        for other in others:
            if one != other and back < 1:
                edges[one][other] = (handed[one][other] + handed[one][number] * away[other]) / (1 - back)
    return Graph(tuple(weights), tuple(map(tuple, edges)))


def graphical_course(p_values: Sequence[float], graph: Graph, alpha: float) -> Course:
    """The sequentially rejective procedure itself, the smallest p over weight first."""
    _require_graph(p_values, graph)
    left, steps = list(range(len(p_values))), []
    while left:
        number = min(left, key=lambda one: _ratio(p_values[one], graph.weights[one]))
        if not is_rejected(_ratio(p_values[number], graph.weights[number]), alpha):
            break
        steps.append(Step(number, graph.weights[number] * alpha))
        graph = rejected_from(graph, number)
        left.remove(number)
    return Course(tuple(steps), tuple(Step(one, graph.weights[one] * alpha) for one in left))


def is_rejected(adjusted: float, alpha: float) -> bool:
    """Whether an adjusted p-value is at most alpha, but for rounding."""
    return adjusted <= alpha * (1 + ROUNDING)


def _ratio(p_value: float, weight: float) -> float:
    """The p-value over its weight; without weight nothing can be rejected, whatever p is."""
    return p_value / weight if weight > 0 else math.inf


def _ascending(p_values: Sequence[float]) -> list[int]:
    return sorted(range(len(p_values)), key=lambda number: p_values[number])


def _shares(parts: Numbers) -> bool:
    """Whether these are parts of one whole, but for rounding."""
    return all(part >= 0.0 for part in parts) and sum(parts) <= 1.0 + 1e-9


def _require_graph(p_values: Sequence[float], graph: Graph) -> None:
    _require(p_values)
    size, shape = len(graph.weights), [len(row) for row in graph.transitions]
    if size != len(p_values) or shape != [size] * size:
        found = f"{len(p_values)} p-values, {size} weights, and rows of transitions of {shape}"
        raise ValueError(f"a graph has a weight, and a row of transitions, for each p-value: {found}")
    if not _shares(graph.weights):
        raise ValueError(f"weights are at least 0 and add to at most 1: {list(graph.weights)}")
    for number, row in enumerate(graph.transitions):
        if not _shares(row) or row[number] != 0.0:
            raise ValueError(
                "transitions of a hypothesis are at least 0, add to at most 1, and none leads to itself: "
                f"hypothesis {number} has {list(row)}"
            )


def _require(p_values: Sequence[float]) -> None:
    if not p_values or not all(0 <= p <= 1 for p in p_values):
        raise ValueError(f"p-values lie in 0 to 1, one at least: {list(p_values)}")

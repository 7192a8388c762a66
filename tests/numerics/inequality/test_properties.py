"""What must hold of every measure, whatever the data: gradients, invariances, closed forms, simulation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from numerics.inequality.cases import Given, areas_of, made_up
from precept_stats.numerics.inequality.areas import Areas, indicator, midpoints
from precept_stats.numerics.inequality.catalogue import MEASURES
from precept_stats.numerics.inequality.measure import standard_error, why_not

DRAWS = 20_000
RELATIVE = (
    "ratio",
    "cov",
    "idisu",
    "idisw",
    "theil",
    "mld",
    "atkinson_05",
    "atkinson_1",
    "atkinson_2",
    "gini",
    "paf",
    "rci",
    "rii_linear",
    "rii_log",
)
MIRRORED = {
    "difference": 1,
    "bgv": 1,
    "bgsd": 1,
    "mdmu": 1,
    "mdmw": 1,
    "mdbu": 1,
    "mdbw": 1,
    "mdru": 1,
    "mdrw": 1,
    "par": -1,
    "aci": -1,
    "erreygers": -1,
    "wagstaff": -1,
    "sii_linear": 1,
    "sii_logit": 1,
}
"""Measures of a share that are the same of its complement, but for the sign; the direction is turned too."""
OF_MERGED = (
    "mean",
    "bgv",
    "bgsd",
    "cov",
    "mdmw",
    "idisw",
    "theil",
    "mld",
    "atkinson_1",
    "gini",
    "aci",
    "rci",
)


@pytest.mark.parametrize("count", [5, 7, 34, 124])
def test_standard_errors_are_those_of_simulated_estimates(count: int) -> None:
    found = made_up(count)
    noise = np.random.default_rng(20240501 + count).standard_normal((DRAWS, count))
    draws = found.y + noise * found.std_error
    within = 4.5 / np.sqrt(2.0 * DRAWS)
    for name, measure in MEASURES.items():
        assert not why_not(measure, found.y, found.areas), name
        simulated = float(np.std(measure.value(draws, found.areas), ddof=1))
        ours = standard_error(measure, found.y, found.areas, np.diag(found.std_error**2))
        assert ours == pytest.approx(simulated, rel=within), name


@pytest.mark.parametrize("name", MEASURES)
@pytest.mark.parametrize("count", [4, 5, 34])
def test_gradients(name: str, count: int) -> None:
    found, measure = made_up(count), MEASURES[name]
    step = 1e-6 * found.y[:, None] * np.eye(count)
    moved = measure.value(found.y + step, found.areas) - measure.value(found.y - step, found.areas)
    by_difference = moved / (2e-6 * found.y)
    size = np.abs(by_difference).max()
    assert measure.gradient(found.y, found.areas) == pytest.approx(by_difference, rel=1e-6, abs=1e-7 * size)


@pytest.mark.parametrize("name", MEASURES)
def test_the_order_of_areas_changes_nothing(name: str) -> None:
    found, measure = made_up(34), MEASURES[name]
    order = np.random.default_rng(3).permutation(34)
    other = areas_of(
        found.y[order],
        found.areas.share[order],
        favourable=False,
        top=100.0,
        rank=(np.arange(34) // 2)[order],
    )
    covariance = np.diag(found.std_error**2)
    assert float(measure.value(found.y[order], other)) == pytest.approx(
        float(measure.value(found.y, found.areas)), rel=1e-12
    )
    assert standard_error(measure, found.y[order], other, covariance[np.ix_(order, order)]) == pytest.approx(
        standard_error(measure, found.y, found.areas, covariance), rel=1e-11
    )


@pytest.mark.parametrize("name", RELATIVE)
def test_relative_measures_do_not_depend_on_the_unit(name: str) -> None:
    found, measure = made_up(7), MEASURES[name]
    assert float(measure.value(0.01 * found.y, replace(found.areas, bounds=(0.0, 1.0)))) == pytest.approx(
        float(measure.value(found.y, found.areas)), rel=1e-11
    )


@pytest.mark.parametrize("name", [name for name in MEASURES if name not in RELATIVE])
def test_other_measures_change_with_the_unit_as_their_own_says(name: str) -> None:
    found, measure = made_up(7), MEASURES[name]
    factor = {"outcome": 0.01, "outcome squared": 1e-4, "index": 1.0, "ratio": 1.0}[measure.unit]
    inside = replace(found.areas, bounds=(0.0, 1.0))
    assert float(measure.value(0.01 * found.y, inside)) == pytest.approx(
        factor * float(measure.value(found.y, found.areas)), rel=1e-11
    )


@pytest.mark.parametrize("name", MIRRORED)
def test_absolute_measures_of_a_share_are_those_of_its_complement(name: str) -> None:
    """Deaths or survivors: the same inequality, so long as better and worse are told too."""
    found, measure = made_up(7), MEASURES[name]
    people, rank = found.areas.share, (np.arange(7) // 2).astype(float)
    other = areas_of(100.0 - found.y, people, favourable=True, top=100.0, rank=rank)
    assert float(measure.value(100.0 - found.y, other)) == pytest.approx(
        MIRRORED[name] * float(measure.value(found.y, found.areas)), rel=1e-10
    )


@pytest.mark.parametrize("name", OF_MERGED)
def test_two_areas_that_are_alike_count_as_one(name: str) -> None:
    y, people, rank = np.array([3.0, 5.0, 9.0]), np.array([20.0, 50.0, 30.0]), np.array([1.0, 2.0, 3.0])
    apart = areas_of(
        y[[0, 1, 1, 2]],
        np.array([20.0, 15.0, 35.0, 30.0]),
        favourable=True,
        top=10.0,
        rank=rank[[0, 1, 1, 2]],
    )
    together = areas_of(y, people, favourable=True, top=10.0, rank=rank)
    measure = MEASURES[name]
    assert float(measure.value(y[[0, 1, 1, 2]], apart)) == pytest.approx(
        float(measure.value(y, together)), rel=1e-13
    )


@pytest.mark.parametrize("name", [name for name in MEASURES if name != "mean"])
def test_equal_areas_have_no_inequality(name: str) -> None:
    y, people = np.full(6, 30.0), np.array([3.0, 1.0, 4.0, 1.0, 5.0, 9.0])
    areas = areas_of(y, people, favourable=True, top=100.0, rank=np.arange(6.0))
    nothing = 1.0 if MEASURES[name].unit == "ratio" else 0.0
    assert float(MEASURES[name].value(y, areas)) == pytest.approx(nothing, abs=1e-10)


def test_two_areas_by_hand() -> None:
    """Estimates 2 and 6 of equal areas, within 0 to 10; the ranks are 1/4 and 3/4."""
    y = np.array([2.0, 6.0])
    areas = areas_of(y, np.ones(2), favourable=True, top=10.0, rank=np.array([1.0, 2.0]))
    by_hand = {
        "mean": 4.0,
        "difference": 4.0,
        "ratio": 3.0,
        "bgv": 4.0,
        "bgsd": 2.0,
        "cov": 50.0,
        "mdmu": 2.0,
        "mdbw": 2.0,
        "idisu": 50.0,
        "par": 2.0,
        "paf": 50.0,
        "aci": 1.0,
        "rci": 0.25,
        "gini": 0.25,
        "erreygers": 0.4,
        "wagstaff": 10.0 / 24.0,
        "sii_linear": 8.0,
        "theil": 1000.0 * (0.25 * np.log(0.5) + 0.75 * np.log(1.5)),
        "mld": -500.0 * np.log(0.75),
        "atkinson_1": 1.0 - np.sqrt(0.75),
        "atkinson_2": 0.25,
    }
    for name, value in by_hand.items():
        assert float(MEASURES[name].value(y, areas)) == pytest.approx(value, rel=1e-12), name


def test_ties_in_rank_share_their_midpoint() -> None:
    share = np.array([0.2, 0.1, 0.3, 0.4])
    assert midpoints(np.array([1.0, 2.0, 2.0, 3.0]), share) == pytest.approx([0.1, 0.4, 0.4, 0.8])
    assert midpoints(np.array([5.0, 1.0, 9.0, 2.0]), share) @ share == pytest.approx(0.5)


def test_a_linear_slope_turns_with_the_direction_and_a_concentration_index_does_not() -> None:
    found = made_up(7)
    better = replace(found.areas, sign=1.0)
    for name, factor in (("sii_linear", -1.0), ("sii_logit", -1.0), ("aci", 1.0), ("erreygers", 1.0)):
        measure = MEASURES[name]
        assert float(measure.value(found.y, better)) == pytest.approx(
            factor * float(measure.value(found.y, found.areas)), rel=1e-12
        )


def test_erreygers_and_wagstaff_are_made_of_what_is_possible_not_of_what_was_seen() -> None:
    y, ends = np.array([0.0, 1.0]), (0.0, 1.0)
    ones = (indicator(1, 2), indicator(1, 2), indicator(0, 2), indicator(1, 2))
    areas = Areas(np.full(2, 0.5), *ones, midpoints(np.arange(2.0), np.full(2, 0.5)), ends, 1.0)
    assert float(MEASURES["erreygers"].value(y, areas)) == pytest.approx(1.0)
    assert float(MEASURES["wagstaff"].value(y, areas)) == pytest.approx(1.0)
    wider = replace(areas, bounds=(0.0, 2.0))
    assert float(MEASURES["erreygers"].value(y, wider)) == pytest.approx(0.5)


def _refused(found: Given, name: str) -> str:
    return why_not(MEASURES[name], found.y, found.areas)


def test_what_cannot_be_had_is_said() -> None:
    found = made_up(5)
    zero = replace(found, y=np.array([0.0, *found.y[1:]]))
    zero = replace(zero, areas=areas_of(zero.y, np.ones(5), favourable=False, top=100.0))
    assert "1 area has an estimate of 0 or less" in _refused(zero, "mld")
    assert "no ratio" in _refused(zero, "ratio")
    assert not _refused(zero, "theil")
    assert "no order" in _refused(zero, "aci")
    unbounded = replace(found, areas=replace(found.areas, bounds=(0.0, np.inf)))
    assert "no bounds" in _refused(unbounded, "wagstaff")
    national = replace(found, areas=replace(found.areas, reference=found.areas.share))
    assert "0 by definition" in _refused(national, "paf")
    below = replace(found, y=found.y - 60.0)
    assert "below 0" in _refused(below, "theil")
    assert "divides by it" in _refused(below, "cov")

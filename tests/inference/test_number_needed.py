"""Numbers needed to treat: Altman's examples, infinity, and who is harmed."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from precept_stats.inference.number_needed import number_needed, number_needed_rows
from precept_stats.inference.rows import Header
from precept_stats.values import Estimate, Interval

HEADER = Header("primary", "effect", "primary", "died")
LIMITS = st.floats(-1.0, 1.0).filter(lambda value: abs(value) > 1e-9)


def difference(value: float, lower: float, upper: float) -> Estimate:
    interval = Interval(lower, upper, 0.95)
    return Estimate(
        "risk_difference", "A - B", "identity", "proportion", value, 0.1, 10.0, 1.0, 0.1, 0.0, interval
    )


def rows_of(estimate: Estimate, direction: str = "higher_better") -> dict[str, float | str]:
    return {row.stat_name: row.stat for row in number_needed_rows(HEADER, estimate, direction)}


def test_a_benefit_without_doubt() -> None:
    """Altman (1998): an absolute risk reduction of 10 % (5 to 15 %) is 10 (6.7 to 20)."""
    found = rows_of(difference(0.10, 0.05, 0.15))
    assert found == {
        "estimate": pytest.approx(10.0),
        "conf_low": pytest.approx(1 / 0.15),
        "conf_high": pytest.approx(20.0),
        "conf_level": 0.95,
        "conf_method": "reciprocal of the interval of the risk difference",
    }


def test_a_benefit_that_may_be_a_harm_passes_through_infinity() -> None:
    """Altman (1998): a reduction of 10 % (-5 to 25 %): NNTB 10 (NNTH 20 to infinity to NNTB 4)."""
    found = rows_of(difference(0.10, -0.05, 0.25))
    assert found["estimate"] == pytest.approx(10.0)
    assert (found["conf_low"], found["conf_high"]) == pytest.approx((4.0, -20.0))
    assert found["conf_method"].endswith("; through infinity")


def test_fewer_events_are_a_benefit_where_lower_is_better() -> None:
    found = rows_of(difference(-0.10, -0.15, -0.05), "lower_better")
    assert (found["estimate"], found["conf_low"], found["conf_high"]) == pytest.approx((10.0, 1 / 0.15, 20.0))
    harm = rows_of(difference(-0.10, -0.15, -0.05))
    assert (harm["estimate"], harm["conf_low"], harm["conf_high"]) == pytest.approx((-10.0, -20.0, -1 / 0.15))


def test_no_difference_has_an_infinite_number_and_no_row() -> None:
    found = rows_of(difference(0.0, -0.1, 0.1))
    assert "estimate" not in found
    assert (found["conf_low"], found["conf_high"]) == pytest.approx((10.0, -10.0))
    edge = rows_of(difference(0.05, 0.0, 0.1))
    assert "conf_high" not in edge
    assert "infinity" not in edge["conf_method"]


def test_an_interval_without_end_stops_where_risks_do() -> None:
    found = number_needed(difference(0.2, -math.inf, math.inf), "higher_better")
    assert (found.start, found.end, found.through_infinity) == (1.0, -1.0, True)


def test_only_a_risk_difference_has_one() -> None:
    assert rows_of(replace(difference(0.1, 0.05, 0.15), measure="mean_difference")) == {}


@given(LIMITS, LIMITS, LIMITS, st.sampled_from(["higher_better", "lower_better"]))
def test_the_numbers_are_those_whose_reciprocal_is_in_the_interval(
    one: float, other: float, within: float, direction: str
) -> None:
    lower, upper = min(one, other), max(one, other)
    found = number_needed(difference(0.5 * (lower + upper), lower, upper), direction)
    number = (1 if direction == "higher_better" else -1) / within
    if found.through_infinity:
        inside = number >= found.start * (1 - 1e-12) or number <= found.end * (1 - 1e-12)
    else:
        inside = min(found.start, found.end) - 1e-9 * abs(number) <= number
        inside = inside and number <= max(found.start, found.end) + 1e-9 * abs(number)
    assert inside == (lower <= within <= upper) or min(abs(within - lower), abs(within - upper)) < 1e-6


def test_there_is_none_where_opportunities_are_counted() -> None:
    header = Header("a", "e", "primary", "bundle")
    estimate = difference(0.1, 0.05, 0.15)
    assert list(number_needed_rows(header, estimate, "higher_better"))
    assert not list(number_needed_rows(header, estimate, "higher_better", counts_people=False))

"""Numbers of people by the flow and by the fit, in an arm and over periods."""

from __future__ import annotations

import pytest

from precept_stats.evidence.verify.arithmetic import numbers_hold
from precept_stats.inference.rows import Header
from precept_stats.values import Provenance, Result, Results, Row

HEADER = Header("primary", "main", "primary", "y")


def count(context: str, stat: str, value: int, arm: str = "", variable: str = "y") -> Row:
    row = HEADER.row(context, stat, value, stat)
    groups = (("arm", arm),) if arm else ()
    return Row(
        **{**{name: getattr(row, name) for name in Row.__slots__}, "groups": groups, "variable": variable}
    )


def told(flow: tuple[int, int], fit: tuple[int, int], periods: int | None) -> list[str]:
    rows = [count("flow", "n", n, arm, "analysed") for n, arm in zip(flow, ("old", "new"), strict=True)]
    rows += [count("fit", "n", n, arm) for n, arm in zip(fit, ("old", "new"), strict=True)]
    rows += [] if periods is None else [count("fit", "n_periods", periods)]
    entry = Result("primary", "main", "primary", "linear_mixed", "ok", (), tuple(rows))
    made = Provenance.__new__(Provenance)
    return list(numbers_hold(Results((entry,), (), made)))


@pytest.mark.parametrize(
    ("flow", "fit", "periods", "faults"),
    [
        ((1324, 578), (1324, 578), None, 0),
        ((1324, 578), (1680, 222), None, 2),
        ((1324, 578), (1680, 222), 2, 0),  # people of both arms are under control at baseline
        ((1324, 578), (1680, 223), 2, 1),
        ((1325, 580), (1685, 220), 2, 0),
        (
            (1325, 580),
            (1680, 220),
            2,
            1,
        ),  # multiples of 5 are held to it too
        ((1325, 580), (1680, 250), 2, 1),
    ],
)
def test_people_of_arms_are_those_of_the_fit_and_over_periods_those_of_all_conditions(
    flow: tuple[int, int], fit: tuple[int, int], periods: int | None, faults: int
) -> None:
    assert len(told(flow, fit, periods)) == faults

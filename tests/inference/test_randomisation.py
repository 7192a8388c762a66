"""Estimates from a randomisation test: what is asked of it, and limits without end."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from precept_stats.errors import FitError
from precept_stats.inference.quantities import exponentiated, linear
from precept_stats.inference.rows import Header, estimate_rows
from precept_stats.inference.uncertainty import Randomisation, estimate, point_value
from precept_stats.numerics.allocations import Blocks, Every
from precept_stats.numerics.shift_tests import difference_test
from precept_stats.report.format import interval_text

EFFECT = linear("mean_difference", "b - a", np.ones(1), unit="g")
HEADER = Header("main", "e", "primary", "y")


def fit(pairs: int) -> Randomisation:
    values = np.random.default_rng(5).normal(size=2 * pairs)
    blocks = Blocks(np.arange(2 * pairs) % 2, np.arange(2 * pairs) // 2)
    test = difference_test(values, np.ones(2 * pairs), blocks, Every())
    return Randomisation(("effect",), np.array([test.estimate]), test)


def test_the_interval_is_of_shifts_that_are_not_rejected() -> None:
    fitted = fit(8)
    found = estimate(fitted, EFFECT, 0.9)
    assert (found.interval.kind, found.interval.method) == (
        "randomisation",
        "inversion of the randomisation test",
    )
    assert (found.value, found.df) == (point_value(fitted, EFFECT), None)
    assert (found.interval.lower, found.interval.upper) == fitted.test.limits(1 - 0.9)
    assert found.p_value == fitted.test.p_value(0.0)
    names = [row.stat_name for row in estimate_rows(HEADER, found)]
    assert "df" not in names
    assert {"conf_low", "conf_high", "p_value", "std_error"} <= set(names)


def test_a_limit_without_end_has_no_row_and_is_said() -> None:
    found = estimate(fit(4), EFFECT, 0.95)
    assert (found.interval.lower, found.interval.upper) == (-math.inf, math.inf)
    assert found.p_value >= 2 / 16
    rows = {row.stat_name: row.stat for row in estimate_rows(HEADER, found)}
    assert "conf_low" not in rows
    assert "conf_high" not in rows
    assert rows["conf_method"] == "inversion of the randomisation test; unbounded below and above"
    assert interval_text(found) == "unbounded"


def test_a_ratio_without_end_below_ends_at_0_and_shows_no_limit() -> None:
    plain = fit(4)
    fitted = Randomisation(plain.names, plain.params, plain.test, scale="log")
    found = estimate(fitted, exponentiated("odds_ratio", "b / a", np.ones(1)), 0.95)
    assert (found.interval.lower, found.interval.upper) == (0.0, math.inf)
    assert found.interval.without_end == (True, True)
    one = replace(found, interval=replace(found.interval, upper=3.0, method="m; unbounded below"))
    assert one.interval.without_end == (True, False)
    rows = {row.stat_name: row.stat for row in estimate_rows(HEADER, one)}
    assert "conf_low" not in rows
    assert rows["conf_high"] == 3.0
    assert interval_text(one).startswith("unbounded to 3")
    assert replace(one.interval, method="").without_end == (False, False)


def test_allocations_test_nothing_but_the_effect() -> None:
    for quantity in (
        exponentiated("rate_ratio", "b / a", np.ones(1)),
        linear("mean", "a", np.array([2.0]), unit=""),
    ):
        with pytest.raises(FitError, match="the randomisation test gives no test"):
            estimate(fit(5), quantity, 0.95)

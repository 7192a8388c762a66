"""Further quantities of a fit: rows with an interval, or the estimate and why it has none; never an error."""

import math

import numpy as np
import pytest
from scipy import special

from precept_stats.inference.degrees_of_freedom import FixedDf
from precept_stats.inference.fit import Fit
from precept_stats.inference.quantities import Quantity
from precept_stats.inference.rows import Header, further_rows
from precept_stats.inference.uncertainty import Asymptotic

HEADER = Header("mixed", "effect", "sensitivity", "score", "boundary", "few clusters")
NORMAL = FixedDf(math.inf, "normal")


def share(value, gradient, scale="logit"):
    return Quantity("icc", "exchangeable", scale, "", 0.0, value, gradient)


def rows_of(quantity, variance=0.04, level=0.9):
    fit = Fit(Asymptotic(("x",), np.array([-1.2]), np.array([[variance]]), NORMAL), further=(quantity,))
    return {row.stat_name: row for row in further_rows(HEADER, fit, level)}


def test_a_quantity_has_its_interval_at_the_level_asked():
    rows = rows_of(share(lambda b: float(b[0]), lambda b: np.ones(1)))
    half = special.ndtri(0.95) * 0.2
    assert {name: row.stat for name, row in rows.items()} == pytest.approx(
        {
            "estimate": special.expit(-1.2),
            "std_error": 0.2,
            "conf_low": special.expit(-1.2 - half),
            "conf_high": special.expit(-1.2 + half),
            "conf_level": 0.9,
        }
    )
    assert {row.context for row in rows.values()} == {"icc"}
    assert {(row.measure, row.term, row.scale) for row in rows.values()} == {("icc", "exchangeable", "logit")}
    assert {row.status for row in rows.values()} == {"boundary"}


def test_a_variance_at_zero_has_an_estimate_and_a_reason_and_no_limits():
    rows = rows_of(share(lambda b: -math.inf, lambda b: np.array([math.nan]), "log"))
    assert list(rows) == ["estimate"]
    assert rows["estimate"].stat == 0.0
    assert "no usable standard error" in rows["estimate"].warning
    assert rows["estimate"].status == "boundary"


@pytest.mark.parametrize("spread", [0.0, math.nan, math.inf])
def test_no_standard_error_means_no_limits(spread):
    rows = rows_of(share(lambda b: float(b[0]), lambda b: np.ones(1)), variance=spread)
    assert list(rows) == ["estimate"]
    assert rows["estimate"].stat == pytest.approx(special.expit(-1.2))


@pytest.mark.parametrize(
    "value",
    [
        lambda b: math.nan,
        lambda b: 1.0 / 0.0,
        lambda b: math.log(-1.0),
        lambda b: float(np.linalg.inv(np.zeros((1, 1)))[0, 0]),
    ],
)
def test_what_cannot_be_computed_is_a_row_with_the_reason(value):
    rows = rows_of(share(value, lambda b: np.ones(1)))
    assert list(rows) == ["estimate"]
    assert rows["estimate"].stat is None
    assert rows["estimate"].status == "failed"
    assert rows["estimate"].error

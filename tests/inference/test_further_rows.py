"""Further quantities of a fit: rows with an interval, or the estimate and why it has none; never an error."""

import math

import numpy as np
import pytest
from scipy import special

from precept_stats.inference.degrees_of_freedom import FixedDf
from precept_stats.inference.fit import Fit
from precept_stats.inference.quantities import Quantity, linear
from precept_stats.inference.rows import Header, estimate_rows, further_rows
from precept_stats.inference.uncertainty import Asymptotic, Draws, estimate

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


def draws(kind, drawn=None):
    drawn = np.random.default_rng(5).normal(0.4, 1.0, 999) if drawn is None else drawn
    return Draws(("x",), np.array([0.4]), drawn[:, None], kind)


@pytest.mark.parametrize(
    ("kind", "word", "method"),
    [
        ("bootstrap", "confidence", "percentiles of the bootstrap"),
        ("posterior", "credible", "percentiles of the posterior"),
    ],
)
def test_rows_say_of_which_kind_an_interval_is_and_how_it_was_found(kind, word, method):
    asked = linear("mean_difference", "b - a", np.ones(1), unit="points")
    rows = {row.stat_name: row for row in estimate_rows(HEADER, estimate(draws(kind), asked, 0.95))}
    assert rows["conf_method"].stat == method
    assert rows["conf_low"].stat_label == f"Lower {word} limit"
    assert rows["conf_level"].stat_label == f"{word.capitalize()} level"
    assert "df" not in rows
    plain = Asymptotic(("x",), np.array([0.4]), np.eye(1), NORMAL)
    assert "conf_method" not in {row.stat_name for row in estimate_rows(HEADER, estimate(plain, asked, 0.95))}


def test_draws_at_zero_have_limits_and_no_standard_error():
    drawn = np.maximum(np.random.default_rng(5).normal(0.4, 1.0, 999), 0.0)

    def log(b):
        return math.log(b[0]) if b[0] > 0 else -math.inf

    fit = Fit(draws("bootstrap", drawn), further=(share(log, lambda b: 1 / b, "log"),))
    rows = {row.stat_name: row.stat for row in further_rows(HEADER, fit, 0.95)}
    assert set(rows) == {"estimate", "conf_low", "conf_high", "conf_level", "conf_method"}
    assert rows["conf_low"] == 0.0
    assert rows["estimate"] == pytest.approx(0.4)

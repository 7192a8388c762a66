"""Scales: maps that undo each other, increase, and carry intervals to where a reader expects them."""

import math
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from precept_stats.errors import FitError
from precept_stats.inference.degrees_of_freedom import FixedDf, LeadingDf
from precept_stats.inference.quantities import Quantity
from precept_stats.inference.scales import MAPS, to_reader, to_scale
from precept_stats.inference.uncertainty import Asymptotic, estimate
from precept_stats.values import Scale

DOMAINS = {
    "identity": (-40.0, 40.0),
    "log": (1e-9, 1e9),
    "logit": (1e-9, 1 - 1e-9),
    "log_above_one": (1.001, 1e9),
}
NORMAL = FixedDf(math.inf, "normal")


def test_every_scale_has_its_map():
    assert set(MAPS) == set(get_args(Scale)) == set(DOMAINS)


@pytest.mark.parametrize("scale", DOMAINS)
@given(share=st.floats(0, 1), other=st.floats(0, 1))
def test_maps_undo_each_other_and_increase(scale, share, other):
    low, high = DOMAINS[scale]
    value, another = low + share * (high - low), low + other * (high - low)
    assert to_reader(scale, to_scale(scale, value)) == pytest.approx(value, rel=1e-9)
    assert (to_scale(scale, value) <= to_scale(scale, another)) == (value <= another) or math.isclose(
        value, another
    )


def test_logit_is_scipy_s():
    shares = np.array([1e-12, 0.01, 0.3, 0.5, 0.99, 1 - 1e-12])
    assert [to_scale("logit", p) for p in shares] == pytest.approx(special.logit(shares), rel=1e-13)
    assert [to_reader("logit", x) for x in (-800.0, -3.0, 2.0, 800.0)] == pytest.approx(
        special.expit([-800.0, -3.0, 2.0, 800.0]), rel=1e-14
    )


@pytest.mark.parametrize(
    ("scale", "value", "expected"),
    [
        ("log", 0.0, -math.inf),
        ("log", -1.0, math.nan),
        ("logit", 0.0, -math.inf),
        ("logit", 1.0, math.inf),
        ("logit", 1.5, math.nan),
        ("log_above_one", 1.0, -math.inf),
        ("log_above_one", 0.5, math.nan),
    ],
)
def test_the_ends_of_a_domain_are_infinite_and_beyond_is_no_number(scale, value, expected):
    assert to_scale(scale, value) == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize("scale", MAPS)
def test_what_is_no_number_stays_none(scale):
    assert math.isnan(to_reader(scale, math.nan))
    assert math.isnan(to_scale(scale, math.nan))


def odds(sigma, spread, df=NORMAL):
    """The median odds ratio of a random intercept model whose log sigma is the parameter."""
    factor = math.sqrt(2.0) * special.ndtri(0.75)
    quantity = Quantity(
        "median_odds_ratio",
        "",
        "log_above_one",
        "ratio",
        1.0,
        lambda b: float(b[0]) + math.log(factor),
        lambda b: np.ones(1),
    )
    fit = Asymptotic(("log_sigma",), np.array([math.log(sigma)]), np.array([[spread**2]]), df)
    return estimate(fit, quantity, 0.95)


def test_the_interval_of_a_median_odds_ratio_is_that_of_the_standard_deviation():
    answer = odds(0.6, 0.4)
    factor = math.sqrt(2.0) * special.ndtri(0.75)
    half = special.ndtri(0.975) * 0.4
    assert answer.value == pytest.approx(math.exp(factor * 0.6), rel=1e-13)
    assert answer.interval.lower == pytest.approx(math.exp(factor * 0.6 * math.exp(-half)), rel=1e-13)
    assert answer.interval.upper == pytest.approx(math.exp(factor * 0.6 * math.exp(half)), rel=1e-13)
    assert answer.interval.lower > 1.0


def test_an_interval_without_end_is_refused():
    with pytest.raises(FitError, match="no end"):
        odds(2.0, 8.0)


def test_a_function_of_variances_alone_has_a_normal_reference():
    rule = LeadingDf(FixedDf(7.0, "given"), 2)
    assert rule(np.array([1.0, 0.0, 0.3])) == 7.0
    assert rule(np.array([0.0, 0.0, 0.3])) == math.inf

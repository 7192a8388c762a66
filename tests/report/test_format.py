"""Rounding, against rounding by hand and against exact decimals."""

from decimal import ROUND_HALF_EVEN, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from precept_stats.report.format import (
    count_text,
    decimals_for,
    df_text,
    fixed,
    interval_text,
    joined,
    level_text,
    number,
    number_text,
    p_text,
    plural,
    point_text,
    range_text,
    scale_for,
)
from precept_stats.report.lettering import squeezed, width
from precept_stats.values import Estimate, Interval


@pytest.mark.parametrize(
    ("p", "text"),
    [
        (0.0321, "0.032"),
        (0.00099, "<0.001"),
        (0.001, "0.001"),
        (1.0, "1.000"),
        (0.0, "<0.001"),
        (0.5, "0.500"),
    ],
)
def test_p_values_to_three_decimals(p, text):
    assert p_text(p) == text


@pytest.mark.parametrize(
    ("value", "low", "high", "text"),
    [
        (-0.0084, -0.0503, 0.0335, "\u22120.8 (\u22125.0 to 3.4)"),
        (-0.105, -0.182, -0.028, "\u221210.5 (\u221218.2 to \u22122.8)"),
        (0.0012, 0.0008, 0.0016, "0.120 (0.080 to 0.160)"),
        (0.3, -0.4, 1.0, "30.0 (\u221240.0 to 100.0)"),
    ],
)
def test_a_risk_difference_is_in_points_with_decimals_from_its_interval(value, low, high, text):
    scale = scale_for("risk_difference", "proportion")
    assert f"{point_text(value, high - low, scale)} ({range_text(low, high, scale)})" == text
    assert scale.words == "percentage points"


def test_ratios_means_and_other_units():
    assert point_text(0.8812, 0.16, scale_for("risk_ratio", "ratio")) == "0.88"
    assert point_text(0.75031, 0.2, scale_for("mean", "proportion")) == "75.0%"
    assert range_text(1.2345, 9.8765, scale_for("mean_difference", "kg")) == "1.2 to 9.9"
    assert point_text(1234.56, 400, scale_for("mean_difference", "g")) == "1\u202f235"


def test_numbers_of_an_estimate():
    estimate = Estimate(
        "risk_ratio", "a / b", "log", "ratio", 1.12, 0.1, 8.0, 1.0, 0.3, 1.0, Interval(0.88, 1.43, 0.95)
    )
    assert number_text(estimate) == "1.12"
    assert interval_text(estimate) == "0.88 to 1.43"


def test_counts_and_words():
    assert count_text(12345) == "12\u202f345"
    assert count_text(12.5) == "12.5"
    assert df_text(None) == "normal"
    assert df_text(None, "profile likelihood") == "profile"
    assert df_text(None, "studentised bootstrap") == "bootstrap"
    assert df_text(None, "estimate and standard error") == "normal"
    assert df_text(22.96) == "23.0"
    assert df_text(18.0) == "18"
    assert plural(1, "cluster") == "1 cluster"
    assert plural(0, "analysis", "analyses") == "0 analyses"
    assert joined(["a", "b", "c"]) == "a, b and c"
    assert number(0.000123456) == "0.000123"
    assert number(0) == "0"


@given(value=st.floats(-1e9, 1e9), decimals=st.integers(0, 6))
def test_fixed_rounds_as_decimal_does_and_never_shows_minus_zero(value, decimals):
    text = fixed(value, decimals)
    expected = Decimal(value).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_EVEN)
    assert Decimal(text.replace("\u202f", "").replace("\u2212", "-")) == expected
    assert text.startswith("\u2212") == (expected < 0)


@given(width=st.floats(1e-6, 1e6))
def test_about_two_significant_digits_of_the_width_are_shown(width):
    shown = Decimal(10) ** -decimals_for(width)
    assert decimals_for(width) == 0 or Decimal("9.9") <= Decimal(width) / shown < Decimal("100.1")


@pytest.mark.parametrize(
    ("level", "text"),
    [(0.95, "95%"), (0.9, "90%"), (0.999, "99.9%"), (0.99999, "99.999%"), (0.975, "97.5%"), (0.5, "50%")],
)
def test_a_level_keeps_all_its_digits(level, text):
    assert level_text(level) == text


def test_a_long_name_keeps_its_last_word_which_tells_it_from_others():
    names = [f"A ward with a long name {place}" for place in (3, 14)]
    cut = [squeezed(name, 80, 8) for name in names]
    assert [text.split()[-1] for text in cut] == ["3", "14"]
    assert all("\u2026" in text and width(text, 8) <= 80 for text in cut)
    assert squeezed("Short 1", 80, 8) == "Short 1"
    assert squeezed("Unbroken" * 9, 80, 8).startswith("Unbroken")

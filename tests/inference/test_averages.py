"""Both averages: gradients, and what becomes of them in rows."""

from __future__ import annotations

import numpy as np
import pytest

from precept_stats.inference.averages import AVERAGES, BothAverages
from precept_stats.inference.degrees_of_freedom import FixedDf
from precept_stats.inference.fit import Fit
from precept_stats.inference.quantities import linear, odds_ratio, ratio
from precept_stats.inference.rows import Header, further_rows
from precept_stats.inference.uncertainty import Asymptotic

MEANS = np.array([0.30, 0.42, 0.35, 0.50])
HEADER = Header("robust", "effect", "sensitivity", "score")
ARMS = ("usual", "new")


def numerical(quantity, params: np.ndarray) -> np.ndarray:
    steps = 1e-6 * np.eye(len(params))
    return np.array([(quantity.value(params + s) - quantity.value(params - s)) / 2e-6 for s in steps])


@pytest.mark.parametrize("measure", ["risk_difference", "risk_ratio", "odds_ratio"])
def test_gradients_are_derivatives(measure: str) -> None:
    both = BothAverages(measure, ARMS, "proportion")
    for quantity in (*(both.effect(average) for average in AVERAGES), both.comparison()):
        assert quantity.gradient(MEANS) == pytest.approx(numerical(quantity, MEANS), abs=1e-8)


def test_values_are_those_of_the_four_means() -> None:
    differences = BothAverages("risk_difference", ARMS, "proportion")
    assert differences.effect("cluster_average").value(MEANS) == pytest.approx(0.12)
    assert differences.effect("participant_average").value(MEANS) == pytest.approx(0.15)
    assert differences.comparison().value(MEANS) == pytest.approx(0.03)
    odds = BothAverages("odds_ratio", ARMS, "proportion").comparison()
    expected = (0.5 / 0.5) / (0.35 / 0.65) / ((0.42 / 0.58) / (0.30 / 0.70))
    assert odds.value(MEANS) == pytest.approx(np.log(expected))
    assert odds.null == 1.0
    assert differences.mean("participant_average", 1, ("risk", 1.0)).value(MEANS) == pytest.approx(1.5)


def test_rows_stand_under_the_name_of_their_average() -> None:
    both = BothAverages("risk_difference", ARMS, "proportion")
    averages = (*((name, both.effect(name)) for name in AVERAGES), ("comparison", both.comparison()))
    covariance = np.diag([1e-3, 1e-3, 2e-3, 2e-3])
    fit = Fit(Asymptotic(("a", "b", "c", "d"), MEANS, covariance, FixedDf(18.0, "t")), averages=averages)
    rows = {(row.group("average"), row.stat_name): row for row in further_rows(HEADER, fit, 0.95)}
    assert {row.context for row in rows.values()} == {"average"}
    assert rows["cluster_average", "estimate"].stat == pytest.approx(0.12)
    assert rows["comparison", "std_error"].stat == pytest.approx(np.sqrt(6e-3))
    assert rows["comparison", "df"].stat == 18.0
    assert 0 < rows["comparison", "p_value"].stat < 1


def test_an_average_without_a_standard_error_says_why() -> None:
    both = BothAverages("risk_difference", ARMS, "proportion")
    params = Asymptotic(("a", "b", "c", "d"), MEANS, np.zeros((4, 4)), FixedDf(18.0, "t"))
    fit = Fit(params, averages=(("comparison", both.comparison()),))
    (row,) = further_rows(HEADER, fit, 0.95)
    assert row.stat == pytest.approx(0.03)
    assert "no usable standard error" in row.warning


def test_quantities_of_weights_agree_with_each_other() -> None:
    up, down = np.array([0.0, 1.0, 0.0, 0.0]), np.array([1.0, 0.0, 0.0, 0.0])
    assert odds_ratio("odds_ratio", "", up, down).value(MEANS) == pytest.approx(
        ratio("risk_ratio", "", up, down).value(MEANS) - np.log(0.58 / 0.70)
    )
    assert linear("risk_difference", "", up - down, unit="").value(MEANS) == pytest.approx(0.12)

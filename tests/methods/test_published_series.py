"""Published answers about two real series, by the public way in: cigarettes in California, seat belts."""

from __future__ import annotations

from typing import Any

import pytest

import precept_stats as ps

PLANS = ps.shipped("analysis_plans")
CALIFORNIA = ({"column": "area", "equals": "California"},)
NEWEY_WEST = {"kind": "newey_west", "lag": {"kind": "fixed", "periods": 1}}
PRINTED: dict[str, tuple[dict[str, Any], str, tuple[float, float], float]] = {
    "least squares, level": (NEWEY_WEST, "level_change", (-20.05809663, 4.7243951), 5e-8),
    "least squares, slope": (NEWEY_WEST, "slope_change", (-1.49465238, 0.4368201), 5e-8),
    "Prais-Winsten, level": ({"kind": "prais_winsten"}, "level_change", (-6.08396, 2.72485), 5e-6),
}
"""Level and slope change in 1989 with their standard errors: itsa's example data (Linden 2015)."""


def _asked(
    model: dict[str, Any], change: str, where: tuple[dict[str, Any], ...], further: dict[str, Any]
) -> ps.Result:
    study = ps.InterruptedSeries.model_validate(
        {
            "time": {"column": "year", "every": "year"},
            "interruptions": {
                "tax": {
                    "at": 1989,
                    "effects": [{"kind": "step"}, {"kind": "ramp"}],
                    "transition": {"kind": "none"},
                }
            },
            "coding": {"interrupted_period": "after", "ramp_from": 0},
            "seasonality": {"kind": "none", "reason": "one point a year"},
        }
        | further
    )
    estimand = ps.Estimand.model_validate(
        {
            "population": "sales",
            "outcome": "packs",
            "compare": "with the tax",
            "reference": "without it",
            "summary": "mean_difference",
            "effect": "marginal",
            "target": "cluster_average",
            "intercurrent_events": [],
            "change": {"kind": change, "interruption": "tax"},
        }
    )
    question = ps.Question(
        estimand_id="asked",
        estimand=estimand,
        population=ps.Population.model_validate({"of": "sales", "where": where}),
        outcome=ps.Outcome(column="packs", type="continuous", direction="lower_better"),
    )
    method = ps.SegmentedRegression.model_validate({"autocorrelation": model})
    tables = {"sales": PLANS / "data/prop99/cigarette_sales.csv"}
    result = ps.analyse(study, method, tables, question)
    assert isinstance(result, ps.Result)
    return result


def fact(result: ps.Result, name: str) -> float:
    return next(float(row.stat) for row in result.rows if row.stat_name == name)


@pytest.mark.parametrize("name", PRINTED)
def test_cigarettes_in_california_as_printed(name: str) -> None:
    model, change, (value, error), digits = PRINTED[name]
    found = _asked(model, change, CALIFORNIA, {}).estimate
    assert found.value == pytest.approx(value, abs=digits)
    assert found.std_error == pytest.approx(error, abs=digits)


def test_their_residuals_follow_each_other() -> None:
    """Durbin and Watson's 0.535; autocorrelation 0.94404 by Prais and Winsten, 0.92346 by likelihood."""
    least = _asked(NEWEY_WEST, "level_change", CALIFORNIA, {})
    assert fact(least, "durbin_watson") == pytest.approx(0.535, abs=5e-4)
    prais = _asked({"kind": "prais_winsten"}, "level_change", CALIFORNIA, {})
    assert fact(prais, "phi") == pytest.approx(0.94404, abs=5e-6)
    likelihood = _asked({"kind": "arima", "order": [1, 0, 0]}, "level_change", CALIFORNIA, {})
    assert fact(likelihood, "phi") == pytest.approx(0.92346, abs=5e-6)
    assert likelihood.estimate.value == pytest.approx(-6.23600, abs=5e-6)


def test_restricted_likelihood_runs_to_a_unit_root_which_is_flagged_not_matched() -> None:
    found = _asked({"kind": "reml_ar1", "df": {"kind": "satterthwaite"}}, "level_change", CALIFORNIA, {})
    assert found.status == "boundary"
    assert fact(found, "phi") == pytest.approx(0.9999)
    assert any("unit root" in warning for warning in found.warnings)
    assert found.estimate.df == 27


@pytest.mark.parametrize(("change", "printed"), [("level_change", -2.80642), ("slope_change", -0.99114)])
def test_cigarettes_beyond_the_38_other_states_as_printed(change: str, printed: float) -> None:
    """The mean of the states has the coefficients of all of them pooled: the panel is balanced."""
    controls = {"series": "area", "controls": {"series": ["38 other states"], "levels": "pooled"}}
    found = _asked({"kind": "independent"}, change, (), controls)
    assert found.estimate.value == pytest.approx(printed, abs=5e-6)

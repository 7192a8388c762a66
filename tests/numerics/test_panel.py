"""Two-way fixed effects, imputation and decomposition beside brute force over columns of every effect."""

from __future__ import annotations

import numpy as np
import pytest

from precept_stats.errors import FitError
from precept_stats.numerics.clustered_least_squares import cr1_covariance, cr2_covariance
from precept_stats.numerics.linear import LinearFit, weighted_least_squares
from precept_stats.numerics.panel.decomposition import decomposed
from precept_stats.numerics.panel.effects import (
    Panel,
    absorbed_columns,
    require_connected,
    row_weights,
    without_effects,
)
from precept_stats.numerics.panel.imputation import averages, impute, smallest_groups
from precept_stats.numerics.panel.ols import (
    ClusterErrors,
    DriscollKraayErrors,
    reduced_covariance,
    rule_of_thumb,
    two_way,
)


def panel(seed: int = 1, units: int = 12, periods: int = 10, holes: float = 0.1) -> Panel:
    """Units in four clusters, with holes, weights, and noise that units share in a period."""
    rng = np.random.default_rng(seed)
    unit, period = (grid.ravel() for grid in np.meshgrid(np.arange(units), np.arange(periods), indexing="ij"))
    kept = (rng.random(len(unit)) >= holes) | (period < 2)
    unit, period = unit[kept], period[kept]
    common = rng.normal(size=periods)
    y = 0.3 * unit + 0.1 * period + common[period] + rng.normal(size=len(unit))
    weights = rng.integers(1, 9, len(unit)).astype(float)
    return Panel(y, unit, period, weights, (unit % 4).astype(np.intp))


def starts(units: int = 12, never: int = 3) -> np.ndarray:
    """Staggered starts in periods 3 to 6; the last units never start."""
    found = 3 + np.arange(units) % 4
    found[units - never :] = -1
    return found


def treated_rows(rows: Panel, start: np.ndarray) -> np.ndarray:
    mine = start[rows.unit]
    return (mine >= 0) & (rows.period >= mine)


def dummies(rows: Panel, columns: np.ndarray) -> LinearFit:
    """The regression with a column for each unit and each period but the first."""
    units = (rows.unit[:, None] == np.arange(rows.n_units)).astype(float)
    periods = (rows.period[:, None] == np.arange(1, rows.n_periods)).astype(float)
    X = np.column_stack([units, periods, columns])
    return weighted_least_squares(X, rows.y, rows.weights / rows.weights.mean())


def columns_of(rows: Panel) -> np.ndarray:
    rng = np.random.default_rng(8)
    return np.column_stack([treated_rows(rows, starts()).astype(float), rng.normal(size=len(rows.y))])


def test_coefficients_and_cluster_errors_are_those_of_a_regression_on_every_effect() -> None:
    rows = panel()
    X = columns_of(rows)
    found, whole = two_way(rows, X, ClusterErrors()), dummies(rows, X)
    assert found.params == pytest.approx(whole.params[-2:], rel=1e-10)
    assert found.covariance == pytest.approx(cr1_covariance(whole, rows.cluster)[-2:, -2:], rel=1e-9)
    assert found.df == whole.df


def test_driscoll_and_kraay_is_newey_and_west_of_the_scores_summed_over_units() -> None:
    rows, lag = panel(), 2
    X = columns_of(rows)
    whole = dummies(rows, X)
    score = np.zeros((rows.n_periods, whole.X.shape[1]))
    np.add.at(score, rows.period, whole.X * (whole.weights * whole.residuals)[:, None])
    meat = score.T @ score
    for step in range(1, lag + 1):
        lagged = score[step:].T @ score[:-step]
        meat += (1 - step / (lag + 1)) * (lagged + lagged.T)
    n, p = whole.X.shape
    expected = n / (n - p) * whole.bread @ meat @ whole.bread
    found = two_way(rows, X, DriscollKraayErrors(lag))
    assert found.covariance == pytest.approx(expected[-2:, -2:], rel=1e-8)


def test_cr2_is_that_of_the_whole_regression() -> None:
    rows = panel(units=10)
    X = columns_of(rows)[:, :1]
    X = (treated_rows(rows, starts(10)).astype(float))[:, None]
    found, whole = reduced_covariance(rows, X), cr2_covariance(dummies(rows, X), rows.cluster)
    assert found.covariance[0, 0] == pytest.approx(whole.covariance[-1, -1], rel=1e-10)
    assert found.df(np.ones(1)) == pytest.approx(whole.df(np.eye(len(whole.bread))[-1]), rel=1e-10)


def test_row_weights_give_the_estimate_and_what_it_is_an_average_of() -> None:
    """With effects that differ from row to row and no noise the coefficient is their weighted sum."""
    rows, start = panel(), starts()
    on = treated_rows(rows, start)
    weights = row_weights(rows, on[:, None].astype(float), np.ones(1))
    assert weights @ rows.y == pytest.approx(
        two_way(rows, on[:, None].astype(float), ClusterErrors()).params[0], rel=1e-10
    )
    for codes, count in ((rows.unit, rows.n_units), (rows.period, rows.n_periods)):
        assert np.bincount(codes, weights=weights, minlength=count) == pytest.approx(
            np.zeros(count), abs=1e-12
        )
    assert weights[on].sum() == pytest.approx(1.0, rel=1e-10)
    effects = np.random.default_rng(2).normal(size=len(rows.y))
    y = 2.0 * rows.unit - 0.7 * rows.period + np.where(on, effects, 0.0)
    exact = Panel(y.astype(float), rows.unit, rows.period, rows.weights, rows.cluster)
    fitted = dummies(exact, on[:, None].astype(float)).params[-1]
    assert fitted == pytest.approx(weights[on] @ effects[on], rel=1e-9)


def test_late_effects_of_early_units_can_have_negative_weights() -> None:
    """The known case: two groups, one early, no unit that never starts, a long time after."""
    unit, period = (grid.ravel() for grid in np.meshgrid(np.arange(2), np.arange(3), indexing="ij"))
    rows = Panel(np.zeros(6), unit, period, np.ones(6), unit)
    on = treated_rows(rows, np.array([1, 2]))
    weights = row_weights(rows, on[:, None].astype(float), np.ones(1))[on]
    assert weights == pytest.approx([1.0, -0.5, 0.5])  # de Chaisemartin and D'Haultfoeuille (2020), section I


def test_the_decomposition_adds_up_to_the_coefficient() -> None:
    rows = panel(holes=0.0)
    rows = Panel(rows.y, rows.unit, rows.period, np.ones(len(rows.y)), rows.cluster)
    start = starts()
    parts = decomposed(rows, start)
    on = treated_rows(rows, start)[:, None].astype(float)
    assert sum(one.weight for one in parts) == pytest.approx(1.0, rel=1e-10)
    assert sum(one.weight * one.estimate for one in parts) == pytest.approx(
        dummies(rows, on).params[-1], rel=1e-9
    )
    assert {one.kind for one in parts} == {"never", "not_yet", "already"}
    for one in parts:
        mine, other = (np.isin(rows.unit, np.flatnonzero(start == s)) for s in (one.start, one.other))
        inside = {
            "never": rows.period >= 0,
            "not_yet": rows.period < max(one.other, 0),
            "already": rows.period >= one.other,
        }[one.kind]
        sub = (mine | other) & inside
        D = (mine & (rows.period >= one.start))[sub].astype(float)
        units, mapped = np.unique(rows.unit[sub], return_inverse=True)
        X = np.column_stack(
            [
                np.eye(len(units))[mapped],
                (rows.period[sub, None] == np.unique(rows.period[sub])[1:]).astype(float),
                D,
            ]
        )
        assert np.linalg.lstsq(X, rows.y[sub], rcond=None)[0][-1] == pytest.approx(one.estimate, abs=1e-10)


def test_imputation_is_fitting_the_untreated_and_predicting_the_treated() -> None:
    rows, start = panel(), starts()
    on = treated_rows(rows, start)
    covariate = np.random.default_rng(3).normal(size=(len(rows.y), 1))
    found = impute(rows, on, covariate)
    units = (rows.unit[:, None] == np.arange(rows.n_units)).astype(float)
    periods = (rows.period[:, None] == np.arange(rows.n_periods)).astype(float)
    X = np.column_stack([units, periods, covariate])
    root = np.sqrt(rows.weights[~on])[:, None]
    b = np.linalg.lstsq(root * X[~on], root[:, 0] * rows.y[~on], rcond=None)[0]
    assert found.known.all()
    assert found.effect == pytest.approx(rows.y[on] - X[on] @ b, abs=1e-9)
    assert found.residuals == pytest.approx(rows.y[~on] - X[~on] @ b, abs=1e-9)


def test_the_variance_of_an_average_is_equation_7_row_by_row() -> None:
    rows, start = panel(holes=0.0), starts()
    rows = Panel(rows.y, rows.unit, rows.period, rows.weights, rows.unit)
    on = treated_rows(rows, start)
    found = impute(rows, on, np.empty((len(rows.y), 0)))
    since = (rows.period - start[rows.unit])[on]
    weights = (since <= 2) / np.sum(since <= 2)
    groups = np.unique(start[rows.unit][on] * 100 + since, return_inverse=True)[1]
    estimate, covariance = averages(found, weights[None, :], groups)
    assert estimate[0] == pytest.approx(found.effect[since <= 2].mean(), rel=1e-12)
    v = np.zeros(len(rows.y))
    v[on], v[~on] = weights, -found.carried @ weights
    assert v @ rows.y == pytest.approx(estimate[0], rel=1e-10)
    left = np.zeros(len(rows.y))
    left[~on] = found.residuals
    mean = [np.sum(weights[groups == g] ** 2 * found.effect[groups == g]) for g in range(groups.max() + 1)]
    squares = [np.sum(weights[groups == g] ** 2) for g in range(groups.max() + 1)]
    average = np.array([m / s if s else 0.0 for m, s in zip(mean, squares, strict=True)])
    left[on] = found.effect - average[groups]
    expected = sum(np.sum((v * left)[rows.unit == u]) ** 2 for u in range(rows.n_units))
    assert covariance[0, 0] == pytest.approx(expected, rel=1e-10)


def test_without_noise_imputation_finds_effects_that_differ_and_the_coefficient_does_not() -> None:
    rows, start = panel(holes=0.0), starts(never=0)
    on = treated_rows(rows, start)
    since = rows.period - start[rows.unit]
    y: np.ndarray = 0.2 * rows.unit + np.sin(rows.period) + np.where(on, 1.0 + since, 0.0)
    exact = Panel(y, rows.unit, rows.period, rows.weights, rows.cluster)
    found = impute(exact, on, np.empty((len(y), 0)))
    assert found.effect[found.known] == pytest.approx((1.0 + since[on])[found.known], abs=1e-9)
    static = two_way(exact, on[:, None].astype(float), ClusterErrors()).params[0]
    assert static < 0.6 * (1.0 + since[on]).mean()


def test_periods_in_which_every_unit_has_started_have_no_counterfactual() -> None:
    rows, start = panel(holes=0.0), starts(never=0)
    on = treated_rows(rows, start)
    found = impute(rows, on, np.empty((len(rows.y), 0)))
    assert np.array_equal(found.known, rows.period[on] < start.max())
    assert np.isnan(found.effect[~found.known]).all()


def test_groups_of_one_cluster_are_counted() -> None:
    rows, start = panel(holes=0.0), starts()
    on = treated_rows(rows, start)
    found = impute(rows, on, np.empty((len(rows.y), 0)))
    count = int(on.sum())
    weights = np.full(count, 1 / count)
    assert smallest_groups(found, weights, np.zeros(count, dtype=np.intp)) == 0.0
    assert smallest_groups(found, weights, np.arange(count)) == pytest.approx(1.0)


def test_columns_that_effects_absorb_are_named() -> None:
    rows = panel()
    varying = np.random.default_rng(4).normal(size=len(rows.y))
    columns = np.column_stack([varying, rows.unit.astype(float), varying * 2.0, rows.period**2])
    assert absorbed_columns(rows, columns) == (1, 2, 3)
    left = without_effects(rows, varying[:, None])
    assert np.bincount(rows.unit, weights=rows.weights * left[:, 0]) == pytest.approx(
        np.zeros(rows.n_units), abs=1e-10
    )


def test_units_that_share_no_period_and_rows_too_few_are_refused() -> None:
    apart = Panel(np.zeros(4), np.array([0, 0, 1, 1]), np.array([0, 1, 2, 3]), np.ones(4), np.zeros(4, int))
    with pytest.raises(FitError, match="share no period"):
        require_connected(apart)
    few = Panel(
        np.zeros(4), np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]), np.ones(4), np.array([0, 0, 1, 1])
    )
    with pytest.raises(FitError, match="too few rows"):
        two_way(few, np.array([[0.0], [1.0], [0.0], [0.0]]), ClusterErrors())


def test_the_rule_of_thumb_for_the_lag() -> None:
    assert [rule_of_thumb(periods) for periods in (24, 84, 100)] == [2, 3, 4]

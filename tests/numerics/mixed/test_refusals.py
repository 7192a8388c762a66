"""What a mixed model cannot be fitted to is said, and what is odd but possible is fitted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from precept_stats.errors import FitError
from precept_stats.inference.joint import joint_test
from precept_stats.inference.kenward_roger import kenward_roger
from precept_stats.inference.satterthwaite import satterthwaite
from precept_stats.inference.uncertainty import Asymptotic
from precept_stats.numerics.mixed.fit import fit_mixed
from precept_stats.numerics.mixed.model import Fixed, Grouping, Numeric, Random, Rows

from .generated import generated


def test_aliased_columns_are_named() -> None:
    model = generated(1, "intercept")
    x = model.fixed.terms[1]
    for name, values in (("copy", 2.0 * x.values + 3.0), ("constant", np.full_like(x.values, 0.1))):
        terms = (*model.fixed.terms, Numeric(name, values))
        with pytest.raises(FitError, match="cannot be told apart") as problem:
            fit_mixed(replace(model, fixed=Fixed(terms)))
        assert problem.value.found.startswith(name)


def test_an_outcome_that_does_not_vary() -> None:
    model = generated(2, "intercept")
    x = model.fixed.terms[1].values
    for y in (np.full_like(x, 0.1), 1.0 + 2.0 * x):
        with pytest.raises(FitError, match="does not vary"):
            fit_mixed(replace(model, rows=Rows(y)))


@pytest.mark.parametrize("shape", ["intercept", "nested", "slopes"])
def test_an_outcome_that_the_random_effects_explain_exactly(shape: str) -> None:
    model = generated(3, shape)
    level = np.random.default_rng(3).normal(size=model.random[0].grouping.levels)
    with pytest.raises(FitError):
        fit_mixed(replace(model, rows=Rows(level[model.random[0].grouping.codes])))


def test_as_many_random_effects_as_rows() -> None:
    model = generated(4, "intercept")
    n = len(model.rows.y)
    alone = Random(Grouping("row", np.arange(n, dtype=np.intp), n))
    with pytest.raises(FitError, match="as many random effects"):
        fit_mixed(replace(model, random=(alone,)))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_numbers_that_are_not_finite(bad: float) -> None:
    model = generated(5, "slopes")
    y = model.rows.y.copy()
    y[3] = bad
    with pytest.raises(FitError, match="outcome cannot be used") as problem:
        fit_mixed(replace(model, rows=Rows(y)))
    assert "1 of them not finite" in problem.value.found


@pytest.mark.parametrize("code", [-1, 99])
def test_codes_outside_their_levels(code: int) -> None:
    model = generated(5, "intercept")
    codes = model.random[0].grouping.codes.copy()
    codes[0] = code
    wrong = replace(model.random[0].grouping, codes=codes)
    with pytest.raises(FitError, match="codes of a cannot be used"):
        fit_mixed(replace(model, random=(Random(wrong),)))


@pytest.mark.parametrize("weight", [0.0, -1.0])
def test_weights_that_are_not_positive(weight: float) -> None:
    model = generated(6, "intercept", weighted=True)
    weights = model.rows.weights.copy()
    weights[0] = weight
    with pytest.raises(FitError, match="weights must be above 0"):
        fit_mixed(replace(model, rows=replace(model.rows, weights=weights)))


def test_kenward_roger_is_refused_for_maximum_likelihood() -> None:
    fit = fit_mixed(generated(7, "intercept"), "ml")
    with pytest.raises(FitError, match="needs a fit by REML"):
        kenward_roger(fit)
    assert satterthwaite(fit)(np.eye(len(fit.params))[1]) > 1.0


def test_a_level_with_one_row_is_no_trouble() -> None:
    model = generated(8, "intercept")
    group = model.random[0].grouping
    codes = group.codes.copy()
    codes[-1] = group.levels
    fit = fit_mixed(replace(model, random=(Random(Grouping("a", codes, group.levels + 1)),)))
    assert fit.converged


def test_a_huge_origin_and_a_huge_correlation_do_not_cost_the_digits() -> None:
    model = generated(9, "intercept")
    rng = np.random.default_rng(9)
    level = 1e3 * rng.normal(size=model.random[0].grouping.levels)
    y = model.rows.y + level[model.random[0].grouping.codes]
    near = fit_mixed(replace(model, rows=Rows(y)))
    far = fit_mixed(replace(model, rows=Rows(y + 1e7)))
    assert near.converged
    assert far.converged
    assert far.sigma2 == pytest.approx(near.sigma2, rel=1e-4)
    assert far.params[1:] == pytest.approx(near.params[1:], rel=1e-4, abs=1e-5)


def test_contrasts_that_repeat_each_other_count_once() -> None:
    fit = fit_mixed(generated(10, "intercept"))
    found = kenward_roger(fit)
    asymptotic = Asymptotic(fit.names, fit.params, found.covariance, found.df)
    one = np.eye(len(fit.params))[1]
    single, double = joint_test(asymptotic, one), joint_test(asymptotic, np.array([one, 2.0 * one]))
    assert double.df1 == 1
    assert double.statistic == pytest.approx(single.statistic, rel=1e-9)
    assert single.df2 == pytest.approx(found.df(one), rel=1e-12)
    with pytest.raises(FitError, match="nothing to test"):
        joint_test(asymptotic, np.zeros((1, len(one))))

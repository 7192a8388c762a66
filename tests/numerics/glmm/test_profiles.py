"""Likelihood-ratio tests and profile intervals against refits by glmmTMB and lme4 (profiles.R)."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from precept_stats.errors import FitError
from precept_stats.inference.glmm_likelihood import GlmmMaximum
from precept_stats.inference.likelihood import FixedEffectsProfile, likelihood_ratio_test
from precept_stats.numerics.glmm.constrained import Constraints
from precept_stats.numerics.glmm.effects import StructuredRows
from precept_stats.numerics.glmm.families import BinomialLogit, Family, PoissonLog
from precept_stats.numerics.glmm.joint_fit import fit_joint
from precept_stats.numerics.glmm.negative_binomial import NegativeBinomialLog
from precept_stats.numerics.mixed.model import Grouping, Random

from .problems import HERE

EXPECTED = json.loads((HERE / "profiles.json").read_text(encoding="utf-8"))
PEOPLE = ("contraception", "use01", "", ("urb", "age"), "livch", ("district",), BinomialLogit())
PROBLEMS = {
    "people_laplace": PEOPLE,
    "people_quadrature": PEOPLE,
    "counts_laplace": ("counts", "events", "person_years", ("arm",), "period", ("unit",), PoissonLog()),
    "cells_laplace": ("wedge", "y", "n", ("arm", "x"), "period", ("cluster", "cell"), BinomialLogit()),
    "bursts_laplace": (
        "wedge", "bursts", "person_years", ("arm",), "period", ("cluster",), NegativeBinomialLog(),
    ),
}  # fmt: skip
names = pytest.mark.parametrize("name", PROBLEMS)


def rows(name: str) -> tuple[StructuredRows, Family, int]:
    """The rows, the family, and how many columns from the end are those of the factor."""
    file, y, size, numeric, factor, groups, family = PROBLEMS[name]
    d = pd.read_csv(HERE / "data" / f"{file}.csv")
    levels = sorted(d[factor].astype(str).unique())[1:]
    columns = [np.ones(len(d)), *(d[c].to_numpy(float) for c in numeric)]
    columns += [(d[factor].astype(str) == level).to_numpy(float) for level in levels]
    random = []
    for group in groups:
        codes, found = pd.factorize(d[group], sort=True)
        random.append(Random(Grouping(group, codes.astype(np.intp), len(found))))
    sizes = d[size].to_numpy(float) if size else np.ones(len(d))
    made = StructuredRows(np.column_stack(columns), d[y].to_numpy(float), sizes, tuple(random))
    return made, family, len(levels)


def maximum(name: str) -> tuple[GlmmMaximum, int]:
    made, family, count = rows(name)
    nodes = 25 if name.endswith("quadrature") else 1
    fit, p = fit_joint(made, family, nodes), made.X.shape[1]
    shape = [] if fit.log_shape is None else [fit.log_shape]
    psi = np.concatenate([fit.params, fit.theta, shape])
    return GlmmMaximum(made, family, nodes, psi, fit.covariance[:p, :p], fit.log_likelihood), count


@names
def test_ratios_and_limits_are_those_of_refits(name: str) -> None:
    """The effect of the second column: the ratio to 1e-5, limits to 1e-5, the joint test of a factor too."""
    expected, (fit, count) = EXPECTED[name], maximum(name)
    p = len(fit.params)
    assert fit.params[1] == pytest.approx(expected["estimate"], rel=1e-5)
    profile, weights = FixedEffectsProfile(fit), np.eye(len(fit.psi) + 1)[1]
    assert profile.ratio(weights, 0.0) == pytest.approx(expected["ratio"], rel=1e-5)
    limits = profile.limits(weights, 0.95)
    assert limits == pytest.approx((expected["lower"], expected["upper"]), rel=1e-5)
    joint = likelihood_ratio_test(fit, np.eye(p)[p - count :])
    assert joint.statistic * joint.df1 == pytest.approx(expected["joint"], rel=1e-5)
    assert joint.p_value == pytest.approx(stats.chi2(count).sf(expected["joint"]), rel=1e-4)


@names
def test_the_test_rejects_where_the_limits_are(name: str) -> None:
    fit, _ = maximum(name)
    profile, weights = FixedEffectsProfile(fit), np.eye(len(fit.psi))[1]
    for level in (0.8, 0.95):
        for limit in profile.limits(weights, level):
            assert profile.ratio(weights, limit) == pytest.approx(stats.chi2(1).ppf(level), rel=1e-6)


def test_a_contrast_of_two_coefficients_is_a_coefficient_of_other_columns() -> None:
    """Held sums and held differences agree with the model in which these are the coefficients."""
    fit, _ = maximum("counts_laplace")
    turned = fit.rows.X.copy()
    turned[:, 2] += turned[:, 1]
    other = StructuredRows(turned, fit.rows.y, fit.rows.size, fit.rows.random)
    contrast = np.zeros((1, len(fit.params)))
    contrast[0, [1, 2]] = 1.0, -1.0
    refit = fit_joint(other, fit.family)
    same = GlmmMaximum(
        other, fit.family, 1, np.append(refit.params, refit.theta), refit.covariance, refit.log_likelihood
    )
    for value in (-0.2, 0.0, 0.5):
        there = same.fall(np.eye(len(fit.params))[1:2], np.array([value]))
        assert fit.fall(contrast, np.array([value])) == pytest.approx(there, rel=1e-7, abs=1e-9)


def test_constraints_hold_what_they_say() -> None:
    rng = np.random.default_rng(1)
    contrasts, values = rng.normal(size=(2, 5)), np.array([0.4, -1.3])
    held = Constraints.on(contrasts)
    beta = np.zeros(5)
    beta[held.kept] = rng.normal(size=3)
    beta[held.pivots] = held.solver @ values - held.ties @ beta[held.kept]
    assert contrasts @ beta == pytest.approx(values)
    X = rng.normal(size=(7, 5))
    made = held.held(StructuredRows(X, np.ones(7), np.ones(7), (), np.full(7, 0.3)), values)
    assert made.offset + made.X @ beta[held.kept] == pytest.approx(0.3 + X @ beta)


def test_what_has_no_profile_is_refused() -> None:
    fit, _ = maximum("counts_laplace")
    with pytest.raises(FitError, match="no profile in variances"):
        FixedEffectsProfile(fit).ratio(np.ones(len(fit.psi)), 0.0)
    with pytest.raises(FitError, match="nothing to test"):
        likelihood_ratio_test(fit, np.zeros((1, len(fit.params))))

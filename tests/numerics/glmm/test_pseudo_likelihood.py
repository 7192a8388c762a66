"""Restricted pseudo-likelihood against an R loop with full matrices (rspl.R), and its own laws."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from precept_stats.inference.kenward_roger import kenward_roger
from precept_stats.numerics.glmm.fit import GlmmRows, fit_glmm
from precept_stats.numerics.glmm.pseudo import PseudoFit, fit_pseudo

from .problems import ELSEWHERE, FAMILIES, HERE, drawn, family, needs_other_data, rows

R = json.loads((HERE / "rspl.json").read_text(encoding="utf-8"))
NAMES = [name for name in R if name != "software"]
LOGIT = FAMILIES["logit"]


def pseudo(given: GlmmRows, law=LOGIT) -> PseudoFit:
    return fit_pseudo(given, law, fit_glmm(given, law))


@pytest.mark.parametrize("name", NAMES)
def test_estimates_and_kenward_roger_are_those_of_the_r_loop(name: str) -> None:
    if needs_other_data(name) and not ELSEWHERE:
        pytest.skip("the data do not ship; PRECEPT_DATA is not set")
    expected, found = R[name], pseudo(rows(name), family(name))
    adjusted = kenward_roger(found.linear)
    assert found.settled
    assert found.variance == pytest.approx(expected["variance"], rel=1e-8)
    assert found.params == pytest.approx(expected["params"], rel=1e-8)
    assert np.sqrt(np.diag(found.linear.covariance)) == pytest.approx(expected["se"], rel=1e-8)
    assert np.sqrt(np.diag(adjusted.covariance)) == pytest.approx(expected["kr_se"], rel=1e-8)
    dfs = [adjusted.df(e) for e in np.eye(len(found.params))]
    assert dfs == pytest.approx(expected["kr_df"], rel=1e-6)
    assert float(adjusted.df.spread[0, 0]) == pytest.approx(expected["var_variance"], rel=1e-8)


@settings(max_examples=5)
@given(seed=st.integers(0, 2**32 - 1))
def test_order_of_rows_and_collapsing_do_not_matter(seed: int) -> None:
    counts = drawn(seed)
    counts = replace(counts, X=counts.X[:, :3])
    ones, zeros = counts.y.astype(int), (counts.size - counts.y).astype(int)
    index = np.concatenate([np.repeat(np.arange(len(ones)), ones), np.repeat(np.arange(len(zeros)), zeros)])
    outcome = np.concatenate([np.ones(ones.sum()), np.zeros(zeros.sum())])
    order = np.random.default_rng(seed).permutation(len(index))
    index, outcome = index[order], outcome[order]
    single = GlmmRows(counts.X[index], outcome, np.ones(len(index)), counts.cluster[index])
    short, long = pseudo(counts), pseudo(single)
    assert long.params == pytest.approx(short.params, rel=1e-7, abs=1e-8)
    assert long.variance == pytest.approx(short.variance, rel=1e-6, abs=1e-8)
    assert long.linear.covariance == pytest.approx(short.linear.covariance, rel=1e-6, abs=1e-9)


def test_individual_covariates_are_not_collapsed() -> None:
    """The estimating equation of the fixed effects holds at the answer: X'(y - size mean) = 0."""
    given = drawn(2)
    found = pseudo(given)
    assert found.settled
    modes = np.zeros(12)
    for _ in range(100):  # the modes at these estimates
        eta = given.X @ found.params + modes[given.cluster]
        mean = LOGIT.mean(eta)
        slope = np.bincount(given.cluster, weights=given.y - given.size * mean) - modes / found.variance
        modes = modes + slope / (
            np.bincount(given.cluster, weights=given.size * mean * (1 - mean)) + 1 / found.variance
        )
    mean = LOGIT.mean(given.X @ found.params + modes[given.cluster])
    assert given.X.T @ (given.y - given.size * mean) == pytest.approx(np.zeros(4), abs=1e-6)

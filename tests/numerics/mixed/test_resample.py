"""Resampling: a refit on cross-products is the fit to the rows, and outcomes have the model's covariance."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from precept_stats.numerics.mixed.fit import fit_mixed
from precept_stats.numerics.mixed.model import Category, Fixed, Grouping, MixedModel, Numeric, Random, Rows
from precept_stats.numerics.mixed.resample import resampler

N = 240
RNG = np.random.default_rng(11)
CLUSTER = Grouping("cluster", np.repeat(np.arange(20), 12), 20)
CELL = Grouping("cell", np.repeat(np.arange(60), 4), 60)
PERIOD = Grouping("period", np.tile(np.repeat(np.arange(3), 4), 20), 3)
ARM = Numeric("arm", (CLUSTER.codes % 2).astype(float))
AGE = Numeric("age", RNG.normal(50.0, 8.0, N))
SEX = Category(("f", "m", "x"), RNG.integers(0, 3, N).astype(np.intp))
TERMS = Fixed((ARM, AGE, SEX))
Y = (
    40.0
    + 0.2 * AGE.values
    + RNG.normal(0, 2, 20)[CLUSTER.codes]
    + RNG.normal(0, 1.2, 20)[CLUSTER.codes] * ARM.values
    + RNG.normal(0, 1, 60)[CELL.codes]
    + RNG.normal(0, 2, N)
)
WEIGHTS = RNG.uniform(0.5, 2.0, N)
REPEATS = RNG.integers(1, 5, N).astype(float)
MODELS = {
    "intercept": MixedModel(Rows(Y), TERMS, (Random(CLUSTER),)),
    "slope": MixedModel(Rows(Y), TERMS, (Random(CLUSTER, (AGE,)),)),
    "independent slope": MixedModel(
        Rows(Y), TERMS, (Random(CLUSTER), Random(CLUSTER, (ARM,), intercept=False))
    ),
    "nested": MixedModel(Rows(Y), TERMS, (Random(CLUSTER), Random(CELL))),
    "crossed": MixedModel(Rows(Y), TERMS, (Random(CLUSTER), Random(PERIOD))),
    "crossed slope": MixedModel(Rows(Y), TERMS, (Random(CLUSTER, (AGE,)), Random(PERIOD), Random(CELL))),
    "weights and offset": MixedModel(
        Rows(Y, weights=WEIGHTS, offset=0.1 * AGE.values), TERMS, (Random(CLUSTER),)
    ),
    "repeats": MixedModel(Rows(Y, repeats=REPEATS, within=900.0), TERMS, (Random(CLUSTER),)),
    "no intercept": MixedModel(Rows(Y), Fixed((ARM, AGE), intercept=False), (Random(CLUSTER),)),
}


def columns(model):
    found = [np.ones(N)] if model.fixed.intercept else []
    for term in model.fixed.terms:
        found += [term.values] if isinstance(term, Numeric) else [term.codes == 1, term.codes == 2]
    return np.column_stack(found).astype(float)


@pytest.mark.parametrize("criterion", ["reml", "ml"])
@pytest.mark.parametrize("name", MODELS)
def test_a_refit_is_the_fit_to_the_simulated_rows(name, criterion):
    model = MODELS[name]
    fit = fit_mixed(model, criterion)
    prepared = resampler(model, fit)
    for seed in range(3):
        outcome = prepared.simulate(np.random.default_rng(seed))
        y = columns(model) @ fit.params + outcome.residual
        if model.rows.offset is not None:
            y = y + model.rows.offset
        plain = fit_mixed(replace(model, rows=replace(model.rows, y=y, within=outcome.within)), criterion)
        found = prepared.refit(outcome)
        assert found.deviance == pytest.approx(plain.deviance, abs=1e-8)
        assert found.params == pytest.approx(plain.params, rel=1e-6, abs=1e-6)
        assert found.covariance == pytest.approx(plain.covariance, rel=1e-5, abs=1e-7)
        assert found.sigma2 == pytest.approx(plain.sigma2, rel=1e-6)
        assert found.components == pytest.approx([c.value for c in plain.components], rel=1e-4, abs=1e-5)
        assert found.boundary == plain.boundary


@pytest.mark.parametrize("name", ["slope", "crossed slope", "weights and offset"])
def test_outcomes_have_the_covariance_of_the_model(name):
    """Of twelve rows, from 6,000 draws: every entry within five Monte Carlo standard errors."""
    model = MODELS[name]
    fit = fit_mixed(model)
    prepared = resampler(model, fit)
    drawn = np.array([prepared.simulate(np.random.default_rng(s)).residual[:18:2] for s in range(6000)])
    rows = np.arange(0, 18, 2)
    weights = np.ones(N) if model.rows.weights is None else model.rows.weights
    V = np.diag(fit.sigma2 / weights[rows])
    place = 0
    for term in model.random:
        Z = np.column_stack([np.ones(N)] * term.intercept + [slope.values for slope in term.slopes])[rows]
        G = np.zeros((term.width, term.width))
        for b in range(term.width):
            for a in range(b, term.width):
                G[a, b] = G[b, a] = fit.components[place].value
                place += 1
        same = term.grouping.codes[rows][:, None] == term.grouping.codes[rows]
        V += (Z @ G @ Z.T) * same
    errors = np.sqrt((V**2 + np.outer(np.diag(V), np.diag(V))) / 6000)
    assert np.all(np.abs(drawn.T @ drawn / 6000 - V) < 5 * errors)
    assert np.all(np.abs(drawn.mean(axis=0)) < 5 * np.sqrt(np.diag(V) / 6000))


def test_grouped_rows_are_simulated_as_the_rows_they_stand_for():
    """Residual variances of refits to grouped rows and to all rows have one distribution, chi-squared."""
    codes = np.repeat(np.arange(12), 2)
    repeats = np.tile([3.0, 5.0], 12)
    grouping = Grouping("cluster", codes, 12)
    y = np.random.default_rng(1).normal(0, 2, 12)[codes] + np.random.default_rng(2).normal(0, 0.5, 24)
    grouped = MixedModel(Rows(y, repeats=repeats, within=70.0), Fixed(), (Random(grouping),))
    prepared = resampler(grouped, fit_mixed(grouped))
    drawn = [prepared.refit(prepared.simulate(np.random.default_rng(s))) for s in range(400)]
    df = repeats.sum() - 12
    shares = np.array([one.sigma2 for one in drawn]) / prepared.fit.sigma2 * df
    assert stats.kstest(shares, stats.chi2(df).cdf).pvalue > 1e-3


def test_the_same_generator_gives_the_same_outcome():
    prepared = resampler(MODELS["nested"], fit_mixed(MODELS["nested"]))
    one, other = (prepared.simulate(np.random.default_rng(4)) for _ in range(2))
    assert np.array_equal(one.residual, other.residual)

"""Areas estimated together: held to lme4, glmmTMB and metafor, to closed forms, and to brute force."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy import special, stats

from precept_stats.data.shipped import shipped
from precept_stats.errors import FitError
from precept_stats.numerics.glmm.effects import StructuredRows
from precept_stats.numerics.glmm.families import BinomialLogit, PoissonLog
from precept_stats.numerics.glmm.fit import GlmmRows, fit_glmm
from precept_stats.numerics.glmm.joint_fit import fit_joint
from precept_stats.numerics.mixed.model import Grouping, Random
from precept_stats.numerics.shrinkage.law import Binomial, Given, Law, Poisson
from precept_stats.numerics.shrinkage.posterior import draw, joint_posterior
from precept_stats.numerics.shrinkage.predict import Spread, predict
from precept_stats.numerics.shrinkage.ranks import normal_draws, ranks

EXPECTED: dict[str, Any] = json.loads((Path(__file__).parent / "expected.json").read_text(encoding="utf-8"))
HOSPITALS = Binomial(*(np.array(EXPECTED["hospitals"][name], dtype=float) for name in ("events", "size")))


def counties() -> Poisson:
    frame = pd.read_csv(shipped("analysis_plans") / "data" / "sids_counties" / "sids.csv")
    frame = frame[frame["period"] == "1974-78"]
    return Poisson(frame["deaths"].to_numpy(float), frame["births"].to_numpy(float))


def fitted(law: Binomial | Poisson) -> tuple[float, float]:
    family = BinomialLogit() if isinstance(law, Binomial) else PoissonLog()
    rows = GlmmRows(np.ones((law.count, 1)), law.events, law.size, np.arange(law.count))
    found = fit_glmm(rows, family, 25)
    return float(found.params[0]), math.exp(found.log_sigma)


@pytest.mark.parametrize("name", ["binomial", "poisson"])
def test_likelihood_and_predictions_are_those_of_lme4(name: str) -> None:
    law, theirs = (HOSPITALS if name == "binomial" else counties()), EXPECTED[name]
    mean, sigma = fitted(law)
    assert mean == pytest.approx(theirs["mean"], rel=1e-5)
    assert sigma == pytest.approx(theirs["sd"], rel=1e-5)
    areas = predict(law, Spread(theirs["mean"], theirs["sd"]))
    assert areas.eta - theirs["mean"] == pytest.approx(np.array(theirs["effects"]), abs=2e-6)


@pytest.mark.parametrize("name", ["binomial", "poisson"])
def test_errors_with_the_mean_unknown_are_those_of_glmmtmb(name: str) -> None:
    """glmmTMB with the SD held: Laplace's approximation, whose mean is used here too."""
    law, theirs = (HOSPITALS if name == "binomial" else counties()), EXPECTED[f"{name}_held"]
    areas = predict(law, Spread(theirs["mean"], 0.4))
    assert areas.eta == pytest.approx(np.array(theirs["eta"]), rel=1e-5)
    assert areas.std_error == pytest.approx(np.array(theirs["se"]), rel=0.02)


def test_areas_in_groups_are_those_of_lme4() -> None:
    theirs = EXPECTED["nested"]
    names = ["north", "east", "south"]
    group = np.array([names.index(one) for one in EXPECTED["hospitals"]["region"]], dtype=np.intp)
    count = HOSPITALS.count
    terms = (Random(Grouping("area", np.arange(count), count)), Random(Grouping("group", group, 3)))
    found = fit_joint(
        StructuredRows(np.ones((count, 1)), HOSPITALS.events, HOSPITALS.size, terms), BinomialLogit()
    )
    assert np.abs(found.theta) == pytest.approx([theirs["sd_area"], theirs["sd_region"]], rel=1e-4)
    areas = predict(HOSPITALS, Spread(theirs["mean"], theirs["sd_area"], theirs["sd_region"], group))
    ours = areas.eta - theirs["mean"]
    assert ours == pytest.approx(np.array(theirs["area"]) + np.array(theirs["region"])[group], abs=1e-5)


def test_estimates_are_those_of_metafor() -> None:
    theirs = EXPECTED["normal"]
    law = Given(np.array(theirs["y"]), np.array(theirs["se"]) ** 2)
    areas = predict(law, Spread(theirs["mean"], math.sqrt(theirs["tau2"])))
    assert areas.eta == pytest.approx(np.array(theirs["blup"]), rel=1e-8)
    assert areas.std_error == pytest.approx(np.array(theirs["blup_se"]), rel=1e-8)
    assert areas.reliability == pytest.approx(theirs["tau2"] / (theirs["tau2"] + law.variance))


def test_without_a_spread_every_area_is_the_mean() -> None:
    areas = predict(HOSPITALS, Spread(-1.2, 0.0))
    assert areas.eta == pytest.approx(np.full(HOSPITALS.count, -1.2))
    assert np.all(areas.reliability == 0.0)


def test_posterior_of_estimates_is_the_closed_form() -> None:
    """Given sigma all is normal: E(eta_k) and var(eta_k) integrated over a fine grid of sigma."""
    y, v, prior = np.array([3.0, 5.5, 1.0, 4.0, 9.0]), np.array([1.0, 0.5, 2.0, 1.5, 0.8]), 2.0
    sigma = (np.arange(20_000) + 0.5) / 20_000 * 14.0
    weight = 1.0 / (v + sigma[:, None] ** 2)
    total = weight.sum(axis=1)
    mean = weight @ y / total
    logs = 0.5 * (
        np.log(weight).sum(axis=1) - np.log(total) - (weight * (y - mean[:, None]) ** 2).sum(axis=1)
    )
    chance = np.exp(logs - 0.5 * (sigma / prior) ** 2 - logs.max())
    chance /= chance.sum()
    keep = sigma[:, None] ** 2 * weight
    middle = keep * y + (1.0 - keep) * mean[:, None]
    spread = v * keep + (1.0 - keep) ** 2 / total[:, None]
    first = chance @ middle
    second = chance @ (spread + middle**2) - first**2
    drawn = draw(Given(y, v), prior, 40_000, np.random.default_rng(3))
    error = np.sqrt(second / 40_000)
    assert np.all(np.abs(drawn.eta.mean(axis=0) - first) < 4.5 * error)
    assert drawn.eta.std(axis=0) == pytest.approx(np.sqrt(second), rel=0.02)
    assert drawn.sigma.mean() == pytest.approx(float(chance @ sigma), rel=0.02)


@pytest.mark.parametrize("law", [HOSPITALS, Poisson(np.array([0.0, 2.0, 9.0]), np.array([40.0, 55.0, 90.0]))])
def test_posterior_of_counts_is_brute_force(law: Law) -> None:
    """The moments of (mu, sigma) by 61 Gauss-Hermite nodes an area over a grid twice as fine."""
    joint = joint_posterior(law, 1.0)
    nodes, weights = np.polynomial.hermite_e.hermegauss(61)
    mean = np.linspace(joint.mean[0], joint.mean[-1], 2 * len(joint.mean))
    sigma = np.linspace(1e-4, joint.sigma[-1] * 1.2, 120)
    eta = mean[:, None, None] + sigma[:, None] * nodes
    logs = np.zeros(eta.shape[:2])
    for k in range(law.count):
        values = _of_area(law, k, eta)
        logs += np.log((np.exp(values - values.max()) * weights).sum(axis=-1))
    chance = np.exp(logs - logs.max()) * np.exp(-0.5 * sigma**2)
    chance /= chance.sum()
    ours = joint.weight
    assert float(ours.sum(axis=1) @ joint.mean) == pytest.approx(float(chance.sum(axis=1) @ mean), abs=0.01)
    assert float(ours.sum(axis=0) @ joint.sigma) == pytest.approx(float(chance.sum(axis=0) @ sigma), rel=0.02)


def _of_area(law: Law, k: int, eta: NDArray[np.float64]) -> NDArray[np.float64]:
    assert isinstance(law, Binomial | Poisson)
    events, size = law.events[k], law.size[k]
    if isinstance(law, Binomial):
        return np.asarray(events * eta - size * np.logaddexp(0.0, eta))
    return np.asarray(events * eta - size * np.exp(eta))


def test_areas_that_are_too_precise_for_a_grid_are_refused() -> None:
    law = Given(np.array([0.0, 1.0, 2.0]), np.array([1.0, 1.0, 1e-12]))
    with pytest.raises(FitError, match="too precisely"):
        joint_posterior(law, 1.0)


def test_ranks_of_two_areas_are_a_normal_probability() -> None:
    eta, covariance = np.array([0.0, 0.5]), np.array([[1.0, 0.3], [0.3, 1.0]])
    drawn = normal_draws(eta, covariance, 200_000, np.random.default_rng(5))
    found = ranks(drawn, 1.0, 1, 0.95)
    chance = stats.norm.cdf(0.5 / math.sqrt(1.4))
    assert found.among_worst[0] == pytest.approx(chance, abs=0.005)
    assert found.mean[0] == pytest.approx(1.0 + chance, abs=0.005)
    assert (found.lower[0], found.upper[0]) == (1.0, 2.0)
    turned = ranks(drawn, -1.0, 1, 0.95)
    assert turned.among_worst[0] == pytest.approx(1.0 - chance, abs=0.005)


def test_draws_do_not_depend_on_which_eigenvectors_were_found() -> None:
    """A covariance with a value of multiplicity 5: its last digits decide which vectors a library takes."""
    eta, covariance = np.zeros(6), np.eye(6) + 0.5 * np.ones((6, 6))
    rounded = covariance + 1e-15 * np.random.default_rng(2).standard_normal((6, 6))
    drawn = [
        normal_draws(eta, one, 50, np.random.default_rng(5))
        for one in (covariance, (rounded + rounded.T) / 2)
    ]
    assert np.allclose(drawn[0], drawn[1], rtol=0.0, atol=1e-12)


def test_ranks_add_up() -> None:
    drawn = np.random.default_rng(8).standard_normal((999, 7)) + np.arange(7)
    found = ranks(drawn, 1.0, 2, 0.9)
    assert found.mean.sum() == pytest.approx(28.0)
    assert found.among_worst.sum() == pytest.approx(2.0)
    assert np.all(found.lower <= found.mean)
    assert np.all(found.mean <= found.upper)


def test_the_shrunken_area_lies_between_its_own_estimate_and_the_mean() -> None:
    mean, sigma = fitted(HOSPITALS)
    own = special.logit(HOSPITALS.events / HOSPITALS.size)
    areas = predict(HOSPITALS, Spread(mean, sigma))
    assert np.all(np.minimum(own, mean) - 1e-9 <= areas.eta)
    assert np.all(areas.eta <= np.maximum(own, mean) + 1e-9)

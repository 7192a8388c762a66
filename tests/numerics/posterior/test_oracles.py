"""Whole posteriors against others' samplers and published references, to Monte Carlo error."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import optimize

from precept_stats.inference.nuts import Sampling, available, sample
from precept_stats.inference.seeds import Seed
from precept_stats.numerics.posterior.counts import Counts, Rows, collapsed
from precept_stats.numerics.posterior.density import Posterior, whitened
from precept_stats.numerics.posterior.gaussian import Gaussian
from precept_stats.numerics.posterior.laws import Folded, Known, Normal

stats = pytest.importorskip("arviz_stats.base").array_stats
pytest.importorskip("numba")
pytest.importorskip("pymc")

HERE = Path(__file__).parent
SCHOOLS = json.loads((HERE / "eight_schools.json").read_text(encoding="utf-8"))
NEAR_FLAT = json.loads((HERE / "near_flat.json").read_text(encoding="utf-8"))
WITHIN = 3.0
"""Standard errors of the difference of two Monte Carlo answers."""

EXACT = {
    "cbpp": [-1.39923044446284, -0.991403672214652, -1.12781946676017, -1.57947075021052, 0.647518478170896],
    "mkvtrial": [-0.204675490273698, 0.869115655638945, 0.343742887857709],
}
"""Exact maximum likelihood in R, adaptive quadrature with 75 nodes, gradients below 1e-7."""


def drawn(posterior: Posterior, draws: int) -> np.ndarray:
    """Coordinates (chains, draws, D), SDs without their sign."""
    density = whitened(posterior)
    chains = sample(
        density, Sampling(draws=draws, warmup=400, target_accept=0.9), Seed(20240501), available()
    )
    assert not chains.diverging.any()
    return density.coordinates(chains.draws)


def effective(values: np.ndarray, kind: str = "mean", prob: float | None = None) -> float:
    return float(stats.ess(values, chain_axis=0, draw_axis=1, method=kind, prob=prob))


def schools() -> Posterior:
    """Eight schools as sums of cells: with residual variance 1 a cell of 1 / se^2 rows has this SE."""
    y, weight = np.array(SCHOOLS["y"], dtype=float), np.array(SCHOOLS["sigma"], dtype=float) ** -2
    both = np.column_stack([np.ones(len(y)), y])
    likelihood = Gaussian(
        gram=(both.T * weight) @ both, sums=weight[:, None] * both, count=weight,
        cluster=np.arange(len(y)), n_clusters=len(y), nested=False, rows=(both, np.arange(len(y))),
    )  # fmt: skip
    return Posterior(likelihood, (Normal(0.0, 5.0), Folded(5.0, 1.0), Known(0.0)))


def test_eight_schools_are_those_of_the_published_reference_posterior() -> None:
    """posteriordb: 10,000 draws of Stan. Means of mu, tau and all schools, and mean squares."""
    found = drawn(schools(), 2500)
    mu, tau = found[..., 0], np.abs(found[..., 1])
    rng, se = np.random.default_rng(1), np.array(SCHOOLS["sigma"], dtype=float)
    kept = (tau**2)[..., None] / ((tau**2)[..., None] + se**2)
    theta = mu[..., None] + kept * (np.array(SCHOOLS["y"]) - mu[..., None])
    theta += se * np.sqrt(kept) * rng.standard_normal(theta.shape)
    ours = dict(zip(SCHOOLS["names"], np.moveaxis(np.dstack([theta, mu, tau]), 2, 0), strict=True))
    for place, (name, values) in enumerate(ours.items()):
        for power, of in ((1, "mean"), (2, "mean_square")):
            error = np.std(values**power) / math.sqrt(effective(values**power))
            both = math.hypot(error, SCHOOLS[f"mcse_{of}"][place])
            assert np.mean(values**power) == pytest.approx(SCHOOLS[of][place], abs=WITHIN * both), (name, of)


def cbpp(folder: Path) -> Counts:
    d = pd.read_csv(folder / "cbpp.csv", dtype={"period": str})
    X = np.column_stack([np.ones(len(d)), *((d["period"] == level).astype(float) for level in "234")])
    herd = np.unique(d["herd"], return_inverse=True)[1]
    return collapsed(_rows(X, d["incidence"], d["size"], herd), "binomial")


def mkvtrial(folder: Path) -> Counts:
    d = pd.read_csv(folder / "mkvtrial.csv")
    X = np.column_stack([np.ones(len(d)), d["arm"].astype(float)])
    return collapsed(_rows(X, d["know"], np.ones(len(d)), d["community"].to_numpy()), "binomial")


def _rows(X: np.ndarray, y: object, size: object, cluster: np.ndarray) -> Rows:
    codes = cluster.astype(np.intp)
    return Rows(X, np.array(y, dtype=float), np.array(size, dtype=float), np.zeros(len(X)), codes, codes)


def near_flat(counts: Counts) -> Posterior:
    p = counts.X.shape[1]
    return Posterior(replace(counts, nodes=15), (*[Normal(0.0, 10.0)] * p, Folded(10.0)))


@pytest.fixture(params=[cbpp, mkvtrial], ids=lambda one: one.__name__)
def example(request: pytest.FixtureRequest) -> tuple[str, Posterior]:
    folder = os.environ.get("PRECEPT_DATA")
    if folder is None:
        pytest.skip("the data do not ship; PRECEPT_DATA is not set")
    read: Callable[[Path], Counts] = request.param
    return read.__name__, near_flat(read(Path(folder)))


def test_nearly_flat_priors_give_the_posterior_that_jags_samples(example: tuple[str, Posterior]) -> None:
    """Means, SDs and 95 % limits of every parameter, within three Monte Carlo standard errors."""
    name, posterior = example
    found = drawn(posterior, 1000)
    found[..., -1] = np.abs(found[..., -1])
    for place, (parameter, theirs) in enumerate(NEAR_FLAT[name].items()):
        values = found[..., place]
        ours = {
            "mean": (np.mean(values), effective(values)),
            "sd": (np.std(values, ddof=1), effective(values, "sd")),
            "low": (np.quantile(values, 0.025), effective(values, "quantile", 0.025)),
            "high": (np.quantile(values, 0.975), effective(values, "quantile", 0.975)),
        }
        for statistic, (value, size) in ours.items():
            of = theirs[statistic]
            error = math.hypot(of["mcse"], of["per_draw"] / math.sqrt(size))
            assert value == pytest.approx(of["value"], abs=WITHIN * error), (parameter, statistic)


def test_a_posterior_mean_differs_from_maximum_likelihood_by_the_skewness_of_the_sd(
    example: tuple[str, Posterior],
) -> None:
    """The mode is the maximum; the mean of the SD is that of its marginal density, whose right tail is long.

    The marginal is the height of the ridge over the SD times the width of the ridge (Laplace), so that the
    whole difference between the two answers is found without sampling.
    """
    name, posterior = example
    evaluate, exact = posterior.evaluator(), np.array(EXACT[name])

    def ridge(sd: float) -> tuple[float, np.ndarray]:
        def down(beta: np.ndarray) -> tuple[float, np.ndarray]:
            value, slope = evaluate(np.append(beta, sd))
            return -value, -slope[:-1]

        best = optimize.minimize(down, exact[:-1], jac=True, method="BFGS", options={"gtol": 1e-6}).x
        moves = 1e-4 * np.eye(len(best))
        curvature = np.array([(down(best + m)[1] - down(best - m)[1]) / 2e-4 for m in moves])
        return -down(best)[0] - 0.5 * np.linalg.slogdet(curvature)[1], best

    sds = np.linspace(0.02, 4.0 * exact[-1], 60)
    heights = np.array([ridge(sd)[0] for sd in sds])
    weights = np.exp(heights - heights.max())
    mean_of_sd = float(weights @ sds / weights.sum())
    theirs = NEAR_FLAT[name]["sd"]["mean"]["value"]
    mode = optimize.minimize(
        lambda at: tuple(-np.array(part) for part in evaluate(at)), exact, jac=True, method="BFGS"
    ).x
    assert mode == pytest.approx(exact, abs=0.01)
    assert mean_of_sd == pytest.approx(theirs, rel=0.01)
    assert theirs > 1.05 * exact[-1]

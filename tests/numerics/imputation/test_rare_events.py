"""The logistic posterior where events are rare or common and clusters without (or of nothing but) events
ordinary: held to a grid over all its parameters, and never called separated when it is not."""

from dataclasses import dataclass

import numpy as np
import pytest
from scipy import special

from precept_stats.numerics.imputation.logistic import (
    LARGEST,
    LogisticPosterior,
    Separated,
    Unsettled,
    _modes,
    integrated,
    logistic_posterior,
    maximum,
)
from precept_stats.numerics.imputation.rows import Answered, Unanswered
from precept_stats.numerics.imputation.separation import separating_columns


@dataclass(frozen=True)
class Counts:
    """Events and rows by cluster."""

    events: tuple[int, ...]
    sizes: tuple[int, ...]

    def rows(self, silent: int = 0) -> Answered:
        """With an intercept alone, and clusters without rows after the others."""
        pairs = list(zip(self.events, self.sizes, strict=True))
        y = np.concatenate([np.repeat([1.0, 0.0], [s, n - s]) for s, n in pairs])
        cluster = np.repeat(np.arange(len(pairs)), self.sizes)
        return Answered(np.ones((len(y), 1)), y, cluster, len(pairs) + silent)


def on_a_grid(counts: Counts) -> tuple[np.ndarray, np.ndarray, float]:
    """Mean and standard deviation of the log odds of each cluster and of a new one; the mean of tau.

    Sums over beta, tau and the effect of each cluster, with nothing approximated but by the grid.
    """
    taus = (np.arange(60) + 0.5) * LARGEST / 60
    betas, z = np.linspace(-18.0, 18.0, 241), np.linspace(-8.0, 8.0, 129)
    eta = betas[None, :, None] + taus[:, None, None] * z
    pairs = list(zip(counts.events, counts.sizes, strict=True))
    parts = {}
    for s, n in {*pairs, (0, 0)}:
        height = s * special.log_expit(eta) + (n - s) * special.log_expit(-eta) - z**2 / 2
        total = special.logsumexp(height, axis=2)
        chance = np.exp(height - total[:, :, None])
        parts[s, n] = total, (chance * eta).sum(axis=2), (chance * eta**2).sum(axis=2)
    joint = sum(parts[pair][0] for pair in pairs)
    joint = np.exp(joint - joint.max())
    joint /= joint.sum()
    first = np.array([(joint * parts[pair][1]).sum() for pair in (*pairs, (0, 0))])
    second = np.array([(joint * parts[pair][2]).sum() for pair in (*pairs, (0, 0))])
    return first, np.sqrt(second - first**2), float(joint.sum(axis=1) @ taus)


@pytest.mark.parametrize(
    "counts",
    [
        Counts((3, 5, 2, 5, 0, 2, 2, 4), (60, 78, 50, 88, 33, 52, 51, 83)),
        Counts((0, 5, 5, 4, 1, 2, 4, 2), (20, 25, 25, 20, 18, 17, 26, 17)),
        Counts((1, 0, 0, 6, 0, 2, 0, 0, 9, 0), (20, 25, 12, 30, 18, 17, 26, 17, 40, 22)),
        Counts(
            (30, 37, 14, 38, 25, 28, 27, 21, 41, 11, 19, 25), (35, 40, 15, 40, 29, 30, 33, 23, 45, 15, 23, 26)
        ),
        Counts((2, 0, 1, 3, 0, 2, 2, 3, 2, 0, 3, 4, 3, 3, 1, 2, 8, 0, 2, 1), (36,) * 20),
    ],
    ids=["5 %", "10 %", "most clusters without events", "90 %", "20 clusters"],
)
def test_draws_have_the_moments_of_a_grid_over_everything(counts: Counts) -> None:
    mean, spread, tau = on_a_grid(counts)
    posterior = logistic_posterior(counts.rows(silent=1))
    assert isinstance(posterior, LogisticPosterior)
    places = (np.arange(2000) + 0.5) / 2000
    assert np.interp(places, posterior.cumulative, posterior.taus).mean() == pytest.approx(tau, abs=0.04)
    clusters, generator = len(mean), np.random.default_rng(2)
    asked = Unanswered(np.ones((clusters, 1)), np.arange(clusters))
    drawn = np.array([posterior.draw(generator, asked).linear for _ in range(1000)])
    np.testing.assert_allclose((drawn.mean(axis=0) - mean) / spread, 0.0, atol=0.15)
    np.testing.assert_allclose(drawn.std(axis=0) / spread, 1.0, atol=0.12)


def ordinary(number: int) -> Answered:
    """A trial's arm with a covariate: 8 to 20 clusters, events from 5 % to 90 %."""
    random = np.random.default_rng([20, number])
    chance, clusters = (0.05, 0.1, 0.15, 0.9)[number % 4], (8, 10, 12, 20)[number // 4 % 4]
    size = random.integers(15, 60, clusters) * (2 if chance == 0.05 else 1)
    cluster = np.repeat(np.arange(clusters), size)
    x = random.standard_normal(len(cluster))
    level = special.logit(chance) + 0.5 * random.standard_normal(clusters)
    y = random.random(len(cluster)) < special.expit(level[cluster] + 0.3 * x)
    return Answered(np.column_stack([np.ones(len(y)), x]), y.astype(float), cluster, clusters)


def test_no_ordinary_trial_fails() -> None:
    trials = [ordinary(number) for number in range(40)]
    events = [np.bincount(one.cluster, one.y) for one in trials]
    alike = [((s == 0) | (s == np.bincount(t.cluster))).any() for s, t in zip(events, trials, strict=True)]
    assert 15 < sum(alike) < 40
    found = [logistic_posterior(one) for one in trials]
    assert [one for one in found if not isinstance(one, LogisticPosterior)] == []


@pytest.mark.parametrize("tau", [2.0, 3.5, LARGEST])
def test_the_maximum_at_a_large_spread_is_flat_and_highest(tau: float) -> None:
    rows = Counts((1, 0, 0, 6, 0, 2, 0, 0), (20, 25, 12, 30, 18, 17, 26, 17)).rows()
    found = maximum(rows, tau, np.zeros(1))
    assert found is not None
    assert np.abs(integrated(rows, found.params, tau)[1]).max() < 1e-5
    z = np.linspace(-12.0, 12.0, 4001)

    def height(beta: float) -> float:
        eta = beta + tau * z
        pairs = zip(*np.unique(rows.cluster, return_counts=True), strict=True)
        logs = [
            special.logsumexp(s * special.log_expit(eta) + (n - s) * special.log_expit(-eta) - z**2 / 2)
            for s, n in ((rows.y[rows.cluster == k].sum(), n) for k, n in pairs)
        ]
        return float(np.sum(logs))

    near = np.array([height(found.params[0] + off) for off in (-0.05, 0.0, 0.05)])
    assert near[1] > max(near[0], near[2])
    curvature = -(near[0] - 2 * near[1] + near[2]) / 0.05**2
    assert found.information[0, 0] == pytest.approx(curvature, rel=0.01)


@pytest.mark.parametrize("eta", [-12.0, -2.5, -2.4, 2.5, 7.0])
def test_the_mode_of_an_effect_is_found_where_newton_goes_to_and_fro(eta: float) -> None:
    rows = Counts((250, 0, 400), (500, 40, 400)).rows()
    mode, deviation = _modes(rows, np.full(len(rows.y), eta), LARGEST)
    chance = special.expit(eta + LARGEST * mode)
    sizes = np.array([500, 40, 400])
    slope = LARGEST * (np.array([250, 0, 400]) - sizes * chance) - mode
    np.testing.assert_allclose(slope * deviation**2, 0.0, atol=1e-6)


def test_a_level_without_events_is_named_and_clusters_without_events_are_not() -> None:
    rows = ordinary(1)
    level = np.zeros(len(rows.y))
    level[np.flatnonzero(rows.y == 0)[:7]] = 1.0
    X = np.column_stack([rows.X, level])
    found = logistic_posterior(Answered(X, rows.y, rows.cluster, rows.clusters))
    assert found == Separated((2,))
    level[np.flatnonzero(rows.y == 1)[0]] = 1.0
    X = np.column_stack([rows.X, level])
    assert isinstance(logistic_posterior(Answered(X, rows.y, rows.cluster, rows.clusters)), LogisticPosterior)


def test_an_arm_without_events_is_separated_where_arms_share_a_model() -> None:
    rows = ordinary(3)
    arm = (rows.cluster % 2).astype(float)
    y = np.where(arm == 1.0, 0.0, rows.y)
    X = np.column_stack([rows.X, arm])
    assert logistic_posterior(Answered(X, y, rows.cluster, rows.clusters)) == Separated((2,))


def test_only_what_separates_is_called_separated() -> None:
    x = np.array([-3.0, -2.0, -1.0, 1.0, 2.0, 3.0])
    X = np.column_stack([np.ones(6), x])
    assert separating_columns(X, (x > 0).astype(float)) == (1,)
    assert separating_columns(X, np.array([0.0, 0, 1, 0, 1, 1])) == ()
    assert separating_columns(X[:, :1], np.zeros(6)) == (0,)
    assert separating_columns(1e6 * X, np.array([0.0, 1, 0, 1, 1, 1])) == ()


def test_an_outlying_row_is_no_separation() -> None:
    """A fitted log odds far from 0 in one row with a huge value of a covariate is not runaway."""
    rows = ordinary(2)
    X = rows.X.copy()
    X[np.flatnonzero(rows.y == 1)[0], 1] = 400.0
    found = logistic_posterior(Answered(X, rows.y, rows.cluster, rows.clusters))
    assert not isinstance(found, Separated)


def test_a_maximum_that_is_not_found_is_not_called_separation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("precept_stats.numerics.imputation.logistic.STEPS", 1)
    assert logistic_posterior(ordinary(0)) == Unsettled(0.0)

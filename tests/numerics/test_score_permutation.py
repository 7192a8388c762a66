"""The score test over allocations against a plain loop that refits and multiplies out for each of them."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import expit

from precept_stats.numerics.allocations import Blocks, Drawn, Every, Listed
from precept_stats.numerics.gee.cells import GeeRows
from precept_stats.numerics.gee.correlation import Correlation, Exchangeable, Independence
from precept_stats.numerics.gee.families import (
    Binomial,
    Family,
    Gaussian,
    Identity,
    Log,
    Logit,
    Poisson,
)
from precept_stats.numerics.gee.fit import GeeModel, fit_gee
from precept_stats.numerics.score_permutation import ScorePermutationTest, score_permutation_test
from precept_stats.numerics.shift_tests import difference_test

LAWS = {
    "logit": Family(Logit(), Binomial()),
    "log": Family(Log(), Poisson()),
    "identity": Family(Identity(), Gaussian()),
}
MEAN = {"logit": expit, "log": np.exp, "identity": lambda eta: eta}
SLOPE = {"logit": lambda m: m * (1 - m), "log": lambda m: m, "identity": np.ones_like}
VARIANCE = {"logit": lambda m: m * (1 - m), "log": lambda m: m, "identity": np.ones_like}


class Trial:
    """People of a few clusters with one covariate, the arm, a stratum, and the weight of their cluster."""

    def __init__(self, seed: int, law: str, clusters: int = 8, *, strata: bool = False) -> None:
        rng = np.random.default_rng(seed)
        sizes = rng.integers(12, 40, clusters)
        self.law, self.cluster = law, np.repeat(np.arange(clusters), sizes)
        self.block = (np.arange(clusters) // (clusters // 2) if strata else np.zeros(clusters)).astype(
            np.intp
        )
        arms = [rng.permutation(np.arange((self.block == b).sum()) % 2) for b in np.unique(self.block)]
        self.arm = np.concatenate(arms).astype(np.intp)
        self.x = rng.normal(size=len(self.cluster))
        eta = 0.3 * rng.normal(size=clusters)[self.cluster] + 0.4 * self.x + 0.3 * self.arm[self.cluster]
        draw = {
            "logit": lambda: (rng.random(len(eta)) < expit(eta - 0.3)).astype(float),
            "log": lambda: rng.poisson(np.exp(eta)).astype(float),
            "identity": lambda: eta + rng.normal(size=len(eta)),
        }
        self.y = draw[law]()
        self.weight = np.ones(clusters)

    @property
    def nuisance(self) -> np.ndarray:
        strata = [self.block[self.cluster] == b for b in np.unique(self.block)[1:]]
        return np.column_stack([np.ones(len(self.y)), self.x, *strata]).astype(float)

    def test(
        self, correlation: Correlation, *, studentised: bool, allocated=None, how=None
    ) -> ScorePermutationTest:
        N = self.nuisance
        X = np.column_stack([N[:, 0], self.arm[self.cluster], N[:, 1:]])
        ones = np.ones(len(self.y))
        rows = GeeRows(
            X, ones, self.y, self.y**2, ones, self.cluster, np.zeros_like(self.cluster), self.weight
        )
        fit = fit_gee(rows, GeeModel(LAWS[self.law], correlation))
        assert fit.reason == ""
        allocated = allocated or Blocks(self.arm, self.block)
        return score_permutation_test(fit, allocated, how or Every(), studentised=studentised)


def slow_fit(trial: Trial, exchangeable: bool, shift: float):
    """Null parameters and the dense inverse covariance of every cluster, by plain scoring with an offset."""
    N, law = trial.nuisance, trial.law
    offset = shift * trial.arm[trial.cluster]
    params, alpha = np.zeros(N.shape[1]), 0.0
    if law == "log":
        params[0] = math.log(trial.y.mean())
    for _ in range(200):
        mean = MEAN[law](N @ params + offset)
        D = SLOPE[law](mean)[:, None] * N
        pearson = (trial.y - mean) / np.sqrt(VARIANCE[law](mean))
        if exchangeable:
            scale = np.mean(pearson**2)
            groups = [pearson[trial.cluster == k] for k in range(len(trial.arm))]
            products = sum((g.sum() ** 2 - (g**2).sum()) / 2 for g in groups)
            alpha = products / sum(len(g) * (len(g) - 1) / 2 for g in groups) / scale
        inverses, information, score = [], 0.0, 0.0
        for k in range(len(trial.arm)):
            mine = trial.cluster == k
            n = mine.sum()
            root = np.sqrt(VARIANCE[law](mean[mine]))
            R = (1 - alpha) * np.eye(n) + alpha
            inverses.append(trial.weight[k] * np.linalg.inv(root[:, None] * R * root))
            information = information + D[mine].T @ inverses[k] @ D[mine]
            score = score + D[mine].T @ inverses[k] @ (trial.y - mean)[mine]
        step = np.linalg.solve(information, score)
        params = params + step
        if np.abs(step).max() < 1e-13:
            break
    return mean, D, inverses, information


def slow_statistic(trial: Trial, exchangeable: bool, shift: float, z: np.ndarray, studentised: bool) -> float:
    """The efficient score of one allocation, cluster by cluster with dense matrices."""
    mean, D, inverses, information = slow_fit(trial, exchangeable, shift)
    unit = SLOPE[trial.law](mean)
    column = unit * z[trial.cluster]
    crossed, own, others = 0.0, [], []
    for k in range(len(trial.arm)):
        mine = trial.cluster == k
        left = (trial.y - mean)[mine]
        crossed = crossed + column[mine] @ inverses[k] @ D[mine]
        own.append(column[mine] @ inverses[k] @ left)
        others.append(D[mine].T @ inverses[k] @ left)
    efficient = np.array(own) - np.array(others) @ np.linalg.solve(information, crossed)
    return efficient.sum() / (math.sqrt((efficient**2).sum()) if studentised else 1.0)


def allocations(block: np.ndarray, arm: np.ndarray) -> list[np.ndarray]:
    choices = [
        list(itertools.combinations(np.flatnonzero(block == b), int(arm[block == b].sum())))
        for b in np.unique(block)
    ]
    found = []
    for chosen in itertools.product(*choices):
        z = np.zeros(len(arm))
        z[list(itertools.chain(*chosen))] = 1.0
        found.append(z)
    return found


CASES = [
    (law, exchangeable, studentised, strata)
    for law in LAWS
    for exchangeable in (False, True)
    for studentised in (False, True)
    for strata in (False, True)
]


@pytest.mark.parametrize(("law", "exchangeable", "studentised", "strata"), CASES)
@pytest.mark.parametrize("shift", [0.0, 0.35])
def test_every_allocation_has_the_statistic_of_a_loop(law, exchangeable, studentised, strata, shift):
    trial = Trial(11, law, 8, strata=strata)
    test = trial.test(Exchangeable() if exchangeable else Independence(), studentised=studentised)
    slow = np.array(
        [
            slow_statistic(trial, exchangeable, shift, z, studentised)
            for z in allocations(trial.block, trial.arm)
        ]
    )
    own = slow_statistic(trial, exchangeable, shift, trial.arm.astype(float), studentised)
    assert test.statistic(shift) == pytest.approx(own, rel=1e-6, abs=1e-8)
    expected = np.mean(np.abs(slow) >= abs(own) * (1 - 1e-7))
    assert test.p_value(shift) == pytest.approx(expected, abs=1e-12)
    assert test.exact
    assert test.replicates == len(slow)
    if shift == 0.0:
        reference = test.reference()
        assert np.sort(reference.statistics) == pytest.approx(np.sort(slow), rel=1e-6, abs=1e-7)
        largest = np.abs(slow).max()
        assert test.smallest_p() == pytest.approx(np.mean(np.abs(slow) >= largest * (1 - 1e-7)))


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("exchangeable", [False, True])
def test_the_score_is_0_at_the_estimate_and_limits_are_where_p_falls(law, exchangeable):
    trial = Trial(5, law, 8)
    test = trial.test(Exchangeable() if exchangeable else Independence(), studentised=False)
    z = trial.arm.astype(float)
    root = brentq(lambda d: slow_statistic(trial, exchangeable, d, z, False), -3, 3, xtol=1e-10)
    assert test.estimate == pytest.approx(root, abs=1e-6)
    assert test.p_value(test.estimate) == 1.0
    alpha = 0.2
    lower, upper = test.limits(alpha)
    assert lower < test.estimate < upper
    for limit, out in ((lower, -1), (upper, 1)):
        assert test.p_value(limit - out * 1e-6) > alpha
        assert test.p_value(limit + out * 1e-6) <= alpha


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("exchangeable", [False, True])
@pytest.mark.parametrize("seed", range(1, 7))
def test_a_limit_is_where_the_p_that_is_shown_falls(law, exchangeable, seed):
    trial, alpha = Trial(seed, law, 8), 0.05
    test = trial.test(Exchangeable() if exchangeable else Independence(), studentised=True)
    for limit, out in zip(test.limits(alpha), (-1, 1), strict=True):
        if math.isfinite(limit):
            assert test.p_value(limit + out * 1e-6) <= alpha < test.p_value(limit - out * 1e-6)


@pytest.mark.parametrize("seed", range(1, 7))
def test_the_mirror_of_the_allocation_used_ties_with_it_at_every_null_value(seed):
    trial = Trial(seed, "logit", 8)
    test = trial.test(Exchangeable(), studentised=True)
    for shift in np.linspace(-1.5, 2.5, 9):
        pieces = test._at(float(shift))
        scores, variances = test._statistics(pieces)
        score, variance = test._observed(pieces)
        sizes = scores**2 / variances / (score**2 / variance)
        assert np.sum(np.abs(sizes - 1.0) < 1e-13) == 2


def test_few_allocations_bear_no_limits():
    trial = Trial(3, "identity", 6)
    test = trial.test(Independence(), studentised=False)
    assert test.smallest_p() == pytest.approx(0.1)
    assert test.limits(0.05) == (-math.inf, math.inf)


@pytest.mark.parametrize("strata", [False, True])
def test_without_covariates_it_is_the_test_of_the_difference(strata):
    """Every cluster counting the same, identity link: the score is a multiple of the difference."""
    trial = Trial(21, "identity", 8, strata=strata)
    trial.x = np.zeros(0)
    sizes = np.bincount(trial.cluster)
    trial.weight = 1.0 / sizes

    class Plain(Trial):
        nuisance = property(
            lambda self: np.column_stack(
                [np.ones(len(self.y)), *(self.block[self.cluster] == b for b in np.unique(self.block)[1:])]
            ).astype(float)
        )

    trial.__class__ = Plain
    score = trial.test(Independence(), studentised=False)
    means = np.bincount(trial.cluster, trial.y) / sizes
    blocks = Blocks(trial.arm, trial.block)
    difference = difference_test(means, np.ones(8), blocks, Every())
    assert score.estimate == pytest.approx(difference.estimate, rel=1e-9)
    assert score.std_error == pytest.approx(difference.std_error, rel=1e-8)
    for shift in (0.0, 0.2, -0.7, 1.1):
        assert score.p_value(shift) == difference.p_value(shift)
    assert score.limits(0.1) == pytest.approx(difference.limits(0.1), abs=1e-6)


@pytest.mark.parametrize("studentised", [False, True])
def test_draws_and_sets_agree_with_all_allocations(studentised):
    trial = Trial(8, "logit", 8)
    every = trial.test(Independence(), studentised=studentised)
    codes = np.array(allocations(trial.block, trial.arm)).astype(np.int16)
    listed = trial.test(
        Independence(), studentised=studentised, allocated=Listed(trial.arm, trial.block, codes)
    )
    drawn = trial.test(Independence(), studentised=studentised, how=Drawn(20_000, np.random.default_rng(1)))
    for shift in (0.0, 0.5):
        p = every.p_value(shift)
        assert listed.p_value(shift) == pytest.approx(p, abs=1e-12)
        assert drawn.p_value(shift) == pytest.approx(p, abs=5 * math.sqrt(p * (1 - p) / 20_000) + 1e-4)
        assert drawn.p_value(shift) == drawn.p_value(shift)
    assert not drawn.exact
    assert drawn.replicates == 20_001
    assert drawn.smallest_p() == pytest.approx(1 / 20_001)


@pytest.mark.parametrize("studentised", [False, True])
def test_the_level_is_exact_whatever_the_allocation_that_was_used(studentised):
    """Outcomes that no allocation changes: over all of them, p is at most q in a share of at most q."""
    trial = Trial(2, "logit", 8)
    found = []
    for z in allocations(trial.block, trial.arm):
        trial.arm = z.astype(np.intp)
        found.append(trial.test(Independence(), studentised=studentised).p_value(0.0))
    p = np.array(found)
    for q in np.unique(p):
        assert np.mean(p <= q + 1e-12) == pytest.approx(q, abs=1e-12)

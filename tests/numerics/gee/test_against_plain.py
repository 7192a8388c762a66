"""Every variance, its degrees of freedom and the correlations, against full matrices."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from precept_stats.inference.sandwich_df import SandwichDf
from precept_stats.numerics.gee import batch, shifts, square_root, variance
from precept_stats.numerics.gee.fit import GeeFit, fit_gee

from . import plain
from .generated import CORRELATIONS, FAMILIES, model, plain_clusters, rows

KINDS = (
    "liang_zeger",
    "kauermann_carroll",
    "mancl_derouen",
    "fay_graubard",
    "morel_bokossa_neerchal",
    "cr2",
)
shapes = pytest.mark.parametrize(
    ("family", "working", "weighted", "coarse"),
    [(f, w, False, c) for f in FAMILIES for w in CORRELATIONS for c in (False, True)]
    + [("logit", w, True, False) for w in CORRELATIONS],
)


def ours(kind: str, fit: GeeFit) -> variance.Corrected:
    leverage = variance.leverage_of(fit)
    return {
        "liang_zeger": lambda: variance.liang_zeger(fit),
        "kauermann_carroll": lambda: variance.kauermann_carroll(fit, leverage),
        "mancl_derouen": lambda: variance.mancl_derouen(fit, leverage),
        "fay_graubard": lambda: variance.fay_graubard(fit),
        "morel_bokossa_neerchal": lambda: variance.morel_bokossa_neerchal(fit),
        "cr2": lambda: variance.cr2(fit),
    }[kind]()


@shapes
def test_variances_and_degrees_of_freedom(family: str, working: str, weighted: bool, coarse: bool) -> None:
    data = rows(7, family, weighted=weighted, coarse=coarse)
    fit = fit_gee(data, model(family, working))
    assert fit.reason == ""
    parts = plain.dense(plain_clusters(data), fit.model, fit.params, fit.alpha)
    M = plain.bread(parts)
    assert fit.bread == pytest.approx(M, rel=1e-9)
    assert plain.score(parts) @ M @ plain.score(parts) == pytest.approx(0, abs=1e-14)
    for kind in KINDS:
        found = ours(kind, fit)
        assert found.covariance == pytest.approx(
            plain.covariance(kind, parts, plain.scale(parts)), rel=1e-8, abs=1e-10
        ), kind
        if found.pieces is not None:
            rule = SandwichDf(*found.pieces(), fit.bread)
            for contrast in (np.eye(6)[1], np.eye(6)[5], np.array([1.0, 0.5, 0.2, 0, 0.1, 0])):
                assert rule(contrast) == pytest.approx(plain.satterthwaite(kind, parts, contrast), rel=1e-8)


@pytest.mark.parametrize("working", CORRELATIONS)
@pytest.mark.parametrize("family", ["logit", "gaussian", "poisson"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("coarse", [False, True])
def test_both_roads_to_the_symmetric_root(
    family: str, working: str, weighted: bool, coarse: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rational approximation, asked for where the eigen-decomposition is cheaper."""
    fit = fit_gee(rows(11, family, weighted=weighted, coarse=coarse), model(family, working))
    exact = variance.cr2(fit)
    asked = []

    def by_shifts(batch: batch.Batch, bounds: tuple) -> tuple:
        asked.extend(range(batch.first, batch.last))
        return shifts.by_shifts(batch, bounds)

    monkeypatch.setattr(square_root, "FEW", 0)
    monkeypatch.setattr(square_root, "by_shifts", by_shifts)
    near = variance.cr2(fit)
    assert asked == list(range(len(fit.clusters.score)))
    assert near.covariance == pytest.approx(exact.covariance, rel=1e-9, abs=1e-13)
    for one, other in zip(near.pieces(), exact.pieces(), strict=True):
        assert one == pytest.approx(other, rel=1e-9, abs=1e-10)


@pytest.mark.parametrize("spread", [1.5, 1e2, 1e4, 1e6, 1e9])
def test_the_rational_approximation_of_an_inverse_root(spread: float) -> None:
    """Two clusters at a time, one of them with a narrower range."""
    lowest = np.array([0.3, 2.0])
    highest = np.array([0.3 * spread, 2.0 * spread**0.5])
    for low, high, at, shares in zip(lowest, highest, *shifts.shifted_inverses(lowest, highest), strict=True):
        x = np.geomspace(low, high, 301)
        assert np.sum(shares / (x[:, None] + at), axis=1) == pytest.approx(x**-0.5, rel=1e-10)


@pytest.mark.parametrize("family", ["logit", "gaussian", "poisson"])
def test_no_variance_depends_on_what_all_weights_are_multiplied_by(family: str) -> None:
    data = rows(9, family, weighted=True)
    one, other = (
        fit_gee(replace(data, weight=times * data.weight), model(family, "exchangeable"))
        for times in (1.0, 3.0)
    )
    assert other.scale == pytest.approx(3.0 * one.scale, rel=1e-9)
    for kind in KINDS:
        assert ours(kind, other).covariance == pytest.approx(ours(kind, one).covariance, rel=1e-7, abs=1e-12)


@pytest.mark.parametrize("corrected", [False, True], ids=["moments", "maee"])
@pytest.mark.parametrize("working", ["exchangeable", "nested", "decay"])
@pytest.mark.parametrize("family", ["logit", "gaussian", "poisson"])
def test_correlations_and_their_errors_are_those_of_all_pairs(
    family: str, working: str, corrected: bool
) -> None:
    data = rows(5, family, alike=1.2)
    fit = fit_gee(data, model(family, working, corrected=corrected))
    assert fit.reason == ""
    clusters = plain_clusters(data)
    if working == "exchangeable":
        clusters = [plain.Cluster(c.y, c.X, c.exposure, 0 * c.period, c.weight) for c in clusters]
    parts = plain.dense(clusters, fit.model, fit.params, fit.alpha)
    products, pairs, squares = plain.pair_products(parts, clusters, corrected=corrected)
    scale = squares.sum() / sum(len(c.y) for c in clusters)
    assert fit.scale == pytest.approx(scale, rel=1e-9)
    lags = pairs.shape[1]
    at = fit.model.correlation.at_lag(fit.alpha, lags)
    slopes = fit.model.correlation.slopes(fit.alpha, lags)
    u = (products / scale - pairs * at) @ slopes
    size = np.abs(products / scale) @ np.abs(slopes)
    assert np.abs(u.sum(axis=0)) == pytest.approx(0, abs=1e-7 * size.sum())
    B = np.linalg.inv(slopes.T @ (pairs.sum(axis=0)[:, None] * slopes))
    assert fit.alpha_errors == pytest.approx(np.sqrt(np.diag(B @ u.T @ u @ B)), rel=1e-6)


def test_the_smallest_eigenvalue_is_that_of_the_whole_correlation() -> None:
    data = rows(5, "gaussian")
    for working, held in (
        ("exchangeable", (-0.05,)),
        ("exchangeable", (-0.08,)),
        ("nested", (0.2, 0.4)),
        ("decay", (0.3, 0.6)),
    ):
        fit = fit_gee(data, model("gaussian", working, held=held))
        least = min(
            np.linalg.eigvalsh(plain.correlation_matrix(fit.model, np.array(held), c.period))[0]
            for c in plain_clusters(data)
        )
        assert fit.smallest == pytest.approx(least, rel=1e-9)
        assert fit.reason == ("" if least > 0 else "correlation")


def test_one_step_jackknife_is_mancl_derouen() -> None:
    """With a linear model and a given correlation, leaving out each cluster in turn gives the same."""
    data = rows(9, "gaussian")
    held = model("gaussian", "exchangeable", held=(0.1,))
    fit = fit_gee(data, held)
    changes = []
    for k in range(len(data.weight)):
        kept = data.cluster != k
        codes = np.unique(data.cluster[kept], return_inverse=True)[1]
        less = type(data)(
            data.X[kept], data.count[kept], data.total[kept], data.squares[kept], data.exposure[kept],
            codes, data.period[kept], np.delete(data.weight, k),
        )  # fmt: skip
        changes.append(fit_gee(less, held).params - fit.params)
    expected = np.array(changes).T @ np.array(changes)
    assert ours("mancl_derouen", fit).covariance == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("working", ["independence", "exchangeable", "nested"])
@pytest.mark.parametrize("family", ["logit", "gaussian", "poisson"])
def test_the_jackknife_is_a_loop_over_clusters(family: str, working: str) -> None:
    data = rows(5, family, weighted=working == "independence", alike=1.0)
    fit = fit_gee(data, model(family, working, corrected=working == "exchangeable"))
    clusters = plain_clusters(data)
    if working == "exchangeable":
        clusters = [replace(c, period=0 * c.period) for c in clusters]
    K = len(clusters)
    changes = [
        plain.solved(clusters[:k] + clusters[k + 1 :], fit.model, fit.params) - fit.params for k in range(K)
    ]
    expected = (K - 1) / K * sum(np.outer(change, change) for change in changes)
    found = variance.jackknife(fit)
    assert found.failed == ()
    assert found.covariance == pytest.approx(expected, rel=1e-7, abs=1e-11)
    if family == "gaussian" and working == "independence":
        one_step = ours("mancl_derouen", fit).covariance
        assert found.covariance == pytest.approx((K - 1) / K * one_step, rel=1e-8)


def test_a_cluster_that_cannot_be_left_out_is_told() -> None:
    """All events of an arm are in one cluster."""
    data = rows(5, "logit")
    total = np.where((data.X[:, 1] == 1) & (data.cluster != 3), 0.0, data.total)
    fit = fit_gee(replace(data, total=total, squares=total), model("logit", "independence"))
    assert fit.reason == ""
    assert variance.jackknife(fit).failed == ((3, "separation"),)

"""What CR2 is unbiased under when clusters weigh the same: weights as inverse variances, or people alike."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import linalg

from precept_stats.numerics.gee import variance
from precept_stats.numerics.gee.fit import fit_gee

from . import plain
from .generated import model, plain_clusters, rows


def expected_over_true(parts: list[plain.Dense], targets: list[np.ndarray], alike: float) -> float:
    """The mean of CR2's variance of the effect over the variance it has, outcomes correlated ``alike``.

    Pustejovsky and Tipton (2018), eq. 8 and 9, with a target that need not be the inverse of the weights.
    """
    M = plain.bread(parts)
    D = np.vstack([d.D for d in parts])
    W = linalg.block_diag(*[np.linalg.inv(d.V) for d in parts])
    residual = np.eye(len(D)) - D @ M @ D.T @ W
    target = linalg.block_diag(*targets)
    true = linalg.block_diag(*[alike + (1 - alike) * np.eye(len(d.e)) for d in parts])
    around = residual @ target @ residual.T
    found, start = 0.0, 0
    for d, own in zip(parts, targets, strict=True):
        at = slice(start, start + len(d.e))
        U = np.linalg.cholesky(own).T
        values, vectors = np.linalg.eigh(U @ around[at, at] @ U.T)
        A = U.T @ (vectors / np.sqrt(values)) @ vectors.T @ U
        pull = (M[1] @ d.D.T @ np.linalg.inv(d.V) @ A) @ residual[at]
        found += pull @ true @ pull
        start = at.stop
    effect = M[1] @ D.T @ W
    return float(found / (effect @ true @ effect))


def test_weights_as_inverse_variances_make_it_unbiased_however_alike_people_are() -> None:
    """With clusters weighing the same it is Welch's variance of their means; the other target falls short."""
    data = rows(3, "gaussian", weighted=True)
    data = replace(data, X=data.X[:, :2])
    fit = fit_gee(data, model("gaussian", "independence"))
    parts = plain.dense(plain_clusters(data), fit.model, fit.params, fit.alpha)
    assert variance.cr2(fit).covariance == pytest.approx(plain.covariance("cr2", parts, fit.scale), rel=1e-9)
    working = [d.V for d in parts]
    people = [np.eye(len(d.e)) for d in parts]
    for alike in (0.0, 0.02, 0.3):
        assert expected_over_true(parts, working, alike) == pytest.approx(1, rel=1e-9)
    short = [expected_over_true(parts, people, alike) for alike in (0.0, 0.02, 0.3)]
    assert short[0] == pytest.approx(1, rel=1e-9)
    assert short[2] < short[1] < 1

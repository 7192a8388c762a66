"""Cluster probabilities that stay inside 0 to 1: beta margins tied together by a normal copula.

A cluster has a standard normal score; its probability is the beta quantile at that score. With
Beta(m(1-r)/r, (1-m)(1-r)/r) the mean is exactly m and the intraclass correlation of two binary
outcomes in the cluster exactly r, whatever m is (the beta-binomial model). Moments across
periods follow from Mehler's formula: for scores with correlation q, and Hermite coefficients a
and b of two functions, E[f(Z1) g(Z2)] = sum_k a_k b_k q^k.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.special import betainccinv, betaincinv, ndtr

Floats = NDArray[np.float64]

TERMS = 60
QUADRATURE_NODES = 120
SCORE_LIMIT = 8.0


def beta_probability(score: ArrayLike, mean: ArrayLike, icc: float) -> Floats:
    """Cluster probability at a standard normal score; ``score`` and ``mean`` broadcast.

    ``icc`` is in [0, 1); 0 gives the mean itself. Monotone in both the score and the mean. Scores
    are taken as no further than 8 from 0 (probability beyond: 1e-15), where the quantile is accurate.
    """
    clipped = np.clip(np.asarray(score, float), -SCORE_LIMIT, SCORE_LIMIT)
    scores, means = np.broadcast_arrays(clipped, np.asarray(mean, float))
    if icc == 0:
        return means.copy()
    precision = (1 - icc) / icc
    a, b = means * precision, (1 - means) * precision
    lower = betaincinv(a, b, ndtr(np.minimum(scores, 0.0)))
    upper = betainccinv(a, b, ndtr(-np.maximum(scores, 0.0)))
    return np.asarray(np.where(scores < 0, lower, upper))


def normal_nodes() -> tuple[Floats, Floats]:
    """Gauss-Hermite nodes and weights for a standard normal expectation, each (nodes,)."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(QUADRATURE_NODES)
    return nodes, weights / weights.sum()


def hermite_coefficients(values: Floats) -> Floats:
    """Coefficients (..., TERMS) on the orthonormal Hermite basis of values (..., nodes) at the nodes.

    The first is the mean; the sum of squares of the others is the variance.
    """
    nodes, weights = normal_nodes()
    basis = np.empty((TERMS, nodes.size))
    basis[0], basis[1] = 1.0, nodes
    for k in range(2, TERMS):
        basis[k] = (nodes * basis[k - 1] - np.sqrt(k - 1) * basis[k - 2]) / np.sqrt(k)
    return np.asarray(values @ (basis * weights).T)


def product_moment(left: Floats, right: Floats, score_correlation: float) -> Floats:
    """E[f(Z1) g(Z2)] for coefficients (..., TERMS) and scores with the given correlation."""
    return np.asarray((left * right) @ score_correlation ** np.arange(TERMS))


def score_correlation(left: Floats, right: Floats, correlation: float) -> float:
    """The correlation of normal scores that gives f(Z1) and g(Z2) the wanted correlation in [0, 1].

    ``left`` and ``right`` are coefficients (TERMS,). Two unlike margins cannot reach 1; scores
    with correlation 1 then come nearest, and are what is returned.
    """
    a, b = left[1:], right[1:]
    scale = np.sqrt((a @ a) * (b @ b))
    if correlation <= 0 or scale == 0:
        return 0.0
    powers = np.arange(1, TERMS)

    def excess(q: float) -> float:
        return float((a * b) @ q**powers / scale - correlation)

    return 1.0 if excess(1.0) <= 0 else float(brentq(excess, 0.0, 1.0, xtol=1e-13))

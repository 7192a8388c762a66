"""Estimating equations and their variances with a row an outcome and full matrices: slow, plain."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg

from precept_stats.numerics.gee.fit import GeeModel


@dataclass
class Cluster:
    """One cluster: outcomes y, columns X, exposure, period, and its weight."""

    y: np.ndarray
    X: np.ndarray
    exposure: np.ndarray
    period: np.ndarray
    weight: float


@dataclass
class Dense:
    """The matrices of a cluster at some parameters; V has the weight and no scale."""

    D: np.ndarray
    V: np.ndarray
    e: np.ndarray
    sd: np.ndarray


def correlation_matrix(model: GeeModel, alpha: np.ndarray, period: np.ndarray) -> np.ndarray:
    name = type(model.correlation).__name__
    n = len(period)
    apart = np.abs(period[:, None] - period[None, :])
    if name == "Independence":
        R = np.zeros((n, n))
    elif name == "Exchangeable":
        R = np.full((n, n), alpha[0])
    elif name == "NestedExchangeable":
        R = np.where(apart == 0, alpha[0], alpha[1])
    else:
        R = alpha[0] * alpha[1] ** apart.astype(float)
    np.fill_diagonal(R, 1.0)
    return R


def dense(clusters: list[Cluster], model: GeeModel, beta: np.ndarray, alpha: np.ndarray) -> list[Dense]:
    out = []
    for c in clusters:
        eta = c.X @ beta
        mean = c.exposure * model.family.link.mean(eta)
        sd = np.sqrt(model.family.variance.of(mean))
        D = (c.exposure * model.family.link.mean_slope(eta))[:, None] * c.X
        R = correlation_matrix(model, alpha, c.period)
        out.append(Dense(D, sd[:, None] * R * sd / c.weight, c.y - mean, sd))
    return out


def bread(parts: list[Dense]) -> np.ndarray:
    return np.linalg.inv(sum(d.D.T @ np.linalg.solve(d.V, d.D) for d in parts))


def score(parts: list[Dense]) -> np.ndarray:
    return sum(d.D.T @ np.linalg.solve(d.V, d.e) for d in parts)


def scale(parts: list[Dense]) -> float:
    """What V, which has the weights, is to be multiplied by: the mean square of residuals over its roots."""
    return float(np.mean(np.concatenate([d.e**2 / np.diag(d.V) for d in parts])))


def adjustment(kind: str, d: Dense, M: np.ndarray) -> np.ndarray:
    """What the residuals of a cluster are multiplied by (n, n)."""
    n = len(d.e)
    H = d.D @ M @ d.D.T @ np.linalg.inv(d.V)
    if kind == "liang_zeger":
        return np.eye(n)
    if kind == "kauermann_carroll":
        return np.linalg.inv(np.real(linalg.sqrtm(np.eye(n) - H)))
    if kind == "mancl_derouen":
        return np.linalg.inv(np.eye(n) - H)
    U = np.linalg.cholesky(d.V).T
    B = U @ (d.V - d.D @ M @ d.D.T) @ U.T
    return U.T @ np.linalg.inv(np.real(linalg.sqrtm(0.5 * (B + B.T)))) @ U


def scores(kind: str, parts: list[Dense]) -> np.ndarray:
    """Adjusted scores by cluster (K, p)."""
    M = bread(parts)
    found = []
    for d in parts:
        W = np.linalg.inv(d.V)
        if kind == "fay_graubard":
            leverage = np.diag(d.D.T @ W @ d.D @ M)
            found.append((1 - np.minimum(0.75, leverage)) ** -0.5 * (d.D.T @ W @ d.e))
        else:
            found.append(d.D.T @ W @ adjustment(kind, d, M) @ d.e)
    return np.array(found)


def covariance(kind: str, parts: list[Dense], scale: float) -> np.ndarray:
    M = bread(parts)
    if kind == "morel_bokossa_neerchal":
        K, p, n = len(parts), len(M), sum(len(d.e) for d in parts)
        u = scores("liang_zeger", parts) / scale
        model, squares = scale * M, u.T @ u
        c = (n - 1) / (n - p) * K / (K - 1)
        excess = max(1.0, c * np.trace(squares @ model) / p)
        return c * model @ squares @ model + min(0.5, p / (K - p)) * excess * model
    u = scores(kind, parts)
    return M @ u.T @ u @ M


def satterthwaite(kind: str, parts: list[Dense], contrast: np.ndarray) -> float:
    """From the whole matrix of residual covariances."""
    M = bread(parts)
    D = np.vstack([d.D for d in parts])
    V = linalg.block_diag(*[d.V for d in parts])
    residual = V - D @ M @ D.T
    starts = np.cumsum([0] + [len(d.e) for d in parts])
    rows = np.zeros((len(parts), len(D)))
    for k, d in enumerate(parts):
        W = np.linalg.inv(d.V)
        if kind == "fay_graubard":
            factor = np.diag((1 - np.minimum(0.75, np.diag(d.D.T @ W @ d.D @ M))) ** -0.5)
            p = W @ d.D @ factor @ M @ contrast
        else:
            p = adjustment(kind, d, M).T @ W @ d.D @ M @ contrast
        rows[k, starts[k] : starts[k + 1]] = p
    P = rows @ residual @ rows.T
    return float(np.trace(P) ** 2 / np.sum(P**2))


def pair_products(parts: list[Dense], clusters: list[Cluster], *, corrected: bool, half: bool = True):
    """Products of standardised residuals over pairs by lag, pairs by lag, and squares, by cluster.

    ``half`` takes half of both orders of a pair; otherwise the first row's residual alone is corrected.
    """
    M = bread(parts)
    lags = 1 + max(int(np.ptp(c.period)) for c in clusters)
    products, pairs = np.zeros((len(parts), lags)), np.zeros((len(parts), lags))
    squares = np.zeros(len(parts))
    for k, (d, c) in enumerate(zip(parts, clusters, strict=True)):
        e = d.e / d.sd
        lifted = (adjustment("mancl_derouen", d, M) @ d.e) / d.sd if corrected else e
        G = np.outer(lifted, e)
        if half:
            G = 0.5 * (G + G.T)
        squares[k] = np.trace(G)
        for i in range(len(e)):
            for j in range(i + 1, len(e)):
                lag = abs(int(c.period[i]) - int(c.period[j]))
                products[k, lag] += G[i, j]
                pairs[k, lag] += 1
    return products, pairs, squares


def solved(clusters: list[Cluster], model: GeeModel, start: np.ndarray) -> np.ndarray:
    """The coefficients, mean and correlation in turn, from ``start``."""
    beta, alpha = start, np.zeros(len(model.correlation.names))
    for _ in range(200):
        parts = dense(clusters, model, beta, alpha)
        if len(alpha):
            products, pairs, squares = pair_products(parts, clusters, corrected=model.bias_corrected)
            scale = squares.sum() / sum(len(c.y) for c in clusters)
            alpha = model.correlation.estimate(products.sum(axis=0) / scale, pairs.sum(axis=0))
            parts = dense(clusters, model, beta, alpha)
        step = bread(parts) @ score(parts)
        beta = beta + step
        if np.max(np.abs(step)) < 1e-12:
            return beta
    raise AssertionError("no solution")

"""A second, slow wild bootstrap: one sample at a time, with a row an outcome and full matrices."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize


class Rows(NamedTuple):
    """Columns with the arm second, outcomes, cluster codes, and a weight a cluster."""

    X: np.ndarray
    y: np.ndarray
    cluster: np.ndarray
    weight: np.ndarray

    @property
    def w(self) -> np.ndarray:
        return self.weight[self.cluster]


def least_squares(X: np.ndarray, y: np.ndarray, w: np.ndarray) -> np.ndarray:
    root = np.sqrt(w)
    return np.linalg.lstsq(root[:, None] * X, root * y, rcond=None)[0]


def held_at(rows: Rows, shift: float) -> tuple[np.ndarray, np.ndarray]:
    """Residuals and fitted values with the coefficient of the arm held at a value."""
    others = np.delete(rows.X, 1, axis=1)
    rest = rows.y - shift * rows.X[:, 1]
    fitted = others @ least_squares(others, rest, rows.w) + shift * rows.X[:, 1]
    return rows.y - fitted, fitted


def linear_t(rows: Rows, y: np.ndarray, shift: float, variance: str) -> float:
    """The t statistic of the arm in a fit to y; CR1 with G / (G - 1), CR3 with (I - H)^-1."""
    beta = least_squares(rows.X, y, rows.w)
    e, G = y - rows.X @ beta, len(rows.weight)
    bread = np.linalg.inv(rows.X.T @ (rows.w[:, None] * rows.X))
    meat = np.zeros_like(bread)
    for g in range(G):
        i = rows.cluster == g
        left = e[i]
        if variance == "cr3":
            hat = rows.X[i] @ bread @ (rows.w[i, None] * rows.X[i]).T
            left = np.linalg.solve(np.eye(i.sum()) - hat, left)
        score = rows.X[i].T @ (rows.w[i] * left)
        meat += np.outer(score, score)
    factor = 1.0 if variance == "cr3" else G / (G - 1)
    return float((beta[1] - shift) / np.sqrt(factor * (bread @ meat @ bread)[1, 1]))


def glm_held(rows: Rows, kind: str, shift: float) -> np.ndarray:
    """Coefficients that maximise the weighted log-likelihood with that of the arm held at a value."""
    others, offset = np.delete(rows.X, 1, axis=1), shift * rows.X[:, 1]

    def loss(gamma: np.ndarray) -> tuple[float, np.ndarray]:
        eta = others @ gamma + offset
        if kind == "logit":
            value, mean = np.logaddexp(0.0, eta), 1.0 / (1.0 + np.exp(-eta))
        else:
            value = mean = np.exp(eta)
        return float(rows.w @ (value - rows.y * eta)), others.T @ (rows.w * (mean - rows.y))

    gamma = minimize(loss, np.zeros(others.shape[1]), jac=True, method="BFGS", options={"gtol": 1e-9}).x
    for _ in range(3):
        mean, slope = glm_mean(others @ gamma + offset, kind)
        information = others.T @ ((rows.w * slope)[:, None] * others)
        gamma = gamma + np.linalg.solve(information, others.T @ (rows.w * (rows.y - mean)))
    return np.insert(gamma, 1, shift)


def glm_mean(eta: np.ndarray, kind: str) -> tuple[np.ndarray, np.ndarray]:
    if kind == "logit":
        mean = 1.0 / (1.0 + np.exp(-eta))
        return mean, mean * (1.0 - mean)
    return np.exp(eta), np.exp(eta)


def glm_t(rows: Rows, kind: str, v: np.ndarray, shift: float, variance: str) -> float:
    """One step of Newton from the restricted fit with scores times v, and the t statistic there.

    Least squares on the working residuals z = (y - mean) / slope with weights w slope, a row at a time.
    """
    mean, slope = glm_mean(rows.X @ glm_held(rows, kind, shift), kind)
    z = v[rows.cluster] * (rows.y - mean) / slope
    W = rows.w * slope
    bread = np.linalg.inv(rows.X.T @ (W[:, None] * rows.X))
    step = bread @ rows.X.T @ (W * z)
    e, G = z - rows.X @ step, len(rows.weight)
    meat = np.zeros_like(bread)
    for g in range(G):
        i = rows.cluster == g
        left = e[i]
        if variance == "cr3":
            hat = rows.X[i] @ bread @ (W[i, None] * rows.X[i]).T
            left = np.linalg.solve(np.eye(i.sum()) - hat, left)
        score = rows.X[i].T @ (W[i] * left)
        meat += np.outer(score, score)
    factor = 1.0 if variance == "cr3" else G / (G - 1)
    return float(step[1] / np.sqrt(factor * (bread @ meat @ bread)[1, 1]))

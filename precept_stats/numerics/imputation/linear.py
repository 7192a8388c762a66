"""Exact draws from a Bayesian linear model with a random intercept: no chain, so none that must converge.

y = X beta + u[cluster] + e with u ~ N(0, tau^2), e ~ N(0, sigma^2), the prior flat for beta, for
log sigma and for the ratio theta = tau / sigma (Gelman 2006, Bayesian Analysis 1:515, on flat priors for
standard deviations). Given lambda = theta^2 everything but lambda has its integral in closed form, so
lambda is drawn from a grid of its marginal posterior and the others from their conditional ones:

    p(lambda | y)  ~  prod (1 + lambda n_k)^(-1/2)  |X' V^-1 X|^(-1/2)  RSS(lambda)^(-(n - p) / 2)

With theta = tan(phi) the grid is one of an angle, between no variance of clusters and no other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from precept_stats.numerics.imputation.rows import Answered, DrawnValues, Unanswered, sums

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

CELLS = 1500
"""Cells of the grid of angles between 0 and a right angle."""


@dataclass(frozen=True, slots=True, eq=False)
class Given:
    """What the other parameters depend on at one lambda: A = Q'V^-1 Q, the solution, and RSS."""

    information: Matrix
    params: Vector
    rss: float


@dataclass(frozen=True, slots=True, eq=False)
class LinearPosterior:
    """The posterior as sums by cluster of the columns Q of X = Q R and of least-squares residuals.

    ``cumulative`` is the distribution of the angle at the right ends of the cells.
    """

    triangle: Matrix
    ordinary: Vector
    size: Vector
    columns: Matrix
    residual: Vector
    rss: float
    df: int
    cumulative: Vector

    def draw(self, generator: np.random.Generator, asked: Unanswered) -> DrawnValues:
        """Parameters and effects of clusters, then the outcomes of the rows asked for."""
        cell = int(np.searchsorted(self.cumulative, generator.random()))
        angle = (min(cell, CELLS - 1) + generator.random()) * (np.pi / 2 / CELLS)
        ratio = float(np.tan(angle) ** 2)
        given = _given(self, ratio)
        sigma = float(np.sqrt(given.rss / generator.chisquare(self.df)))
        root = linalg.cholesky(given.information, lower=False)
        params = given.params + sigma * linalg.solve_triangular(
            root, generator.standard_normal(len(given.params))
        )
        shrunk = 1.0 / (1.0 + ratio * self.size)
        mean = ratio * shrunk * (self.residual - self.columns @ params)
        effects = mean + sigma * np.sqrt(ratio * shrunk) * generator.standard_normal(len(self.size))
        coefficients = linalg.solve_triangular(self.triangle, self.ordinary + params)
        linear = asked.X @ coefficients + effects[asked.cluster]
        return DrawnValues(linear, sigma * generator.standard_normal(len(linear)))


def linear_posterior(rows: Answered) -> LinearPosterior:
    """The posterior given the answered rows, of which there are more than columns."""
    Q, R = linalg.qr(rows.X, mode="economic")
    ordinary = Q.T @ rows.y
    residual = rows.y - Q @ ordinary
    found = LinearPosterior(
        triangle=R,
        ordinary=ordinary,
        size=np.bincount(rows.cluster, minlength=rows.clusters).astype(np.float64),
        columns=sums(Q, rows.cluster, rows.clusters),
        residual=sums(residual, rows.cluster, rows.clusters),
        rss=float(residual @ residual),
        df=len(rows.y) - rows.X.shape[1],
        cumulative=np.empty(0),
    )
    return _with_grid(found)


def _with_grid(of: LinearPosterior) -> LinearPosterior:
    angles = (np.arange(CELLS) + 0.5) * (np.pi / 2 / CELLS)
    heights = np.array([_log_density(of, angle) for angle in angles])
    weights = np.exp(heights - heights.max())
    cumulative = np.cumsum(weights) / weights.sum()
    return LinearPosterior(
        of.triangle, of.ordinary, of.size, of.columns, of.residual, of.rss, of.df, cumulative
    )


def _given(of: LinearPosterior, ratio: float) -> Given:
    """At lambda = ``ratio``; the solution is counted from the least-squares one."""
    share = ratio / (1.0 + ratio * of.size)
    weighted = share[:, None] * of.columns
    information = np.eye(of.columns.shape[1]) - of.columns.T @ weighted
    score = -(weighted.T @ of.residual)
    params = np.linalg.solve(information, score)
    rss = of.rss - float(share @ of.residual**2) - float(score @ params)
    return Given(information, params, rss)


def _log_density(of: LinearPosterior, angle: float) -> float:
    """Of the angle, but for a constant."""
    ratio = float(np.tan(angle) ** 2)
    given = _given(of, ratio)
    _, log_determinant = np.linalg.slogdet(given.information)
    spread = float(np.log1p(ratio * of.size).sum()) + float(log_determinant)
    return -0.5 * spread - 0.5 * of.df * float(np.log(given.rss)) - 2.0 * float(np.log(np.cos(angle)))

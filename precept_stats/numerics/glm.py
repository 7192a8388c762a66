"""Logistic and Poisson regression by Newton's method, watching for separation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, xlog1py, xlogy

from precept_stats.errors import FitError

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

MAX_ITERATIONS = 50
STEP_TOLERANCE = 1e-11
EXTREME = 1e-8
"""A fitted probability this near 0 or 1 (or a rate this far below the mean rate) is at the boundary."""


class Family(Protocol):
    """A one-parameter family with its canonical link; ``mean`` is events a unit of denominator."""

    needs: str

    def interior(self, mean: float) -> bool: ...

    def start(self, mean: float) -> float: ...

    def mean(self, eta: Vector) -> Vector: ...

    def slope(self, mean: Vector) -> Vector: ...

    def deviance(self, y: Vector, size: Vector, mean: Vector) -> float: ...

    def extreme(self, mean: Vector, overall: float) -> NDArray[np.bool_]: ...


class BinomialLogit:
    """y events out of size, log odds linear in X."""

    needs = "events and non-events"

    def interior(self, mean: float) -> bool:
        return 0.0 < mean < 1.0

    def start(self, mean: float) -> float:
        return float(np.log(mean / (1.0 - mean)))

    def mean(self, eta: Vector) -> Vector:
        mean: Vector = expit(eta)
        return mean

    def slope(self, mean: Vector) -> Vector:
        return mean * (1.0 - mean)

    def deviance(self, y: Vector, size: Vector, mean: Vector) -> float:
        share = y / size
        fitted = xlogy(y, mean) + xlog1py(size - y, -mean)
        saturated = xlogy(y, share) + xlog1py(size - y, -share)
        return 2.0 * float(np.sum(saturated - fitted))

    def extreme(self, mean: Vector, overall: float) -> NDArray[np.bool_]:
        return (mean < EXTREME * overall) | (1.0 - mean < EXTREME * (1.0 - overall))


class PoissonLog:
    """y events in size units of person-time, log rate linear in X."""

    needs = "at least one event"

    def interior(self, mean: float) -> bool:
        return mean > 0.0

    def start(self, mean: float) -> float:
        return float(np.log(mean))

    def mean(self, eta: Vector) -> Vector:
        return np.exp(eta)

    def slope(self, mean: Vector) -> Vector:
        return mean

    def deviance(self, y: Vector, size: Vector, mean: Vector) -> float:
        expected = size * mean
        return 2.0 * float(np.sum(xlogy(y, y) - xlogy(y, expected) - (y - expected)))

    def extreme(self, mean: Vector, overall: float) -> NDArray[np.bool_]:
        return mean < EXTREME * overall


@dataclass(frozen=True, slots=True, eq=False)
class GlmFit:
    """A maximum likelihood fit. ``expected`` (n,) are fitted totals, size times mean.

    ``boundary`` marks rows whose fitted mean has gone to the edge (quasi-separation): their
    expected totals are the limit, exact to rounding, while the coefficients have no finite value.
    """

    params: Vector
    expected: Vector
    deviance: float
    iterations: int
    boundary: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class _Likelihood:
    X: Matrix
    y: Vector
    size: Vector
    family: Family

    def mean(self, params: Vector) -> Vector:
        with np.errstate(over="ignore"):
            return self.family.mean(self.X @ params)

    def deviance(self, params: Vector) -> float:
        with np.errstate(over="ignore", invalid="ignore"):
            return self.family.deviance(self.y, self.size, self.mean(params))

    def newton_step(self, params: Vector) -> Vector:
        mean = self.mean(params)
        root = np.sqrt(np.maximum(self.size * self.family.slope(mean), np.finfo(float).tiny))
        score = (self.y - self.size * mean) / root
        weighted = root[:, None] * self.X
        lengths = np.sqrt(np.sum(weighted**2, axis=0))
        step: Vector = np.linalg.lstsq(weighted / lengths, score, rcond=None)[0]
        return step / lengths

    def downhill(self, params: Vector, step: Vector) -> Vector:
        """Params after the longest halving of the step that does not raise the deviance."""
        limit = self.deviance(params) * (1.0 + 1e-10) + 1e-10
        for halving in range(30):
            candidate: Vector = params + step * 0.5**halving
            value = self.deviance(candidate)
            if np.isfinite(value) and value <= limit:
                return candidate
        return params


def fit_glm(X: Matrix, y: Vector, size: Vector, family: Family) -> GlmFit:
    """Maximise the likelihood of totals y (n,) with denominators size (n,); X (n, p) of full rank.

    The first column of X must be the constant; the units of the others do not matter. Newton steps are
    halved while the deviance rises.
    Raises FitError when the outcome does not vary, when X predicts it perfectly, or when the
    iterations do not settle.
    """
    overall = float(y.sum() / size.sum())
    if not family.interior(overall):
        raise FitError(
            "the outcome does not vary", found=f"an overall mean of {overall:g}", allowed=family.needs
        )
    likelihood = _Likelihood(X, y, size, family)
    params = np.zeros(X.shape[1])
    params[0] = family.start(overall)
    settled, iterations = False, 0
    while not settled and iterations < MAX_ITERATIONS:
        iterations += 1
        step = likelihood.newton_step(params)
        params = likelihood.downhill(params, step)
        scale = 1.0 + float(np.max(np.abs(X @ params)))
        settled = float(np.max(np.abs(X @ step))) <= STEP_TOLERANCE * scale
    mean, deviance = likelihood.mean(params), likelihood.deviance(params)
    boundary = family.extreme(mean, overall)
    _refuse_degenerate(settled, boundary, deviance, iterations)
    return GlmFit(params, size * mean, deviance, iterations, boundary)


def _refuse_degenerate(settled: bool, boundary: NDArray[np.bool_], deviance: float, iterations: int) -> None:
    if boundary.all() or (boundary.any() and deviance < EXTREME):
        raise FitError(
            "the covariates predict the outcome perfectly (complete separation)",
            found=f"every fitted mean at its boundary after {iterations} iterations",
            allowed="outcomes that vary given the covariates; drop or coarsen a covariate",
        )
    if not settled and not boundary.any():
        raise FitError(
            "the regression of the outcome on the covariates did not converge",
            found=f"{iterations} iterations, deviance {deviance:g}",
            allowed="covariates on comparable scales; drop or rescale a covariate",
        )

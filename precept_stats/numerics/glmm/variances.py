"""Variances of random effects as logs of standard deviations and correlations, with standard errors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from precept_stats.numerics.glmm.joint_fit import JointFit

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class LogSpreads:
    """Term by term: the log SD of each coefficient, then r / sqrt(1 - r^2) of each pair's correlation r.

    Minus infinity and a standard error of 0 stand for a variance of 0.
    """

    values: Vector
    std_errors: Vector


def log_spreads(fit: JointFit) -> LogSpreads:
    """From the entries of L, by the delta method."""
    kept, p = fit.problem.effects.structure, len(fit.params)
    spread = fit.covariance[p : p + len(fit.theta), p : p + len(fit.theta)]
    jacobian = kept.jacobian(fit.theta)
    gamma = kept.gamma(fit.theta)
    by_place = {(e.factor, *e.rows): i for i, e in enumerate(kept.entries)}
    values, slopes = [], []
    with np.errstate(divide="ignore", invalid="ignore"):
        for term in sorted({entry.term for entry in kept.entries}):
            mine = [entry for entry in kept.entries if entry.term == term]
            for entry in (entry for entry in mine if entry.on_diagonal):
                i = by_place[entry.factor, *entry.rows]
                values.append(0.5 * np.log(gamma[i]))
                slopes.append(0.5 * jacobian[i] / gamma[i] if gamma[i] > 0.0 else 0.0 * jacobian[i])
            for entry in (entry for entry in mine if not entry.on_diagonal):
                a, b = entry.rows
                i, j, k = (by_place[entry.factor, *place] for place in ((a, b), (a, a), (b, b)))
                r = gamma[i] / np.sqrt(gamma[j] * gamma[k])
                slope = r * (
                    jacobian[i] / gamma[i] - 0.5 * jacobian[j] / gamma[j] - 0.5 * jacobian[k] / gamma[k]
                )
                values.append(r / np.sqrt(1.0 - r * r))
                slopes.append(slope * (1.0 - r * r) ** -1.5)
    matrix = np.array(slopes)
    return LogSpreads(np.array(values), np.sqrt(np.einsum("ij,jk,ik->i", matrix, spread, matrix)))

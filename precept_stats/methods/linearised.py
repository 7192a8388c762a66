"""The covariance of arm means for a ratio of them, when clusters were allocated within blocks."""

from __future__ import annotations

import numpy as np

from precept_stats.errors import FitError
from precept_stats.methods.scatter import require_scatter
from precept_stats.numerics.linear import LinearFit, Matrix, classical_covariance, weighted_least_squares
from precept_stats.studies.cluster_trial_design import ClusterTrialDesign


def proportional_covariance(design: ClusterTrialDesign, kernel: LinearFit, values: np.ndarray) -> Matrix:
    """Covariance (p, p) of the arm means of ``values`` (K,), blocks acting in proportion to the means.

    Each value is divided by its arm's mean and regressed as before. Of these relative values the
    difference between the arms is, to first order, the logarithm of the ratio less its expectation, and
    its classical variance that of the log ratio: with P pairs var(m1 / mean1 - m0 / mean0) / P. What
    a pair or stratum adds to both arms in proportion cancels, so it does not count as scatter.
    Only the entries of the two arm means are given, the others are 0; they are scaled back by the means.
    Raises FitError when an arm mean is not above 0.
    """
    means = kernel.params[:2]
    if not np.all(means > 0.0):
        raise FitError(
            "a ratio needs arm means above 0",
            found=", ".join(f"{name}: {mean:g}" for name, mean in zip(design.arm_names, means, strict=True)),
            allowed="a positive mean in each arm, or a difference",
        )
    relative = weighted_least_squares(kernel.X, values / means[design.arm], kernel.weights)
    require_scatter(relative.scale, 1.0)
    covariance = np.zeros_like(kernel.bread)
    covariance[:2, :2] = classical_covariance(relative)[:2, :2] * np.outer(means, means)
    return covariance

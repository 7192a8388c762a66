"""The most likely random effect of each cluster, given the parameters."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from precept_stats.numerics.glmm.families import Family
from precept_stats.numerics.glmm.layout import Block

Vector = NDArray[np.float64]

LONGEST_STEP = 3.0
CLOSE = 1e-6
"""A step this short is the last one: Newton's method squares the error."""

MAX_ITERATIONS = 60


def find_modes(block: Block, family: Family, fixed: Vector, precision: float, start: Vector) -> Vector:
    """Maximise the sum of a cluster's log-likelihoods at ``fixed + u`` less precision u^2 / 2, over u (k,).

    Newton's method, cluster by cluster. The derivative falls in u, so its sign brackets the maximum, and
    a step that leaves the bracket is replaced by bisection.
    """
    u = start
    low, high = np.full(block.n_clusters, -np.inf), np.full(block.n_clusters, np.inf)
    for _ in range(MAX_ITERATIONS):
        _, first, second = family.curve(fixed + block.spread(u), block.y, block.size)
        slope = block.by_cluster(first) - precision * u
        low, high = np.where(slope > 0, u, low), np.where(slope < 0, u, high)
        step = slope / (precision - block.by_cluster(second))
        target = u + np.clip(step, -LONGEST_STEP, LONGEST_STEP)
        outside = (target < low) | (target > high)
        if outside.any():
            target[outside] = 0.5 * (low[outside] + high[outside])
        moved = float(np.max(np.abs(target - u) / (1.0 + np.abs(u))))
        u = target
        if moved < CLOSE:
            break
    return u

"""Arm means of a cluster trial from predictions that are corrected by what was observed.

A working model predicts the mean of each cluster in each arm; in the arm that a cluster was in, its
prediction is corrected by its residual over the probability of that arm (Li et al. 2025, arXiv 2505.19336).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Ints = NDArray[np.intp]


def augmented_means(observed: Vector, predicted: Matrix, arm: Ints, probability: Vector) -> Matrix:
    """The augmented mean of each cluster in each arm (K, 2).

    ``observed`` (K,) are cluster means, ``predicted`` (K, 2) what they are expected to be in arms 0 and 1,
    ``arm`` (K,) where they were, ``probability`` (K,) that of arm 1.
    """
    chance = np.column_stack([1.0 - probability, probability])
    there = arm[:, None] == np.array([0, 1])
    augmented: Matrix = predicted + there / chance * (observed[:, None] - predicted)
    return augmented


def both_averages(augmented: Matrix, sizes: Vector) -> Vector:
    """The averages over clusters in arms 0 and 1, then those over what ``sizes`` (K,) count (4,)."""
    averages: Vector = np.concatenate([augmented.mean(axis=0), np.average(augmented, axis=0, weights=sizes)])
    return averages

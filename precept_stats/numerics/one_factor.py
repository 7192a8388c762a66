"""Binary variables of one person tied together by a normal score, each keeping its own probability."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

Floats = NDArray[np.float64]


def given_score(probability: ArrayLike, score: ArrayLike, correlation: float) -> Floats:
    """The probability of a 1 given a person's standard normal score; the arguments broadcast.

    A 1 is a normal variable below the quantile of ``probability``, and any two such variables of a
    person have ``correlation`` (0 to below 1); over scores the mean is ``probability``.
    """
    threshold = ndtri(np.asarray(probability, float)) - np.sqrt(correlation) * np.asarray(score, float)
    return np.asarray(ndtr(threshold / np.sqrt(1 - correlation)))

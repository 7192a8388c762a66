"""What a statistic was, beside what it would have been in every replicate of the null."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """The distribution (M,) that a test refers its ``observed`` statistic to, at no effect."""

    statistics: Vector
    observed: float

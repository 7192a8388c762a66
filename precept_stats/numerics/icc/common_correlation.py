"""Large-sample variances of estimators for binary outcomes under the common correlation model.

In that model the members of a cluster are all alike with probability rho, and independent otherwise. For
equal weights on pairs the variance has the closed form that Zou and Donner give; here every estimator's is
that of its linear part, with the moments of the model.
"""

from __future__ import annotations

import numpy as np

from precept_stats.numerics.icc.clustered import Clustered, Vector


def common_correlation_error(data: Clustered, rho: float, influence: tuple[Vector, Vector]) -> float:
    """The standard error of an estimate, by the delta method from its influence of y and of y^2.

    Source: Zou and Donner (2004), Biometrics 60:807. Proportions are those of the groups.
    """
    of_y, of_square = influence
    p = data.of_group(data.by_group(data.total) / data.by_group(data.size))
    first, second, third, fourth = _moments(data.size, p, rho)
    variance = of_y**2 * (second - first**2) + of_square**2 * (fourth - second**2)
    return float(np.sqrt(np.sum(variance + 2.0 * of_y * of_square * (third - first * second))))


def _moments(n: Vector, p: Vector, rho: float) -> tuple[Vector, Vector, Vector, Vector]:
    """The first four moments of the number of events among n."""
    f1 = n * p
    f2 = f1 * (n - 1.0) * p
    f3 = f2 * (n - 2.0) * p
    f4 = f3 * (n - 3.0) * p
    independent = (f1, f2 + f1, f3 + 3.0 * f2 + f1, f4 + 6.0 * f3 + 7.0 * f2 + f1)
    first, second, third, fourth = (
        (1.0 - rho) * moment + rho * p * n**power for power, moment in enumerate(independent, start=1)
    )
    return first, second, third, fourth

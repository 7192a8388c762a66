"""Whether a random effect has any variance: a likelihood-ratio test on the boundary of its parameters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from precept_stats.errors import FitError
from precept_stats.numerics.mixed.criterion import evaluate
from precept_stats.numerics.mixed.fit import MixedFit

ROUNDING = 1e-7
"""A likelihood ratio below this is one of equal fits."""


@dataclass(frozen=True, slots=True)
class VarianceTest:
    """The likelihood ratio, and its p under a half-and-half mixture of chi-squared on ``df``."""

    statistic: float
    df: tuple[int, int]
    p_value: float


def variance_test(full: MixedFit, reduced: MixedFit | None) -> VarianceTest:
    """Test that one random effect of ``full`` has no variance; ``reduced`` is the fit without it.

    None for ``reduced`` takes the model without any random effect. Both are by REML or both by ML, with the
    same fixed effects and rows. With d parameters (the variance and d - 1 covariances with other effects of
    its term) the reference is 0.5 chi-squared(d - 1) + 0.5 chi-squared(d) (Self and Liang 1987, J Am Stat
    Assoc 82:605, cases 5 and 6; Stram and Lee 1994, Biometrics 50:1171). It needs many clusters, other
    variances that are not 0, and is conservative with few. Raises FitError where the fits do not compare.
    """
    _require_nested(full, reduced)
    count = len(full.theta) - (0 if reduced is None else len(reduced.theta))
    smaller = _without_random(full) if reduced is None else reduced.deviance
    statistic = smaller - full.deviance
    if statistic < -ROUNDING * max(1.0, abs(smaller)):
        raise FitError(
            "the larger model has the smaller likelihood, so that the models are not nested or a fit failed",
            found=f"deviances {full.deviance:g} and {smaller:g}",
            allowed="a reduced model that is the full one without a random effect",
        )
    statistic = statistic if statistic > ROUNDING else 0.0
    tails = [
        float(special.chdtrc(df, statistic)) if df else float(statistic == 0.0) for df in (count - 1, count)
    ]
    return VarianceTest(statistic, (count - 1, count), 0.5 * tails[0] + 0.5 * tails[1])


def _without_random(fit: MixedFit) -> float:
    return evaluate(fit.problem, np.zeros(len(fit.theta))).value


def _variances(fit: MixedFit | None) -> int:
    return 0 if fit is None else int(np.count_nonzero(fit.problem.system.structure.diagonal))


def _require_nested(full: MixedFit, reduced: MixedFit | None) -> None:
    one_more = _variances(full) - _variances(reduced)
    if one_more != 1:
        raise FitError(
            "one variance is tested at a time",
            found=f"models that differ by {one_more} variances",
            allowed="a reduced model without one random effect of the full one",
        )
    if reduced is None:
        return
    same_rows = full.problem.system.statistics.YY.shape == reduced.problem.system.statistics.YY.shape
    if not (
        same_rows
        and full.names == reduced.names
        and full.problem.reml == reduced.problem.reml
        and np.allclose(full.problem.system.statistics.YY, reduced.problem.system.statistics.YY, rtol=1e-9)
    ):
        raise FitError(
            "likelihoods of these fits do not compare",
            found="different rows, fixed effects or criteria",
            allowed="the same rows and fixed effects, both by reml or both by ml",
        )

"""What a generalised linear mixed model gives, by likelihood or by restricted pseudo-likelihood."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from precept_stats.errors import FitError
from precept_stats.inference.degrees_of_freedom import DegreesOfFreedom, LeadingDf
from precept_stats.inference.kenward_roger import kenward_roger
from precept_stats.numerics.glmm.families import Family
from precept_stats.numerics.glmm.fit import GlmmFit, GlmmRows
from precept_stats.numerics.glmm.pseudo import PseudoFit, fit_pseudo

Floats = NDArray[np.float64]
Evidence = tuple[tuple[str, float | str], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Estimated:
    """Fixed effects and log sigma (p + 1,), their covariance, and how they came about.

    ``df`` is the rule that goes with an adjusted covariance; None when any rule may be used.
    """

    params: Floats
    covariance: Floats
    boundary: bool
    evidence: Evidence
    df: DegreesOfFreedom | None = None


def by_likelihood(kernel: GlmmFit) -> Estimated:
    """The maximum likelihood estimates with the joint information."""
    evidence: Evidence = (
        ("log_likelihood", kernel.log_likelihood),
        ("score_length", kernel.gradient),
        ("smallest_eigenvalue", kernel.curvature),
        ("iterations", float(kernel.iterations)),
    )
    at_zero = kernel.status == "boundary"
    if at_zero:
        evidence = (*evidence, ("score_of_variance_at_zero", kernel.boundary_score))
    return Estimated(np.append(kernel.params, kernel.log_sigma), kernel.covariance, at_zero, evidence)


def by_pseudo_likelihood(rows: GlmmRows, family: Family, start: GlmmFit, *, adjusted: bool) -> Estimated:
    """The restricted pseudo-likelihood estimates; ``adjusted`` is Kenward and Roger's covariance and rule.

    Fixed effects and the variance are uncorrelated under a restricted likelihood. Raises FitError when
    the working responses do not settle.
    """
    found = fit_pseudo(rows, family, start)
    if not found.settled:
        raise FitError(
            "the restricted pseudo-likelihood did not settle",
            found=f"{found.iterations} working responses, the last with a variance of {found.variance:g}",
            allowed="more clusters or events, or fewer terms; another approximation",
        )
    adjustment = kenward_roger(found.linear)
    count = len(found.params)
    covariance = np.zeros((count + 1, count + 1))
    covariance[:-1, :-1] = adjustment.covariance if adjusted else found.linear.covariance
    if found.variance > 0.0:
        covariance[-1, -1] = float(adjustment.df.spread[0, 0]) / (2.0 * found.variance) ** 2
    return Estimated(
        params=np.append(found.params, _log_sigma(found)),
        covariance=covariance,
        boundary=found.variance == 0.0,
        evidence=(
            ("working_responses", float(found.iterations)),
            ("gradient_of_last", found.linear.gradient),
        ),
        df=LeadingDf(adjustment.df, count) if adjusted else None,
    )


def _log_sigma(found: PseudoFit) -> float:
    return 0.5 * math.log(found.variance) if found.variance > 0.0 else -math.inf

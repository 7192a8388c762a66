"""Stage one of the adjusted analysis: what each cluster would be expected to show, whatever its arm.

Individual outcomes are regressed on the covariates and on strata or pairs, without the arm
(logistic for binary, linear for continuous, Poisson with log person-time for counts).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from precept_stats.errors import FitError
from precept_stats.methods.arm_model import Columns, block_columns
from precept_stats.numerics.glm import BinomialLogit, Family, PoissonLog, fit_glm
from precept_stats.numerics.linear import aliased_columns, weighted_least_squares
from precept_stats.studies.cluster_trial_design import ClusterTrialDesign
from precept_stats.values import Status

Floats = NDArray[np.float64]

FAMILIES: dict[str, Family] = {"binary": BinomialLogit(), "count": PoissonLog()}
ARM_R2_LIMIT = 0.1
"""An assumption: from this R2 on, an effect a tenth too small, the result carries a warning."""
ADJUSTED_GAP = (
    "stage one leaves out the arm, so the adjusted effect is too near none by about the share "
    "(R2) of the arm that the covariates explain: by chance p / (clusters - 1) for p parameters "
    "of cluster-level covariates, next to nothing for individual-level ones"
)
DETERMINED = 1e-12
"""A share of the arm's variation left by the covariates that is no more than rounding."""


@dataclass(frozen=True, slots=True, eq=False)
class Expected:
    """Expected outcome totals by cluster (K,), and what finding them cost and met.

    ``cluster_rank`` is the number of parameters spent on cluster-level covariates. ``aliased``
    names columns that add nothing to those before them; ``boundary_rows`` counts rows whose
    expected outcome went to 0 or 1 (or a rate of 0). ``arm_r2`` is the share of the arm's variation
    (within strata or pairs, rows counting by their denominators) that the covariates explain.
    """

    totals: Floats
    cluster_rank: int
    aliased: tuple[str, ...]
    boundary_rows: int
    iterations: int
    arm_r2: float


def expected_totals(design: ClusterTrialDesign) -> Expected:
    """Regress rows on covariates, strata or pairs, and add up the fitted values by cluster.

    Cluster-level covariates come before individual ones, so a column is charged to the cluster
    level whenever it can be. Raises FitError on complete separation or without convergence, and
    when the covariates determine the arm.
    """
    columns = _row_columns(design)
    dropped = aliased_columns(columns.values)
    kept = [j for j in range(len(columns.names)) if j not in dropped]
    X = columns.values[:, kept]
    names = {columns.names[j] for j in kept}
    arm_r2 = _arm_r2(design, X, len(names.intersection(block_columns(design).names)))
    cluster_level = [name for c in design.covariates if c.level == "cluster" for name in c.columns]
    if design.outcome.type == "continuous":
        fitted = X @ weighted_least_squares(X, design.y, np.ones(len(design.y))).params
        boundary, iterations = 0, 1
    else:
        glm = fit_glm(X, design.y, design.size, FAMILIES[design.outcome.type])
        fitted, boundary, iterations = glm.expected, int(glm.boundary.sum()), glm.iterations
    return Expected(
        totals=np.bincount(design.row_cluster, weights=fitted, minlength=design.n_clusters),
        cluster_rank=len(names.intersection(cluster_level)),
        aliased=tuple(columns.names[j] for j in dropped),
        boundary_rows=boundary,
        iterations=iterations,
        arm_r2=arm_r2,
    )


def stage_one_report(expected: Expected) -> tuple[Status, tuple[str, ...]]:
    """The status of stage one, and what a reader should know of it."""
    warnings = []
    if expected.aliased:
        warnings.append(f"stage one left out {', '.join(expected.aliased)}: fixed by the terms before it")
    if expected.boundary_rows:
        warnings.append(
            f"stage one predicts the outcome perfectly for {expected.boundary_rows} rows (quasi-separation); "
            "their expected outcome is taken at its limit"
        )
    if expected.arm_r2 > ARM_R2_LIMIT:
        warnings.append(
            f"stage one's covariates explain a share of {expected.arm_r2:.2f} of the arm (R2), and about "
            "that share of the effect is taken for theirs: the adjusted effect and its interval are too "
            "near none"
            + ("; adjust for cluster-level covariates by cluster_regression" if expected.cluster_rank else "")
        )
    return ("boundary" if expected.boundary_rows else "ok"), tuple(warnings)


def _row_columns(design: ClusterTrialDesign) -> Columns:
    blocks = block_columns(design)
    columns = Columns(blocks.names, blocks.values[design.row_cluster])
    ordered = sorted(design.covariates, key=lambda covariate: covariate.level != "cluster")
    for covariate in ordered:
        columns = columns.beside(Columns(covariate.columns, covariate.values))
    ones = np.ones(len(design.y))
    return Columns(("(constant)",), ones[:, None]).beside(columns.standardised(ones))


def _arm_r2(design: ClusterTrialDesign, X: Floats, blocks: int) -> float:
    """R2 of the arm on the covariates given the blocks, the first ``blocks`` columns after the constant.

    A linear stage one takes this share of the effect for the covariates' (exactly with clusters of
    one size). Raises FitError when it is 1: then nothing of the effect is left.
    """
    arm = design.arm[design.row_cluster].astype(np.float64)

    def left(columns: Floats) -> float:
        return float(design.size @ weighted_least_squares(columns, arm, design.size).residuals ** 2)

    within, unexplained = left(X[:, : 1 + blocks]), left(X)
    if unexplained <= DETERMINED * max(within, DETERMINED * float(design.size.sum())):
        raise FitError(
            "the covariates, with strata or pairs, determine the arm, so no effect can be told apart",
            found="an R2 of 1 of the arm on the terms of stage one",
            allowed="covariates that vary within the arms; drop or merge those that mark an arm",
        )
    return 1.0 - unexplained / within

"""Linear regression of cluster summaries (placeholder docstring, completed next)."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from precept_stats.data.declared import Declared
from precept_stats.inference.degrees_of_freedom import FixedDf
from precept_stats.inference.fit import Fit
from precept_stats.inference.quantities import Quantity, linear
from precept_stats.inference.uncertainty import Asymptotic
from precept_stats.methods.contract import MethodWords
from precept_stats.methods.settings import (
    ClassicalVariance,
    ClustersMinusParameters,
    EqualWeights,
    RegressionDf,
    RegressionVariance,
    RegressionWeights,
)
from precept_stats.numerics.linear import classical_covariance, weighted_least_squares
from precept_stats.studies import AnyStudy
from precept_stats.studies.cluster_trial import ClusterTrial
from precept_stats.studies.cluster_trial_design import ClusterTrialDesign
from precept_stats.studies.question import Question


class ClusterRegression(Declared):
    """Linear regression of cluster summaries."""

    accepts: ClassVar[tuple[type, ...]] = (ClusterTrial,)

    kind: Literal["cluster_regression"] = "cluster_regression"
    weights: RegressionWeights = EqualWeights()
    variance: RegressionVariance = ClassicalVariance()
    df: RegressionDf = ClustersMinusParameters()

    def objections(self, study: AnyStudy, question: Question) -> tuple[str, ...]:
        return ()

    def estimand_gap(self, study: AnyStudy, question: Question) -> str:
        return ""

    def words(self, study: AnyStudy, question: Question) -> MethodWords:
        return MethodWords("linear regression on cluster summaries", "", "", ())

    def fit(self, design: ClusterTrialDesign) -> Fit:
        X = np.column_stack([design.arm == 0, design.arm == 1]).astype(float)
        kernel = weighted_least_squares(X, design.cluster_mean, self.weights.of(design.cluster_size, 0.0))
        df = FixedDf(float(kernel.df), "clusters minus 2")
        return Fit(Asymptotic(design.arm_names, kernel.params, classical_covariance(kernel), df))

    def targets(self, design: ClusterTrialDesign) -> tuple[Quantity, ...]:
        reference, compare = design.arm_names
        return (
            linear(design.summary, f"{compare} - {reference}", np.array([-1.0, 1.0]), unit="proportion"),
            linear("mean", reference, np.array([1.0, 0.0]), unit="proportion"),
            linear("mean", compare, np.array([0.0, 1.0]), unit="proportion"),
        )

"""Methods: one estimator, one file. The union is registry, type and contents page together."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from precept_stats.methods.bayesian_hierarchical import BayesianHierarchical
from precept_stats.methods.bayesian_its import BayesianIts
from precept_stats.methods.before_after import BeforeAfter
from precept_stats.methods.cluster_regression import ClusterRegression
from precept_stats.methods.cluster_summaries import ClusterSummaries
from precept_stats.methods.gee import Gee
from precept_stats.methods.generalised_linear_mixed import GeneralisedLinearMixed
from precept_stats.methods.instrumental_variables import InstrumentalVariables
from precept_stats.methods.linear_mixed import LinearMixed
from precept_stats.methods.model_robust import ModelRobust
from precept_stats.methods.multilevel_its import MultilevelIts
from precept_stats.methods.panel_regression import PanelRegression
from precept_stats.methods.randomisation_test import RandomisationTest
from precept_stats.methods.segmented_regression import SegmentedRegression
from precept_stats.methods.six_methods import SixMethods
from precept_stats.methods.two_stage_its import TwoStageIts
from precept_stats.methods.wild_cluster_bootstrap import WildClusterBootstrap

TrialMethod = (
    ClusterSummaries
    | ClusterRegression
    | GeneralisedLinearMixed
    | LinearMixed
    | Gee
    | ModelRobust
    | InstrumentalVariables
    | RandomisationTest
    | WildClusterBootstrap
    | BayesianHierarchical
)
"""Methods for trials."""

AnyMethod = Annotated[TrialMethod, Field(discriminator="kind")]
"""Every method for trials, told apart by ``kind``."""

TimeMethod = (
    BeforeAfter
    | PanelRegression
    | SegmentedRegression
    | SixMethods
    | MultilevelIts
    | TwoStageIts
    | BayesianIts
)
"""Methods for programmes and interrupted series."""

PlannedMethod = Annotated[TrialMethod | TimeMethod, Field(discriminator="kind")]
"""Every method of an analysis."""

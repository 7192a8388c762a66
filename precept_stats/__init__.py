"""precept_stats: estimators for cluster trials and staged programmes, driven by analysis plans.

Names load when first used, so that ``import precept_stats`` is quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from precept_stats.ard import compare, read_json, to_frame, write_json
    from precept_stats.data.dataset import Table, load_table
    from precept_stats.data.policies import Policy, policy_names, read_policy
    from precept_stats.data.schema import find_schema, read_schema
    from precept_stats.data.selection import Condition, Population
    from precept_stats.data.shipped import shipped
    from precept_stats.data.synthetic import (
        BundleScenario,
        ProgrammeScenario,
        TrialScenario,
        bundle_tables,
        programme_tables,
        trial_tables,
    )
    from precept_stats.errors import DataError, FitError, PlanError, PreceptError
    from precept_stats.evidence.keys import Signer, key_fingerprint, keygen, read_signers
    from precept_stats.evidence.lock import Why, amend, lock
    from precept_stats.evidence.manifest import manifest_problems, read_manifest
    from precept_stats.evidence.publish import Writing, publish, run_bundle
    from precept_stats.evidence.release_check import ReleaseCheck, check_release
    from precept_stats.evidence.selftest.run import SelfTest, selftest
    from precept_stats.evidence.verify.check import Verification
    from precept_stats.evidence.verify.run import Against, verify
    from precept_stats.methods.area_charts import ControlCharts
    from precept_stats.methods.area_funnel import FunnelPlot
    from precept_stats.methods.bayesian_its import BayesianIts
    from precept_stats.methods.before_after import BeforeAfter
    from precept_stats.methods.cluster_regression import ClusterRegression
    from precept_stats.methods.cluster_summaries import ClusterSummaries
    from precept_stats.methods.disparity_indices import DisparityIndices
    from precept_stats.methods.gee import Gee
    from precept_stats.methods.generalised_linear_mixed import GeneralisedLinearMixed
    from precept_stats.methods.instrumental_variables import InstrumentalVariables
    from precept_stats.methods.intracluster import IccSettings
    from precept_stats.methods.intracluster_rows import IccHow
    from precept_stats.methods.linear_mixed import LinearMixed
    from precept_stats.methods.model_robust import ModelRobust
    from precept_stats.methods.multilevel_its import MultilevelIts
    from precept_stats.methods.panel_regression import PanelRegression
    from precept_stats.methods.randomisation_test import RandomisationTest
    from precept_stats.methods.regional_shrinkage import RegionalShrinkage
    from precept_stats.methods.segmented_regression import SegmentedRegression
    from precept_stats.methods.settings_missing import (
        ArmShift,
        CapTruncation,
        CompleteCase,
        DoublyRobust,
        InverseProbability,
        MultipleImputation,
        PercentileTruncation,
        TippingPoint,
    )
    from precept_stats.methods.six_methods import SixMethods
    from precept_stats.methods.two_stage_its import TwoStageIts
    from precept_stats.methods.wild_cluster_bootstrap import WildClusterBootstrap
    from precept_stats.plan.explain import explain
    from precept_stats.plan.intracluster import intracluster_correlation
    from precept_stats.plan.lint import lint
    from precept_stats.plan.lock_chain import read_chain
    from precept_stats.plan.reader import read_plan
    from precept_stats.plan.regional_disparity import DisparityHow, disparity
    from precept_stats.plan.standing import standing
    from precept_stats.report.disclosure import gate_results
    from precept_stats.report.story import story
    from precept_stats.runner import How, analyse, run
    from precept_stats.studies.cluster_trial import ClusterTrial
    from precept_stats.studies.cluster_trial_with_baseline import ClusterTrialWithBaseline
    from precept_stats.studies.composite import AllOrNone, OpportunityWeighted
    from precept_stats.studies.formula import Formula, formula
    from precept_stats.studies.interrupted_series import InterruptedSeries
    from precept_stats.studies.panel_table import panel_table
    from precept_stats.studies.programme import Programme
    from precept_stats.studies.question import Estimand, Outcome, Question
    from precept_stats.studies.region_design import AreaQuestion
    from precept_stats.studies.regions import Regions
    from precept_stats.studies.stepped_wedge import SteppedWedge
    from precept_stats.values import (
        Correlations,
        Disparity,
        Estimate,
        Failure,
        Interval,
        Result,
        Results,
        Row,
    )

_HOMES = {
    "ard": ("compare", "read_json", "to_frame", "write_json"),
    "data.dataset": ("Table", "load_table"),
    "data.policies": ("Policy", "policy_names", "read_policy"),
    "data.schema": ("find_schema", "read_schema"),
    "data.selection": ("Condition", "Population"),
    "data.shipped": ("shipped",),
    "data.synthetic": (
        "BundleScenario",
        "ProgrammeScenario",
        "TrialScenario",
        "bundle_tables",
        "programme_tables",
        "trial_tables",
    ),
    "errors": ("DataError", "FitError", "PlanError", "PreceptError"),
    "evidence.keys": ("Signer", "key_fingerprint", "keygen", "read_signers"),
    "evidence.lock": ("Why", "amend", "lock"),
    "evidence.selftest.run": ("SelfTest", "selftest"),
    "evidence.verify.check": ("Verification",),
    "evidence.verify.run": ("Against", "verify"),
    "evidence.manifest": ("manifest_problems", "read_manifest"),
    "evidence.publish": ("Writing", "publish", "run_bundle"),
    "evidence.release_check": ("ReleaseCheck", "check_release"),
    "methods.bayesian_hierarchical": ("BayesianHierarchical",),
    "methods.bayesian_its": ("BayesianIts",),
    "methods.before_after": ("BeforeAfter",),
    "methods.cluster_regression": ("ClusterRegression",),
    "methods.cluster_summaries": ("ClusterSummaries",),
    "methods.area_charts": ("ControlCharts",),
    "methods.area_funnel": ("FunnelPlot",),
    "methods.disparity_indices": ("DisparityIndices",),
    "methods.regional_shrinkage": ("RegionalShrinkage",),
    "methods.gee": ("Gee",),
    "methods.generalised_linear_mixed": ("GeneralisedLinearMixed",),
    "methods.instrumental_variables": ("InstrumentalVariables",),
    "methods.intracluster": ("IccSettings",),
    "methods.intracluster_rows": ("IccHow",),
    "methods.linear_mixed": ("LinearMixed",),
    "methods.model_robust": ("ModelRobust",),
    "methods.multilevel_its": ("MultilevelIts",),
    "methods.panel_regression": ("PanelRegression",),
    "methods.randomisation_test": ("RandomisationTest",),
    "methods.settings_missing": (
        "ArmShift",
        "CapTruncation",
        "CompleteCase",
        "DoublyRobust",
        "InverseProbability",
        "MultipleImputation",
        "PercentileTruncation",
        "TippingPoint",
    ),
    "methods.segmented_regression": ("SegmentedRegression",),
    "methods.six_methods": ("SixMethods",),
    "methods.two_stage_its": ("TwoStageIts",),
    "methods.wild_cluster_bootstrap": ("WildClusterBootstrap",),
    "plan.explain": ("explain",),
    "plan.intracluster": ("intracluster_correlation",),
    "plan.lint": ("lint",),
    "plan.lock_chain": ("read_chain",),
    "plan.standing": ("standing",),
    "plan.reader": ("read_plan",),
    "plan.regional_disparity": ("DisparityHow", "disparity"),
    "report.disclosure": ("gate_results",),
    "report.story": ("story",),
    "runner": ("How", "analyse", "run"),
    "studies.cluster_trial": ("ClusterTrial",),
    "studies.cluster_trial_with_baseline": ("ClusterTrialWithBaseline",),
    "studies.composite": ("AllOrNone", "OpportunityWeighted"),
    "studies.formula": ("Formula", "formula"),
    "studies.interrupted_series": ("InterruptedSeries",),
    "studies.panel_table": ("panel_table",),
    "studies.programme": ("Programme",),
    "studies.question": ("Estimand", "Outcome", "Question"),
    "studies.region_design": ("AreaQuestion",),
    "studies.regions": ("Regions",),
    "studies.stepped_wedge": ("SteppedWedge",),
    "values": ("Correlations", "Disparity", "Estimate", "Failure", "Interval", "Result", "Results", "Row"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "Against",
    "AllOrNone",
    "AreaQuestion",
    "ArmShift",
    "BayesianHierarchical",
    "BayesianIts",
    "BeforeAfter",
    "BundleScenario",
    "CapTruncation",
    "ClusterRegression",
    "ClusterSummaries",
    "ClusterTrial",
    "ClusterTrialWithBaseline",
    "CompleteCase",
    "Condition",
    "ControlCharts",
    "Correlations",
    "DataError",
    "Disparity",
    "DisparityHow",
    "DisparityIndices",
    "DoublyRobust",
    "Estimand",
    "Estimate",
    "Failure",
    "FitError",
    "Formula",
    "FunnelPlot",
    "Gee",
    "GeneralisedLinearMixed",
    "How",
    "IccHow",
    "IccSettings",
    "InstrumentalVariables",
    "InterruptedSeries",
    "Interval",
    "InverseProbability",
    "LinearMixed",
    "ModelRobust",
    "MultilevelIts",
    "MultipleImputation",
    "OpportunityWeighted",
    "Outcome",
    "PanelRegression",
    "PercentileTruncation",
    "PlanError",
    "Policy",
    "Population",
    "PreceptError",
    "Programme",
    "ProgrammeScenario",
    "Question",
    "RandomisationTest",
    "RegionalShrinkage",
    "Regions",
    "ReleaseCheck",
    "Result",
    "Results",
    "Row",
    "SegmentedRegression",
    "SelfTest",
    "Signer",
    "SixMethods",
    "SteppedWedge",
    "Table",
    "TippingPoint",
    "TrialScenario",
    "TwoStageIts",
    "Verification",
    "Why",
    "WildClusterBootstrap",
    "Writing",
    "amend",
    "analyse",
    "bundle_tables",
    "check_release",
    "compare",
    "disparity",
    "explain",
    "find_schema",
    "formula",
    "gate_results",
    "intracluster_correlation",
    "key_fingerprint",
    "keygen",
    "lint",
    "load_table",
    "lock",
    "manifest_problems",
    "panel_table",
    "policy_names",
    "programme_tables",
    "publish",
    "read_chain",
    "read_json",
    "read_manifest",
    "read_plan",
    "read_policy",
    "read_schema",
    "read_signers",
    "run",
    "run_bundle",
    "selftest",
    "shipped",
    "standing",
    "story",
    "to_frame",
    "trial_tables",
    "verify",
    "write_json",
]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module 'precept_stats' has no attribute {name!r}")
    return getattr(import_module(f"precept_stats.{home}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])

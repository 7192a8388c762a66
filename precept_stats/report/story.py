"""The story of a set of results: plan and rows in, a report of blocks out.

Rows pass the disclosure gate here, before any section sees them; no section is given anything else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from precept_stats.plan.document import Output
from precept_stats.plan.loaded import LoadedPlan
from precept_stats.report.arms import arm_names, with_arm_names
from precept_stats.report.blocks import Block, Figure, Report, Table
from precept_stats.report.disclosure import release
from precept_stats.report.material import Material
from precept_stats.report.sections.baseline import baseline
from precept_stats.report.sections.bundles import bundles
from precept_stats.report.sections.cluster_size import cluster_size
from precept_stats.report.sections.clusters import clusters
from precept_stats.report.sections.correlations import correlations
from precept_stats.report.sections.data_quality import data_quality
from precept_stats.report.sections.diagnostics import diagnostics
from precept_stats.report.sections.disparities import disparities, summary_of_areas
from precept_stats.report.sections.event_study import event_study
from precept_stats.report.sections.exposure import exposure
from precept_stats.report.sections.families import families
from precept_stats.report.sections.first_stage import first_stage
from precept_stats.report.sections.flow import flow
from precept_stats.report.sections.front import SYNTHETIC, badges, question, summary
from precept_stats.report.sections.influence import influence
from precept_stats.report.sections.joint_tests import joint_tests
from precept_stats.report.sections.lock import lock_mark, lock_record
from precept_stats.report.sections.methods import methods
from precept_stats.report.sections.missing_outcomes import missing_outcomes
from precept_stats.report.sections.numbers_needed import numbers_needed
from precept_stats.report.sections.over_time_front import (
    flow_over_time,
    question_over_time,
    summary_over_time,
)
from precept_stats.report.sections.over_time_results import forest_over_time, results_over_time
from precept_stats.report.sections.posterior import posterior, priors
from precept_stats.report.sections.posterior_checks import posterior_checks
from precept_stats.report.sections.posterior_clusters import posterior_clusters
from precept_stats.report.sections.predictions import predictions
from precept_stats.report.sections.prior_sensitivity import prior_sensitivity
from precept_stats.report.sections.record import deviations, differences, provenance
from precept_stats.report.sections.reference import reference
from precept_stats.report.sections.results import forest, results
from precept_stats.report.sections.schedule import schedule
from precept_stats.report.sections.sensitivity import sensitivity
from precept_stats.report.sections.series import series
from precept_stats.report.sections.subgroups import subgroups
from precept_stats.report.sections.true_course import true_course
from precept_stats.report.sections.variances import variances
from precept_stats.values import Results

Section = Callable[[Material], tuple[Block, ...]]

SECTIONS: tuple[tuple[Output | None, Section], ...] = (
    (None, summary),
    (None, question),
    ("flow", flow),
    ("flow", schedule),
    ("baseline", baseline),
    ("results", priors),
    ("results", results),
    ("results", sensitivity),
    ("results", missing_outcomes),
    ("results", posterior),
    ("results", prior_sensitivity),
    ("results", numbers_needed),
    ("results", first_stage),
    ("results", families),
    ("results", bundles),
    ("results", exposure),
    ("results", variances),
    ("results", joint_tests),
    ("results", reference),
    ("forest", forest),
    ("forest", subgroups),
    (None, correlations),
    (None, disparities),
    ("clusters", clusters),
    ("clusters", cluster_size),
    ("clusters", predictions),
    ("clusters", posterior_clusters),
    ("clusters", posterior_checks),
    ("clusters", influence),
    ("data_quality", data_quality),
    (None, methods),
    (None, differences),
    (None, lock_record),
    (None, deviations),
    (None, provenance),
)
"""Sections in reading order, each with the output of the plan that asks for it (None: always there)."""

OF_AREAS: tuple[tuple[Output | None, Section], ...] = (
    (None, summary_of_areas),
    (None, disparities),
    ("data_quality", data_quality),
    (None, lock_record),
    (None, deviations),
    (None, provenance),
)
"""The sections of a plan that compares areas, and no arms."""

OVER_TIME: tuple[tuple[Output | None, Section], ...] = (
    (None, summary_over_time),
    (None, question_over_time),
    ("flow", flow_over_time),
    (None, series),
    ("results", priors),
    ("results", results_over_time),
    ("results", posterior),
    ("results", prior_sensitivity),
    ("results", true_course),
    ("forest", forest_over_time),
    ("results", event_study),
    ("results", diagnostics),
    ("clusters", predictions),
    (None, disparities),
    ("data_quality", data_quality),
    (None, methods),
    (None, deviations),
    (None, lock_record),
    (None, provenance),
)
"""The sections of a plan that follows a programme or a series over time."""


def story(loaded: LoadedPlan, results: Results) -> Report:
    """The report that the plan asks for, made from the rows that its disclosure policy lets pass."""
    rows = with_arm_names(results.rows, arm_names(loaded.plan))
    released = release(rows, loaded.plan.disclosure.policy)
    material = Material(loaded, released, results.provenance)
    blocks = tuple(
        block
        for output, section in _sections(loaded)
        if output is None or output in loaded.plan.outputs
        for block in section(material)
    )
    if results.provenance.synthetic:
        blocks = tuple(_tagged(block) for block in blocks)
    subtitle = f"Plan {loaded.plan.id}, version {loaded.plan.version}"
    return Report(loaded.plan.title, subtitle, badges(material), blocks, lock_mark(material))


def _sections(loaded: LoadedPlan) -> tuple[tuple[Output | None, Section], ...]:
    if loaded.plan.over_time:
        return OVER_TIME
    return OF_AREAS if loaded.plan.of_areas else SECTIONS


def _tagged(block: Block) -> Block:
    """Every table and figure made from synthetic data says so itself, wherever it is copied to."""
    if isinstance(block, Table):
        return replace(block, tag=SYNTHETIC)
    if isinstance(block, Figure):
        return replace(block, tag=SYNTHETIC, behind=replace(block.behind, tag=SYNTHETIC))
    return block

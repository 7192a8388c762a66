"""The shipped synthetic programme without noise: what a method makes of the true course of every unit."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np

from precept_stats.data.shipped import shipped
from precept_stats.data.synthetic import NPP_SEED, ProgrammeScenario
from precept_stats.data.synthetic_draws import Stream, stream
from precept_stats.data.synthetic_programme import programme_effect, region_means, secular_course
from precept_stats.inference.uncertainty import point_value
from precept_stats.methods.before_after import BeforeAfter
from precept_stats.methods.panel_regression import PanelRegression
from precept_stats.plan.loaded import LoadedPlan
from precept_stats.plan.reader import read_plan
from precept_stats.runner import load_tables
from precept_stats.studies.prepare import prepare
from precept_stats.studies.series_design import SeriesDesign

SCENARIO = ProgrammeScenario()


@cache
def loaded(plan: str) -> LoadedPlan:
    return read_plan(shipped("analysis_plans") / f"{plan}.yaml")


def design_of(plan: str, analysis: str) -> SeriesDesign:
    """The design of an analysis of a shipped plan, from the shipped data."""
    document = loaded(plan).plan
    tables = load_tables(loaded(plan), {})
    found = prepare(document.analyses[analysis].study, tables, document.question(analysis)).design
    assert isinstance(found, SeriesDesign)
    return found


def on_its_true_course(design: SeriesDesign, *, regions_apart: bool = True) -> SeriesDesign:
    """Every cell at its true mean; without ``regions_apart`` the nation's, so that trends are parallel."""
    months = SCENARIO.month_numbers
    starts = design.interruptions[0].start
    order = stream(NPP_SEED, Stream.PROGRAMME_ORDER).permutation(SCENARIO.regions)
    region = np.array([int(name.split()[-1]) - 1 for name in design.cluster_names])[design.cluster]
    if regions_apart:
        means = region_means(SCENARIO, order[region], starts)
    else:
        means = secular_course(SCENARIO, months) + programme_effect(SCENARIO, months, starts)
    y = means[design.row_unit, design.period - months[0]]
    return replace(design, y=y, events=y * design.size)


def without_noise(plan: str, analysis: str, *, regions_apart: bool = True) -> float:
    """What the method of an analysis gives on the true course."""
    method = loaded(plan).plan.analyses[analysis].method
    assert isinstance(method, BeforeAfter | PanelRegression)
    design = on_its_true_course(design_of(plan, analysis), regions_apart=regions_apart)
    return point_value(method.fit(design).uncertainty, method.targets(design)[0])

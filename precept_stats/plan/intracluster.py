"""Intracluster correlations of a plan, or asked for directly: prepared like an analysis, answered as rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from precept_stats.data.dataset import Source, Table, load_table
from precept_stats.errors import DataError, FitError, PlanError
from precept_stats.inference.seeds import Seed
from precept_stats.methods.intracluster import IccSettings, icc_objections
from precept_stats.methods.intracluster_rows import IccHow, correlation_rows
from precept_stats.plan.document import Plan
from precept_stats.studies import AnyStudy
from precept_stats.studies.prepare import prepare
from precept_stats.studies.prepared_series import PreparedSeries
from precept_stats.studies.question import Question
from precept_stats.values import Correlations, Row

NAME = "correlation"


@dataclass(frozen=True, slots=True)
class Asked:
    """One set of correlations: what it is called, of what, and which."""

    name: str
    study: AnyStudy
    question: Question
    settings: IccSettings


def correlations_of(plan: Plan, tables: Mapping[str, Table]) -> tuple[Row, ...]:
    """The rows of every correlation of a plan; what fails is a row, and stops nothing."""
    rows: list[Row] = []
    for name, declared in plan.correlations.items():
        asked = Asked(name, declared.study, plan.question_of(declared.estimand), declared)
        seed = None if plan.seed is None else Seed(plan.seed).at("correlations", name)
        try:
            rows += _answered(asked, tables, IccHow(plan.multiplicity.level, seed))
        except (DataError, FitError) as problem:
            found = "; ".join(part for part in (problem.problem, problem.found, problem.where) if part)
            rows.append(
                replace(
                    _about(asked),
                    context="failure",
                    stat_name="problem",
                    stat=problem.problem,
                    stat_label="Why there is no correlation",
                    error=found,
                    status="failed",
                )
            )
    return tuple(rows)


def intracluster_correlation(
    study: AnyStudy,
    data: Source | Mapping[str, Source],
    question: Question,
    settings: IccSettings | None = None,
    how: IccHow | None = None,
) -> Correlations:
    """Intracluster correlations without a plan, for notebooks: the same rows as a plan gives.

    ``data`` is one table, or tables by name when the population joins them; ``settings`` name the
    estimators (analysis of variance with Searle's interval) and ``how`` the level (0.95) and a seed for
    intervals that draw. Raises PlanError for estimators that the outcome or study does not allow,
    DataError and FitError for data that hold no correlation; an estimator that fails is a row.
    """
    settings, how = settings or IccSettings(), how or IccHow()
    objections = icc_objections(settings, study, question.outcome)
    if objections:
        raise PlanError("these correlations cannot be had", found="; ".join(objections))
    if settings.needs_seed and how.seed is None:
        raise PlanError("an interval draws random numbers and there is no seed", allowed="IccHow(seed=...)")
    sources = data if isinstance(data, Mapping) else {question.population.of: data}
    tables = {
        name: source if isinstance(source, Table) else load_table(source, None, name)
        for name, source in sources.items()
    }
    rows = _answered(Asked(NAME, study, question, settings), tables, how)
    synthetic = any(table.synthetic for table in tables.values())
    return Correlations(question.outcome.name, rows, synthetic)


def _answered(asked: Asked, tables: Mapping[str, Table], how: IccHow) -> tuple[Row, ...]:
    prepared = prepare(asked.study, tables, asked.question)
    if isinstance(prepared, PreparedSeries):
        raise PlanError("intracluster correlations are of trials", found=asked.study.kind)
    found = tuple(correlation_rows(_about(asked), prepared.design, asked.settings, how))
    flow = (replace(row, purpose="") for row in prepared.flow_rows(asked.name))
    return (*flow, *found)


def _about(asked: Asked) -> Row:
    """What every row of a correlation repeats."""
    return Row(
        analysis=asked.name,
        context="icc",
        stat_name="",
        stat=None,
        estimand=asked.question.estimand_id,
        variable=asked.question.outcome.column,
    )

"""Disparities of a plan, or asked for directly: prepared like an analysis, answered as rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from precept_stats.data.dataset import Source, Table, load_table
from precept_stats.errors import DataError, FitError, PlanError
from precept_stats.inference.rows import Header
from precept_stats.inference.seeds import Seed
from precept_stats.methods.area_methods import AnyAreaMethod, every_area, rows_of_areas
from precept_stats.methods.disparity_indices import DisparityIndices
from precept_stats.plan.document import Plan
from precept_stats.studies.region_design import AreaQuestion
from precept_stats.studies.region_tables import prepare_regions
from precept_stats.studies.regions import Regions
from precept_stats.values import Disparity, Row

NAME = "disparity"


@dataclass(frozen=True, slots=True)
class DisparityHow:
    """The confidence level of every interval, and the seed of what is drawn."""

    level: float = 0.95
    seed: int | None = None


def disparities_of(plan: Plan, tables: Mapping[str, Table]) -> tuple[Row, ...]:
    """The rows of every disparity of a plan; what fails is a row, and stops nothing."""
    rows: list[Row] = []
    for name, declared in plan.disparities.items():
        question = plan.area_question(name)
        header = Header(name, "", "exploratory", question.outcome.column)
        try:
            prepared = prepare_regions(declared.study, tables, question)
            found = (*_remarks(header, prepared.warnings),)
            about = (plan.multiplicity.level, _seed(plan.seed, name))
            for method in declared.methods:
                found += tuple(rows_of_areas(header, prepared.design, method, about))
        except (DataError, FitError, PlanError) as problem:
            reason = "; ".join(part for part in (problem.problem, problem.found, problem.where) if part)
            row = header.row("failure", "problem", problem.problem, "Why there is no disparity")
            found = (replace(row, measure=NAME, error=reason, status="failed"),)
        rows += [replace(row, purpose="") for row in found]
    return tuple(rows)


def _seed(root: int | None, name: str) -> Seed | None:
    return None if root is None else Seed(root).at(name)


def _remarks(header: Header, warnings: tuple[str, ...]) -> tuple[Row, ...]:
    return tuple(header.row("fit", "remark", text, "What to know of the areas") for text in warnings)


def disparity(
    study: Regions,
    data: Source | Mapping[str, Source],
    question: AreaQuestion,
    method: AnyAreaMethod | None = None,
    how: DisparityHow | None = None,
) -> Disparity:
    """How unequal areas are in an outcome: areas, indices by period and their changes, as rows.

    ``data`` is one table, or tables by name when the population joins them; ``method`` names the indices (all
    that the areas have), or is a RegionalShrinkage, a FunnelPlot or ControlCharts. Raises PlanError for an
    outcome that the study cannot be of and for draws without a seed, DataError for a table that does not hold
    the study; an index that cannot be had is a row with the reason.
    """
    method, how = method or DisparityIndices(), how or DisparityHow()
    sources = data if isinstance(data, Mapping) else {question.population.of: data}
    tables = {
        name: source if isinstance(source, Table) else load_table(source, None, name)
        for name, source in sources.items()
    }
    prepared = prepare_regions(study, tables, question)
    header = Header(NAME, "", "exploratory", question.outcome.column)
    rows = tuple(rows_of_areas(header, prepared.design, method, (how.level, _seed(how.seed, NAME))))
    if not isinstance(method, DisparityIndices):
        rows = (*every_area(header, prepared.design, how.level), *rows)
    synthetic = any(table.synthetic for table in tables.values())
    return Disparity(question.outcome.name, rows, prepared.warnings, synthetic)

"""Disparity between areas, asked for directly: prepared like an analysis, answered as rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from precept_stats.data.dataset import Source, Table, load_table
from precept_stats.inference.rows import Header
from precept_stats.methods.disparity_indices import DisparityIndices
from precept_stats.methods.disparity_rows import disparity_rows
from precept_stats.studies.region_design import AreaQuestion
from precept_stats.studies.region_tables import prepare_regions
from precept_stats.studies.regions import Regions
from precept_stats.values import Disparity

NAME = "disparity"


@dataclass(frozen=True, slots=True)
class DisparityHow:
    """The confidence level of every interval."""

    level: float = 0.95


def disparity(
    study: Regions,
    data: Source | Mapping[str, Source],
    question: AreaQuestion,
    method: DisparityIndices | None = None,
    how: DisparityHow | None = None,
) -> Disparity:
    """How unequal areas are in an outcome: areas, indices by period and their changes, as rows.

    ``data`` is one table, or tables by name when the population joins them; ``method`` names the indices (all
    that the areas have). Raises PlanError for an outcome that the study cannot be of, DataError for a table
    that does not hold the study; an index that cannot be had is a row with the reason.
    """
    method, how = method or DisparityIndices(), how or DisparityHow()
    sources = data if isinstance(data, Mapping) else {question.population.of: data}
    tables = {
        name: source if isinstance(source, Table) else load_table(source, None, name)
        for name, source in sources.items()
    }
    prepared = prepare_regions(study, tables, question)
    header = Header(NAME, "", "exploratory", question.outcome.column)
    rows = tuple(disparity_rows(header, prepared.design, method, how.level))
    synthetic = any(table.synthetic for table in tables.values())
    return Disparity(question.outcome.name, rows, prepared.warnings, synthetic)

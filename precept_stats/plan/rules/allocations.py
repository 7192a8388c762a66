"""Rules about allocations that a study declares: the table that lists them, and its columns."""

from __future__ import annotations

from collections.abc import Iterator

from precept_stats.data.schema import find_schema
from precept_stats.data.strict_yaml import Location
from precept_stats.errors import PreceptError
from precept_stats.plan.findings import Remark, nearest, quoted
from precept_stats.plan.loaded import LoadedPlan
from precept_stats.plan.rules.rule import Rule
from precept_stats.studies import PlannedStudy
from precept_stats.studies.cluster_trial import ClusterTrial
from precept_stats.studies.declared_allocation import ListedAllocations
from precept_stats.studies.stepped_wedge import SteppedWedge


def tables_listed(loaded: LoadedPlan) -> dict[str, ListedAllocations]:
    """By analysis, the allocations that its study lists in a table."""
    studies = {name: analysis.study for name, analysis in loaded.plan.analyses.items()}
    found = {name: _listed(study) for name, study in studies.items()}
    return {name: declared for name, declared in found.items() if declared is not None}


def _listed(study: PlannedStudy) -> ListedAllocations | None:
    declared = study.allocation if isinstance(study, ClusterTrial | SteppedWedge) else None
    return declared if isinstance(declared, ListedAllocations) else None


def _table_exists(loaded: LoadedPlan) -> Iterator[Remark]:
    tables = tuple(loaded.plan.data)
    for name, declared in tables_listed(loaded).items():
        if declared.table not in tables:
            place = ("analyses", name, "study", "allocation", "table")
            yield Remark(place, "no such table", declared.table, nearest(declared.table, tables))


def _columns_declared(loaded: LoadedPlan) -> Iterator[Remark]:
    """Columns of a listed table that its schema does not declare, once each."""
    told: set[Location] = set()
    beside = loaded.path.parent if loaded.path is not None else None
    for name, declared in tables_listed(loaded).items():
        source, study = loaded.plan.data.get(declared.table), loaded.plan.analyses[name].trial
        if source is None or study is None:
            continue  # PL-0190 says so
        try:
            schema = find_schema(source.schema_id, beside=beside)
        except PreceptError:
            continue  # PL-0176 says so
        if schema.fields_match == "subset":
            continue
        for field, column in declared.own_columns(study.cluster, study.arm):
            location: Location = ("analyses", name, "study", "allocation", *field.split("/"))
            written = loaded.source.written_at(location)
            if column not in schema.column_names and written not in told:
                told.add(written)
                message = f"a column that the schema of {declared.table} does not declare"
                yield Remark(location, message, quoted(column), nearest(column, schema.column_names))


RULES = (
    Rule("PL-0190", "error", "allocations are listed in a table of the plan", _table_exists),
    Rule("PL-0191", "error", "listed allocations name columns of their table", _columns_declared),
)

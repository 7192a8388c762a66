"""L5: where the data may not go, the plan run on tables made up from the schemas of its bundle."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from precept_stats.data.dataset import Table, load_table
from precept_stats.data.generated import World, generated_tables
from precept_stats.data.generated_areas import area_tables
from precept_stats.data.schema import DataSchema
from precept_stats.errors import PreceptError
from precept_stats.evidence.verify.check import Check
from precept_stats.evidence.verify.contents import Contents
from precept_stats.evidence.verify.world import world_of
from precept_stats.evidence.verify.world_areas import areas_of
from precept_stats.plan.document import Plan
from precept_stats.plan.reader import LoadedPlan
from precept_stats.plan.schemas import planned_schemas
from precept_stats.runner import Progress, run
from precept_stats.values import Failure, Results

TABLES = "Tables can be made up from the schemas"
PLAN = "The plan runs on made-up tables"
SEED = 1
BROKEN = (ValueError, TypeError, KeyError, IndexError, AttributeError, ArithmeticError)
"""What a run may never raise: each is a fault of the library, which is told."""


def execution(bundle: Contents, progress: Progress | None, seed: int = SEED) -> list[Check]:
    """One check for the tables, one for the run, and one an analysis: a result, or a failure that is told."""
    try:
        tables = synthetic_tables(bundle.loaded, seed)
    except PreceptError as problem:
        return [Check("L5", TABLES, "not run", (str(problem),))]
    sizes = ", ".join(f"{name} {len(table.frame):,} rows" for name, table in tables.items())
    made = Check("L5", f"{TABLES} ({sizes}; seed {seed}; all synthetic)", "passed")
    try:
        found = run(bundle.loaded, tables, progress=progress)
    except PreceptError as problem:
        return [made, Check("L5", PLAN, "differs", (f"made-up tables do not hold its study: {problem}",))]
    except BROKEN as problem:
        return [made, Check("L5", PLAN, "failed", (f"{type(problem).__name__}: {problem}",))]
    return [made, *_outcomes(found), *_disparities(bundle.loaded.plan, found)]


def synthetic_tables(loaded: LoadedPlan, seed: int) -> dict[str, Table]:
    """Tables made up for a plan, each marked synthetic. Raises DataError where none could be."""
    schemas, plan = _schemas(loaded), loaded.plan
    areas = areas_of(plan)
    others = {name: schema for name, schema in schemas.items() if name not in areas}
    world = world_of(plan, schemas) if plan.analyses else World(unit=None)
    frames = generated_tables(others, world, seed) | area_tables(schemas, areas, seed)
    return {
        name: replace(load_table(frames[name], schema, name), synthetic=True)
        for name, schema in schemas.items()
    }


def _schemas(loaded: LoadedPlan) -> dict[str, DataSchema]:
    planned = planned_schemas(loaded)
    return {name: planned[source.schema_id].schema for name, source in loaded.plan.data.items()}


def _outcomes(found: Results) -> Iterator[Check]:
    marked = found.provenance.synthetic
    yield Check("L5", PLAN, "passed" if marked else "failed", () if marked else ("not marked synthetic",))
    for entry in found:
        name = f"Analysis {entry.analysis} on synthetic data"
        if isinstance(entry, Failure):
            yield Check("L5", name, "differs", (f"ends in a failure that is told: {entry.problem}",))
        else:
            yield Check("L5", f"{name} gives a result", "passed")


def _disparities(plan: Plan, found: Results) -> Iterator[Check]:
    failed = {row.analysis: str(row.stat) for row in found.shared if row.context == "failure"}
    for one in plan.disparities:
        name = f"Disparity {one} on synthetic data"
        if one in failed:
            yield Check("L5", name, "differs", (f"ends in a failure that is told: {failed[one]}",))
        else:
            yield Check("L5", f"{name} gives a result", "passed")

"""The data schemas of a plan: their text, their digest, and that they are the ones the plan pins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from precept_stats.data.schema import DataSchema, schema_and_digest, schema_text
from precept_stats.errors import PlanError
from precept_stats.plan.loaded import LoadedPlan


@dataclass(frozen=True, slots=True, eq=False)
class PlannedSchema:
    """A schema as it was found; ``digest`` is of what it states (canonical JSON)."""

    schema: DataSchema
    text: str
    digest: str


def planned_schemas(loaded: LoadedPlan) -> Mapping[str, PlannedSchema]:
    """Every schema that a plan names, by its id. Raises PlanError where one is not the one pinned."""
    beside = loaded.path.parent if loaded.path is not None else None
    found: dict[str, PlannedSchema] = {}
    for table, source in loaded.plan.data.items():
        name = source.schema_id
        if name not in found:
            text = schema_text(name, beside)
            schema, digest = schema_and_digest(text, f"{name}.yaml")
            found[name] = PlannedSchema(schema, text, digest)
        pinned = source.schema_sha256
        if pinned and pinned != found[name].digest:
            raise PlanError(
                f"the schema {name!r} is not the one that the plan pins",
                found=found[name].digest,
                allowed=pinned,
                where=f"/data/{table}/schema_sha256",
            )
    return found

"""What a set of results was made from: digests, versions, seed and time. No paths, no host names."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version

from precept_stats.data.dataset import Table
from precept_stats.data.policies import read_policy
from precept_stats.plan.reader import LoadedPlan
from precept_stats.plan.schemas import planned_schemas
from precept_stats.plan.standing import Standing
from precept_stats.values import Provenance

RECORDED_PACKAGES = ("precept_stats", "numpy", "scipy", "pandas")


def provenance(loaded: LoadedPlan, tables: Mapping[str, Table], stands: Standing) -> Provenance:
    """The record that travels with every set of results."""
    schemas = planned_schemas(loaded)
    software = (("python", platform.python_version()), *((name, version(name)) for name in RECORDED_PACKAGES))
    return Provenance(
        plan_id=loaded.plan.id,
        plan_version=loaded.plan.version,
        plan_digest=loaded.digest,
        data_digests=tuple((name, table.digest) for name, table in tables.items()),
        synthetic=any(table.synthetic for table in tables.values()),
        software=software,
        seed=loaded.plan.seed,
        created=now(),
        file_digests=tuple((name, table.file_digest) for name, table in tables.items() if table.file_digest),
        schema_digests=tuple((name, schemas[name].digest) for name in sorted(schemas)),
        lock=stands.digest,
        lock_state=stands.state,
        policy=loaded.plan.disclosure.policy,
        policy_digest=read_policy(loaded.plan.disclosure.policy).digest,
    )


def now() -> str:
    """The time in UTC, or that of SOURCE_DATE_EPOCH where a build must repeat to the byte."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    moment = datetime.fromtimestamp(int(epoch), UTC) if epoch.isdigit() else datetime.now(UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")

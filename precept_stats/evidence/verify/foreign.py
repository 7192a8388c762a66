"""Files that no run writes: a bundle is a closed list, so that nothing can be handed over along with it."""

from __future__ import annotations

from collections.abc import Iterator

from precept_stats.evidence import names
from precept_stats.evidence.draw_files import DRAWS, NOT_WRITTEN
from precept_stats.evidence.verify.contents import Contents
from precept_stats.plan.lock_chain import read_chain
from precept_stats.plan.schemas import planned_schemas
from precept_stats.report.story import story

ALWAYS = (
    *(names.REPORT, names.STATUS, names.ROWS, names.PARQUET, names.PLAN, names.ENVIRONMENT, names.DATA),
    *(names.SEEDS, names.LOG, names.CRATE, names.MANIFEST, names.SIGNATURE),
)
INNER = (names.WARNING_FILE, names.ROWS, names.PARQUET, names.MANIFEST, f"{DRAWS}/{NOT_WRITTEN}")


def foreign_files(bundle: Contents) -> Iterator[str]:
    """Files under names that the plan and its results do not give."""
    known = set(_known(bundle))
    for path in sorted(bundle.folder.rglob("*")):
        place = path.relative_to(bundle.folder).as_posix()
        if not path.is_dir() and place not in known:
            yield f"{place}: no file that a run of this plan writes"


def _known(bundle: Contents) -> Iterator[str]:
    yield from ALWAYS
    for name in planned_schemas(bundle.loaded):
        yield f"{names.SCHEMAS}/{name}.yaml"
    for file in read_chain(bundle.folder / names.LOCKS):
        yield f"{names.LOCKS}/{file.name}"
    for figure in story(bundle.loaded, bundle.shown).figures:
        yield from (f"{names.FIGURES}/{figure.id}.{form}" for form in ("svg", "csv"))
    yield from (f"{names.SENSITIVE}/{name}" for name in INNER)
    for analysis in bundle.loaded.plan.analyses:
        yield f"{names.SENSITIVE}/{DRAWS}/{analysis}.zarr.zip"

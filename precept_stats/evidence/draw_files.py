"""Draws of posteriors beside the rows: one ArviZ DataTree an analysis, as a zarr archive."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from precept_stats.inference.posterior_answers import StoredDraws
from precept_stats.values import Result, Results

DRAWS = "draws"
NOT_WRITTEN = "not_written.txt"
MISSING = "The draws were not written: install the extra `bayes` (it brings ArviZ and zarr) and run again.\n"


def write_draws(results: Results, folder: Path) -> None:
    """A folder ``draws`` with ``<analysis>.zarr.zip`` for every analysis that has any; nothing where none is.

    To read one: ``xarray.open_datatree(zarr.storage.ZipStore("draws/main.zarr.zip", mode="r"),
    engine="zarr", consolidated=False)``.
    """
    found = {
        entry.analysis: entry.draws
        for entry in results
        if isinstance(entry, Result) and isinstance(entry.draws, StoredDraws)
    }
    if not found:
        return
    inner = folder / DRAWS
    inner.mkdir()
    if find_spec("zarr") is None or find_spec("arviz_base") is None:
        (inner / NOT_WRITTEN).write_text(MISSING, encoding="utf-8")
        return
    for name, draws in found.items():
        _write(draws, inner / f"{name}.zarr.zip")


def _write(draws: StoredDraws, target: Path) -> None:
    import arviz_base  # lazy: heavy, and in an extra
    from zarr.core.buffer import Buffer
    from zarr.storage import MemoryStore

    posterior = {"parameters": draws.parameters, "effect": draws.effect}
    dims = {"parameters": ["parameter"], "log_likelihood": ["cluster"]}
    if draws.means is not None:
        posterior["cluster_mean"] = draws.means
        dims["cluster_mean"] = ["cluster"]
    tree = arviz_base.from_dict(
        {
            "posterior": posterior,
            "sample_stats": {"diverging": draws.diverging, "energy": draws.energy},
            "log_prior": {"log_prior": draws.log_prior},
            "log_likelihood": {"log_likelihood": draws.log_likelihood},
        },
        dims=dims,
        coords={"parameter": list(draws.names), "cluster": list(draws.clusters)},
        attrs={"/": {"sampler": draws.sampler, "random_effects": "integrated out"}},
    )
    for part in tree.subtree:
        part.attrs.pop("created_at", None)
    held: dict[str, Buffer] = {}
    tree.to_zarr(MemoryStore(held), mode="w", consolidated=False)
    with ZipFile(target, "w", ZIP_STORED) as archive:
        for name in sorted(held):
            archive.writestr(ZipInfo(name), held[name].to_bytes())

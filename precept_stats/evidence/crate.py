"""RO-Crate metadata of a bundle: the profile Process Run Crate 0.5, as JSON-LD, with nothing to look up."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from precept_stats.evidence.names import CRATE, PLAN, REPORT, ROWS, SCHEMAS
from precept_stats.values import Provenance

CONTEXT = "https://w3id.org/ro/crate/1.1/context"
CRATE_1_1 = "https://w3id.org/ro/crate/1.1"
PROCESS_RUN = "https://w3id.org/ro/wfrun/process/0.5"
Entity = dict[str, Any]
SOFTWARE, RUN = "#precept_stats", "#run"
FORMATS = {
    ".html": "text/html",
    ".json": "application/json",
    ".jsonl": "application/jsonl",
    ".parquet": "application/vnd.apache.parquet",
    ".yaml": "application/yaml",
    ".svg": "image/svg+xml",
    ".csv": "text/csv",
    ".txt": "text/plain",
    ".zip": "application/zip",
}
COMPLETED = "http://schema.org/CompletedActionStatus"
FAILED = "http://schema.org/FailedActionStatus"


def crate(title: str, made: Provenance, span: tuple[str, str], paths: Sequence[str], failed: str) -> Entity:
    """The metadata document. ``span`` is when the run began and ended, ``failed`` what failed, or empty.

    Data are named by the digest of what they say, since a bundle never holds them; nor is any file of
    the sensitive folder named.
    """
    data = [_data(name, digest) for name, digest in made.data_digests]
    used = [PLAN, *(path for path in paths if path.startswith(f"{SCHEMAS}/"))]
    made_files = [path for path in paths if path not in used]
    action: Entity = {
        "@id": RUN,
        "@type": "CreateAction",
        "name": f"Run of the analysis plan {made.plan_id}, version {made.plan_version}",
        "instrument": {"@id": SOFTWARE},
        "object": _refs([*used, *(str(entity["@id"]) for entity in data)]),
        "result": _refs(made_files),
        "startTime": span[0],
        "endTime": span[1],
        "actionStatus": {"@id": FAILED if failed else COMPLETED},
    }
    if failed:
        action["error"] = failed
    graph = [
        {"@id": CRATE, "@type": "CreativeWork", "conformsTo": {"@id": CRATE_1_1}, "about": {"@id": "./"}},
        _root(title, made, paths, data),
        {
            "@id": PROCESS_RUN,
            "@type": "CreativeWork",
            "name": "Process Run Crate",
            "version": "0.5",
        },
        {
            "@id": SOFTWARE,
            "@type": "SoftwareApplication",
            "name": "precept_stats",
            "version": version("precept_stats"),
            "softwareVersion": version("precept_stats"),
        },
        action,
        *(_file(path) for path in paths),
        *data,
    ]
    return {"@context": CONTEXT, "@graph": graph}


def _root(title: str, made: Provenance, paths: Sequence[str], data: Sequence[Entity]) -> Entity:
    about = f"Results of the analysis plan {made.plan_id}, version {made.plan_version}."
    synthetic = " The data are synthetic: they describe no real trial." if made.synthetic else ""
    return {
        "@id": "./",
        "@type": "Dataset",
        "conformsTo": {"@id": PROCESS_RUN},
        "name": title,
        "description": f"{about}{synthetic}",
        "datePublished": made.created,
        "license": "No licence is given; ask whoever made this bundle.",
        "hasPart": _refs(paths),
        "mentions": [{"@id": RUN}, *_refs([str(entity["@id"]) for entity in data])],
    }


def _file(path: str) -> Entity:
    suffix = f".{path.rpartition('.')[2]}"
    named = {REPORT: "Report", ROWS: "Results, one row a statistic", PLAN: "Analysis plan"}
    return {
        "@id": path,
        "@type": "File",
        "name": named.get(path, path),
        "encodingFormat": FORMATS.get(suffix, "application/octet-stream"),
    }


def _data(name: str, digest: str) -> Entity:
    return {
        "@id": f"#data-{name}",
        "@type": "Dataset",
        "name": name,
        "description": f"A table that is not in this bundle. SHA-256 of what it says: {digest}",
        "identifier": f"sha256:{digest}",
    }


def _refs(ids: Sequence[str]) -> list[dict[str, str]]:
    return [{"@id": name} for name in ids]

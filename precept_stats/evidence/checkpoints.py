"""Finished analyses on disk, so that a run that was stopped goes on from them and gives the same rows."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from precept_stats.ard import entry_from_json, entry_to_json
from precept_stats.data.canonical import canonical_json
from precept_stats.errors import DataError
from precept_stats.evidence.environment import fingerprint
from precept_stats.values import Failure, Provenance, Result

KEY = "key.json"

Told = Callable[[str, str, str], None]
"""Called with (event, analysis, its status)."""


@dataclass(slots=True)
class KeptAnalyses:
    """A folder with a file an analysis, good only for the very same plan, data, software and machine.

    Of tables given in memory nobody can say that they are the same in the same order, so with these
    nothing is kept; nor is an analysis that also has draws of a posterior, which are kept apart.
    """

    folder: Path
    told: Told = lambda event, analysis, status: None
    keeps: bool = field(default=False, init=False)

    def begin(self, made: Provenance) -> None:
        self.keeps = len(made.file_digests) == len(made.data_digests)
        key = canonical_json(_key(made))
        file = self.folder / KEY
        if not self.keeps or not file.is_file() or file.read_bytes() != key:
            shutil.rmtree(self.folder, ignore_errors=True)
        if self.keeps:
            self.folder.mkdir(exist_ok=True)
            _write(file, key)

    def get(self, analysis: str) -> Result | Failure | None:
        try:
            content = (self.folder / f"{analysis}.json").read_text(encoding="utf-8") if self.keeps else ""
            digest, _, text = content.partition("\n")
            if not text or hashlib.sha256(text.encode()).hexdigest() != digest:
                return None
            entry = entry_from_json(text)
        except (OSError, UnicodeDecodeError, json.JSONDecodeError, DataError):
            return None
        self.told("resumed", analysis, entry.status)
        return entry

    def put(self, entry: Result | Failure) -> None:
        self.told("finished", entry.analysis, entry.status)
        if self.keeps and getattr(entry, "draws", None) is None:
            text = entry_to_json(entry)
            digest = hashlib.sha256(text.encode()).hexdigest()
            _write(self.folder / f"{entry.analysis}.json", f"{digest}\n{text}".encode())


def _key(made: Provenance) -> list[object]:
    """Everything that an analysis is a function of."""
    return [
        made.plan_digest,
        [list(pair) for pair in made.data_digests],
        [list(pair) for pair in made.file_digests],
        [list(pair) for pair in made.schema_digests],
        str(made.seed),
        fingerprint(),
    ]


def _write(file: Path, content: bytes) -> None:
    fresh = file.with_name(f"{file.name}.new")
    fresh.write_bytes(content)
    fresh.replace(file)

"""The tables of docs/security.md: limits from the code, attacks from the corpus, the record of fuzzing.

``python -m tests.hostile.pages`` writes them again.
"""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path

from tests.hostile import corpus

ROOT = Path(__file__).resolve().parents[2]
PAGE, RECORD = ROOT / "docs" / "security.md", ROOT / "docs" / "fuzzing.json"

LIMITS = (
    ("data.strict_yaml", "MAX_BYTES", "bytes of a plan or schema"),
    ("data.strict_yaml", "MAX_VALUES", "keys and values of a plan or schema"),
    ("data.strict_yaml", "MAX_DEPTH", "levels of a plan or schema"),
    ("data.strict_yaml", "MAX_DIGITS", "digits of a number in a plan or schema"),
    ("plan.expand", "MOST_VALUES", "values of a plan once `based_on` is expanded"),
    ("plan.findings", "MOST_PROBLEMS", "wrong fields that are looked up"),
    ("plan.findings", "MOST_FINDINGS", "findings that one error lists"),
    ("errors", "LONGEST_PART", "characters of a part of an error"),
    ("data.schema", "MAX_RULES", "rules of a schema"),
    ("data.parquet", "MAX_COLUMNS", "columns of a schema or table"),
    ("data.readers", "MAX_FIELD", "characters of a field of CSV"),
    ("data.parquet", "MAX_CELLS", "cells of a Parquet file"),
    ("data.parquet", "MAX_TEXT", "bytes of text of a Parquet file, decoded"),
    ("data.parquet", "MAX_EXPANSION", "times its size that a Parquet file may decode to"),
    ("data.strict_json", "MAX_BYTES", "bytes of a JSON document"),
    ("data.strict_json", "MAX_VALUES", "values of a JSON document"),
    ("data.strict_json", "MAX_DEPTH", "levels of a JSON document"),
    ("data.canonical", "DEEPEST", "levels of canonical JSON"),
    ("ard", "MAX_CELLS", "cells of rows.parquet"),
    ("plan.lock_document", "LARGEST_LOCK", "bytes of a lock"),
    ("plan.lock_document", "MOST_VALUES", "values of a lock"),
    ("plan.lock_document", "MOST_SIGNATURES", "signatures of a lock or manifest"),
    ("plan.lock_chain", "MOST_LOCKS", "locks of a plan"),
    ("plan.lock_chain", "LARGEST_CHAIN", "bytes of all locks of a plan"),
    ("evidence.manifest", "LARGEST_MANIFEST", "bytes of a manifest"),
    ("evidence.manifest", "MOST_FILES", "files that a manifest lists"),
    ("evidence.manifest", "LARGEST_BUNDLE", "bytes of the folder of a bundle"),
    ("evidence.verify.completeness", "LARGEST_LOG", "bytes of a log that are read"),
    ("evidence.verify.opened", "MOST_FILES", "files of a zip file"),
    ("evidence.verify.opened", "LARGEST", "bytes of a zip file, unpacked"),
    (
        "evidence.verify.opened",
        "LARGEST_RATIO",
        "times its size that a zip file, or a file in it, may unpack to",
    ),
    ("evidence.verify.opened", "LARGEST_DIRECTORY", "bytes of the list of entries of a zip file"),
    ("evidence.verify.opened", "LONGEST_PATH", "characters of a path in a zip file"),
    ("studies.formula", "MAX_LENGTH", "characters of a formula"),
    ("studies.formula", "MAX_TERMS", "terms of a formula once `*` is expanded"),
    ("studies.formula", "MAX_ORDER", "factors of an interaction"),
    ("studies.formula", "MAX_RANDOM_EFFECTS", "random effects of a formula"),
    ("studies.formula_text", "MAX_DEPTH", "levels of parentheses"),
)


def limits() -> str:
    """Every limit with its value and the constant that holds it."""
    lines = ["| limit | value | constant |", "|---|---:|---|"]
    for module, constant, what in LIMITS:
        value = getattr(import_module(f"precept_stats.{module}"), constant)
        lines.append(f"| {what} | {value:,} | `{module}.{constant}` |")
    return "\n".join(lines) + "\n"


def fuzzing() -> str:
    """What fuzzing led by coverage came to, reader by reader."""
    if not RECORD.exists():
        return "No run led by coverage has been recorded yet; `make fuzz` writes it here.\n"
    record = json.loads(RECORD.read_text(encoding="utf-8"))
    lines = ["| reader | executions | refused | broke | slowest, s | MB |", "|---|--:|--:|---|--:|--:|"]
    for reader, said in record["readers"].items():
        broke = ", ".join(said["broken"]) or "nothing"
        if said["ended"] != "in time":
            broke += f"; ended {said['ended']}"
        slowest, most = f"under {said['slowest_seconds'] + 1}", f"{said['most_megabytes']:,}"
        cells = (reader, f"{said['executions']:,}", f"{said['refused']:,}", broke, slowest, most)
        lines.append(f"| {' | '.join(cells)} |")
    total = sum(said["executions"] for said in record["readers"].values())
    told = (
        f"{total:,} executions in {record['seconds']:,} seconds, as long for each reader "
        f"({record['processor_seconds']:,} s on the processor), on {record['date']}, with atheris "
        f"{record['atheris']}. A manifest is never refused: its faults are listed."
    )
    return "\n".join(lines) + f"\n\n{told}\n"


BLOCKS = {"limits": limits, "attacks": corpus.table, "fuzzing": fuzzing}


def written(page: str) -> str:
    """The page with every block as the code makes it now."""
    for name, make in BLOCKS.items():
        start, end = f"<!-- {name} -->\n", "<!-- end -->"
        before, _, rest = page.partition(start)
        page = before + start + make() + end + rest.partition(end)[2]
    return page


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")

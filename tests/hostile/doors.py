"""The doors of the library: one function for each way that something of a stranger comes in."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import precept_stats as ps
from precept_stats.ard import read_json, read_parquet
from precept_stats.data.dataset import load_table
from precept_stats.data.schema import read_schema
from precept_stats.evidence.figure_files import table_csv
from precept_stats.evidence.manifest import manifest_problems
from precept_stats.evidence.verify.run import Against, verify
from precept_stats.plan.document import DataSource
from precept_stats.plan.explain import explain
from precept_stats.plan.files import resolve_file
from precept_stats.plan.lock_chain import read_chain
from precept_stats.plan.lock_document import read_lock
from precept_stats.plan.reader import read_plan
from precept_stats.report.figures import draw
from precept_stats.report.render_html import Drawing, render_html
from precept_stats.report.story import story


def _put(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass"))
    return path


def plan(folder: Path, content: str | bytes) -> Any:
    """Read a plan and explain it."""
    loaded = read_plan(_put(folder / "plan.yaml", content))
    return loaded, explain(loaded, None)


def schema(folder: Path, content: str | bytes) -> Any:
    return read_schema(_put(folder / "schema.yaml", content))


def csv(folder: Path, content: str | bytes) -> Any:
    return load_table(_put(folder / "table.csv", content), None, "table")


def parquet(folder: Path, content: bytes) -> Any:
    return load_table(_put(folder / "table.parquet", content), None, "table")


def file(_folder: Path, content: Path) -> Any:
    """Read a table from a file of any name."""
    return load_table(content, None, "table")


def checked(folder: Path, content: tuple[str, str]) -> Any:
    """Read a table against a schema: the text of each."""
    declared = read_schema(_put(folder / "schema.yaml", content[0]))
    return load_table(_put(folder / "table.csv", content[1]), declared, "table")


def named(folder: Path, content: dict[str, str]) -> Any:
    """Find the file that a plan names."""
    return resolve_file(folder / "plan.yaml", "table", DataSource.model_validate(content))


def rows(folder: Path, content: str | bytes | Path) -> Any:
    return read_json(content if isinstance(content, Path) else _put(folder / "rows.json", content))


def rows_parquet(folder: Path, content: bytes) -> Any:
    return read_parquet(_put(folder / "rows.parquet", content))


def bundle(_folder: Path, content: Path) -> Any:
    """Verify a folder or a zip file up to L1; what its checks say."""
    found = verify(content, Against(level="L1"))
    return [check for check in found.checks if check.outcome == "failed"]


def manifest(folder: Path, content: str | bytes) -> Any:
    _put(folder / "manifest.json", content)
    return manifest_problems(folder)


def lock(_folder: Path, content: str | bytes) -> Any:
    return read_lock(content if isinstance(content, bytes) else content.encode("utf-8"), "0000.json")


def chain(_folder: Path, content: Path) -> Any:
    return read_chain(content)


def formula(_folder: Path, content: str) -> Any:
    return ps.formula(content)


def page(_folder: Path, content: tuple[Any, Any]) -> Any:
    """The report that rows of a stranger give: HTML, the drawings, and the tables behind these."""
    report = story(*content)
    drawn = {figure.id: draw(figure.data, tag=figure.tag) for figure in report.figures}
    drawings = {name: Drawing("data:image/svg+xml,", "data:image/svg+xml,") for name in drawn}
    tables = [table_csv(figure.behind) for figure in report.figures]
    return render_html(report, drawings), list(drawn.values()), tables


def notebook(_folder: Path, content: Any) -> Any:
    return content._repr_html_()


def terminal(folder: Path, content: list[str]) -> Any:
    """The command line: what it writes, and its exit code."""
    from precept_stats import cli

    sys.argv = ["precept", *(word.replace("FOLDER", str(folder)) for word in content)]
    sys.stdout, sys.stderr = io.StringIO(), io.StringIO()
    code: object = 0
    try:
        cli.main()
    except SystemExit as ending:
        code = ending.code
    said = sys.stdout.getvalue() + sys.stderr.getvalue()
    sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__
    return code, said


DOORS: dict[str, Callable[[Path, Any], Any]] = {
    "plan": plan,
    "schema": schema,
    "CSV": csv,
    "Parquet": parquet,
    "table file": file,
    "table and schema": checked,
    "file of a plan": named,
    "rows.json": rows,
    "rows.parquet": rows_parquet,
    "bundle": bundle,
    "manifest": manifest,
    "lock": lock,
    "chain of locks": chain,
    "formula": formula,
    "report": page,
    "notebook": notebook,
    "command line": terminal,
}

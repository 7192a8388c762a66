"""What the command line says: short tables, one error style, progress on a terminal only."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from rich.table import Table
from rich.text import Text

from precept_stats.errors import PlanError, PreceptError, hidden, legible
from precept_stats.report.format import df_text, interval_text, number, number_text, p_text
from precept_stats.values import Failure, Result, Results, Row

if TYPE_CHECKING:
    from precept_stats.plan.findings import Finding
    from precept_stats.plan.lock_document import LockFile
    from precept_stats.runner import Progress as Report

TESTED = ("primary", "secondary")
"""Purposes whose p-value is shown, as in the report."""
SHOWN_INDICES = ("difference", "bgsd", "bgsd_corrected", "tau")
"""Indices of disparity that the terminal shows; all are in the results."""
DISPARITY = "disparity"
LOCK_STATES = {
    "unlocked": "Plan not locked: nothing shows that it was fixed before the data were seen.",
    "departs": "What ran differs from the locked plan; the report lists where.",
}
SYNTHETIC = "SYNTHETIC DATA: these numbers describe no real trial."


def show(text: str) -> None:
    """Plain text on standard output, as it is."""
    _out().print(_said(text), soft_wrap=True)


def note(text: str) -> None:
    """A remark on standard error."""
    _err().print(_said(text), soft_wrap=True)


def _said(text: str, style: str = "") -> Text:
    """Text that is no markup and sends nothing to the terminal but itself."""
    return Text(legible(text), style=style)


def show_json(document: Any) -> None:
    """One JSON document on standard output; NaN and infinity are refused."""
    text = json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False)
    sys.stdout.write("".join(_escaped(one) if hidden(one) else one for one in text) + "\n")


def _escaped(character: str) -> str:
    """A character that cannot be seen, as JSON may write it."""
    return json.dumps(character)[1:-1]


def show_outcome(words: str, document: Any, page: Path | None, *, as_json: bool) -> None:
    """The outcome of a check: as one document, or in words with where its page is."""
    if as_json:
        show_json(document)
        return
    show(words)
    if page is not None:
        show(f"report: {page}")


def show_lock(plan: Path, file: LockFile, *, as_json: bool) -> None:
    """A lock that was written: where it is, what changed, and that it is not signed where it is not."""
    from precept_stats.plan.lock_chain import locks_folder

    path = locks_folder(plan) / file.name
    if as_json:
        show_json({"lock": str(path), "digest": file.digest, "plan": file.lock.plan.canonical_sha256})
        return
    for change in file.lock.amendment.changes if file.lock.amendment is not None else ():
        show(str(change))
    show(f"{file.lock.kind}: {path}")
    show(f"digest: {file.digest}")
    if not file.lock.signatures:
        show("not signed: give --key and --signed-by to say who locked it")


def named_files(pairs: list[str]) -> dict[str, Path]:
    """Tables given as NAME=FILE. Raises PlanError when one is given otherwise, or twice."""
    files: dict[str, Path] = {}
    for pair in pairs:
        name, equals, path = pair.partition("=")
        if not (name and equals and path) or name in files:
            raise PlanError(
                "a table is given as NAME=FILE, once each", found=pair, allowed="--data births=births.csv"
            )
        files[name] = Path(path)
    return files


def show_error(problem: PreceptError, *, as_json: bool) -> None:
    """An error, for a person on standard error or for a program as JSON on standard output."""
    if as_json:
        parts = {name: getattr(problem, name) for name in ("problem", "found", "allowed", "where")}
        details = {
            "findings": _plain(getattr(problem, "findings", ())),
            "violations": _plain(getattr(problem, "violations", ())),
        }
        show_json({"error": type(problem).__name__, **parts, **details, "exit_code": problem.exit_code})
        return
    _err().print(Text.assemble(("error: ", "bold red"), legible(str(problem))), soft_wrap=True)


def _plain(values: Iterable[Any]) -> list[Any]:
    from dataclasses import asdict

    return [asdict(value) for value in values]


def show_findings(findings: Iterable[Finding]) -> None:
    """Lint findings, one a line, with the place in the file."""
    styles = {"error": "bold red", "warning": "yellow", "note": "cyan"}
    for finding in findings:
        _out().print(_said(str(finding), styles[finding.severity]), soft_wrap=True)


def show_results(results: Results) -> None:
    """The short results table of a run."""
    if results.provenance.synthetic:
        _out().print(Text(SYNTHETIC, style="bold yellow"))
    made = results.provenance
    title = f"{made.plan_id} {made.plan_version} (proportions in per cent or percentage points)"
    if made.lock_state != "locked":
        _out().print(Text(LOCK_STATES[made.lock_state], style="yellow"))
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    level = next(
        (100 * one.interval.level for entry in results for one in getattr(entry, "estimates", ())), 95
    )
    for heading in ("analysis", "purpose", "measure"):
        table.add_column(heading)
    for heading in ("estimate", f"{level:.4g}% interval", "df", "p"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("status")
    for entry in results:
        table.add_row(*(_said(cell) for cell in _summary(entry)))
    if results.analyses:
        _out().print(table)
    for entry in results:
        for told in _reasons(entry):
            show(f"{entry.analysis}: {told}")
    _show_disparities(results)


def _reasons(entry: Result | Failure) -> tuple[str, ...]:
    """Why an analysis failed, with what was found and allowed, or what is warned of beside its answer."""
    if not isinstance(entry, Failure):
        return entry.warnings
    parts = (
        entry.problem,
        entry.found and f"found: {entry.found}",
        entry.allowed and f"allowed: {entry.allowed}",
    )
    return ("; ".join(filter(None, parts)),)


def any_failed(results: Results) -> bool:
    """Whether something that is asked of the data as a whole, such as a disparity, could not be had."""
    return any(row.context == "failure" for row in results.shared)


def _show_disparities(results: Results) -> None:
    """A few indices of each disparity by period, in a table of their own; nothing where there is none."""
    table = Table(title="Disparity between areas", title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for heading in ("disparity", "period", "index", "estimate", "interval"):
        table.add_column(heading)
    found: dict[tuple[str, str, str], dict[str, str]] = {}
    for row in results.shared:
        told = row.context == "disparity" and row.measure in SHOWN_INDICES
        if row.context == "failure" and row.measure == DISPARITY:
            table.add_row(row.analysis, "", "", "failed", _said(row.error))
        elif told and isinstance(row.stat, float):
            key = (row.analysis, row.group("period"), row.measure)
            found.setdefault(key, {})[row.stat_name] = number(row.stat)
    for (name, period, measure), cells in found.items():
        low, high = cells.get("conf_low", ""), cells.get("conf_high", "")
        interval = f"{low} to {high}" if low and high else ""
        index, value = measure.replace("_", " "), cells.get("estimate", "")
        table.add_row(*(_said(cell) for cell in (name, period, index, value, interval)))
    if table.row_count:
        _out().print(table)


def _summary(entry: Result | Failure) -> tuple[str, ...]:
    if isinstance(entry, Failure):
        return (entry.analysis, entry.purpose, "", "", "", "", "", f"failed: {entry.problem}")
    if not entry.estimates:
        told = (row.warning for row in entry.rows if (row.context, row.stat_name) == ("estimate", "estimate"))
        return (entry.analysis, entry.purpose, "", "", "", "", "", f"not shown: {next(told, '')}")
    answer = entry.estimate
    return (
        entry.analysis,
        entry.purpose,
        answer.measure.replace("_", " "),
        number_text(answer),
        interval_text(answer),
        df_text(answer.df, answer.interval.method),
        p_text(answer.p_value) if entry.purpose in TESTED else "-",
        entry.status,
    )


@dataclass(frozen=True, slots=True)
class Steps:
    """Who is told that analyses are done, and how far the chains of one are."""

    analysed: Report
    sampled: Callable[[int, int], None]


@contextmanager
def progress(title: str) -> Iterator[Steps]:
    """A progress bar on a terminal's standard error; nothing at all elsewhere."""
    console = _err()
    if not console.is_terminal:
        yield Steps(lambda _done, _total, _label: None, lambda _done, _total: None)
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task, chains = bar.add_task(title, total=None), bar.add_task("chains", total=None, visible=False)

        def step(done: int, total: int, label: str) -> None:
            bar.update(task, completed=done, total=total, description=f"{title}: {label}")
            bar.update(chains, visible=False)

        def sampled(done: int, total: int) -> None:
            bar.update(chains, completed=done, total=total, visible=done < total)

        yield Steps(step, sampled)


def note_kept(chains: int) -> None:
    """After an interrupt: that chains which had finished will not be sampled again."""
    if chains:
        note(f"kept {chains} finished chains: the same command goes on from them")


def _out() -> Console:
    return Console(file=sys.stdout, highlight=False, width=None if sys.stdout.isatty() else 110)


def _err() -> Console:
    return Console(file=sys.stderr, highlight=False)


def show_quality(rows: Iterable[Row]) -> None:
    """The data-quality rows as a table: what was looked at, and what was found."""
    table = Table("dimension", "column or rule", "statistic", "value")
    for row in rows:
        shown = f"{row.stat:.4g}" if isinstance(row.stat, float) else str(row.stat)
        told = (row.group("dimension"), row.variable, row.stat_label or row.stat_name, shown)
        table.add_row(*(_said(cell) for cell in told))
    _out().print(table)

"""A verification for people (HTML), for programs (JSON), and as a statement to sign (in-toto)."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from precept_stats.evidence.folder import FolderKind, write_folder
from precept_stats.evidence.verify.check import LEVELS, Check, Compared, Verification
from precept_stats.report.blocks import Block, Column, Heading, Prose, Report, Table, TableRow
from precept_stats.report.render_html import render_html

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://in-toto.io/attestation/test-result/v0.1"
PAGE, DOCUMENT, SIGNABLE = "verification.html", "verification.json", "statement.json"
WRITTEN = FolderKind(DOCUMENT, (PAGE, DOCUMENT, SIGNABLE))
RESULTS = {"passed": "PASSED", "passed with differences": "WARNED", "failed": "FAILED"}


def write_verification(found: Verification, folder: Path, *, force: bool = False) -> Path:
    """Write verification.html, .json and statement.json to a new folder; the page. Raises OutputError."""

    def write(inside: Path) -> None:
        (inside / PAGE).write_text(render_html(report_of(found)), encoding="utf-8")
        (inside / DOCUMENT).write_text(_text(as_document(found)), encoding="utf-8")
        (inside / SIGNABLE).write_text(_text(as_statement(found)), encoding="utf-8")

    write_folder(folder, write, force=force, kind=WRITTEN)
    return folder / PAGE


def _text(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def as_document(found: Verification) -> dict[str, Any]:
    """Everything that was found, as a document that JSON can hold."""
    return {
        "precept_verification": "1",
        "software": {"precept_stats": version("precept_stats")},
        "verdict": found.verdict,
        **asdict(found),
    }


def as_statement(found: Verification) -> dict[str, Any]:
    """An in-toto statement (v1) with a test result (v0.1); its subject is the manifest of the bundle."""
    names = defaultdict(list)
    for check in found.checks:
        names[check.outcome].append(f"{check.level} {check.name}")
    return {
        "_type": STATEMENT,
        "subject": [{"name": f"{found.bundle}/manifest.json", "digest": {"sha256": found.digest}}],
        "predicateType": PREDICATE,
        "predicate": {
            "result": RESULTS[found.verdict],
            "configuration": [{"name": f"precept_stats {version('precept_stats')} verify"}],
            "passedTests": names["passed"],
            "warnedTests": [*names["differs"], *names["not run"]],
            "failedTests": names["failed"],
        },
    }


def in_words(found: Verification) -> str:
    """What a terminal shows: each check with its outcome, what was found, and the verdict."""
    lines = []
    for level, meaning in LEVELS.items():
        checks = found.at(level)
        if checks:
            lines.append(f"{level} {meaning}")
        for check in checks:
            lines.append(f"  {check.outcome:8} {check.name}")
            lines += [f"           - {said}" for said in check.found]
    again = sum(one.level == "L3" for one in found.compared)
    beside = len(found.compared) - again
    compared = f", {again:,} numbers made again" if again else ""
    compared += f", {beside:,} by the second engine" if beside else ""
    return "\n".join([*lines, f"{found.verdict.upper()}: {found.plan or found.bundle}{compared}"])


def report_of(found: Verification) -> Report:
    """The verification as a report."""
    blocks: list[Block] = [Heading(2, "Verdict"), Prose(_verdict(found), lead=True)]
    blocks.append(
        Prose(
            "Nothing in the bundle was changed. Levels that were not run show nothing, for or against. "
            "That all checks pass shows that the numbers follow from this plan and these data, not that the "
            "plan was wise or the data true."
        )
    )
    for level, meaning in LEVELS.items():
        if checks := found.at(level):
            head, _, rest = meaning.partition(": ")
            blocks += [
                Heading(2, f"{level} {head}"),
                Prose(f"{rest[:1].upper()}{rest[1:]}."),
                _table(level, checks),
            ]
    for level, heading in (("L3", "Numbers made again"), ("L4", "Numbers by the second engine")):
        compared = tuple(one for one in found.compared if one.level == level)
        if compared:
            blocks += [Heading(2, heading), _classes(level, compared), _least(level, compared)]
    subtitle = f"Bundle {found.bundle}, manifest {found.digest[:16] or 'absent'}, {found.made}"
    return Report(f"Verification of {found.plan or found.bundle}", subtitle, (found.verdict,), tuple(blocks))


def _verdict(found: Verification) -> str:
    count = {
        name: sum(check.outcome == name for check in found.checks) for name in ("passed", "differs", "failed")
    }
    skipped = sum(check.outcome == "not run" for check in found.checks)
    said = f"{found.verdict.capitalize()}: {count['passed']} checks passed, {count['failed']} failed"
    said += f", {count['differs']} show a difference that proves nothing wrong" if count["differs"] else ""
    said += f", {skipped} could not be run" if skipped else ""
    worst = "; ".join(f"{check.level} {check.name.lower()}" for check in found.failed)
    return f"{said}.{f' What failed: {worst}.' if worst else ''}"


def _table(level: str, checks: tuple[Check, ...]) -> Table:
    columns = (
        Column("Check", "left", wraps=True),
        Column("Outcome", "left"),
        Column("What was found", "left", wraps=True),
    )
    rows = tuple(TableRow((check.name, check.outcome, "; ".join(check.found))) for check in checks)
    return Table(f"checks-{level.lower()}", f"Checks of level {level}", columns, rows)


def _classes(level: str, compared: tuple[Compared, ...]) -> Table:
    columns = (
        Column("Class", "left"),
        Column("Numbers"),
        Column("Within tolerance"),
        Column("Fewest digits"),
        Column("Median digits"),
    )
    rows = []
    for kind in dict.fromkeys(one.kind for one in compared):
        digits = sorted(one.digits for one in compared if one.kind == kind)
        agree = sum(one.within for one in compared if one.kind == kind)
        middle = digits[len(digits) // 2]
        cells = (kind, f"{len(digits):,}", f"{agree:,}", f"{digits[0]:.1f}", f"{middle:.1f}")
        rows.append(TableRow(cells))
    again = "made again" if level == "L3" else "of the second engine"
    note = f"Digits: the log relative error, at most 15, between the number released and the one {again}."
    return Table(
        f"classes-{level.lower()}", "Digits of agreement by class of tolerance", columns, tuple(rows), (note,)
    )


def _least(level: str, compared: tuple[Compared, ...], most: int = 20) -> Table:
    columns = (
        Column("Number", "left", wraps=True),
        Column("Class", "left"),
        Column("Released"),
        Column("Made again" if level == "L3" else "Second engine"),
        Column("Digits"),
    )
    worst = sorted(compared, key=lambda one: (one.within, one.digits))[:most]
    rows = tuple(
        TableRow((one.row, one.kind, f"{one.theirs:.10g}", f"{one.ours:.10g}", f"{one.digits:.1f}"))
        for one in worst
    )
    return Table(f"least-{level.lower()}", "The numbers that agree in the fewest digits", columns, rows)

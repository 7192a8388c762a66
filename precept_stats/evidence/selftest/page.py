"""The outcome of the self-test for people (HTML) and for programs (JSON)."""

from __future__ import annotations

import json
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from precept_stats.evidence.folder import FolderKind, write_folder
from precept_stats.evidence.selftest.run import CaseChecked, SelfTest
from precept_stats.evidence.selftest.strd import LOST, CertifiedSet
from precept_stats.report.blocks import Block, Bullets, Column, Heading, Prose, Report, Table, TableRow, Terms
from precept_stats.report.render_html import render_html

PAGE, DOCUMENT = "selftest.html", "selftest.json"
WRITTEN = FolderKind(DOCUMENT, (PAGE, DOCUMENT))


def as_document(found: SelfTest) -> dict[str, Any]:
    """The outcome as a document that JSON can hold."""
    return {
        "precept_selftest": "1",
        "made": found.made,
        "precept_stats": version("precept_stats"),
        "passed": found.passed,
        "environment": found.environment,
        "plans": [asdict(plan) for plan in found.plans],
        "cases": [asdict(case) | {"agrees": case.agrees} for case in found.cases],
        "nist_strd": [asdict(one) | {"agrees": one.agrees} for one in found.sets],
    }


def as_json(found: SelfTest) -> str:
    """The outcome as JSON text."""
    return json.dumps(as_document(found), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def as_html(found: SelfTest) -> str:
    """The outcome as a page that stands alone."""
    return render_html(report_of(found))


def write_selftest(found: SelfTest, folder: Path, *, force: bool = False) -> Path:
    """Write selftest.html and selftest.json to a new folder, whole or not; the page. Raises OutputError."""

    def write(inside: Path) -> None:
        (inside / PAGE).write_text(as_html(found), encoding="utf-8")
        (inside / DOCUMENT).write_text(as_json(found), encoding="utf-8")

    write_folder(folder, write, force=force, kind=WRITTEN)
    return folder / PAGE


def outcome_in_words(found: SelfTest) -> str:
    """One paragraph: whether it passed, what agrees, and what does not."""
    wrong = [f"plan {plan.name}" for plan in found.plans if plan.problem]
    wrong += [case.name for case in found.cases if not case.agrees]
    wrong += [f"NIST {one.name}" for one in found.sets if not one.agrees]
    head = "passed" if found.passed else f"FAILED: {', '.join(wrong)}"
    return f"{head}. {_answer(found)}"


def report_of(found: SelfTest) -> Report:
    """The outcome as a report: what is installed, then what it computes."""
    badges = ("passed",) if found.passed else ("FAILED",)
    blocks: tuple[Block, ...] = (
        Heading(2, "Outcome"),
        Prose(_answer(found), lead=True),
        Prose(
            "Installation qualification: what is installed, and whether shipped plans can be read. "
            "Operational qualification: numbers of other programs, and values certified by NIST, computed "
            "again on this machine. Performance qualification, on your own data and plans, is yours."
        ),
        Heading(2, "Installation"),
        Terms(_machine(found)),
        Bullets(tuple(_plan_line(plan.name, plan.problem) for plan in found.plans)),
        Heading(2, "Reference cases"),
        _cases(found.cases),
        Heading(2, "Reference data sets of NIST"),
        _sets(found.sets),
        Heading(2, "Packages"),
        _packages(found),
    )
    return Report(
        "Self-test of precept_stats", f"Version {version('precept_stats')}, {found.made}", badges, blocks
    )


def _answer(found: SelfTest) -> str:
    run = [case for case in found.cases if not case.skipped]
    numbers, agreeing = sum(case.numbers for case in run), sum(case.agreeing for case in run)
    solved = sum(one.agrees for one in found.sets)
    skipped = len(found.cases) - len(run)
    said = (
        f"{agreeing:,} of {numbers:,} numbers of {len(run)} reference cases agree within their tolerances; "
        f"{solved} of {len(found.sets)} data sets of NIST have the digits that are asked for; "
        f"{sum(not plan.problem for plan in found.plans)} of {len(found.plans)} shipped plans can be read."
    )
    if skipped:
        said += f" {skipped} cases were skipped, as their data do not ship."
    return said


def _plan_line(name: str, problem: str) -> str:
    return f"Plan {name}: read without errors" if not problem else f"Plan {name}: {problem}"


def _machine(found: SelfTest) -> tuple[tuple[str, str], ...]:
    about = found.environment
    blas = "; ".join(f"{pool.get('internal_api')} {pool.get('version')}" for pool in about["blas"])
    return (
        ("Python", f"{about['python']} ({about['implementation']})"),
        ("System", f"{about['platform']}, {about['machine']}"),
        ("Processor", f"{about['cpu']}, {about['cores']} cores"),
        ("Linear algebra and threads", blas or "not known"),
        ("Locale, time zone", f"{about['locale']}, {about['timezone']}"),
    )


def _cases(cases: tuple[CaseChecked, ...]) -> Table:
    columns = (
        Column("Case", "left", wraps=True),
        Column("Against", "left", wraps=True),
        Column("Numbers"),
        Column("Agree"),
        Column("Known to differ"),
        Column("Fewest digits"),
        Column("Outcome", "left", wraps=True),
    )
    rows = tuple(TableRow(_case_cells(case)) for case in cases)
    notes = (
        "Fewest digits: the least number of significant digits in which ours and theirs agree, of the "
        "numbers that are not known to differ. Each number has a tolerance of its own; numbers that were "
        "sampled are held to three Monte Carlo standard errors.",
    )
    return Table("reference-cases", "Numbers of other programs, computed again here", columns, rows, notes)


def _case_cells(case: CaseChecked) -> tuple[str, ...]:
    if case.skipped or case.problem:
        outcome = f"skipped: {case.skipped}" if case.skipped else f"FAILED: {case.problem}"
        return (case.name, case.software, "", "", "", "", outcome)
    digits = "" if case.digits is None else f"{case.digits:.1f}"
    outcome = "agrees" if case.agrees else "FAILED"
    counts = (str(case.numbers), str(case.agreeing), str(case.known))
    return (case.name, case.software, *counts, digits, outcome)


def _sets(sets: tuple[CertifiedSet, ...]) -> Table:
    columns = (
        Column("Set", "left"),
        Column("Kind", "left", wraps=True),
        Column("Difficulty", "left"),
        Column("Estimates, or F: digits"),
        Column("in R"),
        Column("Standard deviations: digits"),
        Column("in R"),
        Column("Outcome", "left", wraps=True),
    )
    notes = (
        "Source: NIST/ITL Statistical Reference Datasets, https://www.itl.nist.gov/div898/strd/. A set is "
        f"passed with at most {LOST} digits fewer than lm or anova of R 4.2.2 has. Where leading digits "
        "that never change use up those that a number has, an answer is refused.",
    )
    rows = tuple(TableRow(_set_cells(one)) for one in sets)
    return Table("nist-strd", "Digits that agree with NIST's certified values", columns, rows, notes)


def _set_cells(one: CertifiedSet) -> tuple[str, ...]:
    ours = ("", "") if one.digits is None else tuple(f"{digits:.1f}" for digits in one.digits)
    theirs = tuple(f"{digits:.1f}" for digits in one.r_digits)
    outcome = "agrees" if one.agrees else "FAILED"
    if one.refused:
        outcome = f"refused: {one.refused}" if one.agrees else f"FAILED: {one.refused}"
    return (one.name, one.kind, one.level, ours[0], theirs[0], ours[1], theirs[1], outcome)


def _packages(found: SelfTest) -> Table:
    columns = (Column("Package", "left"), Column("Version", "left"))
    rows = tuple(TableRow((name, number)) for name, number in found.environment["packages"].items())
    return Table("packages", "Packages that are installed", columns, rows)

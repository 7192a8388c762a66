"""The check of a release for people (HTML) and for programs (JSON), as output checkers read it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from precept_stats.data.policies import read_policy
from precept_stats.evidence.folder import FolderKind, write_folder
from precept_stats.evidence.release_check import NARROW, ReleaseCheck
from precept_stats.report.blocks import Block, Bullets, Column, Heading, Prose, Report, Table, TableRow, Terms
from precept_stats.report.format import plural
from precept_stats.report.render_html import render_html

PAGE, DOCUMENT = "disclosure.html", "disclosure.json"
WRITTEN = FolderKind(DOCUMENT, (PAGE, DOCUMENT))
NONE = "\u2013"
WHAT = {
    "flow": "Flow of people",
    "fit": "People that each analysis is of",
    "baseline": "Table 1",
    "missingness": "Missing outcomes",
    "cluster_outcome": "Outcome by cluster",
    "composite": "Elements of composites",
    "icc": "Sizes and events behind correlations",
    "area": "Outcome by area",
    "series": "Points of series",
    "schedule": "People by cluster and period",
    "subgroup": "People in subgroups",
    "imputation": "Missing outcomes that were filled in",
    "first_stage": "Who received what was offered",
    "data_quality": "Quality of the data",
}


def write_check(found: ReleaseCheck, folder: Path, *, force: bool = False) -> Path:
    """Write the page and the document to a new folder; the page. Raises OutputError."""

    def write(inside: Path) -> None:
        (inside / PAGE).write_text(render_html(report_of(found)), encoding="utf-8")
        text = json.dumps(as_document(found), indent=1, ensure_ascii=False, allow_nan=False)
        (inside / DOCUMENT).write_text(f"{text}\n", encoding="utf-8")

    write_folder(folder, write, force=force, kind=WRITTEN)
    return folder / PAGE


def as_document(found: ReleaseCheck) -> dict[str, Any]:
    """Everything that was found, as a document that JSON can hold."""
    software = {"precept_stats": version("precept_stats")}
    verdict = "stop" if found.problems else "nothing found"
    return {"precept_disclosure_check": "1", "software": software, "verdict": verdict, **asdict(found)}


def in_words(found: ReleaseCheck) -> str:
    """What a terminal shows."""
    lines = [f"{found.name} under {found.policy}: {_attack_words(found)}"]
    lines += [f"  problem: {one}" for one in found.problems]
    lines += [f"  remark:  {one}" for one in found.remarks]
    return "\n".join([*lines, "STOP" if found.problems else "NOTHING FOUND that forbids the release"])


def report_of(found: ReleaseCheck) -> Report:
    """The check as a report."""
    policy = read_policy(found.policy).policy
    blocks: list[Block] = [Heading(2, "Verdict"), Prose(_verdict(found), lead=True)]
    if found.problems or found.remarks:
        blocks.append(Bullets((*found.problems, *(f"Remark: {one}" for one in found.remarks))))
    blocks += [
        Heading(2, "Policy"),
        Prose(policy.words),
        Terms((("Source", " ".join(policy.sources) or NONE), ("Digest", f"SHA-256 {found.policy_digest}"))),
        *_attack(found),
        Heading(2, "Counts of people"),
        _counts(found),
        *_models(found),
        *_dominance(found),
        *_displays(found),
    ]
    badges = ("SYNTHETIC DATA",) if found.synthetic else ()
    subtitle = f"Release {found.name}, policy {found.policy} {policy.version}"
    return Report("Disclosure check", subtitle, badges, tuple(blocks))


def _verdict(found: ReleaseCheck) -> str:
    if found.problems:
        return f"Stop: {plural(len(found.problems), 'problem')}."
    none = found.models and not any(one.shown for one in found.models)
    untold = " It shows no estimate." if none else ""
    return f"Nothing was found that forbids the release.{untold} {_attack_words(found)}"


def _attack_words(found: ReleaseCheck) -> str:
    if not found.attack.suppressed:
        return "No count is suppressed."
    told = len(found.attack.told)
    said = f"Of {plural(found.attack.suppressed, 'suppressed count')} {told or 'none'} can be worked out"
    if found.earlier:
        said += f", also together with {plural(len(found.earlier), 'earlier release')}"
    return f"{said}."


def _attack(found: ReleaseCheck) -> list[Block]:
    if not found.attack.suppressed:
        return []
    columns = (Column("Values that a suppressed count can still have"), Column("Suppressed counts"))
    left = found.attack.values_left
    rows = [TableRow((str(width), f"{count:,}")) for width, count in left if count]
    table = _table("attack", "What is left of suppressed counts", columns, rows, (
        f"Fewer than {NARROW} values are pointed out as a remark.",
    ))  # fmt: skip
    relations = (Column("What readers know", "left", wraps=True), Column("Relations"))
    known = [
        TableRow((words[:1].upper() + words[1:], f"{count:,}")) for words, count in found.attack.relations
    ]
    return [
        Heading(2, "Attack"),
        Prose(
            "Linear and integer programmes bound each suppressed count by all that is shown and by the sums "
            "that readers know; a rounded count stands for all counts that are rounded to it."
        ),
        table,
        _table("relations", "Relations that the attack used", relations, known),
    ]


def _table(
    name: str,
    caption: str,
    columns: tuple[Column, ...],
    rows: Iterable[TableRow],
    notes: tuple[str, ...] = (),
) -> Table:
    return Table(name, caption, columns, tuple(rows), notes)


def _counts(found: ReleaseCheck) -> Table:
    columns = (
        Column("Table", "left", wraps=True),
        Column("Analysis", "left"),
        Column("Counts shown"),
        Column("Smallest, but zero"),
        Column("Suppressed: small"),
        Column("Withheld beside"),
        Column("Suppressed otherwise"),
    )
    rows = [
        TableRow(
            (
                WHAT.get(one.context, one.context),
                one.analysis or NONE,
                f"{one.shown:,}",
                NONE if one.smallest is None else f"{one.smallest:,.10g}",
                f"{one.primary:,}",
                f"{one.secondary:,}",
                f"{one.other:,}",
            )
        )
        for one in found.tables
    ]
    rule = read_policy(found.policy).policy.counts
    notes = ("Nothing is suppressed under this policy.",)
    if rule is not None:
        notes = (
            f"Threshold {rule.suppress_below}; all counts are rounded to {rule.round_to}; zero is shown.",
        )
    return _table("counts", "Counts of people by table", columns, rows, notes)


def _models(found: ReleaseCheck) -> list[Block]:
    blocks: list[Block] = []
    if found.models:
        columns = (Column("Analysis", "left"), Column("Residual df"), Column("Estimate", "left", wraps=True))
        rows = [
            TableRow(
                (
                    one.analysis,
                    NONE if one.df is None else f"{one.df:.4g}",
                    "shown" if one.shown else f"not shown: {one.reason}",
                )
            )
            for one in found.models
        ]
        rule = read_policy(found.policy).policy.model_output
        note = f"Fewer than {rule.min_df} are not shown." if rule else "The policy has no rule for them."
        blocks += [Heading(2, "Model output"), _table("models", "Degrees of freedom", columns, rows, (note,))]
    return blocks


def _dominance(found: ReleaseCheck) -> list[Block]:
    if not found.dominance:
        return []
    columns = (
        Column("Outcome", "left"),
        Column("Arm", "left"),
        Column("Largest cluster"),
        Column("Two largest"),
    )
    rows = [
        TableRow((one.outcome, one.arm, f"{100 * one.largest:.0f} %", f"{100 * one.two:.0f} %"))
        for one in found.dominance
    ]
    note = "Shares of the people of an arm, from counts as shown; clusters not shown count as none."
    return [
        Heading(2, "Dominance"),
        _table("dominance", "Share of the largest clusters", columns, rows, (note,)),
    ]


def _displays(found: ReleaseCheck) -> list[Block]:
    if not found.displays:
        return []
    columns = (Column("Display", "left", wraps=True), Column("Kind", "left"), Column("Id", "left"))
    rows = [TableRow((caption, kind, name)) for name, caption, kind in found.displays]
    said = (
        "Displays are made from released rows alone. No row is about a single person, so that no mark of a "
        "figure is one. Clusters stand under numbers; areas under their names."
    )
    return [
        Heading(2, "Tables and figures"),
        Prose(said),
        _table("displays", "Displays of the report", columns, rows),
    ]

"""Pose every shipped plan to R (level L4 of a verification) and record how far both engines agree.

    python -m tests.evidence.twin_study [--plan NAME ...]

Needs Rscript with the packages that README.txt of each folder names, and for plans whose data do not ship
their folder in PRECEPT_DATA. Bundles and folders are kept in results/twin, so that a stopped study goes on;
docs/twin.json and the table in docs/twin.md are written from what is kept.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from precept_stats.ard import read_json
from precept_stats.evidence.names import PLAN, ROWS, SENSITIVE
from precept_stats.evidence.publish import run_bundle
from precept_stats.evidence.twin.answers import read_answers
from precept_stats.evidence.twin.script import OUTPUT
from precept_stats.evidence.verify.completeness import Contents
from precept_stats.evidence.verify.second_engine import Twin, second_engine
from precept_stats.plan.reader import LoadedPlan, read_plan, resolve_file

ROOT = Path(__file__).resolve().parents[2]
DOCS, KEPT = ROOT / "docs", ROOT / "results" / "twin"
RECORD, PAGE = DOCS / "twin.json", DOCS / "twin.md"
OPENING, CLOSING = "<!-- twin study -->\n", "<!-- /twin study -->"


def tell(text: str) -> None:
    """Say how far the study is."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def files_of(loaded: LoadedPlan) -> dict[str, Path]:
    """The files that a plan names."""
    return {name: resolve_file(loaded.path, name, source) for name, source in loaded.plan.data.items()}


def study(path: Path) -> None:
    """Run a plan once, pose it to R once, and keep what both say."""
    loaded, kept = read_plan(path), KEPT / path.stem
    if not loaded.plan.analyses or (kept / "found.json").exists():
        return
    files = files_of(loaded)
    missing = [one.name for one in files.values() if not one.exists()]
    if missing:
        tell(f"{path.stem}: not here: {', '.join(missing)}")
        return
    bundle = kept / "bundle"
    if not bundle.exists():
        run_bundle(loaded, files, bundle)
    contents = Contents(
        bundle, read_plan(bundle / PLAN), read_json(bundle / ROWS), read_json(bundle / SENSITIVE / ROWS)
    )
    checks, compared = second_engine(contents, files, Twin(kept / "twin", run=True))
    output = kept / "twin" / OUTPUT
    found = {
        "plan": loaded.plan.id,
        "software": dict(read_answers(output).software) if output.exists() else {},
        "analyses": [
            {
                "analysis": name,
                "check": check.name,
                "outcome": check.outcome,
                "found": list(check.found),
                "numbers": sum(one.row.split(" / ")[0] == name for one in compared),
                "fewest_digits": _fewest(compared, name),
            }
            for name in loaded.plan.analyses
            for check in checks
            if check.name.partition(",")[0] == f"Analysis {name}"
        ],
        "others": [
            {"check": c.name, "outcome": c.outcome} for c in checks if not c.name.startswith("Analysis ")
        ],
    }
    (kept / "found.json").write_text(json.dumps(found, indent=1))
    tell(f"{path.stem}: {dict(Counter(check.outcome for check in checks))}")


def _fewest(compared: Any, name: str) -> dict[str, float]:
    """The fewest digits in which numbers of each class agree."""
    own = [one for one in compared if one.row.split(" / ")[0] == name]
    return {
        kind: min(one.digits for one in own if one.kind == kind) for kind in sorted({o.kind for o in own})
    }


def record() -> None:
    """Write down what is kept."""
    found = [json.loads(path.read_text()) for path in sorted(KEPT.glob("*/found.json"))]
    RECORD.write_text(json.dumps({"plans": found}, indent=1) + "\n")
    text = PAGE.read_text()
    head, _, rest = text.partition(OPENING)
    PAGE.write_text(head + OPENING + table(found) + CLOSING + rest.partition(CLOSING)[2])


def table(found: list[dict[str, Any]]) -> str:
    """The record as a table, an analysis a line."""
    every = [one for plan in found for one in plan["analyses"]]
    counts = Counter(one["outcome"] for one in every)
    numbers = sum(one["numbers"] for one in every)
    versions = {name: number for plan in found for name, number in plan["software"].items()}
    listed = ", ".join(f"{name} {number}" for name, number in sorted(versions.items()))
    agree, apart, told_of, without = (counts[one] for one in ("passed", "failed", "differs", "not run"))
    lines = [
        f"{len(found)} shipped plans with {len(every)} analyses: {agree} agree with R in every one of",
        f"{numbers:,} numbers, {apart} do not, {told_of} show a difference that is told, and {without} have",
        f"no twin. Software: {listed}.",
        "",
        "Digits are the fewest in which a number of the analysis agrees (log relative error, at most 15);",
        "numbers that R drew anew are held to four Monte Carlo errors instead.",
        "",
        "| plan | analysis | second engine | outcome | numbers | fewest digits |",
        "|---|---|---|---|---|---|",
    ]
    for plan in found:
        for one in plan["analyses"]:
            engine = one["check"].partition(", by R: ")[2] or one["found"][0]
            told = {kind: digits for kind, digits in one["fewest_digits"].items() if kind != "sampled"}
            fewest = f"{min(told.values()):.1f}" if told else ""
            note = f" ({'; '.join(one['found'])})" if one["outcome"] in ("differs", "failed") else ""
            cells = (
                plan["plan"],
                one["analysis"],
                engine,
                f"{one['outcome']}{note}",
                str(one["numbers"]),
                fewest,
            )
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plan", action="append", default=[], help="only plans of this name")
    chosen = parser.parse_args()
    for shipped in sorted((ROOT / "analysis_plans").glob("*.yaml")):
        if not chosen.plan or shipped.stem in chosen.plan:
            study(shipped)
            record()

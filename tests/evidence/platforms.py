"""Verify the same bundles with other threads, other Pythons, and the data in another file and order.

    python -m tests.evidence.platforms [--python PYTHON_OF_ANOTHER_VERSION] [--plan NAME ...]

Every shipped plan whose data are there is run once, by this Python with one BLAS thread, from CSV. Its
bundle is then verified (L0 to L3) under each condition, in a process of its own. What was found is kept in
results/platforms, so that a stopped study goes on; docs/verify_platforms.json and .md are written from it.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from precept_stats.evidence.environment import environment
from precept_stats.plan.reader import LoadedPlan, read_plan, resolve_file
from precept_stats.runner import load_tables

ROOT = Path(__file__).resolve().parents[2]
DOCS, KEPT = ROOT / "docs", ROOT / "results" / "platforms"
RECORD, PAGE = DOCS / "verify_platforms.json", DOCS / "verify_platforms.md"
ORDER = 20261123
"""The seed of the other order of rows."""
Verified = dict[str, Any]
Way = tuple[str, int, str]
EXPECTED = """\
Bundles of shipped plans are neither locked nor signed, so that none passes without these two differences;
another Python is another software, and another file of the data has other bytes."""
COMMAND = "from precept_stats.cli import main; main()"


@dataclass(frozen=True)
class Condition:
    """One way to verify: the Python, the number of BLAS threads, and the form of the data."""

    python: str
    threads: int
    data: str

    @property
    def name(self) -> str:
        return f"Python {self.python}, BLAS threads {self.threads}, {self.data}"


def conditions(pythons: dict[str, str]) -> Iterator[Condition]:
    """This Python in three ways, another in two."""
    ours, *others = pythons
    yield Condition(ours, 1, "CSV")
    yield Condition(ours, 2, "CSV")
    yield Condition(ours, 1, "Parquet, rows in another order")
    for other in others:
        yield Condition(other, 1, "CSV")
        yield Condition(other, 2, "Parquet, rows in another order")


def started(python: str, threads: int, arguments: list[str]) -> subprocess.CompletedProcess[str]:
    """The command line in a process of its own."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    settings = {**os.environ, **dict.fromkeys(names, str(threads)), "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [python, "-c", COMMAND, *arguments],
        env=settings,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def tell(text: str) -> None:
    """Say how far the study is."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def files_of(loaded: LoadedPlan) -> dict[str, Path]:
    """The files that a plan names."""
    return {name: resolve_file(loaded.path, name, source) for name, source in loaded.plan.data.items()}


def other_form(loaded: LoadedPlan, folder: Path) -> dict[str, Path]:
    """The same tables as Parquet, their rows in another order."""
    folder.mkdir(parents=True, exist_ok=True)
    found = {}
    for name, table in load_tables(loaded, {}).items():
        found[name] = folder / f"{name}.parquet"
        table.frame.sample(frac=1.0, random_state=ORDER).to_parquet(found[name], index=False)
    return found


def verified(bundle: Path, files: dict[str, Path], condition: Condition, python: str) -> dict[str, Any]:
    """What `precept verify` says under one condition."""
    data = [part for name, path in files.items() for part in ("--data", f"{name}={path}")]
    ending = started(python, condition.threads, ["verify", str(bundle), "--level", "L3", "--json", *data])
    try:
        said = json.loads(ending.stdout)
    except ValueError:
        return {"verdict": "no answer", "said": (ending.stderr or ending.stdout)[-2000:]}
    compared = said["compared"]
    kinds = sorted({one["kind"] for one in compared})
    return {
        "verdict": said["verdict"],
        "checks": dict(Counter(check["outcome"] for check in said["checks"])),
        "differences": [
            {"check": f"{check['level']} {check['name']}", "found": check["found"]}
            for check in said["checks"]
            if check["outcome"] != "passed"
        ],
        "numbers": len(compared),
        "identical": sum(one["theirs"] == one["ours"] for one in compared),
        "outside": sum(not one["within"] for one in compared),
        "fewest_digits": {
            kind: min(one["digits"] for one in compared if one["kind"] == kind) for kind in kinds
        },
    }


def study(plan: Path, pythons: dict[str, str]) -> None:
    """Run a plan once, verify it under every condition that was not tried before."""
    loaded = read_plan(plan)
    files, bundle = files_of(loaded), KEPT / plan.stem / "bundle"
    missing = [path.name for path in files.values() if not path.exists()]
    if missing:
        tell(f"{plan.stem}: not here: {', '.join(missing)}")
        return
    kept = {KEPT / plan.stem / f"{number}.json": one for number, one in enumerate(conditions(pythons))}
    waiting = {path: one for path, one in kept.items() if not path.exists()}
    if waiting and not bundle.exists():
        bundle.parent.mkdir(parents=True, exist_ok=True)
        ending = started(pythons[platform.python_version()], 1, ["run", str(plan), "--out", str(bundle)])
        if not bundle.exists():
            raise RuntimeError(ending.stderr[-2000:])
    for path, condition in waiting.items():
        given = files if condition.data == "CSV" else other_form(loaded, KEPT / plan.stem / "parquet")
        found = verified(bundle, given, condition, pythons[condition.python])
        path.write_text(json.dumps({"plan": plan.stem, **asdict(condition), **found}, indent=1))
        tell(f"{plan.stem}: {condition.name}: {found['verdict']}")


def record() -> None:
    """Write down what is kept."""
    found = [json.loads(path.read_text()) for path in sorted(KEPT.glob("*/[0-9]*.json"))]
    made = environment()
    machine = {name: made[name] for name in ("python", "platform", "machine", "cpu", "cores", "blas")}
    RECORD.write_text(json.dumps({"made_on": machine, "verified": found}, indent=1) + "\n")
    PAGE.write_text(page(found, machine))


def page(found: list[Verified], machine: dict[str, Any]) -> str:
    """The record as a page."""
    plans = sorted({one["plan"] for one in found})
    ways = sorted({_way(one) for one in found})
    absent = sorted({path.stem for path in (ROOT / "analysis_plans").glob("*.yaml")} - set(plans))
    told = f"Not tried: {', '.join(absent)}." if absent else "These are all plans that ship."
    lines = [
        "# The same bundles, verified elsewhere",
        "",
        f"{len(plans)} shipped plans were run once, with Python {machine['python']} and one BLAS thread,",
        f"from CSV. Each bundle was then verified to level L3 under {len(ways)} conditions. {told}",
        "`make verify-platforms` repeats this and writes `verify_platforms.json`, with every difference.",
        "",
        f"All on one machine: {machine['cpu']}, {machine['platform']}. Bundles that come from another",
        "processor were not tried.",
        "",
        "| Python | BLAS threads | Data | Bundles | Passed | With differences | Failed | Numbers "
        "| Not the same bits | Outside tolerance |",
        "|---|--:|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    lines += [_cells(*way, *_counted([one for one in found if _way(one) == way])) for way in ways]
    lines += ["", "| Plan | Verified | Passed | With differences | Failed | Numbers "]
    lines[-1] += "| Not the same bits | Outside tolerance |"
    lines += ["|---|--:|--:|--:|--:|--:|--:|--:|"]
    lines += [_cells(plan, *_counted([one for one in found if one["plan"] == plan])) for plan in plans]
    named = Counter(one["check"] for each in found for one in each.get("differences", ()))
    lines += [
        "",
        "What differed, and in how many verifications:",
        "",
        "| Check | Verifications |",
        "|---|--:|",
    ]
    lines += [_cells(check, count) for check, count in named.most_common()]
    lines += ["", EXPECTED]
    lines += ["", "The fewest digits in which a number made again agreed, by class of tolerance:", ""]
    return "\n".join([*lines, *_digits(found, ways)]) + "\n"


def _way(one: Verified) -> Way:
    return one["python"], one["threads"], one["data"]


def _counted(these: list[Verified]) -> tuple[str, ...]:
    """How many verifications ended how, and how many numbers they compared."""
    verdicts = Counter(one["verdict"] for one in these)
    numbers, same, outside = (
        sum(one.get(name, 0) for one in these) for name in ("numbers", "identical", "outside")
    )
    passed, differs = verdicts["passed"], verdicts["passed with differences"]
    counts = (len(these), passed, differs, len(these) - passed - differs, numbers, numbers - same, outside)
    return tuple(f"{count:,}" for count in counts)


def _digits(found: list[Verified], ways: list[Way]) -> Iterator[str]:
    kinds = sorted({kind for one in found for kind in one.get("fewest_digits", {})})
    yield _cells("Condition", *kinds)
    yield f"|---|{'--:|' * len(kinds)}"
    for way in ways:
        these = [one.get("fewest_digits", {}) for one in found if _way(one) == way]
        least = [[one[kind] for one in these if kind in one] for kind in kinds]
        told = (f"{min(digits):.1f}" if digits else "" for digits in least)
        yield _cells(f"Python {way[0]}, {way[1]} BLAS, {way[2]}", *told)


def _cells(*texts: object) -> str:
    return f"| {' | '.join(map(str, texts))} |"


def version_of(python: str) -> str:
    """The version of a Python, asked of itself."""
    asked = [python, "-c", "import platform; print(platform.python_version())"]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", action="append", default=[], help="a Python with the locked packages")
    parser.add_argument("--plan", action="append", default=[], help="only plans of this name")
    chosen = parser.parse_args()
    every = {platform.python_version(): sys.executable, **{version_of(one): one for one in chosen.python}}
    for shipped in sorted((ROOT / "analysis_plans").glob("*.yaml")):
        if not chosen.plan or shipped.stem in chosen.plan:
            study(shipped, every)
            record()

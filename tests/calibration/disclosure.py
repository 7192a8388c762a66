"""What an attacker recovers of generated releases: ``make disclosure-study`` records docs/disclosure.json.

    python -m tests.calibration.disclosure [--releases 500] [--folder results/disclosure]

Every other release is a trial of synthetic people, counted into flow, Table 1, clusters, missing outcomes,
subgroups and correlations; the others are areas over two periods. Each comes in two instalments, and the
attacker has both. A suppressed count is recovered where the attack leaves one value, which is the true one.

Beside it a reader who knows the gate itself, by brute force: all tables of a few counts and their total are
gated, and a suppressed count is told where it is the same in all tables that look alike when released.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from precept_stats.data.policies import CountRule, read_policy
from precept_stats.report.attack.programme import attack
from precept_stats.report.attack.relations import sheet_of
from precept_stats.report.attack.releases import learn
from precept_stats.report.attack.secondary import protect
from precept_stats.report.disclosure import gate
from precept_stats.report.guarded import counts_people, number, suppressed
from precept_stats.values import Row
from tests.calibration.disclosure_releases import count, regions, trial

SEED, FIRST, BATCH = 20261123, 10, 25
POLICY = "nhs_counts_v1"
RULE = read_policy(POLICY).policy.counts
EXACT = CountRule(suppress_below=RULE.suppress_below, round_to=1)
PLACE = Path("results/disclosure")
Release = tuple[Row, ...]


def truth_of(rows: Sequence[Row]) -> dict[tuple[object, ...], int]:
    return {about(row): int(row.stat) for row in rows if counts_people(row) and not isinstance(row.stat, str)}


def about(row: Row) -> tuple[object, ...]:
    return (row.analysis, row.context, row.groups, row.variable, row.variable_level, row.stat_name)


def rounded(rows: Sequence[Row], rule: CountRule) -> Release:
    """Rows with small counts suppressed and others rounded, and nothing more."""
    shown = []
    for row in rows:
        value = number(row) if counts_people(row) else None
        if value is not None:
            row = (
                suppressed(row, rule.words)
                if rule.is_small(value)
                else replace(row, stat=rule.rounded(value))
            )
        shown.append(row)
    return tuple(shown)


def recovered(releases: Sequence[Release], truths: Sequence[dict], rule: CountRule) -> dict[str, int]:
    """What the attack gives of all releases together."""
    sheet = sheet_of(releases[0], rule)
    for place, other in enumerate(releases[1:], 1):
        learn(sheet, sheet_of(other, rule), f"release {place}")
    counts: Counter[str] = Counter()
    for found in attack(sheet):
        cell = sheet.cells[found.name]
        counts["suppressed"] += 1
        if found.span is None:
            counts["contradicted"] += 1
            continue
        width = found.span[1] - found.span[0] + 1
        counts["recovered" if width == 1 else f"{min(width, rule.suppress_below - 1)} values"] += 1
        values = {truths[0].get(about(releases[0][place])) for place in cell.rows} - {None}
        counts["checked"] += len(values)
        counts["true value left"] += sum(found.span[0] <= value <= found.span[1] for value in values)
    return dict(counts)


def one_release(place: int) -> dict[str, dict[str, int]]:
    """One pair of releases under every way of protecting it."""
    rng = np.random.default_rng([SEED, place])
    first, second = (trial if place % 2 == 0 else regions)(rng)
    truths = [truth_of(first), truth_of(second)]
    small = sum(RULE.is_small(value) for truth in truths for value in truth.values())
    gated = gate(first, POLICY)
    again = gate(second, POLICY, earlier=(gated,))
    return {
        "small counts": {"all": small},
        "suppressed only": recovered([rounded(one, EXACT) for one in (first, second)], truths, EXACT),
        "suppressed and rounded": recovered([rounded(one, RULE) for one in (first, second)], truths, RULE),
        "the gate": recovered([gated, again], truths, RULE),
        "withheld": {"rows": withheld((gated, again)), "count rows": sum(map(len, truths))},
    }


def withheld(releases: Sequence[Release]) -> int:
    return sum(row.warning.startswith("withheld") and counts_people(row) for one in releases for row in one)


def who_knows_the_gate(parts: int, top: int, guard: Callable[..., list[Row]] = protect) -> dict[str, int]:
    """All tables of so many counts from 0 to ``top`` and their total: which suppressed count is told."""
    looks: dict[tuple[object, ...], Release] = {}
    seen: dict[tuple[object, ...], list[set[int]]] = {}
    for counts in itertools.product(range(top + 1), repeat=parts):
        if not any(RULE.is_small(value) for value in counts):
            continue
        told = tuple("few" if RULE.is_small(v) else RULE.rounded(v) for v in (*counts, sum(counts)))
        if told not in looks:
            looks[told] = tuple(guard(rounded(table(counts), RULE), RULE))
        picture = tuple((row.stat, row.warning) for row in looks[told])
        values = seen.setdefault(picture, [set() for _ in counts])
        for place, value in enumerate(counts):
            values[place].add(value)
    few = [
        values[place]
        for picture, values in seen.items()
        for place in range(parts)
        if picture[place] == (None, RULE.words)
    ]
    return {"pictures": len(seen), "suppressed": len(few), "told": sum(len(values) == 1 for values in few)}


def table(counts: Sequence[int]) -> Release:
    """Subgroups of one arm, and the arm."""
    rows = [
        count("a", "subgroup", "n", value, {"subgroup": str(place), "arm": "new"}, variable="y")
        for place, value in enumerate(counts)
    ]
    return (*rows, count("a", "fit", "n", sum(counts), {"arm": "new"}, variable="y"))


def simulate(releases: int, folder: Path) -> dict[str, object]:
    """All releases, going on from the batches that the folder holds."""
    folder.mkdir(parents=True, exist_ok=True)
    totals: dict[str, Counter[str]] = {}
    hit: Counter[str] = Counter()
    first: list[object] = []
    for start in range(0, releases, BATCH):
        path = folder / f"{start:04d}.json"
        if not path.is_file():
            batch = [one_release(place) for place in range(start, min(start + BATCH, releases))]
            path.write_text(json.dumps(batch), encoding="utf-8")
            sys.stderr.write(f"{start + len(batch)} of {releases}\n")
        for one in json.loads(path.read_text(encoding="utf-8")):
            first += [one] if len(first) < FIRST else []
            for name, counts in one.items():
                totals.setdefault(name, Counter()).update(counts)
                hit[name] += counts.get("recovered", 0) > 0
    ways = ("suppressed only", "suppressed and rounded", "the gate")
    knowing = [
        {"counts": parts, "to": top, "way": name, **who_knows_the_gate(parts, top, way)}
        for parts, top in TABLES
        for name, way in WAYS.items()
    ]
    return {
        "policy": POLICY,
        "releases": releases,
        "small_counts": totals["small counts"]["all"],
        "count_rows": totals["withheld"]["count rows"],
        "withheld_rows": totals["withheld"]["rows"],
        "ways": {name: {"releases_hit": hit[name], **dict(sorted(totals[name].items()))} for name in ways},
        "who_knows_the_gate": knowing,
        "first": first,
    }


def unguarded(rows: Release, rule: CountRule) -> list[Row]:
    """No secondary suppression."""
    return list(rows)


WAYS: dict[str, Callable[..., list[Row]]] = {"without": unguarded, "with": protect}
TABLES = ((2, 60), (3, 30), (4, 14))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--releases", type=int, default=500)
    parser.add_argument("--folder", type=Path, default=PLACE)
    given = parser.parse_args()
    record = simulate(given.releases, given.folder)
    path = Path("docs/disclosure.json")
    path.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

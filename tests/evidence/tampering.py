"""Tamper with a bundle in every way we thought of, and see at which level each is found.

    python -m tests.evidence.tampering      records docs/tampering.json and docs/tampering.md

The bundle is that of a small synthetic trial: locked, amended twice, run under the policy for small numbers,
signed. Every mutation is of a fresh copy. A reviewer has the data; the signer's fingerprint or a copy of the
locks only where it says so.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from precept_stats.ard import read_json
from precept_stats.evidence import names
from precept_stats.evidence.verify.check import LEVELS, Level, Verification
from precept_stats.evidence.verify.run import Against, verify
from tests.evidence.forger import Honest, honest
from tests.evidence.mutation import Mutation
from tests.evidence.mutations import mutations

DOCS = Path(__file__).resolve().parents[2] / "docs"
RECORD, PAGE = DOCS / "tampering.json", DOCS / "tampering.md"


@dataclass(frozen=True)
class Found:
    """A mutation and the first level at which verification failed; empty where it passed."""

    family: str
    name: str
    has: str
    claimed: str
    found: str
    check: str

    @property
    def as_claimed(self) -> bool:
        return self.found != "" and self.found <= self.claimed


def attempted(base: Honest, mutation: Mutation, folder: Path) -> Found:
    """Tamper with a copy, and verify it up to the level that is claimed."""
    bundle = folder / "copy"
    shutil.copytree(base.bundle, bundle, symlinks=True)
    mutation.change(bundle)
    outcome = verify(bundle, brought(base, mutation.has, mutation.level))
    first = outcome.failed[0] if outcome.failed else None
    return Found(
        mutation.family,
        mutation.name,
        mutation.has,
        mutation.level,
        first.level if first else "",
        first.name if first else "",
    )


def brought(base: Honest, has: str, level: Level) -> Against:
    """What a reviewer brings who has this."""
    return Against(
        data={"people": base.data},
        signers=(base.fingerprint,) if has == "the key's fingerprint" else (),
        locks=base.locks if has == "a copy of the locks" else None,
        level=level,
    )


def untouched(base: Honest) -> Verification:
    """The honest bundle, by a reviewer who has everything."""
    with_all = Against({"people": base.data}, (base.fingerprint,), base.locks, "L3")
    return verify(base.bundle, with_all)


def study() -> dict[str, object]:
    """Every mutation, and the bundle that nobody touched."""
    with tempfile.TemporaryDirectory() as place:
        base = honest(Path(place) / "trial")
        clean = untouched(base)
        found = list(_all(base, Path(place)))
    return {
        "untouched": {"verdict": clean.verdict, "compared": len(clean.compared)},
        "mutations": [asdict(one) for one in found],
    }


def _all(base: Honest, place: Path) -> Iterator[Found]:
    results = read_json(base.bundle / names.SENSITIVE / names.ROWS)
    for number, mutation in enumerate(mutations(base, results), 1):
        with tempfile.TemporaryDirectory(dir=place) as folder:
            found = attempted(base, mutation, Path(folder))
        mark = (
            "."
            if found.as_claimed
            else f"\n{mutation.family}: {mutation.name}: {found.found or 'not found'}\n"
        )
        sys.stderr.write(mark if number % 50 else f"{mark} {number}\n")
        yield found


def page(record: dict[str, object]) -> str:
    """The record as a page."""
    done = [Found(**one) for one in record["mutations"]]  # type: ignore[attr-defined]
    clean = record["untouched"]
    families = dict.fromkeys((one.family, one.has) for one in done)
    lines = [
        "# Tampering with a bundle",
        "",
        "<!-- written by python -m tests.evidence.tampering -->",
        "",
        "A bundle of a small synthetic trial (locked, amended twice, signed) was changed in "
        f"{len(done)} ways, one at a time, and verified. {sum(one.as_claimed for one in done)} changes were "
        "found at the level that is claimed or below. The bundle that nobody touched "
        f"{clean['verdict']}, with {clean['compared']} numbers made again.",  # type: ignore[index]
        "",
        "The level is the first that failed: "
        + "; ".join(
            f"{level}, {words[0].lower()}{words[1:]}" for level, words in LEVELS.items() if level <= "L3"
        )
        + ". `precept verify` stops at no level: a change that fails at one usually fails above it too.",
        "",
        "| what was done | what the reviewer has | changes | found at L0 | L1 | L2 | L3 | not found |",
        "|---|---|--:|--:|--:|--:|--:|--:|",
    ]
    for family, has in families:
        here = [one for one in done if (one.family, one.has) == (family, has)]
        at = Counter(one.found for one in here)
        cells = " | ".join(str(at[level]) for level in ("L0", "L1", "L2", "L3", ""))
        lines.append(f"| {family} | {has} | {len(here)} | {cells} |")
    return "\n".join([*lines, "", *WORDS, "", *_by_hand(done)]) + "\n"


WORDS = (
    "What this shows:",
    "",
    "- Whoever changes a file and not the manifest is found at L0, whatever the file.",
    "- Whoever makes the manifest again is found without any key wherever another file repeats what was "
    "changed: rows stand in JSON and in Parquet, before and after the disclosure policy, in the report, and "
    "the plan in its lock.",
    "- Whoever makes the whole bundle again from changed numbers, with this library, is found by arithmetic "
    "among the numbers, or with the data, when every number is made again.",
    "- Records that nothing repeats (which version of a package was used, when a run took place) are "
    "protected by the signature alone, and the signature by the fingerprint that the reviewer has from "
    "elsewhere. A forger who leaves locks out of a bundle is found by whoever kept a copy of them, and by "
    "nobody else. Ask for both.",
)


def _by_hand(done: list[Found]) -> Iterator[str]:
    yield "## Every change"
    yield ""
    yield "| what was done | change | claimed | found | by the check |"
    yield "|---|---|---|---|---|"
    for one in done:
        yield f"| {one.family} | {one.name} | {one.claimed} | {one.found or 'not found'} | {one.check} |"


def main() -> int:
    """Record the study. Exit code 1 where a change was not found as claimed."""
    record = study()
    RECORD.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(page(record), encoding="utf-8")
    return int(any(not Found(**one).as_claimed for one in record["mutations"]))  # type: ignore[attr-defined]


if __name__ == "__main__":
    sys.exit(main())

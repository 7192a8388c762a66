"""A file of a bundle changed and the manifest made again, so that only other files tell, or a signature."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from precept_stats.evidence import names
from precept_stats.evidence.verify.check import Level
from tests.evidence.forger import Honest, changed_document, changed_text, with_manifest
from tests.evidence.mutation import Change, Mutation, swapped, then


def hidden_by_manifest(base: Honest) -> Iterator[Mutation]:
    """One file changed and the manifest made again, unsigned: the other files still tell."""
    csv = min(path.name for path in (base.bundle / names.FIGURES).glob("*.csv"))
    figures = sorted(path.name for path in (base.bundle / names.FIGURES).glob("*.svg"))
    inner = f"{names.SENSITIVE}/{names.ROWS}"
    changes: dict[str, tuple[Level, Change]] = {
        "the plan: another level": (
            "L1",
            lambda b: changed_text(b / names.PLAN, "level: 0.95", "level: 0.9"),
        ),
        "the plan: an analysis put away": ("L1", _put_away),
        "the plan: another seed": ("L1", lambda b: changed_text(b / names.PLAN, "20261123", "20261124")),
        "the plan: another policy": ("L1", lambda b: changed_text(b / names.PLAN, "nhs_counts_v1", "none")),
        "the schema": ("L1", lambda b: changed_text(b / names.SCHEMAS / "people.yaml", "village", "hamlet")),
        "rows.json: a digit": ("L1", lambda b: _digit(b / names.ROWS)),
        "sensitive/rows.json: a digit": ("L1", lambda b: _digit(b / inner)),
        "rows.json: an analysis left out": ("L1", lambda b: changed_document(b / names.ROWS, _pop)),
        "rows.parquet is that of the sensitive rows": ("L1", _sensitive_parquet),
        "rows.json is that of the sensitive rows": ("L1", lambda b: shutil.copy(b / inner, b / names.ROWS)),
        "status.json: a failure": ("L1", lambda b: changed_text(b / names.STATUS, '"result"', '"failure"')),
        "status.json: exit code": ("L1", lambda b: changed_text(b / names.STATUS, 'code": 0', 'code": 1')),
        "status.json: not synthetic": ("L1", lambda b: changed_text(b / names.STATUS, "true", "false")),
        "status.json: unlocked": ("L1", lambda b: changed_text(b / names.STATUS, '"locked"', '"unlocked"')),
        "seeds.json: another root": ("L1", lambda b: changed_text(b / names.SEEDS, "20261123", "20261124")),
        "data.json: another digest": (
            "L1",
            lambda b: changed_text(b / names.DATA, 'sha256": "', 'sha256": "0'),
        ),
        "data.json: no table": (
            "L1",
            lambda b: changed_document(b / names.DATA, lambda d: d["tables"].clear()),
        ),
        "log.jsonl: an unplanned analysis": ("L1", lambda b: _more(b / names.LOG, '{"analysis": "other"}')),
        "log.jsonl: not JSON": ("L1", lambda b: _more(b / names.LOG, "finished")),
        "crate: another licence": ("L1", lambda b: changed_text(b / names.CRATE, "No licence", "A licence")),
        "crate: a file less": (
            "L1",
            lambda b: changed_text(b / names.CRATE, '"@id": "rows.json"', '"@id": "r"'),
        ),
        "report: a word": ("L2", lambda b: changed_text(b / names.REPORT, "Primary", "Secondary")),
        "report: a number": ("L2", lambda b: changed_text(b / names.REPORT, "95", "99")),
        "report: not called synthetic": ("L2", lambda b: changed_text(b / names.REPORT, "ynthetic", "ample")),
        "report: a script": (
            "L2",
            lambda b: changed_text(b / names.REPORT, "</body>", "<script>1</script></body>"),
        ),
        "a figure is another": (
            "L2",
            partial(swapped, Path("figures") / figures[0], Path("figures") / figures[-1]),
        ),
        "a figure taken away": ("L1", lambda b: (b / names.FIGURES / figures[0]).unlink()),
        "a figure's table: a cell": (
            "L2",
            lambda b: changed_text(b / names.FIGURES / csv, "Synthetic", "Real"),
        ),
        "a figure's table: a line": ("L2", lambda b: _more(b / names.FIGURES / csv, "1,2,3")),
    }
    for what, change in _put_beside().items():
        changes[f"put beside: {what}"] = ("L1", change)
    for what, change in _drawn_elsewhere(figures[0], csv).items():
        changes[f"drawn by another version: {what}"] = ("L2", change)
    for number, figure in enumerate(figures):
        place = Path(names.FIGURES) / figure
        changes[f"figure {number + 1}: a coordinate"] = ("L2", partial(_moved, place))
    for what, (level, change) in changes.items():
        hidden = then(change, with_manifest)
        yield Mutation("one file changed, manifest made again", what, "the bundle", level, hidden)


def _put_beside() -> dict[str, Change]:
    """Files and metadata that no run writes."""
    added = {
        "another report": "report_final.html",
        "a table": f"{names.FIGURES}/forest2.csv",
        "another plan": "plan_original.yaml",
        "another schema": f"{names.SCHEMAS}/other.yaml",
        "notes": f"{names.SENSITIVE}/notes.txt",
    }
    files: dict[str, Change] = {what: partial(_added, place) for what, place in added.items()}
    return files | {
        "another context of the crate": lambda b: changed_document(b / names.CRATE, _context),
        "a second root of the crate": lambda b: changed_document(b / names.CRATE, _second_root),
        "a version of the crate": lambda b: changed_document(
            b / names.CRATE, lambda said: said["@graph"][1].update(version="9")
        ),
        "a word in the crate": lambda b: changed_document(
            b / names.CRATE, lambda said: said["@graph"].append("approved")
        ),
    }


def _added(place: str, bundle: Path) -> None:
    (bundle / place).write_text("<script>1</script>", encoding="utf-8")


def _context(said: dict[str, str]) -> None:
    said["@context"] = "https://x.example/context"


def _second_root(said: dict[str, list[dict[str, str]]]) -> None:
    said["@graph"].insert(0, {"@id": "./", "@type": "Dataset", "name": "Approved"})


def _drawn_elsewhere(figure: str, csv: str) -> dict[str, Change]:
    """Changes that hide behind a record that says that another version drew."""
    report, svg, table = Path(names.REPORT), Path(names.FIGURES) / figure, Path(names.FIGURES) / csv
    texts = {
        "a heading in the report": (report, "</body>", "<h1>Approved</h1></body>"),
        "a script in the report": (report, "</body>", "<script>1</script></body>"),
        "a script in a figure": (svg, "</svg>", "<script>1</script></svg>"),
        "a handler in a figure": (svg, "<g ", '<g onload="1" '),
        "a link in a figure": (svg, "<g ", '<g style="fill: url(https://x.example)" '),
        "a word in a figure": (svg, "</text>", " fewer</text>"),
        "a formula in a figure's table": (table, "Synthetic", "=cmd|calc"),
    }
    return {
        what: then(_said_of_matplotlib, partial(_replaced, place, old, new))
        for what, (place, old, new) in texts.items()
    }


def _said_of_matplotlib(bundle: Path) -> None:
    def older(said: dict[str, dict[str, str]]) -> None:
        said["packages"]["matplotlib"] = "3.0.0"

    changed_document(bundle / names.ENVIRONMENT, older)


def _replaced(place: Path, old: str, new: str, bundle: Path) -> None:
    changed_text(bundle / place, old, new)


def _moved(place: Path, bundle: Path) -> None:
    text = (bundle / place).read_text(encoding="utf-8")
    found = re.search(r"(?<= d=\"M) ?[0-9]+", text)
    assert found is not None
    moved = f" {int(found[0]) + 1}"
    (bundle / place).write_text(text[: found.start()] + moved + text[found.end() :], encoding="utf-8")


def _put_away(bundle: Path) -> None:
    path = bundle / names.PLAN
    text = path.read_text(encoding="utf-8")
    start, end = text.index("  shuffled:"), text.index("multiplicity:")
    path.write_text(text[:start] + text[end:], encoding="utf-8")


def _digit(path: Path) -> None:
    def change(said: dict[str, list[dict[str, list[dict[str, object]]]]]) -> None:
        row = next(r for r in said["analyses"][0]["rows"] if isinstance(r["stat"], float))
        row["stat"] = float(str(row["stat"])) * 1.0001

    changed_document(path, change)


def _pop(said: dict[str, list[object]]) -> None:
    said["analyses"].pop()


def _sensitive_parquet(bundle: Path) -> None:
    shutil.copy(bundle / names.SENSITIVE / names.PARQUET, bundle / names.PARQUET)


def _more(path: Path, line: str) -> None:
    with path.open("a", encoding="utf-8") as stream:
        stream.write(f"{line}\n")


def only_signed() -> Iterator[Mutation]:
    """Records that nothing else in the bundle repeats: who signed shows that they were changed."""
    environment, log = names.ENVIRONMENT, names.LOG
    changes: dict[str, Change] = {
        "the version of numpy": lambda b: changed_text(b / environment, '"numpy": "', '"numpy": "9.'),
        "the version of Python": lambda b: changed_text(b / environment, "3.1", "2.1"),
        "a moment of the log": lambda b: changed_text(b / log, '"at": "2', '"at": "1'),
        "a line of the log": lambda b: (b / log).write_text((b / log).read_text().partition("\n")[2]),
        "the warning of the sensitive folder": lambda b: (b / "sensitive" / "README.txt").write_text(
            "Public."
        ),
        "the manifest's day": lambda b: changed_text(b / names.MANIFEST, '"created": "2', '"created": "1'),
        "nothing but the signature": lambda b: None,
    }
    for what, change in changes.items():
        hidden = then(change, with_manifest)
        yield Mutation("a record changed, manifest made again", what, "the key's fingerprint", "L0", hidden)

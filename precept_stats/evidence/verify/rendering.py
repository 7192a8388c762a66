"""L2: the report and its figures, made again from the rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from precept_stats.evidence import names
from precept_stats.evidence.environment import packages
from precept_stats.evidence.figure_files import table_csv
from precept_stats.evidence.verify.check import Check
from precept_stats.evidence.verify.completeness import document
from precept_stats.evidence.verify.contents import Contents
from precept_stats.evidence.verify.drawn import drawn_alike, page_without_drawings
from precept_stats.report.render_html import drawing, render_html
from precept_stats.report.story import story

DRAWN_BY = ("matplotlib", "numpy")
"""What draws: another version of it may move a line, and nothing else."""


def rendering(bundle: Contents) -> list[Check]:
    """Page and tables must be the same to the byte; drawings too, unless other versions drew them.

    Which versions drew is said by the bundle itself, so that it excuses shapes only: the words of a drawing
    have to be the same, and it may hold nothing that acts.
    """
    report = story(bundle.loaded, bundle.shown)
    drawings = {figure.id: drawing(figure) for figure in report.figures}
    page = {names.REPORT: render_html(report, drawings)}
    pictures = {f"{names.FIGURES}/{figure.id}.svg": drawings[figure.id].svg for figure in report.figures}
    tables = {f"{names.FIGURES}/{figure.id}.csv": table_csv(figure.behind) for figure in report.figures}
    apart = _other_versions(bundle.folder, DRAWN_BY)
    return [
        _page("The report is what the rows give", bundle.folder, page, apart),
        _same("Figures are what the rows give", bundle.folder, pictures | _extra(bundle, pictures), apart),
        _same("Tables behind figures are what the rows give", bundle.folder, tables, ""),
    ]


def _extra(bundle: Contents, pictures: dict[str, str]) -> dict[str, str]:
    """Pictures that the rows do not give are compared with nothing."""
    there = (bundle.folder / names.FIGURES).glob("*.svg")
    return {
        f"{names.FIGURES}/{path.name}": "" for path in there if f"{names.FIGURES}/{path.name}" not in pictures
    }


def _page(name: str, folder: Path, made: dict[str, str], apart: str) -> Check:
    """The page to the byte, with the drawings in it judged one by one where another version drew them."""
    first = _same(name, folder, made, "")
    theirs = _read(folder / names.REPORT)
    if first.outcome == "passed" or not apart or theirs is None:
        return first
    text, given = page_without_drawings(theirs)
    wanted, own = page_without_drawings(made[names.REPORT])
    if text != wanted or len(given) != len(own) or not all(map(drawn_alike, given, own)):
        return first
    return Check("L2", name, "differs", (f"its drawings are of other versions: {apart}",))


def _same(name: str, folder: Path, made: dict[str, str], apart: str) -> Check:
    """Files to the byte; where ``apart`` says that other versions drew them, alike in words and harmless."""
    texts = {path: _read(folder / path) for path in made}
    wrong = [path for path, text in made.items() if texts[path] != text]
    if not wrong:
        return Check("L2", name, "passed")
    alike = all(made[path] and drawn_alike(texts[path] or "", made[path]) for path in wrong)
    found = tuple(f"{path}: not what the rows give" for path in wrong)
    if apart and alike:
        return Check("L2", name, "differs", (*found, f"drawn by other versions: {apart}"))
    library = _other_versions(folder, ("precept_stats", "jinja2"))
    return Check(
        "L2", name, "failed", (*found, *([f"compare with the same version: {library}"] * bool(library)))
    )


def _read(path: Path) -> str | None:
    try:
        return path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def _other_versions(folder: Path, programs: Sequence[str]) -> str:
    """Those of the programs of which another version made the bundle, by its own record; empty when none."""
    recorded = document(folder / names.ENVIRONMENT)
    theirs = recorded.get("packages", {}) if isinstance(recorded, dict) else {}
    ours = {name.lower(): number for name, number in packages().items()}
    lower = {str(name).lower(): str(number) for name, number in theirs.items()}
    return ", ".join(
        f"{name} {lower[name]}, here {ours.get(name)}"
        for name in programs
        if name in lower and lower[name] != ours.get(name)
    )

"""L2: the report and its figures, made again from the rows."""

from __future__ import annotations

from pathlib import Path

from precept_stats.evidence import names
from precept_stats.evidence.environment import packages
from precept_stats.evidence.figure_files import table_csv
from precept_stats.evidence.verify.check import Check
from precept_stats.evidence.verify.completeness import Contents, document
from precept_stats.report.render_html import drawing, render_html
from precept_stats.report.story import story

DRAWN_BY = ("precept_stats", "matplotlib", "jinja2", "numpy")


def rendering(bundle: Contents) -> list[Check]:
    """Report and figures must be the same to the byte, unless other versions drew them."""
    report = story(bundle.loaded, bundle.shown)
    drawings = {figure.id: drawing(figure) for figure in report.figures}
    page = {names.REPORT: render_html(report, drawings)}
    pictures = {f"{names.FIGURES}/{figure.id}.svg": drawings[figure.id].svg for figure in report.figures}
    tables = {f"{names.FIGURES}/{figure.id}.csv": table_csv(figure.behind) for figure in report.figures}
    apart = _other_versions(bundle.folder)
    return [
        _same("The report is what the rows give", bundle.folder, page, apart),
        _same("Figures are what the rows give", bundle.folder, pictures | _extra(bundle, pictures), apart),
        _same("Tables behind figures are what the rows give", bundle.folder, tables, apart),
    ]


def _extra(bundle: Contents, pictures: dict[str, str]) -> dict[str, str]:
    """Pictures that the rows do not give are compared with nothing."""
    there = (bundle.folder / names.FIGURES).glob("*.svg")
    return {
        f"{names.FIGURES}/{path.name}": "" for path in there if f"{names.FIGURES}/{path.name}" not in pictures
    }


def _same(name: str, folder: Path, made: dict[str, str], apart: str) -> Check:
    found = tuple(
        f"{path}: not what the rows give" for path, text in made.items() if _read(folder / path) != text
    )
    if not found:
        return Check("L2", name, "passed")
    if apart:
        return Check("L2", name, "differs", (*found, f"drawn by other versions: {apart}"))
    return Check("L2", name, "failed", found)


def _read(path: Path) -> str | None:
    try:
        return path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def _other_versions(folder: Path) -> str:
    """The programs that draw of which another version made the bundle, in words; empty when none."""
    recorded = document(folder / names.ENVIRONMENT)
    theirs = recorded.get("packages", {}) if isinstance(recorded, dict) else {}
    ours = {name.lower(): number for name, number in packages().items()}
    lower = {str(name).lower(): str(number) for name, number in theirs.items()}
    return ", ".join(
        f"{name} {lower[name]}, here {ours.get(name)}"
        for name in DRAWN_BY
        if name in lower and lower[name] != ours.get(name)
    )

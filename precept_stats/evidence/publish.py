"""What a results folder holds: the report, the rows that may be shown, and, apart, the full rows."""

from __future__ import annotations

from pathlib import Path

from precept_stats.ard import write_json, write_parquet
from precept_stats.evidence.draw_files import write_draws
from precept_stats.evidence.folder import write_folder
from precept_stats.plan.reader import LoadedPlan
from precept_stats.report.disclosure import gate_results
from precept_stats.report.render_html import render_html
from precept_stats.report.story import story
from precept_stats.values import Results

REPORT, ROWS, PARQUET, PLAN, RESTRICTED = (
    "report.html",
    "rows.json",
    "rows.parquet",
    "plan.yaml",
    "restricted",
)

WARNING = """These files hold every count at full precision. They have not passed the disclosure
policy of the plan. Keep them where the data are kept; share the files of the folder above.
"""


def publish(loaded: LoadedPlan, results: Results, target: Path, *, force: bool = False) -> Path:
    """Write the results folder and return the path of its report.

    ``rows.json``, ``rows.parquet`` and ``report.html`` have passed the disclosure policy. When the
    policy changes anything, the full-precision rows stand in ``restricted/``. Draws of posteriors stand
    with the rows that hold every count. Raises OutputError.
    """
    shown = gate_results(results, loaded.plan.disclosure.policy)
    html = render_html(story(loaded, results))

    def write(folder: Path) -> None:
        (folder / REPORT).write_text(html, encoding="utf-8")
        (folder / PLAN).write_text(loaded.text, encoding="utf-8")
        _write_rows(shown, folder)
        if shown != results:
            inner = folder / RESTRICTED
            inner.mkdir()
            (inner / "README.txt").write_text(WARNING, encoding="utf-8")
            _write_rows(results, inner)

    write_folder(target, write, force=force)
    return target / REPORT


def _write_rows(results: Results, folder: Path) -> None:
    write_json(results, folder / ROWS)
    write_parquet(results.rows, folder / PARQUET)
    write_draws(results, folder)

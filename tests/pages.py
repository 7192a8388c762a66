"""Pages that are made from runs: the notebook as it came out, and the picture and table of the README.

``python -m tests.pages`` rewrites them; tests/test_pages.py holds that they are up to date.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient

import precept_stats as ps
from precept_stats.console import TESTED
from precept_stats.report.figures import draw
from precept_stats.report.format import df_text, interval_text, number_text, p_text

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOK = ROOT / "notebooks" / "01_esp_vs_ssp.py"
PAGE = ROOT / "docs" / "notebooks" / "01_esp_vs_ssp.md"
PICTURES = ROOT / "docs" / "pictures"
README = ROOT / "README.md"
EXAMPLE = ROOT / "analysis_plans" / "achievement_awards.yaml"
MARKS = ("<!-- results: made by make docs -->\n", "<!-- end of results -->\n")


@cache
def executed() -> nbformat.NotebookNode:
    """The notebook after it ran from top to bottom, as ``make`` leaves it: in the repository's folder."""
    notebook = jupytext.read(NOTEBOOK)
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(ROOT)}}).execute()
    return notebook


def white(svg: str) -> str:
    """The same picture on white, for pages that may be shown on a dark ground."""
    return svg.replace("<svg ", '<svg style="background:#fff" ', 1)


def page(notebook: nbformat.NotebookNode) -> tuple[str, str]:
    """The notebook as Markdown, and its last picture as SVG."""
    parts = ["<!-- made by `make docs` from notebooks/01_esp_vs_ssp.py -->"]
    picture = ""
    for cell in notebook.cells:
        parts.append(cell.source if cell.cell_type == "markdown" else f"```python\n{cell.source}\n```")
        for output in cell.get("outputs", ()):
            data = output.get("data", {})
            if "image/svg+xml" in data:
                picture = data["image/svg+xml"]
                parts.append("![Forest plot of the synthetic trial](../pictures/esp_vs_ssp_forest.svg)")
            elif "text/html" in data:
                parts.append(
                    re.sub(r"<style.*?</style>\n?|^ +", "", data["text/html"], flags=re.DOTALL | re.MULTILINE)
                )
            elif output.get("name", "stdout") == "stdout":
                parts.append(f"```text\n{(output.get('text') or data.get('text/plain', '')).rstrip()}\n```")
    return "\n\n".join(part.strip() for part in parts) + "\n", picture


@cache
def example() -> tuple[str, str]:
    """The results of the real trial as a Markdown table, and its forest plot as SVG."""
    plan = ps.read_plan(EXAMPLE)
    results = ps.run(plan)
    lines = ["| analysis | risk difference, percentage points (95% CI) | df | p |", "|---|---|---|---|"]
    for entry in results:
        assert isinstance(entry, ps.Result)
        answer, analysis = entry.estimate, plan.plan.analyses[entry.analysis]
        label = f"**{analysis.label}** (primary)" if analysis.purpose == "primary" else analysis.label
        interval = f"{number_text(answer)} ({interval_text(answer)})"
        p_value = p_text(answer.p_value) if entry.purpose in TESTED else "-"
        lines.append(f"| {label} | {interval} | {df_text(answer.df)} | {p_value} |")
    forest = next(figure for figure in ps.story(plan, results).figures if figure.id == "forest")
    return "\n".join(lines) + "\n", draw(forest.data, tag=forest.tag)


def readme(text: str, table: str) -> str:
    """The README with its table of results replaced."""
    before, rest = text.split(MARKS[0])
    _, after = rest.split(MARKS[1])
    return f"{before}{MARKS[0]}\n{table}\n{MARKS[1]}{after}"


def main() -> None:
    text, picture = page(executed())
    table, forest = example()
    PAGE.parent.mkdir(exist_ok=True)
    PICTURES.mkdir(exist_ok=True)
    PAGE.write_text(text, encoding="utf-8")
    (PICTURES / "esp_vs_ssp_forest.svg").write_text(white(picture), encoding="utf-8")
    (PICTURES / "achievement_awards_forest.svg").write_text(white(forest), encoding="utf-8")
    README.write_text(readme(README.read_text(encoding="utf-8"), table), encoding="utf-8")


if __name__ == "__main__":
    main()

"""Pages that are made from runs: the notebooks as they came out, and the picture and table of the README.

``python -m tests.pages`` rewrites them; tests/test_pages.py holds that they are up to date.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
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
PICTURES = ROOT / "docs" / "pictures"
README = ROOT / "README.md"
EXAMPLE = ROOT / "analysis_plans" / "achievement_awards.yaml"
FOREST = "achievement_awards_forest"
MARKS = ("<!-- results: made by make docs -->\n", "<!-- end of results -->\n")


@dataclass(frozen=True)
class Notebook:
    """A notebook, and the pictures that it draws in order: the name of the file and what it shows.

    Where a posterior is ``sampled``, numbers are those of this machine up to Monte Carlo error.
    """

    name: str
    pictures: tuple[tuple[str, str], ...]
    sampled: bool = False

    @property
    def source(self) -> Path:
        return ROOT / "notebooks" / f"{self.name}.py"

    @property
    def page(self) -> Path:
        return ROOT / "docs" / "notebooks" / f"{self.name}.md"


NOTEBOOKS = (
    Notebook("01_esp_vs_ssp", (("esp_vs_ssp_forest", "Forest plot of the synthetic trial"),), sampled=True),
    Notebook(
        "02_mixed_models",
        (
            ("mixed_models_predictions", "Caterpillar plot of the predicted units of the synthetic trial"),
            ("mixed_models_influence", "The effect without each unit of the synthetic trial in turn"),
            ("mixed_models_schedule", "Schedule of the synthetic stepped wedge, as a heat map"),
            ("mixed_models_exposure", "Effects by exposure time in the synthetic stepped wedge"),
        ),
    ),
    Notebook(
        "03_few_clusters",
        (("few_clusters_reference", "The effect of the synthetic trial among those of other allocations"),),
    ),
    Notebook(
        "04_estimands",
        (
            ("estimands_size", "Outcome of each unit of the synthetic trial against its size"),
            ("estimands_icc", "Intracluster correlation of the synthetic trial by three estimators"),
        ),
    ),
    Notebook(
        "05_bayesian",
        (
            ("bayesian_posterior", "Prior and posterior of the effect in the synthetic trial"),
            ("bayesian_priors", "The effect in the synthetic trial under each set of priors"),
            ("bayesian_ranks", "Expected ranks of the units of the synthetic trial, with their intervals"),
            ("bayesian_checks", "What was observed in the synthetic trial beside what the model gives"),
        ),
        sampled=True,
    ),
    Notebook(
        "06_npp",
        (
            ("npp_series", "The synthetic programme by time since each unit's start, with what was fitted"),
            ("npp_forest", "The eight before-after models of the synthetic programme beside the truth"),
            ("npp_events", "The effect by month since the start in the synthetic programme, by imputation"),
            ("npp_units", "All units of the synthetic programme at once, by four models and before-after"),
            ("npp_changes", "How far units of the synthetic programme differ in their change of level"),
        ),
    ),
    Notebook(
        "07_regional_disparity",
        (
            ("regional_disparity_periods", "Uptake of each synthetic region in 2017 and 2022"),
            ("regional_disparity_ranks", "Synthetic regions estimated together, with limits of their ranks"),
            ("regional_disparity_funnel", "Funnel plot of the synthetic units"),
        ),
    ),
    Notebook("08_review", ()),
)


@cache
def executed(notebook: Notebook) -> nbformat.NotebookNode:
    """The notebook after it ran from top to bottom, as ``make`` leaves it: in the repository's folder."""
    cells = jupytext.read(notebook.source)
    NotebookClient(cells, timeout=120, resources={"metadata": {"path": str(ROOT)}}).execute()
    return cells


def white(svg: str) -> str:
    """The same picture on white, for pages that may be shown on a dark ground."""
    return svg.replace("<svg ", '<svg style="background:#fff" ', 1)


def page(notebook: Notebook) -> tuple[str, dict[str, str]]:
    """The notebook as Markdown, and its pictures as SVG by name."""
    parts = [f"<!-- made by `make docs` from notebooks/{notebook.name}.py -->"]
    drawn: dict[str, str] = {}
    for cell in executed(notebook).cells:
        parts.append(cell.source if cell.cell_type == "markdown" else f"```python\n{cell.source}\n```")
        for output in cell.get("outputs", ()):
            data = output.get("data", {})
            if "image/svg+xml" in data:
                name, shows = notebook.pictures[len(drawn)]
                drawn[name] = data["image/svg+xml"]
                parts.append(f"![{shows}](../pictures/{name}.svg)")
            elif "text/html" in data:
                parts.append(
                    re.sub(r"<style.*?</style>\n?|^ +", "", data["text/html"], flags=re.DOTALL | re.MULTILINE)
                )
            elif output.get("name", "stdout") == "stdout":
                parts.append(f"```text\n{(output.get('text') or data.get('text/plain', '')).rstrip()}\n```")
    return "\n\n".join(part.strip() for part in parts) + "\n", drawn


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
        lines.append(f"| {label} | {interval} | {df_text(answer.df, answer.interval.method)} | {p_value} |")
    forest = next(figure for figure in ps.story(plan, results).figures if figure.id == "forest")
    return "\n".join(lines) + "\n", draw(forest.data, tag=forest.tag)


def readme(text: str, table: str) -> str:
    """The README with its table of results replaced."""
    before, rest = text.split(MARKS[0])
    _, after = rest.split(MARKS[1])
    return f"{before}{MARKS[0]}\n{table}\n{MARKS[1]}{after}"


def main() -> None:
    table, forest = example()
    drawn = {FOREST: forest}
    for notebook in NOTEBOOKS:
        text, pictures = page(notebook)
        notebook.page.parent.mkdir(exist_ok=True)
        notebook.page.write_text(text, encoding="utf-8")
        drawn |= pictures
    PICTURES.mkdir(exist_ok=True)
    for name, picture in drawn.items():
        (PICTURES / f"{name}.svg").write_text(white(picture), encoding="utf-8")
    README.write_text(readme(README.read_text(encoding="utf-8"), table), encoding="utf-8")


if __name__ == "__main__":
    main()

"""The notebook runs from top to bottom, in ten cells, and its claims hold."""

from __future__ import annotations

import nbformat
import pytest

from tests import pages


@pytest.fixture(scope="module")
def executed() -> nbformat.NotebookNode:
    return pages.executed()


def outputs(cell: nbformat.NotebookNode, kind: str) -> str:
    """All text of one kind (``text/plain``, ``text/html``) that a cell gave."""
    return "".join(
        output.get("text", "")
        if kind == "text/plain" and "text" in output
        else output.get("data", {}).get(kind, "")
        for output in cell.outputs
    )


def cells(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_it_is_short_and_says_that_the_data_are_synthetic(executed: nbformat.NotebookNode) -> None:
    assert len(cells(executed)) == 10
    assert "**The data are synthetic.**" in executed.cells[0].source


def test_the_interval_it_prints_holds_the_truth_it_set(executed: nbformat.NotebookNode) -> None:
    (cell,) = [cell for cell in cells(executed) if "interval.lower" in cell.source]
    words = outputs(cell, "text/plain").replace(",", "").split()
    truth, lower, upper = float(words[1]), float(words[-3]), float(words[-1])
    assert lower < truth < upper


def test_results_show_themselves_and_say_synthetic(executed: nbformat.NotebookNode) -> None:
    shown = {
        name: outputs(cell, "text/html")
        for cell in cells(executed)
        for name in ("result", "results")
        if cell.source.rstrip().endswith(f"\n{name}")
    }
    assert set(shown) == {"result", "results"}
    assert all("<table" in html for html in shown.values())
    assert "Synthetic" in shown["results"]


def test_the_last_cell_draws_a_figure_that_says_synthetic(executed: nbformat.NotebookNode) -> None:
    drawn = outputs(cells(executed)[-1], "image/svg+xml")
    assert drawn.lstrip().startswith(("<svg", "<?xml"))
    assert "SYNTHETIC" in drawn.upper()

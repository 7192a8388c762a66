"""The notebook of the national programme runs from top to bottom, and its claims hold."""

from __future__ import annotations

import ast

import nbformat
import pytest

import precept_stats as ps
from tests import pages


@pytest.fixture(scope="module")
def executed() -> nbformat.NotebookNode:
    (notebook,) = [one for one in pages.NOTEBOOKS if one.name == "06_npp"]
    return pages.executed(notebook)


def output(notebook: nbformat.NotebookNode, of: str) -> str:
    """The text of the one cell whose source has these words."""
    (cell,) = [cell for cell in notebook.cells if cell.cell_type == "code" and of in cell.source]
    return "".join(one.get("data", {}).get("text/plain", "") for one in cell.outputs)


def test_it_says_that_the_data_are_synthetic(executed: nbformat.NotebookNode) -> None:
    assert "**The data are synthetic**" in executed.cells[0].source


def test_six_methods_agree_about_the_size_and_differ_in_how_sure_they_are(
    executed: nbformat.NotebookNode,
) -> None:
    lines = [line.split() for line in output(executed, "def beside").splitlines()[1:]]
    estimates = [float(line[1]) for line in lines]
    widths = [float(line[3]) - float(line[2]) for line in lines]
    assert len(lines) == 6
    assert max(estimates) - min(estimates) < 0.6
    assert max(widths) > 1.2 * min(widths)


def test_placebo_dates_are_found_too_often(executed: nbformat.NotebookNode) -> None:
    told = ast.literal_eval(output(executed, '"placebo" and not'))
    assert told["share_below"] > 0.05
    assert told["share_beyond"] == 1.0


def test_one_coefficient_counts_growth_negatively_and_imputation_does_not(
    executed: nbformat.NotebookNode,
) -> None:
    two_way, imputation = ast.literal_eval(output(executed, 'weights["two_way"]'))
    assert two_way["share_negative"] > 0.3
    assert imputation["share_negative"] == imputation["sum_negative"] == 0.0


def test_models_of_all_units_hold_the_truth_and_the_means_do_not(executed: nbformat.NotebookNode) -> None:
    """What the text says of the figure, from the same run."""
    results = ps.run(ps.shipped("analysis_plans") / "npp_its.yaml")
    plan = ps.read_plan(ps.shipped("analysis_plans") / "npp_its.yaml").plan
    inside = {
        name: found.interval.lower <= analysis.known_truth.value <= found.interval.upper
        for name, analysis in plan.analyses.items()
        for found in [results[name].estimate]
    }
    assert [name for name, held in inside.items() if not held] == ["before_after"]
    counts = ast.literal_eval(output(executed, "n_left_out"))
    assert counts == {"n_units": 136, "n_left_out": 1}

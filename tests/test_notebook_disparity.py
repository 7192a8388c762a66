"""The notebook of regional disparity runs from top to bottom, and its claims hold."""

from __future__ import annotations

import ast

import nbformat
import pytest

from tests import pages


@pytest.fixture(scope="module")
def executed() -> nbformat.NotebookNode:
    (notebook,) = [one for one in pages.NOTEBOOKS if one.name == "07_regional_disparity"]
    return pages.executed(notebook)


def output(notebook: nbformat.NotebookNode, of: str) -> str:
    """The text of the one cell whose source has these words."""
    (cell,) = [cell for cell in notebook.cells if cell.cell_type == "code" and of in cell.source]
    return "".join(one.get("data", {}).get("text/plain", "") for one in cell.outputs)


def test_it_says_that_the_data_are_synthetic(executed: nbformat.NotebookNode) -> None:
    assert "**The data are synthetic**" in executed.cells[0].source


def test_chance_alone_would_put_the_ends_of_2022_as_far_apart(executed: nbformat.NotebookNode) -> None:
    found = ast.literal_eval(output(executed, '"expected_range"'))
    assert found["bgsd", "2022"] > 2.0
    assert found["bgsd_corrected", "2022"] == 0.0
    assert found["difference", "2022"] == pytest.approx(found["expected_range", "2022"], rel=0.1)


def test_most_of_the_narrowing_goes_with_the_mean_and_a_part_does_not(
    executed: nbformat.NotebookNode,
) -> None:
    found = ast.literal_eval(output(executed, "change = numbers("))
    assert 0.5 < found["share_from_mean", "2022"] < 1.0
    assert found["change_bgv_from_spread", "2022"] < 0.0
    parts = found["change_bgv_from_mean", "2022"] + found["change_bgv_from_spread", "2022"]
    assert parts == pytest.approx(found["change_bgv_corrected", "2022"], abs=0.02)
    ((_, _, p_value),) = ast.literal_eval(output(executed, 'row.context == "joint_test"'))
    assert p_value < 0.001


def test_three_intervals_are_alike_where_regions_differ(executed: nbformat.NotebookNode) -> None:
    found = ast.literal_eval(output(executed, "widths = {}"))
    widths = [high - low for low, _, high in found.values()]
    assert max(widths) < 1.3 * min(widths)


def test_the_funnel_empties_and_quarters_signal(executed: nbformat.NotebookNode) -> None:
    outside, signals = ast.literal_eval(output(executed, "outside, signals"))
    assert outside["2017"] > outside["2022"] == 0
    assert signals > 7

"""The notebook of a review runs from top to bottom, and its claims hold."""

from __future__ import annotations

import ast

import nbformat
import pytest

from tests import pages


@pytest.fixture(scope="module")
def executed() -> nbformat.NotebookNode:
    (notebook,) = [one for one in pages.NOTEBOOKS if one.name == "08_review"]
    return pages.executed(notebook)


def output(notebook: nbformat.NotebookNode, of: str) -> str:
    """The text of the one cell whose source begins with these words."""
    (cell,) = [c for c in notebook.cells if c.cell_type == "code" and c.source.startswith(of)]
    return "".join(one.get("data", {}).get("text/plain", "") for one in cell.outputs)


def test_a_reviewer_with_key_and_data_is_satisfied(executed: nbformat.NotebookNode) -> None:
    assert output(executed, "first.verdict") == "'passed with differences'"
    assert output(executed, "second.verdict") == "'passed'"


def test_a_digit_that_was_changed_is_found_by_its_file(executed: nbformat.NotebookNode) -> None:
    name, found = ast.literal_eval(output(executed, "forged = "))
    assert name == "Files are those of the manifest"
    assert found == ("rows.json: changed",)


def test_who_makes_everything_again_lacks_only_the_key(executed: nbformat.NotebookNode) -> None:
    verdict, failed = ast.literal_eval(output(executed, "shutil.rmtree(plan.with_suffix"))
    assert verdict == "failed"
    assert list(failed) == ["Signed by whom it should be"]


def test_nothing_of_this_machine_is_shown(executed: nbformat.NotebookNode) -> None:
    shown = [str(one) for cell in executed.cells for one in cell.get("outputs", ())]
    assert not [text for text in shown if "/tmp" in text]  # noqa: S108

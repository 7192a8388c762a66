"""What the README and the rendered notebooks show is what the code gives today (`make docs` renews it)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.pages import FOREST, NOTEBOOKS, PICTURES, README, Notebook, example, page, readme


def words(svg: str) -> list[str]:
    """The texts in a picture, in any order: its numbers, whatever its style."""
    return sorted(re.findall(r">([^<>\s][^<>]*)</text>", svg))


def picture(name: str) -> str:
    return Path(PICTURES / f"{name}.svg").read_text(encoding="utf-8")


def test_the_readme_shows_the_results_of_the_real_trial() -> None:
    table, forest = example()
    shown = README.read_text(encoding="utf-8")
    assert f"(docs/pictures/{FOREST}.svg)" in shown
    assert readme(shown, table) == shown, "run `make docs`"
    assert len(words(forest)) > 10
    assert words(picture(FOREST)) == words(forest), "run `make docs`"


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda notebook: notebook.name)
def test_a_rendered_notebook_is_the_notebook_that_runs(notebook: Notebook) -> None:
    text, drawn = page(notebook)
    assert notebook.page.read_text(encoding="utf-8") == text, "run `make docs`"
    assert list(drawn) == [name for name, _ in notebook.pictures]
    for name, svg in drawn.items():
        assert words(picture(name)) == words(svg), "run `make docs`"

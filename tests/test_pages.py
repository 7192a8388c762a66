"""What the README and the rendered notebooks show is what the code gives today (`make docs` renews it)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.pages import FOREST, NOTEBOOKS, PICTURES, README, Notebook, example, page, readme

NUMBER = re.compile(r"[-\u2212]?\d+(?:\.\d+)?")


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
    shown = notebook.page.read_text(encoding="utf-8")
    assert list(drawn) == [name for name, _ in notebook.pictures]
    if notebook.sampled:
        assert masked(shown) == masked(text), "run `make docs`"
        far = [pair for pair in zip(numbers(shown), numbers(text), strict=True) if not near(*pair)]
        assert not far, "run `make docs`"
    else:
        assert shown == text, "run `make docs`"
    for name, svg in drawn.items():
        both = (words(picture(name)), words(svg))
        if notebook.sampled:
            both = tuple(sorted(map(masked, each)) for each in both)
        assert both[0] == both[1], "run `make docs`"


def masked(text: str) -> str:
    """The text without its numbers."""
    return NUMBER.sub("#", text)


def numbers(text: str) -> list[float]:
    return [float(found.replace("\u2212", "-")) for found in NUMBER.findall(text)]


def near(one: float, other: float) -> bool:
    """Within the Monte Carlo error of what these notebooks show: half a percentage point, or a twentieth."""
    return abs(one - other) <= 0.5 + 0.05 * abs(one)

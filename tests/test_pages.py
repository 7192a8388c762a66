"""What the README and the rendered notebook show is what the code gives today (`make docs` renews it)."""

from __future__ import annotations

import re
from pathlib import Path

from tests.pages import PAGE, PICTURES, README, example, executed, page, readme


def words(svg: str) -> list[str]:
    """The texts in a picture, in any order: its numbers, whatever its style."""
    return sorted(re.findall(r">([^<>\s][^<>]*)</text>", svg))


def picture(name: str) -> str:
    return Path(PICTURES / name).read_text(encoding="utf-8")


def test_the_readme_shows_the_results_of_the_real_trial() -> None:
    table, forest = example()
    shown = README.read_text(encoding="utf-8")
    assert "(docs/pictures/achievement_awards_forest.svg)" in shown
    assert readme(shown, table) == shown, "run `make docs`"
    assert len(words(forest)) > 10
    assert words(picture("achievement_awards_forest.svg")) == words(forest), "run `make docs`"


def test_the_rendered_notebook_is_the_notebook_that_runs() -> None:
    text, drawn = page(executed())
    assert PAGE.read_text(encoding="utf-8") == text, "run `make docs`"
    assert words(picture("esp_vs_ssp_forest.svg")) == words(drawn), "run `make docs`"

"""The pages say what is so: settings as in the model, numbers as computed, examples as they run."""

from __future__ import annotations

import contextlib
import io
import re

import pytest

from .cases import ROOT, Case, all_cases, compare, data_folder
from .pages import METHODS, PAGES, block, case_section, checked_table, settings_table

REWRITE = "run `make conformance`"
kinds = pytest.mark.parametrize("kind", METHODS)


def skip_without_data(*cases: Case) -> None:
    if data_folder() is None and any(case.needs_data for case in cases):
        pytest.skip("data that do not ship are needed; PRECEPT_DATA is not set")


@kinds
def test_the_settings_table_is_that_of_the_model(kind: str) -> None:
    text = (PAGES / f"{kind}.md").read_text(encoding="utf-8")
    assert block(text, "settings") == settings_table(kind), REWRITE


@kinds
def test_the_page_counts_the_cases_as_they_are(kind: str) -> None:
    cases = [case for case in all_cases() if case.method == kind]
    skip_without_data(*cases)
    text = (PAGES / f"{kind}.md").read_text(encoding="utf-8")
    assert block(text, "checked") == checked_table((case, compare(case)) for case in cases), REWRITE


@pytest.mark.parametrize("case", all_cases(), ids=lambda case: f"{case.method}/{case.name}")
def test_the_conformance_page_shows_the_case_as_it_is(case: Case) -> None:
    skip_without_data(case)
    text = (ROOT / "docs" / "conformance.md").read_text(encoding="utf-8")
    assert case_section(case, compare(case)) in text, REWRITE


@kinds
def test_the_worked_example_gives_what_it_says(kind: str) -> None:
    text = (PAGES / f"{kind}.md").read_text(encoding="utf-8")
    examples = re.findall(r"```python\n(.*?)```\n\n```text\n(.*?)```", text, re.DOTALL)
    assert examples
    for code, said in examples:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, f"docs/methods/{kind}.md", "exec"), {})  # noqa: S102
        assert printed.getvalue() == said


@kinds
def test_the_place_for_coverage_is_marked(kind: str) -> None:
    block((PAGES / f"{kind}.md").read_text(encoding="utf-8"), "coverage")

"""The page of correlations lists the estimators and intervals that stand; its example is a plan's block."""

from __future__ import annotations

import re

from precept_stats.data.strict_yaml import load_strict
from precept_stats.methods.intracluster import IccSettings
from precept_stats.plan.correlations import Correlation

from .regenerate import CORRELATIONS, correlations_page


def test_the_tables_are_those_of_the_code() -> None:
    text = CORRELATIONS.read_text(encoding="utf-8")
    assert text == correlations_page(text), "run tests/plan/regenerate.py"


def test_the_example_is_a_block_of_a_plan() -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", CORRELATIONS.read_text(encoding="utf-8"), flags=re.DOTALL)
    value = load_strict(example, "page").value
    assert isinstance(value, dict)
    found = Correlation.model_validate(value["correlations"]["uptake_icc"])
    assert isinstance(found, IccSettings)
    assert [one.kind for one in found.estimators] == ["anova", "fleiss_cuzick", "pairwise"]
    assert found.needs_seed

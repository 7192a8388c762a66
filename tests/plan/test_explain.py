"""`explain` says what will be done, and which settings the plan gives and which are defaults."""

from __future__ import annotations

from pathlib import Path

import pytest

from precept_stats.data.shipped import shipped
from precept_stats.errors import PlanError
from precept_stats.plan.explain import WIDTH, explain
from precept_stats.plan.reader import read_plan

from .plans import change, good, read, spoilt

SHIPPED = sorted(shipped("analysis_plans").glob("*.yaml"))


def flat(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_plans_are_explained_in_full_and_within_the_width(path: Path) -> None:
    loaded = read_plan(path)
    text = explain(loaded)
    assert max(map(len, text.splitlines())) <= WIDTH
    assert text.isprintable() or set(text) - set(filter(str.isprintable, text)) == {"\n"}
    for name, analysis in loaded.plan.analyses.items():
        words = analysis.method.words(analysis.study, loaded.plan.question(name))
        assert f"\n{name}: {analysis.label}" in text
        for part in (words.estimator, words.equation, words.df_rule):
            assert flat(part) in flat(explain(loaded, name))
            assert flat(part) in flat(text)


def test_one_analysis_in_words() -> None:
    text = flat(explain(read(good()), "primary"))
    assert "The risk difference of 'mgso4', ESP minus SSP" in text
    assert "marginal" in text
    assert "every cluster counts the same" in text
    assert "No intercurrent event is expected." in text
    assert "rows of births, with units by unit where gestation_weeks below 30" in text
    assert "baseline months -12 to -1 (12 months), outcome months 9 to 17 (9 months)" in text
    assert "adjusted for the cluster's own outcome in the baseline window" in text
    assert "if not estimable: `crude`" in text
    assert "crude: Crude" not in text


def test_given_and_default_settings_are_told_apart() -> None:
    method = {"kind": "cluster_regression", "weights": {"kind": "equal"}, "variance": {"kind": "cr2"}}
    text = explain(read(spoilt(change("analyses.primary.method", method))), "primary")
    assert "weights = equal [given in the plan]" in text
    assert "variance = cr2 [given in the plan]" in text
    assert "variance.working = homoscedastic [default]" in text
    assert "df = clusters_minus_parameters [default]" in text


def test_a_derived_analysis_tells_its_differences() -> None:
    text = flat(explain(read(good())).split("crude: Crude")[1])
    assert "Based on `primary`, and differs in: - purpose: primary -> sensitivity" in text
    assert "- study/strata: stratum -> none" in text
    assert "Population" not in text


def test_an_estimand_gap_is_told() -> None:
    loaded = read(spoilt(change("analyses.crude.method.weights", {"kind": "size"})))
    assert "may differ from the question: " in flat(explain(loaded, "crude"))
    assert "consistent for the question" in flat(explain(loaded, "primary"))


def test_a_strategy_that_is_not_computed_is_told() -> None:
    events = [{"event": "early_birth", "strategy": "while_on_treatment", "level": "individual"}]
    text = flat(explain(read(spoilt(change("estimands.effect.intercurrent_events", events))), "primary"))
    assert "early birth (individual): declared while on treatment, computed treatment policy" in text
    assert "may differ from the question: what is computed is treatment policy" in text
    assert "consistent for the question" not in text


def test_an_unknown_analysis_is_refused_with_the_near_one() -> None:
    with pytest.raises(PlanError, match="primary \\(did you mean that\\?\\)"):
        explain(read(good()), "primry")

"""From formulas to studies and random effects: what comes out, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import precept_stats as ps
from precept_stats.errors import PlanError
from precept_stats.studies.stepped_wedge import SteppedWedge

from .trials import STUDY, ask, plain
from .wedges import Wedge, ask_wedge


def test_a_cluster_trial_comes_out_of_a_formula() -> None:
    study, outcome = ps.formula("mgso4 ~ arm + baseline + size + (1 | unit)").trial(arm="arm")
    assert study == ps.ClusterTrial(cluster="unit", arm="arm", adjust=("baseline", "size"))
    assert outcome == "mgso4"
    assert ps.formula("y ~ x + group + (1 | u)").trial("group")[0].adjust == ("x",)


@pytest.mark.parametrize(
    ("text", "problem", "found"),
    [
        ("log(y) ~ arm + (1 | u)", "as recorded", "log(y)"),
        ("y ~ 0 + arm + (1 | u)", "an intercept", "0 or - 1"),
        ("y ~ x + (1 | u)", "its arm", "'arm'"),
        ("y ~ arm:x + (1 | u)", "plain columns", "arm:x"),
        ("y ~ arm*x + (1 | u)", "plain columns", "arm:x"),
        ("y ~ arm + log(x) + (1 | u)", "plain columns", "log(x)"),
        ("y ~ arm", "one random term", "none"),
        ("y ~ arm + (1 | u) + (1 | v)", "one random term", "(1 | u), (1 | v)"),
        ("y ~ arm + (1 | u/v)", "one random term", "(1 | u), (1 | u:v)"),
        ("y ~ arm + (1 + x | u)", "random intercept", "(1 + x | u)"),
        ("y ~ arm + (0 + x | u)", "random intercept", "(0 + x | u)"),
        ("y ~ arm + (1 | u:v)", "random intercept", "(1 | u:v)"),
        ("y ~ arm + (1 | arm)", "differ from its clusters", "arm as both"),
        ("y ~ arm + u + (1 | u)", "this formula", "adjust names u"),
        ("y ~ arm + baseline_outcome + (1 | u)", "this formula", "periods"),
    ],
)  # fmt: skip
def test_what_a_cluster_trial_cannot_hold_is_refused(text: str, problem: str, found: str) -> None:
    with pytest.raises(PlanError) as raised:
        ps.formula(text).trial(arm="arm")
    assert problem in raised.value.problem
    assert found in raised.value.found
    assert raised.value.where == str(ps.formula(text))


@pytest.mark.parametrize("arm", ["", "ARM", "\N{CYRILLIC SMALL LETTER A}rm", "x" * 10**6, None, 3, []])
def test_an_arm_that_the_formula_does_not_name_is_refused(arm: Any) -> None:
    with pytest.raises(PlanError, match="needs its arm") as raised:
        ps.formula("y ~ arm + (1 | u)").trial(arm=arm)
    assert len(str(raised.value)) < 1000


def test_the_trial_of_a_formula_is_analysed_like_the_one_written_out() -> None:
    study, outcome = ps.formula("y ~ arm + (1 | unit)").trial(arm="arm")
    assert outcome == ask().outcome.column
    results = [ps.analyse(each, ps.ClusterSummaries(), plain(), ask()) for each in (study, STUDY)]
    assert results[0].estimates == results[1].estimates


def terms(text: str, **roles: str) -> list[tuple[Any, ...]]:
    """Random terms as (by, intercept, slopes, correlated)."""
    written = ps.formula(text).model("arm", **roles).random["terms"]
    assert isinstance(written, list)
    return [(term["by"], term["intercept"], term["slopes"], term["correlated"]) for term in written]


@pytest.mark.parametrize(
    ("text", "roles", "expected"),
    [
        ("y ~ arm + (1 | u)", {}, [("cluster", True, [], True)]),
        ("y ~ arm + x + (1 + x | u)", {}, [("cluster", True, ["x"], True)]),
        ("y ~ arm + x + (arm + x || u)", {}, [("cluster", True, ["arm", "x"], False)]),
        ("y ~ arm + (0 + arm | u)", {}, [("cluster", False, ["arm"], True)]),
        ("y ~ arm + (1 | u) + (1 | v)", {"cluster": "u"},
         [("cluster", True, [], True), ("v", True, [], True)]),
        ("y ~ arm + (1 | r/u)", {"cluster": "u"}, [("r", True, [], True), ("cluster", True, [], True)]),
        ("y ~ arm + (1 | u/c)", {"cluster": "u"}, [("cluster", True, [], True), ("u:c", True, [], True)]),
        ("y ~ arm + t + (1 | u/t)", {"period": "t"},
         [("cluster", True, [], True), ("cluster_period", True, [], True)]),
        ("y ~ arm + t + (1 | u) + (1 | t)", {"period": "t"},
         [("cluster", True, [], True), ("period", True, [], True)]),
        ("y ~ arm + t + (1 | u/p)", {"period": "t", "participant": "p"},
         [("cluster", True, [], True), ("participant", True, [], True)]),
        ("y ~ arm + t + (1 | u) + (1 | p)", {"period": "t", "participant": "p"},
         [("cluster", True, [], True), ("participant", True, [], True)]),
    ],
)  # fmt: skip
def test_random_terms_in_the_words_of_a_study(
    text: str, roles: dict[str, str], expected: list[tuple[Any, ...]]
) -> None:
    assert terms(text, **roles) == expected
    method = ps.LinearMixed.model_validate({"random": ps.formula(text).model("arm", **roles).random})
    assert len(method.model_dump()["random"]["terms"]) == len(expected)


def test_a_period_makes_it_a_stepped_wedge() -> None:
    model = ps.formula("y ~ arm + week + age + (1 | site/week) + (1 | region)").model(
        "arm", cluster="site", period="week"
    )
    assert model.study == SteppedWedge(
        cluster="site", arm="arm", period="week", adjust=("age",), groups=("region",)
    )
    assert model.outcome == "y"


@pytest.mark.parametrize(
    ("text", "roles", "problem", "found"),
    [
        ("y ~ arm", {}, "which group is the cluster", "no random term"),
        ("y ~ arm + (1 | u) + (1 | v)", {}, "which group is the cluster", "u, v"),
        ("y ~ arm + (1 | u)", {"cluster": "v"}, "random effect of its clusters", "'v'"),
        ("y ~ arm + (1 + x | u)", {}, "random slopes", "x"),
        ("y ~ arm + x + (1 + log(x) | u)", {}, "random slopes", "log(x)"),
        ("y ~ arm + t + (1 + t | u)", {"period": "t"}, "random slopes", "t"),
        ("y ~ arm + (1 | u/t)", {"period": "t"}, "over periods", "'t'"),
        ("y ~ arm + (1 | u/p)", {"participant": "p"}, "follows participants", "'p' and no period"),
        ("y ~ arm*x + (1 | u)", {}, "plain columns", "arm:x"),
        ("y ~ arm + (1 | arm)", {}, "differ from its clusters", "arm as both"),
    ],
)  # fmt: skip
def test_what_no_study_can_hold_is_refused(
    text: str, roles: dict[str, str], problem: str, found: str
) -> None:
    with pytest.raises(PlanError) as raised:
        ps.formula(text).model("arm", **roles)
    assert problem in raised.value.problem
    assert found in raised.value.found


def test_a_combination_of_columns_is_a_grouping_of_its_own() -> None:
    rng = np.random.default_rng(5)
    frame = pd.DataFrame(
        [(f"U{u}", c, "ESP" if u % 2 else "SSP") for u in range(8) for c in range(3) for _ in range(6)],
        columns=["u", "c", "arm"],
    )
    frame["y"] = rng.normal(size=8)[frame["u"].str[1:].astype(int)] + rng.normal(size=len(frame))
    frame["both"] = frame["u"] + "-" + frame["c"].astype(str)
    outcome = ps.Outcome(column="y", type="continuous", direction="higher_better")
    estimates = []
    for text in ("y ~ arm + (1 | u/c)", "y ~ arm + (1 | u) + (1 | both)"):
        model = ps.formula(text).model("arm", cluster="u")
        method = ps.LinearMixed.model_validate({"random": model.random})
        estimates.append(ps.analyse(model.study, method, frame, ask(outcome)).estimate)
    assert estimates[0] == estimates[1]


def test_a_formula_over_periods_is_the_preset_written_out() -> None:
    frame = Wedge().frame(2)
    model = ps.formula("y ~ arm + period + (1 | site/period)").model("arm", period="period")
    written = ps.LinearMixed.model_validate({"random": model.random})
    preset = ps.LinearMixed.model_validate({"random": {"kind": "nested_exchangeable"}})
    one, other = (
        ps.analyse(model.study, method, frame, ask_wedge()).estimate for method in (written, preset)
    )
    assert one.value == pytest.approx(other.value, rel=1e-9)
    assert one.std_error == pytest.approx(other.std_error, rel=1e-9)
    assert one.df == pytest.approx(other.df, rel=1e-7)

"""Interactions of the arm with a subgroup: identities, other programs, refusals."""

from __future__ import annotations

import contextlib
import io
import math
import re
from pathlib import Path

import numpy as np
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf

import precept_stats as ps
from precept_stats.errors import DataError, FitError, PlanError

from .subgroup_trials import answered, joint, trial, within

SATTERTHWAITE = {"variance": {"kind": "cr2"}, "df": {"kind": "satterthwaite"}}
LINEAR = {"family": {"kind": "gaussian"}, "link": {"kind": "identity"}}


@pytest.mark.parametrize("summary", ["risk_difference", "risk_ratio", "odds_ratio"])
@pytest.mark.parametrize("subgroup", ["sex", "region"])
def test_a_saturated_model_gives_the_effects_of_separate_fits(summary: str, subgroup: str) -> None:
    people = trial()
    whole = answered(ps.Gee(), people, summary, subgroup=subgroup)
    alone = {
        level: answered(ps.Gee(), people[people[subgroup] == level], summary).estimate
        for level in sorted(people[subgroup].unique())
    }
    assert within(whole) == pytest.approx({level: one.value for level, one in alone.items()}, rel=1e-9)
    first, *_, last = (one.value for one in alone.values())
    expected = last / first if summary != "risk_difference" else last - first
    assert whole.estimate.value == pytest.approx(expected, rel=1e-9)
    assert whole.estimate.measure == f"interaction_{summary}"


def test_within_subgroups_of_clusters_cr2_and_its_df_are_those_of_separate_fits() -> None:
    people = trial()
    method = ps.Gee(**LINEAR, **SATTERTHWAITE)
    whole = answered(method, people, subgroup="region")
    for level in ("East", "North", "West"):
        alone = answered(method, people[people["region"] == level]).estimate
        assert within(whole, "std_error")[level] == pytest.approx(alone.std_error, rel=1e-9)
        assert within(whole, "conf_low")[level] == pytest.approx(alone.interval.lower, rel=1e-8)


def test_the_linear_mixed_model_agrees_with_statsmodels() -> None:
    people = trial()
    ours = answered(
        ps.LinearMixed(df={"kind": "normal"}), people, "mean_difference", subgroup="sex", adjust=("age",)
    )
    coded = people.assign(new=(people["arm"] == "new") * 1.0, girl=(people["sex"] == "girls") * 1.0)
    theirs = smf.mixedlm("score ~ new * girl + age", coded, groups=coded["unit"]).fit(reml=True, gtol=1e-9)
    assert ours.estimate.value == pytest.approx(theirs.params["new:girl"], rel=1e-5)
    X, share = theirs.model.exog, float(theirs.cov_re.iloc[0, 0]) / theirs.scale
    groups = [X[(coded["unit"] == unit).to_numpy()] for unit in coded["unit"].unique()]
    weights = [np.linalg.inv(np.eye(len(rows)) + share) for rows in groups]
    spread = theirs.scale * np.linalg.inv(
        sum(rows.T @ w @ rows for rows, w in zip(groups, weights, strict=True))
    )
    place = theirs.model.exog_names.index("new:girl")
    assert ours.estimate.std_error == pytest.approx(np.sqrt(spread[place, place]), rel=1e-5)
    assert within(ours)["boys"] == pytest.approx(theirs.params["new"], rel=1e-5)
    assert within(ours)["girls"] == pytest.approx(theirs.params["new"] + theirs.params["new:girl"], rel=1e-5)


@pytest.mark.parametrize(
    ("variance", "theirs_called"), [("liang_zeger", "robust"), ("mancl_derouen", "bias_reduced")]
)
def test_estimating_equations_agree_with_statsmodels(variance: str, theirs_called: str) -> None:
    people = trial()
    ours = answered(ps.Gee(variance={"kind": variance}, **LINEAR), people, subgroup="sex", adjust=("age",))
    coded = people.assign(new=(people["arm"] == "new") * 1.0, girl=(people["sex"] == "girls") * 1.0)
    model = smf.gee("cured ~ new * girl + age", "unit", coded, family=sm.families.Gaussian())
    theirs = model.fit(cov_type=theirs_called)
    assert ours.estimate.value == pytest.approx(theirs.params["new:girl"], rel=1e-8)
    assert ours.estimate.std_error == pytest.approx(theirs.bse["new:girl"], rel=1e-8)
    assert within(ours, "std_error")["boys"] == pytest.approx(theirs.bse["new"], rel=1e-8)


def test_by_arm_and_cluster_a_subgroup_of_clusters_is_a_regression_of_cluster_means() -> None:
    people = trial()
    ours = answered(ps.ClusterRegression(), people, subgroup="region")
    means = people.groupby("unit").agg(
        cured=("cured", "mean"), arm=("arm", "first"), region=("region", "first")
    )
    theirs = smf.ols("cured ~ C(arm, Treatment('old')) * region", means).fit()
    names = [name for name in theirs.params.index if ":" in name]
    assert ours.estimate.value == pytest.approx(theirs.params[names[-1]], rel=1e-10)
    assert ours.estimate.p_value == pytest.approx(theirs.pvalues[names[-1]], rel=1e-9)
    tested = theirs.f_test(np.eye(len(theirs.params))[[theirs.params.index.get_loc(name) for name in names]])
    assert joint(ours)["statistic"] == pytest.approx(float(tested.fvalue), rel=1e-9)
    assert joint(ours)["p_value"] == pytest.approx(float(tested.pvalue), rel=1e-8)
    assert joint(ours)["df2"] == 24 - 6


METHODS = (
    ps.Gee(**SATTERTHWAITE),
    ps.LinearMixed(),
    ps.GeneralisedLinearMixed(approximation={"kind": "laplace"}),
)


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.kind)
def test_names_of_levels_change_no_number_but_the_sign(method: object) -> None:
    people = trial()
    ours = answered(method, people, subgroup="sex", adjust=("age",))
    turned = people.assign(sex=people["sex"].map({"boys": "z boys", "girls": "a girls"}))
    theirs = answered(method, turned.sample(frac=1.0, random_state=1), subgroup="sex", adjust=("age",))
    assert theirs.estimate.value == pytest.approx(-ours.estimate.value, rel=1e-6)
    assert theirs.estimate.p_value == pytest.approx(ours.estimate.p_value, rel=1e-5)
    assert within(theirs)["a girls"] == pytest.approx(within(ours)["girls"], rel=1e-6)


@pytest.mark.parametrize("method", [*METHODS, ps.ClusterRegression(**SATTERTHWAITE)], ids=lambda m: m.kind)
def test_the_joint_test_does_not_depend_on_the_first_level(method: object) -> None:
    people = trial()
    ours = joint(answered(method, people, subgroup="region"))
    turned = people.assign(region=people["region"].map({"East": "c", "North": "a", "West": "b"}))
    theirs = joint(answered(method, turned, subgroup="region"))
    assert theirs == pytest.approx(ours, rel=2e-5)


@pytest.mark.parametrize("method", [*METHODS, ps.ClusterRegression()], ids=lambda m: m.kind)
def test_the_main_effect_is_in_the_model_once(method: object) -> None:
    people = trial()
    ours = answered(method, people, subgroup="region")
    for twice in ({"strata": ("region",)}, {"adjust": ("region",)}):
        theirs = answered(method, people, subgroup="region", **twice)
        assert theirs.estimate.value == pytest.approx(ours.estimate.value, rel=1e-7)
        assert theirs.estimate.p_value == pytest.approx(ours.estimate.p_value, rel=1e-6)


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.kind)
def test_only_the_interaction_has_a_p_value(method: object) -> None:
    ours = answered(method, trial(), subgroup="region")
    of_subgroups = {row.stat_name for row in ours.rows if row.context == "subgroup"}
    assert of_subgroups & {"p_value", "statistic", "null"} == set()
    tests = [
        row.group("test") for row in ours.rows if row.context == "joint_test" and row.stat_name == "p_value"
    ]
    assert tests == ["interaction of arm and subgroup"]


def test_degrees_of_freedom_count_a_subgroup_where_it_varies() -> None:
    people = trial()
    assert answered(ps.Gee(), people, subgroup="sex").estimate.df == 24 - 2
    assert answered(ps.Gee(), people, subgroup="region").estimate.df == 24 - 6
    between = ps.LinearMixed(df={"kind": "between_within"})
    assert answered(between, people, subgroup="region").estimate.df == 24 - 6
    assert answered(between, people, subgroup="sex").estimate.df == len(people) - 24 - 2
    kenward_roger = answered(ps.LinearMixed(), people, subgroup="sex")
    assert kenward_roger.estimate.df > 10 * 24


def test_arm_means_are_those_of_everyone() -> None:
    people = trial()
    split, whole = answered(ps.Gee(), people, subgroup="sex"), answered(ps.Gee(), people, adjust=("sex",))
    for ours, theirs in zip(split.estimates[1:], whole.estimates[1:], strict=True):
        assert ours.contrast == theirs.contrast
        assert ours.value == pytest.approx(theirs.value, abs=0.01)
    by_hand = {
        arm: sum(
            people.loc[(people["arm"] == arm) & (people["sex"] == sex), "cured"].mean()
            * (people["sex"] == sex).mean()
            for sex in ("boys", "girls")
        )
        for arm in ("old", "new")
    }
    assert {one.contrast: one.value for one in split.estimates[1:]} == pytest.approx(by_hand, rel=1e-9)


def test_people_and_clusters_are_counted_by_subgroup_and_arm() -> None:
    people = trial()
    rows = [row for row in answered(ps.Gee(), people, subgroup="sex").rows if row.context == "subgroup"]
    counts = {
        (row.group("subgroup"), row.group("arm")): row.stat
        for row in rows
        if row.stat_name == "n" and row.unit == "individuals"
    }
    assert counts == people.groupby(["sex", "arm"]).size().to_dict()
    clusters = {row.stat for row in rows if row.stat_name == "n_clusters"}
    assert clusters == {12}


def test_a_bootstrap_has_no_joint_test_and_says_so() -> None:
    method = ps.LinearMixed(df={"kind": "parametric_bootstrap", "replicates": 99})
    ours = answered(method, trial(), "mean_difference", subgroup="region")
    assert math.isfinite(ours.estimate.p_value)
    (row,) = [
        row for row in ours.rows if row.context == "joint_test" and row.group("test").startswith("inter")
    ]
    assert row.stat is None
    assert "joint test" in row.error


def test_people_without_a_subgroup_are_left_out_and_counted() -> None:
    people = trial()
    people.loc[people.index[::9], "sex"] = None
    ours = answered(ps.Gee(), people, subgroup="sex")
    left = [r for r in ours.rows if (r.context, r.variable, r.stat_name) == ("flow", "subgroup_missing", "n")]
    assert left[0].stat == len(people.index[::9])
    known = answered(ps.Gee(), people.dropna(subset=["sex"]), subgroup="sex")
    assert ours.estimate == known.estimate


@pytest.mark.parametrize(
    ("change", "problem", "found"),
    [
        (lambda d: d.assign(sex="girls"), "has one level", "girls for everyone"),
        (lambda d: d.assign(sex=np.where(d["arm"] == "new", "girls", "boys")), "one arm only", "sex boys"),
        (
            lambda d: d.assign(sex=np.where(d["unit"].isin(["U00", "U01", "U03"]), "girls", "boys")),
            "fewer than two clusters in an arm",
            "old: 2, new: 1|old: 1, new: 2",
        ),
    ],
)
@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.kind)
def test_subgroups_that_cannot_be_compared_are_refused(
    method: object, change, problem: str, found: str
) -> None:
    with pytest.raises(FitError, match=problem) as caught:
        answered(method, change(trial()), subgroup="sex")
    assert any(one in caught.value.found for one in found.split("|"))


def test_cluster_means_do_not_show_a_subgroup_of_people() -> None:
    with pytest.raises(FitError, match="cannot be told apart in cluster means"):
        answered(ps.ClusterRegression(), trial(), subgroup="sex")


@pytest.mark.parametrize("method", [ps.ClusterSummaries(), ps.ModelRobust(), ps.RandomisationTest()])
def test_methods_without_interactions_refuse_a_subgroup(method: object) -> None:
    with pytest.raises(PlanError, match="does not use what the study names") as caught:
        answered(method, trial(), subgroup="sex")
    assert "subgroup" in caught.value.found


def test_a_subgroup_is_no_cluster_and_has_one_spelling() -> None:
    with pytest.raises(ValueError, match="subgroup names unit"):
        ps.ClusterTrial(cluster="unit", arm="arm", subgroup="unit")
    people = trial()
    people.loc[people.index[0], "sex"] = "Girls"
    with pytest.raises(DataError, match="written in two ways"):
        answered(ps.Gee(), people, subgroup="sex")


def test_the_page_shows_what_its_example_prints() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "subgroups.md").read_text(encoding="utf-8")
    ((code, shown),) = re.findall(r"```python\n(.*?)```\n\n```text\n(.*?)```", page, re.DOTALL)
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(compile(code, "docs/subgroups.md", "exec"), {})  # noqa: S102
    assert printed.getvalue() == shown

"""Care bundles: all or none and opportunities, with what does not apply and what was not recorded."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

import precept_stats as ps
from precept_stats.data.selection import Population
from precept_stats.methods.cluster_summaries import ClusterSummaries
from precept_stats.methods.linear_mixed import LinearMixed
from precept_stats.studies.cluster_trial import ClusterTrial
from precept_stats.studies.composite import AllOrNone, OpportunityWeighted
from precept_stats.studies.composite_coding import code_question
from precept_stats.studies.question import Estimand, Outcome, Question
from precept_stats.studies.stepped_wedge import SteppedWedge
from precept_stats.values import Row

CODES = {"given": "yes", "not": "no", "unknown": "unknown", "na": "not_applicable"}
KINDS = {"all_or_none": AllOrNone, "opportunity_weighted": OpportunityWeighted}
RULES = ("any_missing_is_missing", "missing_is_not_given", "of_known")
ELEMENTS = ("steroids", "magnesium", "caffeine")


def element(column: str) -> Outcome:
    return Outcome(
        column=column,
        type="binary",
        direction="higher_better",
        event=("yes",),
        non_event=("no",),
        missing=("unknown",),
        excluded=("not_applicable",),
    )


def question(kind: str, missing: str) -> Question:
    composite = KINDS[kind](elements=ELEMENTS, missing=missing)
    estimand = Estimand(
        population="all",
        outcome="bundle",
        compare="new",
        reference="old",
        summary="risk_difference",
        effect="marginal",
        target="cluster_average",
        intercurrent_events=(),
    )
    outcome = Outcome(column="bundle", type="binary", direction="higher_better", composite=composite)
    elements = tuple((name, element(name)) for name in ELEMENTS)
    return Question("bundle", estimand, Population(of="babies"), outcome, elements)


def by_hand(states: tuple[str, ...], kind: str, missing: str) -> tuple[float, float] | str:
    """One person's events and denominator, or why there are none; written from the definitions."""
    applicable = [state for state in states if state != "na"]
    if not applicable:
        return "excluded"
    if missing == "any_missing_is_missing" and "unknown" in applicable:
        return "missing"
    if missing == "of_known":
        applicable = [state for state in applicable if state != "unknown"]
        if not applicable:
            return "missing"
    given = sum(state == "given" for state in applicable)
    if kind == "all_or_none":
        return (1.0 if given == len(applicable) else 0.0), 1.0
    return float(given), float(len(applicable))


@pytest.mark.parametrize("missing", RULES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_combination_of_three_elements_is_scored_as_defined(kind: str, missing: str) -> None:
    people = list(product(CODES, repeat=3))
    frame = pd.DataFrame([[CODES[state] for state in states] for states in people], columns=list(ELEMENTS))
    coded = code_question(frame, question(kind, missing), "table 'babies'")
    for row, states in enumerate(people):
        expected = by_hand(states, kind, missing)
        if isinstance(expected, str):
            assert (coded.missing[row], coded.excluded[row]) == (
                expected == "missing",
                expected == "excluded",
            )
            assert (coded.y[row], coded.size[row]) == (0, 0)
        else:
            assert not coded.missing[row]
            assert not coded.excluded[row]
            assert (coded.y[row], coded.size[row]) == expected


def babies(seed: int = 5) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    unit = np.repeat(np.arange(10), rng.integers(9, 25, 10))
    shares = (0.6, 0.25, 0.05, 0.1)
    drawn = {name: rng.choice(list(CODES.values()), len(unit), p=shares) for name in ELEMENTS}
    return pd.DataFrame({"unit": [f"u{k}" for k in unit], "arm": np.where(unit % 2, "new", "old"), **drawn})


def answered(kind: str, missing: str = "of_known", frame: pd.DataFrame | None = None) -> ps.Result:
    study = ClusterTrial(cluster="unit", arm="arm")
    frame = babies() if frame is None else frame
    return ps.analyse(study, ClusterSummaries(), {"babies": frame}, question(kind, missing))


def told(rows: tuple[Row, ...], variable: str, arm: str) -> dict[str, object]:
    return {
        row.stat_name: row.stat
        for row in rows
        if (row.context, row.variable, row.group("arm")) == ("composite", variable, arm)
    }


def test_all_or_none_is_the_difference_of_cluster_means_of_a_column_made_by_hand() -> None:
    frame = babies()
    known = frame[list(ELEMENTS)].isin(["yes", "no"])
    kept = known.any(axis=1)
    full = ((frame[list(ELEMENTS)] == "yes") | ~known).all(axis=1).astype(float)[kept]
    means = full.groupby([frame["arm"][kept], frame["unit"][kept]]).mean().groupby("arm").mean()
    found = answered("all_or_none").estimate
    assert found.value == pytest.approx(means["new"] - means["old"], rel=1e-12)
    assert found.measure == "risk_difference"


def test_opportunities_are_elements_given_of_elements_applicable_in_each_cluster() -> None:
    frame = babies()
    given = (frame[list(ELEMENTS)] == "yes").sum(axis=1)
    applied = frame[list(ELEMENTS)].isin(["yes", "no"]).sum(axis=1)
    sums = pd.DataFrame({"arm": frame["arm"], "unit": frame["unit"], "given": given, "applied": applied})
    clusters = sums.groupby(["arm", "unit"]).sum()
    means = (clusters["given"] / clusters["applied"]).groupby("arm").mean()
    found = answered("opportunity_weighted")
    assert found.estimate.value == pytest.approx(means["new"] - means["old"], rel=1e-12)
    facts = {(row.stat_name, row.group("arm")): row for row in found.rows if row.context == "fit"}
    for arm in ("new", "old"):
        assert facts["n", arm].stat == int((applied[frame["arm"] == arm] > 0).sum())
        assert facts["n_opportunities", arm].stat == int(applied[frame["arm"] == arm].sum())
        assert facts["n_opportunities", arm].unit == "opportunities"


def test_clusters_of_opportunities_tell_people_and_a_proportion() -> None:
    rows = [row for row in answered("opportunity_weighted").rows if row.context == "cluster_outcome"]
    assert {row.stat_name for row in rows} == {"N", "mean"}
    assert {row.unit for row in rows} == {"individuals", "proportion"}


@pytest.mark.parametrize("kind", KINDS)
def test_each_element_and_the_composite_are_counted_by_arm(kind: str) -> None:
    frame = babies()
    rows = answered(kind).rows
    for arm in ("new", "old"):
        mine = frame[frame["arm"] == arm]
        for name in ELEMENTS:
            counts = mine[name].value_counts()
            known = int(counts["yes"] + counts["no"])
            assert told(rows, name, arm) == {
                "n": counts["yes"],
                "N": known,
                "p": counts["yes"] / known,
                "n_missing": counts["unknown"],
                "n_excluded": counts["not_applicable"],
            }
        whole = told(rows, "bundle", arm)
        assert whole["p"] == pytest.approx(float(str(whole["n"])) / float(str(whole["N"])))


def test_the_flow_says_who_left_because_nothing_applied_or_was_recorded() -> None:
    frame = babies()
    frame.loc[:3, list(ELEMENTS)] = "not_applicable"
    frame.loc[4:5, list(ELEMENTS)] = ["not_applicable", "unknown", "unknown"]
    rows = answered("all_or_none", frame=frame).rows
    flow = {row.variable: row.stat for row in rows if row.stat_name == "n" and not row.groups}
    before = int((babies()[list(ELEMENTS)] == "not_applicable").all(axis=1)[6:].sum())
    assert flow["outcome_excluded"] == 4 + before
    assert flow["outcome_missing"] >= 2


def test_over_periods_elements_are_counted_by_condition() -> None:
    """A stepped wedge in which every baby of a treated period is in the compared condition."""
    rng = np.random.default_rng(2)
    cells = [(unit, period) for unit in range(6) for period in range(4) for _ in range(12)]
    frame = pd.DataFrame(cells, columns=["unit", "period"])
    frame["arm"] = np.where(frame["period"] > frame["unit"] % 3, "new", "old")
    for name in ELEMENTS:
        frame[name] = rng.choice(list(CODES.values()), len(frame), p=(0.6, 0.25, 0.05, 0.1))
    study = SteppedWedge(cluster="unit", arm="arm", period="period")
    asked = question("all_or_none", "of_known")
    asked = replace(asked, estimand=asked.estimand.model_copy(update={"target": "participant_average"}))
    rows = ps.analyse(study, LinearMixed(), {"babies": frame}, asked).rows
    for arm in ("new", "old"):
        mine = frame[frame["arm"] == arm]
        found = told(rows, "caffeine", arm)
        assert found["n"] == (mine["caffeine"] == "yes").sum()
        assert found["N"] == mine["caffeine"].isin(["yes", "no"]).sum()


def test_the_order_of_elements_changes_nothing() -> None:
    asked = question("all_or_none", "of_known")
    composite = AllOrNone(elements=ELEMENTS[::-1], missing="of_known")
    turned = replace(
        asked,
        outcome=asked.outcome.model_copy(update={"composite": composite}),
        elements=asked.elements[::-1],
    )
    frame = babies()
    one, other = (code_question(frame, q, "") for q in (asked, turned))
    assert (one.y == other.y).all()
    assert (one.size == other.size).all()


def test_a_value_that_an_element_does_not_code_names_its_column() -> None:
    frame = babies()
    frame.loc[0, "caffeine"] = "perhaps"
    with pytest.raises(ps.DataError, match="caffeine"):
        answered("all_or_none", frame=frame)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"column": ""}, "has a `column`, or is a `composite`"),
        (
            {"composite": {"kind": "all_or_none", "elements": ("a", "a"), "missing": "of_known"}},
            "named twice",
        ),
        ({"composite": {"kind": "all_or_none", "elements": ("a",), "missing": "of_known"}}, "at least 2"),
        ({"composite": {"kind": "all_or_none", "elements": ("a", "b")}}, "missing"),
        (
            {
                "composite": {"kind": "all_or_none", "elements": ("a", "b"), "missing": "of_known"},
                "type": "continuous",
            },
            "of type binary",
        ),
        (
            {
                "composite": {"kind": "all_or_none", "elements": ("a", "b"), "missing": "of_known"},
                "event": ("yes",),
            },
            "its elements say what counts",
        ),
    ],
)
def test_a_composite_that_is_none_is_refused(fields: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Outcome.model_validate({"type": "binary", "direction": "higher_better", **fields})

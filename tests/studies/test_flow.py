"""The flow of clusters and individuals, counted by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from precept_stats.studies.cluster_trial import ClusterTrial

from .trials import STUDY, ask, flow, made, plain

STANDING = ("allocated", "recorded", "eligible", "analysed")


def births() -> pd.DataFrame:
    """Fifteen rows, six units; each row says what becomes of it."""
    rows = [
        # unit, arm, weeks, first, y, age
        ("A", "ESP", 28, True, "yes", 30.0),
        ("A", "ESP", 28, True, "no", 31.0),
        ("A", "ESP", 31, True, "yes", 30.0),  # not below 30 weeks
        ("B", "ESP", 27, True, "yes", 22.0),
        ("B", "ESP", 27, False, "yes", 22.0),  # not first
        ("B", "ESP", 29, True, "unknown", 35.0),  # outcome missing
        ("C", "SSP", 26, True, "no", 28.0),
        ("C", "SSP", 26, True, None, 28.0),  # outcome missing
        ("C", "SSP", 26, True, "yes", np.nan),  # covariate missing
        ("D", "SSP", 25, True, "no", 40.0),
        ("E", "SSP", 25, True, "not_applicable", 19.0),  # outcome does not apply: unit E is lost
        ("F", "pilot", 25, True, "yes", 19.0),  # another arm
        ("F", "pilot", 33, True, "yes", 19.0),  # not below 30 weeks
        ("G", "ESP", 35, True, "yes", 19.0),  # not below 30 weeks: unit G is lost
        (None, None, 36, True, "yes", 19.0),  # not below 30 weeks, and nowhere born
    ]
    return pd.DataFrame(rows, columns=["unit", "arm", "weeks", "first", "y", "age"])


OUTCOME = ask().outcome.model_copy(
    update={"event": ("yes",), "non_event": ("no",), "missing": ("unknown",), "excluded": ("not_applicable",)}
)
QUESTION = ask(OUTCOME, where=[{"column": "weeks", "below": 30}, {"column": "first", "equals": True}])
ADJUSTED = STUDY.model_copy(update={"adjust": ("age",)})


def test_every_step_is_counted_by_arm() -> None:
    prepared = made(births(), ADJUSTED, QUESTION)
    assert flow(prepared) == {
        "recorded": {"": (7, 15), "SSP": (3, 5), "ESP": (3, 7)},
        "excluded_1": {"": (1, 4), "SSP": (0, 0), "ESP": (1, 2)},
        "excluded_2": {"": (0, 1), "SSP": (0, 0), "ESP": (0, 1)},
        "other_arm": {"": (1, 1), "SSP": (0, 0), "ESP": (0, 0)},
        "eligible": {"": (5, 9), "SSP": (3, 5), "ESP": (2, 4)},
        "outcome_excluded": {"": (1, 1), "SSP": (1, 1), "ESP": (0, 0)},
        "outcome_missing": {"": (0, 2), "SSP": (0, 1), "ESP": (0, 1)},
        "covariate_missing": {"": (0, 1), "SSP": (0, 1), "ESP": (0, 0)},
        "analysed": {"": (4, 5), "SSP": (2, 2), "ESP": (2, 3)},
    }
    assert prepared.design.clusters == ("A", "B", "C", "D")
    assert prepared.design.cluster_mean.tolist() == [0.5, 1.0, 0.0, 0.0]
    assert prepared.design.dropped_clusters == ("E",)
    assert prepared.warnings == ("1 cluster is not analysed (the flow shows where they left): E",)


def test_steps_are_in_words_and_sizes_have_their_spread() -> None:
    rows = made(births(), ADJUSTED, QUESTION).flow_rows("main")
    assert {row.analysis for row in rows} == {"main"}
    words = {row.variable: row.term for row in rows}
    assert words["excluded_1"] == "Did not meet: weeks below 30"
    assert words["other_arm"] == "In another arm: pilot"
    sizes = {
        (row.variable, row.stat_name): row.stat
        for row in rows
        if row.stat_name.startswith("size_") and row.group("arm") == "ESP"
    }
    assert sizes[("analysed", "size_median")] == 1.5
    assert (sizes[("analysed", "size_min")], sizes[("analysed", "size_max")]) == (1.0, 2.0)


@pytest.mark.parametrize("where", [[], [{"column": "weeks", "below": 30}]])
def test_what_stands_less_what_leaves_is_what_stands_next(where: list[dict[str, object]]) -> None:
    frame = births().dropna(subset=["unit"])
    steps = flow(made(frame, ADJUSTED, ask(OUTCOME, where=where)))
    for arm in ("", "ESP", "SSP"):
        clusters, people = steps["recorded"][arm]
        for name, counts in steps.items():
            if name in STANDING:
                assert counts[arm] == (clusters, people)
            else:
                clusters, people = clusters - counts[arm][0], people - counts[arm][1]


def test_allocated_clusters_without_a_row_are_shown() -> None:
    allocation = pd.DataFrame(
        {"unit": ["A", "B", "C", "D", "Z", "Y"], "arm": ["ESP", "SSP", "ESP", "SSP", "ESP", None]}
    )
    frame = plain().drop(columns="arm")
    prepared = made(frame, question=ask(join=[{"table": "units", "on": "unit"}]), units=allocation)
    steps = flow(prepared)
    assert list(steps)[:3] == ["allocated", "no_rows", "recorded"]
    assert steps["allocated"] == {"": (5, 10), "SSP": (2, 3), "ESP": (3, 7)}
    assert steps["no_rows"] == {"": (1, 0), "SSP": (0, 0), "ESP": (1, 0)}
    assert prepared.design.dropped_clusters == ("Z",)


def test_incomplete_pairs_are_dropped_where_the_study_says_so() -> None:
    frame = pd.DataFrame(
        {
            "unit": list("ABCDEF"),
            "arm": ["ESP", "SSP"] * 3,
            "pair": ["p1", "p1", "p2", "p2", "p3", "p4"],
            "y": [1, 0, 0, 1, 1, 1],
        }
    )
    study = ClusterTrial(cluster="unit", arm="arm", pairs="pair", incomplete_pairs="drop")
    prepared = made(frame, study)
    assert flow(prepared)["incomplete_pair"] == {"": (2, 2), "SSP": (1, 1), "ESP": (1, 1)}
    assert prepared.design.clusters == ("A", "B", "C", "D")
    assert prepared.design.pair is not None
    assert prepared.design.pair.tolist() == [0, 0, 1, 1]
    assert prepared.design.dropped_clusters == ("E", "F")


def test_a_cluster_lost_to_missing_outcomes_leaves_its_partner_without_a_pair() -> None:
    frame = pd.DataFrame(
        {
            "unit": list("ABCDEF"),
            "arm": ["ESP", "SSP"] * 3,
            "pair": [1, 1, 2, 2, 3, 3],
            "y": [1, 0, 0, 1, 1, None],
        }
    )
    study = ClusterTrial(cluster="unit", arm="arm", pairs="pair", incomplete_pairs="drop")
    prepared = made(frame, study)
    assert flow(prepared)["outcome_missing"][""] == (1, 1)
    assert flow(prepared)["incomplete_pair"][""] == (1, 1)
    assert prepared.design.dropped_clusters == ("E", "F")


def test_grouped_rows_count_the_people_they_stand_for() -> None:
    grouped = plain().groupby(["unit", "arm"], as_index=False).agg(y=("y", "sum"), n=("y", "size"))
    outcome = ask().outcome.model_copy(update={"denominator": "n"})
    one, many = made(grouped, question=ask(outcome)), made(plain())
    assert flow(one) == flow(many)
    np.testing.assert_array_equal(one.design.cluster_mean, many.design.cluster_mean)
    np.testing.assert_array_equal(one.design.cluster_size, many.design.cluster_size)
    np.testing.assert_array_equal(one.design.arm, many.design.arm)

"""Leaving clusters out: held to the same analysis of the data without them, done by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import precept_stats as ps
from precept_stats.errors import PreceptError

EACH = ps.How(level=0.9, influence="leave_one_cluster_out")


def pupils(clusters: int = 9, seed: int = 2) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    unit = np.repeat(np.arange(clusters), rng.integers(8, 15, clusters))
    age = rng.normal(10, 1, len(unit))
    line = 0.5 * (unit % 2) + rng.normal(0, 0.4, clusters)[unit] + 0.2 * age
    return pd.DataFrame(
        {
            "school": [f"S{k}" for k in unit],
            "arm": np.where(unit % 2, "new", "old"),
            "band": np.where(unit < clusters // 2, "low", "high"),
            "age": age,
            "score": line + rng.normal(0, 1, len(unit)),
            "passed": (line + rng.normal(0, 1, len(unit)) > 2.2).astype(int),
        }
    )


def question(binary: bool = False) -> ps.Question:
    outcome = ps.Outcome(
        column="passed" if binary else "score",
        type="binary" if binary else "continuous",
        direction="higher_better",
    )
    estimand = ps.Estimand(
        population="all",
        outcome="y",
        compare="new",
        reference="old",
        summary="risk_difference" if binary else "mean_difference",
        effect="marginal",
        target="participant_average",
        intercurrent_events=(),
    )
    return ps.Question("main", estimand, ps.Population(of="pupils"), outcome)


PLAIN = ps.ClusterTrial(cluster="school", arm="arm")
ADJUSTED = ps.ClusterTrial(cluster="school", arm="arm", strata=("band",), adjust=("age",))
CASES = {
    "summaries": (PLAIN, ps.ClusterSummaries(), False),
    "adjusted summaries": (ADJUSTED, ps.ClusterSummaries(), True),
    "regression": (ADJUSTED, ps.ClusterRegression(), False),
    "linear mixed": (ADJUSTED, ps.LinearMixed(), False),
    "logistic mixed": (PLAIN, ps.GeneralisedLinearMixed(), True),
}


def influence(result: ps.Result) -> dict[str, dict[str, ps.Row]]:
    found: dict[str, dict[str, ps.Row]] = {}
    for row in result.rows:
        if row.context == "influence":
            found.setdefault(row.group("left_out"), {})[row.stat_name] = row
    return found


@pytest.mark.parametrize("name", CASES)
def test_numbers_are_those_of_the_data_without_the_cluster(name: str) -> None:
    study, method, binary = CASES[name]
    frame, asked = pupils(), question(binary)
    found = influence(ps.analyse(study, method, frame, asked, EACH))
    assert list(found) == sorted(frame["school"].unique())
    for cluster, rows in found.items():
        left = frame[frame["school"] != cluster]
        hand = ps.analyse(study, method, left, asked, replace(EACH, influence="none"))
        answer = hand.estimate
        expected = {
            "estimate": answer.value,
            "std_error": answer.std_error,
            "conf_low": answer.interval.lower,
            "conf_high": answer.interval.upper,
        }
        assert {stat: row.stat for stat, row in rows.items()} == pytest.approx(expected, rel=1e-7, abs=1e-9)
        assert {row.status for row in rows.values()} == {hand.status}
        assert {(row.measure, row.term) for row in rows.values()} == {(answer.measure, answer.contrast)}
        assert not influence(hand)


def test_a_refit_that_fails_is_a_row_with_the_reason_and_stops_nothing() -> None:
    frame = pupils(5)
    found = influence(ps.analyse(PLAIN, ps.ClusterSummaries(), frame, question(), EACH))
    failed = {cluster for cluster, rows in found.items() if rows["estimate"].status == "failed"}
    hand = set()
    for cluster in found:
        try:
            ps.analyse(PLAIN, ps.ClusterSummaries(), frame[frame["school"] != cluster], question())
        except PreceptError:
            hand.add(cluster)
    assert failed == hand == {"S1", "S3"}
    for cluster in failed:
        row = found[cluster]["estimate"]
        assert list(found[cluster]) == ["estimate"]
        assert row.stat is None
        assert "one analysed cluster" in row.error


def test_the_answer_itself_does_not_change() -> None:
    plain = ps.analyse(PLAIN, ps.ClusterSummaries(), pupils(), question(), ps.How(level=0.9))
    looked = ps.analyse(PLAIN, ps.ClusterSummaries(), pupils(), question(), EACH)
    assert looked.estimates == plain.estimates
    assert tuple(row for row in looked.rows if row.context != "influence") == plain.rows

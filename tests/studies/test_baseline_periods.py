"""Parallel trials with their baseline outcomes: two periods, one mean of both arms in the first."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from precept_stats.errors import DataError
from precept_stats.studies.baseline_tables import prepare_with_baseline
from precept_stats.studies.cluster_trial import Periods, Window
from precept_stats.studies.cluster_trial_with_baseline import ClusterTrialWithBaseline
from precept_stats.studies.prepare import describe
from precept_stats.studies.prepared_periods import PreparedPeriods

from .wedges import Given, ask_wedge

WAVES = ClusterTrialWithBaseline(
    cluster="site", arm="arm", period="wave", baseline=("before",), follow_up=("after", "later")
)
ARMS = {"A": "treated", "B": "control", "C": "treated", "D": "control"}


def waves(people: int = 2) -> pd.DataFrame:
    rows = [
        (site, arm, wave, 10.0 * k + 3 * number + person, person)
        for k, (site, arm) in enumerate(ARMS.items())
        for number, wave in enumerate(("before", "after", "later", "pilot"))
        for person in range(people)
    ]
    return pd.DataFrame(rows, columns=["site", "arm", "wave", "y", "person"])


def ready(frame: pd.DataFrame, study: ClusterTrialWithBaseline = WAVES) -> PreparedPeriods:
    return prepare_with_baseline(study, {"rows": Given("rows", frame)}, ask_wedge())


def test_two_periods_and_no_effect_at_baseline() -> None:
    design = ready(waves()).design
    assert design.periods == ("baseline", "follow-up")
    assert design.treated.tolist() == [[0, 1], [0, 0], [0, 1], [0, 0]]
    assert design.exposure.tolist() == design.treated.tolist()
    assert design.sequence.tolist() == [0, 1, 0, 1]
    assert np.bincount(design.row_period).tolist() == [8, 16]
    assert design.participant is None


def test_rows_of_other_periods_are_counted_as_they_leave() -> None:
    flow = {row.variable: row.stat for row in ready(waves()).flow if row.stat_name == "n" and not row.groups}
    assert flow == {
        "recorded": 32,
        "eligible": 32,
        "outside_windows": 8,
        "outcome_missing": 0,
        "analysed": 24,
    }


def test_windows_of_months_are_those_of_a_cluster_trial() -> None:
    months = [f"2020-{month:02d}" for month in range(1, 13)]
    rows = [
        (site, arm, month, "2020-05", n + k)
        for k, (site, arm) in enumerate(ARMS.items())
        for n, month in enumerate(months)
    ]
    frame = pd.DataFrame(rows, columns=["site", "arm", "month", "start", "y"])
    periods = Periods(
        month="month",
        start="start",
        baseline=Window.model_validate({"from": -2, "to": -1}),
        follow_up=Window.model_validate({"from": 3, "to": 5}),
    )
    study = ClusterTrialWithBaseline(cluster="site", arm="arm", periods=periods)
    assert np.bincount(ready(frame, study).design.row_period).tolist() == [8, 12]


def test_a_cluster_with_one_period_stays_and_is_said() -> None:
    frame = waves()
    frame.loc[(frame["site"] == "A") & (frame["wave"] == "before"), "y"] = np.nan
    prepared = ready(frame)
    assert prepared.design.clusters == ("A", "B", "C", "D")
    assert any("no baseline outcome for clusters A" in warning for warning in prepared.warnings)


def test_an_arm_needs_two_clusters_at_follow_up() -> None:
    frame = waves()
    frame.loc[(frame["site"] == "A") & (frame["wave"] != "before"), "y"] = np.nan
    with pytest.raises(DataError, match="arm 'treated' has one analysed cluster"):
        ready(frame)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"baseline": ("befor",)}, "a period that no eligible row is in"),
        ({"follow_up": ("afterwards",)}, "a period that no eligible row is in"),
    ],
)
def test_periods_that_the_data_do_not_have(change: dict[str, Any], problem: str) -> None:
    with pytest.raises(DataError, match=problem) as caught:
        ready(waves(), WAVES.model_copy(update=change))
    assert "did you mean" in caught.value.found


def test_a_trial_without_baseline_rows_is_another_study() -> None:
    frame = waves()
    frame.loc[frame["wave"] == "before", "y"] = np.nan
    with pytest.raises(DataError, match="a period has no analysed row"):
        ready(frame)


def test_table_one_is_of_follow_up_and_of_a_cohort_at_first_sight() -> None:
    frame = waves(people=3)
    cohort = WAVES.model_copy(update={"participant": "person", "characteristics": ("y",)})
    sections = WAVES.model_copy(update={"characteristics": ("y",)})
    shown = {}
    for name, study in (("cohort", cohort), ("sections", sections)):
        rows = describe(ready(frame, study), "a")
        shown[name] = {
            (row.group("arm"), row.stat_name): row.stat
            for row in rows
            if row.context == "baseline" and row.variable == "y" and row.stat_name in ("N", "mean")
        }
    assert shown["cohort"]["treated", "N"] == 6
    assert shown["cohort"]["treated", "mean"] == pytest.approx(np.mean([1.0, 21.0]))
    assert shown["sections"]["control", "N"] == 12


def test_row_order_and_names_change_nothing() -> None:
    frame = waves(3)
    again = frame.sample(frac=1, random_state=1).assign(site=lambda rows: "Site " + rows["site"])
    one, other = ready(frame).design, ready(again).design
    for field in ("row_cluster", "row_period", "y", "treated", "sequence"):
        np.testing.assert_array_equal(getattr(one, field), getattr(other, field))


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"period": "wave"},
        {"period": "wave", "baseline": (0,), "follow_up": (0, 1)},
        {"period": "wave", "baseline": (0,), "follow_up": (1,), "adjust": ("baseline_outcome",)},
        {"period": "wave", "baseline": (0,), "follow_up": (1,), "adjust": ("wave",)},
    ],
)
def test_studies_that_contradict_themselves(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ClusterTrialWithBaseline.model_validate({"cluster": "site", "arm": "arm", **given})

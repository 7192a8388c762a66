"""Plans over time: rules, explanation, the ladder of models on data whose truth is known, and its report."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from precept_stats.cli import app
from precept_stats.data.shipped import shipped
from precept_stats.data.strict_yaml import load_strict
from precept_stats.data.synthetic import NPP_SEED, ProgrammeScenario, npp_tables, programme_tables
from precept_stats.data.synthetic_months import month_number
from precept_stats.data.synthetic_programme import programme_effect
from precept_stats.plan.explain import WIDTH, explain
from precept_stats.plan.reader import read_plan
from precept_stats.report.blocks import Figure, Prose, Report, Table
from precept_stats.report.disclosure import gate
from precept_stats.report.figure_data import ForestData
from precept_stats.report.series_figure_data import SeriesData, StartsData
from precept_stats.report.story import story
from precept_stats.runner import run
from precept_stats.values import Result, Results, Row

from .plans import Document, findings_of, good

LADDER = shipped("analysis_plans") / "npp_before_after.yaml"
DATA = shipped("analysis_plans") / "data" / "npp"
CUMULATIVE = {"kind": "cumulative", "interruption": "programme", "from": 0, "to": 3}
PULSE = {"effects": [{"kind": "step"}], "transition": {"kind": "excluded", "before": 0, "after": 2}}


def ladder() -> Document:
    value = load_strict(LADDER.read_text(encoding="utf-8"), LADDER.name).value
    assert isinstance(value, dict)
    return deepcopy(value)


@cache
def results() -> Results:
    return run(LADDER)


@cache
def report() -> Report:
    return story(read_plan(LADDER), results())


def first(document: Document) -> Document:
    found: Document = document["analyses"]["model_1"]
    return found


def _level_in_transition(plan: Document) -> None:
    plan["estimands"]["change"]["change"] = {"kind": "level_change", "interruption": "programme"}
    first(plan)["study"]["interruptions"]["programme"] |= PULSE


def _window_in_transition(plan: Document) -> None:
    change = {"kind": "over_window", "interruption": "programme", "from": 1, "to": 3}
    plan["estimands"]["change"]["change"] = change
    first(plan)["study"]["interruptions"]["programme"] |= PULSE


def _window_left_out(plan: Document) -> None:
    plan["estimands"]["change"]["change"] = {"kind": "at_time", "interruption": "programme", "time": 2}
    first(plan)["study"]["exclude"] = {"from": -3, "to": 2}


def _continuous(plan: Document) -> None:
    plan["estimands"]["change"] |= {"change": CUMULATIVE, "summary": "mean_difference"}
    plan["outcomes"]["uptake"] = {"column": "numerator", "type": "continuous", "direction": "higher_better"}


def _values_summed(plan: Document) -> None:
    plan["outcomes"]["uptake"] = {"column": "numerator", "type": "continuous", "direction": "higher_better"}
    named = ("time", "interruptions", "coding", "seasonality")
    study = {name: first(plan)["study"][name] for name in named}
    kind = {"kind": "interrupted_series", "series": "unit", "several_rows": "sum"}
    plan["analyses"] = {"model_1": first(plan) | {"study": study | kind}}


def _trial_in_it(plan: Document) -> None:
    trial = good()
    plan["analyses"]["trial"] = trial["analyses"]["primary"] | {"purpose": "exploratory", "on_failure": []}
    plan["estimands"]["effect"] = trial["estimands"]["effect"]


def _real(plan: Document) -> None:
    plan["data"]["units"]["source"] = "A publisher"


FAULTS: list[tuple[str, Callable[[Document], Any], str]] = [
    ("PL-0231", _trial_in_it, "/analyses/trial/study"),
    ("PL-0231", lambda plan: plan.update(design="parallel_cluster_trial"), "/analyses/model_1/study"),
    ("PL-0232", lambda plan: plan["estimands"]["change"].pop("change"), "/estimands/change"),
    (
        "PL-0233",
        lambda plan: plan["estimands"]["change"].update(change=CUMULATIVE | {"interruption": "covid"}),
        "/estimands/change/change/interruption",
    ),
    ("PL-0233", _continuous, "/estimands/change/change"),
    ("PL-0234", _level_in_transition, "/estimands/change/change"),
    ("PL-0234", _window_in_transition, "/estimands/change/change"),
    ("PL-0234", _window_left_out, "/estimands/change/change"),
    ("PL-0235", lambda plan: None, "/analyses/model_5/study"),
    (
        "PL-0236",
        lambda plan: first(plan)["study"]["seasonality"].update(reason="none"),
        "/analyses/model_1/study/seasonality/reason",
    ),
    ("PL-0237", _real, "/analyses/model_1/known_truth"),
    ("PL-0238", _values_summed, "/analyses/model_1/study/several_rows"),
    ("PL-0143", lambda plan: None, "/analyses/model_1/method"),
    ("PL-0142", lambda plan: first(plan)["study"].pop("before"), ""),
    ("PL-0174", lambda plan: first(plan)["study"].update(unit="ward"), ""),
]


@pytest.mark.parametrize(
    ("rule", "fault", "pointer"), FAULTS, ids=[f"{one[0]}-{n}" for n, one in enumerate(FAULTS)]
)
def test_faults_of_a_plan_over_time(rule: str, fault: Callable[[Document], Any], pointer: str) -> None:
    document = ladder()
    fault(document)
    found = [finding for finding in findings_of(document) if finding.id == rule or not pointer]
    assert found
    assert not pointer or pointer in [finding.pointer for finding in found]


def test_a_trial_has_no_change_over_time() -> None:
    document = good()
    document["estimands"]["effect"]["change"] = {"kind": "before_after"}
    assert "PL-0232" in {finding.id for finding in findings_of(document)}


@pytest.mark.parametrize(
    ("place", "field"),
    [
        ("study", "interruptions"),
        ("study", "coding"),
        ("study", "seasonality"),
        ("study", "time"),
        ("study/interruptions/programme", "transition"),
        ("study/interruptions/programme", "effects"),
        ("method", "autocorrelation"),
    ],
)
def test_lint_refuses_silence(place: str, field: str) -> None:
    document = ladder()
    inside = first(document)
    for step in place.split("/"):
        inside = inside[step]
    inside.pop(field)
    found = {(finding.id, finding.pointer) for finding in findings_of(document)}
    assert ("PL-0004", f"/analyses/model_1/{place}/{field}") in found


def test_the_ladder_is_explained_rung_by_rung() -> None:
    text = explain(read_plan(LADDER))
    assert max(map(len, text.splitlines())) <= WIDTH
    for said in (
        "Time coding",
        "Seasons",
        "transition",
        "autocorrelation = within_clusters",
        "model 4 codes",
    ):
        assert said in " ".join(text.split())
    assert "study/exclude" in explain(read_plan(LADDER), "model_6")


def test_the_shipped_programme_is_what_its_seed_gives() -> None:
    for name, frame in npp_tables(ProgrammeScenario(), NPP_SEED).items():
        text = io.StringIO()
        frame.to_csv(text, index=False, lineterminator="\n")
        assert (DATA / f"{name}.csv").read_text(encoding="utf-8") == text.getvalue()


def test_what_is_added_to_the_programme_changes_nothing_in_it() -> None:
    plain, more = programme_tables(ProgrammeScenario(), 3), npp_tables(ProgrammeScenario(), 3)
    assert more["unit_months"].equals(plain["unit_months"])
    assert more["units"][plain["units"].columns].equals(plain["units"])
    units = more["units"]
    trial = units[units["in_trial"] == "yes"]
    assert len(trial) == 13
    assert (trial["baseline_uptake"] <= 0.70).all()
    assert units.groupby("delayed")["region"].nunique()["yes"] == 1
    starts = units["start_month"].map(month_number)
    late = units["delayed"] == "yes"
    assert starts[late].mean() >= starts.groupby(units["region"]).mean().max()


@pytest.mark.parametrize(
    ("analysis", "window"), [("model_1", (0, 11)), ("model_6", (3, 11)), ("model_8", (3, 11))]
)
def test_the_known_truth_is_that_of_the_generator(analysis: str, window: tuple[int, int]) -> None:
    scenario = ProgrammeScenario()
    start = int(scenario.start_numbers[0])
    months = start + np.arange(window[0], window[1] + 1)
    truth = programme_effect(scenario, months, np.array([start])).mean()
    declared = read_plan(LADDER).plan.analyses[analysis].known_truth
    assert declared is not None
    assert declared.value == pytest.approx(truth, rel=1e-12)


def unadjusted() -> tuple[float, float]:
    """Model 1 and model 2 by hand, from the file."""
    units = {row["unit"]: row for row in csv.DictReader((DATA / "units.csv").open(encoding="utf-8"))}
    frame = pd.read_csv(DATA / "unit_months.csv")
    since = frame["month"].map(month_number) - frame["unit"].map(
        lambda u: month_number(units[u]["start_month"])
    )
    kept = frame["unit"].map(lambda u: units[u]["in_trial"] == "no") & (since >= -12) & (since <= 11)
    frame, after = frame[kept], since[kept] >= 0
    share = frame["numerator"] / frame["denominator"]
    sums = frame.groupby(after)[["numerator", "denominator"]].sum()
    weighted = sums["numerator"] / sums["denominator"]
    return float(share[after].mean() - share[~after].mean()), float(weighted[True] - weighted[False])


def estimate_of(name: str) -> float:
    entry = results()[name]
    assert isinstance(entry, Result)
    return entry.estimate.value


def test_the_ladder_carries_the_trend_until_it_is_modelled() -> None:
    crude, weighted = unadjusted()
    assert estimate_of("model_1") == pytest.approx(crude, rel=1e-12)
    assert estimate_of("model_2") == pytest.approx(weighted, rel=1e-12)
    assert estimate_of("model_3") == estimate_of("model_2")
    entries = {entry.analysis: entry for entry in results()}
    for name in ("model_1", "model_2", "model_3"):
        found = entries[name]
        assert isinstance(found, Result)
        assert found.estimate.interval.lower > 0.0387
    assert abs(estimate_of("model_5") - estimate_of("model_4")) < 0.01


def test_what_few_clusters_deserve_stands_beside_every_rung() -> None:
    for entry in results():
        kinds = {row.group("inference") for row in entry.rows if row.context == "inference_beside"}
        assert kinds == {"cr2", "wild_bootstrap"}
        dfs = [row.stat for row in entry.rows if row.context == "inference_beside" and row.stat_name == "df"]
        assert all(isinstance(df, float) and df < 14 for df in dfs)


def test_the_report_shows_points_starts_and_the_ladder_beside_its_truth() -> None:
    whole = report()
    shown = whole.figure("series").data
    assert isinstance(shown, SeriesData)
    (panel,) = shown.panels
    assert {point.used for point in panel.points} == {True, False}
    assert panel.fitted
    assert panel.counterfactual[0].lower
    assert min(panel.counterfactual[0].at) == 0
    assert isinstance(whole.figure("starts").data, StartsData)
    multiples = whole.figure("series-multiples").data
    assert isinstance(multiples, SeriesData)
    assert len(multiples.panels) == 15
    forest = whole.figure("forest").data
    assert isinstance(forest, ForestData)
    truths = [line.truth for line in forest.panels[0].lines]
    assert truths == pytest.approx([3.8667] * 5 + [4.7259] * 3, abs=1e-4)
    table = whole.table("results")
    assert [column.label for column in table.columns][-2] == "Truth (synthetic)"
    assert all(block.tag for block in whole.blocks if isinstance(block, Table | Figure))
    said = " ".join(block.text for block in whole.blocks if isinstance(block, Prose))
    assert (
        "The truth of these synthetic data is 3.9 percentage points: the interval does not hold it." in said
    )
    assert "no concurrent comparison" in said


def test_figures_are_drawn_the_same_twice_and_wide_and_narrow() -> None:
    from precept_stats.report.figures import draw

    for name in ("series", "series-multiples", "starts", "forest"):
        figure = report().figure(name)
        wide, narrow = draw(figure.data, tag=figure.tag), draw(figure.data, narrow=True, tag=figure.tag)
        assert wide == draw(figure.data, tag=figure.tag)
        assert "SYNTHETIC DATA" in wide
        assert wide != narrow


def point(n: float, total: float, value: float) -> tuple[Row, ...]:
    groups = (("series", "all"), ("clock", "calendar"), ("period", "2018-01"))
    stats = (("n", n, "events"), ("N", total, "individuals"), ("value", value, "proportion"))
    return tuple(
        Row("a", "series", name, stat, unit=unit, groups=groups, variable="y") for name, stat, unit in stats
    )


@pytest.mark.parametrize(
    ("n", "total", "left"),
    [
        (212, 288, (210, 290, 210 / 290)),
        (0, 43, (0, 45, 0.0)),
        (43, 43, (45, 45, 1.0)),
        (3, 43, (None, 45, None)),
        (5, 6, (None, None, None)),
        (52, 53, (50, 55, 50 / 55)),
    ],
)
def test_points_are_made_from_rounded_counts(n: float, total: float, left: tuple[float | None, ...]) -> None:
    gated = gate(point(n, total, n / total), "nhs_counts_v1")
    assert tuple(row.stat for row in gated) == left
    assert gate(gated, "nhs_counts_v1") == gated


def test_no_single_unit_and_no_exact_count_is_in_the_report() -> None:
    rows = gate(results().rows, "nhs_counts_v1")
    counts = [row.stat for row in rows if row.context == "series" and row.stat_name in ("n", "N")]
    assert all(stat is None or float(stat) % 5 == 0 for stat in counts)
    assert not [row for row in rows if row.context == "series" and re.match(r"Unit ", row.group("series"))]


def test_the_command_line_checks_explains_and_runs_it(tmp_path: Path) -> None:
    runner = CliRunner()
    assert runner.invoke(app, ["check", str(LADDER)]).exit_code == 0
    told = runner.invoke(app, ["explain", str(LADDER), "model_4"])
    assert "time from start" in told.output
    small = ladder()
    small["analyses"] = {"model_1": first(small) | {"purpose": "primary"}}
    small["estimands"] = {"change": small["estimands"]["change"]}
    small["populations"] = {"programme": small["populations"]["programme"]}
    small["multiplicity"]["family"] = ["model_1"]
    for source in small["data"].values():
        source["file"] = Path(source["file"]).name
        (tmp_path / source["file"]).write_text((DATA / source["file"]).read_text(encoding="utf-8"))
    (tmp_path / "plan.yaml").write_text(json.dumps(small), encoding="utf-8")
    done = runner.invoke(app, ["run", str(tmp_path / "plan.yaml"), "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    page = next((tmp_path / "out").glob("*.html")).read_text(encoding="utf-8")
    assert "Time coding" in page
    assert "Outside the windows before and after" in page

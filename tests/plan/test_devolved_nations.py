"""The synthetic nations: what is true of them, that the controlled model holds it, what the report shows."""

from __future__ import annotations

import io
from functools import cache

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

import precept_stats as ps
from precept_stats.data.shipped import shipped
from precept_stats.data.synthetic import NATIONS_SEED, NationsScenario, nations_tables, nations_truth
from precept_stats.data.synthetic_months import month_number
from precept_stats.data.synthetic_nations import NATIONS
from precept_stats.methods.series_columns import terms
from precept_stats.plan.document import Analysis
from precept_stats.plan.reader import read_plan
from precept_stats.report.blocks import Prose
from precept_stats.report.diagnostic_figure_data import ResidualsData
from precept_stats.report.series_figure_data import SeriesData
from precept_stats.studies.changes import AtTime
from tests.studies.series import prepared, question

PLAN = shipped("analysis_plans") / "devolved_nations.yaml"
DATA = shipped("analysis_plans") / "data" / "devolved" / "nation_months.csv"
TRUTH = nations_truth(NationsScenario())


@cache
def results() -> ps.Results:
    return ps.run(read_plan(PLAN))


def analysis(name: str) -> Analysis:
    return read_plan(PLAN).plan.analyses[name]


def programme() -> np.ndarray:
    """England's true rise due to the programme, by month."""
    return np.array(dict(TRUTH.uptake)["England"]) - np.array(TRUTH.without_programme)


def test_the_shipped_nations_are_what_their_seed_gives() -> None:
    text = io.StringIO()
    nations_tables(NationsScenario(), NATIONS_SEED)["nation_months"].to_csv(
        text, index=False, lineterminator="\n"
    )
    assert DATA.read_text(encoding="utf-8") == text.getvalue()


def test_means_of_matched_years_are_as_published_or_declared() -> None:
    scenario, years = NationsScenario(), np.array([int(month[:4]) for month in TRUTH.months])
    for name, course in TRUTH.uptake:
        values = np.array(course)
        assert values[years == 2017].mean() == pytest.approx(scenario.uptake_2017[name], rel=1e-12)
        assert values[years == 2022].mean() == pytest.approx(scenario.uptake_2022[name], rel=1e-12)


def test_draws_have_the_course_for_their_mean() -> None:
    """In 200 draws, month by month to five standard errors, and over all months."""
    drawn = [nations_tables(NationsScenario(), seed)["nation_months"] for seed in range(200)]
    whole = pd.concat(drawn, ignore_index=True)
    share = whole["numerator"] / whole["denominator"]
    found = share.groupby([whole["nation"], whole["month"]]).mean()
    for name in NATIONS:
        gap = found[name].to_numpy() - np.array(dict(TRUTH.uptake)[name])
        noise = share[whole["nation"] == name].groupby(whole["month"]).std().mean() / np.sqrt(200)
        assert abs(gap.mean()) < 5.0 * noise / np.sqrt(108 / 2)
        assert np.abs(gap).max() < 5.0 * noise


def test_the_controlled_model_holds_the_truth_without_noise() -> None:
    """Least squares on the course itself: effect, slope and level of the plan's own terms, to rounding."""
    study = analysis("controlled").study
    parts = [
        pd.DataFrame({"nation": name, "month": TRUTH.months, "y": course, "denominator": 1})
        for name, course in TRUTH.uptake
    ]
    about = question(
        outcome={"column": "y", "type": "continuous", "direction": "higher_better"},
        summary="mean_difference",
        change={"kind": "at_time", "interruption": "programme", "time": TRUTH.complete},
    )
    design = prepared(pd.concat(parts, ignore_index=True), study, about).design  # type: ignore[arg-type]
    method = ps.SegmentedRegression.model_validate({"autocorrelation": {"kind": "independent"}})
    found = terms(design, "unit")
    params = np.linalg.lstsq(found.X, design.y, rcond=None)[0]
    assert method.targets(design)[0].value(params) == pytest.approx(TRUTH.effect, abs=1e-10)
    told = dict(zip(found.names, params, strict=True))
    assert told["treated:ramp[programme]"] == pytest.approx(TRUTH.slope_change, abs=1e-11)
    assert told["treated:step[programme]"] == pytest.approx(0.0, abs=1e-10)


@pytest.mark.parametrize("name", list(read_plan(PLAN).plan.analyses))
def test_the_declared_truths_are_those_of_the_generator(name: str) -> None:
    declared, frame = analysis(name).known_truth, pd.read_csv(DATA)
    england = frame[frame["nation"] == "England"]
    since = np.array([month_number(month) for month in england["month"]]) - month_number("2018-05")
    window, mothers = (since >= 0) & (since <= TRUTH.complete), england["denominator"].to_numpy()
    further = float((mothers * programme())[window].sum())
    truths = {
        "slope": TRUTH.slope_change,
        "placebo": TRUTH.slope_change,
        "level": 0.0,
        "mothers": further,
        "on_average": further / mothers[window].sum(),
    }
    assert declared is not None
    assert declared.value == pytest.approx(truths.get(name, TRUTH.effect), rel=1e-12)


def test_every_interval_of_the_shipped_plan_is_of_its_question() -> None:
    """The truth lies in the interval of the primary analysis; the pandemic has changes of its own."""
    found = results()["controlled"]
    assert isinstance(found, ps.Result)
    assert found.estimate.interval.lower < TRUTH.effect < found.estimate.interval.upper
    changed = {row.term for row in found.rows if row.context == "change"}
    assert {"Programme in England, beyond controls", "Pandemic, beyond controls"} <= changed
    assert results().provenance.synthetic


def test_the_report_shows_the_treated_series_by_itself_and_beside_its_controls() -> None:
    whole = ps.story(read_plan(PLAN), results())
    shown, small = whole.figure("series").data, whole.figure("series-multiples")
    assert isinstance(shown, SeriesData)
    assert isinstance(small.data, SeriesData)
    (panel,) = shown.panels
    assert panel.title == "England"
    assert [mark.label for mark in panel.marks] == ["Programme in England", "Pandemic"]
    assert panel.counterfactual[0].lower
    titles = [one.title for one in small.data.panels]
    assert titles == ["England", "Scotland (control)", "Wales (control)"]
    assert "Programme in England (2018-05), Pandemic (2020-04)" in small.caption
    frame = pd.read_csv(DATA)
    largest = frame["denominator"].max()
    for one, (_, of_nation) in zip(small.data.panels, frame.groupby("nation"), strict=True):
        assert max(p.share for p in one.points) == pytest.approx(of_nation["denominator"].max() / largest)
        assert bool(one.counterfactual) == (one.title == "England")


def test_what_several_analyses_share_is_told_once() -> None:
    """Six analyses ask one fit different questions: its changes and tests stand once, under all six names."""
    whole = ps.story(read_plan(PLAN), results())
    for name in ("changes", "residual-tests"):
        heads = [row.cells[0] for row in whole.table(name).rows if row.kind == "group"]
        assert heads[0].startswith("Against Scotland and Wales; Change of slope")
        assert heads[0].count(";") == 5
        assert len(heads) == 9
    residuals = whole.figure("residuals").data
    assert isinstance(residuals, ResidualsData)
    assert len(residuals.partial) == len(residuals.autocorrelations) == 18


def test_the_summary_compares_what_is_asked_of_the_same_months() -> None:
    """Those that ask for March 2020; the mean since the start and changes of slope are other quantities."""
    whole = ps.story(read_plan(PLAN), results())
    said = " ".join(block.text for block in whole.blocks if isinstance(block, Prose))
    asked = [name for name in read_plan(PLAN).plan.analyses if _at_march(name)]
    values = [100 * entry.estimate.value for entry in results() if entry.analysis in asked]  # type: ignore[union-attr]
    assert f"Over {len(asked)} analyses of this measure the estimate ran from {min(values):.1f}" in said


def _at_march(name: str) -> bool:
    plan = read_plan(PLAN).plan
    change = plan.estimands[plan.analyses[name].estimand].change
    return isinstance(change, AtTime)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"start_month": "2017-05"}, "after 2017"),
        ({"covid_month": "2018-01"}, "in this order"),
        ({"last_month": "2021-12"}, "2017 and 2022"),
        ({"uptake_2022": {"England": 0.855, "Scotland": 0.83}}, "must name"),
        ({"uptake_2022": {"England": 0.855, "Scotland": 0.99, "Wales": 0.85}}, "would reach"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(changed: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        NationsScenario.model_validate(changed)

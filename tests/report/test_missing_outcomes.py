"""The section on missing outcomes, from a plan on synthetic data: counts, assumptions, costs, grids."""

import shutil
from pathlib import Path

import pandas as pd
import pytest

from precept_stats.plan.reader import read_plan
from precept_stats.report.blocks import Figure, Heading, Prose, Report, Terms
from precept_stats.report.disclosure import gate
from precept_stats.report.figure_data import TippingData
from precept_stats.report.figures import draw
from precept_stats.report.story import story
from precept_stats.runner import run
from precept_stats.values import Results, Row
from tests.pages import ROOT

DATA = ROOT / "tests" / "methods" / "synthetic_missing" / "people.csv"
SCHEMA = """\
$schema: https://datapackage.org/profiles/2.0/tableschema.json
name: people
title: Synthetic people with outcomes deleted by a rule
fieldsMatch: equal
missingValues: ["", "NA"]
fields:
  - {name: unit, type: string}
  - {name: arm, type: string}
  - {name: age, type: number}
  - {name: y, type: number, constraints: {minimum: 0}}
  - {name: event, type: integer, constraints: {enum: [0, 1]}}
"""
PLAN = """\
precept_plan: "1"
id: missing
version: 1.0.0
title: Synthetic outcomes that are missing
design: parallel_cluster_trial
prespecification: {data_state: no_data_yet, statement: "Made for tests."}
data:
  people: {schema: people, file: people.csv, source: "synthetic"}
populations:
  everyone: {of: people}
outcomes:
  event: {column: event, label: Event, type: binary, direction: higher_better}
estimands:
  difference: {population: everyone, outcome: event, compare: new, reference: usual,
               summary: risk_difference, effect: marginal, target: participant_average,
               intercurrent_events: []}
analyses:
  primary:
    label: Complete cases
    purpose: primary
    reason: specified_in_sap
    estimand: difference
    study: {kind: cluster_trial, cluster: unit, arm: arm}
    method: {kind: gee}
    on_failure: [{if: not_estimable, use: imputed}]
  imputed: {based_on: primary, label: Imputed, purpose: sensitivity, study: {auxiliary: [age]},
            missing_outcomes: {kind: multiple_imputation, imputations: 10}}
  weighted: {based_on: imputed, label: Weighted, missing_outcomes: {kind: inverse_probability}}
  cut: {based_on: weighted, label: Cut, missing_outcomes: {kind: inverse_probability,
        truncation: {kind: percentile, at: 90}}}
  robust: {based_on: imputed, label: Doubly robust, missing_outcomes: {kind: doubly_robust}}
  shifted: {based_on: imputed, label: Shifted,
            missing_outcomes: {kind: tipping_point, imputations: 10, deltas: [-3, -1.5, 0, 1.5, 3]}}
multiplicity: {family: [primary], procedure: none, level: 0.95}
disclosure: {policy: POLICY}
seed: 5
"""


def reported(
    folder: Path, policy: str, text: str = PLAN, people: pd.DataFrame | None = None
) -> tuple[Report, Results]:
    (folder / "data_schemas").mkdir()
    (folder / "data_schemas" / "people.yaml").write_text(SCHEMA, encoding="utf-8")
    shutil.copy(DATA, folder / "people.csv")
    if people is not None:
        people.to_csv(folder / "people.csv", index=False)
    path = folder / "plan.yaml"
    path.write_text(text.replace("POLICY", policy), encoding="utf-8")
    loaded = read_plan(path)
    results = run(loaded)
    assert not results.failed
    return story(loaded, results), results


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Report, Results]:
    return reported(tmp_path_factory.mktemp("missing"), "none")


def test_counts_come_before_what_was_done_about_them(made: tuple[Report, Results]) -> None:
    blocks = made[0].blocks
    at = next(
        n for n, one in enumerate(blocks) if isinstance(one, Heading) and one.text == "Missing outcomes"
    )
    counted, assumed = blocks[at + 1 : at + 3]
    assert isinstance(counted, Prose)
    opening = "Before anything was filled in or weighted, \u201cEvent\u201d was missing for "
    assert counted.text.startswith(opening)
    assert " of 300 in new (" in counted.text
    assert isinstance(assumed, Terms)
    names = [name for name, _ in assumed.entries]
    assert names == ["Complete cases", "Imputed", "Weighted and Cut", "Doubly robust", "Shifted"]


def test_the_table_says_what_was_lost(made: tuple[Report, Results]) -> None:
    table = made[0].table("missing-outcomes")
    by_name = {row.cells[0]: row.cells for row in table.rows}
    assert set(by_name) == {"Imputed", "Weighted", "Cut", "Doubly robust", "Shifted"}
    assert by_name["Imputed"][4].endswith("%")
    assert by_name["Imputed"][6] == "–"
    assert "; " in by_name["Weighted"][6]
    assert by_name["Weighted"][4] == "–"
    assert "cut" not in by_name["Weighted"][6]


def test_a_weight_that_was_cut_stands_beside_what_it_was(made: tuple[Report, Results]) -> None:
    report, results = made
    rows = {row.cells[0]: row.cells for row in report.table("missing-outcomes").rows}
    whole, cut = rows["Weighted"][6].split("; ")[0], rows["Cut"][6]
    facts = {row.stat_name: row.stat for row in results.rows if (row.analysis, row.context) == ("cut", "fit")}
    assert facts["largest_weight"] < facts["largest_weight_uncut"]
    assert f"(before truncation {whole}; " in cut
    share = float(cut.split("; ")[1].split("%")[0])
    assert share == pytest.approx(100 * facts["share_cut"], abs=0.05)


def test_tipping_points_are_drawn_and_told(made: tuple[Report, Results]) -> None:
    figure = made[0].figure("tipping-shifted")
    data = figure.data
    assert isinstance(data, TippingData)
    assert (len(data.rows), len(data.columns)) == (5, 5)
    assert len(figure.behind.rows) == 25
    sides = {one.side for line in data.cells for one in line}
    assert len(sides) > 1
    svg = draw(data)
    assert "the conclusion changes" in svg
    assert svg != draw(data, narrow=True)
    told = [one.text for one in made[0].blocks if isinstance(one, Prose) and one.text.startswith("Shifted:")]
    assert len(told) == 1
    assert "without a shift the interval" in told[0]
    assert "shifting new alone, " in told[0]


def test_a_small_number_of_missing_outcomes_hides_the_grid() -> None:
    def row(context: str, name: str, stat: float, *groups: tuple[str, str]) -> Row:
        unit = "individuals" if name == "n_missing" else ""
        return Row("a", context, name, stat, unit=unit, groups=groups, variable="y")  # type: ignore[arg-type]

    shifts = (("delta_reference", "0"), ("delta_compare", "1"))
    few = (
        row("imputation", "n_missing", 5, ("arm", "new")),
        row("imputation", "fmi", 0.1),
        row("tipping_point", "estimate", 0.123, *shifts),
    )
    hidden = gate(few, "nhs_counts_v1")
    assert [one.status for one in hidden] == ["suppressed", "ok", "suppressed"]
    many = (row("imputation", "n_missing", 53, ("arm", "new")), *few[1:])
    assert [one.stat for one in gate(many, "nhs_counts_v1")] == [55, 0.1, 0.123]


def test_under_a_policy_counts_are_rounded_and_the_report_stands(tmp_path: Path) -> None:
    report, _ = reported(tmp_path, "nhs_counts_v1")
    table = report.table("missing-outcomes")
    counts = [cell for row in table.rows for cell in row.cells[2:4]]
    assert all(int(count) % 5 == 0 for count in counts)
    assert any(isinstance(one, Figure) and one.id == "tipping-shifted" for one in report.blocks)


def test_other_outcomes_that_are_filled_in_are_counted_too(tmp_path: Path) -> None:
    text = PLAN.replace(
        "estimands:\n",
        "  y: {column: y, label: Score, type: continuous, direction: higher_better, unit: points}\n"
        "estimands:\n"
        "  scores: {population: everyone, outcome: y, compare: new, reference: usual, effect: marginal,\n"
        "           summary: mean_difference, target: participant_average, intercurrent_events: []}\n",
    )
    scored = "  scored: {based_on: imputed, label: Score, purpose: secondary, estimand: scores}\n"
    before, after = text.split("  weighted:")
    kept = after[after.index("multiplicity") :]
    report, _ = reported(tmp_path, "none", before + scored + kept)
    people = pd.read_csv(DATA)
    told = next(
        one.text for one in report.blocks if isinstance(one, Prose) and one.text.startswith("Before anything")
    )
    for label, column in (("Event", "event"), ("Score", "y")):
        missing = people[column].isna().groupby(people["arm"]).sum()
        assert f"\u201c{label}\u201d was missing for {missing['new']} of " in told
        assert f"{missing['usual']} of " in told


def test_complete_cases_without_a_missing_outcome_assume_nothing(tmp_path: Path) -> None:
    text = PLAN.replace(
        "estimands:\n",
        "  y: {column: y, label: Score, type: continuous, direction: higher_better, unit: points}\n"
        "estimands:\n"
        "  scores: {population: everyone, outcome: y, compare: new, reference: usual, effect: marginal,\n"
        "           summary: mean_difference, target: participant_average, intercurrent_events: []}\n",
    )
    scored = "  scored: {based_on: imputed, label: Score, purpose: secondary, estimand: scores}\n"
    before, after = text.split("  weighted:")
    people = pd.read_csv(DATA)
    people["event"] = people["event"].fillna((people["age"] > 0).astype(float)).astype(int)
    report, _ = reported(tmp_path, "none", before + scored + after[after.index("multiplicity") :], people)
    at = next(
        n
        for n, one in enumerate(report.blocks)
        if isinstance(one, Heading) and one.text == "Missing outcomes"
    )
    assumed = next(one for one in report.blocks[at:] if isinstance(one, Terms))
    assert [names for names, _ in assumed.entries] == ["Imputed and Score"], "nothing of complete cases"

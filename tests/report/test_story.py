"""What a report says: badges, the answer, sections, notes; as blocks, before any HTML."""

import pytest

from precept_stats.report.blocks import Bullets, Heading, Prose, Table, Terms
from precept_stats.report.sections.baseline import TITLE
from precept_stats.report.sections.methods import HEADINGS, described
from precept_stats.report.story import story

from .builder import PLAN, REASON, plan, results


@pytest.fixture(scope="module")
def report():
    return story(plan(), results(synthetic=True))


def table(report, table_id):
    return next(found for found in report.tables if found.id == table_id)


def rows_of(found):
    return {row.cells[0]: row for row in found.rows if row.kind != "group"}


def test_the_badges_say_what_must_be_known_first(report):
    assert report.badges == (
        "SYNTHETIC DATA",
        "Not prospectively registered",
        "Plan written after the results had been seen",
        "Plan not locked",
    )
    assert "SYNTHETIC DATA" not in story(plan(), results()).badges


def test_every_table_and_figure_of_synthetic_data_says_so(report):
    assert {block.tag for block in (*report.tables, *report.figures)} == {"Synthetic data"}
    assert {figure.behind.tag for figure in report.figures} == {"Synthetic data"}
    assert {block.tag for block in story(plan(), results()).tables} == {""}


def lead(report):
    return next(block.text for block in report.blocks if isinstance(block, Prose) and block.lead)


def test_the_answer_is_one_careful_sentence(report):
    assert lead(report) == (
        "Well at a year, mean of cluster proportions: 55.0% with new and 52.0% with old. The risk "
        "difference, new minus old, was 3.1 percentage points (95% confidence interval \u22121.9 to 9.1), "
        "from 3 and 3 clusters with 134 and 91 people (new and old)."
    )
    texts = " ".join(block.text for block in report.blocks if isinstance(block, Prose))
    assert "in favour of old to 9.1 percentage points in favour of new" in texts
    assert "significan" not in texts


def test_lower_is_better_turns_the_direction():
    turned = story(plan(text=PLAN.replace("higher_better", "lower_better")), results())
    texts = " ".join(block.text for block in turned.blocks if isinstance(block, Prose))
    assert "the estimate favours old" in texts
    assert "from 9.1 percentage points in favour of old to 1.9 percentage points in favour of new" in texts
    (panel,) = next(figure for figure in turned.figures if figure.id == "forest").data.panels
    assert (panel.below, panel.above) == ("favours new", "favours old")


def test_a_failed_primary_says_why_and_the_named_fallback_answers():
    report = story(plan(), results(primary_fails=True))
    assert lead(report) == f"The primary analysis gave no estimate: E{REASON[1:]}."
    texts = [block.text for block in report.blocks if isinstance(block, Prose)]
    assert any(
        text.startswith("The fallback named in the plan gave: Well at a year, size-weighted")
        for text in texts
    )


def test_the_results_table_has_every_analysis_and_p_where_it_belongs(report):
    found = table(report, "results")
    rows = rows_of(found)
    assert list(rows) == ["Main analysis", "As a ratio", "Weighted", "Broken"]
    columns = [column.label for column in found.columns]
    main = dict(zip(columns, rows["Main analysis"].cells, strict=True))
    assert main == {
        "Analysis": "Main analysis",
        "new": "55.0%",
        "old": "52.0%",
        "Estimate (95% CI)": "3.1 (\u22121.9 to 9.1)",
        "p": "0.032",
        "ICC": "0.042",
        "Clusters (new, old)": "3, 3",
        "People (new, old)": "134, 91",
        "df": "4",
        "Status": "ok",
    }
    place = columns.index("p")
    assert {name: row.cells[place] for name, row in rows.items()} == {
        "Main analysis": "0.032",
        "As a ratio": "0.032",
        "Weighted": "\u2013",
        "Broken": "\u2013",
    }
    assert rows["Broken"].cells[3] == f"not estimable: {REASON}"
    assert rows["Weighted"].cells[-1] == "warning (note 1)"
    assert found.notes[2] == "Note 1: 1 of 3 clusters in Eton <b>"
    assert found.notes[0] == (
        "Columns of the arms: mean of cluster proportions (Main analysis, As a ratio); size-weighted mean of "
        "cluster proportions (Weighted)."
    )
    groups = [row.cells[0] for row in found.rows if row.kind == "group"]
    assert groups[1] == "Secondary analyses: Well at a year; risk ratio, new divided by old"


def test_the_forest_shows_primary_and_sensitivity_and_lists_failures(report):
    (figure,) = (figure for figure in report.figures if figure.id == "forest")
    (panel,) = figure.data.panels
    assert [(line.label, line.primary, line.mark is None) for line in panel.lines] == [
        ("Main analysis", True, False),
        ("Weighted", False, False),
        ("Broken", False, True),
    ]
    assert panel.null == 0
    assert not panel.log
    assert panel.lines[0].mark.value == pytest.approx(3.1)
    assert (panel.below, panel.above) == ("favours old", "favours new")


def test_table_one_has_both_missing_and_no_p_value(report):
    rows = [row.cells for row in table(report, "table-1").rows]
    assert ("Number", "138", "102") in rows
    assert ("Adult, n (%)", "131 (97.8%)", "92 (93.9%)") in rows
    assert ("Mean (SD)", "31.3 (4.4)", "31.3 (4.4)") in rows
    assert ("Median (Q1, Q3)", "30 (28, 35)", "30 (28, 35)") in rows
    assert ("Missing, n", "4", "4") in rows
    assert [column.label for column in table(report, "table-1").columns] == ["Characteristic", "new", "old"]


def test_the_flow_counts_clusters_people_and_sizes_and_adds_up(report):
    (figure,) = (figure for figure in report.figures if figure.id == "flow")
    assert [box.heading for box in figure.data.before] == ["Recorded", "Left out", "Eligible"]
    (arm, boxes), (_, others) = figure.data.arms
    assert arm == "new"
    assert (
        [box.heading for box in boxes]
        == [box.heading for box in others]
        == ["Eligible", "Left out", "Analysed"]
    )
    assert boxes[0].lines == ("3 clusters", "138 people", "cluster size, median [range]: 40.5 [6 to 61]")
    assert boxes[1].lines == ("Outcome missing: 4 people",)
    assert boxes[2].lines[1] == "134 people"
    assert "134 people" in figure.alt


def test_clusters_are_ordered_with_wilson_intervals(report):
    (figure,) = (figure for figure in report.figures if figure.id == "clusters")
    new, old = figure.data.arms
    assert [line.label for line in new.lines] == ["Barton", "Corby", "Ashby"]
    assert old.mean == pytest.approx(52.0)
    mark = next(line.after for line in new.lines if line.label == "Barton")
    # Wilson 95% limits of 3 of 29, from R: prop.test(3, 29, correct = FALSE)$conf.int
    assert (mark.lower, mark.upper) == pytest.approx((3.580, 26.388), abs=5e-3)
    assert any(
        row.cells == ("Barton", "10 of 33 (30.3%)", "3 of 29 (10.3%)", "1") for row in figure.behind.rows
    )


def test_deviations_differences_and_provenance(report):
    remarks = next(block.items for block in report.blocks if isinstance(block, Bullets))
    assert f"Broken: not estimable. E{REASON[1:]}." in remarks
    assert "Weighted: 1 of 3 clusters in Eton <b>." in remarks
    rows = rows_of(table(report, "differences"))
    assert rows["Weighted"].cells[1:3] == ("Main analysis", "weights: size in place of equal")
    facts = dict([block for block in report.blocks if isinstance(block, Terms)][-1].entries)
    assert facts["Plan"] == "by-hand, version 1.2.3"
    assert facts["Data: people"] == f"SHA-256 {'a' * 64}"
    assert facts["Random seed"] == "none used"


def test_outputs_of_the_plan_choose_the_sections():
    report = story(plan(text=PLAN + "outputs: [results]\n"), results())
    headings = [block.text for block in report.blocks if isinstance(block, Heading) and block.level == 2]
    assert "Results" in headings
    assert TITLE not in headings
    assert not report.figures
    assert headings[-1] == "Provenance"


def test_an_empty_run_still_makes_a_report_that_says_so():
    made = results(primary_fails=True)
    bare = tuple(
        type(entry)(**{**{f: getattr(entry, f) for f in entry.__slots__}, "rows": ()})
        for entry in made.analyses
    )
    report = story(plan(), type(made)(bare, (), made.provenance))
    assert not report.figures
    assert lead(report).startswith("The primary analysis gave no estimate")


def test_methods_are_described_under_the_fixed_headings(report):
    used = [block for block in report.blocks if isinstance(block, Terms)][1]
    assert [name for name, _ in used.entries] == list(HEADINGS)


def test_a_docstring_is_read_by_its_headings():
    text = "A method.\n\n    Estimates\n        The ``mean``,\n        of all.\n    Model:\n        Simple.\n"
    assert described(text) == ("A method", (("Estimates", "The mean, of all."), ("Model", "Simple.")))


def test_arms_are_called_by_their_names():
    named = PLAN.replace(
        "compare: new, reference: old",
        "compare: new, reference: old, compare_name: Talk, reference_name: Care",
        1,
    )
    report = story(plan(text=named), results())
    assert "55.0% with Talk and 52.0% with Care. The risk difference, Talk minus Care" in lead(report)


def test_a_strategy_that_is_not_computed_is_not_called_as_declared():
    text = PLAN.replace(
        "intercurrent_events: []}", "intercurrent_events: [{event: moved_away, strategy: hypothetical}]}", 1
    )
    blocks = story(plan(text=text), results()).blocks
    told = "Moved away (cluster level): declared: hypothetical; computed: treatment policy."
    terms = [dict(block.entries) for block in blocks if isinstance(block, Terms)]
    assert [found["Intercurrent events"] for found in terms if "Intercurrent events" in found] == [told]
    settings = next(block for block in blocks if isinstance(block, Table) and block.id == "settings")
    estimands = {row.cells[0]: row.cells[-1] for row in settings.rows}
    assert told in estimands["Main analysis"]
    assert "declared:" not in estimands["As a ratio"]


def test_whole_numbers_of_table_1_are_shown_without_decimals():
    found = rows_of(table(story(plan(), results()), "table-1"))
    assert found["Median (Q1, Q3)"].cells[1] == "30 (28, 35)"
    assert found["Mean (SD)"].cells[1] == "31.3 (4.4)"


def studied(more):
    """The plan with more said about the study, and no variance that strata rule out."""
    pooled = PLAN.replace("{variance: {kind: welch}}", "{weights: {kind: variance}}")
    return pooled.replace("cluster: village, arm: arm}", f"cluster: village, arm: arm{more}}}", 1)


@pytest.mark.parametrize(
    ("study", "shown"),
    [
        ("", "none"),
        (", strata: [size, area]", "strata: size, area"),
        (", adjust: [age], strata: [area]", "age; strata: area"),
        (", pairs: twin, incomplete_pairs: drop", "pairs: twin"),
    ],
)
def test_settings_name_covariates_strata_and_pairs(study, shown):
    text = studied(study)
    settings = table(story(plan(text=text), results()), "settings")
    place = [column.label for column in settings.columns].index("Adjusted for")
    assert rows_of(settings)["Main analysis"].cells[place] == shown


def test_a_stratified_analysis_gives_adjusted_means():
    opening = lead(story(plan(text=studied(", strata: [area]")), results()))
    assert opening.startswith("Well at a year, adjusted mean of cluster proportions: 55.0% with new")


def test_table_one_does_not_claim_to_be_from_before_the_randomisation(report):
    told = " ".join(table(report, "table-1").notes)
    assert "the eligible people and their clusters" in told
    assert "play of chance" not in told
    assert Heading(2, "Characteristics of clusters and individuals") in report.blocks

"""What a report adds for trials over periods and for mixed models: made from rows, block by block."""

import dataclasses
import re

import pytest

from precept_stats.report.arms import with_arm_names
from precept_stats.report.blocks import Bullets, Figure, Heading, Prose, Table
from precept_stats.report.figures import draw
from precept_stats.report.sections.exposure import exposure_of
from precept_stats.report.story import story
from precept_stats.values import Row

from .builder import plan, results
from .wedge import (
    PERIODS,
    WARDS,
    Ward,
    baseline_plan,
    exposure_rows,
    joint_rows,
    quantity_rows,
    wedge_plan,
    wedge_results,
)

NHS = "nhs_counts_v1"
NEW = {"schedule", "periods", "exposure", "predictions", "influence"}


@pytest.fixture(scope="module")
def report():
    return story(wedge_plan(), wedge_results())


@pytest.fixture(scope="module")
def gated():
    return story(wedge_plan(NHS), wedge_results())


def changed(made, context, change):
    """The results with the rows of one context of the primary analysis changed, dropped where None."""
    first, *rest = made.analyses
    rows = (change(row) if row.context == context else row for row in first.rows)
    first = dataclasses.replace(first, rows=tuple(row for row in rows if row is not None))
    return dataclasses.replace(made, analyses=(first, *rest))


def prose(report):
    return " ".join(block.text for block in report.blocks if isinstance(block, Prose))


def test_a_report_without_these_rows_has_none_of_these_sections():
    assert not NEW & {figure.id for figure in story(plan(), results()).figures}
    assert not {"variances", "joint-tests"} & {table.id for table in story(plan(), results()).tables}


def test_the_schedule_is_in_order_of_the_switch_and_tells_conditions_and_gaps(report):
    data = report.figure("schedule").data
    assert data.conditions == ("Usual care", "Talk")
    assert data.periods == PERIODS
    assert [[line.label for line in sequence.lines] for sequence in data.sequences] == [
        ["Ashby", "Barton"],
        ["Corby", "Derby"],
        ["Eton"],
        ["Formby"],
    ]
    cells = {line.label: line.cells for sequence in data.sequences for line in sequence.lines}
    assert [(cell.state, cell.text) for cell in cells["Corby"]] == [
        ("control", "60"),
        ("control", "61"),
        ("intervention", "62"),
        ("none", ""),
    ]
    assert cells["Formby"][3].state == "none"
    assert "Sequence 3, 1 cluster: under Talk from period 2023-Q4 on" in report.figure("schedule").alt
    assert "Sequence 4, 1 cluster: under Usual care throughout" in report.figure("schedule").alt


def test_a_period_of_transition_is_neither_condition_nor_missing():
    def moved(row):
        in_transition = (row.group("cluster"), row.group("period")) == ("Derby", PERIODS[2])
        if in_transition and row.stat_name == "treated":
            return dataclasses.replace(row, stat_name="transition", stat=1)
        return row

    figure = story(wedge_plan(), changed(wedge_results(), "schedule", moved)).figure("schedule")
    cells = {line.label: line.cells for sequence in figure.data.sequences for line in sequence.lines}
    assert [cell.state for cell in cells["Derby"]] == ["control", "control", "transition", "intervention"]
    assert "transition" in {row.cells[1] for row in figure.behind.rows if row.kind != "group"}
    assert "transition" in draw(figure.data)


def test_the_checks_of_the_design_stand_beneath_the_schedule(report):
    place = next(at for at, block in enumerate(report.blocks) if isinstance(block, Figure))
    assert report.blocks[place].id == "schedule"
    checks = report.blocks[place + 2]
    assert isinstance(checks, Bullets)
    assert checks.items[2] == "1 cluster never switches: Formby."


def test_arms_that_are_bare_codes_are_named_in_the_checks_and_in_contrasts():
    rows = (
        Row("a", "schedule", "check", "In periods 1, 2 every cluster is under 0: such periods tell of time."),
        Row("a", "icc", "estimate", 0.1, term="1 - 0, exposure time 2"),
        Row("a", "icc", "estimate", 0.1, term="cluster, 1"),
    )
    check, exposed, share = with_arm_names(rows, {"0": "Manual", "1": "Automated"})
    assert check.stat == "In periods 1, 2 every cluster is under Manual: such periods tell of time."
    assert exposed.term == "Automated - Manual, exposure time 2"
    assert share.term == "cluster, Automated"


def test_means_over_time_are_those_of_the_clusters_each_counting_the_same(report):
    data = report.figure("periods").data
    shares = [100 * ward.counts[1][0] / ward.counts[1][1] for ward in WARDS[:2]]
    assert data.means[1][1] == pytest.approx(sum(shares) / 2)
    assert data.means[1][0] is None
    assert data.means[0][3] is None
    track = next(track for track in data.tracks if track.label == "Corby")
    assert track.points[3] is None
    assert track.points[2] == (pytest.approx(100 * 34 / 62), True)


def test_predicted_clusters_are_in_order_and_said_to_be_no_league_table(report):
    figure = report.figure("predictions")
    values = [line.mark.value for line in figure.data.lines]
    assert values == sorted(values)
    assert len(values) == len(WARDS)
    line = figure.data.lines[0]
    error = 100 * 0.4 / (sum(n for _, n in WARDS[0].counts) + 4) ** 0.5
    assert line.label == "Ashby"
    assert line.mark.upper - line.mark.value == pytest.approx(1.959964 * error, rel=1e-5)
    assert "no league table" in prose(report)
    assert "shrunken" in figure.behind.notes[0].lower()
    assert [column.label for column in figure.behind.columns] == ["Cluster", "Prediction (95% interval)"]


def test_clusters_of_a_parallel_trial_are_marked_by_arm():
    made = results()
    first, *rest = made.analyses
    rows = tuple(
        Row("primary", "prediction", stat, value, "Effect", groups=(("cluster", name),), variable="well")
        for name, value in (("Ashby", 0.2), ("Derby", -0.1))
        for stat, value in (("prediction", value), ("std_error", 0.1))
    )
    made = dataclasses.replace(made, analyses=(dataclasses.replace(first, rows=first.rows + rows), *rest))
    figure = story(plan(), made).figure("predictions")
    assert figure.data.series == ("new", "old")
    assert [(line.label, line.series) for line in figure.data.lines] == [("Derby", 1), ("Ashby", 0)]
    assert ("Derby", "old") in {row.cells[:2] for row in figure.behind.rows}


def test_the_most_influential_cluster_is_named_with_what_it_changes(report):
    text = prose(report)
    assert "Formby moves the estimate most: without it the risk difference is 7.2 percentage points" in text
    assert "With all clusters the interval includes no difference; without Eton or without Formby" in text
    data = report.figure("influence").data
    assert (data.whole.value, data.null) == (pytest.approx(3.1), 0)
    assert [line.label for line in data.lines] == [ward.name for ward in WARDS]


def test_where_no_cluster_changes_the_side_of_the_interval_that_is_said():
    def narrow(row):
        turned = row.stat_name == "conf_low" and row.stat > 0
        return dataclasses.replace(row, stat=-0.01) if turned else row

    told = prose(story(wedge_plan(), changed(wedge_results(), "influence", narrow)))
    assert "The interval includes no difference with all clusters, and without any one of them." in told


def test_a_cluster_without_which_there_is_no_estimate_keeps_its_line():
    def failing(row):
        if row.group("left_out") != "Eton":
            return row
        if row.stat_name != "estimate":
            return None
        return dataclasses.replace(row, stat=None, status="failed", error="nothing is left")

    made = story(wedge_plan(), changed(wedge_results(), "influence", failing))
    assert "Without 1 of the others it could not be estimated" in prose(made)
    rows = {row.cells[0]: row.cells[1] for row in made.figure("influence").behind.rows}
    assert rows["Eton"] == "not estimable: nothing is left"


def test_under_a_policy_no_side_of_the_interval_is_claimed(gated):
    text = prose(gated)
    assert "So rounded, they cannot tell on which side of no difference an interval ends." in text
    assert "includes no difference" not in text
    hidden = [row.cells for row in gated.figure("influence").behind.rows if row.cells[1] == "not shown"]
    assert len(hidden) == 2
    assert "Most clusters have too few people" in text or "Most clusters have too few individuals" in text


def test_scales_are_never_mixed_in_one_column_and_a_boundary_is_said_in_words(report):
    found = report.table("variances")
    assert [column.label for column in found.columns] == [
        "Quantity",
        "Scale of the outcome (95% CI)",
        "Latent scale of the model (95% CI)",
    ]
    rows = {row.cells[0]: row.cells[1:] for row in found.rows if row.kind != "group"}
    assert rows["Intracluster correlation, Talk"] == ("0.041 (0.011 to 0.142)", "–")
    assert rows["Intracluster correlation"] == ("–", "0.073 (0.020 to 0.210)")
    assert rows["Median odds ratio between clusters"] == ("–", "1.52 (1.21 to 2.40)")
    assert rows["Variance: cluster period"] == ("0, at its boundary; no interval (note 1)", "–")
    assert found.notes[-1] == "Note 1: a variance at 0 has no standard error"


def test_variances_of_a_fit_are_listed_and_their_boundary_is_explained():
    made = wedge_results()
    first, *rest = made.analyses
    label = "Variance between clusters"
    more = (
        Row("primary", "fit", "variance_between", 0.0, label),
        Row("primary", "fit", "variance_within", 2.5, "Variance within clusters"),
        Row("primary", "fit", "boundary", "the rule is kept", f"At its boundary: {label}"),
    )
    kept = tuple(row for row in first.rows if row.context != "icc")
    made = dataclasses.replace(made, analyses=(dataclasses.replace(first, rows=kept + more), *rest))
    found = story(wedge_plan(), made).table("variances")
    rows = {row.cells[0]: row.cells[1] for row in found.rows if row.kind != "group"}
    assert rows[label] == "0, at its boundary (note 1)"
    assert rows["Variance within clusters"] == "2.50"
    assert len(found.columns) == 2
    assert found.notes == ("Note 1: the rule is kept",)


def test_joint_tests_have_p_values_where_the_table_of_results_has_them(report):
    rows = report.table("joint-tests").rows
    assert [row.cells for row in rows] == [
        ("Main analysis",),
        ("Periods", "3.46", "3", "11.2", "0.056"),
        ("Weighted",),
        ("Periods", "3.46", "3", "11.2", "–"),
    ]


@pytest.mark.parametrize(
    ("term", "measure", "time"),
    [
        ("new - old, exposure time 3", "risk_difference", 3),
        ("exposure 12", "risk_difference", 12),
        ("", "effect_exposure_2", 2),
        ("new - old", "risk_difference", None),
        ("exposure 3 group - old", "risk_difference", None),
    ],
)
def test_exposure_times_are_read_from_the_end_of_a_contrast(term, measure, time):
    assert exposure_of(Row("a", "icc", "estimate", 0.1, term=term, measure=measure)) == time
    assert exposure_of(Row("a", "arm_summary", "estimate", 0.1, term=term, measure=measure)) is None


def test_effects_by_exposure_time_stand_beside_their_average(report):
    data = report.figure("exposure").data
    assert [(label, round(mark.value, 6)) for label, mark in data.points] == [
        ("1", 1.0),
        ("2", 4.0),
        ("3", 8.8),
    ]
    assert data.average.value == pytest.approx(4.6)
    assert data.null == 0
    assert not [row for row in report.table("variances").rows if "xposure" in row.cells[0]]


def test_a_wedge_speaks_of_conditions_and_of_clusters_over_periods(report):
    lead = next(block.text for block in report.blocks if isinstance(block, Prose) and block.lead)
    assert "from 6 clusters with 134 and 91 individuals (Talk and Usual care)" in lead
    assert (
        report.table("results")
        .notes[0]
        .endswith("A cluster counts under each condition that it was seen under.")
    )
    parallel = story(plan(), results())
    assert "condition" not in " ".join(parallel.table("results").notes)
    assert parallel.table("table-1").caption == "Table 1. Characteristics by arm"


def test_missing_outcomes_of_a_period_stand_under_their_condition():
    made = wedge_results()
    first, *rest = made.analyses
    more = []
    for groups, missing in (
        ((("arm", "new"),), 9),
        ((("arm", "new"), ("period", "2023-Q2")), 8),
        ((("arm", "new"), ("period", "2023-Q3")), 1),
    ):
        for stat, value, unit in (("n_missing", missing, "individuals"), ("N", 90, "individuals")):
            more.append(
                Row("primary", "missingness", stat, value, stat, unit, groups=groups, variable="well")
            )
    made = dataclasses.replace(
        made, analyses=(dataclasses.replace(first, rows=first.rows + tuple(more)), *rest)
    )
    found = story(wedge_plan(), made).table("missing-outcome")
    assert [(row.cells[:3], row.kind) for row in found.rows] == [
        (("Talk", "90", "9"), "plain"),
        (("2023-Q2", "90", "8"), "sub"),
        (("2023-Q3", "90", "1"), "sub"),
    ]
    assert found.columns[0].label == "Condition"


def big(clusters=137, periods=20):
    """A wedge too large for names and numbers in its cells."""
    made = []
    for place in range(clusters):
        counts = tuple(((place + period) % 30 + 10, 60 + place % 40) for period in range(len(PERIODS)))
        made.append(Ward(f"Ward with a long name {place}", 1 + place % 4, counts))
    return tuple(made)


@pytest.mark.parametrize("narrow", [True, False])
@pytest.mark.parametrize("wards", [WARDS, big()])
def test_figures_fit_their_page_and_can_be_read(narrow, wards):
    for figure in story(wedge_plan(), wedge_results(wards)).figures:
        svg = draw(figure.data, narrow=narrow, tag="Synthetic data")
        width, height = map(float, re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg).groups())
        shown = (358 if narrow else 768) / width
        sizes = [float(size) for size in re.findall(r"font[^;\"]* ([\d.]+)px", svg)]
        assert min(sizes) * shown >= 10.5
        assert height < 4000
        assert "SYNTHETIC DATA" in svg
        assert len(figure.alt) > 60


def test_ratios_are_drawn_on_a_logarithmic_axis():
    made = wedge_results()
    ratio = next(entry for entry in made.analyses if entry.analysis == "ratio")
    rows = []
    for name, value in (("Ashby", 1.1), ("Eton", 1.4)):
        stats = {"estimate": value, "std_error": 0.1, "conf_low": value / 1.3, "conf_high": value * 1.3}
        for stat, number in stats.items():
            rows.append(
                Row("ratio", "influence", stat, number, groups=(("left_out", name),), variable="well")
            )
    others = tuple(
        dataclasses.replace(entry, rows=tuple(row for row in entry.rows if row.context != "influence"))
        for entry in made.analyses
        if entry is not ratio
    )
    with_rows = dataclasses.replace(ratio, rows=ratio.rows + tuple(rows))
    report = story(wedge_plan(), dataclasses.replace(made, analyses=(*others, with_rows)))
    figure = report.figure("influence")
    assert figure.data.log
    assert figure.data.null == 1
    assert "Eton moves the estimate most" in prose(report)
    assert draw(figure.data).startswith("<svg")


def test_contexts_are_kept_apart_by_analysis():
    assert {row.analysis for row in (*exposure_rows("x"), *joint_rows("x"), *quantity_rows("x"))} == {"x"}
    titles = [
        block.text for block in story(wedge_plan(), wedge_results()).blocks if isinstance(block, Heading)
    ]
    assert titles.index("Schedule, and the outcome over time") < titles.index("Results")
    assert titles.index("Results") < titles.index("Variation between clusters")
    tables = [block for block in story(wedge_plan(), wedge_results()).blocks if isinstance(block, Table)]
    assert len({table.id for table in tables}) == len(tables)


def test_a_trial_with_baseline_speaks_of_arms_and_says_who_is_counted_at_baseline():
    report = story(baseline_plan(), wedge_results())
    told = next(block.text for block in report.blocks if isinstance(block, Prose) and block.lead)
    assert told.endswith(
        "from 6 clusters with 134 and 91 individuals (Talk, and Usual care with everyone at baseline)."
    )
    data = report.figure("schedule").data
    assert data.conditions == ("Usual care, or baseline", "Talk")
    assert {sequence.name for sequence in data.sequences} == {"Talk", "Usual care"}
    note = "Counts of Usual care include everyone at baseline in: Main analysis"
    assert note in report.table("results").notes[0]
    assert Heading(2, "Clusters, arms and periods") in report.blocks
    assert Heading(3, "Outcome by period and arm") in report.blocks
    assert report.table("results").columns[1].label == "Talk"

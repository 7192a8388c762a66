"""Effects, weights and correlations that would give a small count back beside what is shown."""

from __future__ import annotations

from dataclasses import replace

import pytest

from precept_stats.ard import from_json, to_json
from precept_stats.data.policies import read_policy
from precept_stats.report.disclosure import gate, gate_results
from precept_stats.report.free_text import mask_for
from precept_stats.report.render_html import render_html
from precept_stats.report.story import story
from precept_stats.values import Results, Row

from .builder import plan, results
from .test_correlations import made as correlated
from .test_correlations import of

NHS = "nhs_counts_v1"
WEIGHTS = ("largest_weight", "largest_weight_uncut", "share_cut", "effective_share")


def missing(analysis: str, counts: dict[str, tuple[int, int]]) -> list[Row]:
    return [
        Row(analysis, "imputation", name, value, unit="individuals", groups=(("arm", arm),), variable="well")
        for arm, (gone, total) in counts.items()
        for name, value in (("n_missing", gone), ("N", total))
    ]


def weights(analysis: str = "primary") -> list[Row]:
    return [Row(analysis, "fit", name, 1.0234567, variable="well") for name in WEIGHTS]


@pytest.mark.parametrize("gone", [4, 396])
def test_weights_go_where_few_are_missing_or_few_are_there(gone: int) -> None:
    rows = (*missing("primary", {"new": (gone, 400), "old": (60, 400)}), *weights())
    left = [row for row in gate(rows, NHS) if row.stat_name in WEIGHTS]
    assert {(row.status, row.stat) for row in left} == {("suppressed", None)}


def test_other_weights_have_two_digits() -> None:
    rows = (*missing("primary", {"new": (40, 400), "old": (60, 400)}), *weights())
    left = [row for row in gate(rows, NHS) if row.stat_name in WEIGHTS]
    assert {(row.status, row.stat) for row in left} == {("ok", 1.0)}


def shifted(told: str, gone: int) -> Results:
    """The primary analysis as one of multiple imputation with a shift, and so many missing in an arm."""
    made = results()
    first, *others = made.analyses
    setting = Row("primary", "setting", "value", told, variable="missing_outcomes.delta")
    rows = (*first.rows, setting, *missing("primary", {"new": (gone, 140), "old": (20, 100)}))
    return replace(made, analyses=(replace(first, rows=rows), *others))


def effect_of(made: Results, analysis: str) -> set[str]:
    wanted = ("estimate", "std_error", "conf_low", "conf_high", "statistic", "p_value")
    return {
        row.status
        for row in made[analysis].rows
        if row.context in ("estimate", "arm_summary") and row.stat_name in wanted
    }


@pytest.mark.usefixtures("however_few_clusters")
@pytest.mark.parametrize(
    ("told", "gone", "hidden"),
    [
        ("reference 0, compare 100", 4, True),
        ("reference 0, compare 0", 4, False),
        ("reference 0, compare 100", 40, False),
    ],
)
def test_an_effect_under_a_shift_goes_where_few_are_missing(told: str, gone: int, hidden: bool) -> None:
    gated = gate_results(shifted(told, gone), NHS)
    assert ("suppressed" in effect_of(gated, "primary")) == hidden
    assert ("ok" in effect_of(gated, "primary")) != hidden
    assert bool(gated["primary"].estimates) != hidden
    assert "suppressed" not in effect_of(gated, "ratio")


def test_nothing_of_the_fit_is_left_of_such_an_answer() -> None:
    made = shifted("reference 0, compare 100", 4)
    first, *others = made.analyses
    told = (Row("primary", "imputation", "riv", 0.1), Row("primary", "fit", "variance", 2.5))
    made = replace(made, analyses=(replace(first, rows=(*first.rows, *told)), *others))
    gated = gate_results(made, NHS)["primary"].rows
    assert {row.status for row in gated if row.stat_name in ("riv", "variance")} == {"suppressed"}
    counts = [row for row in gated if (row.context, row.stat_name) == ("fit", "n")]
    assert [row.stat for row in counts] == [135, 90]


def test_the_report_says_that_an_answer_is_not_shown() -> None:
    made = shifted("reference 0, compare 100", 4)
    gated = gate_results(made, NHS)
    assert from_json(to_json(gated)) == gated
    assert gate_results(gated, NHS) == gated
    assert "not shown" in repr(gated["primary"])
    report = story(plan(NHS), made)
    row = next(row for row in report.table("results").rows if row.cells[0] == "Main analysis")
    withheld = "not shown under the disclosure policy"
    assert row.cells[3] == f"{withheld}: an arm has 1 to 7 with or without an outcome"
    assert row.cells[-1] == "not shown"
    assert f"The estimate of the primary analysis is {withheld}" in render_html(report)


def test_correlations_come_with_their_events_by_arm() -> None:
    _, made = correlated()
    counted = {row.group("arm"): row.stat for row in of(made, "likeness") if row.stat_name == "n_events"}
    events = dict.fromkeys(("", "ESP", "SSP"), 0)
    for row in made["primary"].rows:
        if row.context == "cluster_outcome" and row.stat_name == "n" and row.group("period") != "baseline":
            events[row.group("arm")] += row.stat
            events[""] += row.stat
    assert counted == events


def test_events_of_a_correlation_are_guarded_counts() -> None:
    about = {"analysis": "likeness", "context": "icc", "variable": "y", "groups": (("arm", "new"),)}
    for events, total, few in ((4, 400, True), (397, 400, True), (40, 400, False)):
        rows = (
            Row(**about, stat_name="n", stat=total, unit="individuals"),
            Row(**about, stat_name="n_events", stat=events, unit="events"),
            Row("likeness", "icc", "estimate", 0.1234567, variable="y", measure="icc",
                groups=(("arm", "new"), ("estimator", "Mak"))),
        )  # fmt: skip
        estimate = gate(rows, NHS)[-1]
        assert (estimate.status, estimate.stat) == (("suppressed", None) if few else ("ok", 0.123))


def test_p_of_one_is_no_count() -> None:
    mask = mask_for((), read_policy(NHS).policy.counts)
    assert mask.text("not estimable; counted with p = 1") == "not estimable; counted with p = 1"
    assert mask.text("group = 1 of 3 people") == "group = [a small number] of [a small number] people"


def test_warnings_do_not_tell_what_their_rows_do_not() -> None:
    mask = mask_for((), read_policy(NHS).policy.counts)
    unequal = "weights are very unequal: the largest is 100, 14.3 times their mean, and answered rows tell as"
    unequal += " much as 12 per cent of them would with equal weights; consider truncation"
    assert mask.text(unequal) == "weights are very unequal; consider truncation"
    weak = "weak instrument: the F of the first stage is 3.41 on 1 and 20.0 df, below 10, so that"
    assert mask.text(weak) == "weak instrument: the F of the first stage is below 10, so that"


def left_out(analysis: str, gone: int) -> Row:
    return Row(
        analysis, "flow", "n", gone, unit="individuals", groups=(("arm", "new"),), variable="outcome_missing"
    )


def with_missing(rows: tuple[Row, ...], analysis: str = "primary") -> Results:
    made = results()
    entries = tuple(
        replace(entry, rows=(*entry.rows, *rows)) if entry.rows[0].analysis == analysis else entry
        for entry in made.analyses
    )
    return replace(made, analyses=entries)


EXACT = Row("primary", "arm_summary", "estimate", 144 / 297, unit="proportion", variable="well")


@pytest.mark.parametrize(
    "few", [(left_out("primary", 3),), tuple(missing("primary", {"new": (3, 300), "old": (40, 300)}))]
)
def test_where_few_are_missing_an_answer_is_that_of_many_numbers_of_people(few: tuple[Row, ...]) -> None:
    """144 / 297 to 15 digits is of a multiple of 33 people; 0.48 is that of many numbers near it."""
    gated = gate((*few, EXACT, replace(EXACT, stat_name="std_error", stat=0.0393750811, unit="")), NHS)
    assert [row.stat for row in gated if row.context == "arm_summary"] == [0.48, 0.0394]
    assert gate(gated, NHS) == gated


def test_where_many_or_none_are_missing_answers_stand_as_they_are() -> None:
    rows = (*missing("primary", {"new": (30, 300), "old": (40, 300)}), left_out("primary", 30), EXACT)
    (shown,) = (row.stat for row in gate(rows, NHS) if row.context == "arm_summary")
    assert shown == 144 / 297


def test_an_estimate_has_no_more_digits_than_its_rows() -> None:
    whole = with_missing((left_out("primary", 3),))
    shown = gate_results(whole, NHS)
    entry = next(one for one in shown.analyses if one.rows[0].analysis == "primary")
    row = next(one for one in entry.rows if (one.context, one.stat_name) == ("estimate", "estimate"))
    assert entry.estimates[0].value == row.stat  # type: ignore[union-attr]
    assert gate_results(shown, NHS) == shown


def test_where_few_had_the_event_the_effect_has_few_digits() -> None:
    """3 / 97 - 40 / 103 to 15 digits is that of no other numbers so near to 95 and 105."""
    sizes = [
        Row("primary", "fit", "n", n, unit="individuals", groups=(("arm", arm),), variable="well")
        for arm, n in (("new", 97), ("old", 103))
    ]
    risks = [
        Row(
            "primary",
            "arm_summary",
            "estimate",
            p,
            unit="proportion",
            groups=(("arm", arm),),
            variable="well",
        )
        for arm, p in (("new", 3 / 97), ("old", 40 / 103))
    ]
    effect = Row("primary", "estimate", "estimate", 3 / 97 - 40 / 103, unit="proportion", variable="well")
    other = replace(effect, analysis="other", stat_name="std_error", stat=0.0512345, unit="")
    gated = gate((*sizes, *risks, effect, other), NHS)
    assert [row.stat for row in gated if row.context == "estimate"] == [-0.357, 0.0512]
    assert {row.status for row in gated if row.context == "arm_summary"} == {"suppressed"}
    assert gate(gated, NHS) == gated


def test_effects_in_subgroups_have_few_digits() -> None:
    groups = (("subgroup", "sex"), ("level", "female"))
    row = Row("by_sex", "subgroup", "estimate", 3 / 97 - 40 / 103, unit="proportion", groups=groups)
    assert [one.stat for one in gate((row, replace(row, stat_name="std_error", unit="")), NHS)] == [
        -0.357
    ] * 2

"""An interval without an end is written as such, in words and in pictures, and no infinity leaks out."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from precept_stats.report.blocks import Prose
from precept_stats.report.figure_data import ForestData
from precept_stats.report.figures import draw
from precept_stats.report.format import MINUS, Scale, df_text, fixed, range_text
from precept_stats.report.render_html import render_html
from precept_stats.report.story import story
from precept_stats.values import Results, Row

from .builder import plan, results
from .test_wedge_story import changed
from .wedge import wedge_plan, wedge_results

SIDES = {"below": ("conf_low",), "above": ("conf_high",), "below and above": ("conf_low", "conf_high")}


def without_limits(found: Results, analysis: str, side: str) -> Results:
    """The results as a randomisation test with too few allocations would give them for one analysis."""
    entry = found[analysis]
    gone = {*SIDES[side], "df"}
    kept = [
        replace(row, stat_label="Randomisation level") if row.stat_name == "conf_level" else row
        for row in entry.rows
        if not (row.context == "estimate" and row.stat_name in gone)
    ]
    like = next(row for row in kept if row.context == "estimate")
    said: Row = replace(
        like, stat_name="conf_method", stat=f"inversion of the randomisation test; unbounded {side}"
    )
    changed = replace(entry, rows=(*kept, said))
    entries = tuple(changed if each.analysis == analysis else each for each in found.analyses)
    return replace(found, analyses=entries)


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("analysis", ["primary", "weighted"])
def test_a_report_of_an_interval_without_end(analysis: str, side: str) -> None:
    report = story(plan(), without_limits(results(), analysis, side))
    html = render_html(report)
    assert "unbounded" in html
    text = re.sub(r"<style.*?</style>|<script.*?</script>|<[^>]+>", " ", html, flags=re.DOTALL)
    assert not re.search(r"\b(inf|nan|infinity)\b", text, re.IGNORECASE)
    forest = next(figure for figure in report.figures if figure.id == "forest")
    assert "unbounded" in draw(forest.data, tag=forest.tag)
    assert "An arrow is a side without end." in forest.caption
    wanted = (side != "above", side != "below")
    marks = {line.label: line.mark for panel in forest.data.panels for line in panel.lines}
    label = {"primary": "Main analysis", "weighted": "Weighted"}[analysis]
    assert marks.pop(label).no_end == wanted
    assert all(mark is None or mark.no_end == (False, False) for mark in marks.values())
    for narrow in (False, True):
        plain = draw(without_arrows(forest.data), narrow=narrow)
        assert draw(forest.data, narrow=narrow).count("<use ") == plain.count("<use ") + sum(wanted)


def without_arrows(data: ForestData) -> ForestData:
    """The same figure, its marks ending where their value is."""
    panels = []
    for panel in data.panels:
        lines = (
            replace(line, mark=replace(line.mark, no_end=(False, False))) if line.mark else line
            for line in panel.lines
        )
        panels.append(replace(panel, lines=tuple(lines)))
    return ForestData(tuple(panels))


@pytest.mark.parametrize(
    ("kinds", "heading", "caption"),
    [
        ((), "Estimate (95% CI)", "Estimates with 95% confidence intervals."),
        (("weighted",), "Estimate (95% interval)", "Estimates with 95% intervals."),
        (
            ("primary", "weighted", "ratio"),
            "Estimate (95% randomisation interval)",
            "Estimates with 95% randomisation intervals.",
        ),
    ],
)
def test_intervals_are_named_for_what_they_are(kinds, heading: str, caption: str) -> None:
    found = results()
    for analysis in kinds:
        entry = found[analysis]
        rows = tuple(
            replace(row, stat_label="Randomisation level") if row.stat_name == "conf_level" else row
            for row in entry.rows
        )
        changed = replace(entry, rows=rows)
        entries = tuple(changed if each.analysis == analysis else each for each in found.analyses)
        found = replace(found, analyses=entries)
    report = story(plan(), found)
    table = report.table("results")
    assert heading in [column.label for column in table.columns]
    assert report.figure("forest").caption.startswith(caption)
    told = " ".join(table.notes)
    assert ("randomisation intervals (\u201cWeighted\u201d)" in told) == (kinds == ("weighted",))
    assert ("holds the effects, the same in every cluster" in told) == bool(kinds)
    lead = next(block.text for block in report.blocks if getattr(block, "lead", False))
    assert ("(95% randomisation interval" in lead) == ("primary" in kinds)


@pytest.mark.parametrize("side", SIDES)
def test_an_interval_without_end_is_no_failure_of_a_refit(side: str) -> None:
    """The cluster stays in the figure, with an arrow; nothing says that it could not be estimated."""

    def cut(row: Row) -> Row | None:
        gone = row.group("left_out") == "Eton" and row.stat_name in SIDES[side]
        return None if gone else row

    report = story(wedge_plan(), changed(wedge_results(), "influence", cut))
    text = " ".join(block.text for block in report.blocks if isinstance(block, Prose))
    assert "could not be estimated" not in text
    assert "Without any one of 1 cluster the interval has a side without end." in text
    figure = report.figure("influence")
    marks = {line.label: line.mark for line in figure.data.lines}
    assert marks["Eton"].no_end == (side != "above", side != "below")
    assert any("An arrow is a side without end." in note for note in figure.notes)
    cells = {row.cells[0]: row.cells[1] for row in figure.behind.rows}
    assert "unbounded" in cells["Eton"]
    assert "unbounded" in figure.alt + " ".join(cells.values())


def test_a_primary_interval_without_end_is_said_in_the_summary() -> None:
    said = {}
    for side in SIDES:
        report = story(plan(), without_limits(results(), "primary", side))
        said[side] = " ".join(block.text for block in report.blocks if isinstance(block, Prose))
    assert f"the interval has no end in favour of new; its other limit is {MINUS}1.9" in said["above"]
    assert "the interval has no end in favour of old; its other limit is 9.1" in said["below"]
    assert "the interval has no end on either side" in said["below and above"]


def test_words_for_no_end_and_no_degrees_of_freedom() -> None:
    plain = Scale(1, 0, "", "")
    assert range_text(float("-inf"), 2.0, plain) == "unbounded to 2.00"
    assert range_text(float("-inf"), float("inf"), plain) == "unbounded"
    assert fixed(float("inf"), 1) == "unbounded"
    assert df_text(None, "inversion of the randomisation test; unbounded above") == "randomisation"
    assert df_text(None, "estimate and standard error") == "normal"

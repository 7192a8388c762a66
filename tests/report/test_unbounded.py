"""An interval without an end is written as such, in words and in pictures, and no infinity leaks out."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from precept_stats.report.figures import draw
from precept_stats.report.format import Scale, df_text, fixed, range_text
from precept_stats.report.render_html import render_html
from precept_stats.report.story import story
from precept_stats.values import Results, Row

from .builder import plan, results

SIDES = {"below": ("conf_low",), "above": ("conf_high",), "below and above": ("conf_low", "conf_high")}


def without_limits(found: Results, analysis: str, side: str) -> Results:
    """The results as a randomisation test with too few allocations would give them for one analysis."""
    entry = found[analysis]
    gone = {*SIDES[side], "df"}
    kept = [row for row in entry.rows if not (row.context == "estimate" and row.stat_name in gone)]
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


def test_words_for_no_end_and_no_degrees_of_freedom() -> None:
    plain = Scale(1, 0, "", "")
    assert range_text(float("-inf"), 2.0, plain) == "unbounded to 2.00"
    assert range_text(float("-inf"), float("inf"), plain) == "unbounded"
    assert fixed(float("inf"), 1) == "unbounded"
    assert df_text(None, "inversion of the randomisation test; unbounded above") == "randomisation"
    assert df_text(None, "estimate and standard error") == "normal"

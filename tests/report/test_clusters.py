"""Clusters under a policy that rounds: drawn only where rounding leaves a proportion about where it is."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from precept_stats.report.blocks import Heading, Prose
from precept_stats.report.sections.clusters import LEAST_DRAWN
from precept_stats.report.story import story

from .builder import Village, plan, results

NHS = "nhs_counts_v1"


def villages(*sizes):
    """Six clusters, three an arm, with these totals and four fifths of them events."""
    return tuple(
        Village(f"V{place}", "new" if place < 3 else "old", (n // 2, n), (4 * n // 5, n))
        for place, n in enumerate(sizes)
    )


@given(
    total=st.integers(LEAST_DRAWN - 2, 2000),
    share=st.floats(0, 1),
)
def test_rounding_moves_a_cluster_that_is_drawn_by_at_most_five_points(total, share):
    events = round(share * total)
    shown, of = 5 * round(events / 5), 5 * round(total / 5)
    assert of >= LEAST_DRAWN
    assert abs(shown / of - events / total) <= 4 / of + 1e-12 <= 0.05 + 1e-12


def figures(report):
    return {figure.id: figure for figure in report.figures}


def test_small_clusters_are_not_drawn_and_are_counted_by_arm():
    made = results(villages=villages(100, 120, 40, 90, 95, 200))
    figure = figures(story(plan(NHS), made))["clusters"]
    assert [sum(line.after is not None for line in arm.lines) for arm in figure.data.arms] == [2, 3]
    assert figure.notes[1] == "Clusters with a total below 80 at follow-up are not drawn there: 1 with new."
    assert [arm.name for arm in figure.data.arms] == ["new: 2 of 3 clusters", "old: 3 clusters"]
    cells = {cell for row in figure.behind.rows for cell in row.cells}
    assert "30 of 40" in cells
    assert "80 of 100 (80.0%)" in cells


def test_where_most_of_an_arm_is_too_small_words_and_the_arms_stand_in_for_the_figure():
    report = story(plan(NHS), results(villages=villages(100, 40, 40, 90, 95, 200)))
    assert "clusters" not in figures(report)
    shown = [row.cells for row in report.table("clusters-arms").rows]
    assert shown == [("new", "3", "1", "55.0%"), ("old", "3", "3", "52.0%")]
    place = report.blocks.index(Heading(2, "Outcome by cluster"))
    why = report.blocks[place + 1]
    assert isinstance(why, Prose)
    assert "too small to be drawn under the disclosure policy nhs_counts_v1" in why.text


@pytest.mark.parametrize(("policy", "told"), [(NHS, True), ("none", False)])
def test_table_one_says_that_sizes_are_rounded(policy, told):
    unit = "individuals per cluster"
    made = results()
    sized = tuple(
        dataclasses.replace(
            entry, rows=tuple(dataclasses.replace(r, unit=unit) if _is_mean(r) else r for r in entry.rows)
        )
        for entry in made.analyses
    )
    notes = story(plan(policy), dataclasses.replace(made, analyses=sized)).table("table-1").notes
    assert ("Cluster sizes are rounded to 5, as counts are." in notes) is told


def _is_mean(row):
    return row.context == "baseline" and row.stat_name in ("mean", "median", "p25", "p75")


@pytest.mark.parametrize("size", [9, 40])
def test_without_a_policy_every_cluster_is_drawn(size):
    figure = figures(story(plan(), results(villages=villages(*[size] * 6))))["clusters"]
    assert all(line.after and line.before for arm in figure.data.arms for line in arm.lines)
    assert figure.notes == ()

"""The gate and areas: nothing that is left gives a count of 1 to 7 away."""

from __future__ import annotations

import itertools

import pandas as pd
import pytest

import precept_stats as ps
from precept_stats.data.policies import read_policy
from precept_stats.report.disclosure import gate
from precept_stats.values import Row

POLICY = "nhs_counts_v1"
RULE = read_policy(POLICY).policy.counts
METHODS = (
    ps.DisparityIndices(),
    ps.RegionalShrinkage(),
    ps.RegionalShrinkage.model_validate({"estimation": {"kind": "bayesian"}}),
    ps.FunnelPlot(),
)


def rows_of(counts: list[tuple[int, int]], *, periods: int = 1) -> tuple[Row, ...]:
    """All rows of all methods over areas with these counts."""
    frame = pd.DataFrame(
        [(f"Area {k}", f"P{t}", d, n) for t in range(periods) for k, (d, n) in enumerate(counts)],
        columns=["area", "period", "events", "people"],
    )
    outcome = ps.Outcome(column="events", denominator="people", type="binary", direction="lower_better")
    question = ps.AreaQuestion(ps.Population(of="areas"), outcome)
    study = ps.Regions(area="area", period="period", scale="per_cent")
    how = ps.DisparityHow(seed=1)
    found = [ps.disparity(study, frame, question, method, how).rows for method in METHODS]
    if periods > 2:
        found.append(ps.disparity(study, frame, question, ps.ControlCharts(), how).rows)
    seen: dict[tuple[object, ...], Row] = {}
    for row in itertools.chain(*found):
        seen[row.context, row.groups, row.measure, row.term, row.stat_name, row.variable] = row
    return tuple(seen.values())


def numbers_about(rows: tuple[Row, ...], area: str) -> dict[str, object]:
    return {
        f"{row.context} {row.stat_name}": row.stat
        for row in rows
        if row.group("area") == area and not isinstance(row.stat, str) and row.stat is not None
    }


SAFE = [(40, 200), (55, 260), (90, 310), (33, 150), (71, 222)]


@pytest.mark.parametrize("small", [(3, 120), (117, 120), (2, 6), (0, 5)])
def test_an_area_with_a_small_count_keeps_only_its_size(small: tuple[int, int]) -> None:
    shown = gate(rows_of([*SAFE, small]), POLICY)
    left = numbers_about(shown, "Area 5")
    allowed = {"area N", "area conf_level", "shrinkage conf_level"}
    assert set(left) <= allowed, left
    if small[1] < RULE.suppress_below:
        assert "area N" not in left


def test_what_is_made_of_several_areas_goes_in_a_period_with_a_small_count() -> None:
    shown = gate(rows_of([*SAFE, (3, 120)]), POLICY)
    assert all(
        row.stat is None for row in shown if row.context == "disparity" and row.stat_name == "estimate"
    )
    assert all(
        row.stat is None for row in shown if row.context == "joint_test" and row.stat_name == "p_value"
    )
    of_model = [row for row in shown if row.context == "shrinkage" and row.stat_name == "estimate"]
    assert all(row.stat is None for row in of_model if not row.group("area"))
    assert all(row.stat is None for row in shown if row.context == "funnel" and row.stat_name == "upper")


def test_gating_twice_changes_nothing() -> None:
    for counts in (SAFE, [*SAFE, (3, 120)]):
        shown = gate(rows_of(counts, periods=3), POLICY)
        assert gate(shown, POLICY) == shown


def test_estimates_that_are_shown_are_made_of_rounded_counts() -> None:
    shown = gate(rows_of(SAFE), POLICY)
    for k, (events, people) in enumerate(SAFE):
        left = numbers_about(shown, f"Area {k}")
        assert left["area n"] == RULE.rounded(events)
        assert left["area N"] == RULE.rounded(people)
        assert left["area estimate"] == pytest.approx(100.0 * RULE.rounded(events) / RULE.rounded(people))


def signature(counts: list[tuple[int, int]]) -> tuple[object, ...]:
    """Everything that is shown, as one value."""
    return tuple(
        (row.context, row.groups, row.measure, row.term, row.stat_name, row.stat)
        for row in gate(rows_of(counts), POLICY)
    )


def test_the_small_count_cannot_be_worked_back_even_where_all_others_are_known() -> None:
    """An attacker who knows every other area exactly, and the method, compares what each count would show."""
    others = [(40, 200), (55, 260), (90, 310)]
    seen = [signature([*others, (events, 120)]) for events in range(1, 8)]
    assert len(set(seen)) == 1, "every count of 1 to 7 shows the same"


def test_the_same_of_two_areas_and_of_a_complement() -> None:
    for shape in ((lambda x: (x, 90)), (lambda x: (90 - x, 90))):
        seen = [signature([(30, 200), shape(events)]) for events in range(1, 8)]
        assert len(set(seen)) == 1


def test_a_chart_with_a_small_month_goes() -> None:
    frame_rows = rows_of([(3, 120), (55, 260), (90, 310)], periods=4)
    shown = gate(frame_rows, POLICY)
    of_small = [row for row in shown if row.context == "chart" and row.group("area") == "Area 0"]
    assert of_small
    assert all(row.stat is None for row in of_small if row.stat_name != "n_useful")
    of_safe = [row for row in shown if row.context == "chart" and row.group("area") == "Area 1"]
    assert any(row.stat is not None for row in of_safe if row.stat_name == "upper")


def test_areas_without_counts_are_not_shown() -> None:
    rows = tuple(row for row in rows_of(SAFE) if row.stat_name not in ("n", "N", "n_missed"))
    shown = gate(rows, POLICY)
    assert all(row.stat is None for row in shown if row.context == "area" and row.stat_name == "estimate")


def test_no_policy_lets_all_pass() -> None:
    rows = rows_of([*SAFE, (3, 120)])
    assert gate(rows, "none") == rows

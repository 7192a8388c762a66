"""The table of a bundle, and what of it leaves under a disclosure policy."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from precept_stats.data.shipped import shipped
from precept_stats.plan.reader import read_plan
from precept_stats.report.blocks import Report
from precept_stats.report.disclosure import gate
from precept_stats.report.story import story
from precept_stats.runner import run
from precept_stats.values import Row

NHS = "nhs_counts_v1"
PLAN = shipped("analysis_plans") / "periprem_bundle.yaml"


def line(variable: str, n: int, total: int, missing: int = 0, **more: int) -> tuple[Row, ...]:
    """The rows of one element in one arm; with ``people``, of a composite of opportunities."""
    about = Row("a", "composite", "", None, groups=(("arm", "new"),), variable=variable)
    unit = "opportunities" if "people" in more else "individuals"
    told = [("n", n, "events"), ("N", total, unit), ("n_missing", missing, "individuals")]
    told += [("n_individuals", more["people"], "individuals")] if "people" in more else []
    rows = [replace(about, stat_name=name, stat=value, unit=kind) for name, value, kind in told]
    share = replace(about, stat_name="p", stat=n / total, unit="proportion")
    return (*rows, share)


def shown(rows: tuple[Row, ...]) -> dict[str, object]:
    return {row.stat_name: row.stat for row in rows}


@given(total=st.integers(1, 400), share=st.floats(0, 1), missing=st.integers(0, 30))
def test_counts_of_an_element_are_rounded_or_gone_and_its_share_with_them(
    total: int, share: float, missing: int
) -> None:
    n = round(share * total)
    found = shown(gate(line("cord", n, total, missing), NHS))
    for name, count in (("n", n), ("N", total), ("n_missing", missing)):
        assert found[name] == (None if 0 < count < 8 else 5 * int((count + 2.5) // 5))
    if found["n"] is None or found["N"] is None:
        assert found["p"] is None
    else:
        assert found["p"] == float(str(found["n"])) / float(str(found["N"]))


@pytest.mark.parametrize("people", range(1, 8))
def test_nothing_is_shown_of_the_opportunities_of_few_people(people: int) -> None:
    found = shown(gate(line("opportunities", 8 * people, 11 * people, people=people), NHS))
    assert found == {"n": None, "N": None, "p": None, "n_individuals": None, "n_missing": 0}


def test_opportunities_of_enough_people_are_rounded() -> None:
    found = shown(gate(line("opportunities", 61, 81, people=9), NHS))
    assert (found["n"], found["N"], found["p"], found["n_individuals"]) == (60, 80, 0.75, 10)


def test_a_cluster_of_opportunities_keeps_two_decimals_or_nothing() -> None:
    about = Row("a", "cluster_outcome", "", None, groups=(("arm", "new"), ("cluster", "A")), variable="o")
    for people, left in ((9, 0.75), (5, None)):
        rows = (
            replace(about, stat_name="N", stat=people, unit="individuals"),
            replace(about, stat_name="mean", stat=61 / 81, unit="proportion"),
        )
        gated = gate(rows, NHS)
        assert gated[1].stat == left
        assert gate(gated, NHS) == gated


@pytest.fixture(scope="module")
def report() -> Report:
    loaded = read_plan(PLAN)
    return story(loaded, run(loaded))


def test_elements_and_composites_stand_in_one_table(report: Report) -> None:
    table = report.table("bundle-1")
    names = [row.cells[0] for row in table.rows]
    assert len(names) == 14
    assert names[-3:] == [
        "Whole bundle given",
        "Opportunities for care taken",
        "Whole bundle recorded as given",
    ]
    assert [row.kind for row in table.rows] == ["plain"] * 11 + ["strong"] * 3
    assert table.tag == "Synthetic data"
    assert any("All or none" in note for note in table.notes)
    assert any("counts as not given" in note for note in table.notes)


def test_the_same_report_under_a_policy_shows_no_count_that_is_not_rounded() -> None:
    loaded = read_plan(PLAN)
    rows = [row for row in gate(run(loaded).rows, NHS) if row.context in ("composite", "cluster_outcome")]
    counts = [row for row in rows if row.unit in ("individuals", "events", "opportunities")]
    assert counts
    assert all(row.stat is None or int(row.stat) % 5 == 0 for row in counts)
    assert any(row.status == "suppressed" for row in counts)


def test_opportunities_have_no_number_needed_to_treat(report: Report) -> None:
    labels = [row.cells[0] for row in report.table("numbers-needed").rows]
    assert labels
    assert "Opportunities" not in labels


def test_what_was_not_recorded_is_said_as_the_composite_counts_it(report: Report) -> None:
    cells = {row.cells[0]: row.cells[-1] for row in report.table("bundle-1").rows}
    composites = [text for text in cells.values() if text.endswith(" with nothing recorded")]
    assert len(composites) == 1

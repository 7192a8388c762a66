"""Secondary suppression: sums that readers know tell no suppressed count, and absence tells nothing."""

from pathlib import Path

import pytest

from precept_stats import read_plan, run
from precept_stats.data.policies import (
    CountRule,
    policy_names,
    policy_schema_text,
    read_policy,
    read_policy_text,
)
from precept_stats.data.shipped import shipped
from precept_stats.errors import DisclosureError, PlanError
from precept_stats.report.attack.programme import attack
from precept_stats.report.attack.relations import sheet_of
from precept_stats.report.attack.releases import learn
from precept_stats.report.attack.secondary import protect
from precept_stats.report.disclosure import gate
from precept_stats.report.guarded import WITHHELD
from precept_stats.values import Row
from tests.calibration.disclosure import table

from .builder import plan

NHS = "nhs_counts_v1"
RULE = read_policy(NHS).policy.counts
EXACT = CountRule(suppress_below=2, round_to=1)


@pytest.mark.parametrize("name", ["achievement_awards", "periprem_bundle", "ahsn_disparity"])
def test_every_relation_holds_of_the_counts_of_a_shipped_plan(name: str) -> None:
    sheet = sheet_of(run(read_plan(shipped("analysis_plans") / f"{name}.yaml")).rows, EXACT)
    assert len(sheet.sums) > 100
    for each in sheet.sums:
        ends = [
            [weight * sheet.cells[name].span[(weight > 0) == high] for name, weight in each.terms]
            for high in (False, True)
        ]
        assert sum(ends[0]) <= each.high, each
        assert sum(ends[1]) >= each.low, each


def test_a_count_that_rounded_sums_tell_is_no_longer_told() -> None:
    rows = table((1, 13, 8))
    alone = tuple(row for row in gate(rows, NHS) if row.warning == WITHHELD)
    assert len(alone) == 1
    released = gate(rows, NHS)
    (left,) = attack(sheet_of(released, RULE))
    assert left.span == (1, 7)
    assert gate(released, NHS) == released


def test_what_is_withheld_is_the_same_whatever_it_was() -> None:
    pictures = {tuple(row.stat for row in gate(table((3, value, 40 - value)), NHS)) for value in (8, 13, 20)}
    assert all(stats[:2] == (None, None) for stats in pictures)
    assert gate(table((3, 0, 40)), NHS)[1].warning == WITHHELD


def test_a_sum_that_tells_nothing_stays_whole() -> None:
    released = gate(table((3, 40)), NHS)
    assert [row.stat for row in released] == [None, 40, 45]


def test_an_earlier_release_is_known_too() -> None:
    """Released before: the parts. Now: the total, which would tell the part that was hidden."""
    parts, whole = table((1, 13, 8))[:3], table((1, 13, 8))[3:]
    before = gate(parts, NHS)
    assert [row.stat for row in before] == [None, 15, 10]
    together = sheet_of(gate(whole, NHS), RULE)
    learn(together, sheet_of((*before, *gate(whole, NHS)), RULE), "both")
    assert [found.span for found in attack(together)] == [(1, 1)]
    assert gate(whole, NHS)[0].stat == 20


def test_protection_changes_nothing_but_what_goes() -> None:
    rows = [Row("a", "estimate", "estimate", 0.25, variable="y"), *gate(table((3, 40)), NHS)]
    assert protect(rows, RULE) == rows


def test_policies_are_files_and_the_schema_ships() -> None:
    assert policy_names() == ("none", "nhs_counts_v1", "onc_10")
    text = (shipped("disclosure_policies") / "policy.schema.json").read_text(encoding="utf-8")
    assert text == policy_schema_text()
    assert [read_policy(name).policy.id for name in policy_names()] == list(policy_names())
    with pytest.raises(PlanError, match="nhs_counts_v2"):
        plan("nhs_counts_v2")


def test_a_policy_that_contradicts_itself_is_refused() -> None:
    text = (shipped("disclosure_policies") / "onc_10.yaml").read_text(encoding="utf-8")
    with pytest.raises(DisclosureError, match="rounds to one that is suppressed"):
        read_policy_text(text.replace("suppress_below: 10", "suppress_below: 11"), "mine")
    with pytest.raises(DisclosureError, match="not a disclosure policy"):
        read_policy_text(text.replace("min_df: 10", "least_df: 10"), "mine")


@pytest.mark.parametrize(("df", "shown"), [(9.4, False), (10.0, True)])
def test_answers_on_few_degrees_of_freedom_go_under_onc_10(df: float, shown: bool) -> None:
    rows = tuple(Row("a", "estimate", stat, value) for stat, value in (("estimate", 0.2), ("df", df)))
    assert (gate(rows, "onc_10")[0].stat is not None) == shown
    assert gate(rows, NHS) == rows


@pytest.mark.parametrize(("sizes", "shown"), [((60, 60, 5, 5), False), ((60, 60, 60, 60), True)])
def test_means_of_arms_that_two_clusters_hold_go_under_onc_10(sizes: tuple[int, ...], shown: bool) -> None:
    rows = [Row("a", "arm_summary", "estimate", 0.5, groups=(("arm", "new"),), variable="y")]
    for place, size in enumerate(sizes):
        groups = (("arm", "new"), ("cluster", f"C{place}"), ("period", "follow_up"))
        more = {"groups": groups, "variable": "y"}
        rows.append(Row("a", "cluster_outcome", "N", size, unit="individuals", **more))
    assert (gate(tuple(rows), "onc_10")[0].stat is not None) == shown


def test_counts_below_ten_go_under_onc_10() -> None:
    rows = tuple(
        Row("a", "fit", "n", n, unit="individuals", groups=(("arm", str(n)),)) for n in (0, 8, 9, 10, 13)
    )
    assert [row.stat for row in gate(rows, "onc_10")] == [0, None, None, 10, 15]


def test_the_folder_of_policies_holds_nothing_else() -> None:
    names = {path.stem for path in Path(shipped("disclosure_policies")).glob("*.yaml")}
    assert names == set(policy_names())

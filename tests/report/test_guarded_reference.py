"""The distribution of a test under the policy: coarse where it tells nothing of a cluster, else gone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from precept_stats.inference.quantities import linear
from precept_stats.inference.reference_rows import reference_rows
from precept_stats.inference.rows import Header
from precept_stats.inference.uncertainty import Randomisation, estimate
from precept_stats.numerics.allocations import Blocks, Every
from precept_stats.numerics.shift_tests import difference_test
from precept_stats.report.disclosure import gate
from precept_stats.report.guarded_reference import FEWEST, PLAIN
from precept_stats.values import Row

EFFECT = linear("risk_difference", "b - a", np.ones(1), unit="proportion")


def rows(clusters: int, smallest: int = 30, shift: float = 0.0) -> tuple[Row, ...]:
    rng = np.random.default_rng(clusters)
    values, half = rng.uniform(0.2, 0.6, clusters), clusters // 2
    values[3] += shift
    blocks = Blocks(np.repeat([0, 1], half), np.zeros(clusters, dtype=np.intp))
    test = difference_test(values, np.ones(clusters), blocks, Every())
    fit = Randomisation(("effect",), np.array([test.estimate]), test)
    made = reference_rows(Header("main", "e", "primary", "y"), fit, estimate(fit, EFFECT, 0.95))
    size = Row("main", "flow", "size_min", smallest, unit="individuals", variable="analysed", term="analysed")
    return (*made, size)


def of_bins(found: tuple[Row, ...]) -> list[Row]:
    return [row for row in found if row.context == "reference" and row.stat_name not in PLAIN]


def test_many_values_are_shown_in_whole_per_cent_between_ends_of_three_digits() -> None:
    given = rows(14)
    gated = gate(given, "nhs_counts_v1")
    shown = of_bins(gated)
    assert all(row.stat is not None for row in shown)
    for row in shown:
        if row.stat_name == "share":
            assert row.stat == round(row.stat, 2)
        else:
            assert row.stat == float(f"{row.stat:.2e}")
    plain = {row.stat_name: row.stat for row in gated if row.context == "reference" and not row.groups}
    assert plain == {
        row.stat_name: row.stat for row in given if row.context == "reference" and not row.groups
    }
    assert gate(gated, "nhs_counts_v1") == gated


@pytest.mark.parametrize(("clusters", "smallest"), [(6, 30), (8, 30), (14, 5)])
def test_few_values_or_small_clusters_leave_no_bin(clusters: int, smallest: int) -> None:
    gated = gate(rows(clusters, smallest), "nhs_counts_v1")
    assert of_bins(gated)
    assert all(row.stat is None and row.status == "suppressed" and row.warning for row in of_bins(gated))
    assert gate(gated, "nhs_counts_v1") == gated


def test_one_event_more_in_one_cluster_can_hardly_be_seen_in_the_shares() -> None:
    """Shares of two trials that differ by an event of 400 in one cluster: gated, nearly all agree."""
    one, other = rows(14), rows(14, shift=1 / 400)
    assert next(row.stat for row in one if row.stat_name == "n_distinct") >= FEWEST

    def alike(left: tuple[Row, ...], right: tuple[Row, ...]) -> float:
        pairs = zip(of_bins(left), of_bins(right), strict=True)
        return float(np.mean([row.stat == twin.stat for row, twin in pairs if row.stat_name == "share"]))

    assert alike(one, other) < 0.5
    assert alike(gate(one, "nhs_counts_v1"), gate(other, "nhs_counts_v1")) > 0.9


def test_another_number_of_a_distribution_does_not_slip_by() -> None:
    given = rows(14)
    first = of_bins(given)[0]
    odd = replace(first, stat_name="mean_of_bin")
    gated = gate((*given, odd), "nhs_counts_v1")
    assert next(row for row in gated if row.stat_name == "mean_of_bin").stat is None


def test_without_a_policy_nothing_changes() -> None:
    assert gate(rows(8), "none") == rows(8)

"""Rows of the distribution of a test: the shares of its tails are its p-value, and other fits have none."""

from __future__ import annotations

import numpy as np
import pytest

from precept_stats.inference.asymptotic import Asymptotic
from precept_stats.inference.quantities import linear
from precept_stats.inference.reference_rows import BETWEEN, EXTREME, reference_rows
from precept_stats.inference.rows import Header
from precept_stats.inference.uncertainty import Randomisation, estimate
from precept_stats.numerics.allocations import Blocks, Every
from precept_stats.numerics.shift_tests import difference_test, studentised_test

EFFECT = linear("mean_difference", "b - a", np.ones(1), unit="g")
HEADER = Header("main", "e", "primary", "y", "warning", "few clusters")


@pytest.mark.parametrize("studentised", [False, True])
@pytest.mark.parametrize("clusters", [6, 14])
def test_the_shares_of_the_tails_are_the_p_value(clusters: int, studentised: bool) -> None:
    values = np.random.default_rng(clusters).normal(size=clusters)
    blocks = Blocks(np.arange(clusters) % 2, np.zeros(clusters, dtype=np.intp))
    test = (
        studentised_test(values, blocks, Every())
        if studentised
        else difference_test(values, np.ones(clusters), blocks, Every())
    )
    fit = Randomisation(("effect",), np.array([test.estimate]), test)
    found = estimate(fit, EFFECT, 0.95)
    rows = list(reference_rows(HEADER, fit, found))
    alone = {row.stat_name: row.stat for row in rows if not row.group("bin")}
    assert alone["test"] == "randomisation test"
    assert alone["observed"] == found.statistic
    assert alone["share_extreme"] == pytest.approx(found.p_value, abs=1e-12)
    assert alone["n_replicates"] == {6: 20, 14: 3432}[clusters]
    shares = {row.group("bin"): row for row in rows if row.stat_name == "share"}
    assert sum(row.stat for row in shares.values()) == pytest.approx(1.0)
    tails = [row.stat for row in shares.values() if row.variable_level == EXTREME]
    assert sum(tails) == pytest.approx(found.p_value, abs=1e-12)
    assert {row.variable_level for row in shares.values()} <= {EXTREME, BETWEEN}
    ends = [row for row in rows if row.stat_name in ("lower", "upper", "observed")]
    assert {row.unit for row in ends} == {"" if studentised else "g"}
    assert {row.measure for row in rows} == {"studentised_difference" if studentised else "difference"}
    assert {(row.term, row.variable, row.status) for row in rows} == {("b - a", "y", "ok")}
    keys = [(row.groups, row.stat_name) for row in rows]
    assert len(keys) == len(set(keys))


def test_a_fit_without_such_a_test_has_no_such_rows() -> None:
    fit = Asymptotic(("effect",), np.ones(1), np.eye(1), lambda _: 10.0)
    assert list(reference_rows(HEADER, fit, estimate(fit, EFFECT, 0.95))) == []

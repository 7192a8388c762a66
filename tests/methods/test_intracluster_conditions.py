"""Correlations over periods under each condition: held to pairs one by one and to dense likelihoods."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
from scipy import optimize

from precept_stats.errors import FitError
from precept_stats.inference.seeds import Seed
from precept_stats.methods.icc_conditions import under
from precept_stats.methods.intracluster import IccSettings, icc_objections
from precept_stats.methods.intracluster_rows import IccHow, correlation_rows
from precept_stats.studies.period_design import PeriodDesign
from precept_stats.studies.question import Outcome
from precept_stats.studies.stepped_wedge import SteppedWedge
from precept_stats.values import Row

from .wedges import OUTCOME, wedge

ABOUT = Row("likeness", "icc", "", None, estimand="e", variable="y")
MEASURES = ("icc_within_period", "icc_between_periods", "cluster_autocorrelation")
REML, PAIRS = "Restricted likelihood", "Pairwise (interval none)"
ASKED = IccSettings.model_validate(
    {"estimators": [{"kind": "reml"}, {"kind": "pairwise", "interval": {"kind": "none"}}], "by_arm": True}
)


def found_in(design: PeriodDesign, asked: IccSettings = ASKED) -> dict[tuple[str, str, str, str], Row]:
    rows = correlation_rows(ABOUT, design, asked, IccHow(seed=Seed(3)))
    return {
        (row.group("arm"), row.group("estimator"), row.measure, row.stat_name): row
        for row in rows
        if row.context == "icc"
    }


def by_pairs(design: PeriodDesign, arm: int, *, same_period: bool) -> float:
    """Every ordered pair of people of a cluster, about the mean of their period over such pairs."""
    pairs = []
    for cluster in range(design.n_clusters):
        mine = np.flatnonzero((design.row_cluster == cluster) & (design.row_treated == arm))
        pairs += [
            (i, j)
            for i, j in permutations(mine, 2)
            if (design.row_period[i] == design.row_period[j]) == same_period
        ]
    first, second = np.array(pairs).T
    period = design.row_period
    mean = {t: design.y[first[period[first] == t]].mean() for t in set(period[first])}
    away = design.y - np.array([mean.get(t, np.nan) for t in period])
    return float(np.sum(away[first] * away[second]) / np.sum(away[first] ** 2))


def dense_reml(design: PeriodDesign, arm: int) -> tuple[float, float]:
    """Variances of clusters and cluster-periods over the residual one, by matrices of the whole data."""
    rows = design.row_treated == arm
    y, cluster, period = design.y[rows], design.row_cluster[rows], design.row_period[rows]
    X = (period[:, None] == np.unique(period)).astype(float)
    same = (cluster[:, None] == cluster).astype(float)
    cell = same * (period[:, None] == period)
    n, p = X.shape

    def criterion(logs: np.ndarray) -> float:
        V = np.eye(n) + np.exp(logs[0]) * same + np.exp(logs[1]) * cell
        inverse = np.linalg.inv(V)
        A = X.T @ inverse @ X
        off = y - X @ np.linalg.solve(A, X.T @ inverse @ y)
        rss = float(off @ inverse @ off)
        return float((n - p) * np.log(rss) + np.linalg.slogdet(V)[1] + np.linalg.slogdet(A)[1])

    best = optimize.minimize(criterion, [-1.0, -1.5], method="BFGS", options={"gtol": 1e-9})
    a, b = np.exp(best.x)
    return a, b


def test_they_may_be_asked_of_a_wedge() -> None:
    study = SteppedWedge(cluster="c", arm="a", period="p")
    assert icc_objections(ASKED, study, OUTCOME) == ()


@pytest.mark.parametrize("arm", [0, 1])
def test_pairs_and_likelihood_of_each_condition(arm: int) -> None:
    design = wedge(4, effects=1.5)
    found, name = found_in(design), design.arm_names[arm]
    within, between = (by_pairs(design, arm, same_period=same) for same in (True, False))
    ours = [found[name, PAIRS, measure, "estimate"].stat for measure in MEASURES]
    assert ours == pytest.approx([within, between, between / within], rel=1e-10)
    of_cluster, of_cell = dense_reml(design, arm)
    total = 1.0 + of_cluster + of_cell
    expected = [(of_cluster + of_cell) / total, of_cluster / total, of_cluster / (of_cluster + of_cell)]
    ours = [found[name, REML, measure, "estimate"].stat for measure in MEASURES]
    assert ours == pytest.approx(expected, rel=2e-4)
    for measure, value in zip(MEASURES, expected, strict=True):
        low, high = (found[name, REML, measure, end].stat for end in ("conf_low", "conf_high"))
        assert low < value < high


def test_sizes_are_those_of_the_condition_and_the_whole_stands_as_before() -> None:
    design = wedge(4)
    found, alone = found_in(design), found_in(design, ASKED.model_copy(update={"by_arm": False}))
    for arm, name in enumerate(design.arm_names):
        mine = design.row_treated == arm
        assert found[name, "", "", "n"].stat == mine.sum()
        assert found[name, "", "", "n_clusters"].stat == len(np.unique(design.row_cluster[mine]))
        assert found[name, "", "", "n_periods"].stat == len(np.unique(design.row_period[mine]))
    assert {key: row.stat for key, row in found.items() if not key[0]} == {
        key: row.stat for key, row in alone.items()
    }


def with_baseline(design: PeriodDesign) -> PeriodDesign:
    """Its first two periods: a baseline, then half of the clusters treated."""
    rows = design.row_period < 2
    half = np.arange(design.n_clusters) % 2
    return replace(
        design,
        periods=design.periods[:2],
        row_cluster=design.row_cluster[rows],
        row_period=design.row_period[rows],
        y=design.y[rows],
        size=design.size[rows],
        treated=np.column_stack([0 * half, half]),
        exposure=np.column_stack([0 * half, half]),
        sequence=1 - half,
        place=design.place[:2],
        groups=(),
    )


def test_one_period_under_a_condition_has_a_correlation_within_it_and_none_between() -> None:
    design = with_baseline(wedge(4))
    found = found_in(design)
    assert found["treated", REML, "icc_within_period", "estimate"].stat > 0
    assert ("treated", REML, "icc_between_periods", "estimate") not in found
    within = found["treated", PAIRS, "icc_within_period", "estimate"]
    assert within.stat == pytest.approx(by_pairs(design, 1, same_period=True), rel=1e-10)
    assert found["treated", PAIRS, "icc_between_periods", "estimate"].status == "failed"
    assert found["control", PAIRS, "icc_between_periods", "estimate"].status == "ok"
    assert found["control", REML, "icc_between_periods", "estimate"].stat is not None


def test_a_condition_of_one_cluster_is_a_row_with_the_reason() -> None:
    design = with_baseline(wedge(4))
    one = np.zeros_like(design.treated)
    one[0, 1] = 1
    found = found_in(replace(design, treated=one, exposure=one))
    row = found["treated", "", "icc_within_period", "estimate"]
    assert row.status == "failed"
    assert "1 under treated" in row.error
    with pytest.raises(FitError, match="fewer than two clusters"):
        under(replace(design, treated=one, exposure=one), 1)


def test_people_who_are_followed_keep_their_own_level() -> None:
    found = found_in(wedge(4, cohort=True))
    for name in ("control", "treated"):
        assert 0 < found[name, REML, "icc_within_period", "estimate"].stat < 1
        assert found[name, PAIRS, "icc_within_period", "estimate"].status == "failed"


def test_events_of_a_condition_are_counted() -> None:
    design = wedge(4)
    outcome = Outcome(column="y", type="binary", direction="higher_better")
    design = replace(design, y=(design.y > 3.5).astype(float), outcome=outcome, summary="risk_difference")
    found = found_in(design)
    counts = [found[name, "", "", "n_events"].stat for name in ("", *design.arm_names)]
    assert counts == [design.y.sum(), *(design.y[design.row_treated == arm].sum() for arm in (0, 1))]

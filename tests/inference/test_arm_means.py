"""An arm whose level has no standard error: the effect stays, and the level says why it has no interval."""

from __future__ import annotations

import pandas as pd
import pytest

import precept_stats as ps
from precept_stats.errors import FitError
from precept_stats.inference.asymptotic import standard_error
from precept_stats.inference.quantities import linear

IDENTITY = {"link": {"kind": "identity"}, "family": {"kind": "gaussian"}}
REASON = "no interval: the risk has no usable standard error"
NONE_IN_CONTROL = {"1": (3, 4, 5, 6), "0": (0, 0, 0, 0)}
ALIKE = {"1": (6, 6, 6), "0": (4, 5, 7)}


def data(events: dict[str, tuple[int, ...]], people: int = 10) -> pd.DataFrame:
    """So many events among the people of each cluster of an arm."""
    rows = [
        (f"c{arm}{k}", arm, int(i < count))
        for arm, counts in events.items()
        for k, count in enumerate(counts)
        for i in range(people)
    ]
    return pd.DataFrame(rows, columns=["cluster", "arm", "y"])


def answer(method: ps.Gee, events: dict[str, tuple[int, ...]]):
    study = ps.ClusterTrial(cluster="cluster", arm="arm")
    question = ps.Question(
        estimand_id="e",
        estimand=ps.Estimand(
            population="p", outcome="o", compare="1", reference="0", summary="risk_difference",
            effect="marginal", target="participant_average", intercurrent_events=(),
        ),
        population=ps.Population(of="t"),
        outcome=ps.Outcome(column="y", type="binary", direction="higher_better"),
    )  # fmt: skip
    return ps.analyse(study, method, data(events), question)


@pytest.mark.parametrize("settings", [{}, IDENTITY, {"variance": {"kind": "jackknife"}}])
def test_the_effect_stays_where_the_clusters_of_an_arm_agree(settings):
    found = answer(ps.Gee(**settings), ALIKE)
    assert found.estimate.value == pytest.approx(0.6 - 16 / 30)
    assert found.estimate.std_error > 0.05
    level = {row.stat_name: row for row in found.rows if row.context == "arm_summary" and row.term == "1"}
    assert set(level) == {"estimate"}
    assert level["estimate"].stat == pytest.approx(0.6)
    assert (level["estimate"].warning, level["estimate"].status) == (REASON, "warning")
    assert f"1: {REASON}" in found.warnings
    other = {row.stat_name for row in found.rows if row.context == "arm_summary" and row.term == "0"}
    assert {"std_error", "conf_low", "conf_high"} < other
    assert [one.contrast for one in found.estimates[1:]] == ["0"]


def test_the_effect_stays_where_an_arm_has_no_events():
    found = answer(ps.Gee(**IDENTITY), NONE_IN_CONTROL)
    assert found.estimate.value == pytest.approx(0.45)
    assert [row.stat_name for row in found.rows if row.context == "arm_summary" and row.term == "0"] == [
        "estimate"
    ]


def test_separation_of_a_risk_difference_names_the_link_that_has_an_estimate():
    with pytest.raises(FitError, match="separated") as caught:
        answer(ps.Gee(), NONE_IN_CONTROL)
    assert "link: {kind: identity} with family: {kind: gaussian}" in caught.value.allowed


def test_rounding_is_no_standard_error_in_any_unit():
    quantity = linear("risk", "1", [1.0], unit="proportion")
    for unit in (1e-9, 1.0, 1e9):
        assert standard_error(quantity, 0.6 * unit, (1e-9 * unit) ** 2) == pytest.approx(1e-9 * unit)
        with pytest.raises(FitError, match="no usable standard error"):
            standard_error(quantity, 0.6 * unit, (6e-17 * unit) ** 2)

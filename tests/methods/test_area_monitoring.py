"""Funnel plots and charts of areas, from tables to rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import precept_stats as ps
from precept_stats.errors import PlanError
from precept_stats.numerics.funnel import binomial_limits

from .areas import of, one, question, study, table

MONTHS = tuple(f"2020-{month:02d}" for month in range(1, 13))


def test_a_funnel_about_the_mean_with_exact_limits() -> None:
    frame = table(20)
    found = ps.disparity(study(), frame, question(), ps.FunnelPlot())
    target = next(row.stat for row in found.rows if row.stat_name == "target")
    assert target == pytest.approx(100.0 * frame.events.sum() / frame.people.sum())
    lower, upper = binomial_limits(frame.people.to_numpy(float), float(target) / 100.0, 0.025)
    share = frame.events / frame.people
    expected = (share > upper).astype(int) - (share < lower).astype(int)
    ours = {row.group("area"): row.stat for row in of(found, "funnel", "outside", level="0.95")}
    assert ours == dict(zip(frame.area, expected, strict=True))


@pytest.mark.parametrize("kind", ["additive", "multiplicative"])
@pytest.mark.parametrize("transformation", ["none", "stabilised"])
def test_overdispersed_limits_are_wider_and_inside_of_the_bounds(kind: str, transformation: str) -> None:
    frame = table(40)
    plain = ps.disparity(study(), frame, question(), ps.FunnelPlot())
    method = ps.FunnelPlot.model_validate({"overdispersion": kind, "transformation": transformation})
    wide = ps.disparity(study(), frame, question(), method)
    assert sum(abs(int(row.stat or 0)) for row in of(wide, "funnel", "outside")) < sum(
        abs(int(row.stat or 0)) for row in of(plain, "funnel", "outside")
    )
    for name in ("lower", "upper"):
        values = [float(row.stat or 0) for row in of(wide, "funnel", name)]
        assert min(values) >= 0.0
        assert max(values) <= 100.0
    settings = {row.variable: row.stat for row in of(wide, "setting", "value")}
    assert settings["funnel.transformation"] == transformation


@pytest.mark.parametrize("kind", ["additive", "multiplicative"])
@pytest.mark.parametrize("transformation", ["none", "stabilised"])
@pytest.mark.parametrize("law", ["binary", "count"])
def test_no_overdispersed_limit_is_inside_of_what_chance_alone_makes_likely(
    kind: str, transformation: str, law: str
) -> None:
    frame = table(40)
    none_of_thirty = pd.DataFrame([("Z", "G0", "2020", 0, 30)], columns=frame.columns)
    frame = pd.concat([frame, none_of_thirty], ignore_index=True)
    asked, where = question(type=law), study(scale="per_cent")
    method = {"target": 8.0, "overdispersion": kind, "transformation": transformation}
    wide = ps.disparity(where, frame, asked, ps.FunnelPlot.model_validate(method))
    (side,) = of(wide, "funnel", "outside", area="Z", level="0.998")
    assert 0.92**30 > 0.05
    assert side.stat == 0
    exact = ps.disparity(where, frame, asked, ps.FunnelPlot(target=8.0))
    for name, sign in (("lower", -1.0), ("upper", 1.0)):
        ours, chance = (
            np.array([float(row.stat or 0) for row in of(one_of, "funnel", name)]) for one_of in (wide, exact)
        )
        assert np.all(sign * (ours - chance) >= 0.0)


def test_a_funnel_of_rates_and_of_estimates() -> None:
    frame = table(9)
    rates = ps.disparity(study(scale="per_1000"), frame, question(type="count"), ps.FunnelPlot())
    assert of(rates, "funnel", "z")
    given = frame.assign(rate=10.0 + np.arange(9), se=2.0)
    asked = question(column="rate", denominator=None, type="continuous")
    where = study(std_error="se", weights="equal", scale="own")
    found = ps.disparity(where, given, asked, ps.FunnelPlot(target=14.0))
    z = [float(row.stat or 0) for row in of(found, "funnel", "z")]
    assert z == pytest.approx((given.rate - 14.0).div(2.0).tolist())


def test_a_target_that_cannot_be() -> None:
    with pytest.raises(PlanError, match="target"):
        ps.disparity(study(), table(4), question(), ps.FunnelPlot(target=140.0))


def months(shift: float) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    rows = []
    for area in ("A", "B"):
        for at, month in enumerate(MONTHS):
            share = 0.5 + (shift if area == "B" and at >= 6 else 0.0)
            rows.append((area, month, int(rng.binomial(80, share)), 80))
    return pd.DataFrame(rows, columns=["area", "period", "events", "people"])


def test_charts_of_an_area_that_changes_and_of_one_that_does_not() -> None:
    found = ps.disparity(study(period="period"), months(0.35), question(), ps.ControlCharts())
    signal = {row.group("area"): row.stat for row in of(found, "chart", "signal")}
    assert signal["B"] == 1
    centre = next(row.stat for row in of(found, "chart", "centre", area="A") if row.measure == "p_chart")
    frame = months(0.35)
    mine = frame[frame.area == "A"]
    assert centre == pytest.approx(100.0 * mine.events.sum() / mine.people.sum())
    assert {row.measure for row in of(found, "chart", "lower")} == {"p_chart", "p_prime_chart"}


def test_charts_need_periods_and_counts() -> None:
    with pytest.raises(PlanError, match="several periods"):
        ps.disparity(study(), table(4), question(), ps.ControlCharts())
    frame = months(0.0).assign(rate=1.0, se=0.5)
    asked = question(column="rate", denominator=None, type="continuous")
    where = study(period="period", std_error="se", weights="equal", scale="own")
    with pytest.raises(PlanError, match="counts"):
        ps.disparity(where, frame, asked, ps.ControlCharts())


def test_people_without_the_outcome_are_counted_by_area() -> None:
    frame = table(4)
    found = ps.disparity(study(), frame, question("higher_better"), ps.DisparityIndices(measures=("mean",)))
    missed = {row.group("area"): row.stat for row in of(found, "area", "n_missed")}
    assert missed == dict(zip(frame.area, frame.people - frame.events, strict=True))
    assert one(found, "mean").stat is not None

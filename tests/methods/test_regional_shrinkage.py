"""Areas together from tables to rows: what is told, what is refused, and that no rank is without limits."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError
from scipy import stats

import precept_stats as ps
from precept_stats.errors import DataError, PlanError

from .areas import of, one, question, study, table

HOW = ps.DisparityHow(seed=20261123)


def shrunken(frame: pd.DataFrame, *, fields: dict[str, Any] | None = None, **settings: Any) -> ps.Disparity:
    method = ps.RegionalShrinkage.model_validate(settings)
    return ps.disparity(study(**(fields or {})), frame, question(), method, HOW)


def test_what_two_random_areas_differ_by_follows_from_the_spread() -> None:
    found = shrunken(table(30))
    sd = one(found, "sd_between_areas").stat
    assert isinstance(sd, float)
    ratio = one(found, "median_odds_ratio")
    assert ratio.stat == pytest.approx(math.exp(math.sqrt(2.0) * stats.norm.ppf(0.75) * sd))
    assert one(found, "interval_odds_ratio_80").stat == pytest.approx(
        math.exp(math.sqrt(2.0) * stats.norm.ppf(0.9) * sd)
    )
    assert one(found, "variance_partition").stat == pytest.approx(sd**2 / (sd**2 + math.pi**2 / 3.0))
    low, high = (one(found, "median_odds_ratio", name).stat for name in ("conf_low", "conf_high"))
    assert isinstance(low, float)
    assert isinstance(high, float)
    assert 1.0 < low < float(ratio.stat) < high


@pytest.mark.parametrize("estimation", ["likelihood", "bayesian"])
def test_every_rank_has_its_limits(estimation: str) -> None:
    found = shrunken(table(15), estimation={"kind": estimation}, worst=3)
    ranked = of(found, "shrinkage", "mean_rank")
    assert len(ranked) == 15
    for name in ("rank_low", "rank_high", "p_worst"):
        assert len(of(found, "shrinkage", name)) == 15
    assert sum(float(row.stat or 0) for row in of(found, "shrinkage", "p_worst")) == pytest.approx(3.0)
    assert sum(float(row.stat or 0) for row in ranked) == pytest.approx(15 * 16 / 2)


def test_the_two_estimations_agree_where_areas_are_many() -> None:
    frame = table(60)
    ours = [
        {row.group("area"): float(row.stat or 0) for row in of(found, "shrinkage") if row.group("area")}
        for found in (shrunken(frame), shrunken(frame, estimation={"kind": "bayesian"}))
    ]
    own = {row.group("area"): float(row.stat or 0) for row in of(shrunken(frame), "area")}
    apart = [abs(ours[0][area] - ours[1][area]) for area in own]
    assert max(apart) < 0.35
    middle = np.mean(list(own.values()))
    assert all(abs(ours[0][area] - middle) < abs(own[area] - middle) + 1.0 for area in own)


def test_the_seed_makes_it_again_and_none_is_refused() -> None:
    frame = table(8)
    assert shrunken(frame).rows == shrunken(frame).rows
    with pytest.raises(PlanError, match="no seed"):
        ps.disparity(study(), frame, question(), ps.RegionalShrinkage())


def test_areas_that_do_not_differ_have_no_ranks() -> None:
    frame = pd.DataFrame({"area": list("ABCDEF"), "events": [40] * 6, "people": [200] * 6})
    found = shrunken(frame)
    assert not of(found, "shrinkage", "mean_rank")
    assert all(row.status == "warning" for row in of(found, "shrinkage") if row.group("area"))
    assert one(found, "sd_between_areas").stat == pytest.approx(0.0)
    assert one(found, "median_odds_ratio").status == "warning"


def test_areas_in_groups() -> None:
    frame = table(18)
    found = shrunken(frame, fields={"within": "group"})
    assert one(found, "sd_between_groups").stat is not None
    twice = frame.assign(group=[f"G{k % 4}" for k in range(len(frame))])
    doubled = pd.concat([frame.assign(period="1"), twice.assign(period="2")])
    with pytest.raises(DataError, match="more than one group"):
        shrunken(doubled, fields={"within": "group", "period": "period"})
    with pytest.raises(PlanError, match="by likelihood"):
        shrunken(frame, fields={"within": "group"}, estimation={"kind": "bayesian"})


def test_estimates_need_the_scale_of_their_prior() -> None:
    frame = pd.DataFrame({"area": list("ABCD"), "rate": [10.0, 12.0, 15.0, 11.0], "se": [1.0, 2.0, 1.5, 1.0]})
    asked = question(column="rate", denominator=None, type="continuous")
    where = study(std_error="se", weights="equal", scale="own")
    found = ps.disparity(where, frame, asked, ps.RegionalShrinkage(), HOW)
    assert one(found, "typical_area").stat is not None
    method = ps.RegionalShrinkage.model_validate({"estimation": {"kind": "bayesian"}})
    with pytest.raises(PlanError, match="no scale"):
        ps.disparity(where, frame, asked, method, HOW)


def test_not_all_areas_are_the_worst() -> None:
    with pytest.raises(PlanError, match="worst"):
        shrunken(table(5), worst=5)
    with pytest.raises(ValidationError):
        ps.RegionalShrinkage(worst=0)

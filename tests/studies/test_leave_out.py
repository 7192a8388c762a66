"""A design without a cluster is what the same study makes of the data without it, array for array."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pandas as pd
import pytest

from precept_stats.errors import DataError
from precept_stats.studies.cluster_trial import ClusterTrial
from precept_stats.studies.design import AnyDesign
from precept_stats.studies.leave_out import without_cluster
from precept_stats.studies.stepped_wedge import SteppedWedge

from .trials import made, plain
from .wedges import Wedge, prepared_wedge

RNG = np.random.default_rng(6)


def trial(clusters: int = 10) -> pd.DataFrame:
    """Two strata, five pairs; cluster 3 alone has a region and a stage, ``ward`` varies in cluster 4 only."""
    unit = np.repeat(np.arange(clusters), RNG.integers(5, 9, clusters))
    n = len(unit)
    return pd.DataFrame(
        {
            "unit": [f"U{k}" for k in unit],
            "arm": np.where(unit % 2, "ESP", "SSP"),
            "band": np.where(unit < clusters - 4, "low", "high"),
            "pair": unit // 2,
            "region": np.array(["north", "south", "east"])[np.where(unit == 3, 2, unit // 2 % 2)],
            "stage": np.where(
                (unit == 3) & (np.arange(n) % 2 == 0), "a", np.where(np.arange(n) % 3, "b", "c")
            ),
            "ward": np.where((unit == 4) & (np.arange(n) % 2 == 0), 9.0, unit),
            "age": RNG.normal(30, 5, n),
            "surgeon": [f"s{k}{one}" for k, one in zip(unit % 3, np.arange(n) % 2, strict=True)],
            "precision": RNG.uniform(0.5, 2.0, n),
            "start": RNG.normal(0, 1, n),
            "y": RNG.integers(0, 2, n),
        }
    )


TRIALS = {
    "plain": ClusterTrial(cluster="unit", arm="arm"),
    "strata": ClusterTrial(cluster="unit", arm="arm", strata=("band",)),
    "pairs": ClusterTrial(cluster="unit", arm="arm", pairs="pair", incomplete_pairs="drop"),
    "covariates": ClusterTrial(cluster="unit", arm="arm", adjust=("region", "stage", "age", "ward")),
    "columns": ClusterTrial(
        cluster="unit", arm="arm", groups=("surgeon",), weights="precision", offset="start"
    ),
}


def assert_alike(found: AnyDesign, hand: AnyDesign) -> None:
    for field in fields(found):
        one, other = getattr(found, field.name), getattr(hand, field.name)
        if field.name == "dropped_clusters":
            continue
        if field.name in ("covariates", "groups"):
            assert [part.name for part in one] == [part.name for part in other]
            for part, twin in zip(one, other, strict=True):
                for name in (each.name for each in fields(part)):
                    value, same = getattr(part, name), getattr(twin, name)
                    if isinstance(value, np.ndarray):
                        assert np.array_equal(value, same), (part.name, name)
                        assert not value.flags.writeable
                    else:
                        assert value == same, (part.name, name)
        elif isinstance(one, np.ndarray):
            assert np.array_equal(one, other), field.name
            assert one.dtype == other.dtype
            assert not one.flags.writeable
        else:
            assert one == other, field.name


@pytest.mark.parametrize("name", TRIALS)
def test_a_trial_without_a_cluster_is_the_trial_of_the_other_rows(name: str) -> None:
    frame, study = trial(), TRIALS[name]
    design = made(frame, study).design
    for number, cluster in enumerate(design.clusters):
        hand = made(frame[frame["unit"] != cluster], study).design
        assert_alike(without_cluster(design, number), hand)
        assert cluster not in hand.clusters


WEDGES = {
    "plain": SteppedWedge(cluster="site", period="period", arm="arm"),
    "strata": SteppedWedge(cluster="site", period="period", arm="arm", strata=("size",)),
    "columns": SteppedWedge(
        cluster="site", period="period", arm="arm", adjust=("x", "size"), groups=("size",)
    ),
}


@pytest.mark.parametrize("name", WEDGES)
def test_a_wedge_without_a_cluster_is_the_wedge_of_the_other_rows(name: str) -> None:
    frame = Wedge(clusters=6, people=5, never=1).frame(seed=3)
    design = prepared_wedge(frame, WEDGES[name]).design
    for number, cluster in enumerate(design.clusters):
        hand = prepared_wedge(frame[frame["site"] != cluster], WEDGES[name]).design
        assert_alike(without_cluster(design, number), hand)


def test_people_of_a_cohort_are_numbered_anew() -> None:
    frame = Wedge(clusters=5, people=4).frame(seed=4)
    frame["person"] = frame.groupby(["site", "period"]).cumcount()
    study = SteppedWedge(cluster="site", period="period", arm="arm", participant="person")
    design = prepared_wedge(frame, study).design
    hand = prepared_wedge(frame[frame["site"] != "S2"], study).design
    assert_alike(without_cluster(design, 1), hand)


@pytest.mark.parametrize("name", ["plain", "strata"])
def test_too_little_left_is_refused_as_data_would_be(name: str) -> None:
    frame = trial(8) if name == "strata" else plain()
    if name == "strata":
        frame["band"] = np.where(frame["unit"].isin(["U0", "U1"]), "low", "high")
    design = made(frame, TRIALS[name]).design
    with pytest.raises(DataError) as found:
        without_cluster(design, 0)
    with pytest.raises(DataError) as hand:
        made(frame[frame["unit"] != design.clusters[0]], TRIALS[name])
    assert (found.value.problem, found.value.found) == (hand.value.problem, hand.value.found)


def test_a_wedge_that_can_compare_no_more_is_refused() -> None:
    frame = Wedge(clusters=3, periods=2, people=4, never=1).frame(seed=2)
    frame = frame[~((frame["site"] == "S2") & (frame["period"] == 2))]
    design = prepared_wedge(frame).design
    with pytest.raises(DataError, match="both conditions"):
        without_cluster(design, design.clusters.index("S3"))


def test_the_design_itself_is_not_changed() -> None:
    design = made(trial(), TRIALS["covariates"]).design
    before = {field.name: getattr(design, field.name) for field in fields(design)}
    arrays = {name: value.copy() for name, value in before.items() if isinstance(value, np.ndarray)}
    without_cluster(design, 3)
    assert all(getattr(design, name) is value for name, value in before.items())
    assert all(np.array_equal(getattr(design, name), value) for name, value in arrays.items())

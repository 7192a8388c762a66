"""From tables to arrays: order, names, arms, joins, strata."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from precept_stats.studies.cluster_trial import ClusterTrial
from precept_stats.studies.cluster_trial_design import ClusterTrialDesign
from precept_stats.studies.cluster_trial_tables import describe
from precept_stats.studies.question import Outcome

from .trials import STUDY, ask, made, plain


def arrays(design: ClusterTrialDesign) -> dict[str, object]:
    return {
        "clusters": design.clusters,
        "arm": design.arm.tolist(),
        "row_cluster": design.row_cluster.tolist(),
        "y": design.y.tolist(),
        "size": design.size.tolist(),
        "mean": design.cluster_mean.tolist(),
        "stratum": None if design.stratum is None else design.stratum.tolist(),
        "covariates": [(one.name, one.level, one.columns, one.values.tolist()) for one in design.covariates],
    }


def rich(seed: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    n = 120
    unit = rng.integers(1, 13, n)
    return pd.DataFrame(
        {
            "unit": unit,
            "arm": np.where(unit % 2, "ESP", "SSP"),
            "block": np.where(unit <= 6, "low", "high"),
            "y": rng.normal(size=n),
            "age": rng.normal(30, 5, n),
            "sex": rng.choice(["f", "m"], n),
        }
    )


RICH = ClusterTrial(
    cluster="unit",
    arm="arm",
    strata=("block",),
    adjust=("age", "sex"),
    characteristics=("age", "sex", "block"),
)
SCORE = Outcome(column="y", type="continuous", direction="higher_better")


@given(st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_no_bit(random: object) -> None:
    frame = rich()
    order = list(range(len(frame)))
    random.shuffle(order)  # type: ignore[attr-defined]
    one = made(frame, RICH, ask(SCORE))
    other = made(frame.iloc[order], RICH, ask(SCORE))
    assert arrays(one.design) == arrays(other.design)
    assert one.flow == other.flow
    for mine, theirs in zip(describe(one, "a"), describe(other, "a"), strict=True):
        assert mine.stat == pytest.approx(theirs.stat, rel=1e-12)


def test_data_are_not_changed_and_designs_cannot_be() -> None:
    frame = rich()
    before = frame.copy(deep=True)
    design = made(frame, RICH, ask(SCORE)).design
    pd.testing.assert_frame_equal(frame, before)
    for array in (design.y, design.size, design.arm, design.row_cluster, design.covariates[0].values):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 9


def test_clusters_are_in_natural_order() -> None:
    frame = plain().replace({"unit": {"A": "U10", "B": "U2", "C": "U1", "D": "V1"}})
    design = made(frame).design
    assert design.clusters == ("U1", "U2", "U10", "V1")
    assert design.arm.tolist() == [1, 0, 1, 0]


@pytest.mark.parametrize("kind", ["int64", "float64", "str", "category", "Int64"])
def test_names_do_not_depend_on_how_they_are_stored(kind: str) -> None:
    frame = plain().replace({"unit": {"A": 10, "B": 2, "C": 1, "D": 3}, "arm": {"ESP": 1, "SSP": 0}})
    frame["unit"], frame["arm"] = (
        frame["unit"].astype(int).astype(kind),
        frame["arm"].astype(int).astype(kind),
    )
    design = made(frame, question=ask(compare="1", reference="0")).design
    assert design.clusters == ("1", "2", "3", "10")
    assert design.arm_names == ("0", "1")
    assert design.arm.tolist() == [1, 0, 0, 1]


def test_swapping_the_arms_swaps_the_arm_numbers() -> None:
    one, other = made(plain()).design, made(plain(), question=ask(compare="SSP", reference="ESP")).design
    np.testing.assert_array_equal(one.arm, 1 - other.arm)
    np.testing.assert_array_equal(one.cluster_mean, other.cluster_mean)


def test_a_join_brings_columns_of_the_one_side_to_each_row() -> None:
    units = pd.DataFrame(
        {"unit": ["D", "C", "B", "A"], "arm": ["SSP", "ESP", "SSP", "ESP"], "size": [4, 3, 2, 1]}
    )
    study = STUDY.model_copy(update={"adjust": ("size",)})
    joined = made(
        plain().drop(columns="arm"), study, ask(join=[{"table": "units", "on": "unit"}]), units=units
    ).design
    assert joined.arm.tolist() == made(plain()).design.arm.tolist()
    assert joined.covariates[0].level == "cluster"
    assert joined.covariates[0].values[:, 0].tolist() == [1] * 3 + [2] * 2 + [3] * 4 + [4]


def test_a_column_in_both_tables_is_no_trouble_while_they_agree() -> None:
    units = pd.DataFrame({"unit": ["A", "B", "C", "D"], "arm": ["ESP", "SSP", "ESP", "SSP"]})
    question = ask(join=[{"table": "units", "on": "unit"}])
    assert made(plain(), question=question, units=units).design.n_clusters == 4


def test_strata_are_numbered_in_order_and_crossed() -> None:
    frame = plain().assign(
        region=["N"] * 3 + ["N"] * 2 + ["S"] * 4 + ["S"], size=["10"] * 3 + ["10"] * 2 + ["9"] * 4 + ["9"]
    )
    one = made(frame, STUDY.model_copy(update={"strata": ("size",)})).design
    assert one.stratum_names == ("9", "10")
    assert one.stratum is not None
    assert one.stratum.tolist() == [1, 1, 0, 0]
    two = made(frame, STUDY.model_copy(update={"strata": ("region", "size")})).design
    assert two.stratum_names == ("N / 10", "S / 9")
    assert two.stratum is not None
    assert two.stratum.tolist() == [0, 0, 1, 1]


def test_a_condition_on_a_value_that_never_occurs_is_told() -> None:
    prepared = made(plain(), question=ask(where=[{"column": "unit", "not_equals": "a"}]))
    assert prepared.warnings == (
        "the condition 'unit not equals a' names 'a', which never occurs (did you mean 'A'?)",
    )

"""Rows without an outcome, kept beside the design for a model of what is missing."""

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from precept_stats.errors import DataError
from precept_stats.methods.cluster_facts import few_clusters_warning
from precept_stats.studies.cluster_trial import ClusterTrial
from precept_stats.studies.cluster_trial_tables import prepare
from precept_stats.studies.declared_allocation import ListedAllocations, WideLayout
from precept_stats.studies.incomplete import Incomplete
from precept_stats.studies.prepared_trial import PreparedTrial
from tests.studies.trials import Given, ask, flow

STUDY = ClusterTrial(cluster="unit", arm="arm", adjust=("age",), auxiliary=("score", "ward"))


def frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "unit": ["A", "A", "A", "B", "B", "C", "C", "C", "C", "D", "D", "E"],
            "arm": ["ESP"] * 3 + ["SSP"] * 2 + ["ESP"] * 4 + ["SSP"] * 2 + ["ESP"],
            "y": [1, np.nan, 0, 0, np.nan, 1, 0, np.nan, 0, 1, 0, np.nan],
            "age": [30.0, 31, 32, 33, 34, 35, 36, 37, 38, 39, np.nan, 41],
            "score": [1.0, 2, 3, 4, np.nan, 6, 7, 8, 9, 10, 11, 12],
            "ward": ["a", "b", None, "a", "b", "a", "b", "a", "b", "a", "b", "a"],
        }
    )


def made(data: pd.DataFrame, study: ClusterTrial = STUDY) -> tuple[PreparedTrial, Incomplete]:
    prepared = prepare(study, {"births": Given("births", data)}, ask(), keep_unanswered=True)
    assert prepared.incomplete is not None
    return prepared, prepared.incomplete


def test_unanswered_rows_stay_beside_the_design_and_rows_without_a_covariate_leave() -> None:
    prepared, incomplete = made(frame())
    assert len(prepared.design.y) == 7
    assert incomplete.design.clusters == ("A", "B", "C", "D", "E")
    assert len(incomplete.answered) == 11
    assert incomplete.n_missing == 4
    assert np.isnan(incomplete.design.y[~incomplete.answered]).all()
    assert (incomplete.design.size == 1.0).all()
    steps = flow(prepared)
    assert "outcome_missing" not in steps
    assert steps["covariate_missing"][""] == (0, 1)
    assert steps["analysed"][""] == (5, 11)


def test_the_rows_that_were_answered_are_those_of_the_design() -> None:
    prepared, incomplete = made(frame())
    there = incomplete.answered
    names = np.array(incomplete.design.clusters)[incomplete.design.row_cluster[there]]
    theirs = np.array(prepared.design.clusters)[prepared.design.row_cluster]
    assert sorted(zip(names, incomplete.design.y[there], strict=True)) == sorted(
        zip(theirs, prepared.design.y, strict=True)
    )


def test_auxiliary_columns_are_no_covariates_of_the_analysis() -> None:
    prepared, incomplete = made(frame())
    assert [one.name for one in prepared.design.covariates] == ["age"]
    assert [one.name for one in incomplete.design.covariates] == ["age"]
    columns = [column for one in incomplete.auxiliary for column in one.columns]
    assert columns == ["score", "score not recorded", "ward[b]", "ward[not recorded]"]
    score = incomplete.auxiliary[0].values[:, 0]
    gap = incomplete.auxiliary[1].values[:, 0] == 1.0
    assert gap.sum() == 1
    assert score[gap][0] == pytest.approx(score[~gap].mean())
    assert sum("have no value" in text for text in prepared.warnings) == 2


def test_filling_in_touches_unanswered_rows_alone() -> None:
    _, incomplete = made(frame())
    filled = incomplete.filled(np.ones(4))
    assert (filled.y[~incomplete.answered] == 1.0).all()
    assert (filled.y[incomplete.answered] == incomplete.design.y[incomplete.answered]).all()


def test_nothing_is_kept_unless_it_is_asked_for() -> None:
    prepared = prepare(STUDY, {"births": Given("births", frame())}, ask())
    assert prepared.incomplete is None
    assert flow(prepared)["outcome_missing"][""] == (1, 4)


def test_without_a_missing_outcome_both_designs_are_the_same() -> None:
    data = frame().assign(y=[1, 0] * 6)
    prepared, incomplete = made(data)
    assert incomplete.n_missing == 0
    assert (incomplete.design.y == prepared.design.y).all()
    assert (incomplete.design.row_cluster == prepared.design.row_cluster).all()


def test_the_order_of_the_file_changes_nothing() -> None:
    _, one = made(frame())
    _, other = made(frame().iloc[::-1])
    assert (one.design.row_cluster == other.design.row_cluster).all()
    assert (one.answered == other.answered).all()
    for here, there in zip(one.auxiliary, other.auxiliary, strict=True):
        np.testing.assert_allclose(here.values, there.values, rtol=1e-12)


def test_an_auxiliary_column_that_is_missing_everywhere_is_an_error() -> None:
    with pytest.raises(DataError, match="no value in any row"):
        made(frame().assign(score=np.nan))


def test_an_arm_without_an_outcome_is_an_error() -> None:
    data = frame()
    data.loc[data["arm"] == "SSP", "y"] = np.nan
    with pytest.raises(DataError, match="arm"):
        made(data)


@pytest.mark.parametrize("column", ["age", "arm", "unit", "baseline_outcome"])
def test_an_auxiliary_column_has_no_other_part(column: str) -> None:
    with pytest.raises(ValidationError, match="another part"):
        ClusterTrial(cluster="unit", arm="arm", adjust=("age",), auxiliary=(column,))


def test_declared_allocations_are_those_of_every_cluster_that_is_filled_in() -> None:
    """E has no outcome: the analysed clusters have a conditional set, the filled ones the whole one."""
    schemes = pd.DataFrame(map(list, ("ESESE", "SSEEE", "ESSEE", "EESES")), columns=list("ABCDE"))
    listed = ListedAllocations(table="schemes", layout=WideLayout(), compare="E", reference="S")
    study = STUDY.model_copy(update={"allocation": listed})
    data = {"births": Given("births", frame()), "schemes": Given("schemes", schemes)}
    prepared = prepare(study, data, ask(), keep_unanswered=True)
    assert prepared.incomplete is not None
    whole, known = prepared.incomplete.design.allocations, prepared.design.allocations
    assert whole is not None
    assert known is not None
    assert (whole.codes.shape, known.codes.shape) == ((4, 5), (3, 4))
    (warning,) = few_clusters_warning(prepared.incomplete.filled(np.zeros(prepared.incomplete.n_missing)))
    assert warning.startswith("very few clusters; with 4 possible allocations")

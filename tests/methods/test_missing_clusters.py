"""What stands beside a weighted or imputed effect: clusters, people and correlations of the answered rows."""

import numpy as np
import pandas as pd
import pytest

import precept_stats as ps
from precept_stats.data.policies import read_policy
from precept_stats.methods.settings_missing import (
    CapTruncation,
    DoublyRobust,
    InverseProbability,
    MissingOutcomes,
    MultipleImputation,
    OwnArm,
    TippingPoint,
)
from precept_stats.report.free_text import mask_for
from tests.methods.test_missing_outcomes import STUDY, answered, ask, number, trial

BOTH_ARMS, OWN_ARM = DoublyRobust(), DoublyRobust(augmentation=OwnArm())
WEIGHTED = [InverseProbability(), OWN_ARM, BOTH_ARMS]
FILLED = [MultipleImputation(imputations=5), TippingPoint(imputations=5, deltas=(0.0, 1.0))]
PLAIN = STUDY.model_copy(update={"adjust": ()})
SILENT = ("U01", "U03", "U04")
MASK = mask_for((), read_policy("nhs_counts_v1").policy.counts)


def few_answers() -> pd.DataFrame:
    """Clusters of unequal size, all without an outcome in three of them."""
    data = trial(14).assign(event=lambda d: d["whole_event"].where(d["event"].notna()))
    data = data[~((data["unit"] > "U08") & (data.index % 2 == 0))].reset_index(drop=True)
    data.loc[data["unit"].isin(SILENT), ["y", "event"]] = np.nan
    return data


@pytest.mark.parametrize("missing", WEIGHTED)
@pytest.mark.parametrize(("column", "of_type"), [("y", "continuous"), ("event", "binary")])
def test_facts_of_clusters_are_those_of_answered_rows(
    missing: MissingOutcomes, column: str, of_type: str
) -> None:
    data, question = few_answers(), ask(column, of_type)  # type: ignore[arg-type]
    complete = answered(ps.CompleteCase(), ps.Gee(), question, data, PLAIN)
    found = answered(missing, ps.Gee(), question, data, PLAIN)
    for name in ("icc", "design_effect", "mean_size", "cv_size"):
        assert number(found, "icc", name) == number(complete, "icc", name), name
    for arm in ("new", "usual"):
        of_arm = data[data["arm"] == arm]
        assert number(found, "fit", "n_clusters", arm=arm) == of_arm.dropna()["unit"].nunique()
        assert number(found, "fit", "n", arm=arm) == of_arm["y"].notna().sum()
        assert number(found, "fit", "n_eligible", arm=arm) == len(of_arm)
        (stands,) = (
            row.stat
            for row in found.rows
            if (row.context, row.variable, row.stat_name) == ("flow", "analysed", "n")
            and row.group("arm") == arm
        )
        assert stands == len(of_arm), "the flow ends with everyone over whom the effect is averaged"


@pytest.mark.parametrize("missing", WEIGHTED)
def test_degrees_of_freedom_are_of_clusters_with_an_answer(missing: MissingOutcomes) -> None:
    data = few_answers()
    complete = answered(ps.CompleteCase(), ps.Gee(), data=data, study=PLAIN).estimate
    assert complete.df == 14 - len(SILENT) - 2
    assert answered(missing, ps.Gee(), data=data, study=PLAIN).estimate.df == complete.df


@pytest.mark.parametrize("missing", WEIGHTED)
def test_a_covariate_that_answered_clusters_have_as_a_whole_costs_a_degree_of_freedom(
    missing: MissingOutcomes,
) -> None:
    data = few_answers()
    own = data["unit"].str[1:].astype(float) ** 1.5 % 7
    data["beds"] = np.where(data["y"].isna(), own + np.arange(len(data)) % 2, own)
    study = STUDY.model_copy(update={"adjust": ("beds",)})
    complete = answered(ps.CompleteCase(), ps.Gee(), data=data, study=study).estimate
    assert complete.df == 14 - len(SILENT) - 3
    in_both_models = 1 if missing is BOTH_ARMS else 0
    assert answered(missing, ps.Gee(), data=data, study=study).estimate.df == complete.df - in_both_models


@pytest.mark.parametrize("missing", [*WEIGHTED, *FILLED])
def test_clusters_without_any_answer_are_named(missing: MissingOutcomes) -> None:
    data = few_answers()
    found = answered(missing, ps.Gee(), data=data, study=PLAIN)
    (told,) = (text for text in found.warnings if "without any answered outcome" in text)
    assert "3 clusters" in told
    assert ", ".join(SILENT) in told
    assert ("a whole cluster was filled in" in told) == (missing in FILLED)
    assert MASK.text(told) == told.replace(", ".join(SILENT), "[not shown]")
    assert found.status == "warning"
    one = data[~data["unit"].isin(SILENT)]
    assert not any(
        "without any answered" in text for text in answered(missing, ps.Gee(), data=one, study=PLAIN).warnings
    )


@pytest.mark.parametrize("missing", [InverseProbability, DoublyRobust])
def test_cutting_weights_does_not_silence_what_they_were(missing: type) -> None:
    data = trial()
    data["far"] = np.where(data["y"].isna(), 2.5, 0.0) + np.random.default_rng(1).standard_normal(len(data))
    study = PLAIN.model_copy(update={"auxiliary": ("far",)})
    plain = answered(missing(), ps.Gee(), data=data, study=study)
    cut = answered(missing(truncation=CapTruncation(at=2.0)), ps.Gee(), data=data, study=study)
    largest, share = (number(cut, "fit", name) for name in ("largest_weight_uncut", "share_cut"))
    assert largest == number(plain, "fit", "largest_weight") > 20
    (told,) = (text for text in cut.warnings if "weights are very unequal" in text)
    unshown = "weights are very unequal; truncation lowers variance for some bias"
    assert MASK.text(told) == unshown
    assert f"{largest:.3g}" in told
    assert f"{100 * share:.2g} per cent" in told
    assert "at most 2" in told
    assert "consider truncation" not in told
    assert cut.status == "warning"
    level = answered(missing(truncation=CapTruncation(at=1.0001)), ps.Gee(), data=data, study=study)
    assert any("as much as 100 per cent since" in text for text in level.warnings), "no 1e+02"

"""Doubly robust equations over both arms: held to stacked ones in R and to identities (synthetic)."""

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

import precept_stats as ps
from precept_stats.methods.settings_gee import GeeVariance
from precept_stats.methods.settings_missing import BothArms, DoublyRobust, OwnArm
from tests.methods.test_missing_against_r import FOLDER, GEE, OUTCOMES, STUDY, ask, people
from tests.methods.test_missing_outcomes import number

ORACLE = json.loads((FOLDER / "augmented.json").read_text(encoding="utf-8"))
KC = GEE.model_copy(update={"variance": GeeVariance(kind="kauermann_carroll")})
DECLARED = BothArms(probability={"kind": "declared", "compare": 0.4})
STRATA = {"strata": ("region",)}
CASES: dict[str, dict[str, Any]] = {
    "share": {},
    "declared": {"missing": DoublyRobust(augmentation=DECLARED)},
    "one_model": {"missing": DoublyRobust(by_arm=False)},
    "cluster_average": {"target": "cluster_average"},
    "strata": {"study": STUDY.model_copy(update=STRATA)},
    "adjusted": {"study": STUDY.model_copy(update={"adjust": ("age",), "auxiliary": ()})},
}


def uneven() -> pd.DataFrame:
    return pd.read_csv(FOLDER / "uneven.csv")


def answered(of: int, data: pd.DataFrame, method: ps.Gee = GEE, **how: Any) -> ps.Result:
    question = ask(OUTCOMES[of])
    target = how.get("target", "participant_average")
    question = ps.Question(
        "effect",
        question.estimand.model_copy(update={"target": target}),
        question.population,
        question.outcome,
    )
    method = method.model_copy(
        update={"weights": ps.Gee(weights={"kind": f"{target.split('_')[0]}s"}).weights}
    )
    missing = how.get("missing", DoublyRobust())
    return ps.analyse(how.get("study", STUDY), method, {"people": data}, question, ps.How(missing=missing))


@pytest.mark.parametrize("of", [0, 1])
@pytest.mark.parametrize("case", CASES)
def test_it_is_the_estimator_of_prague_by_plain_stacked_equations(of: int, case: str) -> None:
    theirs = ORACLE[OUTCOMES[of][0]][case]
    found = answered(of, uneven(), **CASES[case])
    assert found.estimate.value == pytest.approx(theirs["difference"], rel=1e-8)
    assert [mean.value for mean in found.estimates[1:]] == pytest.approx(theirs["means"], rel=1e-8)
    assert found.estimate.std_error == pytest.approx(theirs["se"], rel=1e-8)
    if "se_kauermann_carroll" in theirs:
        lifted = answered(of, uneven(), KC, **CASES[case])
        assert lifted.estimate.std_error == pytest.approx(theirs["se_kauermann_carroll"], rel=1e-8)


def test_the_probability_of_an_arm_is_told_and_how_it_was_come_by() -> None:
    assert number(answered(0, uneven()), "fit", "arm_probability") == pytest.approx(9 / 21, rel=1e-12)
    told = answered(0, uneven(), missing=DoublyRobust(augmentation=DECLARED))
    assert number(told, "fit", "arm_probability") == 0.4
    odd = DoublyRobust(
        augmentation={"kind": "both_arms", "probability": {"kind": "declared", "compare": 0.9}}
    )
    assert any("declared probability" in text for text in answered(0, uneven(), missing=odd).warnings)


@pytest.mark.parametrize("of", [0, 1])
def test_without_columns_it_is_the_own_arm_and_complete_cases(of: int) -> None:
    """Models with an intercept alone expect the mean of the arm of everyone."""
    bare = {"study": STUDY.model_copy(update={"auxiliary": ()})}
    ways = (DoublyRobust(), DoublyRobust(augmentation=OwnArm()), ps.CompleteCase())
    found = [answered(of, uneven(), missing=missing, **bare).estimate for missing in ways]
    assert [one.value for one in found] == pytest.approx([found[2].value] * 3, rel=1e-9)
    assert [one.std_error for one in found] == pytest.approx([found[2].std_error] * 3, rel=1e-9)
    lifted = [answered(of, uneven(), KC, missing=missing, **bare).estimate.std_error for missing in ways]
    assert lifted == pytest.approx([lifted[2]] * 3, rel=2e-3), "only the score of the outcome is corrected"


def test_what_is_the_same_in_another_unit_or_with_the_arms_swapped() -> None:
    data = uneven()
    one = answered(0, data, KC).estimate
    scaled = answered(0, data.assign(y=data["y"] * 1e3 - 7e5), KC).estimate
    assert scaled.value == pytest.approx(1e3 * one.value, rel=1e-7)
    assert scaled.std_error == pytest.approx(1e3 * one.std_error, rel=1e-7)
    other = answered(0, data.assign(arm=data["arm"].map({"new": "usual", "usual": "new"})), KC).estimate
    assert other.value == pytest.approx(-one.value, rel=1e-9)
    assert other.std_error == pytest.approx(one.std_error, rel=1e-9)


def test_where_nothing_is_missing_covariates_still_tell_and_nothing_jumps() -> None:
    data = uneven().dropna().reset_index(drop=True)
    whole = answered(0, data, KC)
    plain = answered(0, data, KC, missing=DoublyRobust(augmentation=OwnArm()))
    assert plain.estimate == answered(0, data, KC, missing=ps.CompleteCase()).estimate
    assert whole.estimate.std_error < plain.estimate.std_error, "age tells most of the outcome"
    gone = data.assign(y=data["y"].where(data.index != 3))
    assert answered(0, gone, KC).estimate.value == pytest.approx(whole.estimate.value, abs=0.02)


def test_columns_of_clusters_cost_degrees_of_freedom_in_each_model() -> None:
    data = uneven().assign(beds=lambda d: d["unit"].str[1:].astype(float) % 7)
    study = STUDY.model_copy(update={"auxiliary": ("age", "beds")})
    counted = KC.model_copy(update={"df": ps.Gee().df})
    spent = [
        answered(0, data, counted, study=study, missing=missing).estimate.df
        for missing in (DoublyRobust(), DoublyRobust(by_arm=False), DoublyRobust(augmentation=OwnArm()))
    ]
    assert spent == [21 - 4, 21 - 3, 21 - 2]


def test_a_category_of_one_arm_alone_has_no_expected_outcome_in_the_other() -> None:
    data = uneven()
    data["ward"] = np.where((data["arm"] == "new") & (np.arange(len(data)) % 3 == 0), "B", "A")
    study = STUDY.model_copy(update={"auxiliary": ("ward",)})
    said = "model of the outcome has no estimate for what someone has"
    with pytest.raises(ps.FitError, match=said) as caught:
        answered(0, data, study=study)
    assert "by_arm: false" in caught.value.allowed
    assert answered(0, data, study=study, missing=DoublyRobust(by_arm=False)).estimate.value


def test_one_model_for_both_arms_is_no_way_out_of_itself() -> None:
    data = uneven()
    data["ward"] = np.where(data["y"].isna() & (np.arange(len(data)) % 2 == 0), "B", "A")
    study = STUDY.model_copy(update={"auxiliary": ("ward",)})
    ways = (DoublyRobust(by_arm=False), ps.MultipleImputation(imputations=5, by_arm=False))
    for missing in ways:
        with pytest.raises(ps.FitError) as caught:
            ps.analyse(study, GEE, {"people": data}, ask(OUTCOMES[0]), ps.How(seed=1, missing=missing))
        assert "by_arm: false" not in f"{caught.value.allowed} {caught.value.found}"


def test_the_choice_is_told_in_words_and_settings() -> None:
    both, own = DoublyRobust(), DoublyRobust(augmentation=OwnArm())
    outcome = ask(OUTCOMES[0]).outcome
    assert "over both arms, their probability being the share of clusters" in both.brief(outcome)
    assert "within each arm" in own.brief(outcome)
    for one in (both, own):
        assert "at least one of two models holds" in one.assumption(outcome)
    told = {row.stat for row in answered(0, people()).rows if row.context == "setting"}
    assert "both_arms, share_of_clusters" in told

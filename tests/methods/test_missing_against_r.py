"""Weighted and doubly robust equations held to stacked ones in R, imputation to mice (synthetic data)."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import precept_stats as ps
from precept_stats.inference.seeds import Seed
from precept_stats.methods.imputation_model import imputation_model
from precept_stats.methods.settings_gee import GeeVariance, NormalDistribution
from precept_stats.methods.settings_missing import (
    ArmShift,
    CapTruncation,
    DoublyRobust,
    InverseProbability,
    MissingOutcomes,
    OwnArm,
    PercentileTruncation,
)
from precept_stats.studies.cluster_trial_tables import prepare
from precept_stats.studies.question import OutcomeType, Summary
from tests.methods.test_missing_outcomes import number
from tests.studies.trials import Given

FOLDER = Path(__file__).parent / "synthetic_missing"
ORACLE = json.loads((FOLDER / "expected.json").read_text(encoding="utf-8"))
STUDY = ps.ClusterTrial(cluster="unit", arm="arm", auxiliary=("age",))
GEE = ps.Gee(variance=GeeVariance(kind="liang_zeger"), df=NormalDistribution())
OWN_ARM = DoublyRobust(augmentation=OwnArm())
OUTCOMES: list[tuple[OutcomeType, str, Summary]] = [
    ("continuous", "y", "mean_difference"),
    ("binary", "event", "risk_difference"),
]


def people() -> pd.DataFrame:
    return pd.read_csv(FOLDER / "people.csv")


def ask(of: tuple[OutcomeType, str, Summary]) -> ps.Question:
    of_type, column, summary = of
    estimand = ps.Estimand(
        population="all",
        outcome=column,
        compare="new",
        reference="usual",
        summary=summary,
        effect="marginal",
        target="participant_average",
        intercurrent_events=(),
    )
    outcome = ps.Outcome(column=column, type=of_type, direction="higher_better")
    return ps.Question("effect", estimand, ps.Population(of="people"), outcome)


def answered(
    of: tuple[OutcomeType, str, Summary], missing: MissingOutcomes, method: ps.Gee = GEE, **how: Any
) -> ps.Result:
    return ps.analyse(STUDY, method, {"people": people()}, ask(of), ps.How(missing=missing, **how))


@pytest.mark.parametrize("of", OUTCOMES)
@pytest.mark.parametrize("kind", ["ipw", "doubly_robust"])
def test_estimate_and_standard_error_are_those_of_stacked_equations(
    of: tuple[OutcomeType, str, Summary], kind: str
) -> None:
    missing = InverseProbability() if kind == "ipw" else OWN_ARM
    found, theirs = answered(of, missing), ORACLE[of[0]][kind]
    assert found.estimate.value == pytest.approx(theirs["difference"], rel=1e-8)
    assert [mean.value for mean in found.estimates[1:]] == pytest.approx(theirs["means"], rel=1e-8)
    assert found.estimate.std_error == pytest.approx(theirs["se"], rel=1e-6)


@pytest.mark.parametrize("of", OUTCOMES)
def test_the_estimate_is_that_of_geepack_whose_weights_are_known(
    of: tuple[OutcomeType, str, Summary],
) -> None:
    found = answered(of, InverseProbability())
    theirs = ORACLE[of[0]]["geepack"]["coefficients"]
    expit = (lambda b: b) if of[0] == "continuous" else (lambda b: 1 / (1 + math.exp(-b)))
    assert found.estimate.value == pytest.approx(expit(sum(theirs)) - expit(theirs[0]), rel=1e-8)


@pytest.mark.parametrize("of", OUTCOMES)
def test_stabilised_weights_change_nothing_where_the_arm_is_all_there_is(
    of: tuple[OutcomeType, str, Summary],
) -> None:
    plain, other = answered(of, InverseProbability()), answered(of, InverseProbability(stabilised=True))
    assert other.estimate.value == pytest.approx(plain.estimate.value, rel=1e-10)
    assert other.estimate.std_error == pytest.approx(ORACLE[of[0]]["stabilised"]["se"], rel=1e-6)


def test_weights_are_told_as_they_are() -> None:
    found, theirs = answered(OUTCOMES[0], InverseProbability()), ORACLE["continuous"]["weights"]
    assert number(found, "fit", "largest_weight") == pytest.approx(theirs["largest"], rel=1e-8)
    assert number(found, "fit", "effective_share") == pytest.approx(theirs["effective_share"], rel=1e-8)


def test_truncation_is_told_and_moves_the_answer() -> None:
    plain = answered(OUTCOMES[0], InverseProbability())
    cap = answered(OUTCOMES[0], InverseProbability(truncation=CapTruncation(at=3.0)))
    cut = answered(OUTCOMES[0], InverseProbability(truncation=PercentileTruncation(at=90)))
    assert number(cap, "fit", "largest_weight") == 3.0
    assert number(cap, "fit", "largest_weight_uncut") == number(plain, "fit", "largest_weight")
    assert number(cut, "fit", "share_cut") == pytest.approx(0.1, abs=0.01)
    assert cap.estimate.value != plain.estimate.value


def test_corrections_for_few_clusters_come_in_their_order() -> None:
    kinds = ("liang_zeger", "kauermann_carroll", "mancl_derouen")
    for missing in (InverseProbability(), OWN_ARM, DoublyRobust()):
        errors = [
            answered(
                OUTCOMES[1], missing, GEE.model_copy(update={"variance": GeeVariance(kind=kind)})
            ).estimate.std_error
            for kind in kinds
        ]
        assert errors == sorted(errors)
    with pytest.raises(ps.PlanError) as caught:
        answered(OUTCOMES[1], InverseProbability(), ps.Gee(variance=GeeVariance(kind="jackknife")))
    assert "jackknife" in caught.value.found


def test_weights_that_explode_are_warned_of() -> None:
    data = people()
    data["far"] = np.where(data["y"].isna(), 2.5, 0.0) + np.random.default_rng(1).standard_normal(len(data))
    study = STUDY.model_copy(update={"auxiliary": ("far",)})
    found = ps.analyse(study, GEE, {"people": data}, ask(OUTCOMES[0]), ps.How(missing=InverseProbability()))
    assert any("weights are very unequal" in text for text in found.warnings)
    assert found.status == "warning"


def test_answers_that_are_foretold_have_no_weights() -> None:
    data = people().assign(known=lambda d: d["y"].isna().astype(float))
    study = STUDY.model_copy(update={"auxiliary": ("known",)})
    for missing in (InverseProbability(), OWN_ARM, DoublyRobust()):
        with pytest.raises(ps.FitError, match="model of who answered"):
            ps.analyse(study, GEE, {"people": data}, ask(OUTCOMES[0]), ps.How(missing=missing))


@pytest.mark.parametrize("missing", [InverseProbability(), OWN_ARM])
def test_without_a_missing_outcome_nothing_is_weighted(missing: MissingOutcomes) -> None:
    data = people().dropna()
    one = ps.analyse(STUDY, GEE, {"people": data}, ask(OUTCOMES[0]))
    other = ps.analyse(STUDY, GEE, {"people": data}, ask(OUTCOMES[0]), ps.How(missing=missing))
    assert other.estimates == one.estimates


@pytest.mark.parametrize(
    ("method", "why"),
    [
        (ps.LinearMixed(), "gee"),
        (ps.Gee(correlation={"kind": "exchangeable"}), "independence"),
        (ps.Gee(variance=GeeVariance(kind="kauermann_carroll"), df={"kind": "satterthwaite"}), "freedom"),
    ],
)
def test_what_cannot_be_weighted_is_refused(method: Any, why: str) -> None:
    with pytest.raises(ps.PlanError) as caught:
        answered(OUTCOMES[0], InverseProbability(), method)
    assert why in caught.value.found


@pytest.mark.parametrize(("of", "theirs"), [(OUTCOMES[0], "2l.lmer"), (OUTCOMES[1], "2l.bin")])
def test_imputation_is_that_of_mice_within_its_monte_carlo_error(
    of: tuple[OutcomeType, str, Summary], theirs: str
) -> None:
    """Means of what is imputed in each arm; mice has no prior for the variance of clusters."""
    given = {"people": Given("people", people())}
    incomplete = prepare(STUDY, given, ask(of), keep_unanswered=True).incomplete
    assert incomplete is not None
    arm = incomplete.design.arm[incomplete.design.row_cluster][~incomplete.answered]
    model, m = imputation_model(incomplete, by_arm=True), 200
    drawn = [model.draw(Seed(7).at(number)).values(ArmShift()) for number in range(m)]
    means = np.array([[values[arm == side].mean() for side in (0, 1)] for values in drawn])
    mean, sd = np.array(ORACLE["imputed"][theirs]["mean"]), np.array(ORACLE["imputed"][theirs]["sd"])
    error = sd * np.sqrt(1 / m + 1 / ORACLE["imputed"][theirs]["m"])
    assert (np.abs(means.mean(axis=0) - mean) < 4 * error).all()
    np.testing.assert_allclose(means.std(axis=0, ddof=1) / sd, 1.0, atol=0.3)

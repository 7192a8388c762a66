"""Missing outcomes: filled in and pooled, shifted, or refused, by the public way in."""

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

import precept_stats as ps
from precept_stats.methods import AnyMethod
from precept_stats.methods.settings_missing import (
    ArmShift,
    CompleteCase,
    MissingOutcomes,
    MultipleImputation,
    TippingPoint,
)
from precept_stats.methods.settings_mixed import LikelihoodRatio, MaximumLikelihood, NormalReference
from precept_stats.studies.question import Outcome, OutcomeType, Summary

STUDY = ps.ClusterTrial(cluster="unit", arm="arm", adjust=("age",))
SUMMARY: dict[OutcomeType, Summary] = {
    "binary": "risk_difference",
    "continuous": "mean_difference",
    "count": "rate_difference",
}


def trial(clusters: int = 16, size: int = 24, seed: int = 11) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    cluster = np.repeat(np.arange(clusters), size)
    arm, age = cluster % 2, random.standard_normal(clusters * size)
    level = 0.4 * random.standard_normal(clusters)[cluster]
    y = 10.0 + 0.8 * arm + age + level + random.standard_normal(len(cluster))
    chance = 1 / (1 + np.exp(-(-0.3 + 0.6 * arm + 0.8 * age + level)))
    event = (random.random(len(cluster)) < chance).astype(float)
    gone = random.random(len(cluster)) < 1 / (1 + np.exp(1.0 - age))
    frame = pd.DataFrame(
        {"unit": [f"U{k:02}" for k in cluster], "arm": np.where(arm == 1, "new", "usual"), "age": age}
    )
    frame["score"] = y + random.standard_normal(len(cluster))
    frame["whole"], frame["whole_event"] = y, event
    frame["y"], frame["event"] = np.where(gone, np.nan, y), np.where(gone, np.nan, event)
    return frame


def ask(
    column: str = "y", of_type: OutcomeType = "continuous", denominator: str | None = None
) -> ps.Question:
    estimand = ps.Estimand(
        population="all",
        outcome=column,
        compare="new",
        reference="usual",
        summary=SUMMARY[of_type],
        effect="marginal",
        target="participant_average",
        intercurrent_events=(),
    )
    outcome = ps.Outcome(column=column, type=of_type, direction="higher_better", denominator=denominator)
    return ps.Question("effect", estimand, ps.Population(of="people"), outcome)


def answered(
    missing: MissingOutcomes,
    method: AnyMethod | None = None,
    question: ps.Question | None = None,
    data: pd.DataFrame | None = None,
    study: ps.ClusterTrial = STUDY,
) -> ps.Result:
    data = trial() if data is None else data
    method, question = method or ps.LinearMixed(), question or ask()
    return ps.analyse(study, method, {"people": data}, question, ps.How(seed=3, missing=missing))


def number(result: ps.Result, context: str, name: str, **groups: str) -> float:
    found = [
        row.stat
        for row in result.rows
        if row.context == context and row.stat_name == name and dict(row.groups) == groups
    ]
    assert len(found) == 1, (context, name, groups, found)
    assert not isinstance(found[0], str)
    assert found[0] is not None
    return float(found[0])


FEW = MultipleImputation(imputations=5)
METHODS: list[tuple[AnyMethod, str, OutcomeType]] = [
    (ps.LinearMixed(), "y", "continuous"),
    (ps.ClusterSummaries(), "y", "continuous"),
    (ps.ClusterRegression(), "event", "binary"),
    (ps.Gee(), "event", "binary"),
    (ps.GeneralisedLinearMixed(), "event", "binary"),
    (ps.ModelRobust(), "y", "continuous"),
]


@pytest.mark.parametrize(("method", "column", "of_type"), METHODS)
def test_without_a_missing_outcome_the_answer_is_that_of_complete_cases(
    method: AnyMethod, column: str, of_type: OutcomeType
) -> None:
    data = trial().assign(y=lambda d: d["whole"], event=lambda d: d["whole_event"])
    study = STUDY.model_copy(update={"adjust": ()})
    one = answered(CompleteCase(), method, ask(column, of_type), data, study)
    other = answered(FEW, method, ask(column, of_type), data, study)
    assert other.estimates == one.estimates
    assert number(other, "imputation", "n_missing", arm="new") == 0


@pytest.mark.parametrize(("method", "column", "of_type"), METHODS)
def test_every_method_by_standard_errors_is_pooled(
    method: AnyMethod, column: str, of_type: OutcomeType
) -> None:
    study = STUDY.model_copy(update={"adjust": ()})
    found = answered(FEW, method, ask(column, of_type), study=study)
    complete = answered(CompleteCase(), method, ask(column, of_type), study=study)
    assert found.estimate.interval.method == "multiple imputation (Rubin's rules)"
    assert found.estimate.df is not None
    assert 0 < found.estimate.df < 14 + 1e-9
    assert 0 <= number(found, "imputation", "lambda") < 1
    standing = [row for row in found.rows if row.context == "flow" and row.variable == "analysed"]
    assert {row.stat for row in standing if row.stat_name == "n" and row.group("arm")} == {192}
    assert len(found.estimates) == len(complete.estimates)
    assert [one.contrast for one in found.estimates] == [one.contrast for one in complete.estimates]


def test_the_mean_of_what_is_filled_in_is_near_what_was_deleted() -> None:
    data = trial(40, 60)
    truth = answered(CompleteCase(), data=data.assign(y=data["whole"])).estimate
    found = answered(MultipleImputation(imputations=20), data=data).estimate
    assert found.value == pytest.approx(truth.value, abs=2 * truth.std_error)


def test_an_auxiliary_column_that_tells_of_the_outcome_leaves_less_information_missing() -> None:
    study = STUDY.model_copy(update={"auxiliary": ("score",)})
    without = number(answered(MultipleImputation(imputations=100)), "imputation", "lambda")
    told = number(answered(MultipleImputation(imputations=100), study=study), "imputation", "lambda")
    assert told < without


def test_many_imputations_are_stable() -> None:
    few = answered(MultipleImputation(imputations=200))
    other = ps.analyse(
        STUDY, ps.LinearMixed(), {"people": trial()}, ask(),
        ps.How(seed=4, missing=MultipleImputation(imputations=200)),
    )  # fmt: skip
    error = number(few, "imputation", "mc_error")
    assert error < 0.1 * few.estimate.std_error
    assert few.estimate.value == pytest.approx(other.estimate.value, abs=5 * error)
    assert few.estimate.std_error == pytest.approx(other.estimate.std_error, rel=0.05)


def test_the_same_seed_gives_the_same_answer_whatever_the_order_of_rows() -> None:
    one = answered(FEW)
    assert answered(FEW).estimates == one.estimates
    turned = answered(FEW, data=trial().iloc[::-1].reset_index(drop=True))
    assert turned.estimate.value == pytest.approx(one.estimate.value, rel=1e-12)


def test_no_shift_is_the_answer_of_multiple_imputation() -> None:
    plain = answered(FEW)
    assert answered(FEW.model_copy(update={"delta": ArmShift()})).estimates == plain.estimates
    tipping = answered(TippingPoint(imputations=5, deltas=(-1.0, 0.0, 1.0)))
    assert tipping.estimates == plain.estimates
    zero = {"delta_reference": "0", "delta_compare": "0"}
    assert number(tipping, "tipping_point", "estimate", **zero) == plain.estimate.value


def test_a_shift_of_one_arm_moves_the_effect_by_the_share_that_is_missing() -> None:
    """A difference of plain arm means: shifting a share p of an arm by d moves its mean by p d."""
    data, study = trial(), STUDY.model_copy(update={"adjust": ()})
    compared = data[data["arm"] == "new"]
    method = ps.ClusterSummaries()
    plain = answered(FEW, method, data=data, study=study)
    moved = answered(
        MultipleImputation(imputations=5, delta=ArmShift(compare=2.0)), method, data=data, study=study
    )
    share = compared["y"].isna().groupby(compared["unit"]).mean().mean()
    assert moved.estimate.value - plain.estimate.value == pytest.approx(2.0 * share, rel=1e-10)


def test_the_grid_has_every_pair_of_shifts_and_the_effect_falls_with_that_of_the_reference() -> None:
    deltas = (-1.0, -0.5, 0.0, 2.0)
    found = answered(TippingPoint(imputations=5, deltas=deltas), ps.Gee(), ask("event", "binary"))
    at = {
        (reference, compare): number(
            found,
            "tipping_point",
            "estimate",
            delta_reference=f"{reference:g}",
            delta_compare=f"{compare:g}",
        )
        for reference in deltas
        for compare in deltas
    }
    for compare in deltas:
        down = [at[reference, compare] for reference in deltas]
        assert down == sorted(down, reverse=True)
    one_arm = answered(TippingPoint(imputations=5, deltas=deltas, arms="compare"))
    rows = [row for row in one_arm.rows if row.context == "tipping_point" and row.stat_name == "estimate"]
    assert len(rows) == 4
    assert {row.group("delta_reference") for row in rows} == {"0"}


def test_one_model_for_both_arms_has_a_term_for_the_arm() -> None:
    both = answered(MultipleImputation(imputations=20, by_arm=False)).estimate
    apart = answered(MultipleImputation(imputations=20)).estimate
    assert both.value == pytest.approx(apart.value, abs=apart.std_error)


def test_a_cluster_without_any_outcome_is_filled_in() -> None:
    data = trial()
    data.loc[data["unit"] == "U03", "y"] = np.nan
    found = answered(FEW, data=data)
    assert number(found, "fit", "n_clusters", arm="new") == 8


@pytest.mark.parametrize(
    ("missing", "method", "question", "why"),
    [
        (FEW, ps.RandomisationTest(), ask(), "standard errors"),
        (FEW, ps.WildClusterBootstrap(), ask(), "standard errors"),
        (FEW, ps.BayesianHierarchical(), ask(), "standard errors"),
        (FEW, ps.LinearMixed(criterion=MaximumLikelihood(), df=LikelihoodRatio()), ask(), "likelihood_ratio"),
        (FEW, ps.ClusterSummaries(), ask("event", "count", "size"), "counts"),
        (FEW, ps.ClusterSummaries(), ask("event", "binary", "size"), "denominator"),
    ],
)
def test_what_cannot_be_imputed_or_pooled_is_refused(
    missing: MissingOutcomes, method: AnyMethod, question: ps.Question, why: str
) -> None:
    with pytest.raises(ps.PlanError) as caught:
        answered(missing, method, question)
    assert why in caught.value.found


def test_a_trial_over_periods_is_refused() -> None:
    study = ps.SteppedWedge(cluster="unit", arm="arm", period="age")
    with pytest.raises(ps.PlanError) as caught:
        ps.analyse(study, ps.LinearMixed(), {"people": trial()}, ask(), ps.How(seed=1, missing=FEW))
    assert "cluster_trial" in caught.value.found


def test_imputation_without_a_seed_is_refused() -> None:
    with pytest.raises(ps.PlanError, match="no seed"):
        ps.analyse(STUDY, ps.LinearMixed(), {"people": trial()}, ask(), ps.How(missing=FEW))


def test_influence_with_imputation_is_refused() -> None:
    how = ps.How(seed=1, missing=FEW, influence="leave_one_cluster_out")
    with pytest.raises(ps.PlanError) as caught:
        ps.analyse(STUDY, ps.LinearMixed(), {"people": trial()}, ask(), how)
    assert "influence" in caught.value.found


def test_a_category_that_no_answered_row_has_is_refused() -> None:
    data = trial()
    data["ward"] = np.where(data["y"].isna() & (data["unit"] == "U01"), "far", "near")
    study = STUDY.model_copy(update={"adjust": ("age", "ward")})
    with pytest.raises(ps.FitError, match="no estimate for what some unanswered rows have") as caught:
        answered(FEW, data=data, study=study)
    assert "ward" in caught.value.found


def test_too_few_clusters_for_a_model_of_an_arm_are_refused() -> None:
    with pytest.raises(ps.FitError, match="too few clusters"):
        answered(FEW, ps.ClusterSummaries(), data=trial(4), study=STUDY.model_copy(update={"adjust": ()}))


def test_an_arm_whose_answers_do_not_vary_is_refused() -> None:
    data = trial()
    data.loc[data["event"].notna() & (data["arm"] == "new"), "event"] = 1.0
    with pytest.raises(ps.FitError, match="do not vary"):
        answered(FEW, ps.ClusterSummaries(), ask("event", "binary"), data)


def test_separated_outcomes_are_refused() -> None:
    data = trial()
    data["event"] = np.where(data["event"].isna(), np.nan, (data["age"] > 0).astype(float))
    with pytest.raises(ps.FitError, match="separated"):
        answered(FEW, ps.ClusterSummaries(), ask("event", "binary"), data)


@pytest.mark.parametrize("deltas", [(0.5, 1.0), (1.0, 0.0), (0.0, 0.0), (0.0,), (0.0, float("nan"))])
def test_a_grid_of_shifts_ascends_and_holds_none(deltas: tuple[float, ...]) -> None:
    with pytest.raises(ValidationError):
        TippingPoint(deltas=deltas)


@pytest.mark.parametrize("imputations", [4, 501])
def test_there_are_5_to_500_imputations(imputations: int) -> None:
    with pytest.raises(ValidationError):
        MultipleImputation(imputations=imputations)


def test_the_assumption_is_said_of_each_choice() -> None:
    shifted = MultipleImputation(delta=ArmShift(compare=-1.0))
    choices = (CompleteCase(), FEW, shifted, TippingPoint(deltas=(0.0, 1.0)))
    told: dict[OutcomeType, str] = {"binary": "on the log odds scale", "continuous": "in days"}
    for kind, unit in told.items():
        outcome = Outcome(column="y", type=kind, direction="higher_better", unit=unit.removeprefix("in "))
        said = {one.assumption(outcome) for one in choices}
        assert len(said) == 4
        assert "missing at random given the arm and the covariates" in CompleteCase().assumption(outcome)
        assert "not to be missing at random" in shifted.assumption(outcome)
        amount = f"shifted by 0 in the reference arm and \u22121 in the compared arm ({unit}) from"
        assert amount in shifted.assumption(outcome)
        assert len({one.brief(outcome) for one in choices}) == 4


def test_a_normal_reference_may_be_pooled() -> None:
    found = answered(FEW, ps.LinearMixed(df=NormalReference()))
    assert found.estimate.df is not None


@pytest.mark.parametrize("part", ["adjust", "auxiliary", "subgroup"])
def test_the_outcome_has_no_other_part_in_the_study(part: str) -> None:
    bare = STUDY.model_copy(update={"adjust": (), "auxiliary": ()})
    study = bare.model_copy(update={part: "y" if part == "subgroup" else ("y",)})
    for missing in (ps.CompleteCase(), FEW, ps.DoublyRobust()):
        with pytest.raises(ps.PlanError, match="the outcome has another part") as caught:
            answered(missing, ps.Gee(), study=study)
        assert caught.value.found == f"{part}: y"

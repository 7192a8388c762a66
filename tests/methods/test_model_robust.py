"""Model-robust standardisation: held to its formula in loops, and to what must not matter."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import assume, given, settings
from pydantic import ValidationError

import precept_stats as ps
from precept_stats.errors import FitError
from precept_stats.inference.uncertainty import Asymptotic, estimate
from precept_stats.methods.cluster_summaries import ClusterSummaries
from precept_stats.methods.gee import Gee
from precept_stats.methods.model_robust import ModelRobust
from precept_stats.studies.cluster_trial import ClusterTrial
from precept_stats.studies.cluster_trial_design import ClusterTrialDesign

from .generated import SEEDS, ask, effect, relabelled, swapped, trial, with_rows

WORKING = {
    "cluster_means": {"kind": "cluster_means"},
    "gee": {"kind": "gee"},
    "contextual": {"kind": "gee", "contextual": True},
    "exchangeable": {"kind": "gee", "correlation": "exchangeable"},
    "linear_mixed": {"kind": "linear_mixed"},
    "generalised_linear_mixed": {"kind": "generalised_linear_mixed"},
}
AVERAGES = ("cluster_average", "participant_average")
FEW = settings(max_examples=4)


def robust(working: str = "cluster_means", **more: dict) -> ModelRobust:
    return ModelRobust(working=WORKING[working], **more)


def four_means(design: ClusterTrialDesign, method: ModelRobust | None = None) -> np.ndarray:
    uncertainty = (method or robust()).fit(design).uncertainty
    assert isinstance(uncertainty, Asymptotic)
    return uncertainty.params


def solvable(design: ClusterTrialDesign, method: ModelRobust) -> bool:
    """Not where small clusters differ so little that their correlation cannot be one."""
    try:
        method.fit(design)
    except FitError as problem:
        return "not positive definite" not in problem.found + problem.problem
    return True


def averages(design: ClusterTrialDesign, method: ModelRobust) -> dict[str, float]:
    fit = method.fit(design)
    return {name: estimate(fit.uncertainty, quantity, 0.95).value for name, quantity in fit.averages}


def plain_table(design: ClusterTrialDesign) -> pd.DataFrame:
    """One row an individual, with its cluster's arm and stratum."""
    table = pd.DataFrame({"cluster": design.row_cluster, "y": design.y, "n": design.size})
    table["arm"] = design.arm[design.row_cluster]
    table["stratum"] = 0 if design.stratum is None else design.stratum[design.row_cluster]
    for covariate in design.covariates:
        table[covariate.name] = covariate.values[:, 0]
    return table


def plain_predictions(table: pd.DataFrame, working: str, outcome: str) -> dict[int, tuple[float, float]]:
    """What statsmodels predicts for each cluster in arms 0 and 1."""
    names = ["arm", *(["stratum"] if table["stratum"].nunique() > 1 else []), "x", "z"]
    if working == "cluster_means":
        means = table.groupby("cluster")[["arm", "stratum"]].first()
        for name in ("x", "z"):
            means[name] = table.groupby("cluster")[[name, "n"]].apply(
                lambda g, name=name: np.average(g[name], weights=g["n"])
            )
        totals = table.groupby("cluster")[["y", "n"]].sum()
        fit = sm.OLS(totals["y"] / totals["n"], sm.add_constant(means[names])).fit()
        both = [
            fit.predict(sm.add_constant(means.assign(arm=a)[names], has_constant="add")) for a in (0.0, 1.0)
        ]
        return {k: (both[0][k], both[1][k]) for k in means.index}
    family = {
        "binary": sm.families.Binomial,
        "count": sm.families.Poisson,
        "continuous": sm.families.Gaussian,
    }
    X = sm.add_constant(table[names])
    exposure = table["n"] if outcome == "count" else None
    fit = sm.GLM(table["y"], X, family=family[outcome](), exposure=exposure).fit(tol=1e-14, maxiter=200)
    found = {}
    both = [
        fit.predict(X.assign(arm=a), exposure=np.ones(len(X)) if outcome == "count" else None)
        for a in (0.0, 1.0)
    ]
    for k, rows in table.groupby("cluster").groups.items():
        weights = table.loc[rows, "n"]
        found[k] = tuple(np.average(one.loc[rows], weights=weights) for one in both)
    return found


def plain_means(table: pd.DataFrame, working: str, outcome: str, shares: dict[int, float]) -> np.ndarray:
    """The four means by the formula, a cluster at a time."""
    predicted = plain_predictions(table, working, outcome)
    sums, weights = np.zeros(4), np.zeros(4)
    for k, rows in table.groupby("cluster"):
        size = rows["n"].sum()
        observed, arm = rows["y"].sum() / size, rows["arm"].iloc[0]
        for a in (0, 1):
            mean = predicted[k][a]
            if arm == a:
                mean += (observed - predicted[k][a]) / (shares[k] if a else 1 - shares[k])
            sums[a], weights[a] = sums[a] + mean, weights[a] + 1
            sums[2 + a], weights[2 + a] = sums[2 + a] + size * mean, weights[2 + a] + size
    return sums / weights


def shares_by_stratum(table: pd.DataFrame) -> dict[int, float]:
    first = table.groupby("cluster").first()
    return first.groupby("stratum")["arm"].transform("mean").to_dict()


@pytest.mark.parametrize("outcome", ["continuous", "binary", "count"])
@pytest.mark.parametrize("working", ["cluster_means", "gee"])
@pytest.mark.parametrize("blocks", ["", "strata"])
def test_it_is_the_formula(outcome: str, working: str, blocks: str) -> None:
    """Means of all clusters, and the jackknife's covariance (types 1 to 3) from refits without each."""
    design = trial(11, outcome=outcome, covariates=True, blocks=blocks)
    table = plain_table(design)
    shares = shares_by_stratum(table)
    origin = np.mean(design.y / design.size) if outcome == "continuous" else 0.0
    theirs = plain_means(table, working, outcome, shares)
    ours = four_means(design, robust(working))
    assert ours + origin == pytest.approx(theirs, rel=1e-9)
    tables = [table[table["cluster"] != k] for k in range(design.n_clusters)]
    without = np.array([plain_means(left, working, outcome, shares) for left in tables])
    m = len(without)
    away = without - without.mean(axis=0)
    expected = {"about_mean": (m - 1) / m * away.T @ away}
    away = without - theirs
    expected |= {"about_estimate": (m - 1) / m * away.T @ away, "inflated": away.T @ away}
    for kind, covariance in expected.items():
        found = robust(working, jackknife={"kind": kind}).fit(design).uncertainty.covariance
        assert found == pytest.approx(covariance, rel=1e-6, abs=1e-12)


@pytest.mark.parametrize("summary", ["risk_difference", "risk_ratio", "odds_ratio"])
def test_effects_follow_from_the_four_means_by_the_delta_method(summary: str) -> None:
    design = trial(3, outcome="binary", summary=summary, covariates=True)
    for place, target in enumerate(AVERAGES):
        asked = replace(design, target=target)
        answer = effect(robust("gee"), asked)
        uncertainty = robust("gee").fit(asked).uncertainty
        down, up = uncertainty.params[2 * place : 2 * place + 2]
        part = uncertainty.covariance[2 * place : 2 * place + 2, 2 * place : 2 * place + 2]
        value, slope = {
            "risk_difference": (up - down, [-1.0, 1.0]),
            "risk_ratio": (up / down, [-1 / down, 1 / up]),
            "odds_ratio": (
                up / (1 - up) / (down / (1 - down)),
                [-1 / (down * (1 - down)), 1 / (up * (1 - up))],
            ),
        }[summary]
        assert answer.value == pytest.approx(value, rel=1e-12)
        assert answer.std_error == pytest.approx(np.sqrt(np.array(slope) @ part @ slope), rel=1e-10)
        assert answer.df == design.n_clusters - 2


@FEW
@given(seed=SEEDS)
@pytest.mark.parametrize("working", WORKING)
def test_with_equal_sizes_both_averages_are_the_same(seed: int, working: str) -> None:
    outcome = "binary" if working == "generalised_linear_mixed" else "continuous"
    design = trial(seed, outcome=outcome, covariates=True, equal_sizes=True)
    assume(solvable(design, robust(working)))
    found = averages(design, robust(working))
    assert set(found) == set(AVERAGES)
    assert found["cluster_average"] == pytest.approx(found["participant_average"], rel=1e-9, abs=1e-12)


@FEW
@given(seed=SEEDS)
def test_without_covariates_cluster_means_give_the_difference_of_means(seed: int) -> None:
    """And the jackknife about the mean is then Welch's variance with n in place of n - 1, by formula."""
    design = replace(trial(seed), target="cluster_average")
    ours, theirs = effect(robust(), design), effect(ClusterSummaries(), design)
    assert ours.value == pytest.approx(theirs.value, rel=1e-9, abs=1e-12)
    m, variance = design.n_clusters, 0.0
    for arm in (0, 1):
        means = design.cluster_mean[design.arm == arm]
        change = (means - means.mean()) / (len(means) - 1)
        variance += (m - 1) / m * np.sum(change**2)
    assert ours.std_error == pytest.approx(np.sqrt(variance), rel=1e-9)


@FEW
@given(seed=SEEDS)
@pytest.mark.parametrize("outcome", ["binary", "count", "continuous"])
def test_independence_gee_needs_no_correction_over_participants(seed: int, outcome: str) -> None:
    """With the canonical link its residuals add up to 0 in each arm, so that it is g-computation already."""
    design = trial(seed, outcome=outcome, covariates=True)
    method = robust("gee", probability={"kind": "declared", "compare": 0.3})
    assert effect(method, design).value == pytest.approx(effect(Gee(), design).value, rel=1e-7, abs=1e-9)


@FEW
@given(seed=SEEDS)
@pytest.mark.parametrize("working", WORKING)
def test_order_and_labels_do_not_matter(seed: int, working: str) -> None:
    outcome = "continuous" if working in ("cluster_means", "linear_mixed") else "binary"
    design = trial(seed, outcome=outcome, covariates=True, blocks="strata")
    assume(solvable(design, robust(working)))
    rng = np.random.default_rng(seed)
    numbers = four_means(design, robust(working))
    shuffled = with_rows(design, rng.permutation(len(design.y)))
    other = relabelled(design, rng.permutation(design.n_clusters))
    assert four_means(shuffled, robust(working)) == pytest.approx(numbers, rel=1e-6, abs=1e-8)
    assert four_means(other, robust(working)) == pytest.approx(numbers, rel=1e-6, abs=1e-8)
    turned = four_means(swapped(design), robust(working))
    assert turned[[1, 0, 3, 2]] == pytest.approx(numbers, rel=1e-6, abs=1e-8)


@FEW
@given(seed=SEEDS)
@pytest.mark.parametrize("working", ["cluster_means", "gee", "exchangeable", "linear_mixed"])
def test_units_and_origins_do_not_matter(seed: int, working: str) -> None:
    design = trial(seed, covariates=True)
    assume(solvable(design, robust(working)))
    moved = replace(design, y=1e6 + 1000.0 * design.y)
    ours, theirs = ask(robust(working), moved), ask(robust(working), design)
    assert ours[0].value == pytest.approx(1000.0 * theirs[0].value, rel=1e-5)
    assert ours[0].std_error == pytest.approx(1000.0 * theirs[0].std_error, rel=1e-5)
    assert ours[1].value == pytest.approx(1e6 + 1000.0 * theirs[1].value, rel=1e-9)


@FEW
@given(seed=SEEDS)
@pytest.mark.parametrize("working", ["gee", "linear_mixed", "generalised_linear_mixed"])
def test_grouped_rows_are_the_people_that_they_count(seed: int, working: str) -> None:
    design = trial(seed, outcome="binary")
    K = design.n_clusters
    grouped = replace(
        design,
        row_cluster=np.arange(K),
        y=design.cluster_total,
        size=design.cluster_size,
    )
    numbers = four_means(design, robust(working))
    assert four_means(grouped, robust(working)) == pytest.approx(numbers, rel=1e-6, abs=1e-8)


def test_a_declared_probability_is_used_as_it_is() -> None:
    design = trial(7, outcome="binary", covariates=True)
    fit = robust(probability={"kind": "declared", "compare": 0.4}).fit(design)
    (share,) = [fact.stat for fact in fit.facts if fact.name == "arm_probability"]
    assert share == 0.4
    assert not np.allclose(fit.uncertainty.params, four_means(design))


def test_a_declared_probability_that_the_allocation_contradicts_is_told() -> None:
    design = trial(4)
    K = design.n_clusters
    other = robust(probability={"kind": "declared", "compare": 0.97}).fit(design)
    (told,) = [text for text in other.warnings if "declared probability" in text]
    assert f"is 0.97, and {K // 2} of {K} clusters" in told
    assert other.status == "warning"
    for probability in ({"kind": "declared", "compare": 0.4}, {"kind": "share_of_clusters"}):
        warned = robust(probability=probability).fit(design).warnings
        assert not any("declared probability" in text for text in warned)


def test_the_comparison_is_a_ratio_of_ratios_for_ratios() -> None:
    design = trial(2, outcome="binary", summary="risk_ratio", covariates=True)
    found = averages(design, robust())
    assert found["comparison"] == pytest.approx(found["participant_average"] / found["cluster_average"])


def test_informative_sizes_are_found() -> None:
    """Every large cluster gains, no small one does: the averages differ, and the test says so."""
    rng = np.random.default_rng(5)
    K = 60
    sizes = np.where(np.arange(K) < K // 2, 10, 100)
    arm = np.tile([0, 1], K // 2).astype(np.intp)
    cluster = np.repeat(np.arange(K), sizes)
    gain = np.where(sizes == 100, 0.4, 0.0) * arm
    risk = 0.3 + gain
    design = replace(
        trial(1, outcome="binary"),
        clusters=tuple(f"c{k}" for k in range(K)),
        arm=arm,
        row_cluster=cluster,
        y=rng.binomial(1, risk[cluster]).astype(float),
        size=np.ones(len(cluster)),
    )
    fit = robust().fit(design)
    found = {name: estimate(fit.uncertainty, quantity, 0.95) for name, quantity in fit.averages}
    assert found["cluster_average"].value == pytest.approx(0.20, abs=0.06)
    assert found["participant_average"].value == pytest.approx(0.4 * 100 / 110, abs=0.06)
    assert found["comparison"].p_value < 1e-4


def study(**more: object) -> ClusterTrial:
    return ClusterTrial(cluster="c", arm="a", **more)


def question(**more: str) -> ps.Question:
    asked = {"summary": "risk_difference", "effect": "marginal", "target": "participant_average"} | more
    kind = {"mean_difference": "continuous", "rate_ratio": "count"}.get(asked["summary"], "binary")
    return ps.Question(
        "e",
        ps.Estimand(population="p", outcome="y", compare="1", reference="0", intercurrent_events=(), **asked),
        ps.Population(of="t"),
        ps.Outcome(
            column="y", type=kind, direction="higher_better", denominator="n" if kind == "count" else None
        ),
    )


def test_it_targets_the_declared_average_whichever_it_is() -> None:
    for target in AVERAGES:
        assert robust().estimand_gap(study(), question(target=target)) == ""
        assert robust().objections(study(), question(target=target)) == ()


@pytest.mark.parametrize(
    ("method", "about", "asked", "said"),
    [
        (robust(), {"pairs": "p"}, {}, "matched pairs"),
        (robust(), {}, {"summary": "odds_ratio", "effect": "conditional"}, "marginal effect"),
        (robust("linear_mixed"), {}, {"summary": "rate_ratio"}, "use gee"),
        (
            robust("generalised_linear_mixed"),
            {},
            {"summary": "mean_difference"},
            "binary outcomes and counts",
        ),
    ],
)
def test_what_it_cannot_answer_is_said(method: ModelRobust, about: dict, asked: dict, said: str) -> None:
    assert said in "; ".join(method.objections(study(**about), question(**asked)))


def test_a_conditional_difference_is_said_to_be_marginal() -> None:
    gap = robust().estimand_gap(study(adjust=("x",)), question(effect="conditional"))
    assert "average" in gap


def test_a_cluster_that_cannot_be_left_out_is_named() -> None:
    """Without it an arm, or a stratum, would have too little left."""
    design = trial(9)
    two = with_rows(design, np.flatnonzero(np.isin(design.row_cluster, [0, 1, 2, 3])))
    two = replace(two, clusters=design.clusters[:4], arm=design.arm[:4])
    with pytest.raises(FitError, match="without cluster c0"):
        robust().fit(two)


def test_means_that_allow_no_ratio_are_refused() -> None:
    """Augmented means are no risks of anybody, and may lie outside 0 to 1."""
    design = trial(4, outcome="binary", summary="risk_ratio")
    reference = design.arm == 0
    smallest = np.flatnonzero(reference)[np.argmin(design.cluster_size[reference])]
    y = np.where(reference[design.row_cluster], design.row_cluster == smallest, design.y).astype(float)
    method = robust(probability={"kind": "declared", "compare": 0.99})
    with pytest.raises(FitError, match="allow no risk ratio"):
        method.fit(replace(design, y=y))


def test_clusters_that_do_not_differ_have_no_standard_error() -> None:
    design = trial(6, equal_sizes=True)
    y = design.arm[design.row_cluster].astype(float)
    within = np.tile([-1.0, 0.0, 1.0], len(y) // 3)
    with pytest.raises(FitError, match="clusters do not differ"):
        robust().fit(replace(design, y=y + within))


@pytest.mark.parametrize(
    "settings_given",
    [
        {"working": {"kind": "ols"}},
        {"working": {"kind": "gee", "correlation": "nested"}},
        {"working": {"kind": "generalised_linear_mixed", "nodes": 4}},
        {"probability": {"kind": "declared", "compare": 1.0}},
    ],
)
def test_settings_that_do_not_exist_are_refused(settings_given: dict) -> None:
    with pytest.raises(ValidationError):
        ModelRobust(**settings_given)

"""What cannot be estimated, or would answer another question, is said so: no number without its warrant."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from precept_stats.data.selection import Population
from precept_stats.errors import FitError
from precept_stats.inference.uncertainty import estimate
from precept_stats.methods import ClusterRegression, ClusterSummaries
from precept_stats.studies.allocation_set import AllocationSet
from precept_stats.studies.cluster_trial import ClusterTrial
from precept_stats.studies.cluster_trial_design import Covariate
from precept_stats.studies.question import Estimand, Outcome, Question

from .generated import effect, trial, with_rows

METHODS = [ClusterSummaries(), ClusterRegression()]
SHAPES = {
    "plain": {},
    "strata": {"strata": ("s",)},
    "pairs": {"pairs": "p"},
    "adjusted": {"adjust": ("x",)},
}


def study(shape: str = "plain") -> ClusterTrial:
    return ClusterTrial(cluster="c", arm="a", **SHAPES[shape])


def question(
    summary: str = "risk_difference",
    target: str = "cluster_average",
    effect: str = "marginal",
    kind: str = "binary",
) -> Question:
    estimand = Estimand(
        population="p", outcome="o", compare="1", reference="0", summary=summary, effect=effect,
        target=target, intercurrent_events=(),
    )  # fmt: skip
    outcome = Outcome(
        column="y", type=kind, direction="higher_better", denominator="t" if kind == "count" else None
    )
    return Question("e", estimand, Population(of="rows"), outcome)


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.kind)
@pytest.mark.parametrize("value", [0.0, 1.0])
def test_an_outcome_that_is_the_same_for_everyone(method, value) -> None:
    design = trial(1, outcome="binary")
    with pytest.raises(FitError, match="does not vary"):
        method.fit(replace(design, y=np.full_like(design.y, value)))


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_an_outcome_that_is_the_same_for_everyone_in_stage_one(value) -> None:
    design = trial(1, outcome="binary", covariates=True)
    with pytest.raises(FitError, match="does not vary"):
        ClusterSummaries().fit(replace(design, y=np.full_like(design.y, value)))


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.kind)
def test_clusters_that_do_not_differ_within_arms(method) -> None:
    design = trial(2, equal_sizes=True)
    within = np.tile(np.linspace(-1, 1, 15), design.n_clusters)
    flat = replace(design, y=5.0 + within + 0.3 * design.arm[design.row_cluster])
    with pytest.raises(FitError, match="do not differ"):
        method.fit(flat)


def test_one_arm_without_variation_has_no_welch_interval() -> None:
    design = trial(2, outcome="binary", equal_sizes=True)
    quiet = replace(design, y=np.where(design.arm[design.row_cluster] == 0, 0.0, design.y))
    with pytest.raises(FitError, match="in arm control"):
        ClusterSummaries(variance={"kind": "welch"}).fit(quiet)
    assert effect(ClusterSummaries(), quiet).value > 0, "the pooled variance can do without"


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.kind)
def test_an_arm_with_one_cluster(method) -> None:
    design = trial(3)
    keep = np.flatnonzero(np.isin(design.row_cluster, [0, 1, 2, 4]))
    alone = with_rows(design, keep)
    _, rows = np.unique(alone.row_cluster, return_inverse=True)
    alone = replace(
        alone, row_cluster=rows.astype(np.intp), clusters=("a", "b", "c", "d"), arm=np.array([0, 1, 0, 0])
    )
    with pytest.raises(FitError, match="fewer than two clusters") as problem:
        method.fit(alone)
    assert problem.value.found == "control: 3, treated: 1"


def test_too_few_degrees_of_freedom() -> None:
    design = trial(4)
    rng = np.random.default_rng(4)
    values = rng.normal(size=(design.n_clusters, design.n_clusters - 2))[design.row_cluster]
    names = tuple(f"z{i}" for i in range(values.shape[1]))
    crowded = replace(design, covariates=(Covariate("z", "cluster", names, values),))
    for method in METHODS:
        with pytest.raises(FitError, match="no degrees of freedom"):
            method.fit(crowded)


def test_aliased_columns_are_named() -> None:
    design = trial(5, blocks="strata")
    copy = Covariate("again", "cluster", ("again",), 2.0 * design.stratum[design.row_cluster][:, None])
    with pytest.raises(FitError) as problem:
        ClusterRegression().fit(replace(design, covariates=(copy,)))
    assert problem.value.found.startswith("again")


def test_a_stage_one_column_that_adds_nothing_is_left_out_with_a_warning() -> None:
    design = trial(5, blocks="strata", covariates=True)
    copy = Covariate("again", "cluster", ("again",), 2.0 * design.stratum[design.row_cluster][:, None])
    doubled = replace(design, covariates=(*design.covariates, copy))
    fit = ClusterSummaries().fit(doubled)
    assert fit.warnings == ("stage one left out again: fixed by the terms before it",)
    assert effect(ClusterSummaries(), doubled) == effect(ClusterSummaries(), design)


@pytest.mark.parametrize("kind", ["hc2", "hc3"])
def test_a_cluster_that_fixes_a_parameter_alone(kind: str) -> None:
    design = trial(6)
    alone = (design.row_cluster == 0).astype(float)[:, None]
    lone = replace(design, covariates=(Covariate("lone", "cluster", ("lone",), alone),))
    with pytest.raises(FitError, match="leverage of 1") as problem:
        ClusterRegression(variance={"kind": kind}).fit(lone)
    assert "c0" in problem.value.found
    fit = ClusterRegression(variance={"kind": "cr2"}).fit(lone)
    assert any("c0 (1.00)" in warning for warning in fit.warnings)


def test_half_an_event_is_added_to_every_cluster_and_said() -> None:
    design = trial(7, outcome="binary", summary="risk_ratio")
    none = replace(design, y=np.where(design.row_cluster == 3, 0.0, design.y))
    fit = ClusterSummaries().fit(none)
    logs = np.log((none.cluster_total + 0.5) / none.cluster_size)
    for arm in (0, 1):
        assert fit.uncertainty.params[arm] == pytest.approx(logs[none.arm == arm].mean(), rel=1e-12)
    assert any("0.5 was added" in warning and "c3" in warning for warning in fit.warnings)
    with pytest.raises(FitError, match="no logarithm") as problem:
        ClusterSummaries(ratio={"kind": "geometric", "zero_clusters": "error"}).fit(none)
    assert problem.value.found == "c3"
    arithmetic = ClusterSummaries(ratio={"kind": "arithmetic"}).fit(none)
    assert not arithmetic.warnings


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("form", ["geometric", "arithmetic"])
@pytest.mark.parametrize("blocks", ["", "strata", "pairs"])
@pytest.mark.parametrize("adjusted", [False, True])
@pytest.mark.parametrize(("arm", "name"), [(0, "control"), (1, "treated")])
def test_a_ratio_needs_events_in_both_arms(
    form: str, blocks: str, adjusted: bool, arm: int, name: str
) -> None:
    """0.5 added to nothing but zeros has no variance of its own: it gave a ratio of 19 with p < 0.001."""
    design = trial(32, outcome="binary", summary="risk_ratio", blocks=blocks, covariates=adjusted)
    none = replace(design, y=np.where(design.arm[design.row_cluster] == arm, 0.0, design.y))
    with pytest.raises(FitError, match=f"without any event has no {form} ratio") as problem:
        ClusterSummaries(ratio={"kind": form}).fit(none)
    assert problem.value.found == f"arm {name}: no event in {np.sum(design.arm == arm)} clusters"
    assert "difference" in problem.value.allowed


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("variance", ["pooled", "welch"])
def test_an_arm_without_events_still_has_no_rate_ratio(variance: str) -> None:
    design = trial(33, outcome="count", summary="rate_ratio")
    none = replace(design, y=np.where(design.arm[design.row_cluster] == 1, 0.0, design.y))
    for form in ("geometric", "arithmetic"):
        with pytest.raises(FitError, match="arm without any event"):
            ClusterSummaries(ratio={"kind": form}, variance={"kind": variance}).fit(none)


def test_variance_weights_take_clusters_of_only_zeros_or_ones() -> None:
    design = trial(8, outcome="binary")
    y = np.where(design.row_cluster == 0, 0.0, np.where(design.row_cluster == 1, 1.0, design.y))
    found = effect(ClusterSummaries(weights={"kind": "variance"}), replace(design, y=y))
    assert np.isfinite([found.value, found.std_error]).all()


def test_quasi_separation_in_stage_one_is_at_the_boundary_with_its_limit() -> None:
    design = trial(9, outcome="binary")
    marked = np.zeros(len(design.y))
    marked[np.flatnonzero(design.y == 1)[:5]] = 1.0
    covariate = Covariate("marked", "individual", ("marked",), marked[:, None])
    fit = ClusterSummaries().fit(replace(design, covariates=(covariate,)))
    assert fit.status == "boundary"
    assert any("quasi-separation" in warning for warning in fit.warnings)
    rest = design.y[marked == 0].mean()
    expected = np.bincount(design.row_cluster, weights=np.where(marked == 1, 1.0, rest))
    residual = (design.cluster_total - expected) / design.cluster_size
    for arm in (0, 1):
        ours = fit.uncertainty.params[arm]
        assert ours == pytest.approx(residual[design.arm == arm].mean(), rel=1e-7, abs=1e-9)


def test_complete_separation_is_refused() -> None:
    design = trial(9, outcome="binary")
    same = Covariate("same", "individual", ("same",), design.y[:, None])
    with pytest.raises(FitError, match="complete separation"):
        ClusterSummaries().fit(replace(design, covariates=(same,)))


def test_very_few_clusters_are_warned_about() -> None:
    design = trial(10)
    keep = np.flatnonzero(design.row_cluster < 6)
    six = replace(with_rows(design, keep), clusters=design.clusters[:6], arm=design.arm[:6])
    assert "20 possible allocations" in ClusterSummaries().fit(six).warnings[0]
    assert ClusterSummaries().fit(design).warnings == ()


def test_allocations_that_the_study_declares_are_the_possible_ones() -> None:
    design = trial(10)
    mirrored = np.array([design.arm, 1 - design.arm], dtype=np.int16)
    others = np.sort(np.tile(design.arm, (5, 1)), axis=1).astype(np.int16)
    few = AllocationSet(np.vstack([mirrored, others]), design.arm, "acceptable allocations")
    (warning,) = ClusterSummaries().fit(replace(design, allocations=few)).warnings
    assert "7 possible allocations" in warning
    assert "below 0.29" in warning


def test_adjusted_summaries_show_no_arm_means() -> None:
    design = trial(11, covariates=True)
    assert len(ClusterSummaries().targets(design)) == 1
    assert len(ClusterRegression().targets(design)) == 3


@pytest.mark.parametrize(
    ("method", "asked", "words"),
    [
        (ClusterSummaries(), question("odds_ratio"), "odds ratio"),
        (ClusterSummaries(), question("mean_difference"), "no mean difference"),
        (ClusterSummaries(weights={"kind": "variance"}), question("rate_ratio", kind="count"), "correlation"),
        (ClusterSummaries(weights={"kind": "size"}, variance={"kind": "welch"}), question(), "equal weights"),
        (ClusterRegression(), question("risk_ratio"), "differences"),
        (ClusterRegression(), question("rate_ratio", kind="count"), "differences"),
        (ClusterRegression(df={"kind": "satterthwaite"}), question(), "cr2"),
    ],
)
def test_questions_that_a_method_cannot_answer(method, asked, words) -> None:
    objections = method.objections(study(), asked)
    assert len(objections) == 1
    assert words in objections[0]


@pytest.mark.parametrize("shape", ["strata", "pairs"])
def test_welch_is_for_trials_without_strata_or_pairs(shape: str) -> None:
    assert ClusterSummaries(variance={"kind": "welch"}).objections(study(shape), question())


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("summary", ["risk_difference", "risk_ratio"])
def test_plain_questions_meet_no_objection(shape: str, summary: str) -> None:
    assert ClusterSummaries().objections(study(shape), question(summary)) == ()


@pytest.mark.parametrize(
    ("method", "asked", "shape", "gap"),
    [
        (ClusterSummaries(), question(), "plain", ""),
        (ClusterSummaries(), question(target="participant_average"), "plain", "equal weights"),
        (ClusterSummaries(weights={"kind": "size"}), question(target="participant_average"), "plain", ""),
        (ClusterSummaries(weights={"kind": "size"}), question(), "plain", "size weights"),
        (ClusterSummaries(weights={"kind": "variance"}), question(), "plain", "neither"),
        (ClusterSummaries(), question("risk_ratio"), "plain", "geometric"),
        (ClusterSummaries(ratio={"kind": "arithmetic"}), question("risk_ratio"), "plain", ""),
        (
            ClusterSummaries(ratio={"kind": "arithmetic"}),
            question("risk_ratio"),
            "adjusted",
            "observed / expected",
        ),
        (ClusterSummaries(), question(effect="conditional"), "plain", "marginal"),
        (ClusterRegression(), question(), "adjusted", ""),
        (ClusterRegression(), question(effect="conditional"), "adjusted", ""),
        (ClusterRegression(), question(target="participant_average"), "plain", "equal weights"),
        (ClusterRegression(weights={"kind": "size"}), question(), "plain", "size weights"),
        (ClusterSummaries(), question(), "adjusted", "p / (clusters - 1)"),
        (ClusterSummaries(), question(), "strata", ""),
        (ClusterRegression(), question(), "strata", ""),
        *(
            (method(weights={"kind": "size"}), question(target="participant_average"), "pairs", "n1 n0")
            for method in (ClusterSummaries, ClusterRegression)
        ),
        (ClusterSummaries(ratio={"kind": "arithmetic"}), question("risk_ratio"), "pairs", ""),
        (ClusterSummaries(ratio={"kind": "arithmetic"}), question("risk_ratio"), "strata", "same difference"),
    ],
)
def test_what_differs_from_the_declared_estimand(method, asked, shape, gap) -> None:
    found = method.estimand_gap(study(shape), asked)
    assert gap in found
    assert bool(found) == bool(gap)


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.kind)
def test_how_strata_are_averaged_is_in_the_words(method) -> None:
    """Strata of 2 to 18 and 10 to 10 clusters, with effects 0.4 and 0: not the plain average, 0.2."""
    assert "c1 c0 / (c1 + c0)" in method.words(study("strata"), question()).equation
    assert "c1 c0" not in method.words(study("pairs"), question()).equation
    design = trial(14, blocks="strata")
    arm = np.repeat([1, 0, 1, 0], [2, 18, 10, 10])
    stratum = np.repeat([0, 1], 20)
    means = np.where(stratum == 0, 0.4 * arm, 0.0) + np.tile([-0.01, 0.01], 20)
    unequal = replace(
        design, clusters=tuple(map(str, range(40))), arm=arm, stratum=stratum,
        row_cluster=np.arange(40), y=means, size=np.ones(40),
    )  # fmt: skip
    weights = np.array([2 * 18 / 20, 10 * 10 / 20])
    expected = weights @ [0.4, 0.0] / weights.sum()
    assert effect(method, unequal).value == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(("half", "warns"), [(3, True), (4, False)])
def test_how_many_clusters_are_very_few(half: int, warns: bool) -> None:
    design = trial(10)
    few = with_rows(design, np.flatnonzero(design.row_cluster < 2 * half))
    few = replace(few, clusters=design.clusters[: 2 * half], arm=design.arm[: 2 * half])
    assert bool(ClusterSummaries().fit(few).warnings) == warns


@pytest.mark.parametrize(("pairs", "warns"), [(5, True), (6, False)])
def test_how_many_pairs_are_very_few(pairs: int, warns: bool) -> None:
    design = trial(15, blocks="pairs", equal_sizes=True)
    numbers = np.arange(2 * pairs)
    few = replace(
        design, clusters=tuple(map(str, numbers)), arm=numbers % 2, pair=numbers // 2,
        row_cluster=numbers, y=np.sin(1.0 + numbers), size=np.ones(2 * pairs),
    )  # fmt: skip
    assert bool(ClusterSummaries().fit(few).warnings) == warns


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.kind)
@pytest.mark.parametrize("shape", SHAPES)
def test_the_settings_explained_are_the_settings_used(method, shape: str) -> None:
    blocks = {"strata": "strata", "pairs": "pairs"}.get(shape, "")
    design = trial(12, outcome="binary", blocks=blocks, covariates=shape == "adjusted")
    words, fit = method.words(study(shape), question()), method.fit(design)
    assert tuple((name, value) for name, value, _ in words.defaults) == fit.settings
    assert all(meaning for _, _, meaning in words.defaults)
    facts = {fact.name: fact.stat for fact in fit.facts}
    assert (words.estimator, words.df_rule) == (facts["estimator"], facts["df_rule"])


def test_the_df_rule_in_words_is_the_df_in_use() -> None:
    for blocks, expected in (
        ("", "clusters - 2"),
        ("strata", "clusters - 1 - strata"),
        ("pairs", "pairs - 1"),
    ):
        design = trial(13, blocks=blocks)
        fit = ClusterSummaries().fit(design)
        K = design.n_clusters
        df = {"": K - 2, "strata": K - 3, "pairs": K // 2 - 1}[blocks]
        assert expected in {f.name: f.stat for f in fit.facts}["df_rule"]
        assert estimate(fit.uncertainty, ClusterSummaries().targets(design)[0], 0.95).df == df

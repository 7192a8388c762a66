"""Instrumental variables: held to linearmodels, to identities, and to what must not matter."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from linearmodels.iv import IV2SLS
from pydantic import ValidationError

import precept_stats as ps
from precept_stats.data.policies import read_policy
from precept_stats.errors import DataError, FitError, PlanError
from precept_stats.inference.anderson_rubin import AndersonRubin
from precept_stats.inference.fit import Fit
from precept_stats.inference.uncertainty import Asymptotic, estimate
from precept_stats.methods.contract import unused
from precept_stats.methods.instrumental_variables import InstrumentalVariables
from precept_stats.numerics.two_stage import anderson_rubin_limits
from precept_stats.report.free_text import mask_for
from precept_stats.studies.cluster_trial_design import ClusterTrialDesign, Received

from .generated import SEEDS, effect, relabelled, swapped, trial

FEW = settings(max_examples=12, deadline=None)
REFERENCE = Path(__file__).resolve().parents[1] / "reference" / "instrumental_variables"
DATA = REFERENCE / "achievement_awards_receipt" / "awards_received.csv"
CLUSTER, SIZE, INDIVIDUAL = (
    {"kind": "cluster"},
    {"kind": "cluster", "weights": "size"},
    {"kind": "individual"},
)
LEVELS = st.sampled_from([CLUSTER, SIZE, INDIVIDUAL])
SHAPES = st.sampled_from(["", "strata", "pairs"])
MINUS = {"kind": "clusters_minus_parameters"}


def iv(level: dict = CLUSTER, **more: dict) -> InstrumentalVariables:
    return InstrumentalVariables(level=level, **more)


def with_receipt(design: ClusterTrialDesign, seed: int = 0, dose: bool = False) -> ClusterTrialDesign:
    """Receipt that the arm moves and that goes with the outcome; a dose where asked."""
    rng = np.random.default_rng(seed)
    arm = design.arm[design.row_cluster]
    lean = (design.y / design.size - np.mean(design.y / design.size)) / np.std(design.y / design.size)
    values = (rng.normal(size=len(arm)) + 0.3 * lean + 2.0 * arm - 1.0 > 0).astype(float)
    if dose:
        values = values * rng.uniform(1.0, 9.0, len(arm)) + arm
    return replace(design, received=Received("received", values))


def receiving(design: ClusterTrialDesign, values: np.ndarray) -> ClusterTrialDesign:
    return replace(design, received=Received("received", np.asarray(values, dtype=float)))


def plain(design: ClusterTrialDesign, level: dict) -> tuple[np.ndarray, ...]:
    """Outcome, exogenous columns, received, arm, weights and cluster, as a reader would make them."""
    frame = pd.DataFrame({"k": design.row_cluster, "n": design.size, "y": design.y / design.size})
    frame["d"] = design.received.values
    for one in design.covariates:
        frame[one.name] = one.values[:, 0]
    names = [one.name for one in design.covariates]
    if level["kind"] == "cluster":
        means = frame.groupby("k")[["y", "d", *names, "n"]].apply(
            lambda g: pd.Series({c: np.average(g[c], weights=g["n"]) for c in ["y", "d", *names]})
        )
        frame = means.assign(n=frame.groupby("k")["n"].sum()).reset_index()
    block = design.stratum if design.stratum is not None else design.pair
    if block is not None:
        codes = block[frame["k"]]
        for b in range(1, block.max() + 1):
            frame[f"b{b}"] = (codes == b).astype(float)
            names.append(f"b{b}")
    frame["one"] = 1.0
    weights = np.ones(len(frame)) if level == CLUSTER else frame["n"].to_numpy()
    columns = frame[["one", *names]].to_numpy()
    arm = design.arm[frame["k"]].astype(float)
    return frame["y"].to_numpy(), columns, frame["d"].to_numpy(), arm, weights, frame["k"].to_numpy()


@FEW
@given(SEEDS, LEVELS, st.sampled_from(["", "strata"]), st.sampled_from(["continuous", "binary", "count"]))
def test_cr0_and_cr1_are_those_of_linearmodels(seed, level, blocks, outcome) -> None:
    summary = "rate_difference" if outcome == "count" else ""
    design = with_receipt(trial(seed, outcome=outcome, summary=summary, blocks=blocks, covariates=True), seed)
    y, exogenous, received, arm, weights, cluster = plain(design, level)
    fit = IV2SLS(y, exogenous, received, arm, weights=weights)
    for kind, debiased in (("cr0", False), ("cr1", True)):
        theirs = fit.fit(cov_type="clustered", clusters=cluster, debiased=debiased)
        ours = effect(
            iv(level, variance={"kind": kind}, df={"kind": "clusters_minus_cluster_parameters"}), design
        )
        assert ours.value == pytest.approx(theirs.params.iloc[-1], rel=1e-9)
        assert ours.std_error == pytest.approx(theirs.std_errors.iloc[-1], rel=1e-8)


@FEW
@given(SEEDS, LEVELS)
def test_the_first_stage_is_that_of_linearmodels(seed, level) -> None:
    design = with_receipt(trial(seed, covariates=True), seed)
    _, exogenous, received, arm, weights, cluster = plain(design, level)
    fit = IV2SLS(received, np.column_stack([exogenous, arm]), None, None, weights=weights)
    theirs = fit.fit(cov_type="clustered", clusters=cluster)
    stage = iv(level, variance={"kind": "cr0"}, df=MINUS).fit(design).first_stage
    found = estimate(stage.uncertainty, stage.difference, 0.95)
    assert found.value == pytest.approx(theirs.params.iloc[-1], rel=1e-9)
    assert found.statistic**2 == pytest.approx(theirs.tstats.iloc[-1] ** 2, rel=1e-8)


@FEW
@given(SEEDS)
def test_the_wald_ratio_with_cluster_means(seed) -> None:
    design = with_receipt(trial(seed), seed)
    means = design.cluster_mean
    taken = np.bincount(design.row_cluster, weights=design.received.values) / np.bincount(design.row_cluster)
    on = design.arm == 1
    ratio = (means[on].mean() - means[~on].mean()) / (taken[on].mean() - taken[~on].mean())
    assert effect(iv(), design).value == pytest.approx(ratio, rel=1e-9)
    of_all = effect(iv(INDIVIDUAL), design).value
    assert of_all == pytest.approx(effect(iv(SIZE), design).value, rel=1e-9), "no covariates, people count"


@FEW
@given(SEEDS, SHAPES, st.booleans())
def test_with_full_compliance_it_is_the_regression_of_cluster_means(seed, blocks, covariates) -> None:
    design = trial(seed, blocks=blocks, covariates=covariates)
    full = receiving(design, design.arm[design.row_cluster])
    for weights in ("equal", "size"):
        regression = ps.ClusterRegression(
            weights={"kind": weights},
            variance={"kind": "cr2", "working": "inverse_weights"},
            df={"kind": "satterthwaite"},
        )
        theirs, ours = effect(regression, design), effect(iv({"kind": "cluster", "weights": weights}), full)
        for name in ("value", "std_error", "df", "p_value"):
            assert getattr(ours, name) == pytest.approx(getattr(theirs, name), rel=1e-7), name
        stage = iv({"kind": "cluster", "weights": weights}).fit(full).first_stage
        assert stage.uncertainty is None
        assert stage.value == pytest.approx(1.0, rel=1e-12)


@FEW
@given(SEEDS, st.sampled_from(["", "strata"]))
def test_every_column_of_the_regression_of_cluster_means_costs_a_degree_of_freedom(seed, blocks) -> None:
    design = trial(seed, blocks=blocks, covariates=True)
    full = receiving(design, design.arm[design.row_cluster])
    theirs = effect(ps.ClusterRegression(variance={"kind": "hc1"}), design)
    columns = 4 + (blocks == "strata")
    for kind in ("clusters_minus_cluster_parameters", "clusters_minus_parameters"):
        rule = {"variance": {"kind": "cr1"}, "df": {"kind": kind}}
        ours, bounded = (
            effect(iv(**rule), full),
            effect(iv(**rule, interval={"kind": "anderson_rubin"}), full),
        )
        assert ours.df == theirs.df == bounded.df == design.n_clusters - columns
        assert ours.p_value == pytest.approx(theirs.p_value, rel=1e-7)
        assert bounded.p_value == pytest.approx(theirs.p_value, rel=1e-7)
        people = effect(iv(INDIVIDUAL, **rule), full)
        spared = 1 if kind == "clusters_minus_cluster_parameters" else 0
        assert people.df == design.n_clusters - columns + spared, "a covariate of people has their rows"


@FEW
@given(SEEDS)
def test_with_pairs_it_is_the_paired_t_test(seed) -> None:
    design = trial(seed, blocks="pairs")
    full, theirs = receiving(design, design.arm[design.row_cluster]), effect(ps.ClusterSummaries(), design)
    for variance, share in (
        ("cr2", 1.0),
        ("cr1", 1.0),
        ("cr0", (design.n_clusters / 2 - 1) / design.n_clusters),
    ):
        ours = effect(iv(variance={"kind": variance}, df=MINUS), full)
        assert ours.value == pytest.approx(theirs.value, rel=1e-9)
        assert ours.std_error**2 == pytest.approx(share * theirs.std_error**2, rel=1e-9), "cr0: about half"
        assert ours.df == theirs.df


@FEW
@given(SEEDS, LEVELS, SHAPES, st.sampled_from([1e-6, 0.1, 3600.0, 1e9]))
def test_a_dose_in_another_unit_scales_the_effect(seed, level, blocks, factor) -> None:
    design = with_receipt(trial(seed, blocks=blocks), seed, dose=True)
    other = receiving(design, design.received.values * factor)
    method = iv(level, received={"kind": "dose"}, interval={"kind": "anderson_rubin"})
    ours, scaled = effect(method, design), effect(method, other)
    assert scaled.value * factor == pytest.approx(ours.value, rel=1e-7)
    assert scaled.std_error * factor == pytest.approx(ours.std_error, rel=1e-7)
    assert scaled.p_value == pytest.approx(ours.p_value, rel=1e-6)
    assert scaled.interval.lower * factor == pytest.approx(ours.interval.lower, rel=1e-6)


@FEW
@given(SEEDS, LEVELS, SHAPES)
def test_what_must_not_matter(seed, level, blocks) -> None:
    design = with_receipt(trial(seed, blocks=blocks, covariates=True), seed)
    method, rng = iv(level), np.random.default_rng(seed)
    plain = effect(method, design)

    def same(other: ClusterTrialDesign, sign: float = 1.0, factor: float = 1.0) -> None:
        found = effect(method, other)
        assert found.value * sign == pytest.approx(plain.value * factor, rel=1e-7, abs=1e-9 * plain.std_error)
        assert found.std_error == pytest.approx(plain.std_error * factor, rel=1e-7)
        assert found.df == pytest.approx(plain.df, rel=1e-6)

    same(relabelled(design, rng.permutation(design.n_clusters)))
    same(swapped(design))
    same(replace(design, y=1e3 * design.y + 7e5), factor=1e3)
    same(receiving(design, 1.0 - design.received.values), sign=-1.0)


@FEW
@given(SEEDS, LEVELS, SHAPES)
def test_the_anderson_rubin_interval_holds_what_its_test_does_not_reject(seed, level, blocks) -> None:
    design = with_receipt(trial(seed, blocks=blocks, covariates=True), seed)
    fit = iv(level, interval={"kind": "anderson_rubin"}).fit(design).uncertainty
    assert isinstance(fit, AndersonRubin)
    found = effect(iv(level, interval={"kind": "anderson_rubin"}), design)
    wald = effect(iv(level), design)
    assert (found.value, found.std_error, found.df) == (wald.value, wald.std_error, wald.df)
    assert fit.coefficients[0] / fit.coefficients[1] == pytest.approx(found.value, rel=1e-9)
    assert found.interval.lower < found.value < found.interval.upper
    assume(np.isfinite(found.interval.lower))
    for end in (found.interval.lower, found.interval.upper):
        moved = replace(design, y=design.y - end * design.received.values * design.size)
        at_end = effect(iv(level, interval={"kind": "anderson_rubin"}), moved)
        assert at_end.p_value == pytest.approx(0.05, rel=1e-6)


def test_the_ends_of_an_interval_by_hand() -> None:
    limits = anderson_rubin_limits(np.array([2.0, 1.0]), np.array([[0.04, 0.0], [0.0, 0.0]]), 2.0)
    assert limits == pytest.approx((1.6, 2.4)), "no error in the denominator"
    weak = anderson_rubin_limits(np.array([2.0, 1.0]), np.array([[0.04, 0.0], [0.0, 0.3]]), 2.0)
    assert weak == (-np.inf, np.inf), "its own t is below 2"


def test_a_weak_instrument_is_told_and_its_interval_has_no_end() -> None:
    design = trial(5)
    rng = np.random.default_rng(5)
    weak = receiving(design, rng.random(len(design.y)) < 0.5 + 0.02 * design.arm[design.row_cluster])
    fit = iv(interval={"kind": "anderson_rubin"}).fit(weak)
    assert fit.status == "warning"
    assert any("weak instrument" in text for text in fit.warnings)
    found = effect(iv(interval={"kind": "anderson_rubin"}), weak)
    assert (found.interval.lower, found.interval.upper) == (-np.inf, np.inf)
    assert found.interval.method.endswith("; unbounded below and above")


def strength(fit: Fit) -> float:
    stage = fit.first_stage
    assert stage is not None
    assert stage.uncertainty is not None
    return float(stage.value**2 / stage.uncertainty.covariance[0, 0])


@pytest.mark.parametrize("level", [CLUSTER, SIZE, INDIVIDUAL], ids=["cluster", "size", "individual"])
def test_a_wald_interval_is_refused_where_the_first_stage_is_less_than_its_error(level: dict) -> None:
    """By receipt of ever more people of the compared arm: refused up to F = 1, and only up to there."""
    design, robust = trial(5), {"kind": "anderson_rubin"}
    rng, refused, given_one = np.random.default_rng(5), 0, 0
    draw = rng.random(len(design.y))
    for more in np.linspace(-0.2, 0.3, 51):
        now = receiving(design, draw < 0.4 + more * design.arm[design.row_cluster])
        fit = iv(level, interval=robust).fit(now)
        assert any("weak instrument" in text for text in fit.warnings) == (strength(fit) < 10.0)
        if strength(fit) < 1.0:
            refused += 1
            with pytest.raises(FitError, match="no first stage beyond chance") as caught:
                iv(level).fit(now)
            assert f"F of the first stage is {strength(fit):.2f}" in caught.value.found
            assert "anderson_rubin" in caught.value.allowed
            hidden = mask_for((), read_policy("nhs_counts_v1").policy.counts).text(caught.value.found)
            assert hidden == "the F of the first stage is below one, of received"
        else:
            given_one += 1
            assert isinstance(iv(level).fit(now).uncertainty, Asymptotic)
    assert refused > 0
    assert given_one > 0


@pytest.mark.parametrize("level", [CLUSTER, INDIVIDUAL], ids=["cluster", "individual"])
def test_no_first_stage(level) -> None:
    design = trial(3, equal_sizes=True)
    for values in (np.ones_like(design.y), np.tile(np.arange(15) % 2, design.n_clusters)):
        with pytest.raises(FitError, match="no first stage"):
            iv(level).fit(receiving(design, values))


def test_what_else_stops_it() -> None:
    design = with_receipt(trial(4, covariates=True))
    with pytest.raises(FitError, match="does not say what was received"):
        iv().fit(replace(design, received=None))
    with pytest.raises(FitError, match="not a treatment that was received or not"):
        iv().fit(receiving(design, design.received.values * 0.5))
    with pytest.raises(FitError, match="does not vary"):
        iv().fit(replace(design, y=np.ones_like(design.y)))
    alone = replace(design, arm=np.eye(1, design.n_clusters, 0, dtype=np.intp).ravel())
    with pytest.raises(FitError, match="fewer than two clusters"):
        iv().fit(alone)
    twice = replace(design, covariates=(*design.covariates, replace(design.covariates[1], name="again")))
    with pytest.raises(FitError, match="cannot be told apart"):
        iv(INDIVIDUAL).fit(twice)
    exact = replace(design, y=3.0 * design.received.values)
    with pytest.raises(FitError, match="do not differ"):
        iv(INDIVIDUAL).fit(exact)


def test_a_dose_may_be_anything_and_less_in_the_compared_arm_is_told() -> None:
    design = with_receipt(trial(6), dose=True)
    backwards = receiving(design, 30.0 - design.received.values)
    fit = iv(received={"kind": "dose", "unit": "hour"}).fit(backwards)
    assert any("less of received was received in the compared arm" in text for text in fit.warnings)
    (asked,) = iv(received={"kind": "dose", "unit": "hour"}).targets(design)
    assert (asked.measure, asked.contrast) == ("dose_mean_difference", "treated - control, per hour")


def question(summary: str = "risk_difference", **more: object) -> ps.Question:
    events = [{"event": "not_received", "strategy": "principal_stratum", "level": "individual"}]
    asked = {
        "population": "girls", "outcome": "certificate", "compare": "1", "reference": "0", "summary": summary,
        "effect": "marginal", "target": "cluster_average", "intercurrent_events": events,
    }  # fmt: skip
    return ps.Question(
        "awards",
        ps.Estimand.model_validate(asked | more),
        ps.Population(of="pupils"),
        ps.Outcome(column="Bagrut_status", type="binary", direction="higher_better"),
    )


def study(**more: object) -> ps.ClusterTrial:
    return ps.ClusterTrial(cluster="school_id", arm="treated", **({"received": "received"} | more))


def test_objections_and_gaps() -> None:
    asked = question()
    assert iv().objections(study(), asked) == ()
    assert "which column was `received`" in iv().objections(study(received=None), asked)[0]
    assert "no ratios" in iv().objections(study(), question("odds_ratio"))[0]
    assert "the same column" in iv().objections(study(received="Bagrut_status"), asked)[0]
    assert "cr2" in iv(INDIVIDUAL, variance={"kind": "cr1"}).objections(study(pairs="pair"), asked)[0]
    assert "cr2" in iv(variance={"kind": "cr0"}).objections(study(pairs="pair"), asked)[0]
    assert iv(variance={"kind": "cr1"}).objections(study(pairs="pair"), asked) == ()
    assert iv().objections(study(pairs="pair"), asked) == ()
    assert iv().estimand_gap(study(), asked) == ""
    assert "treatment policy" in iv().estimand_gap(study(), question(intercurrent_events=[]))
    assert "participant-average" in iv().estimand_gap(study(), question(target="participant_average"))
    dose = iv(received={"kind": "dose", "unit": "hour"})
    assert "one hour more" in dose.estimand_gap(study(received="hours"), asked)
    twice = [
        {"event": one, "strategy": "principal_stratum", "level": "individual"}
        for one in ("not_received", "death")
    ]
    assert "several are declared" in iv().estimand_gap(study(), question(intercurrent_events=twice))


@pytest.mark.parametrize("part", ["cluster", "arm", "adjust"])
def test_received_has_no_other_part_in_the_study(part) -> None:
    given = {"cluster": "c", "arm": "a", "adjust": ("x",)}
    column = given[part] if part != "adjust" else "x"
    with pytest.raises(ValidationError, match="another part in the study"):
        ps.ClusterTrial(**given, received=column)


def test_a_method_that_does_not_use_it_refuses_it() -> None:
    assert unused(ps.ClusterSummaries.uses, study()) == ("received",)
    with pytest.raises(PlanError, match="does not use what the study names"):
        ps.analyse(study(), ps.ClusterSummaries(), DATA, question())


def test_rows_without_what_was_received_leave_and_are_counted() -> None:
    pupils = pd.read_csv(DATA)
    first = pupils["school_id"] == pupils["school_id"].iloc[0]
    gone = pupils.index[first][:3].union(pupils.index[-4:])
    holes = pupils.assign(received=pupils["received"].astype("Float64").mask(pupils.index.isin(gone)))
    with_holes = ps.analyse(study(), iv(), holes, question())
    without = ps.analyse(study(), iv(), pupils.drop(gone), question())
    assert with_holes.estimate == without.estimate
    left = [
        row.stat for row in with_holes.rows if row.variable == "received_missing" and row.stat_name == "n"
    ]
    assert left[0] == len(gone)
    with pytest.raises(DataError, match="a number was needed"):
        ps.analyse(study(), iv(), pupils.assign(received="yes"), question())


def test_leaving_out_a_cluster_leaves_out_what_it_received() -> None:
    pupils = pd.read_csv(DATA)
    found = ps.analyse(study(), iv(), pupils, question(), ps.How(influence="leave_one_cluster_out"))
    school = str(pupils["school_id"].iloc[0])
    alone = ps.analyse(study(), iv(), pupils[pupils["school_id"] != int(school)], question()).estimate.value
    value = [
        row.stat
        for row in found.rows
        if row.context == "influence" and row.group("left_out") == school and row.stat_name == "estimate"
    ]
    assert value == [pytest.approx(alone, rel=1e-12)]

"""The mixed model over periods and with named random effects: what must not matter, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

from precept_stats.errors import FitError
from precept_stats.inference.rows import Header, further_rows
from precept_stats.inference.uncertainty import estimate
from precept_stats.methods.generalised_linear_mixed import GeneralisedLinearMixed
from precept_stats.numerics.glmm.families import BinomialLogit
from precept_stats.studies.cluster_trial import ClusterTrial
from precept_stats.studies.cluster_trial_design import ClusterTrialDesign, Group
from precept_stats.studies.period_design import PeriodDesign
from precept_stats.studies.question import Outcome
from precept_stats.studies.stepped_wedge import SteppedWedge
from tests.studies.wedges import Wedge, wedge_design

from .generated import SEEDS, ask, effect, trial
from .test_generalised_linear_mixed import numbers, question, same

LAPLACE = {"kind": "laplace"}
NESTED = {"kind": "nested_exchangeable"}
TERMS = {
    "kind": "terms",
    "terms": [{"by": "cluster", "slopes": ["arm", "x"], "correlated": False}, {"by": "cluster_period"}],
}
COUNTS = {"kind": "negative_binomial"}
METHODS = {
    "exchangeable": GeneralisedLinearMixed(),
    "nested": GeneralisedLinearMixed(approximation=LAPLACE, random=NESTED),
    "slope": GeneralisedLinearMixed(
        approximation={"kind": "quadrature", "nodes": 5}, random={"kind": "random_intervention"}
    ),
    "terms": GeneralisedLinearMixed(approximation=LAPLACE, random=TERMS),
    "exposure": GeneralisedLinearMixed(
        approximation=LAPLACE, random=NESTED, effect_over_time={"kind": "exposure_time"}
    ),
    "pseudo": GeneralisedLinearMixed(
        approximation={"kind": "pseudo_likelihood"}, df={"kind": "kenward_roger"}, random=NESTED
    ),
    "rates": GeneralisedLinearMixed(approximation=LAPLACE, random={"kind": "random_intervention"}),
    "shaped": GeneralisedLinearMixed(approximation=LAPLACE, random=NESTED, counts=COUNTS),
}
methods = pytest.mark.parametrize("name", METHODS)
few = settings(max_examples=3, deadline=None)
STUDY = SteppedWedge(cluster="site", period="period", arm="arm", adjust=("x",))


def design_of(name: str, seed: int = 3) -> PeriodDesign:
    """A wedge of 12 clusters and 4 periods; counts are drawn on its rows."""
    wedge = Wedge(clusters=12, periods=4, people=10, binary=True, sd_cluster=0.9, sd_cell=0.6)
    design = wedge_design(wedge, seed, STUDY)
    design = replace(
        design, covariates=(replace(design.covariates[0], values=design.covariates[0].values.round(0)),)
    )
    if name not in ("rates", "shaped"):
        return design
    rng = np.random.default_rng(seed)
    cell = design.row_cluster * design.n_periods + design.row_period
    rate = np.exp(
        rng.normal(0, 0.5, design.n_clusters)[design.row_cluster] + rng.normal(0, 0.4, cell.max() + 1)[cell]
    )
    size = rng.uniform(0.5, 2.0, len(cell))
    y = rng.poisson(size * rate * rng.gamma(2.0, 0.5, len(cell))).astype(float)
    outcome = Outcome(column="y", type="count", direction="lower_better", denominator="t")
    return replace(design, y=y, size=size, outcome=outcome, summary="rate_difference")


def reordered(design: PeriodDesign, order: np.ndarray) -> PeriodDesign:
    return replace(
        design,
        row_cluster=design.row_cluster[order],
        row_period=design.row_period[order],
        y=design.y[order],
        size=design.size[order],
        covariates=tuple(replace(c, values=c.values[order]) for c in design.covariates),
    )


@methods
@few
@given(seed=SEEDS)
def test_the_order_of_rows_does_not_matter(name: str, seed: int) -> None:
    design = design_of(name)
    order = np.random.default_rng(seed).permutation(len(design.y))
    same(ask(METHODS[name], reordered(design, order)), ask(METHODS[name], design), 1e-6)


def test_people_and_counts_of_people_give_the_same_answer() -> None:
    design = design_of("nested")
    x = design.covariates[0].values[:, 0]
    keys = np.column_stack([design.row_cluster, design.row_period, x])
    _, first, place = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    grouped = replace(
        reordered(design, first),
        y=np.bincount(place.ravel(), weights=design.y),
        size=np.bincount(place.ravel(), weights=design.size),
    )
    for name in ("exchangeable", "nested", "slope", "pseudo"):
        same(ask(METHODS[name], grouped), ask(METHODS[name], design), 1e-7)


@methods
def test_gradients_are_those_of_the_values(name: str) -> None:
    method, design = METHODS[name], design_of(name)
    fit = method.fit(design)
    params = fit.uncertainty.params.copy()
    count = len(fit.uncertainty.params) - 1 - method._model(design).X.shape[1]
    params[-1 - count : -1] = np.maximum(params[-1 - count : -1], 0.1)
    for asked in (*method.targets(design), *fit.further):
        slope = asked.gradient(params)
        for j, e in enumerate(1e-4 * np.eye(len(params))[:-1]):
            near = asked.value(params + e) - asked.value(params - e)
            far = asked.value(params + 2 * e) - asked.value(params - 2 * e)
            assert slope[j] == pytest.approx((8 * near - far) / 12e-4, rel=1e-6, abs=1e-8), asked.measure


@methods
def test_every_further_quantity_is_a_row_with_its_interval(name: str) -> None:
    method, design = METHODS[name], design_of(name)
    fit = method.fit(design)
    rows = list(further_rows(Header("a", "e", "primary", "y"), fit, 0.95))
    keys = {(row.measure, row.term, row.stat_name) for row in rows}
    assert len(keys) == len(rows)
    for quantity in fit.further:
        told = {
            r.stat_name: r.stat for r in rows if (r.measure, r.term) == (quantity.measure, quantity.contrast)
        }
        if "conf_low" in told:
            assert told["conf_low"] <= told["estimate"] <= told["conf_high"]
        else:
            assert any(r.warning or r.error for r in rows if r.measure == quantity.measure)
    predictions = [fact for fact in fit.facts if fact.context == "prediction"]
    assert {fact.groups[0][1] for fact in predictions} == set(design.clusters)


def test_marginal_risks_average_over_all_random_effects() -> None:
    """Against draws of intercepts, effects of the arm and cluster-period effects."""
    design = design_of("terms")
    method = METHODS["terms"]
    fit = method.fit(design).uncertainty
    model = method._model(design)
    p, rng = model.X.shape[1], np.random.default_rng(0)
    variances = fit.params[p:-1]
    used = design.row_period >= 1
    x = design.covariates[0].values[used, 0]
    for arm, mean in enumerate(method.targets(design)[1:]):
        X = model.X[used].copy()
        X[:, list(model.fixed.effects)] = arm
        rows = rng.integers(0, len(X), 400_000)
        z = rng.standard_normal((400_000, 4)) * np.sqrt(variances)
        random = z[:, 0] + arm * z[:, 1] + x[rows] * z[:, 2] + z[:, 3]
        risks = BinomialLogit().mean(X[rows] @ fit.params[:p] + random)
        assert mean.value(fit.params) == pytest.approx(risks.mean(), abs=6 * risks.std() / 600)


def test_the_effect_by_exposure_time_is_the_average_of_its_parts() -> None:
    design, method = design_of("exposure"), METHODS["exposure"]
    fit = method.fit(design)
    found = ask(method, design)
    parts = [q.value(fit.uncertainty.params) for q in fit.further if q.measure == "risk_difference"]
    assert len(parts) == 3
    assert found[0].value == pytest.approx(np.mean(parts))
    conditional = replace(design, summary="odds_ratio", effect="conditional")
    ratio = effect(method, conditional)
    effects = fit.uncertainty.params[list(method._model(design).fixed.effects)]
    assert np.log(ratio.value) == pytest.approx(effects.mean())
    tests = {fact.groups[0][1] for fact in fit.facts if fact.context == "joint_test"}
    assert tests == {"exposure times all equal", "exposure times all zero"}


def test_rate_ratios_with_random_effects_of_the_arm_are_not_the_coefficient() -> None:
    design = replace(design_of("rates"), summary="rate_ratio")
    method = METHODS["rates"]
    marginal, conditional = (effect(method, replace(design, effect=e)) for e in ("marginal", "conditional"))
    fit = method.fit(design).uncertainty
    gamma = dict(zip(fit.names, fit.params, strict=True))
    more = gamma["covariance[cluster: arm, intercept]"] + 0.5 * gamma["variance[cluster: arm]"]
    assert np.log(marginal.value / conditional.value) == pytest.approx(more, rel=1e-6)
    plain = METHODS["shaped"]
    assert numbers(effect(plain, design)) == numbers(effect(plain, replace(design, effect="conditional")))


def test_the_exchangeable_model_is_the_same_by_either_kernel() -> None:
    """A constant offset takes the general kernel; it moves the intercept and nothing else."""
    design = trial(5, outcome="binary", covariates=True, summary="odds_ratio")
    shifted = replace(design, offset=np.full(len(design.y), 0.7))
    for method in (
        METHODS["exchangeable"],
        GeneralisedLinearMixed(approximation={"kind": "pseudo_likelihood"}),
    ):
        same(ask(method, shifted), ask(method, design), 1e-6)


def test_groups_of_clusters_and_within_clusters() -> None:
    design = trial(7, outcome="binary")
    region = (np.arange(design.n_clusters) // 3).astype(np.intp)[design.row_cluster]
    doctor = (design.row_cluster * 4 + np.arange(len(design.y)) % 4).astype(np.intp)
    grouped = replace(
        design,
        groups=(
            Group("region", tuple(f"r{i}" for i in range(region.max() + 1)), region),
            Group("doctor", tuple(f"d{i}" for i in range(doctor.max() + 1)), doctor),
        ),
    )
    terms = {"kind": "terms", "terms": [{"by": by} for by in ("region", "cluster", "doctor")]}
    fit = GeneralisedLinearMixed(approximation=LAPLACE, random=terms).fit(grouped)
    names = {fact.groups[0][1] for fact in fit.facts if fact.name == "variance"}
    assert names == {"region", "cluster", "doctor"}
    assert fit.status in ("ok", "boundary")


def test_a_variance_of_zero_is_said_by_its_grouping() -> None:
    design = design_of("nested")
    for seed in range(20):
        flat = wedge_design(Wedge(clusters=12, periods=4, people=10, binary=True, sd_cell=0.0), seed)
        fit = METHODS["nested"].fit(flat)
        if fit.status == "boundary":
            break
    assert any("between the periods of a cluster is estimated as 0" in warning for warning in fit.warnings)
    assert any(fact.name == "boundary" for fact in fit.facts)
    assert any(name.startswith("score_of_variance_at_zero[") for name, _ in fit.evidence)
    assert estimate(fit.uncertainty, METHODS["nested"].targets(flat)[0], 0.95).df == 10
    assert METHODS["nested"].fit(design).status == "ok"


def test_counts_no_more_dispersed_than_poisson() -> None:
    design = design_of("shaped")
    rng = np.random.default_rng(1)
    even = replace(
        design, y=np.round(3 * design.size * np.exp(0.3 * rng.normal(size=12))[design.row_cluster])
    )
    fit = METHODS["shaped"].fit(even)
    assert fit.status == "boundary"
    assert any("no more dispersed than Poisson" in warning for warning in fit.warnings)
    assert np.isfinite(effect(METHODS["shaped"], even).std_error)


def test_treated_rows_without_events_are_refused_by_name() -> None:
    design = design_of("nested")
    none = replace(design, y=np.where(design.row_treated == 1, 0.0, design.y))
    for name in ("exchangeable", "nested", "pseudo"):
        with pytest.raises(FitError, match="separated") as raised:
            METHODS[name].fit(none)
        assert "effect of treated" in raised.value.found


def test_a_random_effect_for_every_person_is_refused() -> None:
    design: ClusterTrialDesign = trial(7, outcome="binary")
    rows = np.arange(len(design.y)).astype(np.intp)
    alone = replace(design, groups=(Group("person", tuple(map(str, rows)), rows),))
    terms = {"kind": "terms", "terms": [{"by": "cluster"}, {"by": "person"}]}
    with pytest.raises(FitError, match="as many random effects as observations"):
        GeneralisedLinearMixed(approximation=LAPLACE, random=terms).fit(alone)


@pytest.mark.parametrize(
    ("settings_of", "kind", "said"),
    [
        ({"random": NESTED}, "binary", "write approximation {kind: laplace}"),
        ({"random": {"kind": "discrete_time_decay"}, "approximation": LAPLACE}, "binary", "not offered"),
        ({"random": {"kind": "random_intervention"}, "approximation": {"kind": "quadrature", "nodes": 101}},
         "binary", "10201 points"),
        ({"counts": COUNTS}, "binary", "is for counts"),
        ({"counts": COUNTS, "approximation": {"kind": "pseudo_likelihood"}}, "count", "no restricted"),
        ({"random": NESTED, "approximation": LAPLACE, "df": {"kind": "kenward_roger"}}, "binary",
         "restricted likelihood"),
        ({"link": {"kind": "log"}}, "binary", "no model of a binary"),
    ],
)  # fmt: skip
def test_what_is_refused_before_there_are_data(settings_of: dict, kind: str, said: str) -> None:
    asked = question("rate_ratio" if kind == "count" else "risk_difference", kind=kind)
    found = GeneralisedLinearMixed(**settings_of).objections(STUDY, asked)
    assert any(said in objection for objection in found), found


def test_what_a_plan_is_told() -> None:
    asked = question("risk_difference")
    words = METHODS["nested"].words(STUDY, asked)
    assert METHODS["nested"].objections(STUDY, asked) == ()
    assert "v[cluster, period]" in words.equation
    assert "cluster-period" in words.estimator
    assert "exposure times" in METHODS["nested"].estimand_gap(STUDY, asked)
    assert "exposure times" not in METHODS["exposure"].estimand_gap(STUDY, asked)
    plain = METHODS["exchangeable"].words(ClusterTrial(cluster="c", arm="a"), asked)
    assert plain.equation == (
        "logit(risk) = intercept[arm] + u[cluster], u ~ N(0, sigma2); "
        "means averaged over u and over the population"
    )


def test_counts_over_periods_are_events_and_person_time() -> None:
    design = design_of("rates")
    facts = METHODS["rates"].fit(design).facts
    for arm, name in enumerate(design.arm_names):
        mine = design.row_treated == arm
        found = {
            fact.name: (fact.stat, fact.unit) for fact in facts if (("arm", name),) == tuple(fact.groups)
        }
        assert found["n_events"] == (design.y[mine].sum(), "events")
        assert found["person_time"] == (pytest.approx(design.size[mine].sum(), abs=1e-9), "person-time")
    assert "n" not in {fact.name for fact in facts}
    assert {fact.unit for fact in facts if fact.name == "mean_size"} == {"person-time"}

"""Random effects that are sampled: the model against dense algebra, and what is told of regions by hand."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy import special, stats

from precept_stats.data.selection import Population
from precept_stats.errors import FitError
from precept_stats.inference.posterior_rows import posterior_rows
from precept_stats.inference.rows import Header
from precept_stats.inference.seeds import Seed
from precept_stats.methods.bayes_groups import group_units
from precept_stats.methods.bayes_levels import cluster_means, new_cluster, replicated, sd_of
from precept_stats.methods.bayesian_hierarchical import BayesianHierarchical
from precept_stats.methods.contract import unused
from precept_stats.numerics.posterior.density import Posterior
from precept_stats.studies.cluster_trial import ClusterTrial
from precept_stats.studies.cluster_trial_design import Group
from precept_stats.studies.period_design import PeriodDesign
from precept_stats.studies.question import Estimand, Outcome, Question

from .generated import trial
from .wedges import wedge

pytest.importorskip("arviz_stats")
pytest.importorskip("numba")
pytest.importorskip("pymc")

SEED = Seed(20261123)
SHORT = {"kind": "nuts", "draws": 250, "warmup": 250, "target_accept": 0.8}
BY_REGION = {
    "kind": "terms",
    "terms": [{"by": "cluster"}, {"by": "region", "slopes": ["arm"], "correlated": False}],
}
AUTOREGRESSIVE = {"kind": "autoregressive"}


def regions(design: PeriodDesign, count: int = 4) -> PeriodDesign:
    codes = (design.row_cluster % count).astype(np.intp)
    return replace(design, groups=(Group("region", tuple(f"r{g}" for g in range(count)), codes),))


def method(**settings: object) -> BayesianHierarchical:
    return BayesianHierarchical.model_validate({"sampler": SHORT, **settings})


def binary_wedge() -> PeriodDesign:
    """A wedge of totals of 15 with an effect that differs between four regions."""
    design, rng = regions(wedge(3)), np.random.default_rng(4)
    K, T = design.n_clusters, design.n_periods
    cluster, period = (code.ravel().astype(np.intp) for code in np.mgrid[:K, :T])
    eta = (
        0.3
        + rng.normal(0, 0.4, K)[cluster]
        + design.treated[cluster, period] * np.array([0.8, 0, -0.5, 0.4])[cluster % 4]
    )
    y = rng.binomial(15, special.expit(eta)).astype(float)
    outcome = design.outcome.model_copy(update={"type": "binary"})
    group = Group("region", design.groups[0].levels, (cluster % 4).astype(np.intp))
    return replace(
        design, row_cluster=cluster, row_period=period, y=y, size=np.full(K * T, 15.0), groups=(group,),
        outcome=outcome, summary="risk_difference",
    )  # fmt: skip


@cache
def sampled() -> object:
    return method(random=BY_REGION).sampled(binary_wedge(), SEED)


def test_the_density_is_that_of_dense_algebra() -> None:
    """Differences of the log density between places, with everything but the effects of clusters sampled."""
    design = regions(wedge(5))
    one = method(random=BY_REGION, periods=AUTOREGRESSIVE)
    model = one._model(design)
    made = model.posterior(one.priors)
    centred = Posterior(made.likelihood, made.laws, tuple(replace(b, centred=True) for b in made.blocks))
    evaluate, rng = centred.evaluator(), np.random.default_rng(1)
    p, T, R = model.p, design.n_periods, 4
    free = centred.free
    X = model.regression.X[:, free[:p]]
    region, period = np.eye(R)[design.groups[0].codes], np.eye(T)[design.row_period]
    Z = np.column_stack([region, design.row_treated[:, None] * region, period])
    same = design.row_cluster[:, None] == design.row_cluster
    fixed_laws = [law for law, kept in zip(made.laws[:p], free, strict=False) if kept]
    unit = model.units.sd
    scales = {"cluster": 0.30**0.5, "region": 0.15**0.5, "slope": 0.5, "period": 1.0}

    def by_hand(beta: np.ndarray, b: np.ndarray, sds: dict[str, float], rho: float, noise: float) -> float:
        law = np.diag([sds["region"] ** 2] * R + [sds["slope"] ** 2] * R + [0.0] * T)
        law[2 * R :, 2 * R :] = sds["period"] ** 2 * rho ** np.abs(
            np.subtract.outer(np.arange(T), np.arange(T))
        )
        covariance = sds["cluster"] ** 2 * same + noise**2 * np.eye(len(design.y))
        value = stats.multivariate_normal.logpdf(design.y, X @ beta + Z @ b, covariance)
        value += stats.multivariate_normal.logpdf(b, np.zeros(len(b)), law)
        value += sum(law.at(at)[0] for law, at in zip(fixed_laws, beta, strict=True))
        for name, sd in sds.items():
            value += stats.halfnorm.logpdf(sd, scale=scales[name] * unit / stats.norm.ppf(0.975))
        value += stats.halfnorm.logpdf(noise, scale=2 * unit / stats.norm.ppf(0.975)) + np.log(noise)
        return float(value + np.log(rho * (1 - rho)))

    found, exact = [], []
    for _ in range(6):
        beta = np.append(design.y.mean(), np.zeros(X.shape[1] - 1)) + 0.3 * rng.normal(size=X.shape[1])
        b, noise, rho = 0.4 * rng.normal(size=2 * R + T), rng.uniform(0.8, 1.5), rng.uniform(0.2, 0.8)
        sds = {name: rng.uniform(0.2, 0.9) for name in scales}
        at = [
            *beta,
            *b,
            sds["cluster"],
            np.log(noise),
            sds["region"],
            sds["slope"],
            sds["period"],
            np.log(rho / (1 - rho)),
        ]
        found.append(evaluate(np.array(at))[0])
        exact.append(by_hand(beta, b, sds, rho, noise))
    assert np.diff(found) == pytest.approx(np.diff(exact), abs=1e-7)


def test_outcomes_of_regions_are_means_of_their_people() -> None:
    one, design = sampled(), binary_wedge()
    effects = one.cluster_effects(SEED)
    outcome, _ = group_units(one, effects, 2)
    model, codes = one.model, design.groups[0].codes
    place = [one.names.index(f"random effect, region[r{g}]") for g in range(4)]
    slope = [one.names.index(f"random effect, region: effect[r{g}]") for g in range(4)]
    for draw in (0, 400, 999):
        eta = model.regression.X @ one.parameters[draw, : model.p] + effects[draw][design.row_cluster]
        eta += one.flat[draw, place][codes] + design.row_treated * one.flat[draw, slope][codes]
        for g in range(4):
            assert outcome.means[draw, g] == pytest.approx(special.expit(eta)[codes == g].mean())
    assert outcome.observed == pytest.approx(
        [design.y[codes == g].sum() / (15 * (codes == g).sum()) for g in range(4)]
    )
    assert np.all(np.std(np.median(outcome.means, axis=0)) < np.std(outcome.observed))
    clusters = cluster_means(one, effects)
    assert clusters.mean(axis=1) == pytest.approx(outcome.means @ np.bincount(codes) / len(codes), rel=1e-9)


def test_effects_in_regions_are_averaged_over_clusters_and_people() -> None:
    one, design = sampled(), binary_wedge()
    _, effect = group_units(one, one.cluster_effects(SEED), 2)
    model, codes = one.model, design.groups[0].codes
    place, slope = (one.names.index(f"random effect, region{what}[r2]") for what in ("", ": effect"))
    at, weight = np.polynomial.hermite_e.hermegauss(61)
    for draw in (3, 700):
        sd = sd_of(model, one.parameters[[draw]], 0)[0]
        X = model.regression.X[codes == 2].copy()
        risks = []
        for arm in (0.0, 1.0):
            X[:, list(model.regression.fixed.effects)] = arm
            eta = X @ one.parameters[draw, : model.p] + one.flat[draw, place] + arm * one.flat[draw, slope]
            risks.append((special.expit(eta[:, None] + sd * at) @ weight / weight.sum()).mean())
        assert effect.means[draw, 2] == pytest.approx(risks[1] - risks[0], abs=1e-6)
    assert (effect.of_effect, effect.observed, effect.by) == (True, None, "region")


def test_a_new_cluster_of_a_new_region_averages_to_the_marginal_means() -> None:
    one = sampled()
    for arm, quantity in enumerate(one.model.arm_means()):
        exact = np.array([quantity.value(params) for params in one.parameters])
        exact = special.expit(exact) if quantity.scale == "logit" else exact
        drawn = new_cluster(one, arm, SEED.generator())
        assert drawn.mean() == pytest.approx(exact.mean(), abs=4 * drawn.std() / np.sqrt(len(drawn)))


def test_replicates_differ_between_regions_as_the_model_says() -> None:
    """With an SD of regions alone, means of regions vary by that, and binomial noise beside."""
    one = sampled()
    model, codes = one.model, binary_wedge().groups[0].codes
    params = np.zeros(one.parameters.shape[1])
    params[model.p + 1] = 0.25
    params[-1] = np.pi**2 / 3
    rng = np.random.default_rng(2)
    drawn = np.array([replicated(model, params, rng)[codes == 0].mean() for _ in range(2000)]) / 15
    at, weight = np.polynomial.hermite_e.hermegauss(61)
    risk, weight = special.expit(0.5 * at), weight / weight.sum()
    between = weight @ risk**2 - 0.25
    within = weight @ (risk * (1 - risk)) / (15 * np.sum(codes == 0))
    assert drawn.mean() == pytest.approx(0.5, abs=4 * np.sqrt((between + within) / 2000))
    assert drawn.var() == pytest.approx(between + within, rel=0.15)


def test_the_rows_tell_of_regions() -> None:
    design = binary_wedge()
    loose = {"kind": "thresholds", "rhat": 1.05, "ess": 100}
    one = method(random=BY_REGION, ranking={"kind": "ranked", "worst": 2}, gate=loose)
    fit = one.fit(design, SEED)
    forms = [dict(fact.groups).get("of", "") for fact in fit.facts if fact.name == "random_effects"]
    assert forms == ["", "region", "region: effect"]
    rows = posterior_rows(Header("a", "e", "primary", "y"), fit.posterior, one.targets(design)[0], 0.95)
    told = [row for row in rows if row.context == "unit" and dict(row.groups).get("group") == "r0"]
    outcome = {row.stat_name: row.stat for row in told if dict(row.groups)["of"] == "outcome"}
    effect = {row.stat_name: row.stat for row in told if dict(row.groups)["of"] == "effect"}
    assert outcome["conf_low"] < outcome["estimate"] < outcome["conf_high"]
    assert {"rank", "worst", "observed"} <= set(outcome)
    assert -1 < effect["conf_low"] < effect["estimate"] < effect["conf_high"] < 1
    assert "observed" not in effect


@pytest.mark.parametrize(
    ("random", "said"),
    [
        ([{"by": "region"}], "without {by: cluster}"),
        ([{"by": "cluster", "slopes": ["arm"]}], "intercepts of clusters only"),
        ([{"by": "cluster"}, {"by": "region", "slopes": ["x"]}], "only the arm's effect"),
        ([{"by": "cluster"}, {"by": "region", "slopes": ["arm"]}], "say correlated false"),
        ([{"by": "cluster"}, {"by": "period"}], "autoregressive periods are"),
    ],
)  # fmt: skip
def test_terms_that_the_model_has_no_part_for_are_refused(random: list[dict], said: str) -> None:
    from precept_stats.methods.bayes_random import term_objections

    terms = method(random={"kind": "terms", "terms": random}).random.of(False)
    assert any(said in objection for objection in term_objections(terms))


def test_two_regions_are_too_few() -> None:
    with pytest.raises(FitError, match="too few levels"):
        method(random=BY_REGION).sampled(regions(wedge(3), 2), SEED)


def test_a_trial_at_one_time_has_no_periods() -> None:
    with pytest.raises(FitError, match="at one time"):
        method(periods=AUTOREGRESSIVE).sampled(trial(3, outcome="binary"), SEED)


def test_every_coordinate_has_a_name_of_its_own_beside_fixed_effects_of_the_same_periods() -> None:
    names = method(random=BY_REGION, periods=AUTOREGRESSIVE)._model(regions(binary_wedge())).names
    assert len(set(names)) == len(names)


def test_a_plan_may_have_regions_but_no_autoregressive_periods_without_periods() -> None:
    estimand = Estimand(
        population="all", outcome="y", compare="1", reference="0", summary="risk_difference",
        effect="marginal", target="participant_average", intercurrent_events=(),
    )  # fmt: skip
    outcome = Outcome(column="y", type="binary", direction="higher_better")
    question = Question("q", estimand, Population(of="rows"), outcome)
    study = ClusterTrial(kind="cluster_trial", cluster="c", arm="a", groups=("region",))
    assert not method(random=BY_REGION).objections(study, question)
    assert unused(BayesianHierarchical.uses, study) == ()
    refused = method(random=BY_REGION, periods=AUTOREGRESSIVE).objections(study, question)
    assert refused == ("autoregressive periods: a cluster trial has no periods; leave periods separate",)

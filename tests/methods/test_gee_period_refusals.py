"""Estimating equations over periods: what stops them, what they cannot answer, and their words."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from precept_stats.errors import FitError
from precept_stats.methods.gee import Gee
from precept_stats.studies.cluster_trial import ClusterTrial
from precept_stats.studies.cluster_trial_design import Covariate
from precept_stats.studies.period_design import PeriodDesign

from .gee_trials import (
    BASELINE,
    CLUSTERS,
    COHORT,
    EXPOSURE,
    WEDGE,
    WORKING,
    ask,
    baseline,
    binary,
    gee,
)
from .test_gee import question
from .wedges import wedge, with_rows

# ---- bad inputs ---


def fails(method: Gee, design: PeriodDesign, said: str) -> FitError:
    with pytest.raises(FitError, match=said) as raised:
        method.fit(design)
    return raised.value


def test_one_cluster_under_a_condition() -> None:
    design = baseline(5)
    treated = design.treated.copy()
    treated[:, 1] = np.arange(design.n_clusters) == 3
    error = fails(gee(), replace(design, treated=treated, exposure=treated), "fewer than two clusters")
    assert "treated: 1" in error.found


def test_periods_that_no_condition_shares() -> None:
    design = wedge(5)
    treated = np.tile(np.arange(5) >= 2, (design.n_clusters, 1)).astype(np.intp)
    error = fails(gee(), replace(design, treated=treated, exposure=treated), "told from the periods")
    assert "both conditions" in error.found


def test_terms_that_periods_fix_are_named() -> None:
    design = wedge(5)
    late = Covariate("late", "individual", ("late",), (design.row_period == 4).astype(float)[:, None])
    assert "late" in fails(gee(), replace(design, covariates=(late,)), "told apart").found


def test_every_cluster_in_a_single_period_has_no_correlation_between_periods() -> None:
    design = wedge(5)
    home = np.arange(design.n_clusters) % 5
    rows = np.flatnonzero(design.row_period == home[design.row_cluster])
    treated = np.tile((np.arange(design.n_clusters) // 5 % 2)[:, None], (1, 5)).astype(np.intp)
    alone = replace(with_rows(design, rows), treated=treated, exposure=treated)
    for working in WORKING[2:]:
        error = fails(gee(working), alone, "cannot be estimated")
        assert "two periods" in error.found
        assert "exchangeable" in error.allowed


def test_a_correlation_between_periods_that_is_too_large() -> None:
    """Two people a cell who differ always in the same way, and cells that agree."""
    design = wedge(5)
    first = np.array([
        np.flatnonzero((design.row_cluster == k) & (design.row_period == t))[:2]
        for k in range(design.n_clusters) for t in range(5)
    ]).ravel()  # fmt: skip
    pairs = with_rows(design, first)
    error = fails(
        gee("nested_exchangeable"), replace(pairs, y=np.tile([-1.0, 1.0], len(first) // 2)), "positive"
    )
    assert "alpha within period" in error.found


def test_a_period_without_events_is_separated_and_named() -> None:
    design = binary(4)
    none = replace(design, y=np.where(design.row_period == 2, 0.0, design.y))
    error = fails(gee("nested_exchangeable"), none, "separated")
    assert "period[p2]" in error.found


def test_a_condition_without_events_is_separated_and_named() -> None:
    design = binary(4)
    error = fails(gee(), replace(design, y=design.y * (1 - design.row_treated)), "separated")
    assert "intercept[treated]" in error.found


def test_a_refit_that_fails_is_an_error_that_names_the_cluster() -> None:
    """All events of a period are in one cluster."""
    design = binary(4)
    only = (design.row_cluster == 1) & (design.row_period == 2)
    rare = replace(design, y=np.where((design.row_period == 2) & ~only, 0.0, design.y))
    error = fails(gee(variance="jackknife"), rare, "without each cluster")
    assert error.found == f"without {design.clusters[1]} the outcome is separated"
    assert ask(gee(variance="cr3"), rare)[0].std_error > 0


def test_too_many_terms_for_the_clusters() -> None:
    design = wedge(5, covariates=True)
    few = with_rows(design, np.flatnonzero(design.row_cluster < 8))
    few = replace(
        few,
        clusters=few.clusters[:8],
        treated=few.treated[:8],
        exposure=few.exposure[:8],
        sequence=few.sequence[:8],
    )
    error = fails(gee(df={"kind": "clusters_minus_parameters"}), few, "no degrees of freedom")
    assert "8 clusters and 10 parameters" in error.found
    assert ask(gee(), few)[0].df == 5


# ---- plans ---


@pytest.mark.parametrize(
    ("method", "study", "asked", "said"),
    [
        (
            gee("nested_exchangeable"),
            ClusterTrial(cluster="c", arm="a"),
            question("odds_ratio"),
            "tells periods apart",
        ),
        (gee("exchangeable"), COHORT, question("odds_ratio"), "closed cohort"),
        (gee("exponential_decay"), COHORT, question("odds_ratio"), "closed cohort"),
        (gee("nested_exchangeable", weights=CLUSTERS), WEDGE, question("odds_ratio"), "count for less"),
        (gee(effect_over_time=EXPOSURE), BASELINE, question("odds_ratio"), "need a stepped wedge"),
        (gee(), WEDGE, question("odds_ratio", "conditional"), "marginal effects"),
        (
            gee(effect_over_time=EXPOSURE),
            WEDGE,
            question("rate_ratio", "conditional", "count"),
            "average means",
        ),
        (
            gee(variance="jackknife", df={"kind": "satterthwaite"}),
            WEDGE,
            question("odds_ratio"),
            "Satterthwaite",
        ),
    ],
)
def test_questions_that_it_cannot_answer(method: Gee, study: object, asked: object, said: str) -> None:
    found = method.objections(study, asked)
    assert any(said in objection for objection in found), found


def test_what_it_can_answer_and_what_may_be_missed() -> None:
    for study in (WEDGE, COHORT, BASELINE):
        assert gee().objections(study, question("risk_ratio")) == ()
    assert gee("nested_exchangeable").objections(WEDGE, question("risk_ratio")) == ()
    assert (
        gee(weights=CLUSTERS).estimand_gap(BASELINE, question("risk_ratio", target="cluster_average")) == ""
    )
    constant = gee().estimand_gap(WEDGE, question("risk_ratio"))
    assert "one effect is estimated for all exposure times" in constant
    assert "within periods" in constant
    by_time = gee(effect_over_time=EXPOSURE).estimand_gap(WEDGE, question("risk_ratio"))
    assert "one effect" not in by_time
    nested = gee("nested_exchangeable").estimand_gap(WEDGE, question("risk_ratio"))
    assert nested.startswith("with a nested exchangeable working correlation clusters count between")


def test_words() -> None:
    words = gee("exponential_decay", effect_over_time=EXPOSURE).words(WEDGE, question("odds_ratio"))
    assert words.equation.startswith("logit(risk) = intercept + period[t] + effect[exposure] * treated")
    assert "exponential decay, average effect over exposure times" in words.estimator
    assert ("correlation.estimator", "moments") in [line[:2] for line in words.defaults]

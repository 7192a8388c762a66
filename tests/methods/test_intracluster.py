"""Intracluster correlations of designs: by other programs, by arm, over periods, and what is refused."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import precept_stats as ps
from precept_stats.errors import FitError, PlanError
from precept_stats.inference.seeds import Seed
from precept_stats.inference.uncertainty import estimate, point_value
from precept_stats.methods import LinearMixed
from precept_stats.methods.cluster_facts import pooled_icc
from precept_stats.methods.icc_clusters import clusters_of
from precept_stats.methods.intracluster import IccSettings, icc_objections
from precept_stats.methods.intracluster_rows import IccHow, correlation_rows
from precept_stats.methods.settings_mixed import NormalReference
from precept_stats.methods.settings_random import NestedExchangeable
from precept_stats.studies.design import AnyDesign
from precept_stats.studies.question import Question
from precept_stats.values import Row

from .generated import trial
from .wedges import wedge

ROOT = Path(__file__).resolve().parents[2]
ABOUT = Row("likeness", "icc", "", None, estimand="e", variable="y")
DRAWN = IccHow(seed=Seed(20240501))
Numbers = dict[tuple[str, str, str, str], Any]


def settings(*estimators: object, **fields: object) -> IccSettings:
    return IccSettings.model_validate({"estimators": [*estimators], **fields})


def rows_of(design: AnyDesign, asked: IccSettings, how: IccHow = DRAWN) -> tuple[Row, ...]:
    return tuple(correlation_rows(ABOUT, design, asked, how))


def numbers(rows: tuple[Row, ...]) -> Numbers:
    """Statistics by arm, estimator, measure and name."""
    return {
        (row.group("arm"), row.group("estimator"), row.measure, row.stat_name): row.stat
        for row in rows
        if row.context == "icc"
    }


# R 4.2.2: ICC 2.4.0 (anova, Smith, Thomas-Hultquist), lme4 (reml), written-out formulae (the others)
OTHERS: dict[str, dict[str, float]] = {
    "mkvtrial": {
        "anova": 0.0721375251154294, "smith_low": 0.026501726397188, "smith_high": 0.117773323833671,
        "low": 0.0410550991798243, "high": 0.146437509775155, "reml": 0.0720389427150532,
        "fleiss_cuzick": 0.0685143963949567, "pairwise": 0.0684925663474866,
        "design_effect": 15.9474582285032,
    },
    "share": {
        "anova": 0.0408125847348464, "smith_low": 0.0150440260589626, "smith_high": 0.0665811434107302,
        "low": 0.0235128111412866, "high": 0.079850526559718, "reml": 0.0400151596748654,
        "design_effect": 10.8429613277297,
    },
    "awards": {
        "anova": 0.141245936393383, "smith_low": 0.0667577427616275, "smith_high": 0.215734130025138,
        "low": 0.0908328478189234, "high": 0.230498302401019, "reml": 0.158942860766454,
        "fleiss_cuzick": 0.135920043502758, "pairwise": 0.109411316905529,
        "design_effect": 11.4705665776924,
    },
}  # fmt: skip
COLUMNS = {
    "mkvtrial": ("community", "know", "binary"),
    "share": ("school", "kscore", "continuous"),
    "awards": ("school_id", "Bagrut_status", "binary"),
}


def source(name: str) -> Path:
    if name == "awards":
        return ROOT / "analysis_plans" / "data" / "achievement_awards" / "achievement_awards_girls2001.csv"
    if "PRECEPT_DATA" not in os.environ:
        pytest.skip("these data do not ship; PRECEPT_DATA is not set")
    return Path(os.environ["PRECEPT_DATA"]) / f"{name}.csv"


def question(column: str, kind: str, arms: tuple[str, str]) -> Question:
    outcome = ps.Outcome.model_validate({"column": column, "type": kind, "direction": "higher_better"})
    summary = "mean_difference" if kind == "continuous" else "risk_difference"
    estimand = ps.Estimand(
        population="all", outcome="y", compare=arms[0], reference=arms[1], summary=summary,
        effect="marginal", target="cluster_average", intercurrent_events=(),
    )  # fmt: skip
    return Question("e", estimand, ps.Population(of="rows"), outcome)


@pytest.mark.parametrize("name", OTHERS)
def test_real_trials_give_what_r_gives(name: str) -> None:
    path = source(name)
    cluster, column, kind = COLUMNS[name]
    arm, arms = ("treated", ("1", "0")) if name == "awards" else ("arm", ("1", "0"))
    study = ps.ClusterTrial(cluster=cluster, arm=arm)
    estimators: list[object] = [
        {"kind": "anova"},
        {"kind": "anova", "interval": {"kind": "smith"}},
        {"kind": "reml"},
        {"kind": "pairwise", "interval": {"kind": "none"}},
    ]
    estimators += [{"kind": "fleiss_cuzick"}] if kind == "binary" else []
    asked = settings(*estimators, removed="nothing")
    found = numbers(ps.intracluster_correlation(study, path, question(column, kind, arms), asked, DRAWN).rows)
    names = {"anova": "Analysis of variance", "reml": "Restricted likelihood"}
    names |= {"fleiss_cuzick": "Fleiss-Cuzick", "pairwise": "Pairwise (interval none)"}
    smith = "Analysis of variance (interval smith)"
    expected = OTHERS[name]
    ours = {key: found["", label, "icc", "estimate"] for key, label in names.items() if key in expected}
    ours |= {"low": found["", names["anova"], "icc", "conf_low"]}
    ours |= {"high": found["", names["anova"], "icc", "conf_high"]}
    ours |= {"smith_low": found["", smith, "icc", "conf_low"]}
    ours |= {"smith_high": found["", smith, "icc", "conf_high"]}
    ours |= {"design_effect": found["", names["anova"], "", "design_effect"]}
    for key, value in ours.items():
        tolerance = 1e-6 if key == "reml" else 1e-9
        if key in expected:
            assert value == pytest.approx(expected[key], rel=tolerance), key


@pytest.mark.parametrize("outcome", ["binary", "continuous"])
def test_within_arms_it_is_the_correlation_of_cluster_summaries_and_of_the_mixed_model(outcome: str) -> None:
    design = trial(8, outcome=outcome)
    found = numbers(rows_of(design, settings({"kind": "anova"}, {"kind": "reml"})))
    pooled = pooled_icc(design)
    assert pooled is not None
    assert found["", "Analysis of variance", "icc", "estimate"] == pytest.approx(pooled.icc, rel=1e-10)
    fit = LinearMixed(df=NormalReference()).fit(design)
    (icc,) = (one for one in fit.further if one.measure == "icc")
    theirs = estimate(fit.uncertainty, icc, 0.95)
    ours = [found["", "Restricted likelihood", "icc", name] for name in ("estimate", "conf_low", "conf_high")]
    assert ours == pytest.approx([theirs.value, theirs.interval.lower, theirs.interval.upper], rel=1e-5)


def test_each_arm_alone_is_a_trial_of_that_arm() -> None:
    design = trial(8, outcome="binary")
    asked = settings({"kind": "anova"}, {"kind": "fleiss_cuzick"}, by_arm=True)
    found = numbers(rows_of(design, asked))
    for arm, name in enumerate(design.arm_names):
        y, n = design.cluster_total[design.arm == arm], design.cluster_size[design.arm == arm]
        p = y.sum() / n.sum()
        kappa = 1 - np.sum(y * (n - y) / n) / ((n.sum() - len(n)) * p * (1 - p))
        assert found[name, "Fleiss-Cuzick", "icc", "estimate"] == pytest.approx(kappa, rel=1e-12)
        assert found[name, "", "", "n_clusters"] == len(n)
        assert found[name, "", "", "n"] == int(n.sum())


def test_strata_are_removed_where_that_is_asked() -> None:
    design = trial(5, outcome="continuous", blocks="strata")
    assert clusters_of(design, "nothing").n_groups == 1
    assert clusters_of(design, "arm").n_groups == 2
    assert clusters_of(design, "arm_and_strata").n_groups == 4
    apart = replace(design, y=design.y + 5.0 * (design.stratum[design.row_cluster] == 1))  # type: ignore[index]
    one, other = (
        numbers(rows_of(d, settings({"kind": "anova"}, removed="arm_and_strata")))[
            "", "Analysis of variance", "icc", "estimate"
        ]
        for d in (design, apart)
    )
    assert one == pytest.approx(other, rel=1e-9)


@pytest.mark.parametrize("effects", [1.0, 0.0])
def test_over_periods_reml_is_the_nested_mixed_model(effects: float) -> None:
    design = wedge(4, covariates=True, effects=effects)
    found = numbers(rows_of(design, settings({"kind": "reml"})))
    plain = replace(design, covariates=(), groups=())
    fit = LinearMixed(random=NestedExchangeable(), df=NormalReference()).fit(plain)
    for quantity in fit.further:
        if quantity.measure in ("icc_within_period", "icc_between_periods", "cluster_autocorrelation"):
            value = point_value(fit.uncertainty, quantity)
            key = ("", "Restricted likelihood", quantity.measure, "estimate")
            assert found[key] == (pytest.approx(value, rel=1e-9) if np.isfinite(value) else None)


def test_over_periods_pairs_give_three_correlations_with_intervals() -> None:
    bootstrap = {"kind": "percentile_bootstrap", "replicates": 199}
    design = wedge(4)
    asked = settings({"kind": "pairwise", "interval": bootstrap})
    found = numbers(rows_of(design, asked))
    text = asked.estimators[0].text
    within, between = (
        found["", text, f"icc_{name}", "estimate"] for name in ("within_period", "between_periods")
    )
    assert found["", text, "cluster_autocorrelation", "estimate"] == pytest.approx(between / within)
    assert (
        found["", text, "icc_within_period", "conf_low"]
        < within
        < found["", text, "icc_within_period", "conf_high"]
    )
    assert found["", text, "icc_within_period", "conf_method"] == "percentiles of the cluster bootstrap"


def test_a_cohort_has_no_pairs_of_one_person() -> None:
    design = wedge(4, cohort=True)
    rows = rows_of(design, settings({"kind": "pairwise", "interval": {"kind": "none"}}, {"kind": "reml"}))
    failed = [row for row in rows if row.status == "failed"]
    assert len(failed) == 1
    assert "pairs of one person" in failed[0].error
    found = numbers(rows)
    assert found["", "Restricted likelihood", "icc_within_period", "estimate"] > 0


def test_an_interval_drawn_does_not_depend_on_what_else_is_asked() -> None:
    design, mak = (
        trial(2, outcome="binary"),
        {"kind": "mak", "interval": {"kind": "percentile_bootstrap", "replicates": 199}},
    )
    alone = numbers(rows_of(design, settings(mak)))
    others = numbers(rows_of(design, settings({"kind": "kleinman"}, {"kind": "anova"}, mak, by_arm=True)))
    text = settings(mak).estimators[0].text
    for name in ("conf_low", "conf_high"):
        assert alone["", text, "icc", name] == others["", text, "icc", name]
    other_seed = numbers(rows_of(design, settings(mak), IccHow(seed=Seed(1))))
    assert other_seed["", text, "icc", "conf_high"] != alone["", text, "icc", "conf_high"]


def test_an_estimator_that_fails_is_a_row_and_the_others_stand() -> None:
    rows = rows_of(trial(1, outcome="binary"), settings({"kind": "linearised"}, {"kind": "anova"}))
    (failed,) = [row for row in rows if row.status == "failed"]
    assert failed.group("estimator") == "Logistic, linearised"
    assert failed.stat is None
    assert "depends on the proportion" in failed.error
    assert ("", "Analysis of variance", "icc", "estimate") in numbers(rows)


def test_negative_estimates_stand_and_limits_stop_at_the_least_correlation() -> None:
    design = trial(1, outcome="binary", equal_sizes=True)
    y = np.zeros(len(design.y))
    for cluster in range(design.n_clusters):
        y[np.flatnonzero(design.row_cluster == cluster)[: 6 + 2 * (cluster // 2 % 2)]] = 1.0
    smith = settings({"kind": "anova", "interval": {"kind": "smith"}})
    found = numbers(rows_of(replace(design, y=y), smith, IccHow(level=0.999)))
    text = "Analysis of variance (interval smith)"
    assert -1 / 14 < found["", text, "icc", "estimate"] < 0
    assert found["", text, "icc", "conf_low"] == pytest.approx(-1 / 14)
    assert "least correlation that the largest cluster can have" in found["", text, "icc", "conf_method"]
    assert found["", text, "", "design_effect"] < 1


def test_scales_are_said_and_the_latent_one_has_no_design_effect() -> None:
    found = numbers(rows_of(trial(1, outcome="binary"), settings({"kind": "anova"}, {"kind": "latent"})))
    assert found["", "Analysis of variance", "", "outcome_scale"] == "proportions"
    assert found["", "Logistic, latent scale", "", "outcome_scale"] == "log odds (latent)"
    assert ("", "Logistic, latent scale", "icc_latent", "estimate") in found
    assert ("", "Logistic, latent scale", "", "design_effect") not in found


@pytest.mark.parametrize("field", ["weights", "offset"])
def test_weights_and_offsets_are_refused(field: str) -> None:
    design = trial(1, outcome="binary")
    with pytest.raises(FitError, match="no account of weights or an offset"):
        rows_of(replace(design, **{field: np.ones(len(design.y))}), settings({"kind": "anova"}))  # type: ignore[arg-type]


PARALLEL = ps.ClusterTrial(cluster="c", arm="a")
ADJUSTED = ps.ClusterTrial(cluster="c", arm="a", adjust=("x",))
WEIGHTED = ps.ClusterTrial(cluster="c", arm="a", weights="w")
ZOU_DONNER = {"kind": "anova", "interval": {"kind": "zou_donner"}}
WEDGE = ps.SteppedWedge(cluster="c", arm="a", period="p")


@pytest.mark.parametrize(
    ("asked", "study", "kind", "told"),
    [
        (settings({"kind": "mak"}), PARALLEL, "continuous", "for binary outcomes"),
        (
            settings({"kind": "anova", "interval": {"kind": "zou_donner"}}),
            PARALLEL,
            "continuous",
            "zou_donner",
        ),
        (settings({"kind": "anova"}), WEDGE, "binary", "for one time"),
        (settings({"kind": "pairwise", "weights": "members"}), WEDGE, "binary", "weights pairs only"),
        (settings({"kind": "reml", "interval": {"kind": "bca_bootstrap"}}), WEDGE, "binary", "its own"),
        (settings({"kind": "reml"}, removed="nothing"), WEDGE, "binary", "always removed"),
        (
            settings({"kind": "anova"}),
            ADJUSTED,
            "binary",
            "adjust",
        ),
        (
            settings({"kind": "anova"}),
            WEIGHTED,
            "binary",
            "weights",
        ),
    ],
)
def test_what_does_not_go_together_is_refused_before_any_data(
    asked: IccSettings, study: Any, kind: str, told: str
) -> None:
    (objection,) = icc_objections(asked, study, question("y", kind, ("1", "0")).outcome)
    assert told in objection


def test_counts_are_refused() -> None:
    outcome = ps.Outcome(column="y", type="count", direction="lower_better", denominator="time")
    assert icc_objections(settings({"kind": "anova"}), PARALLEL, outcome) == (
        "counts over person-time have no intracluster correlation here",
    )


def test_the_same_estimator_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="named twice: Mak"):
        settings({"kind": "mak"}, {"kind": "mak"})


def test_from_python_a_drawn_interval_needs_a_seed() -> None:
    with pytest.raises(PlanError, match="no seed"):
        ps.intracluster_correlation(
            PARALLEL,
            {"rows": Path("nowhere.csv")},
            question("y", "binary", ("1", "0")),
            settings({"kind": "mak"}),
        )


def test_it_shows_itself() -> None:
    study = ps.ClusterTrial(cluster="school_id", arm="treated")
    asked = settings({"kind": "anova"}, {"kind": "linearised"}, by_arm=True)
    found = ps.intracluster_correlation(
        study, source("awards"), question("Bagrut_status", "binary", ("1", "0")), asked
    )
    assert "Analysis of variance: icc 0.1" in repr(found)
    assert "not estimable" in repr(found)
    html = found._repr_html_()
    assert "Not disclosure-checked" in html
    assert "Design effect" in html

"""Models over periods that the linear mixed model refuses, and what it says of few sequences."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from precept_stats.errors import FitError
from precept_stats.methods import LinearMixed
from precept_stats.studies.cluster_trial import ClusterTrial
from precept_stats.studies.cluster_trial_with_baseline import ClusterTrialWithBaseline

from .test_linear_mixed_periods import COHORT, EXPOSURE, STRUCTURES, WEDGE
from .test_refusals import question
from .wedges import wedge, with_rows

GROUPED = ClusterTrial(cluster="c", arm="a", groups=("region",))
BASELINE = ClusterTrialWithBaseline(cluster="c", arm="a", period="t", baseline=(0,), follow_up=(1,))


def terms(*listed: dict) -> dict:
    return {"kind": "terms", "terms": list(listed)}


@pytest.mark.parametrize(
    ("study", "settings", "words"),
    [
        (
            ClusterTrial(cluster="c", arm="a"),
            {"random": STRUCTURES["nested"]},
            "random effects by cluster_period",
        ),
        (ClusterTrial(cluster="c", arm="a"), {"random": STRUCTURES["intervention"]}, "in one arm"),
        (ClusterTrial(cluster="c", arm="a"), {"effect_over_time": EXPOSURE}, "stepped wedge"),
        (BASELINE, {"effect_over_time": EXPOSURE}, "one time"),
        (GROUPED, {}, "no random term uses"),
        (WEDGE, {"random": terms({"by": "region"})}, "random effects by region"),
        (WEDGE, {"random": terms({"by": "cluster", "slopes": ["age"]})}, "neither arm nor in adjust"),
        (WEDGE, {"random": terms({"by": "cluster_period", "slopes": ["arm"]})}, "in one arm"),
        (WEDGE, {"random": terms({"by": "cluster"}, {"by": "cluster"})}, "named twice"),
        (WEDGE, {"random": terms({"by": "period"})}, "fixed effects of the model already"),
        (WEDGE, {"random": terms({"by": "participant"})}, "random effects by participant"),
        (WEDGE, {"criterion": {"kind": "ml"}}, "reml"),
        (WEDGE, {"df": {"kind": "likelihood_ratio"}}, "name criterion"),
        (COHORT, {"random": STRUCTURES["decay"]}, "participants is not offered"),
        (
            WEDGE,
            {"random": terms({"by": "cluster"}), "residual": {"kind": "by_arm"}},
            "goes with one of these",
        ),
        (
            WEDGE,
            {"random": STRUCTURES["decay"], "df": {"kind": "parametric_bootstrap"}},
            "bootstrap is offered for random terms",
        ),
    ],
)
def test_models_it_cannot_fit_are_refused_from_the_plan(study, settings, words) -> None:
    objections = LinearMixed(**settings).objections(study, question())
    assert len(objections) == 1
    assert words in objections[0]


def test_a_slope_that_does_not_vary_within_clusters_is_refused() -> None:
    method = LinearMixed(random=terms({"by": "cluster", "slopes": ["z"]}))
    with pytest.raises(FitError, match="cannot be told from the intercept"):
        method.fit(wedge(20, covariates=True))


def test_an_effect_that_the_periods_fix_is_named() -> None:
    design = wedge(21)
    together = np.tile([0, 0, 1, 1, 1], (design.n_clusters, 1)).astype(np.intp)
    with pytest.raises(FitError) as problem:
        LinearMixed().fit(replace(design, treated=together))
    assert problem.value.found.startswith("effect")


def test_few_sequences_are_said() -> None:
    design = wedge(22)
    few = with_rows(design, np.flatnonzero(design.row_cluster < 3))
    few = replace(few, clusters=few.clusters[:3], treated=few.treated[:3], exposure=few.exposure[:3])
    fit = LinearMixed(df={"kind": "normal"}).fit(replace(few, sequence=few.sequence[:3]))
    assert "6 possible allocations" in fit.warnings[-1]

"""Bayesian models on data and plans that are wrong or thin: refused with reasons, or answered and said so."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

import precept_stats as ps
from precept_stats.errors import DataError, PreceptError
from precept_stats.inference.convergence import Convergence
from precept_stats.methods.settings_bayes import ConvergenceGate
from precept_stats.numerics.posterior.counts import Rows, collapsed
from precept_stats.numerics.posterior.separation import unbounded_columns
from tests.plan.plans import both, change, findings_of, spoilt

pytest.importorskip("arviz_stats")
pytest.importorskip("numba")
pytest.importorskip("pymc")

SHORT = {"kind": "nuts", "draws": 250, "warmup": 200, "target_accept": 0.8}
LOOSE = {"kind": "thresholds", "rhat": 1.05, "ess": 100, "divergences": 20}
NESTED = {"kind": "nested_exchangeable"}


def wedge() -> pd.DataFrame:
    """Synthetic: 12 units over 5 periods, switching from the second on."""
    rng = np.random.default_rng(3)
    rows = [
        (f"u{k:02d}", t, int(t >= 1 + k % 4), int(rng.integers(5, 20))) for k in range(12) for t in range(5)
    ]
    found = pd.DataFrame(rows, columns=["unit", "period", "arm", "births"])
    return found.assign(events=rng.binomial(found["births"], 0.6))


def asked(frame: pd.DataFrame, seed: int | None = 1, **settings: object) -> ps.Result:
    question = ps.Question(
        estimand_id="effect",
        estimand=ps.Estimand(
            population="all", outcome="events", compare="1", reference="0", summary="risk_difference",
            effect="marginal", target="participant_average", intercurrent_events=(),
        ),
        population=ps.Population(of="rows"),
        outcome=ps.Outcome(column="events", denominator="births", type="binary", direction="higher_better"),
    )  # fmt: skip
    method = ps.BayesianHierarchical(**{"sampler": SHORT, "gate": LOOSE, **settings})
    study = ps.SteppedWedge(cluster="unit", arm="arm", period="period")
    return ps.analyse(study, method, {"rows": frame}, question, ps.How(seed=seed))


@pytest.mark.parametrize(
    ("share", "said", "side"), [(0.0, "no event in 1", -1), (1.0, "an event for everyone in 1", 1)]
)
def test_an_arm_all_of_one_outcome_is_answered_by_the_prior_which_is_said(
    share: float, said: str, side: int
) -> None:
    frame = wedge()
    frame["events"] = frame["events"].where(frame["arm"] == 0, (share * frame["births"]).astype(int))
    found = asked(frame)
    assert found.status == "warning"
    assert any(said in warning and "the prior gives one" in warning for warning in found.warnings)
    assert side * found.estimate.value > 0.2
    assert -1.0 < found.estimate.interval.lower < found.estimate.interval.upper < 1.0


@pytest.mark.parametrize("settings", [{}, {"random": NESTED}], ids=["units", "units and periods"])
def test_a_unit_without_births_in_a_period_is_answered_from_the_others(settings: dict[str, object]) -> None:
    frame = wedge()
    found = asked(frame.drop(index=[13, 27]), **settings)
    assert found.status == "ok"
    assert np.isfinite(found.estimate.value)
    n = next(row.stat for row in found.rows if row.context == "flow" and row.stat_name == "n")
    assert n == frame.drop(index=[13, 27])["births"].sum()


def test_a_cell_of_nobody_adds_nothing_to_the_likelihood() -> None:
    frame = wedge()
    X = np.column_stack([np.ones(60), frame["arm"].astype(float)])
    y, size = frame["events"].to_numpy(float).copy(), frame["births"].to_numpy(float).copy()
    y[13] = size[13] = 0.0
    unit, cell, at = np.arange(60) // 5, np.arange(60), np.array([0.3, 0.2, 0.4, 0.3])
    every = np.ones(60, dtype=bool)
    values = []
    for kept in (every, size > 0.0):
        rows = Rows(X[kept], y[kept], size[kept], np.zeros(kept.sum()), unit[kept], cell[kept])
        values.append(collapsed(rows, "binomial_normal").evaluator()(at)[0])
    assert values[0] == pytest.approx(values[1], abs=1e-6)


def test_a_denominator_of_zero_is_refused_with_the_column_it_is_in() -> None:
    frame = wedge()
    frame.loc[13, ["births", "events"]] = 0
    with pytest.raises(DataError, match="denominator is 0") as raised:
        asked(frame)
    assert "births" in str(raised.value)


@pytest.mark.parametrize("settings", [{}, {"random": NESTED}], ids=["units", "units and periods"])
def test_outcomes_separated_by_a_period_are_answered_by_the_prior_which_is_said(
    settings: dict[str, object],
) -> None:
    frame = wedge()
    frame["events"] = frame["events"].where(frame["period"] != 2, frame["births"])
    found = asked(frame, **settings)
    assert found.status == "warning"
    assert any("separated by period[2]" in warning for warning in found.warnings)
    assert found.estimate.interval.upper - found.estimate.interval.lower < 0.4


def test_nothing_is_said_to_separate_where_nothing_does() -> None:
    assert not any("separat" in warning for warning in asked(wedge()).warnings)


X = np.array([[1.0, 0.0, 0.5], [1.0, 0.0, -0.5], [1.0, 1.0, 0.5], [1.0, 1.0, -0.5]])


@pytest.mark.parametrize(
    ("y", "counts", "columns"),
    [
        ([2, 1, 1, 2], False, ()),
        ([0, 0, 1, 2], False, (1,)),
        ([3, 2, 3, 1], False, (1, 2)),
        ([0, 0, 1, 2], True, (1,)),
        ([3, 3, 1, 2], True, ()),
    ],
    ids=["overlap", "none in one level", "all but one cell", "no count in one level", "counts have no top"],
)
def test_separation_is_where_a_direction_raises_the_likelihood_for_ever(
    y: list[int], counts: bool, columns: tuple[int, ...]
) -> None:
    found = unbounded_columns(X, np.array(y, dtype=float), np.full(4, 3.0), counts=counts)
    assert bool(found) is bool(columns)
    assert not columns or set(found) & set(columns)


def method(**settings: object) -> Callable[[dict], None]:
    return change("analyses.crude.method", {"kind": "bayesian_hierarchical", **settings})


def clusters(**prior: object) -> dict[str, object]:
    return {"kind": "weakly_informative", "clusters": prior}


@pytest.mark.parametrize(
    ("priors", "where", "said"),
    [
        ({"kind": "weekly_informative"}, "/priors/kind", "did you mean that"),
        (clusters(kind="uniform", upper=100), "/priors/clusters/kind", "icc, half_normal, half_t"),
        (clusters(kind="half_normal", scale=float("inf")), "/priors/clusters/scale", "Infinity"),
        (clusters(kind="half_normal", scale=0), "/priors/clusters/scale", "greater than 0"),
        (clusters(kind="half_t", df=0.5, scale=1), "/priors/clusters/df", "greater than or equal to 1"),
        (clusters(kind="half_normal", scal=1), "/priors/clusters/scal", "scale (did you mean that?)"),
        (clusters(kind="icc", upper=1.2), "/priors/clusters/upper", "less than 1"),
        ({"kind": "sceptical"}, "/priors/planned", "required"),
        (
            {"kind": "custom", "source": "a pilot", "effect": {"kind": "ratio", "upper": "wide"}},
            "/priors/effect/upper",
            "wide",
        ),
        (
            {"kind": "weakly_informative", "reference": {"kind": "rate", "median": 1, "upper": 2}},
            "",
            "no meaning for a binary outcome",
        ),
    ],
    ids=str,
)
def test_a_prior_that_is_none_is_refused_with_what_was_found_what_is_allowed_and_where(
    priors: dict[str, object], where: str, said: str
) -> None:
    findings = findings_of(spoilt(both(change("seed", 1), method(priors=priors))))
    texts = [str(one) for one in findings if one.severity == "error"]
    assert any(f"/analyses/crude/method{where}" in text and said in text for text in texts), texts


def test_a_plan_without_a_seed_is_refused_before_any_data() -> None:
    texts = [str(one) for one in findings_of(spoilt(method())) if one.severity == "error"]
    assert any(
        "/analyses/crude/method" in text and "no seed" in text and "allowed seed" in text for text in texts
    )


def test_an_analysis_without_a_seed_is_refused() -> None:
    with pytest.raises(PreceptError, match="seed"):
        asked(wedge(), seed=None)


@pytest.mark.parametrize(
    "prior", [{"kind": "half_t", "df": 1, "scale": 1}, {"kind": "half_normal", "scale": 1e6}]
)
def test_a_prior_of_variation_without_bounds_costs_neither_memory_nor_the_run(
    prior: dict[str, object],
) -> None:
    found = asked(wedge(), priors={"kind": "weakly_informative", "clusters": prior})
    usual = asked(wedge())
    assert found.estimate.value == pytest.approx(usual.estimate.value, abs=0.5 * usual.estimate.std_error)


@pytest.mark.parametrize(
    ("part", "settings"),
    [
        ("clusters", {"cells": {"kind": "beta_binomial"}}),
        ("cells", {}),
        ("periods", {}),
    ],
)
def test_a_prior_of_what_the_model_has_not_is_refused(part: str, settings: dict[str, object]) -> None:
    priors = {"kind": "weakly_informative", part: {"kind": "half_normal", "scale": 0.3}}
    with pytest.raises(ps.PlanError, match=f"a prior for {part}"):
        asked(wedge(), priors=priors, **settings)


def test_the_prior_of_coefficients_has_its_own_middle() -> None:
    """Two of one width about 1 and about 3: periods that are pulled elsewhere leave another effect."""
    about_one, about_three = (
        {"kind": "weakly_informative", "covariates": {"kind": "ratio", "median": m, "upper": 1.05 * m}}
        for m in (1.0, 3.0)
    )
    effects = [asked(wedge(), priors=priors).estimate.value for priors in (about_one, about_three)]
    assert effects[1] < effects[0] - 0.05


def test_chains_without_an_r_hat_are_not_let_through() -> None:
    stuck = Convergence(float("nan"), float("nan"), float("nan"), 0, float("nan"), "")
    assert len(ConvergenceGate().failures(stuck)) == 4

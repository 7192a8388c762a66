"""Many series at once and in two stages: brute force, invariances, refusals."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from precept_stats.errors import FitError
from precept_stats.inference.uncertainty import estimate
from precept_stats.methods.multilevel_its import MultilevelIts
from precept_stats.methods.two_stage_its import TwoStageIts
from precept_stats.numerics.mixed.autoregressive import SerialRows, fit_serial
from precept_stats.numerics.mixed.model import Grouping, Numeric, Random
from precept_stats.numerics.pooling import pool
from precept_stats.numerics.series.lags import in_a_row
from precept_stats.studies.programme import Programme
from precept_stats.studies.series_design import SeriesDesign
from precept_stats.values import Estimate
from tests.studies.series import STEP, months, prepared, question

NONE = {"kind": "none", "reason": "made without"}
LEVEL = {"kind": "level_change", "interruption": "start"}
WINDOW = {"kind": "over_window", "interruption": "start", "from": 0, "to": 5}
BINOMIAL = {"distribution": {"kind": "binomial"}, "autocorrelation": NONE}
LINEAR = {"distribution": {"kind": "normal"}, "autocorrelation": NONE}
SERIAL = {"distribution": {"kind": "normal"}, "autocorrelation": {"kind": "ar1"}}
STAGES = {"autocorrelation": {"kind": "independent"}}


def units(count: int = 12, periods: int = 24, seed: int = 8) -> pd.DataFrame:
    """Units with staggered starts, random levels and changes, few people a month."""
    rng = np.random.default_rng(seed)
    parts = []
    for unit in range(count):
        start = int(rng.integers(9, 15))
        time = np.arange(periods) - start
        eta = rng.normal(0, 0.6) + 0.01 * time + (0.5 + rng.normal(0, 0.4)) * (time >= 0)
        n = rng.integers(6, 30, periods)
        parts.append(
            pd.DataFrame(
                {
                    "unit": f"U{unit:02d}",
                    "region": f"R{unit % 4}",
                    "month": months(periods),
                    "start": months(periods)[start],
                    "n": n,
                    "events": rng.binomial(n, 1 / (1 + np.exp(-eta))),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def programme(**changed: Any) -> Programme:
    return Programme.model_validate(
        {
            "kind": "programme",
            "unit": "unit",
            "region": "region",
            "time": {"column": "month", "every": "month"},
            "interruptions": {"start": {"column": "start"} | STEP},
            "coding": {"interrupted_period": "after", "ramp_from": 0},
            "seasonality": {"kind": "none", "reason": "made up without seasons"},
        }
        | changed
    )


def design(frame: pd.DataFrame, **asked: Any) -> SeriesDesign:
    return prepared(frame, programme(), question(**({"change": WINDOW} | asked))).design


def answered(settings: dict[str, Any], frame: pd.DataFrame, **asked: Any) -> Estimate:
    kind = TwoStageIts if "distribution" not in settings else MultilevelIts
    method, of = kind.model_validate(settings), design(frame, **asked)
    return estimate(method.fit(of).uncertainty, method.targets(of)[0], 0.95)


def close(one: Estimate, other: Estimate, rel: float = 1e-6) -> None:
    assert one.value == pytest.approx(other.value, rel=rel)
    assert one.std_error == pytest.approx(other.std_error, rel=rel)


@pytest.mark.parametrize("settings", [BINOMIAL, LINEAR, SERIAL, STAGES])
def test_neither_order_of_rows_nor_names_of_units_matter(settings: dict[str, Any]) -> None:
    frame = units()
    shuffled = frame.sample(frac=1.0, random_state=1)
    renamed = frame.assign(unit=frame["unit"].map(lambda name: f"Z{99 - int(name[1:])}"))
    first = answered(settings, frame)
    close(answered(settings, shuffled), first)
    close(answered(settings, renamed), first)


def test_the_other_outcome_has_the_opposite_difference() -> None:
    frame = units()
    close_to = answered(BINOMIAL, frame)
    other = answered(BINOMIAL, frame.assign(events=frame["n"] - frame["events"]))
    assert other.value == pytest.approx(-close_to.value, rel=1e-6)
    assert other.std_error == pytest.approx(close_to.std_error, rel=1e-6)


def test_people_counted_twice_leave_a_linear_estimate_where_it_is() -> None:
    frame = units()
    doubled = frame.assign(n=2 * frame["n"], events=2 * frame["events"])
    close(answered(LINEAR, doubled), answered(LINEAR, frame))


def test_a_marginal_effect_is_the_mean_over_units_drawn_from_the_fit() -> None:
    """The integral beside a million units drawn at random, at the estimates."""
    frame = units()
    of = design(frame)
    fit = MultilevelIts.model_validate(BINOMIAL).fit(of)
    b = fit.uncertainty.params  # type: ignore[union-attr]
    found = MultilevelIts.model_validate(BINOMIAL).targets(of)[0].value(b)
    G = np.zeros((3, 3))
    G[np.tril_indices(3)] = np.array([b[4], b[5], b[7], b[6], b[8], b[9]])
    G = G + np.tril(G, -1).T
    values, vectors = np.linalg.eigh(G)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    u = np.random.default_rng(1).standard_normal((200_000, 3)) @ root.T
    u = np.concatenate([u, -u])
    total = 0.0
    for time in range(6):
        size = of.size[of.time == time].sum()
        with_it = b[0] + b[1] * time + b[2] + b[3] * time + u[:, 0] + u[:, 1] + u[:, 2] * time
        without = b[0] + b[1] * time + u[:, 0]
        total += size * np.mean(1 / (1 + np.exp(-with_it)) - 1 / (1 + np.exp(-without)))
    drawn = total / of.size[(of.time >= 0) & (of.time <= 5)].sum()
    assert found == pytest.approx(drawn, abs=4e-4)


def test_conditional_and_marginal_are_two_quantities() -> None:
    frame = units()
    inside = answered(BINOMIAL, frame, effect="conditional")
    over = answered(BINOMIAL, frame)
    assert abs(inside.value) > abs(over.value)
    close(answered(LINEAR, frame, effect="conditional"), answered(LINEAR, frame), rel=1e-12)


def serial_rows() -> SerialRows:
    rng = np.random.default_rng(3)
    unit, month = np.repeat(np.arange(8), 14), np.tile(np.arange(14), 8)
    step = (month >= 7).astype(float)
    noise = rng.standard_normal(len(unit))
    y = 5 + step + rng.normal(0, 1, 8)[unit] + rng.normal(0, 0.7, 8)[unit] * step + noise
    y[1:] += 0.5 * noise[:-1] * (unit[1:] == unit[:-1])
    keep = rng.random(len(unit)) > 0.05
    grouping = Grouping("unit", unit[keep].astype(np.intp), 8)
    X = np.column_stack([np.ones(keep.sum()), month[keep] - 7.0, step[keep]])
    random = (Random(grouping, (Numeric("step", step[keep]),)),)
    positions = in_a_row(month[keep].astype(np.intp), unit[keep].astype(np.intp))
    return SerialRows(X, y[keep], rng.uniform(1, 4, int(keep.sum())), random, positions)


def written_out(rows: SerialRows, theta: np.ndarray) -> tuple[float, np.ndarray]:
    """The REML deviance with every covariance written out (n, n), and the covariance of the coefficients."""
    L = np.zeros((2, 2))
    L[[0, 1, 1], [0, 0, 1]] = theta[:3]
    sigma2, phi = theta[3] ** 2, theta[4]
    codes = rows.random[0].grouping.codes
    same = codes[:, None] == codes[None]
    Z = np.column_stack([np.ones(len(codes)), rows.random[0].slopes[0].values])
    apart = np.abs(rows.positions[:, None] - rows.positions[None])
    R = np.where(same, phi ** np.minimum(apart, 50), 0.0) / np.sqrt(np.outer(rows.weights, rows.weights))
    V = sigma2 * (same * (Z @ L @ L.T @ Z.T) + R)
    inverse = np.linalg.inv(V)
    XX = rows.X.T @ inverse @ rows.X
    b = np.linalg.solve(XX, rows.X.T @ inverse @ rows.y)
    left = rows.y - rows.X @ b
    n, p = rows.X.shape
    logs = np.linalg.slogdet(V)[1] + np.linalg.slogdet(XX)[1] + (n - p) * np.log(2 * np.pi)
    return float(logs + left @ inverse @ left), np.linalg.inv(XX)


def test_autocorrelated_residuals_are_those_of_the_likelihood_written_out() -> None:
    rows = serial_rows()
    fit = fit_serial(rows)
    theta = np.array([*fit.linear.theta, np.sqrt(fit.linear.sigma2), fit.phi])
    deviance, covariance = written_out(rows, theta)
    assert fit.deviance == pytest.approx(deviance, abs=1e-8)
    np.testing.assert_allclose(fit.linear.covariance, covariance, rtol=1e-9)
    for place in range(5):
        for shift in (-0.01, 0.01):
            moved = theta + shift * np.eye(5)[place]
            assert written_out(rows, moved)[0] > deviance
    step = 1e-3
    up, down = (written_out(rows, theta + s * np.eye(5)[4]) for s in (step, -step))
    curvature = (up[0] - 2 * deviance + down[0]) / step**2
    assert fit.information.hessian[-1, -1] == pytest.approx(curvature, rel=1e-5)
    np.testing.assert_allclose(fit.information.slopes[-1], (up[1] - down[1]) / (2 * step), rtol=1e-6)


def test_pooling_is_the_formula() -> None:
    y, v = np.array([0.1, 0.5, 0.3, 0.9]), np.array([0.02, 0.05, 0.01, 0.04])
    found = pool(y, v, "paule_mandel")
    w = 1 / (v + found.tau2)
    assert found.mean == pytest.approx(w @ y / w.sum(), rel=1e-14)
    assert found.inflation == pytest.approx(1.0, rel=1e-10)
    same = pool(y + 7.0, v, "reml")
    assert same.mean == pytest.approx(pool(y, v, "reml").mean + 7.0, rel=1e-12)
    scaled = pool(10 * y, 100 * v, "reml")
    assert scaled.tau2 == pytest.approx(100 * pool(y, v, "reml").tau2, rel=1e-9)


def test_a_unit_without_data_before_its_start() -> None:
    """One model of all takes it with a warning; by itself it gives nothing, and is named."""
    frame = units()
    late = (frame["unit"] == "U03") & (frame["month"] < frame["start"])
    of = design(frame)
    cut = of.cells(~((of.row_unit == 3) & (of.time < 0)))
    assert late.any()
    fit = MultilevelIts.model_validate(BINOMIAL).fit(cut)
    assert "1 of 12 units have no data before" in " ".join(fit.warnings)
    with pytest.raises(FitError, match="1 of 12 units give no estimate") as caught:
        TwoStageIts.model_validate(STAGES).fit(cut)
    assert caught.value.found == "U03: it has no data before its start"
    left = TwoStageIts.model_validate(STAGES | {"without_estimate": "leave_out"}).fit(cut)
    assert "1 of 12 units give no estimate and are left out" in " ".join(left.warnings)


def test_one_point_after_and_no_events_are_refused_with_a_reason() -> None:
    of = design(units())
    short = of.cells(of.time <= 0)
    with pytest.raises(FitError, match="cannot be told apart"):
        MultilevelIts.model_validate(BINOMIAL).fit(short)
    never = replace(of, events=np.zeros_like(of.events), y=np.zeros_like(of.y))
    with pytest.raises(FitError):
        MultilevelIts.model_validate(BINOMIAL).fit(never)
    with pytest.raises(FitError, match="no unit gives an estimate"):
        TwoStageIts.model_validate(STAGES).fit(never)
    with pytest.raises(FitError, match="too few units"):
        MultilevelIts.model_validate(BINOMIAL).fit(of.of_units(np.arange(12) < 2))


@pytest.mark.parametrize(
    ("settings", "asked", "words"),
    [
        (BINOMIAL, {"change": LEVEL, "summary": "odds_ratio"}, "within one unit: say effect: conditional"),
        (BINOMIAL, {"change": LEVEL, "effect": "conditional"}, "on the logit scale is a ratio"),
        (BINOMIAL, {"change": {"kind": "before_after"}}, "use before_after"),
        (BINOMIAL | {"autocorrelation": {"kind": "ar1"}}, {}, "has no residuals to be correlated"),
        (
            {
                "distribution": {"kind": "normal", "df": {"kind": "kenward_roger"}},
                "autocorrelation": {"kind": "ar1"},
            },
            {},
            "independent residuals",
        ),
        (BINOMIAL | {"units": {"kind": "levels_and_changes", "of": ["pulse"]}}, {}, "no pulse to be random"),
        ({"distribution": {"kind": "poisson"}, "autocorrelation": NONE}, {}, "needs a count outcome"),
        (
            STAGES,
            {"change": {"kind": "cumulative", "interruption": "start", "from": 0, "to": 3}},
            "no totals",
        ),
    ],
)
def test_what_cannot_be_asked_is_said_beforehand(
    settings: dict[str, Any], asked: dict[str, Any], words: str
) -> None:
    kind = TwoStageIts if "distribution" not in settings else MultilevelIts
    about = question(**({"change": WINDOW} | asked))
    assert words in " ".join(kind.model_validate(settings).objections(programme(), about))


@pytest.mark.parametrize("settings", [BINOMIAL, STAGES])
def test_a_step_that_is_phased_in_is_no_change_of_level(settings: dict[str, Any]) -> None:
    kind = TwoStageIts if "distribution" not in settings else MultilevelIts
    start = programme().interruptions["start"].model_dump(by_alias=True)
    phased = start | {"effects": [{"kind": "step"}], "transition": {"kind": "phased", "periods": 3}}
    study = programme(interruptions={"start": phased})
    about = question(change=LEVEL)
    said = kind.model_validate(settings).objections(study, about)
    assert len([one for one in said if "a step that is phased in" in one]) == 1


def test_autocorrelation_and_distribution_have_to_be_named() -> None:
    for settings in ({"autocorrelation": NONE}, {"distribution": {"kind": "binomial"}}):
        with pytest.raises(ValueError, match="Field required"):
            MultilevelIts.model_validate(settings)
    with pytest.raises(ValueError, match="autocorrelation"):
        TwoStageIts.model_validate({})
    with pytest.raises(ValueError, match="odd number"):
        MultilevelIts.model_validate(
            {"distribution": {"kind": "binomial", "nodes": 4}, "autocorrelation": NONE}
        )

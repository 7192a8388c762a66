"""The before-after regression beside brute force; R's numbers are in tests/reference."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from precept_stats.data.selection import Population
from precept_stats.errors import FitError, PlanError
from precept_stats.inference.influence import LEFT_OUT
from precept_stats.methods.before_after import BeforeAfter
from precept_stats.numerics.clustered_least_squares import cr2_covariance
from precept_stats.numerics.linear import weighted_least_squares
from precept_stats.runner import How, analyse
from precept_stats.studies.programme import Programme
from precept_stats.studies.question import Estimand, Outcome, Question
from precept_stats.values import Result

CLUSTERED = {"variance": {"kind": "cr1"}, "autocorrelation": {"kind": "within_clusters"}}


@dataclass(frozen=True)
class Small:
    """Units in a few regions, by month, with starts of their own."""

    frame: pd.DataFrame

    @property
    def design(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """X with time from start, y, weights, and the region of every row."""
        since = self.frame["period"] - self.frame["start_period"]
        X = np.column_stack([np.ones(len(since)), since >= 0, since]).astype(float)
        y = (self.frame["given"] / self.frame["n"]).to_numpy()
        return X, y, self.frame["n"].to_numpy(float), pd.factorize(self.frame["region"])[0]


def small(regions: int = 6, months: int = 12, seed: int = 5) -> Small:
    rng = np.random.default_rng(seed)
    rows = []
    for unit in range(2 * regions):
        start, level = int(rng.integers(4, months - 4)), rng.normal(0.0, 0.05)
        for month in range(months):
            n = int(rng.integers(4, 25))
            p = np.clip(
                0.6 + level + 0.01 * month + 0.05 * (month >= start) + rng.normal(0, 0.05), 0.05, 0.95
            )
            rows.append(
                (
                    f"U{unit}",
                    f"R{unit % regions}",
                    f"2018-{month + 1:02d}",
                    f"2018-{start + 1:02d}",
                    month,
                    start,
                    rng.binomial(n, p),
                    n,
                )
            )
    columns = ["unit", "region", "month", "start", "period", "start_period", "given", "n"]
    return Small(pd.DataFrame(rows, columns=columns))


def study(**changed: Any) -> Programme:
    return Programme.model_validate(
        {
            "kind": "programme",
            "unit": "unit",
            "time": {"column": "month", "every": "month"},
            "interruptions": {
                "start": {"column": "start", "effects": [{"kind": "step"}], "transition": {"kind": "none"}}
            },
            "coding": {"interrupted_period": "after", "ramp_from": 0},
            "seasonality": {"kind": "none", "reason": "made up without seasons"},
            "before": {"from": -12, "to": -1},
            "after": {"from": 0, "to": 12},
            "cluster": "region",
        }
        | changed
    )


def asked(**changed: Any) -> Question:
    estimand = {
        "population": "all",
        "outcome": "share",
        "compare": "after",
        "reference": "before",
        "summary": "risk_difference",
        "effect": "marginal",
        "target": "participant_average",
        "change": {"kind": "before_after"},
        "intercurrent_events": [],
    }
    outcome = Outcome(column="given", denominator="n", type="binary", direction="higher_better")
    return Question("asked", Estimand.model_validate(estimand | changed), Population(of="rows"), outcome)


def method(**changed: Any) -> BeforeAfter:
    fields = {"weights": {"kind": "denominators"}, "start_month": {"kind": "time_from_start"}}
    return BeforeAfter.model_validate({"kind": "before_after"} | CLUSTERED | fields | changed)


def answered(data: Small, about: BeforeAfter, **changed: Any) -> Result:
    return analyse(study(**changed), about, data.frame, asked(), How())


def beside(result: Result, kind: str) -> dict[str, float]:
    rows = [row for row in result.rows if row.group("inference") == kind]
    return {row.stat_name: float(row.stat) for row in rows if isinstance(row.stat, float)}


def by_refitting(data: Small, null: float) -> float:
    """p of the wild cluster bootstrap with the null imposed, every vector of signs refitted from its rows."""
    X, y, weights, cluster = data.design
    root = np.sqrt(weights)

    def t_of(outcome: np.ndarray) -> float:
        fit = weighted_least_squares(X, outcome, weights)
        score = np.zeros((cluster.max() + 1, 3))
        np.add.at(score, cluster, X * (weights * fit.residuals)[:, None])
        half = score @ fit.bread
        return float((fit.params[1] - null) / np.sqrt(np.sum(half[:, 1] ** 2)))

    other = np.delete(X, 1, axis=1)
    beta = np.linalg.lstsq(root[:, None] * other, root * (y - null * X[:, 1]), rcond=None)[0]
    fitted = other @ beta + null * X[:, 1]
    residuals, observed = y - fitted, abs(t_of(y))
    signs = itertools.product((1.0, -1.0), repeat=cluster.max() + 1)
    found = [abs(t_of(fitted + np.array(one)[cluster] * residuals)) for one in signs]
    return float(np.mean(np.array(found) >= observed * (1.0 - 1e-9)))


def test_the_wild_bootstrap_is_that_of_refitting_every_vector_of_signs() -> None:
    data = small()
    found = beside(answered(data, method(beside={"kind": "few_clusters"})), "wild_bootstrap")
    assert found["p_value"] == pytest.approx(by_refitting(data, 0.0), abs=1e-12)
    for limit in ("conf_low", "conf_high"):
        outward = 1e-6 if limit == "conf_high" else -1e-6
        assert by_refitting(data, found[limit] - outward) > 0.05 >= by_refitting(data, found[limit] + outward)


def test_cr2_is_unbiased_under_its_working_model() -> None:
    """E(variance) is that of the estimate when errors are independent and equal: traced, not simulated."""
    X, y, weights, cluster = small().design
    fit = weighted_least_squares(X, y, weights / weights.mean())
    H = X @ fit.bread @ (X * fit.weights[:, None]).T
    residual = (np.eye(len(y)) - H) @ (np.eye(len(y)) - H).T
    pieces = cr2_covariance(fit, cluster)
    expected = np.zeros((3, 3))
    for g in range(cluster.max() + 1):
        mine = cluster == g
        values, vectors = np.linalg.eigh(residual[np.ix_(mine, mine)])
        A = (vectors / np.sqrt(values)) @ vectors.T
        U = A @ (X[mine] * fit.weights[mine, None]) @ fit.bread
        expected += U.T @ residual[np.ix_(mine, mine)] @ U
    weighted = X * fit.weights[:, None]
    true = fit.bread @ (weighted.T @ weighted) @ fit.bread
    assert expected == pytest.approx(true, rel=1e-9)
    assert pieces.df(np.eye(3)[1]) < cluster.max()


@given(st.integers(0, 2**31 - 1))
@settings(max_examples=15, deadline=None)
def test_the_order_of_rows_and_names_of_regions_do_not_matter(seed: int) -> None:
    data = small(regions=4, months=10)
    rng = np.random.default_rng(seed)
    other = data.frame.sample(frac=1.0, random_state=rng.integers(2**31 - 1))
    other = other.assign(
        region=other["region"].map({f"R{k}": f"Z{v}" for k, v in enumerate(rng.permutation(4))})
    )
    one, two = answered(data, method()), answered(Small(other), method())
    assert two.estimate.value == pytest.approx(one.estimate.value, rel=1e-12)
    assert two.estimate.std_error == pytest.approx(one.estimate.std_error, rel=1e-10)


def test_a_line_from_the_start_takes_up_an_effect_that_builds_up() -> None:
    """Without noise: the step beside a common line is what least squares leaves of a ramp of 9 months."""
    time = np.arange(-12, 12)
    truth = 0.6 + 0.004 * time + 0.058 * np.clip((time + 1) / 9, 0, 1)
    rows = []
    for unit in range(4):
        for t, mean in zip(time, truth, strict=True):
            month = 12 * 2018 + 6 + t
            size = 100_000_000
            rows.append(
                (
                    f"U{unit}",
                    f"R{unit % 2}",
                    f"{month // 12}-{month % 12 + 1:02d}",
                    "2018-07",
                    round(mean * size),
                    size,
                )
            )
    frame = pd.DataFrame(rows, columns=["unit", "region", "month", "start", "given", "n"])
    frame["given"] += np.arange(len(frame)) % 3
    X = np.column_stack([np.ones(24), time >= 0, time]).astype(float)
    left = np.linalg.lstsq(X, truth, rcond=None)[0][1]
    rows_apart = {"variance": {"kind": "hc1"}, "autocorrelation": {"kind": "ignored"}}
    assert answered(Small(frame), method(**rows_apart)).estimate.value == pytest.approx(left, abs=1e-7)
    plain = answered(Small(frame), method(start_month={"kind": "none"}, **rows_apart)).estimate.value
    assert plain == pytest.approx(truth[12:].mean() - truth[:12].mean(), abs=1e-7)
    assert left < 0.01 < 0.0386 < plain


def test_the_curve_stands_on_the_means_of_the_model() -> None:
    result = answered(small(), method())
    rows = [row for row in result.rows if row.context == "counterfactual" and row.stat_name == "estimate"]
    at = {(row.group("curve"), row.group("period")): float(row.stat) for row in rows}
    assert at["fitted", "0"] - at["counterfactual", "0"] == pytest.approx(result.estimate.value, rel=1e-9)
    assert ("counterfactual", "-1") not in at


def test_leaving_a_region_out_is_fitting_the_others() -> None:
    data = small()
    result = analyse(study(), method(), data.frame, asked(), How(influence="leave_one_cluster_out"))
    rows = [row for row in result.rows if row.context == "influence" and row.stat_name == "estimate"]
    alone = answered(Small(data.frame[data.frame["region"] != "R3"]), method())
    found = {row.group(LEFT_OUT): float(row.stat) for row in rows if row.group(LEFT_OUT)}
    assert found["R3"] == pytest.approx(alone.estimate.value, rel=1e-10)
    assert len(found) == 6


@pytest.mark.parametrize(
    ("changed", "about", "said"),
    [
        ({}, {"autocorrelation": {"kind": "ignored"}}, "autocorrelation is said to be ignored"),
        ({"variance": {"kind": "hc1"}}, {}, "autocorrelation is said to be within_clusters"),
        ({"reference": {"kind": "satterthwaite"}}, {}, "those of the cr2 variance"),
        ({"rows": {"kind": "unit_windows"}}, {}, "there is no trend to tell"),
    ],
)
def test_contradictions_are_refused_before_any_data_are_read(changed: Any, about: Any, said: str) -> None:
    with pytest.raises(PlanError) as refused:
        answered(small(), method(**(changed | about)))
    assert said in refused.value.found


def test_other_questions_and_studies_without_windows_are_refused() -> None:
    data = small()
    ratio = asked(summary="risk_ratio")
    level = asked(change={"kind": "level_change", "interruption": "start"})
    for question, said in ((ratio, "no ratios"), (level, "before_after} alone")):
        with pytest.raises(PlanError) as refused:
            analyse(study(), method(), data.frame, question, How())
        assert said in refused.value.found
    with pytest.raises(PlanError) as refused:
        answered(data, method(), before=None, after=None)
    assert "windows" in refused.value.found


def test_terms_that_cannot_be_told_apart_and_one_region_are_refused() -> None:
    data = small()
    alike = Small(
        data.frame.assign(twice=data.frame["period"].astype(float) * 2.0 - data.frame["start_period"])
    )
    with pytest.raises(FitError, match="cannot be told apart"):
        answered(alike, method(study_month={"kind": "line"}), adjust=["twice"])
    with pytest.raises(FitError, match="too little"):
        answered(Small(data.frame.assign(region="R")), method())


@pytest.mark.parametrize("variance", ["classical", "hc1", "cr1", "cr2"])
def test_an_outcome_that_does_not_vary_or_scatter_is_refused(variance: str) -> None:
    frame = small().frame
    about = method(
        variance={"kind": variance},
        autocorrelation={"kind": "within_clusters" if variance.startswith("cr") else "ignored"},
    )
    for share, said in ((2.0, "the same in every period"), (1.0, "the same in every period")):
        with pytest.raises(FitError, match=said):
            answered(Small(frame.assign(n=10, given=int(10 / share))), about)
    stepped = frame.assign(n=10, given=lambda f: 3 + 4 * (f["period"] >= f["start_period"]))
    with pytest.raises(FitError, match="fitted without error"):
        answered(Small(stepped), about)


def test_silence_about_autocorrelation_is_refused() -> None:
    with pytest.raises(ValueError, match="autocorrelation"):
        BeforeAfter.model_validate({"kind": "before_after"})

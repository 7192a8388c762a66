"""What must not hang on how rows are grouped, on periods without outcomes, or on one cluster left out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import optimize

import precept_stats as ps
from precept_stats.methods import GeneralisedLinearMixed, LinearMixed
from precept_stats.studies.stepped_wedge import SteppedWedge
from tests.studies.wedges import WEDGE, Wedge, ask_wedge, prepared_wedge

SLOPE = {"kind": "terms", "terms": [{"by": "cluster", "slopes": ["g"]}]}
BINARY = ps.Outcome(column="y", type="binary", direction="higher_better")
COUNTED = ps.Outcome(column="y", type="binary", direction="higher_better", denominator="n")


def people() -> pd.DataFrame:
    """A synthetic wedge with few people of one kind (g = 1) and many of the other."""
    frame = Wedge(clusters=12, people=20, binary=True, sd_cluster=0.3).frame(3)
    rng = np.random.default_rng(4)
    frame["g"] = (rng.random(len(frame)) < 0.15).astype(float)
    pull = pd.Series(rng.normal(0, 1.2, frame["site"].nunique()), index=frame["site"].unique())
    other = (rng.random(len(frame)) < 1 / (1 + np.exp(-pull[frame["site"]].to_numpy()))).astype(float)
    frame["y"] = np.where(frame["g"] == 1, other, frame["y"])
    return frame


def grouped(frame: pd.DataFrame) -> pd.DataFrame:
    found = frame.groupby(["site", "period", "arm", "g"], as_index=False).agg(y=("y", "sum"), n=("y", "size"))
    return found.astype({"y": int})


METHODS = {
    "linear_mixed": LinearMixed(random=SLOPE),
    "generalised_linear_mixed": GeneralisedLinearMixed(random=SLOPE, approximation={"kind": "laplace"}),
}


def correlations(method: object, frame: pd.DataFrame, outcome: ps.Outcome) -> dict[tuple[str, str], float]:
    study = SteppedWedge(cluster="site", period="period", arm="arm", adjust=("g",))
    result = ps.analyse(study, method, {"rows": frame}, ask_wedge(outcome))
    rows = [row for row in result.rows if row.context == "icc" and row.measure]
    return {(row.measure, row.stat_name): row.stat for row in rows if isinstance(row.stat, float)}


@pytest.mark.parametrize("kind", METHODS)
def test_correlations_with_a_random_slope_are_averages_over_people(kind: str) -> None:
    frame = people()
    one, other = (
        correlations(METHODS[kind], frame, BINARY),
        correlations(METHODS[kind], grouped(frame), COUNTED),
    )
    assert one.keys() == other.keys()
    assert one
    for name, value in one.items():
        assert other[name] == pytest.approx(value, rel=1e-5), name


def test_no_correlation_of_proportions_is_given_with_a_random_slope_of_a_covariate() -> None:
    found = correlations(METHODS["generalised_linear_mixed"], people(), BINARY)
    assert not [name for name in found if name[0].startswith("icc_proportion")]
    arm = GeneralisedLinearMixed(random={"kind": "random_intervention"}, approximation={"kind": "laplace"})
    assert [name for name in correlations(arm, people(), BINARY) if name[0].startswith("icc_proportion")]


def with_a_gap() -> pd.DataFrame:
    """A synthetic wedge of six periods, no outcome recorded in the third and the fourth."""
    frame = Wedge(clusters=10, periods=6, people=6, sd_cluster=0.2, sd_cell=0.8).frame(8)
    frame.loc[frame["period"].isin([3, 4]), "y"] = np.nan
    return frame


def test_a_decay_counts_the_periods_that_nobody_was_seen_in() -> None:
    design = prepared_wedge(with_a_gap()).design
    assert design.place.tolist() == [0, 1, 4, 5]
    X = np.column_stack([design.row_period[:, None] == np.arange(design.n_periods), design.row_treated])
    lag = np.abs(np.subtract.outer(design.place[design.row_period], design.place[design.row_period]))
    same = np.equal.outer(design.row_cluster, design.row_cluster)

    def solved(at: np.ndarray) -> tuple[float, np.ndarray]:
        tau2, r, sigma2 = np.exp(at[0]), 1 / (1 + np.exp(-at[1])), np.exp(at[2])
        V = same * tau2 * r**lag + sigma2 * np.eye(len(lag))
        W = np.linalg.solve(V, X)
        beta = np.linalg.solve(X.T @ W, W.T @ design.y)
        rest = design.y - X @ beta
        logs = np.linalg.slogdet(V)[1] + np.linalg.slogdet(X.T @ W)[1]
        return logs + rest @ np.linalg.solve(V, rest), beta

    near = optimize.minimize(lambda at: solved(at)[0], np.zeros(3), method="BFGS")
    tight = {"xatol": 1e-8, "fatol": 1e-11, "maxiter": 4000}
    best = optimize.minimize(lambda at: solved(at)[0], near.x, method="Nelder-Mead", options=tight)
    method = LinearMixed(random={"kind": "discrete_time_decay"})
    fit = method.fit(design)
    effect = method.targets(design)[0].value(fit.uncertainty.params)
    assert effect == pytest.approx(solved(best.x)[1][-1], rel=1e-5)
    log_likelihood = dict(fit.evidence)["log_likelihood"]
    shift = (len(lag) - X.shape[1]) * np.log(2 * np.pi)
    assert -2 * log_likelihood == pytest.approx(best.fun + shift, rel=1e-9)


def test_an_average_over_fewer_exposure_times_is_not_shown_as_the_influence_of_a_cluster() -> None:
    frame = Wedge(clusters=7, periods=4).frame(5)
    frame = frame[~((frame["site"].isin(["S4", "S7"])) & (frame["arm"] == "treated") & (frame["period"] < 4))]
    how = ps.How(influence="leave_one_cluster_out")
    only = frame[frame["site"] != "S4"][lambda f: f["site"] != "S7"]
    method = LinearMixed(effect_over_time={"kind": "exposure_time"})
    rows = ps.analyse(WEDGE, method, {"rows": only}, ask_wedge(), how).rows
    found = {
        row.group("left_out"): row
        for row in rows
        if row.context == "influence" and row.stat_name == "estimate"
    }
    assert found["S1"].status == "failed"
    assert "the average is over 2 exposure times, in the whole trial over 3" in found["S1"].error
    assert found["S2"].status != "failed"
    constant = ps.analyse(WEDGE, LinearMixed(), {"rows": only}, ask_wedge(), how).rows
    assert not [row for row in constant if row.context == "influence" and row.status == "failed"]


def test_a_cluster_does_not_return_from_transition() -> None:
    frame = Wedge(clusters=6).frame(2)
    frame.loc[(frame["site"] == "S3") & (frame["period"] == 2), "arm"] = "moving"
    study = SteppedWedge(cluster="site", period="period", arm="arm", transition=("moving",))
    with pytest.raises(ps.DataError, match="went from transition back to 'control'") as caught:
        prepared_wedge(frame, study)
    assert caught.value.found == "cluster S3 in period 3"

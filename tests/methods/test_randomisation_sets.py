"""The randomisation test over declared sets and over stepped wedges: from tables and plans to estimates."""

from __future__ import annotations

import itertools
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import precept_stats as ps
from precept_stats.cli import main
from precept_stats.errors import FitError, PlanError
from precept_stats.inference.seeds import Seed
from precept_stats.inference.uncertainty import estimate
from precept_stats.methods import RandomisationTest
from precept_stats.plan.explain import explain
from precept_stats.studies.period_design import PeriodDesign
from precept_stats.studies.stepped_wedge import SteppedWedge
from precept_stats.values import Estimate, Result, Results

from .wedges import wedge

SIZE = {"kind": "size"}
DRAWN = {"kind": "monte_carlo", "draws": 9999}


def answer(method: RandomisationTest, design: PeriodDesign, seed: int | None = None) -> Estimate:
    fit = method.fit(design, None if seed is None else Seed(seed))
    return estimate(fit.uncertainty, method.targets(design)[0], 0.95)


def rows_of(result: Result, name: str) -> list[object]:
    return [row.stat for row in result.rows if row.stat_name == name]


# ---- a parallel trial of eight wards, its acceptable allocations saved or found again (synthetic)

SCHEMAS = {
    "people": """
name: people
fieldsMatch: equal
fields:
  - {name: ward, type: string, constraints: {required: true}}
  - {name: arm, type: string, constraints: {required: true}}
  - {name: age, type: number}
  - {name: score, type: number}
x-precept: {level: individual}
""",
    "schemes": """
name: schemes
fieldsMatch: equal
fields:
  - {name: allocation, type: integer, constraints: {required: true}}
  - {name: ward, type: string, constraints: {required: true}}
  - {name: arm, type: string, constraints: {required: true}}
x-precept: {level: cluster}
""",
}
PLAN = """
precept_plan: "1"
id: wards
version: 1.0.0
title: Eight synthetic wards
design: parallel_cluster_trial
prespecification: {data_state: results_seen, statement: Made for a test.}
data:
  people: {schema: people, file: people.csv, source: synthetic}
  schemes: {schema: schemes, file: schemes.csv, source: synthetic}
populations: {all: {of: people}}
outcomes: {score: {column: score, type: continuous, direction: higher_better}}
estimands:
  difference: {population: all, outcome: score, compare: new, reference: old, summary: mean_difference,
               effect: marginal, target: cluster_average, intercurrent_events: []}
analyses:
  primary:
    purpose: primary
    reason: specified_in_sap
    estimand: difference
    study: {kind: cluster_trial, cluster: ward, arm: arm, allocation: {kind: listed, table: schemes}}
    method: {kind: randomisation_test}
  rule:
    based_on: primary
    purpose: sensitivity
    study:
      allocation: {kind: constrained, covariates: [{column: age}], accept: {kind: best_share, share: 0.3}}
  drawn:
    based_on: primary
    purpose: sensitivity
    method: {kind: randomisation_test, allocations: {kind: monte_carlo, draws: 9999}}
multiplicity: {family: [primary], procedure: none, level: 0.9}
disclosure: {policy: none}
seed: 5
"""
WARDS = tuple(f"w{k}" for k in range(1, 9))


def choices() -> list[np.ndarray]:
    return [np.isin(np.arange(8), chosen).astype(int) for chosen in itertools.combinations(range(8), 4)]


def wards() -> tuple[pd.DataFrame, list[np.ndarray], np.ndarray]:
    """People of eight wards, the allocations balanced best on age (21 with ties), and the one used."""
    rng = np.random.default_rng(12)
    age, level = rng.integers(40, 70, 8).astype(float), rng.normal(0, 0.5, 8)
    gap = {tuple(z): abs(age[z == 1].mean() - age[z == 0].mean()) for z in choices()}
    limit = sorted(gap.values())[round(0.3 * 70) - 1]
    accepted = [np.array(z) for z, one in gap.items() if one <= limit + 1e-9]
    used = accepted[3]
    people = [
        (WARDS[k], ("old", "new")[used[k]], age[k], level[k] + 0.8 * used[k] + rng.normal())
        for k in range(8)
        for _ in range(6)
    ]
    return pd.DataFrame(people, columns=["ward", "arm", "age", "score"]), accepted, used


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    (tmp_path / "data_schemas").mkdir()
    for name, text in SCHEMAS.items():
        (tmp_path / "data_schemas" / f"{name}.yaml").write_text(text)
    (tmp_path / "plan.yaml").write_text(PLAN)
    people, accepted, _ = wards()
    people.to_csv(tmp_path / "people.csv", index=False)
    listed = [
        (m, ward, ("old", "new")[arm])
        for m, z in enumerate(accepted)
        for ward, arm in zip(WARDS, z, strict=True)
    ]
    pd.DataFrame(listed, columns=["allocation", "ward", "arm"]).to_csv(tmp_path / "schemes.csv", index=False)
    return tmp_path / "plan.yaml"


def results_of(plan: Path) -> dict[str, Result]:
    results: Results = ps.run(plan)
    return {entry.analysis: entry for entry in results.analyses if isinstance(entry, Result)}


def test_a_plan_runs_over_its_saved_set_and_over_its_rule(plan: Path) -> None:
    people, accepted, used = wards()
    means = people.groupby("ward")["score"].mean().to_numpy()
    gaps = np.array([abs(means[z == 1].mean() - means[z == 0].mean()) for z in accepted])
    own = abs(means[used == 1].mean() - means[used == 0].mean())
    p = np.mean(gaps >= own - 1e-9)
    found = results_of(plan)
    for name in ("primary", "rule"):
        assert found[name].estimate.p_value == pytest.approx(p)
        assert found[name].estimate.value == pytest.approx(own)
        assert rows_of(found[name], "n_allocations") == [len(accepted)]
        assert rows_of(found[name], "smallest_p") == [pytest.approx(np.mean(gaps >= gaps.max() - 1e-9))]
    assert rows_of(found["primary"], "df_rule") == [
        f"{len(accepted)} acceptable allocations listed in table schemes"
    ]
    assert abs(found["drawn"].estimate.p_value - p) < 5 * rows_of(found["drawn"], "mc_error")[0]
    assert rows_of(found["drawn"], "n_draws") == [9999]


def test_the_set_is_told_before_any_data_are_opened(
    plan: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    loaded = ps.read_plan(plan)
    assert {finding.id for finding in loaded.findings} <= {"PL-0125", "PL-0128", "PL-0130", "PL-0131"}
    text = explain(loaded)
    assert "allocated as one of the acceptable allocations listed in table schemes" in " ".join(text.split())
    assert "all acceptable allocations (balanced on age: the best 30 % by the l2 score)" in " ".join(
        text.split()
    )
    monkeypatch.setattr("sys.argv", ["precept", "explain", str(plan)])
    with pytest.raises(SystemExit) as ending:
        main()
    assert not ending.value.code
    assert "listed in table schemes" in " ".join(capsys.readouterr().out.split())


def test_a_trial_that_was_not_allocated_from_its_set_is_stopped(plan: Path) -> None:
    table = pd.read_csv(plan.parent / "schemes.csv")
    table[table["allocation"] != 3].to_csv(plan.parent / "schemes.csv", index=False)
    with pytest.raises(ps.DataError, match="not among those declared"):
        ps.run(plan)


def test_neither_names_nor_order_nor_which_arm_is_compared_matter(plan: Path) -> None:
    before = results_of(plan)["primary"].estimate
    people, schemes = (pd.read_csv(plan.parent / f"{name}.csv") for name in ("people", "schemes"))
    names = dict(zip(WARDS, reversed(WARDS), strict=True))
    people.assign(ward=people["ward"].map(names)).sample(frac=1, random_state=1).to_csv(
        plan.parent / "people.csv", index=False
    )
    schemes.assign(ward=schemes["ward"].map(names), allocation=100 - schemes["allocation"]).sample(
        frac=1, random_state=2
    ).to_csv(plan.parent / "schemes.csv", index=False)
    after = results_of(plan)["primary"].estimate
    assert (after.value, after.p_value) == pytest.approx((before.value, before.p_value))
    assert after.interval.lower == pytest.approx(before.interval.lower)
    exchanged = PLAN.replace("compare: new, reference: old", "compare: old, reference: new")
    plan.write_text(exchanged)
    back = results_of(plan)["primary"].estimate
    assert (back.value, back.p_value) == pytest.approx((-before.value, before.p_value))
    assert (back.interval.lower, back.interval.upper) == pytest.approx(
        (-before.interval.upper, -before.interval.lower)
    )


# ---- stepped wedges


def slow_wedge(cells: pd.DataFrame, given: dict[str, int], weight: str) -> float:
    """Differences within periods of mean cells by condition, averaged by W1 W0 / (W1 + W0)."""
    total = size = 0.0
    for period, part in cells.groupby("period"):
        treated = part["cluster"].map(given) <= period
        w1, w0 = part[weight][treated].sum(), part[weight][~treated].sum()
        if w1 and w0:
            one = np.average(part["mean"][treated], weights=part[weight][treated])
            none = np.average(part["mean"][~treated], weights=part[weight][~treated])
            total += w1 * w0 / (w1 + w0) * (one - none)
            size += w1 * w0 / (w1 + w0)
    return total / size


def cells_of(design: PeriodDesign) -> pd.DataFrame:
    rows = pd.DataFrame(
        {"cluster": design.row_cluster, "period": design.row_period, "y": design.y, "n": design.size}
    )
    cells = rows.groupby(["cluster", "period"], as_index=False).sum().assign(one=1.0)
    return cells.assign(mean=cells["y"] / cells["n"])


def first_of(design: PeriodDesign) -> np.ndarray:
    return np.where(design.treated.any(axis=1), design.treated.argmax(axis=1), design.n_periods)


@pytest.mark.parametrize("weights", [{"kind": "equal"}, SIZE])
def test_a_wedge_is_a_loop_over_its_switches(weights: dict[str, str]) -> None:
    whole = wedge(5)
    few = np.flatnonzero(whole.row_cluster < 5)
    design = trimmed(whole, few, 5)
    cells, first = cells_of(design), first_of(design)
    column = "one" if weights["kind"] == "equal" else "n"
    every = {tuple(given) for given in itertools.permutations(first)}
    slow = np.array([slow_wedge(cells, dict(enumerate(given)), column) for given in every])
    own = slow_wedge(cells, dict(enumerate(first)), column)
    found = answer(RandomisationTest(weights=weights), design)
    assert found.value == pytest.approx(own)
    assert found.p_value == pytest.approx(np.mean(np.abs(slow) >= abs(own) - 1e-9 * np.abs(slow).max()))
    assert len(every) == RandomisationTest(weights=weights).fit(design).facts[-2].stat


def trimmed(design: PeriodDesign, rows: np.ndarray, clusters: int) -> PeriodDesign:
    return replace(
        design,
        clusters=design.clusters[:clusters],
        row_cluster=design.row_cluster[rows],
        row_period=design.row_period[rows],
        y=design.y[rows],
        size=design.size[rows],
        treated=design.treated[:clusters],
        exposure=design.exposure[:clusters],
        sequence=design.sequence[:clusters],
    )


def test_what_a_wedge_says_of_itself() -> None:
    fit = RandomisationTest().fit(wedge(3))
    facts = {fact.name: fact.stat for fact in fit.facts}
    assert facts["df_rule"] == "all possible allocations of sequences"
    assert facts["estimator"] == "Randomisation test on cluster-period means"
    drawn = RandomisationTest(allocations=DRAWN)
    facts = {fact.name: fact.stat for fact in drawn.fit(wedge(3), Seed(1)).facts}
    assert facts["df_rule"] == "9,999 random allocations of sequences"
    assert facts["mc_error"] > 0.0


def test_what_a_wedge_cannot_have_is_refused_before_data_are_read() -> None:
    question = ps.Question(
        estimand_id="e",
        estimand=ps.Estimand(
            population="all", outcome="y", compare="1", reference="0", summary="mean_difference",
            effect="marginal", target="cluster_average", intercurrent_events=(),
        ),
        population=ps.Population(of="rows"),
        outcome=ps.Outcome(column="y", type="continuous", direction="higher_better"),
    )  # fmt: skip
    plain = {"cluster": "id", "period": "period", "arm": "arm"}
    study = SteppedWedge.model_validate(plain)
    assert RandomisationTest().objections(study, question) == ()
    assert "only if it is the same in all periods" in RandomisationTest().estimand_gap(study, question)
    welch = RandomisationTest(statistic={"kind": "studentised"})
    assert "no studentised" in welch.objections(study, question)[0]
    adjusted = SteppedWedge.model_validate({**plain, "adjust": ["x"]})
    assert "does not adjust" in RandomisationTest().objections(adjusted, question)[0]
    transition = SteppedWedge.model_validate({**plain, "transition": ["2"]})
    assert "transition" in RandomisationTest().objections(transition, question)[0]
    with pytest.raises(PlanError, match="cannot answer"):
        ps.analyse(transition, RandomisationTest(), pd.DataFrame(), question)


def data(name: str) -> pd.DataFrame:
    path = Path(os.environ.get("PRECEPT_DATA", "absent")) / name
    if not path.exists():
        pytest.skip("the data do not ship; PRECEPT_DATA is not set")
    return pd.read_csv(path)


def wedge_question(outcome: ps.Outcome, summary: str, arms: tuple[str, str]) -> ps.Question:
    estimand = ps.Estimand(
        population="all", outcome="y", compare=arms[0], reference=arms[1], summary=summary, effect="marginal",
        target="cluster_average", intercurrent_events=(),
    )  # fmt: skip
    return ps.Question(
        estimand_id="e", estimand=estimand, population=ps.Population(of="rows"), outcome=outcome
    )


def test_twelve_clusters_in_three_sequences_exactly() -> None:
    """34,650 arrangements; the slow answer is a plain loop over all of them."""
    rows = data("sim_swcrt_small.csv")
    study = ps.SteppedWedge(cluster="id", period="period", arm="treatment")
    outcome = ps.Outcome(column="y_con", type="continuous", direction="higher_better")
    result = ps.analyse(
        study, RandomisationTest(), rows, wedge_question(outcome, "mean_difference", ("1", "0"))
    )
    means = rows.groupby(["id", "period"])["y_con"].mean().unstack().to_numpy()
    held = []
    for first in itertools.combinations(range(12), 4):
        rest = [k for k in range(12) if k not in first]
        for second in itertools.combinations(rest, 4):
            switch = np.full(12, 3)
            switch[list(first)], switch[list(second)] = 1, 2
            parts = [(means[switch <= t, t], means[switch > t, t]) for t in (1, 2)]
            weights = [len(one) * len(none) / 12 for one, none in parts]
            held.append(np.average([one.mean() - none.mean() for one, none in parts], weights=weights))
    own = held[0]
    assert rows_of(result, "n_allocations") == [34_650] == [len(held)]
    assert result.estimate.value == pytest.approx(own)
    assert result.estimate.p_value == pytest.approx(np.mean(np.abs(held) >= abs(own) - 1e-9))
    lower, upper = result.estimate.interval.lower, result.estimate.interval.upper
    assert lower < own < upper


def test_contact_tracing_by_draws() -> None:
    """29 ZIP codes in 4 sequences: too many arrangements to enumerate, so they are drawn, here and there."""
    rows = data("reglab_cict_sw_tidy.csv")
    rows = rows.assign(events=(rows["y"] * rows["n"]).round().astype(int), treated=1 - rows["manual"])
    study = ps.SteppedWedge(cluster="Zip", period="period", arm="treated")
    outcome = ps.Outcome(column="events", type="binary", direction="higher_better", denominator="n")
    question = wedge_question(outcome, "risk_difference", ("1", "0"))
    with pytest.raises(FitError, match="too many allocations"):
        ps.analyse(study, RandomisationTest(), rows, question)
    drawn = RandomisationTest(allocations=DRAWN)
    result = ps.analyse(study, drawn, rows, question, ps.How(seed=4))
    cells = rows.assign(cluster=rows["Zip"], mean=rows["events"] / rows["n"], one=1.0)
    switched = cells[cells["treated"] == 1].groupby("cluster")["period"].min()
    zips = sorted(cells["cluster"].unique())
    first = np.array([switched.get(one, 99) for one in zips])
    own = slow_wedge(cells, dict(zip(zips, first, strict=True)), "one")
    assert result.estimate.value == pytest.approx(own)
    rng = np.random.default_rng(8)
    held = [
        slow_wedge(cells, dict(zip(zips, rng.permutation(first), strict=True)), "one") for _ in range(250)
    ]
    p = result.estimate.p_value
    assert abs(np.mean(np.abs(held) >= abs(own)) - p) < 5 * np.sqrt(max(p * (1 - p), 1e-3) / 250)

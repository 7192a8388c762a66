"""Results made by hand, row by row: a small trial whose every number is known, and a plan to go with it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from precept_stats.plan.loaded import LoadedPlan
from precept_stats.plan.reader import read_plan_text
from precept_stats.values import Estimate, Failure, Interval, Provenance, Result, Results, Row

PLAN = """\
precept_plan: "1"
id: by-hand
version: 1.2.3
title: Talk & text against <usual> care
design: parallel_cluster_trial
summary: Made by hand.
prespecification: {data_state: results_seen, statement: "Made for tests."}
data:
  people: {schema: people, source: "Nowhere."}
populations:
  everyone: {of: people, label: Everyone}
outcomes:
  well: {column: well, label: Well at a year, type: binary, direction: higher_better}
estimands:
  difference: {population: everyone, outcome: well, compare: new, reference: old, summary: risk_difference,
               effect: marginal, target: cluster_average, intercurrent_events: []}
  ratio: {population: everyone, outcome: well, compare: new, reference: old, summary: risk_ratio,
          effect: marginal, target: cluster_average, intercurrent_events: []}
analyses:
  primary:
    label: Main analysis
    purpose: primary
    reason: specified_in_sap
    estimand: difference
    study: {kind: cluster_trial, cluster: village, arm: arm}
    method: {kind: cluster_summaries}
    on_failure: [{if: not_estimable, use: weighted}]
  weighted: {based_on: primary, label: Weighted, purpose: sensitivity,
             method: {weights: {kind: size}}}
  broken: {based_on: primary, label: Broken, purpose: sensitivity, method: {variance: {kind: welch}}}
  ratio: {based_on: primary, label: As a ratio, purpose: secondary, estimand: ratio}
multiplicity: {family: [primary], procedure: none, level: 0.95}
disclosure: {policy: POLICY}
"""

REASON = "every cluster of arm old is <empty>"


@dataclass(frozen=True)
class Village:
    """One cluster: its arm, events and people before and after."""

    name: str
    arm: str
    before: tuple[int, int]
    after: tuple[int, int]


VILLAGES = (
    Village("Ashby", "new", (12, 40), (31, 44)),
    Village("Barton", "new", (10, 33), (3, 29)),
    Village("Corby", "new", (21, 60), (40, 61)),
    Village("Derby", "old", (14, 35), (17, 38)),
    Village("Eton", "old", (0, 5), (2, 6)),
    Village("Formby", "old", (20, 52), (23, 47)),
)


def plan(policy: str = "none", text: str = PLAN) -> LoadedPlan:
    return read_plan_text(text.replace("POLICY", policy), "by-hand.yaml")


def results(*, synthetic: bool = False, primary_fails: bool = False, villages=VILLAGES) -> Results:
    """Every context of docs/rows.md, with small counts in each of those that hold counts of people."""
    primary = _failed("primary", "primary") if primary_fails else _answered("primary", "primary", 0.031)
    described = (*flow(), *baseline(), *missingness(villages), *cluster_outcomes(villages))
    entries = (
        replace(primary, rows=primary.rows + described),
        _answered("weighted", "sensitivity", 0.046),
        _failed("broken", "sensitivity"),
        _answered("ratio", "secondary", 1.12, log=True),
    )
    made = Provenance(
        "by-hand",
        "1.2.3",
        "d" * 64,
        (("people", "a" * 64),),
        synthetic,
        (("python", "3.12"),),
        None,
        "2026-01-01",
    )
    return Results(entries, quality(), made)


def flow() -> tuple[Row, ...]:
    steps = [
        ("recorded", "recorded", {"": (6, 240), "new": (3, 140), "old": (3, 100)}),
        ("excluded_1", "did not meet: age above 15", {"": (0, 3), "new": (0, 2), "old": (0, 1)}),
        ("eligible", "eligible", {"": (6, 237), "new": (3, 138), "old": (3, 99)}),
        ("outcome_missing", "outcome missing", {"": (0, 12), "new": (0, 4), "old": (0, 8)}),
        ("analysed", "analysed", {"": (6, 225), "new": (3, 134), "old": (3, 91)}),
    ]
    rows = []
    for name, words, arms in steps:
        for arm, (clusters, people) in arms.items():
            groups = (("arm", arm),) if arm else ()
            stats = [("n_clusters", clusters, "clusters"), ("n", people, "individuals")]
            if name in ("eligible", "analysed"):
                stats += [
                    ("size_median", 40.5, "individuals"),
                    ("size_min", 6, "individuals"),
                    ("size_max", 61, "individuals"),
                ]
            rows += [
                Row(
                    "primary",
                    "flow",
                    stat,
                    value,
                    "People" if stat == "n" else stat,
                    unit,
                    groups=groups,
                    variable=name,
                    term=words,
                )
                for stat, value, unit in stats
            ]
    return tuple(rows)


def baseline() -> tuple[Row, ...]:
    rows = []
    for arm, old, young in (("new", 131, 3), ("old", 92, 6)):
        groups = (("arm", arm), ("level", "individual"))
        for level, n in (("adult", old), ("child", young)):
            for stat, value, unit in (
                ("n", n, "individuals"),
                ("N", old + young, "individuals"),
                ("p", n / (old + young), "proportion"),
            ):
                rows.append(
                    Row(
                        "primary",
                        "baseline",
                        stat,
                        value,
                        stat,
                        unit,
                        groups=groups,
                        variable="age",
                        variable_level=level,
                        term="Age <group>",
                    )
                )
        rows.append(
            Row(
                "primary",
                "baseline",
                "n_missing",
                4,
                "Missing",
                "individuals",
                groups=groups,
                variable="age",
                term="Age <group>",
            )
        )
        for stat, value, unit in (
            ("N", 98, "individuals"),
            ("n_missing", 2, "individuals"),
            ("mean", 31.26, "kg"),
            ("sd", 4.4, "kg"),
            ("median", 30.0, "kg"),
            ("p25", 28.0, "kg"),
            ("p75", 35.0, "kg"),
        ):
            rows.append(
                Row(
                    "primary",
                    "baseline",
                    stat,
                    value,
                    stat,
                    unit,
                    groups=groups,
                    variable="weight",
                    term="Weight",
                )
            )
    return tuple(rows)


def missingness(villages=VILLAGES) -> tuple[Row, ...]:
    rows = []
    for groups, missing, total in (
        ((("arm", "new"),), 4, 138),
        ((("arm", "old"),), 8, 99),
        *(((("arm", v.arm), ("cluster", v.name)), 1, v.after[1]) for v in villages),
    ):
        for stat, value, unit in (
            ("n_missing", missing, "individuals"),
            ("N", total, "individuals"),
            ("p_missing", missing / total if total else 0.0, "proportion"),
        ):
            rows.append(
                Row("primary", "missingness", stat, value, stat, unit, groups=groups, variable="well")
            )
    return tuple(rows)


def cluster_outcomes(villages=VILLAGES) -> tuple[Row, ...]:
    rows = []
    for village in villages:
        for period, (events, total) in (("baseline", village.before), ("follow_up", village.after)):
            groups = (("arm", village.arm), ("cluster", village.name), ("period", period))
            stats = [("N", total, "individuals"), ("n", events, "events")]
            if total:
                stats.append(("p", events / total, "proportion"))
            rows += [
                Row("primary", "cluster_outcome", s, v, s, u, groups=groups, variable="well")
                for s, v, u in stats
            ]
    return tuple(rows)


def quality() -> tuple[Row, ...]:
    def row(dimension, variable, stat, value, unit):
        groups = (("table", "people"), ("dimension", dimension))
        return Row(
            "", "data_quality", stat, value, stat, unit, groups=groups, variable=variable, term=variable
        )

    return (
        row("completeness", "weight", "N", 240, "individuals"),
        row("completeness", "weight", "n_missing", 21, "individuals"),
        row("completeness", "weight", "p_missing", 21 / 240, "proportion"),
        row("completeness", "age", "N", 240, "individuals"),
        row("completeness", "age", "n_missing", 6, "individuals"),
        row("completeness", "age", "p_missing", 6 / 240, "proportion"),
        row("conformance", "age_range", "N", 240, "individuals"),
        row("conformance", "age_range", "n_failed", 2, "individuals"),
        row("plausibility", "weight", "min", 2.0, "kg"),
        row("plausibility", "weight", "median", 30.0, "kg"),
        row("plausibility", "weight", "max", 93.0, "kg"),
    )


def _answered(name: str, purpose: str, value: float, *, log: bool = False) -> Result:
    measure, unit = ("risk_ratio", "ratio") if log else ("risk_difference", "proportion")
    contrast = "new / old" if log else "new - old"
    low, high = (value / 1.3, value * 1.3) if log else (value - 0.05, value + 0.06)
    estimate = Estimate(
        measure,
        contrast,
        "log" if log else "identity",
        unit,
        value,
        0.02,
        4.0,
        1.3,
        0.0321,
        1.0 if log else 0.0,
        Interval(low, high, 0.95),
    )
    warning = "1 of 3 clusters in Eton <b>" if name == "weighted" else ""
    common = {"estimand": "difference", "purpose": purpose, "variable": "well", "warning": warning}
    common["status"] = "warning" if warning else "ok"
    numbers = {
        "estimate": value,
        "std_error": 0.02,
        "conf_low": low,
        "conf_high": high,
        "conf_level": 0.95,
        "df": 4.0,
        "statistic": 1.3,
        "p_value": 0.0321,
        "null": 1.0 if log else 0.0,
    }
    rows = [
        Row(
            name,
            "estimate",
            stat,
            number,
            stat,
            unit if stat == "estimate" else "",
            term=contrast,
            measure=measure,
            scale="log" if log else "identity",
            **common,
        )
        for stat, number in numbers.items()
    ]
    for arm, mean in (("new", 0.55), ("old", 0.52)):
        for stat, number in (("estimate", mean), ("conf_low", mean - 0.1), ("conf_high", mean + 0.1)):
            rows.append(
                Row(
                    name,
                    "arm_summary",
                    stat,
                    number,
                    stat,
                    "proportion",
                    groups=(("arm", arm),),
                    term=arm,
                    measure="mean",
                    scale="identity",
                    **common,
                )
            )
        rows.append(
            Row(name, "fit", "n_clusters", 3, "Clusters", "clusters", groups=(("arm", arm),), **common)
        )
        rows.append(
            Row(
                name,
                "fit",
                "n",
                134 if arm == "new" else 91,
                "Individuals",
                "individuals",
                groups=(("arm", arm),),
                **common,
            )
        )
    rows.append(Row(name, "icc", "icc", 0.0423, "Intracluster correlation", **common))
    rows.append(Row(name, "fit", "estimator", "t-test on 2 arms", "Estimator", **common))
    weights = "size" if name == "weighted" else "equal"
    rows.append(Row(name, "setting", "value", weights, "Setting", variable="weights"))
    return Result(
        name,
        "difference",
        purpose,
        "cluster_summaries",
        common["status"],
        (estimate,),
        tuple(rows),
        (warning,) if warning else (),
    )


def _failed(name: str, purpose: str) -> Failure:
    row = Row(
        name,
        "failure",
        "problem",
        REASON,
        "Why",
        estimand="difference",
        purpose=purpose,
        error=REASON,
        status="failed",
    )
    return Failure(name, "difference", purpose, "cluster_summaries", REASON, "", "", (row,))

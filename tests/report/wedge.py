"""Results of a stepped wedge made by hand, row by row, with the contexts that mixed models add."""

from __future__ import annotations

from dataclasses import dataclass, replace

from precept_stats.plan.document import Plan
from precept_stats.plan.loaded import LoadedPlan
from precept_stats.plan.reader import read_plan_text
from precept_stats.studies.cluster_trial_with_baseline import ClusterTrialWithBaseline
from precept_stats.studies.stepped_wedge import SteppedWedge
from precept_stats.values import Provenance, Result, Results, Row

from .builder import PLAN, _answered

PERIODS = ("2023-Q1", "2023-Q2", "2023-Q3", "2023-Q4")
WEDGE = PLAN.replace("on_failure: [{if: not_estimable, use: weighted}]", "on_failure: []").replace(
    "compare: new, reference: old",
    "compare: new, reference: old, compare_name: Talk, reference_name: Usual care",
)


@dataclass(frozen=True)
class Ward:
    """A cluster: the place of its first period under the intervention, and events and people by period."""

    name: str
    switch: int
    counts: tuple[tuple[int, int] | None, ...]


WARDS = (
    Ward("Ashby", 1, ((12, 40), (31, 88), (35, 84), (33, 90))),
    Ward("Barton", 1, ((9, 33), (3, 29), (12, 31), (11, 30))),
    Ward("Corby", 2, ((21, 60), (19, 61), (34, 62), None)),
    Ward("Derby", 2, ((14, 35), (17, 38), (20, 41), (22, 39))),
    Ward("Eton", 3, ((0, 5), (2, 6), (10, 36), (9, 20))),
    Ward("Formby", 4, ((20, 52), (23, 47), (25, 50), (0, 0))),
)
CHECKS = (
    "6 clusters in 4 sequences: 3 periods have both conditions",
    "in period 1 there is no comparison: every cluster is under control",
    "1 cluster never switches: Formby",
)


def wedge_plan(policy: str = "none") -> LoadedPlan:
    """The plan by hand with its study made a stepped wedge; the rules of plans are not asked."""
    loaded = read_plan_text(WEDGE.replace("POLICY", policy), "by-hand.yaml")
    study = SteppedWedge(cluster="village", arm="arm", period="quarter")
    analyses = {
        name: analysis.model_copy(update={"study": study}) for name, analysis in loaded.plan.analyses.items()
    }
    plan: Plan = loaded.plan.model_copy(update={"analyses": analyses})
    return replace(loaded, plan=plan)


def baseline_plan(policy: str = "none") -> LoadedPlan:
    """The same of a parallel trial whose baseline outcomes are analysed beside those at follow-up."""
    loaded = wedge_plan(policy)
    study = ClusterTrialWithBaseline(
        cluster="village", arm="arm", period="quarter", baseline=("2023-Q1",), follow_up=("2023-Q2",)
    )
    analyses = {
        name: analysis.model_copy(update={"study": study}) for name, analysis in loaded.plan.analyses.items()
    }
    return replace(loaded, plan=loaded.plan.model_copy(update={"analyses": analyses}))


def wedge_results(wards: tuple[Ward, ...] = WARDS, *, mean_unit: str = "proportion") -> Results:
    """A primary analysis with every context that mixed models and trials over periods add."""
    primary = _answered("primary", "primary", 0.031)
    more = (
        *schedule_rows(wards, mean_unit),
        *ward_outcomes(wards),
        *prediction_rows(wards),
        *influence_rows(wards),
        *quantity_rows("primary"),
        *joint_rows("primary"),
    )
    weighted = _answered("weighted", "sensitivity", 0.046)
    entries = (
        replace(primary, rows=primary.rows + more),
        replace(weighted, rows=(*weighted.rows, *exposure_rows("weighted"), *joint_rows("weighted"))),
        replace(_answered("broken", "sensitivity", 0.02), analysis="broken"),
        _answered("ratio", "secondary", 1.12, log=True),
    )
    made = Provenance("by-hand", "1.2.3", "d" * 64, (("people", "a" * 64),), False, (), None, "2026-01-01")
    return Results(entries, (), made)


def schedule_rows(wards: tuple[Ward, ...] = WARDS, mean_unit: str = "proportion") -> tuple[Row, ...]:
    rows = []
    for ward in wards:
        for place, period in enumerate(PERIODS):
            groups = (("cluster", ward.name), ("period", period))
            treated, counts = int(place >= ward.switch), ward.counts[place]
            stats: list[tuple[str, float, str]] = [("treated", treated, "")]
            if counts is not None:
                events, people = counts
                stats.append(("n", people, "individuals"))
                stats += [("mean", events / people, mean_unit)] if people else []
            rows += [
                Row("primary", "schedule", stat, value, stat, unit, groups=groups, variable="well")
                for stat, value, unit in stats
            ]
    rows += [Row("primary", "schedule", "check", text, "Check", variable="well") for text in CHECKS]
    return tuple(rows)


def ward_outcomes(wards: tuple[Ward, ...] = WARDS) -> tuple[Row, ...]:
    """Events and people of each cluster over all periods, by condition."""
    rows = []
    for ward in wards:
        for arm, mine in (("old", ward.counts[: ward.switch]), ("new", ward.counts[ward.switch :])):
            known = [counts for counts in mine if counts is not None]
            events, people = (sum(counts[at] for counts in known) for at in (0, 1))
            groups = (("arm", arm), ("cluster", ward.name))
            stats: list[tuple[str, float, str]] = [("N", people, "individuals"), ("n", events, "events")]
            stats += [("p", events / people, "proportion")] if people else []
            rows += [
                Row("primary", "cluster_outcome", stat, value, stat, unit, groups=groups, variable="well")
                for stat, value, unit in stats
            ]
    return tuple(rows)


def prediction_rows(wards: tuple[Ward, ...] = WARDS, analysis: str = "primary") -> tuple[Row, ...]:
    rows = []
    for ward in wards:
        place = _place(ward)
        people = sum(counts[1] for counts in ward.counts if counts)
        value, error = (place - 2.4) / 20, 0.4 / (people + 4) ** 0.5
        for stat, number in (("prediction", value), ("std_error", error)):
            label = "Random effect of the cluster on risk" if stat == "prediction" else "Standard error"
            unit = "proportion" if stat == "prediction" else ""
            groups = (("cluster", ward.name),)
            rows.append(
                Row(analysis, "prediction", stat, number, label, unit, groups=groups, variable="well")
            )
    return tuple(rows)


def _place(ward: Ward) -> int:
    return (ord(ward.name[0]) - ord("A") + int("0" + "".join(filter(str.isdigit, ward.name)))) % 23


def influence_rows(wards: tuple[Ward, ...] = WARDS, analysis: str = "primary") -> tuple[Row, ...]:
    rows = []
    for ward in wards:
        place = _place(ward)
        value = 0.031 + (place - 2) * 0.0137
        stats = {"estimate": value, "std_error": 0.0213, "conf_low": value - 0.05, "conf_high": value + 0.06}
        rows += [
            Row(
                analysis,
                "influence",
                stat,
                number,
                stat,
                "" if stat == "std_error" else "proportion",
                groups=(("left_out", ward.name),),
                variable="well",
                measure="risk_difference",
                scale="identity",
            )
            for stat, number in stats.items()
        ]
    return tuple(rows)


def quantity_rows(analysis: str) -> tuple[Row, ...]:
    """Two correlations with intervals, one variance at its boundary without."""
    found = (
        ("icc_proportion", "new", 0.0412, (0.011, 0.142)),
        ("icc_latent", "", 0.0731, (0.02, 0.21)),
        ("cac", "", 0.812, (0.42, 0.97)),
        ("median_odds_ratio", "", 1.52, (1.21, 2.4)),
    )
    rows = []
    for measure, term, value, (low, high) in found:
        for stat, number in (
            ("estimate", value),
            ("conf_low", low),
            ("conf_high", high),
            ("conf_level", 0.95),
        ):
            rows.append(Row(analysis, "icc", stat, number, stat, term=term, measure=measure, variable="well"))
    rows.append(
        Row(
            analysis,
            "icc",
            "estimate",
            0.0,
            "Estimate",
            term="cluster_period",
            measure="variance",
            variable="well",
            status="boundary",
            warning="a variance at 0 has no standard error",
        )
    )
    return tuple(rows)


def joint_rows(analysis: str) -> tuple[Row, ...]:
    stats = {"statistic": 3.4567, "df1": 3.0, "df2": 11.25, "p_value": 0.0561}
    return tuple(
        Row(analysis, "joint_test", stat, value, stat, groups=(("test", "periods"),), variable="well")
        for stat, value in stats.items()
    )


def exposure_rows(analysis: str) -> tuple[Row, ...]:
    rows = []
    for time, value in enumerate((0.01, 0.04, 0.088), 1):
        for stat, number in (("estimate", value), ("conf_low", value - 0.06), ("conf_high", value + 0.07)):
            term = f"exposure {time}"
            unit, measure = "proportion", "risk_difference"
            rows.append(
                Row(analysis, "icc", stat, number, stat, unit, term=term, measure=measure, variable="well")
            )
    return tuple(rows)


def result_of(made: Results, analysis: str) -> Result:
    found = made[analysis]
    assert isinstance(found, Result)
    return found

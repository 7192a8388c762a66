"""Clusters by a Bayesian model: shrunken towards one another, with how surely they have their ranks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from precept_stats.report.blocks import Block, Column, Figure, Heading, Prose, Table, TableRow
from precept_stats.report.figure_data import Mark, ObservedData, ObservedLine, RankedData, RankedLine
from precept_stats.report.format import Scale, fixed, level_text, plural, point_text, range_text, scale_of
from precept_stats.report.material import Material, by_stat, grouped, number_of
from precept_stats.report.sections.posterior import chance_text
from precept_stats.report.sections.posterior_groups import posterior_groups
from precept_stats.report.words import NONE, capital, sentence
from precept_stats.values import Row

Cells = Mapping[str, Row]
CAUTION = (
    "These are no league tables. An estimate is drawn towards what the model expects of a cluster with such "
    "people in such an arm, the more the fewer people it has; ranks are of what is left when arm, strata and "
    "covariates are taken account of, and their intervals say how little a rank is worth. A cluster may "
    "stand where it does because of what was not measured."
)


def posterior_clusters(material: Material) -> tuple[Block, ...]:
    """Caterpillars of estimates and of ranks, and what to expect of a new cluster; nothing where none is."""
    blocks: list[Block] = []
    for name in material.plan.analyses:
        rows = material.rows("unit", name)
        if rows:
            blocks += (*_clusters(material, name, rows), *posterior_groups(material, name, rows))
        blocks += _new(material, name)
    return (Heading(2, "Clusters, as the Bayesian model sees them"), *blocks) if blocks else ()


@dataclass(frozen=True, slots=True)
class Ranked:
    """The clusters of one analysis that may be shown, with their arms, scale and how many are the worst."""

    name: str
    label: str
    level: str
    known: Mapping[str, Cells]
    arms: Mapping[str, str]
    series: tuple[str, ...]
    scale: Scale
    worst: float
    hidden: int

    def place(self, cluster: str) -> int | None:
        """The number of its arm."""
        return self.series.index(self.arms[cluster]) if self.arms.get(cluster) in self.series else None

    def by(self, stat: str) -> list[str]:
        """Names of clusters in order of a statistic."""
        return sorted(self.known, key=lambda one: (_value(self.known[one], stat), one))

    @property
    def notes(self) -> tuple[str, ...]:
        many = plural(self.hidden, "cluster")
        return (f"Not shown under the disclosure policy: {many}.",) if self.hidden else ()


def _clusters(material: Material, name: str, rows: tuple[Row, ...]) -> list[Block]:
    by_cluster = {
        cluster: by_stat(found)
        for cluster, found in grouped(rows, lambda row: row.group("cluster")).items()
        if cluster
    }
    known = {one: found for one, found in by_cluster.items() if number_of(found.get("estimate")) is not None}
    worst = next((number_of(row) for row in rows if row.stat_name == "n_worst"), None)
    if not known or worst is None:
        return [Prose(f"{material.label(name)}: no cluster can be shown under the disclosure policy.")]
    arms = _arms(material)
    ranked = Ranked(
        name,
        material.label(name),
        level_text(material.plan.multiplicity.level),
        known,
        arms,
        tuple(arm for arm in material.arms if arm in arms.values()),
        scale_of(next(iter(known.values()))["estimate"].unit, difference=False),
        worst,
        len(by_cluster) - len(known),
    )
    return [Prose(CAUTION), _estimates(ranked), _ranks(ranked), Prose(_told(known, worst))]


def _estimates(ranked: Ranked) -> Figure:
    known, scale, order = ranked.known, ranked.scale, ranked.by("estimate")
    return Figure(
        id=f"shrunken-{ranked.name}",
        caption=f"{ranked.label}: {plural(len(known), 'cluster')}, shrunken estimates with {ranked.level} "
        "credible intervals, and what was observed.",
        alt="Caterpillar plot of shrunken estimates beside observed values, "
        f"{_span(known, order, scale)}. Every cluster is in the table below.",
        data=ObservedData(
            axis=f"Expected outcome of the cluster{f', {scale.words}' if scale.words else ''}",
            modelled="shrunken estimate",
            observed="observed",
            series=ranked.series,
            lines=tuple(_shrunken(one, known[one], scale, ranked.place(one)) for one in order),
        ),
        behind=_table(ranked),
        notes=ranked.notes,
    )


def _ranks(ranked: Ranked) -> Figure:
    known, order = ranked.known, ranked.by("rank")
    return Figure(
        id=f"ranks-{ranked.name}",
        caption=f"{ranked.label}: {plural(len(known), 'cluster')}, expected ranks with {ranked.level} "
        "credible intervals; 1 is the best.",
        alt=f"Caterpillar plot of ranks from {_rank(known[order[0]])} for {order[0]} to "
        f"{_rank(known[order[-1]])} for {order[-1]}. Every cluster is in the table below.",
        data=RankedData(
            "Rank, 1 the best, after account of arm, strata and covariates",
            False,
            ranked.series,
            tuple(RankedLine(one, _rank_mark(known[one]), ranked.place(one)) for one in order),
        ),
        behind=_rank_table(known, order, (ranked.name, ranked.worst)),
        notes=ranked.notes,
    )


def _arms(material: Material) -> dict[str, str]:
    """The arm of each cluster; none where clusters cross."""
    rows = () if material.crosses else material.about_the_trial("cluster_outcome")
    return {
        row.group("cluster"): row.group("arm") for row in rows if row.group("cluster") and row.group("arm")
    }


def _value(found: Cells, name: str) -> float:
    return number_of(found.get(name)) or 0.0


def _shrunken(name: str, found: Cells, scale: Scale, series: int | None) -> ObservedLine:
    value, low, high = (scale.factor * _value(found, one) for one in ("estimate", "conf_low", "conf_high"))
    observed = number_of(found.get("observed"))
    return ObservedLine(
        name, Mark(value, low, high), None if observed is None else scale.factor * observed, series
    )


def _rank_mark(found: Cells) -> Mark:
    return Mark(_value(found, "rank"), _value(found, "rank_low"), _value(found, "rank_high"))


def _rank(found: Cells) -> str:
    value, low, high = (_value(found, one) for one in ("rank", "rank_low", "rank_high"))
    return f"{fixed(value, 1)} ({fixed(low, 0)} to {fixed(high, 0)})"


def _span(known: Mapping[str, Cells], order: list[str], scale: Scale) -> str:
    ends = (f"{_estimate(known[one], scale)} for {one}" for one in (order[0], order[-1]))
    return f"from {' to '.join(ends)}"


def _estimate(found: Cells, scale: Scale) -> str:
    value, low, high = (_value(found, one) for one in ("estimate", "conf_low", "conf_high"))
    return f"{point_text(value, high - low, scale)} ({range_text(low, high, scale)})"


def _table(ranked: Ranked) -> Table:
    known, arms, scale, worst = ranked.known, ranked.arms, ranked.scale, ranked.worst
    order = ranked.by("estimate")
    columns = (
        Column("Cluster", "left"),
        *((Column("Arm", "left"),) if arms else ()),
        Column("Observed"),
        Column("Shrunken estimate (interval)"),
        Column("Expected rank (interval)"),
        Column(f"P(among the worst {worst:g})"),
    )
    rows = []
    for one in order:
        found = known[one]
        observed = number_of(found.get("observed"))
        width = _value(found, "conf_high") - _value(found, "conf_low")
        rows.append(
            TableRow(
                (
                    one,
                    *((arms.get(one, NONE),) if arms else ()),
                    NONE if observed is None else point_text(observed, width, scale),
                    _estimate(found, scale),
                    _rank(found),
                    chance_text(_value(found, "worst")),
                )
            )
        )
    note = "Ranks: 1 is the best; taken in every draw of the posterior, so that they have a distribution."
    return Table(
        f"shrunken-{ranked.name}-data", "Clusters: estimates and ranks", columns, tuple(rows), (note,)
    )


def _rank_table(known: Mapping[str, Cells], order: list[str], about: tuple[str, float]) -> Table:
    name, worst = about
    columns = (
        Column("Cluster", "left"),
        Column("Expected rank (interval)"),
        Column(f"P(among the worst {worst:g})"),
    )
    rows = (TableRow((one, _rank(known[one]), chance_text(_value(known[one], "worst")))) for one in order)
    return Table(f"ranks-{name}-data", "Clusters: ranks", columns, tuple(rows))


def _told(known: Mapping[str, Cells], worst: float) -> str:
    """How sure ranks are at the lower end."""
    likely = max(known, key=lambda one: (_value(known[one], "worst"), one))
    chance = chance_text(_value(known[likely], "worst"))
    sure = sum(_value(found, "worst") >= 0.9 for found in known.values())
    none = "no cluster is" if sure == 0 else f"{plural(sure, 'cluster is', 'clusters are')}"
    return sentence(
        f"{none} among the worst {worst:g} with a probability of 90% or more; the likeliest is {likely} "
        f"({chance})"
    )


def _new(material: Material, name: str) -> list[Block]:
    rows = material.rows("new_cluster", name)
    by_arm = {arm: by_stat(found) for arm, found in grouped(rows, lambda row: row.group("arm")).items()}
    told = []
    for arm, found in by_arm.items():
        if number_of(found.get("estimate")) is not None:
            told.append(f"{_estimate(found, scale_of(found['estimate'].unit, difference=False))} in {arm}")
    if not told:
        return []
    level = level_text(material.plan.multiplicity.level)
    words = " and ".join(told)
    return [
        Prose(
            capital(
                "a new cluster, one that was not in the trial but is like those that were, is expected to "
                f"have an outcome of {words} (\u201c{material.label(name)}\u201d; median and {level} "
                "credible interval of its long-run mean)."
            )
        )
    ]

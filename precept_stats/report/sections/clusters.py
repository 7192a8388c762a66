"""Every cluster before and after, by arm: where the effect and the spread come from."""

from __future__ import annotations

from precept_stats.numerics.proportion import wilson_interval
from precept_stats.report.blocks import Block, Column, Figure, Heading, Prose, Table, TableRow
from precept_stats.report.figure_data import ClusterArm, ClusterLine, ClustersData, Mark
from precept_stats.report.format import level_text, number, percent_text, plural, scale_of
from precept_stats.report.material import Material, by_stat, grouped, number_of
from precept_stats.report.words import NONE, capital, cell
from precept_stats.values import Row

PERIODS = ("baseline", "follow_up")
Cells = dict[str, Row]
Cluster = dict[str, Cells]
"""The statistics of a cluster by period."""


def clusters(material: Material) -> tuple[Block, ...]:
    """The clusters as a caterpillar, with the counts behind it."""
    heading = Heading(2, "Clusters before and after")
    rows = material.about_the_trial("cluster_outcome")
    if not rows:
        return heading, Prose("No outcomes by cluster were recorded.")
    arms = _arms(material, rows)
    data = _data(material, arms)
    if not any(line.after or line.before for arm in data.arms for line in arm.lines):
        return heading, Prose("Under the disclosure policy no cluster is large enough to be shown.")
    before = data.has_before
    outcome = material.question.outcome
    level = level_text(material.plan.multiplicity.level)
    when = "before (hollow) and at follow-up (filled)" if before else "at follow-up"
    interval = (
        f" Lines are {level} Wilson intervals, each for the cluster's own {material.people} alone."
        if outcome.type == "binary"
        else ""
    )
    figure = Figure(
        id="clusters",
        caption=f"Outcome of each cluster {when}, in order of follow-up within arm: {outcome.name}."
        f"{interval} The dashed line is the arm as the primary analysis estimates it.",
        alt=_alt(material, data),
        data=data,
        behind=_table(material, arms),
        notes=_notes(material, data),
    )
    heading = heading if before else Heading(2, "Outcome by cluster")
    return heading, figure


def _arms(material: Material, rows: tuple[Row, ...]) -> dict[str, dict[str, Cluster]]:
    """Statistics by arm, cluster and period."""
    found: dict[str, dict[str, Cluster]] = {}
    by_arm = grouped(rows, lambda row: row.group("arm"))
    for arm in material.arms:
        by_cluster = grouped(by_arm.get(arm, []), lambda row: row.group("cluster"))
        found[arm] = {
            name: {
                period: by_stat(stats)
                for period, stats in grouped(mine, lambda row: row.group("period") or "follow_up").items()
            }
            for name, mine in by_cluster.items()
        }
    return found


def _data(material: Material, arms: dict[str, dict[str, Cluster]]) -> ClustersData:
    binary = material.question.outcome.type == "binary"
    level = material.plan.multiplicity.level
    drawn = []
    for arm, members in arms.items():
        lines = [
            ClusterLine(name, *(_mark(cluster.get(period, {}), binary, level) for period in PERIODS))
            for name, cluster in members.items()
        ]
        shown = [line for line in lines if line.after or line.before]
        shown.sort(key=_by_outcome)
        title = plural(len(lines), "cluster")
        title = title if len(shown) == len(lines) else f"{len(shown)} of {title}"
        drawn.append(ClusterArm(f"{arm}: {title}", tuple(shown), _arm_mean(material, arm)))
    outcome = material.question.outcome
    unit = "%" if binary else outcome.unit
    axis = f"{capital(outcome.name)}{f' ({unit})' if unit else ''}"
    return ClustersData(axis, (0.0, 100.0) if binary else None, tuple(drawn))


def _by_outcome(line: ClusterLine) -> tuple[float, int, str]:
    mark = line.after or line.before
    value = mark.value if mark and line.after else float("-inf")
    return value, len(line.label), line.label


def _mark(found: Cells, binary: bool, level: float) -> Mark | None:
    events, total = number_of(found.get("n")), number_of(found.get("N"))
    if binary:
        if events is None or not total:
            return None
        low, high = wilson_interval(events, total, level)
        return Mark(100 * events / total, 100 * low, 100 * high)
    value = number_of(found.get("mean", found.get("p")))
    return None if value is None else Mark(value)


def _arm_mean(material: Material, arm: str) -> float | None:
    for row in material.rows("arm_summary", material.plan.primary):
        value = number_of(row)
        if row.stat_name == "estimate" and row.group("arm") == arm and value is not None:
            return value * scale_of(row.unit, difference=False).factor
    return None


def _alt(material: Material, data: ClustersData) -> str:
    parts = []
    for arm in data.arms:
        values = [line.after.value for line in arm.lines if line.after]
        if values:
            unit = "%" if data.bounds else ""
            reach = f"from {number(min(values))}{unit} to {number(max(values))}{unit}"
            parts.append(f"{arm.name}, follow-up {reach}")
    outcome = capital(material.question.outcome.name)
    told = "; ".join(parts)
    return f"Caterpillar plot of {outcome} by cluster and arm. {told}. Every value is in the table below."


def _notes(material: Material, data: ClustersData) -> tuple[str, ...]:
    if material.released.policy == "none":
        return ()
    missing = sum(1 for arm in data.arms for line in arm.lines if not line.after)
    notes = [
        "Clusters stand under numbers in place of names. Points and intervals are made from rounded counts, "
        "which can move a small cluster by many percentage points."
    ]
    if missing:
        notes.append(f"{plural(missing, 'cluster')} with a suppressed count at follow-up not drawn there.")
    return tuple(notes)


def _table(material: Material, arms: dict[str, dict[str, Cluster]]) -> Table:
    missing = {
        (row.group("arm"), row.group("cluster")): row
        for row in material.about_the_trial("missingness")
        if row.stat_name == "n_missing" and row.group("cluster")
    }
    periods = [
        p for p in PERIODS if any(p in cluster for of_arm in arms.values() for cluster in of_arm.values())
    ]
    names = {"baseline": "Before", "follow_up": "Follow-up"}
    columns = (
        Column("Cluster", "left"),
        *(Column(names[period]) for period in periods),
        *((Column("Outcome missing"),) if missing else ()),
    )
    rows = []
    for arm, members in arms.items():
        rows.append(TableRow((f"{arm}: {plural(len(members), 'cluster')}",), "group"))
        for name, cluster in members.items():
            cells = [name, *(_cell(cluster.get(period, {})) for period in periods)]
            cells += [cell(missing.get((arm, name)))] if missing else []
            rows.append(TableRow(tuple(cells)))
    note = (
        "Events of the total (per cent)."
        if material.question.outcome.type == "binary"
        else "Mean or rate, and size."
    )
    return Table("clusters-data", "Clusters: the counts behind the figure", columns, tuple(rows), (note,))


def _cell(found: Cells) -> str:
    if not found:
        return NONE
    if "mean" in found:
        value = number_of(found["mean"])
        return f"{NONE if value is None else number(value)} (N {cell(found.get('N'))})"
    share = number_of(found.get("p"))
    of = f"{cell(found.get('n'))} of {cell(found.get('N'))}"
    if share is None:
        return of
    rate = percent_text(share) if found["p"].unit == "proportion" else number(share)
    return f"{of} ({rate})"

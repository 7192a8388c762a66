"""Every cluster before and after, by arm: where the effect and the spread come from."""

from __future__ import annotations

from precept_stats.numerics.proportion import wilson_interval
from precept_stats.report.blocks import Block, Column, Figure, Heading, Prose, Table, TableRow
from precept_stats.report.figure_data import ClusterArm, ClusterLine, ClustersData, Mark
from precept_stats.report.format import level_text, number, percent_text, plural, scale_of
from precept_stats.report.material import Material, answer, by_stat, grouped, number_of
from precept_stats.report.sections.arm_levels import arm_level, level_words
from precept_stats.report.words import NONE, capital, cell
from precept_stats.values import Row

PERIODS = ("baseline", "follow_up")
Cells = dict[str, Row]
Cluster = dict[str, Cells]
"""The statistics of a cluster by period."""

LEAST_DRAWN = 80
"""Under a policy that rounds to 5, the smallest total (as shown) of a cluster that is drawn.

Events and total each move by up to 2, and events are no more than the total, so a proportion moves by
up to 4 / N, N being the total as shown: 5 percentage points at 80.
"""


def clusters(material: Material) -> tuple[Block, ...]:
    """The clusters as a caterpillar, with the counts behind it."""
    heading = Heading(2, "Clusters before and after")
    rows = material.about_the_trial("cluster_outcome")
    if not rows and material.about_the_trial("schedule"):
        return ()
    if not rows:
        return heading, Prose("No outcomes by cluster were recorded.")
    arms = _arms(material, rows)
    data = _data(material, arms)
    if _too_few(material, arms, data):
        return Heading(2, "Outcome by cluster"), *_not_drawn(material, arms, data)
    before = data.has_before
    outcome = material.question.outcome
    level = level_text(material.plan.multiplicity.level)
    when = "before (hollow) and at follow-up (filled)" if before else "at follow-up"
    interval = (
        f" Lines are {level} Wilson intervals, each for the cluster's own {material.people} alone."
        if outcome.type == "binary" and not outcome.counts_opportunities
        else ""
    )
    figure = Figure(
        id="clusters",
        caption=f"Outcome of each cluster {when}, in order of follow-up within arm: {outcome.name}."
        f"{interval} The dashed line is the arm as the primary analysis estimates it.",
        alt=_alt(material, data),
        data=data,
        behind=_table(material, arms),
        notes=_notes(material, arms, data),
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
            ClusterLine(name, *(_mark(material, cluster.get(period, {}), level) for period in PERIODS))
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


def _mark(material: Material, found: Cells, level: float) -> Mark | None:
    events, total = number_of(found.get("n")), number_of(found.get("N"))
    if not _firm(material, found):
        return None
    if material.question.outcome.type == "binary" and "mean" not in found:
        if events is None or not total:
            return None
        low, high = wilson_interval(events, total, level)
        return Mark(100 * events / total, 100 * low, 100 * high)
    mean = found.get("mean", found.get("p"))
    value = number_of(mean)
    return (
        None if mean is None or value is None else Mark(value * scale_of(mean.unit, difference=False).factor)
    )


def _rounds(material: Material) -> bool:
    return material.released.policy != "none"


def _firm(material: Material, found: Cells) -> bool:
    """Whether rounding leaves a share or rate of a cluster about where it is. Means are not of counts."""
    if not _rounds(material) or "mean" in found:
        return True
    total = number_of(found.get("N"))
    return total is not None and total >= LEAST_DRAWN


def _too_few(material: Material, arms: dict[str, dict[str, Cluster]], data: ClustersData) -> bool:
    """Whether there is nothing to draw or, under a policy, fewer than half the clusters of an arm."""
    if not any(line.after or line.before for arm in data.arms for line in arm.lines):
        return True
    return _rounds(material) and any(2 * n < len(arms[arm]) for arm, n in _drawn(arms, data).items())


def _drawn(arms: dict[str, dict[str, Cluster]], data: ClustersData) -> dict[str, int]:
    """How many clusters of each arm have a point at follow-up."""
    counts = [sum(line.after is not None for line in of_arm.lines) for of_arm in data.arms]
    return dict(zip(arms, counts, strict=True))


def _not_drawn(
    material: Material, arms: dict[str, dict[str, Cluster]], data: ClustersData
) -> tuple[Block, ...]:
    """In place of the figure: why there is none, and the arms as the primary analysis gives them."""
    found = answer(material, material.plan.primary)
    if not _rounds(material):
        return (Prose("No cluster has an outcome to be drawn."),)
    why = (
        f"The clusters are too small to be drawn under the disclosure policy {material.released.policy}. "
        f"Counts are rounded to 5, which moves the proportion of a cluster by up to 4 / N: a cluster is "
        f"drawn from a total of {LEAST_DRAWN} (5 percentage points), and the figure is made where at least "
        "half of the clusters of each arm are."
    )
    levels = [arm_level(material, found, arm) or NONE if found else NONE for arm in material.arms]
    rows = tuple(
        TableRow((arm, str(len(arms[arm])), str(count), level))
        for (arm, count), level in zip(_drawn(arms, data).items(), levels, strict=True)
    )
    columns = (
        Column("Arm", "left"),
        Column("Clusters"),
        Column("Large enough to be drawn"),
        Column(f"Primary analysis: {level_words(material, material.plan.primary)}"),
    )
    caption = f"Clusters by arm: {material.question.outcome.name}"
    return Prose(why), Table("clusters-arms", caption, columns, rows)


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


def _notes(material: Material, arms: dict[str, dict[str, Cluster]], data: ClustersData) -> tuple[str, ...]:
    if material.released.policy == "none":
        return ()
    lost = [(arm, len(arms[arm]) - count) for arm, count in _drawn(arms, data).items()]
    notes = [
        "Clusters stand under numbers in place of names. Points and intervals are made from counts rounded "
        "to 5, which can move a point by up to 5 percentage points."
    ]
    if any(count for _, count in lost):
        told = ", ".join(f"{count} with {arm}" for arm, count in lost if count)
        notes.append(f"Clusters with a total below {LEAST_DRAWN} at follow-up are not drawn there: {told}.")
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
            cells = [name, *(_cell(material, cluster.get(period, {})) for period in periods)]
            cells += [cell(missing.get((arm, name)))] if missing else []
            rows.append(TableRow(tuple(cells)))
    note = (
        "Events of the total (per cent)."
        if material.question.outcome.type == "binary" and not material.question.outcome.counts_opportunities
        else "Mean, rate or proportion of opportunities, and size."
    )
    return Table("clusters-data", "Clusters: the counts behind the figure", columns, tuple(rows), (note,))


def _cell(material: Material, found: Cells) -> str:
    if not found:
        return NONE
    if "mean" in found:
        value = number_of(found["mean"])
        shown = percent_text(value) if value is not None and found["mean"].unit == "proportion" else None
        shown = shown or (NONE if value is None else number(value))
        return f"{shown} (N {cell(found.get('N'))})"
    share = number_of(found.get("p"))
    of = f"{cell(found.get('n'))} of {cell(found.get('N'))}"
    if share is None or not _firm(material, found):
        return of
    rate = percent_text(share) if found["p"].unit == "proportion" else number(share)
    return f"{of} ({rate})"

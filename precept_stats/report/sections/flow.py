"""The flow of clusters and individuals (CONSORT extension to cluster trials, Campbell et al. 2012)."""

from __future__ import annotations

from precept_stats.report.blocks import Block, Column, Figure, Heading, Prose, Table, TableRow
from precept_stats.report.figure_data import FlowBox, FlowData
from precept_stats.report.format import plural
from precept_stats.report.material import STANDING, Material, by_stat, grouped, number_of
from precept_stats.report.words import NONE, capital, cell
from precept_stats.values import Row

PARTING = "eligible"
Counts = dict[str, Row]
Step = tuple[str, str, dict[str, Counts]]
"""The name of a step, its words, and its counts by arm (the empty arm is all of them)."""


def flow(material: Material) -> tuple[Block, ...]:
    """The flow as a figure with its numbers, or the reason why there is none."""
    steps = _steps(material.about_the_trial("flow"))
    heading = Heading(2, "Flow of clusters and individuals")
    if not steps:
        return heading, Prose("No flow was recorded: the analyses stopped before the data were selected.")
    people = material.people
    data = FlowData(before=_before(steps, people), arms=_arms(material, steps, people))
    notes = []
    if material.crosses:
        notes.append("A cluster that switched stands under both conditions.")
    if material.released.policy != "none":
        notes.append("Counts are suppressed or rounded one by one, so boxes need not add up.")
    figure = Figure(
        id="flow",
        caption=f"Flow of clusters and {people} through the primary analysis.",
        alt=_alt(data),
        data=data,
        behind=_table(material, steps, people),
        notes=tuple(notes),
    )
    return heading, figure


def _steps(rows: tuple[Row, ...]) -> list[Step]:
    steps = []
    for name, found in grouped(rows, lambda row: row.variable).items():
        arms = grouped(found, lambda row: row.group("arm"))
        steps.append(
            (name, found[0].term or name.replace("_", " "), {a: by_stat(r) for a, r in arms.items()})
        )
    return steps


def _before(steps: list[Step], people: str) -> tuple[FlowBox, ...]:
    names = [name for name, _, _ in steps]
    end = names.index(PARTING) if PARTING in names else -1
    return _boxes(steps[: end + 1], ("",), people)[0]


def _arms(material: Material, steps: list[Step], people: str) -> tuple[tuple[str, tuple[FlowBox, ...]], ...]:
    names = [name for name, _, _ in steps]
    start = names.index(PARTING) if PARTING in names else 0
    return tuple(zip(material.arms, _boxes(steps[start:], material.arms, people), strict=True))


def _boxes(steps: list[Step], arms: tuple[str, ...], people: str) -> list[tuple[FlowBox, ...]]:
    """One column of boxes an arm, level with each other.

    Each step at which some stand is a box; all who left between two of them, in any arm, share one.
    """
    columns: list[list[FlowBox]] = [[] for _ in arms]
    leaving: list[list[str]] = [[] for _ in arms]
    for name, words, counts in [*steps, ("", "", {})]:
        if name and name not in STANDING:
            for lines, arm in zip(leaving, arms, strict=True):
                lines += _left_lines(words, counts.get(arm, {}), people)
            continue
        if any(leaving):
            for column, lines in zip(columns, leaving, strict=True):
                column.append(FlowBox("Left out", tuple(lines) or ("none",), left=True))
            leaving = [[] for _ in arms]
        if name:
            for column, arm in zip(columns, arms, strict=True):
                column.append(FlowBox(capital(words), _standing_lines(counts.get(arm, {}), people)))
    return [tuple(column) for column in columns]


def _standing_lines(counts: Counts, people: str) -> tuple[str, ...]:
    clusters = number_of(counts.get("n_clusters"))
    lines = [plural(clusters, "cluster")] if clusters is not None else []
    lines.append(f"{cell(counts.get('n'))} {people}")
    if "size_median" in counts:
        lines.append(f"cluster size, median [range]: {_sizes(counts)}")
    return tuple(lines)


def _sizes(counts: Counts) -> str:
    median, least, greatest = (_size(counts.get(f"size_{name}")) for name in ("median", "min", "max"))
    return f"{median} [{least} to {greatest}]"


def _size(row: Row | None) -> str:
    return "7 or fewer" if row is not None and row.status == "suppressed" else cell(row)


def _left_lines(words: str, counts: Counts, people: str) -> list[str]:
    """Who left at a step, in a line; no line where nobody did."""
    clusters, left = number_of(counts.get("n_clusters")), counts.get("n")
    if left is None or (left.stat == 0 and not clusters):
        return []
    whole = f" ({plural(clusters, 'whole cluster')})" if clusters else ""
    return [f"{capital(words)}: {cell(left)} {people}{whole}"]


def _alt(data: FlowData) -> str:
    def told(boxes: tuple[FlowBox, ...]) -> str:
        return "; ".join(f"{box.heading}: {', '.join(box.lines)}" for box in boxes)

    parts = [told(data.before), *(f"{arm}: {told(boxes)}" for arm, boxes in data.arms)]
    return "Flow diagram. " + ". ".join(part for part in parts if part) + "."


def _table(material: Material, steps: list[Step], people: str) -> Table:
    places = ("", *material.arms)
    columns = [Column("Step", "left")]
    for arm in places:
        name = arm or "All"
        columns += [
            Column(f"{name}: clusters"),
            Column(f"{name}: {people}"),
            Column(f"{name}: size", wraps=True),
        ]
    rows = []
    for _, words, arms in steps:
        cells = [capital(words)]
        for arm in places:
            counts = arms.get(arm, {})
            sizes = _sizes(counts) if "size_median" in counts else NONE
            cells += [cell(counts.get("n_clusters")), cell(counts.get("n")), sizes]
        rows.append(TableRow(tuple(cells)))
    return Table(
        id="flow-data",
        caption="Flow: every step",
        columns=tuple(columns),
        rows=tuple(rows),
        notes=(
            "For steps at which some left, clusters are those lost entirely there. "
            "Size is the median [range] of cluster sizes.",
        ),
    )

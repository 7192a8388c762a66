"""How alike people of a cluster are: the table that a cluster trial reports, and every estimator drawn."""

from __future__ import annotations

from precept_stats.plan.correlations import Correlation
from precept_stats.report.blocks import Block, Column, Figure, Heading, Prose, Table, TableRow
from precept_stats.report.figure_data import ForestData, ForestLine, ForestPanel, Mark
from precept_stats.report.format import icc_text, level_text, number
from precept_stats.report.material import Material, by_stat, grouped, number_of
from precept_stats.report.words import NONE, capital, cell, plain
from precept_stats.studies.cluster_trial import ClusterTrial
from precept_stats.values import Row

MEASURES = {
    "icc": "",
    "icc_latent": "",
    "icc_within_period": "same period",
    "icc_between_periods": "different periods",
    "cluster_autocorrelation": "cluster autocorrelation",
}
REMOVED = {
    "nothing": "all clusters, nothing removed",
    "arm": "all clusters, within arms",
    "arm_and_strata": "all clusters, within strata of arms",
}
AXES = {"icc_latent": "latent scale", "cluster_autocorrelation": "cluster autocorrelation"}
"""Measures that are drawn on an axis of their own."""
EFFECTS = ("design_effect", "design_effect_least_variance")
ABOUT = (
    "The correlation is that of the outcomes of two people of a cluster. On the scale of proportions it is "
    "what a sample size needs; that of log odds is another quantity, larger, and the two are never compared. "
    "A negative estimate stands as it is."
)
INFLATION = (
    "Design effects: by how much clustering multiplies the variance of a mean, with individuals counting the "
    "same (1 + ((cv^2 + 1) m - 1) ICC, Eldridge 2006) / with clusters weighted for the least variance (Kerry "
    "and Bland 2001)."
)
Found = tuple[str, str, dict[str, Row]]
"""An estimator, a measure, and its statistics."""


def correlations(material: Material) -> tuple[Block, ...]:
    """A table and a figure for each correlation of the plan; nothing where it has none."""
    blocks: list[Block] = []
    for name in material.plan.correlations:
        blocks += _one(material, name)
    return (Heading(2, "Intracluster correlation"), Prose(ABOUT), *blocks) if blocks else ()


def _one(material: Material, name: str) -> list[Block]:
    declared = material.plan.correlations[name]
    label = declared.label or f"{_outcome(material, name)}: intracluster correlation"
    failed = material.rows("failure", name)
    if failed:
        return [Prose(f"{label} could not be had: {failed[0].error}.")]
    parts = grouped(material.rows("icc", name), lambda row: row.group("arm"))
    rows: list[TableRow] = []
    panels: list[ForestPanel] = []
    remarks: list[str] = []
    for arm, mine in parts.items():
        title = _title_of(declared, arm)
        found = _found(mine)
        rows.append(TableRow((f"{title}: {_sizes(mine)}",), "group"))
        rows += [_row(one, mine, remarks) for one in found]
        panels += _panels(title, found)
    table = _table(material, name, rows, (label, remarks))
    drawn = [panel for panel in panels if any(line.mark for line in panel.lines)]
    return [table, _figure(material, name, tuple(drawn), label)] if drawn else [table]


def _title_of(declared: Correlation, arm: str) -> str:
    """One arm, as the data name it, over periods the periods under it; or all clusters."""
    if not arm:
        return capital(_within(declared))
    return arm if isinstance(declared.study, ClusterTrial) else f"Periods under {arm}"


def _within(declared: Correlation) -> str:
    """All clusters, and within what they are compared."""
    if isinstance(declared.study, ClusterTrial):
        return REMOVED[declared.removed]
    strata = " of strata" if declared.removed == "arm_and_strata" and declared.study.strata else ""
    return f"all clusters, within periods of a condition{strata}"


def _outcome(material: Material, name: str) -> str:
    estimand = material.plan.estimands[material.plan.correlations[name].estimand]
    return material.plan.outcomes[estimand.outcome].name


def _found(rows: list[Row]) -> list[Found]:
    measured = [row for row in rows if row.measure]
    groups = grouped(measured, lambda row: (row.group("estimator"), row.measure))
    return [(estimator, measure, by_stat(mine)) for (estimator, measure), mine in groups.items()]


def _sizes(rows: list[Row]) -> str:
    """The clusters of a part, and how their sizes vary."""
    found = by_stat(row for row in rows if not row.group("estimator"))
    mean, cv = number_of(found.get("mean_size")), number_of(found.get("cv_size"))
    told = [f"{cell(found.get('n_clusters'))} clusters"]
    told += [f"mean size {number(mean)}"] if mean is not None else []
    told += [f"coefficient of variation {number(cv, 2)}"] if cv is not None else []
    return ", ".join(told)


def _row(one: Found, rows: list[Row], remarks: list[str]) -> TableRow:
    estimator, measure, found = one
    about = [row for row in rows if row.group("estimator") == estimator]
    others = by_stat(row for row in about if not row.measure)
    scale = str(others["outcome_scale"].stat) if "outcome_scale" in others else NONE
    effects = [number_of(others.get(name)) for name in EFFECTS] if measure == "icc" else []
    inflation = " / ".join(number(value) for value in effects if value is not None)
    method = found.get("conf_method")
    how = str(method.stat) if method is not None else ""
    return TableRow(
        (
            _title(estimator, measure),
            scale,
            f"{_text(found)}{_note(_told(found, how), remarks)}",
            inflation or NONE,
        )
    )


def _title(estimator: str, measure: str) -> str:
    return ", ".join(filter(None, (estimator, MEASURES.get(measure, plain(measure)))))


def _told(found: dict[str, Row], how: str) -> str:
    row = found.get("estimate")
    reason = "" if row is None else row.error or (row.warning if row.status != "suppressed" else "")
    return "; ".join(filter(None, (how, reason)))


def _text(found: dict[str, Row]) -> str:
    value, low, high = (number_of(found.get(name)) for name in ("estimate", "conf_low", "conf_high"))
    row = found.get("estimate")
    if value is None:
        return "not shown" if row is not None and row.status == "suppressed" else "not estimable"
    return icc_text(value) if low is None or high is None else f"{icc_text(value)} ({_limits(low, high)})"


def _limits(low: float, high: float) -> str:
    return f"{icc_text(low)} to {icc_text(high)}"


def _note(text: str, remarks: list[str]) -> str:
    if not text:
        return ""
    if text not in remarks:
        remarks.append(text)
    return f" (note {remarks.index(text) + 1})"


def _table(material: Material, name: str, rows: list[TableRow], words: tuple[str, list[str]]) -> Table:
    label, remarks = words
    level = level_text(material.plan.multiplicity.level)
    columns = (
        Column("Estimator", "left", wraps=True),
        Column("Scale", "left"),
        Column(f"Correlation ({level} CI)"),
        Column("Design effects"),
    )
    notes = (INFLATION, *(f"Note {place}: {text}." for place, text in enumerate(remarks, 1)))
    return Table(f"correlations-{name}", label, columns, tuple(rows), notes)


def _panels(title: str, found: list[Found]) -> list[ForestPanel]:
    """What can be compared on one axis together: never two scales, nor a correlation with a ratio of two."""
    axes: dict[str, list[Found]] = {}
    for one in found:
        axes.setdefault(AXES.get(one[1], ""), []).append(one)
    return [_panel(", ".join(filter(None, (title, axis))), mine) for axis, mine in axes.items()]


def _panel(title: str, found: list[Found]) -> ForestPanel:
    return ForestPanel(
        title=title,
        log=False,
        null=0.0,
        below="less alike than strangers",
        above="more alike",
        lines=tuple(
            ForestLine(_title(estimator, measure), False, _text(cells), _mark(cells))
            for estimator, measure, cells in found
        ),
    )


def _mark(found: dict[str, Row]) -> Mark | None:
    value, low, high = (number_of(found.get(name)) for name in ("estimate", "conf_low", "conf_high"))
    if value is None:
        return None
    return Mark(value) if low is None or high is None else Mark(value, low, high)


def _figure(material: Material, name: str, panels: tuple[ForestPanel, ...], label: str) -> Figure:
    level = level_text(material.plan.multiplicity.level)
    rows: list[TableRow] = []
    for panel in panels:
        rows.append(TableRow((panel.title,), "group"))
        rows += [TableRow((line.label, line.text)) for line in panel.lines]
    columns = (Column("Estimator", "left"), Column(f"Correlation ({level} CI)"))
    said = ". ".join(
        f"{panel.title}: {'; '.join(f'{line.label} {line.text}' for line in panel.lines)}" for panel in panels
    )
    return Figure(
        id=f"correlations-{name}-figure",
        caption=f"{label}, by estimator, with {level} confidence intervals; the vertical line is none.",
        alt=f"Intracluster correlations with {level} confidence intervals. {said}.",
        data=ForestData(panels),
        behind=Table(f"correlations-{name}-data", f"{label}: every estimate", columns, tuple(rows)),
    )

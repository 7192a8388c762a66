"""What the data were like: rules kept, values missing, values that can hardly be."""

from __future__ import annotations

from precept_stats.report.blocks import Block, Column, Figure, Heading, Prose, RowKind, Table, TableRow
from precept_stats.report.disclosure import EXTREMES
from precept_stats.report.figure_data import Bar, CompletenessData
from precept_stats.report.format import count_text, joined, percent_text
from precept_stats.report.material import Material, by_stat, grouped, number_of
from precept_stats.report.words import NONE, capital, cell
from precept_stats.values import Row

DIMENSIONS = {
    "conformance": "Conformance: rules that the data were held to",
    "completeness": "Completeness: values missing by column",
    "plausibility": "Plausibility: the values themselves",
}


def data_quality(material: Material) -> tuple[Block, ...]:
    """Data quality by table and dimension, missing outcomes by arm, and a figure of completeness."""
    blocks: list[Block] = [Heading(2, "Data quality")]
    rows = tuple(row for row in material.released.rows if row.context == "data_quality")
    missing = _missing_outcome(material)
    if not rows and missing is None:
        return blocks[0], Prose("No data-quality checks were recorded.")
    blocks += [missing] if missing else []
    blocks += _completeness(rows)
    by_dimension = grouped(rows, lambda row: row.group("dimension"))
    for dimension, found in by_dimension.items():
        if dimension == "conformance":
            blocks.append(_conformance(found))
        elif dimension != "completeness":
            title = DIMENSIONS.get(dimension, capital(dimension or "checks"))
            blocks.append(_table(f"quality-{dimension or 'other'}", title, found))
    return tuple(blocks)


def _conformance(rows: list[Row]) -> Table:
    """How many rules each table was held to, and by name those that some rows fail."""
    shown = []
    for table, of_table in grouped(rows, lambda row: row.group("table")).items():
        rules = grouped(of_table, lambda row: (row.variable, row.term))
        failing = {key: found for key, found in rules.items() if _fails(by_stat(found))}
        checked = max((number_of(row) or 0 for row in of_table if row.stat_name == "N"), default=0)
        shown.append(TableRow((table, str(len(rules)), count_text(checked), str(len(failing))), "strong"))
        for (name, term), found in failing.items():
            stats = by_stat(found)
            shown.append(
                TableRow((term or name, NONE, cell(stats.get("N")), cell(stats.get("n_failed"))), "sub")
            )
    columns = (Column("Table", "left"), Column("Rules"), Column("Rows checked"), Column("Failing"))
    note = "Failing: rules that some rows fail and, under them by name, how many rows fail each."
    return Table("quality-conformance", DIMENSIONS["conformance"], columns, tuple(shown), (note,))


def _fails(found: dict[str, Row]) -> bool:
    failed = found.get("n_failed")
    return failed is not None and failed.stat != 0


def _missing_outcome(material: Material) -> Table | None:
    if material.plan.of_areas:
        return None
    rows = [row for row in material.about_the_trial("missingness") if not row.group("cluster")]
    if not rows:
        return None
    by_arm = grouped(rows, lambda row: row.group("arm"))
    shown: list[TableRow] = []
    for arm in material.arms:
        by_period = grouped(by_arm.get(arm, []), lambda row: row.group("period"))
        for period, found in by_period.items():
            shown.append(_missing_row(period or arm, by_stat(found), "sub" if period else "plain"))
    columns = (
        Column(capital(material.condition), "left"),
        Column(capital(material.people)),
        Column("Missing"),
        Column("Missing, %"),
    )
    caption = f"Missing outcome by {material.condition}: {material.question.outcome.name}"
    return Table("missing-outcome", caption, columns, tuple(shown))


def _missing_row(name: str, found: dict[str, Row], kind: RowKind) -> TableRow:
    return TableRow((name, cell(found.get("N")), cell(found.get("n_missing")), _share(found)), kind)


def _share(found: dict[str, Row]) -> str:
    share = number_of(found.get("p_missing"))
    return NONE if share is None else percent_text(share)


def _completeness(rows: tuple[Row, ...]) -> list[Block]:
    found = [row for row in rows if row.group("dimension") == "completeness"]
    if not found:
        return []
    counted = [row for row in found if row.stat_name == "n_missing"]
    if all(row.stat == 0 for row in counted):
        tables = joined(list(dict.fromkeys(row.group("table") for row in counted)))
        return [Prose(f"No value is missing in any of the {len(counted)} columns read from {tables}.")]
    behind = _table("quality-completeness", DIMENSIONS["completeness"], found)
    drawn = _with_missing(found)
    if not drawn:
        return [behind]
    worst = max((bar for _, bars in drawn for bar in bars), key=lambda bar: bar.percent)
    figure = Figure(
        id="completeness",
        caption="Values missing by column, per cent of the rows of each table, where any are.",
        alt="Dot plot of the percentage of values missing by column. "
        f"Most are missing in {worst.label}: {worst.text}. Every value is in the table below.",
        data=CompletenessData(drawn),
        behind=behind,
    )
    return [figure]


def _with_missing(rows: list[Row]) -> tuple[tuple[str, tuple[Bar, ...]], ...]:
    """For each table, the columns of which some values are known to be missing."""
    groups = []
    for table, of_table in grouped(rows, lambda row: row.group("table")).items():
        bars = [
            Bar(stats[0].term or name, 100 * share, percent_text(share))
            for name, stats in grouped(of_table, lambda row: row.variable).items()
            if (share := number_of(by_stat(stats).get("p_missing"))) is not None and share > 0
        ]
        groups.append((table, tuple(bars)))
    return tuple((table, bars) for table, bars in groups if bars)


def _table(table_id: str, caption: str, rows: list[Row]) -> Table:
    """One row a column or rule, one column a statistic, in the order in which they came."""
    rows = [row for row in rows if row.variable]
    labels: dict[str, str] = {}
    for row in rows:
        if row.status != "suppressed" or row.stat_name not in EXTREMES:
            labels.setdefault(row.stat_name, row.stat_label or row.stat_name)
    shown = []
    for table, of_table in grouped(rows, lambda row: row.group("table")).items():
        shown.append(TableRow((f"Table {table}",), "group"))
        for (name, level), found in grouped(of_table, lambda row: (row.variable, row.variable_level)).items():
            stats = by_stat(found)
            title = found[0].term or name
            cells = (_value(stats.get(stat)) for stat in labels)
            shown.append(TableRow((f"{title}: {level}" if level else title, *cells)))
    columns = (Column("Column or rule", "left"), *(Column(capital(label)) for label in labels.values()))
    hidden = any(row.status == "suppressed" and row.stat_name in EXTREMES for row in rows)
    notes = ("Least and greatest values are not shown under the disclosure policy.",) if hidden else ()
    return Table(table_id, caption, columns, tuple(shown), notes)


def _value(row: Row | None) -> str:
    value = number_of(row)
    if row is not None and value is not None and row.stat_name.startswith("p_"):
        return percent_text(value)
    return cell(row)

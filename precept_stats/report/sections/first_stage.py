"""How far the allocation moved what was received: the strength of every instrument."""

from __future__ import annotations

from precept_stats.report.blocks import Block, Column, Heading, RowKind, Table, TableRow
from precept_stats.report.format import (
    Scale,
    df_text,
    level_text,
    number,
    percent_text,
    point_text,
    range_text,
    scale_of,
)
from precept_stats.report.material import Material, by_stat, number_of
from precept_stats.report.words import NONE, cell
from precept_stats.values import Row

NOTE = (
    "The allocation is the instrument for what was received. Difference: what was received in the compared "
    "arm less that in the reference arm, of a treatment in percentage points, of a dose in its unit. F: the "
    "square of the "
    "difference over its standard error, on 1 and df degrees of freedom; below 10 the instrument is called "
    "weak, and the effect leans towards the confounded association."
)


def first_stage(material: Material) -> tuple[Block, ...]:
    """One line an analysis with an instrument; nothing where there is none."""
    rows = [
        _row(material, name, found)
        for name in material.plan.analyses
        if (found := material.rows("first_stage", name))
    ]
    if not rows:
        return ()
    compare, reference = material.arms
    ci = f"({level_text(material.plan.multiplicity.level)} CI)"
    columns = (
        Column("Analysis", "left"),
        Column("Received", "left"),
        Column(compare),
        Column(reference),
        Column(f"Difference {ci}"),
        Column("F"),
        Column("df"),
    )
    table = Table("first-stage", "What was received, by arm", columns, tuple(rows), (NOTE,))
    return Heading(3, "What was received"), table


def _row(material: Material, name: str, rows: tuple[Row, ...]) -> TableRow:
    kind: RowKind = "strong" if material.plan.analyses[name].purpose == "primary" else "plain"
    found = by_stat(row for row in rows if not row.group("arm"))
    F, df = number_of(found.get("f_statistic")), number_of(found.get("df2"))
    cells = (
        material.label(name),
        _what(rows[0].variable, found),
        *(
            _received(by_stat(row for row in rows if row.group("arm") == arm))
            for arm in material.arms_of(name)
        ),
        _difference(found),
        NONE if F is None else number(F),
        NONE if df is None else df_text(df),
    )
    return TableRow(cells, kind)


def _what(column: str, found: dict[str, Row]) -> str:
    """The column, with the unit of a dose."""
    unit = found["estimate"].unit
    return column if unit in ("", "proportion", "unit") else f"{column} ({unit})"


def _received(found: dict[str, Row]) -> str:
    """``581/835 (69.6%)``; a dash for a dose."""
    if not found:
        return NONE
    part, whole = number_of(found["n"]), number_of(found["N"])
    text = f"{cell(found['n'])}/{cell(found['N'])}"
    return f"{text} ({percent_text(part / whole)})" if part is not None and whole else text


def _difference(found: dict[str, Row]) -> str:
    row = found["estimate"]
    value, lower, upper = (number_of(found.get(name)) for name in ("estimate", "conf_low", "conf_high"))
    scale = _scale(row.unit)
    if value is None:
        return cell(row)
    if lower is None or upper is None:
        return f"{number(value * scale.factor)}{scale.suffix}, without exception"
    return f"{point_text(value, upper - lower, scale)} ({range_text(lower, upper, scale)})"


def _scale(unit: str) -> Scale:
    return scale_of(unit, difference=True)

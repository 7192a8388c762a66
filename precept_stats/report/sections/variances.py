"""How alike people of a cluster are: variances, correlations and what is made of them, by analysis."""

from __future__ import annotations

import re
from dataclasses import replace

from precept_stats.report.blocks import Block, Column, Heading, Table, TableRow
from precept_stats.report.format import decimals_for, fixed, level_text, number
from precept_stats.report.material import Material, by_stat, grouped, number_of
from precept_stats.report.sections.exposure import exposure_of
from precept_stats.report.words import NONE, capital, plain
from precept_stats.values import Row

OF_MODELS = ("icc_model", "icc_latent", "icc_proportion", "sd_between_clusters", "median_odds_ratio")
"""Statistics of a mixed model that stand alone, without a measure and an interval."""
AT_BOUNDARY = "At its boundary: "
PARAMETERS = ("variance", "covariance", "decay")
WORDS = {
    "icc": "Intracluster correlation",
    "icc_model": "Intracluster correlation",
    "icc_within_period": "Intracluster correlation, same period",
    "icc_between_periods": "Intracluster correlation, different periods",
    "variance_share": "Share of the variance",
    "cac": "Cluster autocorrelation",
    "cluster_autocorrelation": "Cluster autocorrelation",
    "sd_between_clusters": "SD between clusters",
    "median_odds_ratio": "Median odds ratio between clusters",
    "median_rate_ratio": "Median rate ratio between clusters",
}
SHARES = ("icc", "cac", "correlation", "partition", "share", "decay")
LINKED = ("generalised_linear_mixed",)
"""Methods whose variances stand on the scale of the link."""
LATENT_WORDS = ("latent", "median_odds_ratio", "median_rate_ratio", "log_odds")
LATENT = (
    "The latent scale is that of the link, such as log odds: there a correlation of a binary outcome is "
    "higher than among the 0s and 1s themselves, and the two cannot be compared."
)
Found = tuple[str, str, dict[str, Row]]
"""A measure, what it is of, and its statistics."""


def variances(material: Material) -> tuple[Block, ...]:
    """One row a quantity, by analysis; a column for each scale. Nothing where no model gives any."""
    rows: list[TableRow] = []
    remarks: list[str] = []
    for name in material.plan.analyses:
        found = [*_parameters(material.rows("fit", name)), *_quantities(material.rows("icc", name))]
        edges = _edges(material.rows("fit", name))
        if found:
            rows.append(TableRow((material.label(name),), "group"))
        linked = material.plan.analyses[name].method.kind in LINKED
        rows += [_row(material, one, (linked, edges, remarks)) for one in found]
    if not rows:
        return ()
    return Heading(3, "Variation between clusters"), _table(material, rows, remarks)


def _table(material: Material, rows: list[TableRow], remarks: list[str]) -> Table:
    """The scales side by side, or the one that there is."""
    level = level_text(material.plan.multiplicity.level)
    scales = (f"Scale of the outcome ({level} CI)", f"Latent scale of the model ({level} CI)")
    used = [at for at in (0, 1) if any(row.kind != "group" and row.cells[1 + at] != NONE for row in rows)]
    columns = (Column("Quantity", "left", wraps=True), *(Column(scales[at]) for at in used))
    shown = tuple(
        row
        if row.kind == "group"
        else replace(row, cells=(row.cells[0], *(row.cells[1 + at] for at in used)))
        for row in rows
    )
    notes = (
        *((LATENT,) if 1 in used else ()),
        *(f"Note {place}: {plain(text)}" for place, text in enumerate(remarks, 1)),
    )
    return Table("variances", "Variances and correlations", columns, shown, notes)


def _parameters(rows: tuple[Row, ...]) -> list[Found]:
    """The variances, covariances and decay of a fit, under the labels that it gives them."""
    return [
        (row.stat_name, row.stat_label, {"estimate": row})
        for row in rows
        if row.stat_name.startswith(PARAMETERS) and not isinstance(row.stat, str)
    ]


def _quantities(rows: tuple[Row, ...]) -> list[Found]:
    """Quantities with an interval, else statistics of a model that stand alone."""
    measured = [row for row in rows if row.measure and exposure_of(row) is None]
    by_measure = grouped(measured, lambda row: (row.measure, row.term or row.group("arm")))
    found: list[Found] = [(measure, of, by_stat(mine)) for (measure, of), mine in by_measure.items()]
    known = {measure for measure, _, _ in found}
    for row in rows:
        again = row.stat_name in known or (row.stat_name == "icc_model" and "icc" in " ".join(known))
        if not row.measure and row.stat_name in OF_MODELS and not again:
            found.append((row.stat_name, row.group("arm"), {"estimate": row}))
    return found


def _edges(rows: tuple[Row, ...]) -> dict[str, str]:
    """What a fit says of each variance at its boundary, by the label of the variance."""
    return {
        row.stat_label.removeprefix(AT_BOUNDARY): str(row.stat) for row in rows if row.stat_name == "boundary"
    }


def _row(material: Material, one: Found, of: tuple[bool, dict[str, str], list[str]]) -> TableRow:
    measure, about, found = one
    linked, edges, remarks = of
    text = _text(measure, found, remarks)
    if about in edges:
        value = number_of(found["estimate"])
        told = "" if "boundary" in text else "; the covariance of its effects is singular (a boundary)"
        told = "; at its boundary" if told and (value == 0 or not measure.startswith("variance")) else told
        text += f"{told}{_note(edges[about], remarks)}"
    latent = any(word in measure for word in LATENT_WORDS) or (linked and "proportion" not in measure)
    cells = (NONE, text) if latent else (text, NONE)
    labelled = measure.startswith(PARAMETERS) and not found["estimate"].measure
    return TableRow((about if labelled else _name(material, measure, about), *cells))


def _name(material: Material, measure: str, about: str) -> str:
    words = WORDS.get(re.sub("_(latent|proportion)(?=_|$)", "", measure), capital(plain(measure)))
    if not about:
        return words
    return f"{words}, {about}" if about in material.arms else f"{words}: {plain(about)}"


def _text(measure: str, found: dict[str, Row], remarks: list[str]) -> str:
    row = found.get("estimate")
    value, low, high = (number_of(found.get(name)) for name in ("estimate", "conf_low", "conf_high"))
    if row is None:
        return NONE
    if value is None:
        told = "not shown" if row.status == "suppressed" else "not estimable"
        return f"{told}{_note(row.error or row.warning, remarks)}"
    if low is None or high is None:
        where = "0, at its boundary" if value == 0 else _shown(measure, value, None)
        told = f"; no interval{_note(row.warning, remarks)}" if row.measure else ""
        return f"{where}{told}"
    edge = "; at its boundary" if row.status == "boundary" and value == 0 else ""
    limits = f"{_shown(measure, low, high - low)} to {_shown(measure, high, high - low)}"
    return f"{_shown(measure, value, high - low)} ({limits}){edge}"


def _note(text: str, remarks: list[str]) -> str:
    if not text:
        return ""
    if text not in remarks:
        remarks.append(text)
    return f" (note {remarks.index(text) + 1})"


def _shown(measure: str, value: float, width: float | None) -> str:
    if any(word in measure for word in SHARES):
        return fixed(value, 3)
    return number(value) if width is None else fixed(value, min(6, decimals_for(width, 2)))

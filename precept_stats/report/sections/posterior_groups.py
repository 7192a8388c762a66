"""Groups of clusters by a Bayesian model: shrunken outcomes and the effect in each, with their ranks."""

from __future__ import annotations

from collections.abc import Mapping

from precept_stats.report.blocks import Block, Column, Figure, Prose, Table, TableRow
from precept_stats.report.figure_data import Mark, ObservedData, ObservedLine
from precept_stats.report.format import Scale, fixed, level_text, point_text, range_text, scale_of
from precept_stats.report.material import Material, by_stat, grouped, number_of
from precept_stats.report.sections.posterior import chance_text
from precept_stats.report.words import NONE
from precept_stats.values import Row

Cells = Mapping[str, Row]
AXIS = {"outcome": "Expected outcome", "effect": "Effect"}


def posterior_groups(material: Material, name: str, rows: tuple[Row, ...]) -> tuple[Block, ...]:
    """A caterpillar for each grouping and each thing that is told of it, tables behind."""
    about = grouped(rows, lambda row: (row.group("by"), row.group("of")))
    blocks: list[Block] = []
    for (by, of), found in about.items():
        if not by:
            continue
        groups = {
            one: by_stat(each) for one, each in grouped(found, lambda row: row.group("group")).items() if one
        }
        known = {one: each for one, each in groups.items() if number_of(each.get("estimate")) is not None}
        if not known:
            what = f"{material.label(name)}: nothing of {by} can be shown under the disclosure policy."
            blocks.append(Prose(what))
            continue
        worst = next((number_of(row) for row in found if row.stat_name == "n_worst"), None)
        blocks.append(_figure(material, name, (by, of), known, worst))
    return tuple(blocks)


def _figure(
    material: Material, name: str, about: tuple[str, str], known: Mapping[str, Cells], worst: float | None
) -> Figure:
    by, of = about
    order = sorted(known, key=lambda one: (_value(known[one], "estimate"), one))
    scale = scale_of(known[order[0]]["estimate"].unit, difference=of == "effect")
    level, label = level_text(material.plan.multiplicity.level), material.label(name)
    told = "the effect in each" if of == "effect" else "shrunken estimates"
    ends = " to ".join(f"{_estimate(known[one], scale)} for {one}" for one in (order[0], order[-1]))
    return Figure(
        id=f"groups-{name}-{by}-{of}",
        caption=f"{label}: by {by}, {told} with {level} credible intervals.",
        alt=f"Caterpillar plot by {by}, {told}, from {ends}. All of them are in the table below.",
        data=ObservedData(
            axis=f"{AXIS[of]} by {by}{f', {scale.words}' if scale.words else ''}",
            modelled="shrunken estimate",
            observed="observed",
            series=(),
            lines=tuple(_line(one, known[one], scale) for one in order),
        ),
        behind=_table(name, about, {one: known[one] for one in order}, scale, worst),
        notes=(),
    )


def _line(name: str, found: Cells, scale: Scale) -> ObservedLine:
    value, low, high = (scale.factor * _value(found, one) for one in ("estimate", "conf_low", "conf_high"))
    observed = number_of(found.get("observed"))
    return ObservedLine(
        name, Mark(value, low, high), None if observed is None else scale.factor * observed, None
    )


def _table(
    name: str, about: tuple[str, str], known: Mapping[str, Cells], scale: Scale, worst: float | None
) -> Table:
    by, of = about
    outcome = of == "outcome"
    columns = (
        Column(by, "left"),
        *((Column("Observed"),) if outcome else ()),
        Column(f"{'Shrunken estimate' if outcome else 'Effect'} (interval)"),
        Column("Expected rank (interval)"),
        *((Column(f"P(among the worst {worst:g})"),) if worst is not None else ()),
    )
    rows = []
    for one, found in known.items():
        observed = number_of(found.get("observed"))
        width = _value(found, "conf_high") - _value(found, "conf_low")
        shown = NONE if observed is None else point_text(observed, width, scale)
        cells = (
            one,
            *((shown,) if outcome else ()),
            _estimate(found, scale),
            _rank(found),
            *((chance_text(_value(found, "worst")),) if worst is not None else ()),
        )
        rows.append(TableRow(cells))
    note = "Ranks: 1 is the best; taken in every draw of the posterior, so that they have a distribution."
    title = f"By {by}: {'estimates' if outcome else 'effects'} and ranks"
    return Table(f"groups-{name}-{by}-{of}-data", title, columns, tuple(rows), (note,))


def _value(found: Cells, name: str) -> float:
    return number_of(found.get(name)) or 0.0


def _rank(found: Cells) -> str:
    value, low, high = (_value(found, one) for one in ("rank", "rank_low", "rank_high"))
    return f"{fixed(value, 1)} ({fixed(low, 0)} to {fixed(high, 0)})"


def _estimate(found: Cells, scale: Scale) -> str:
    value, low, high = (_value(found, one) for one in ("estimate", "conf_low", "conf_high"))
    return f"{point_text(value, high - low, scale)} ({range_text(low, high, scale)})"

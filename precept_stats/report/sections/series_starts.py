"""When units started, region by region, as a strip."""

from __future__ import annotations

from precept_stats.report.blocks import Block, Column, Figure, Table, TableRow
from precept_stats.report.format import count_text
from precept_stats.report.material import Material, by_stat, grouped, number_of
from precept_stats.report.series_figure_data import StartsData


def starts(material: Material) -> list[Block]:
    """The strip of start months, where units started in different ones."""
    rows = [row for row in material.about_the_trial("interruption") if row.group("region")]
    if not rows:
        return []
    first = rows[0].variable
    cells: dict[str, list[tuple[float, float]]] = {}
    names: dict[float, str] = {}
    for (region, period), found in grouped(
        [row for row in rows if row.variable == first], lambda row: (row.group("region"), row.group("period"))
    ).items():
        stats = by_stat(found)
        at, units = number_of(stats["at"]), number_of(stats.get("n_units"))
        if at is not None and units is not None:
            cells.setdefault(region, []).append((at, units))
            names[at] = period
    if len(names) < 2:
        return []
    ordered = sorted(cells.items(), key=lambda one: (min(at for at, _ in one[1]), one[0]))
    data = StartsData(
        "units", tuple(sorted(names.items())), tuple((name, tuple(sorted(c))) for name, c in ordered)
    )
    table = Table(
        "starts-data",
        "Units that started, by region and period",
        (Column("Region", "left"), Column("Period", "left"), Column("Units")),
        tuple(
            TableRow((region, names[at], count_text(units)))
            for region, of in ordered
            for at, units in sorted(of)
        ),
    )
    figure = Figure(
        id="starts",
        caption="When units started, by region, from the earliest.",
        alt="Start months by region: "
        + "; ".join(f"{name} from {names[min(at for at, _ in of)]}" for name, of in ordered),
        data=data,
        behind=table,
    )
    return [figure]

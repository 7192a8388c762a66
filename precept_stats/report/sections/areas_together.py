"""Areas estimated together: how far they are apart in words of odds, and a table and figure with ranks."""

from __future__ import annotations

from precept_stats.report.area_figure_data import CaterpillarData, CaterpillarLine
from precept_stats.report.blocks import Block, Column, Figure, Prose, Table, TableRow
from precept_stats.report.format import level_text, number, percent_text
from precept_stats.report.material import Material, by_stat, grouped, number_of
from precept_stats.report.words import NONE
from precept_stats.values import Row

WORDS = {
    "typical_area": "The typical area",
    "sd_between_areas": "Standard deviation between areas",
    "sd_between_groups": "Standard deviation between what areas lie in",
    "median_odds_ratio": "Median odds ratio of two random areas",
    "median_rate_ratio": "Median rate ratio of two random areas",
    "interval_odds_ratio_80": "80 % interval odds ratio, upper end (the lower is one over it)",
    "interval_rate_ratio_80": "80 % interval rate ratio, upper end (the lower is one over it)",
    "variance_partition": "Share of the variance that is between areas",
    "overdispersion": "Overdispersion (1 is chance alone)",
    "median_reliability": "Reliability of the median area's own estimate",
}
ABOUT = (
    "Each area is drawn towards what areas have in common, the more the fewer its people. A rank of 1 is the "
    "best; its limits say how little a place in a list tells, and no rank is shown without them."
)


def areas_together(material: Material, name: str, label: str) -> list[Block]:
    """Nothing where the plan does not ask for it."""
    declared = material.plan.disparities[name].shrinkage
    if declared is None:
        return []
    rows = material.rows("shrinkage", name)
    periods = grouped([row for row in rows if row.group("area")], lambda row: row.group("period"))
    blocks: list[Block] = [Prose(ABOUT), _spread(material, name, label)]
    if periods:
        period, mine = list(periods.items())[-1]
        blocks += _areas(material, (name, label, period), mine)
    return blocks


def _spread(material: Material, name: str, label: str) -> Table:
    rows = [row for row in material.rows("shrinkage", name) if not row.group("area")]
    periods = tuple(dict.fromkeys(row.group("period") for row in rows))
    cells = grouped(rows, lambda row: (row.measure, row.group("period")))
    lines = []
    for measure in dict.fromkeys(row.measure for row in rows):
        unit = next((row.unit for row in rows if row.measure == measure and row.unit), "")
        unit = "" if unit in ("ratio", "") else f" ({unit})"
        texts = (_text(by_stat(cells.get((measure, period), []))) for period in periods)
        lines.append(TableRow((WORDS[measure] + unit, *texts)))
    heads = (Column("Quantity", "left", wraps=True), *(Column(period or "All") for period in periods))
    level = level_text(material.plan.multiplicity.level)
    estimation = material.plan.disparities[name].shrinkage
    how = "credible" if estimation is not None and estimation.estimation.kind == "bayesian" else "confidence"
    notes = (f"In brackets: {level} {how} intervals.",)
    return Table(
        f"disparity-{name}-together", f"{label}: areas estimated together", heads, tuple(lines), notes
    )


def _text(cells: dict[str, Row]) -> str:
    value, low, high = (number_of(cells.get(one)) for one in ("estimate", "conf_low", "conf_high"))
    if value is None:
        return NONE
    return (
        number(value) if low is None or high is None else f"{number(value)} ({number(low)} to {number(high)})"
    )


def _areas(material: Material, about: tuple[str, str, str], rows: list[Row]) -> list[Block]:
    name, label, period = about
    found = {area: by_stat(mine) for area, mine in grouped(rows, lambda row: row.group("area")).items()}
    shown = {area: cells for area, cells in found.items() if number_of(cells.get("estimate")) is not None}
    if not shown:
        return [Prose("No area is shown under the disclosure policy.")]
    alike = next((row.warning for row in rows if row.status == "warning"), "")
    lines = tuple(
        sorted(
            (_line(area, cells) for area, cells in shown.items()),
            key=lambda line: (line.estimate[1], line.label),
        )
    )
    unit = next((row.unit for row in rows if row.stat_name == "estimate"), "")
    axis = ", ".join(filter(None, (label, period, unit)))
    level, count = level_text(material.plan.multiplicity.level), len(found)
    blocks: list[Block] = [Prose(f"{alike[0].upper()}{alike[1:]}.")] if alike else []
    widest = max((line.rank[2] - line.rank[0] for line in lines if line.rank is not None), default=0.0)
    figure = Figure(
        id=f"disparity-{name}-ranks",
        caption=f"{axis}: areas estimated together, with {level} intervals, and their ranks of {count} with "
        f"{level} limits.",
        alt=f"{len(lines)} areas in order of their estimates, from {number(lines[0].estimate[1])} to "
        f"{number(lines[-1].estimate[1])}; the limits of a rank are up to {widest:.0f} places apart.",
        data=CaterpillarData(axis, f"1 is the best of {count}", _middle(material, name, period), lines),
        behind=_table(about, found),
    )
    return [*blocks, figure]


def _middle(material: Material, name: str, period: str) -> float | None:
    rows = [row for row in material.rows("disparity", name) if row.measure == "mean"]
    mine = [row for row in rows if row.group("period") == period and not row.group("compared_with")]
    return number_of(by_stat(mine).get("estimate"))


def _line(area: str, cells: dict[str, Row]) -> CaterpillarLine:
    low, value, high = (number_of(cells.get(one)) for one in ("conf_low", "estimate", "conf_high"))
    value = 0.0 if value is None else value
    rank = [number_of(cells.get(one)) for one in ("rank_low", "mean_rank", "rank_high")]
    known = [one for one in rank if one is not None]
    triple = (known[0], known[1], known[2]) if len(known) == len(rank) else None
    ends = (value if low is None else low, value, value if high is None else high)
    return CaterpillarLine(area, ends, triple)


def _table(about: tuple[str, str, str], found: dict[str, dict[str, Row]]) -> Table:
    name, label, period = about
    lines = []
    for area, cells in found.items():
        ranks = [number_of(cells.get(one)) for one in ("mean_rank", "rank_low", "rank_high")]
        known = [one for one in ranks if one is not None]
        rank = f"{known[0]:.1f} ({known[1]:.0f} to {known[2]:.0f})" if len(known) == len(ranks) else NONE
        worst, reliability = (number_of(cells.get(one)) for one in ("p_worst", "reliability"))
        texts = ("none" if one is None else percent_text(one, 0) for one in (worst, reliability))
        lines.append(TableRow((area, _text(cells), rank, *texts)))
    heads = ("Estimate, drawn together", "Mean rank (limits)", "Among the worst", "Reliability")
    caption = ", ".join(filter(None, (f"{label}: every area with its rank", period)))
    columns = (Column("Area", "left"), *(Column(head, wraps=True) for head in heads))
    return Table(f"disparity-{name}-ranks-data", caption, columns, tuple(lines))

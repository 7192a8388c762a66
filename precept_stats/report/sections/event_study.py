"""Panels of units that started in turn: the effect by time since the start, and who is compared with whom."""

from __future__ import annotations

from collections.abc import Sequence

from precept_stats.report.blocks import Block, Column, Figure, Heading, Prose, Table, TableRow
from precept_stats.report.format import fixed, level_text, number, p_text, point_text, range_text, scale_for
from precept_stats.report.material import Material, by_stat, grouped, number_of
from precept_stats.report.series_figure_data import EventStudyData
from precept_stats.report.words import NONE, capital, scale_words, sentence
from precept_stats.values import Row

Points = dict[str, dict[str, Row]]
Place = tuple[float, str, float, float, float]


def event_study(material: Material) -> tuple[Block, ...]:
    """An event study and its comparisons for every analysis of a panel; one figure where two are the same."""
    blocks: list[Block] = []
    drawn: set[tuple[float, ...]] = set()
    for name in material.plan.analyses:
        rows = material.rows("panel", name)
        if not rows:
            continue
        blocks.append(Heading(3, material.label(name)))
        blocks += [Prose(text) for text in _comparisons(rows)]
        points = {label: by_stat(of) for label, of in grouped(_of_times(rows), _time).items()}
        values = tuple(number_of(one.get("std_error")) or 0.0 for one in points.values())
        if points and values not in drawn:
            drawn.add(values)
            blocks.append(_figure(material, name, (points, by_stat(r for r in rows if not r.groups))))
        blocks += _shares(name, rows)
    return (Heading(2, "By time since the start, and what is compared"), *blocks) if blocks else ()


def _of_times(rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if row.group("time")]


def _time(row: Row) -> str:
    return row.group("time")


def _comparisons(rows: Sequence[Row]) -> list[str]:
    """Whose effects count in the answer, and how many cells have none to compare with."""
    told = by_stat(row for row in rows if not row.groups)
    found = []
    treated, negative = number_of(told.get("n_treated")), number_of(told.get("n_negative"))
    total, elsewhere = number_of(told.get("sum_negative")), number_of(told.get("weight_elsewhere"))
    if treated is not None and negative is not None and total is not None and elsewhere is not None:
        if negative or elsewhere > 1e-9:
            found.append(
                f"The answer adds up the effects in {treated:,.0f} treated cells, {negative:,.0f} of them "
                f"with negative weights ({number(total)} in all), and effects at times that are not asked "
                f"for with weights of {number(elsewhere)} in absolute size."
            )
        else:
            found.append(
                "Every treated cell that is asked for counts with a weight above 0, and no other counts."
            )
    asked, missing = number_of(told.get("n_asked")), number_of(told.get("n_unidentified"))
    if asked is not None and missing:
        found.append(
            f"{missing:,.0f} of {asked:,.0f} cells asked for have no counterfactual, since every unit has "
            "started by then; the answer is of the others."
        )
    found += [_leads(rows)] if _leads(rows) else []
    found += [sentence(str(told[one].stat)) for one in ("no_event_study", "no_leads") if one in told]
    return found


def _leads(rows: Sequence[Row]) -> str:
    test = by_stat(row for row in rows if row.group("test") == "leads")
    p_value, df1 = number_of(test.get("p_value")), number_of(test.get("df1"))
    if p_value is None or df1 is None:
        return ""
    return (
        f"Joint test that all {df1:.0f} leads are zero: p {p_text(p_value)}. A large p does "
        "not show that trends were parallel."
    )


def _figure(material: Material, name: str, of: tuple[Points, dict[str, Row]]) -> Figure:
    points, told = of
    first = next(iter(points.values()))["estimate"]
    scale = scale_for(first.measure, first.unit)
    shown = [found for label, one in points.items() if (found := _point(label, one, scale.factor))]
    place = number_of(told.get("reference_time"))
    besides = f" and {told['reference_besides'].stat}" if "reference_besides" in told else ""
    level = level_text(material.plan.multiplicity.level)
    against = "" if place is None else f"Compared with time {fixed(place, 0)}{besides}. "
    axis = capital(scale_words(first.measure, scale))
    return Figure(
        id=f"events-{name}",
        caption=f"The effect by time since each unit's own start, {level} intervals. {against}"
        "Ends with a sign take in all times beyond.",
        alt=f"Event study of {len(shown)} times since the start. {axis}; every value is in the table below.",
        data=EventStudyData(axis, _clock(material), tuple(shown), None if besides else place, _start(shown)),
        behind=_table(material, name, points),
    )


def _point(label: str, one: dict[str, Row], factor: float) -> Place | None:
    at, value = number_of(one.get("at")), number_of(one.get("estimate"))
    low, high = number_of(one.get("conf_low")), number_of(one.get("conf_high"))
    if at is None or value is None or low is None or high is None:
        return None
    return at, label, factor * value, factor * low, factor * high


def _start(shown: list[Place]) -> float:
    """The first time at or after 0."""
    return min((at for at, *_ in shown if at >= 0), default=0.0)


def _clock(material: Material) -> str:
    every = material.plan.analyses[material.plan.primary].study
    unit = getattr(getattr(every, "time", None), "every", "period")
    return f"{capital(unit)}s since each unit's own start"


def _table(material: Material, name: str, points: Points) -> Table:
    level = level_text(material.plan.multiplicity.level)
    rows = []
    for label, one in points.items():
        value, low, high = (number_of(one.get(stat)) for stat in ("estimate", "conf_low", "conf_high"))
        units = number_of(one.get("n_units"))
        text = NONE
        if value is not None and low is not None and high is not None:
            scale = scale_for(one["estimate"].measure, one["estimate"].unit)
            text = f"{point_text(value, high - low, scale)} ({range_text(low, high, scale)})"
        rows.append(TableRow((label, text, NONE if units is None else f"{units:.0f}")))
    columns = (Column("Time", "left"), Column(f"Effect ({level} CI)"), Column("Units"))
    return Table(f"events-{name}-data", "The effect by time since the start", columns, tuple(rows))


def _shares(name: str, rows: Sequence[Row]) -> list[Block]:
    """Who is compared with whom, where the decomposition can be made."""
    found = grouped(
        [row for row in rows if row.group("compared_with")], lambda row: row.group("compared_with")
    )
    if not found:
        return []
    told = {label: by_stat(of) for label, of in found.items()}
    lines = tuple(
        TableRow(
            (
                capital(label),
                number(number_of(one["weight"]) or 0.0),
                number(number_of(one["estimate"]) or 0.0),
            )
        )
        for label, one in told.items()
    )
    columns = (Column("Units that start are compared with", "left"), Column("Weight"), Column("Mean answer"))
    return [Table(f"comparisons-{name}", "Comparisons in the one coefficient", columns, lines)]

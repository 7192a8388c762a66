"""The outcome over the periods, by condition: means of clusters, and means of these."""

from __future__ import annotations

from precept_stats.report.blocks import Block, Column, Figure, Heading, Prose, Table, TableRow
from precept_stats.report.figure_data import PeriodsData, Track
from precept_stats.report.format import number, percent_text, scale_of
from precept_stats.report.material import Material, number_of
from precept_stats.report.sections.calendar import Calendar, Cells, condition
from precept_stats.report.sections.clusters import LEAST_DRAWN
from precept_stats.report.words import NONE, capital

Point = tuple[float, bool]


def over_time(material: Material, calendar: Calendar) -> tuple[Block, ...]:
    """A figure of the means by period, or why there is none."""
    known = [found for found in calendar.cells if number_of(found.get("mean")) is not None]
    if not any("mean" in found for found in calendar.cells):
        return ()
    title = Heading(3, f"Outcome by period and {material.condition}")
    drawn = [found for found in known if _firm(material, found)]
    if not drawn or 2 * len(drawn) < len([found for found in calendar.cells if "mean" in found]):
        return title, Prose(_why_not(material))
    tracks = tuple(_track(material, calendar, name) for name in calendar.clusters)
    means = _means(tracks, len(calendar.periods))
    reference, compare = material.condition_names
    outcome = material.question.outcome
    scale = scale_of(calendar.unit, difference=False)
    axis = f"{capital(outcome.name)}{f' ({scale.words})' if scale.words else ''}"
    figure = Figure(
        id="periods",
        caption=f"Mean of each cluster in each period: {outcome.name}. Hollow squares: {reference}; filled "
        f"circles: {compare}. Thick lines are means of the clusters shown, each counting the same; they are "
        "not adjusted, and clusters differ from period to period.",
        alt=_alt(material, calendar, means),
        data=PeriodsData(axis, (reference, compare), calendar.periods, tracks, means),
        behind=_table(material, calendar, (tracks, means)),
        notes=_notes(material, len(calendar.cells) - len(drawn)),
    )
    return title, figure


def _firm(material: Material, found: Cells) -> bool:
    """Whether rounding leaves a proportion about where it is (as for clusters before and after)."""
    if material.released.policy == "none" or found["mean"].unit != "proportion":
        return True
    total = number_of(found.get("n"))
    return total is not None and total >= LEAST_DRAWN


def _why_not(material: Material) -> str:
    if material.released.policy == "none":
        return "Too few means of clusters by period are known for a figure."
    return (
        f"Most clusters have too few {material.people} in a period to be drawn under the disclosure policy "
        f"{material.released.policy}: counts are rounded to 5, and a mean is drawn from a total of "
        f"{LEAST_DRAWN}."
    )


def _track(material: Material, calendar: Calendar, name: str) -> Track:
    of_periods = calendar.clusters[name]
    points = tuple(_point(material, of_periods.get(period, {})) for period in calendar.periods)
    return Track(name, points)


def _point(material: Material, found: Cells) -> Point | None:
    value, treated = number_of(found.get("mean")), condition(found)
    if value is None or treated is None or not _firm(material, found):
        return None
    return value * scale_of(found["mean"].unit, difference=False).factor, treated


Means = tuple[tuple[float | None, ...], tuple[float | None, ...]]


def _means(tracks: tuple[Track, ...], periods: int) -> Means:
    """Means over clusters by period, of those under control and of those under the intervention."""

    def mean(place: int, treated: bool) -> float | None:
        values = _values(tracks, place, treated)
        return sum(values) / len(values) if values else None

    control, treated = (tuple(mean(at, state) for at in range(periods)) for state in (False, True))
    return control, treated


def _values(tracks: tuple[Track, ...], place: int, treated: bool) -> list[float]:
    points = [track.points[place] for track in tracks]
    return [point[0] for point in points if point is not None and point[1] is treated]


def _shown(calendar: Calendar, value: float | None) -> str:
    if value is None:
        return NONE
    return percent_text(value / 100) if calendar.unit == "proportion" else number(value)


def _alt(material: Material, calendar: Calendar, means: Means) -> str:
    reference, compare = material.condition_names
    told = []
    for name, found in zip((reference, compare), means, strict=True):
        known = [
            (period, mean) for period, mean in zip(calendar.periods, found, strict=True) if mean is not None
        ]
        if known:
            ends = known if len(known) < 2 else [known[0], known[-1]]
            of_ends = ", ".join(f"{_shown(calendar, mean)} in period {period}" for period, mean in ends)
            told.append(f"{name}: {of_ends}")
    return (
        f"Means of clusters over {len(calendar.periods)} periods by condition. Mean of the clusters, "
        f"{'; '.join(told)}. Every period is in the table below."
    )


def _table(material: Material, calendar: Calendar, shown: tuple[tuple[Track, ...], Means]) -> Table:
    reference, compare = material.condition_names
    tracks, means = shown
    rows = []
    for place, period in enumerate(calendar.periods):
        cells = [period]
        for treated in (False, True):
            cells.append(str(len(_values(tracks, place, treated))))
            cells.append(_shown(calendar, means[treated][place]))
        rows.append(TableRow(tuple(cells)))
    columns = [Column("Period", "left")]
    for name in (reference, compare):
        columns += [Column(f"{name}: clusters"), Column(f"{name}: mean of clusters", wraps=True)]
    return Table("periods-data", "Means of clusters by period and condition", tuple(columns), tuple(rows))


def _notes(material: Material, lost: int) -> tuple[str, ...]:
    if material.released.policy == "none":
        return ()
    note = "Means are made from counts rounded to 5, which can move a point by up to 5 percentage points."
    left = f" {lost} means of a cluster in a period are not drawn: they are from a total below {LEAST_DRAWN}."
    return (note + (left if lost else ""),)

"""Series over time: the points with what was fitted, the regions side by side, and when units started."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from precept_stats.report.blocks import Block, Column, Figure, Heading, Prose, Table, TableRow, Terms
from precept_stats.report.format import MINUS, number, scale_of
from precept_stats.report.material import Material, by_stat, grouped, number_of
from precept_stats.report.sections.series_starts import starts
from precept_stats.report.series_figure_data import (
    CurveStretch,
    InterruptionMark,
    SeriesData,
    SeriesPanel,
    SeriesPoint,
)
from precept_stats.report.words import NONE, capital, sentence
from precept_stats.studies.interrupted_series import InterruptedSeries
from precept_stats.values import Row

HALF = 0.5
"""An interruption is drawn before its own period."""
MOST_PANELS = 24
ALL = "all"
Groups = dict[str, Row]


@dataclass(frozen=True, slots=True)
class Shown:
    """One series of points with its axis: ``calendar``, or time since each unit's ``own_start``."""

    name: str
    clock: str


@dataclass(frozen=True, slots=True)
class Scaling:
    """From proportions to per cent where need be, and the denominator of the largest point of a figure."""

    factor: float
    largest: float


def series(material: Material) -> tuple[Block, ...]:
    """What interrupted the series, the series themselves, and when units started."""
    analysis = material.plan.primary
    points = material.about_the_trial("series")
    if not points:
        return Heading(2, "The series"), Prose("No series was prepared; the reasons are in the results.")
    blocks: list[Block] = [Heading(2, "The series"), _terms(material)]
    shown = {Shown(row.group("series"), row.group("clock")): None for row in points}
    whole = [one for one in shown if one.name == ALL]
    single = [one for one in shown if one.name != ALL]
    main = next((one for one in whole if one.clock == "own_start"), None)
    controls = _controls(material)
    own = [one for one in single if one.name not in controls]
    if main is None and (len(shown) == 1 or (controls and len(own) == 1)):
        main = own[0] if own else next(iter(shown))
    if main is not None:
        blocks.append(_one(material, analysis, main))
    if len(single) > 1:
        blocks.append(_multiples(material, analysis, single))
    blocks += starts(material)
    return tuple(blocks)


def _controls(material: Material) -> tuple[str, ...]:
    """The series that the interruption of the primary analysis did not reach."""
    study = material.plan.analyses[material.plan.primary].study
    controls = study.controls if isinstance(study, InterruptedSeries) else None
    return () if controls is None else controls.series


def _terms(material: Material) -> Terms:
    """Everything that a plan has to say of a series, as it was used."""
    rows = material.about_the_trial("interruption")
    said = {row.stat_name: str(row.stat) for row in rows if not row.variable}
    entries = [("Change asked for", sentence(said.get("change", "")))]
    for name, found in grouped([row for row in rows if row.variable], lambda row: row.variable).items():
        facts = by_stat(row for row in found if not row.groups)
        when = str(facts["first"].stat)
        if facts["last"].stat != facts["first"].stat:
            when = f"{when} to {facts['last'].stat}, by unit"
        told = f"{facts['label'].stat}, {when}; effects: {facts['effects'].stat}; {facts['transition'].stat}"
        entries.append((f"Interruption {name}", sentence(told)))
    entries.append(("Time coding", sentence(said.get("coding", ""))))
    entries.append(("Seasons", sentence(said.get("seasonality", ""))))
    every = said.get("every", "")
    counted = f"{said.get('n_series', '')} series, {said.get('n_periods', '')} periods of one {every}"
    entries.append(("Data", sentence(counted)))
    return Terms(tuple(entries))


def _one(material: Material, analysis: str, shown: Shown) -> Figure:
    """The one figure of the primary analysis: all points, lines, counterfactual."""
    panel = _panel(material, analysis, shown, _scaling(material, [shown]))
    data = SeriesData(
        _axis(material), _clock(material, shown), _ticks(material, [shown]), (panel,), _bounds(material)
    )
    outcome = material.question.outcome.name
    since = "time since each unit's own start" if shown.clock == "own_start" else "time"
    return Figure(
        id="series",
        caption=f"{outcome} by {since}: every point, {_sized(panel)}with the primary analysis.",
        alt=_alt(panel, outcome),
        data=data,
        behind=_behind(material, "series-data", [(shown, panel)]),
        notes=_notes(material, panel),
    )


def _sized(panel: SeriesPanel) -> str:
    return "its area by its denominator, " if len({point.share for point in panel.points}) > 1 else ""


def _multiples(material: Material, analysis: str, shown: list[Shown]) -> Figure:
    scaling = _scaling(material, shown[:MOST_PANELS])
    panels = [(one, _panel(material, analysis, one, scaling)) for one in shown[:MOST_PANELS]]
    shaded = any(mark.transition for _, panel in panels for mark in panel.marks)
    by = "region" if shown[0].name in _regions(material) else "series"
    told = f"{_dashed(material)}{' Shaded: in transition, left out.' if shaded else ''}"
    data = SeriesData(
        _axis(material),
        _clock(material, shown[0]),
        _ticks(material, shown),
        tuple(panel for _, panel in panels),
        _bounds(material),
    )
    return Figure(
        id="series-multiples",
        caption=f"{material.question.outcome.name} by {by}, on the same scales. {told}",
        alt=f"{len(panels)} small panels, one a {by}: " + "; ".join(panel.title for _, panel in panels),
        data=data,
        behind=_behind(material, "series-multiples-data", panels),
    )


def _regions(material: Material) -> set[str]:
    """The regions whose units have starts of their own."""
    return {row.group("region") for row in material.about_the_trial("interruption")} - {""}


def _dashed(material: Material) -> str:
    """What the dashed lines of small panels mark."""
    rows = [row for row in material.about_the_trial("interruption") if row.variable and not row.groups]
    facts = [by_stat(found) for found in grouped(rows, lambda row: row.variable).values()]
    if any(one["first"].stat != one["last"].stat for one in facts):
        return "Dashed lines mark when the first unit of each began, and the last where that is another."
    told = ", ".join(f"{one['label'].stat} ({one['first'].stat})" for one in facts)
    return f"Dashed, from the left: {told}." if len(facts) > 1 else f"Dashed: {told}."


def _panel(material: Material, analysis: str, shown: Shown, scaling: Scaling) -> SeriesPanel:
    points = _points(material, shown, scaling)
    fitted = _stretches(material, analysis, shown, ("fitted", scaling.factor))
    without = _stretches(material, analysis, shown, ("counterfactual", scaling.factor))
    marks = _marks(material, shown)
    after = min((mark.at for mark in marks), default=float("-inf"))
    after_only = tuple(_from(line, after) for line in without)
    title = f"{shown.name} (control)" if shown.name in _controls(material) else shown.name
    return SeriesPanel(title, points, _broken(fitted, marks), tuple(x for x in after_only if x.at), marks)


def _points(material: Material, shown: Shown, scaling: Scaling) -> tuple[SeriesPoint, ...]:
    rows = [row for row in material.about_the_trial("series") if _is(row, shown)]
    found = []
    for of_period in grouped(rows, lambda row: row.group("period")).values():
        stats = by_stat(of_period)
        at, value, size = (number_of(stats.get(name)) for name in ("at", "value", "N"))
        if at is not None and value is not None:
            share = 1.0 if size is None else size / scaling.largest
            used = "left" not in stats
            found.append(SeriesPoint(at, scaling.factor * value, share, used, "partly_left" in stats))
    return tuple(sorted(found, key=lambda point: point.at))


def _stretches(
    material: Material, analysis: str, shown: Shown, what: tuple[str, float]
) -> tuple[CurveStretch, ...]:
    """A curve of the analysis on this axis; none where it gave none."""
    curve, factor = what
    rows = [
        row
        for row in material.rows("counterfactual", analysis)
        if row.group("curve") == curve and _is(row, shown)
    ]
    found: list[tuple[float, float, float, float]] = []
    banded = True
    for of_period in grouped(rows, lambda row: row.group("period")).values():
        stats = by_stat(of_period)
        at, value, low, high = (
            number_of(stats.get(name)) for name in ("at", "estimate", "conf_low", "conf_high")
        )
        banded = banded and low is not None and high is not None
        if at is not None and value is not None:
            found.append((at, factor * value, factor * (low or 0.0), factor * (high or 0.0)))
    if not found:
        return ()
    at_, value_, lower, upper = (tuple(part) for part in zip(*sorted(found), strict=True))
    return (CurveStretch(at_, value_, lower, upper) if banded else CurveStretch(at_, value_),)


def _broken(lines: tuple[CurveStretch, ...], marks: tuple[InterruptionMark, ...]) -> tuple[CurveStretch, ...]:
    """A fitted line in pieces, so that no step is drawn as a slope; the band is the counterfactual's."""
    pieces = []
    edges = [float("-inf"), *sorted(mark.at for mark in marks), float("inf")]
    for line in lines:
        for low, high in pairwise(edges):
            inside = [k for k, at in enumerate(line.at) if low <= at < high]
            if inside:
                pieces.append(
                    CurveStretch(tuple(line.at[k] for k in inside), tuple(line.value[k] for k in inside))
                )
    return tuple(pieces)


def _from(line: CurveStretch, start: float) -> CurveStretch:
    kept = [k for k, at in enumerate(line.at) if at >= start]

    def part(values: tuple[float, ...]) -> tuple[float, ...]:
        return tuple(values[k] for k in kept) if values else ()

    return CurveStretch(part(line.at), part(line.value), part(line.lower), part(line.upper))


def _marks(material: Material, shown: Shown) -> tuple[InterruptionMark, ...]:
    """Where interruptions began on this axis, with the stretch that is left out around them."""
    rows = [row for row in material.about_the_trial("interruption") if row.variable]
    found = []
    for number_, of_one in enumerate(grouped(rows, lambda row: row.variable).values()):
        facts = by_stat(row for row in of_one if not row.groups)
        label = str(facts["label"].stat)
        if shown.clock == "own_start":
            if number_ == 0:
                found.append(InterruptionMark(-HALF, label, _transition(material, shown)))
            continue
        starts = _starts_of(of_one, shown.name) or [
            number_of(facts["first_at"]) or 0.0,
            number_of(facts["last_at"]) or 0.0,
        ]
        stretch = _transition(material, shown) if number_ == 0 else None
        found.append(InterruptionMark(min(starts) - HALF, label, stretch))
        if max(starts) > min(starts):
            found.append(InterruptionMark(max(starts) - HALF, f"{label}, last"))
    return tuple(found)


def _starts_of(rows: Iterable[Row], region: str) -> list[float]:
    found = (number_of(row) for row in rows if row.stat_name == "at" and row.group("region") == region)
    return [at for at in found if at is not None]


def _transition(material: Material, shown: Shown) -> tuple[float, float] | None:
    """The stretch of the points that are, or hold what is, in transition or left out around the start.

    A point may be of several periods, as a quarter is of months: half the distance to the next belongs to it.
    """
    left = {
        row.group("period")
        for row in material.about_the_trial("series")
        if _is(row, shown)
        and row.stat_name in ("left", "partly_left")
        and any(reason in str(row.stat) for reason in ("transition", "excluded"))
    }
    every = {
        row.group("period"): at
        for row in material.about_the_trial("series")
        if _is(row, shown) and row.stat_name == "at"
        for at in (number_of(row),)
        if at is not None
    }
    places = [at for period, at in every.items() if period in left]
    half = HALF * min((b - a for a, b in pairwise(sorted(every.values()))), default=1.0)
    return (min(places) - half, max(places) + half) if places else None


def _is(row: Row, shown: Shown) -> bool:
    return row.group("series") == shown.name and row.group("clock") == shown.clock


def _ticks(material: Material, shown: list[Shown]) -> tuple[tuple[float, str], ...]:
    """Years of a calendar of months or quarters, six periods of time since the start, else every period."""
    found: dict[float, str] = {}
    for row in material.about_the_trial("series"):
        at = number_of(row) if row.stat_name == "at" and any(_is(row, one) for one in shown) else None
        if at is not None:
            found[at] = row.group("period")
    places = sorted(found.items())
    if shown[0].clock == "own_start":
        return tuple((at, name.replace("-", MINUS)) for at, name in places if at % 6 == 0)
    for ending in ("-01", "-Q1"):
        years = tuple((at, name.removesuffix(ending)) for at, name in places if name.endswith(ending))
        if len(years) > 1 and all(len(name) == 4 for _, name in years):
            return years
    return tuple(places)


def _scaling(material: Material, shown: list[Shown]) -> Scaling:
    binary = material.question.outcome.type == "binary"
    factor = scale_of("proportion" if binary else "", difference=False).factor
    rows = [row for row in material.about_the_trial("series") if row.stat_name == "N"]
    sizes = (number_of(row) or 0.0 for row in rows if any(_is(row, one) for one in shown))
    return Scaling(factor, max(sizes, default=1.0) or 1.0)


def _bounds(material: Material) -> tuple[float, float] | None:
    return (0.0, 100.0) if material.question.outcome.type == "binary" else None


def _axis(material: Material) -> str:
    outcome = material.question.outcome
    unit = "%" if outcome.type == "binary" else outcome.unit
    return f"{outcome.name}, {unit}" if unit else outcome.name


def _clock(material: Material, shown: Shown) -> str:
    every = next(
        (str(row.stat) for row in material.about_the_trial("interruption") if row.stat_name == "every"),
        "period",
    )
    if shown.clock == "own_start":
        return f"{capital(every)}s since the unit's own start (0 is its first {every})"
    return "Period" if every == "index" else capital(every)


def _alt(panel: SeriesPanel, outcome: str) -> str:
    values = [point.value for point in panel.points]
    if not values:
        return f"{outcome}: no point may be shown."
    marks = "; ".join(mark.label for mark in panel.marks)
    return (
        f"{outcome}: {len(values)} points from {number(min(values))} to {number(max(values))}, "
        f"with interruptions marked: {marks}. Every number is in the table behind the figure."
    )


def _notes(material: Material, panel: SeriesPanel) -> tuple[str, ...]:
    notes = []
    if material.released.policy != "none":
        notes.append("Points are made from rounded counts; points of small counts are not shown.")
    if panel.counterfactual:
        notes.append(
            "The counterfactual is what the model gives without the interruption; its band is that of the "
            "analysis' own intervals, period by period."
        )
    return tuple(notes)


def _behind(material: Material, name: str, panels: list[tuple[Shown, SeriesPanel]]) -> Table:
    rows = []
    several = len(panels) > 1
    names = {
        (row.group("series"), number_of(row)): row.group("period")
        for row in material.about_the_trial("series")
        if row.stat_name == "at"
    }
    for shown, panel in panels:
        if several:
            rows.append(TableRow((panel.title,), "group"))
        fitted, without = _by_place(panel.fitted), _by_place(panel.counterfactual)
        for point in panel.points:
            label = (
                names.get((shown.name, point.at), f"{point.at:g}")
                if shown.clock == "calendar"
                else f"{point.at:g}"
            )
            cells = (
                label,
                number(point.value),
                "partly" if point.partly else "yes" if point.used else "left out",
                number(fitted[point.at]) if point.at in fitted else NONE,
                number(without[point.at]) if point.at in without else NONE,
            )
            rows.append(TableRow(cells))
    columns = (
        Column("Period", "left"),
        Column("Observed"),
        Column("In the model", "left"),
        Column("Fitted"),
        Column("Counterfactual"),
    )
    return Table(name, "Series: every point", columns, tuple(rows))


def _by_place(lines: tuple[CurveStretch, ...]) -> dict[float, float]:
    return {at: value for line in lines for at, value in zip(line.at, line.value, strict=True)}

"""Who was under which condition when: the schedule of a stepped wedge, and what its checks say."""

from __future__ import annotations

from precept_stats.report.blocks import Block, Bullets, Column, Figure, Heading, Prose, Table, TableRow
from precept_stats.report.figure_data import ScheduleCell, ScheduleData, ScheduleLine, Sequence
from precept_stats.report.format import plural
from precept_stats.report.material import Material
from precept_stats.report.sections.calendar import Calendar, Cells, condition, mean_text, read_calendar
from precept_stats.report.sections.over_time import over_time
from precept_stats.report.words import NONE, cell, sentence

TITLES = {True: "Schedule, and the outcome over time", False: "Clusters, arms and periods"}
HIDDEN = "[c]"


def schedule(material: Material) -> tuple[Block, ...]:
    """The schedule with what its checks say, then the outcome by period; nothing for a trial without."""
    rows = material.about_the_trial("schedule")
    calendar = read_calendar(rows)
    if not calendar.clusters:
        return ()
    blocks: list[Block] = [
        Heading(2, TITLES[material.crosses]),
        _figure(material, calendar, _sequences(material, calendar)),
    ]
    checks = tuple(sentence(str(row.stat)) for row in rows if row.stat_name == "check" and row.stat)
    if checks:
        blocks += [Prose("What the checks of the design say:"), Bullets(checks)]
    return (*blocks, *over_time(material, calendar))


def _sequences(material: Material, calendar: Calendar) -> tuple[Sequence, ...]:
    """Clusters that switch together, in order of the switch, those that never switch last."""

    def first(cluster: str) -> int:
        of_periods = calendar.clusters[cluster]
        treated = (condition(of_periods.get(period, {})) for period in calendar.periods)
        return next((at for at, state in enumerate(treated) if state), len(calendar.periods))

    by_switch: dict[int, list[str]] = {}
    for name in calendar.clusters:
        by_switch.setdefault(first(name), []).append(name)
    return tuple(
        Sequence(
            f"Sequence {place}" if material.crosses else material.arms[at == len(calendar.periods)],
            tuple(_line(name, calendar.clusters[name], calendar.periods) for name in names),
        )
        for place, (at, names) in enumerate(sorted(by_switch.items()), 1)
    )


def _line(name: str, of_periods: dict[str, Cells], periods: tuple[str, ...]) -> ScheduleLine:
    return ScheduleLine(name, tuple(_cell(of_periods.get(period, {})) for period in periods))


def _cell(found: Cells) -> ScheduleCell:
    treated, size = condition(found), found.get("n")
    if "transition" in found:
        return ScheduleCell("transition")
    if treated is None or size is None or size.stat == 0:
        return ScheduleCell("none")
    text = HIDDEN if size.status == "suppressed" else cell(size)
    return ScheduleCell("intervention" if treated else "control", text)


def _figure(material: Material, calendar: Calendar, sequences: tuple[Sequence, ...]) -> Figure:
    cells = [one for sequence in sequences for line in sequence.lines for one in line.cells]
    notes = [f"The number in a cell, where it fits, is how many {material.people} were analysed."]
    if material.released.policy != "none":
        notes.append("Clusters stand under numbers in place of names, and counts are rounded to 5.")
    if any(one.text == HIDDEN for one in cells):
        notes.append(f"{HIDDEN}: not shown, being {material.small} or withheld beside such a count.")
    return Figure(
        id="schedule",
        caption=_caption(material),
        alt=_alt(material, calendar, sequences),
        data=ScheduleData(material.condition_names, calendar.periods, sequences),
        behind=_table(material, calendar, sequences),
        notes=tuple(notes),
    )


def _caption(material: Material) -> str:
    compare, reference = material.arms
    if material.crosses:
        return f"Every cluster by period, in order of the switch from {reference} to {compare}."
    return f"Every cluster by period; clusters of {compare} are under it from the follow-up on."


def _alt(material: Material, calendar: Calendar, sequences: tuple[Sequence, ...]) -> str:
    compare, reference = material.arms
    told = []
    for sequence in sequences:
        treated = [
            period
            for place, period in enumerate(calendar.periods)
            if any(line.cells[place].state == "intervention" for line in sequence.lines)
        ]
        when = f"under {compare} from period {treated[0]} on" if treated else f"under {reference} throughout"
        if treated and treated[0] == calendar.periods[0]:
            when = f"under {compare} throughout"
        told.append(f"{sequence.name}, {plural(len(sequence.lines), 'cluster')}: {when}")
    periods = plural(len(calendar.periods), "period")
    return (
        f"Schedule of {plural(len(calendar.clusters), 'cluster')} over {periods}. {'; '.join(told)}. "
        "Every cell is in the table below."
    )


def _table(material: Material, calendar: Calendar, sequences: tuple[Sequence, ...]) -> Table:
    control, intervention = material.condition_names
    rows = []
    for sequence in sequences:
        for line in sequence.lines:
            rows.append(TableRow((f"{line.label} ({sequence.name})",), "group"))
            for period in calendar.periods:
                found = calendar.clusters[line.label].get(period, {})
                treated = condition(found)
                name = "transition" if "transition" in found else NONE
                name = name if treated is None else intervention if treated else control
                rows.append(TableRow((period, name, cell(found.get("n")), mean_text(found))))
    columns = (
        Column("Period", "left"),
        Column("Condition", "left"),
        Column(material.people.capitalize()),
        Column(calendar.mean_words),
    )
    return Table("schedule-data", "Schedule: every cluster in every period", columns, tuple(rows))

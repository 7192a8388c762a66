"""The relations between counts that a reader of a release knows, because the documentation tells them.

Each function enters the counts of one part of the rows and what adds up to what. That they hold is tested on
rows at full precision. A relation is entered only where all its cells stand in rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from precept_stats.data.policies import CountRule
from precept_stats.report.attack.flows import enter_flows
from precept_stats.report.attack.shares import enter_shares
from precept_stats.report.attack.sheet import Name, Sheet
from precept_stats.report.guarded import counts_people
from precept_stats.values import Row

Placed = tuple[int, Row]
"""A row and its place in the release."""
Part = Mapping[tuple[str, str], Sequence[Placed]]
"""Rows of counts by analysis and context."""
OPPORTUNITIES = ("opportunities", "opportunities per cluster")
COUNTS = ("n", "N", "n_missing", "n_missed", "n_events", "n_excluded", "n_individuals", "n_failed", "n_rows")
CELL, PART, WHOLE = 1, 2, 4
"""What is withheld first: a cell within a table, then a part, then a whole."""


def sheet_of(rows: Sequence[Row], rule: CountRule) -> Sheet:
    """The cells of a release, and what is known of how they add up."""
    parts: dict[tuple[str, str], list[Placed]] = {}
    for place, row in enumerate(rows):
        if row.stat_name in COUNTS and not isinstance(row.stat, str) and counts_people(row):
            parts.setdefault((row.analysis, row.context), []).append((place, row))
    sheet = Sheet(rule)
    people = enter_flows(sheet, parts)
    over_periods = {row.analysis for row in rows if (row.context, row.stat_name) == ("fit", "n_periods")}
    order = list(_FAMILIES)
    known = [(analysis, context) for analysis, context in parts if context in _FAMILIES]
    for analysis, context in sorted(known, key=lambda key: order.index(key[1])):
        stem, placed = people.get(analysis, ("of", analysis)), parts[analysis, context]
        if context == "fit" and analysis in over_periods:
            _fit_over_periods(sheet, placed, stem)
        else:
            _FAMILIES[context](sheet, placed, stem)
    enter_shares(sheet, rows, people)
    return sheet


def _arm(stem: Name, arm: str) -> Name:
    """The people of an arm that an analysis is of."""
    return (*stem, arm, "analysed")


def _fit(sheet: Sheet, placed: Iterable[Placed], stem: Name) -> None:
    """The people of each arm are those that the flow ends with."""
    for place, row in placed:
        if row.stat_name == "n" and not row.term:
            sheet.put(_arm(stem, row.group("arm")), row, place, WHOLE)


def _fit_over_periods(sheet: Sheet, placed: Iterable[Placed], stem: Name) -> None:
    """Over periods people count by the condition that they were seen under."""
    names = []
    for place, row in placed:
        if row.stat_name == "n" and not row.term:
            names.append((*stem, "condition", row.analysis, row.group("arm")))
            sheet.put(names[-1], row, place, WHOLE)
    sheet.total("both conditions together are all", (*stem, "", "analysed"), names)


def _clusters(sheet: Sheet, placed: Iterable[Placed], stem: Name) -> None:
    """Events of a cluster are among its people, and the people of the clusters at follow-up are the arm's."""
    arms: dict[str, list[Name]] = {}
    events: dict[tuple[str, str], list[Name]] = {}
    for place, row in placed:
        cluster, period, arm = row.group("cluster"), row.group("period"), row.group("arm")
        name = (*stem, "cluster", arm, cluster, period, row.variable)
        sheet.put((*name, row.stat_name), row, place, CELL)
        if row.stat_name == "N" and period == "follow_up":
            arms.setdefault(arm, []).append((*name, "N"))
        if row.stat_name == "n":
            sheet.at_most("events of a cluster among its people", (*name, "n"), (*name, "N"))
            if period == "follow_up":
                events.setdefault((arm, row.variable), []).append((*name, "n"))
    for (arm, variable), parts in events.items():
        whole = sheet.unseen((*stem, arm, "events", variable))
        sheet.total("the events of an arm are those of its clusters", whole, parts)
    for arm, parts in arms.items():
        sheet.total("the people of an arm are those of its clusters", _arm(stem, arm), parts)


def _missing(sheet: Sheet, placed: Iterable[Placed], stem: Name) -> None:
    """Those without an outcome, of all: in an arm, in its clusters and in its periods."""
    parts: dict[tuple[str, str, str], list[Name]] = {}
    for place, row in placed:
        arm, cluster, period = (row.group(name) for name in ("arm", "cluster", "period"))
        within = "cluster" if cluster else "period" if period else ""
        name = (*stem, "missing", row.variable, arm, within, cluster or period)
        sheet.put((*name, row.stat_name), row, place, CELL if within else PART)
        if within and row.stat_name in ("N", "n_missing"):
            parts.setdefault((row.variable, arm, f"{within} {row.stat_name}"), []).append(
                (*name, row.stat_name)
            )
        if row.stat_name == "N":
            sheet.at_most("missing among all", (*name, "n_missing"), (*name, "N"))
        if row.stat_name == "N" and cluster:
            rest = (*stem, "cluster", arm, cluster, "follow_up", row.variable, "N")
            parts_of_it = ((*name, "n_missing"), rest)
            sheet.total("a cluster's people have an outcome or lack it", (*name, "N"), parts_of_it)
    for (variable, arm, what), names in parts.items():
        within, _, stat = what.partition(" ")
        whole = (*stem, "missing", variable, arm, "", "", stat)
        sheet.total(f"an arm is the sum of its {within}s", whole, names)


def _baseline(sheet: Sheet, placed: Iterable[Placed], stem: Name) -> None:
    """Categories of a column add up to those who have it; they and those who lack it are all described."""
    people = [(place, row) for place, row in placed if row.group("level") == "individual"]
    columns: dict[tuple[str, str], list[Name]] = {}
    for place, row in people:
        arm = row.group("arm")
        name = (*stem, "described", arm, row.variable)
        columns.setdefault((arm, row.variable), [])
        if row.stat_name == "n":
            sheet.put((*name, row.variable_level), row, place, CELL)
            columns[arm, row.variable].append((*name, row.variable_level))
        elif row.stat_name in ("N", "n_missing"):
            sheet.put((*name, row.stat_name), row, place, PART)
    for (arm, variable), levels in columns.items():
        name = (*stem, "described", arm, variable)
        sheet.total("categories of a column add up to those who have it", (*name, "N"), levels)
        whole = sheet.unseen((*stem, "described", arm))
        sheet.total("who has a column, and who lacks it", whole, ((*name, "N"), (*name, "n_missing")))


def _subgroups(sheet: Sheet, placed: Iterable[Placed], stem: Name) -> None:
    """The people of an arm are those of its subgroups."""
    arms: dict[str, list[Name]] = {}
    for place, row in placed:
        if row.stat_name == "n" and row.group("arm"):
            name = (*stem, "subgroup", row.group("arm"), row.group("subgroup"))
            sheet.put(name, row, place, CELL)
            arms.setdefault(row.group("arm"), []).append(name)
    for arm, parts in arms.items():
        sheet.total("the people of an arm are those of its subgroups", _arm(stem, arm), parts)


def _by_arm(sheet: Sheet, placed: Iterable[Placed], stem: Name) -> None:
    """Who received, or lacked an outcome, of the analysed people of an arm."""
    for place, row in placed:
        if not row.group("arm"):
            continue
        whole = _arm(stem, row.group("arm"))
        if row.stat_name == "N":
            sheet.put(whole, row, place, WHOLE)
            continue
        name = (*stem, row.context, row.group("arm"), row.stat_name)
        sheet.put(name, row, place, PART)
        sheet.at_most("a part of an arm", name, whole)


def _composites(sheet: Sheet, placed: Iterable[Placed], stem: Name) -> None:
    """Of everyone in an arm an element applied to some, did not to others, and is not known of the rest."""
    elements: dict[tuple[str, str], dict[str, Name]] = {}
    for place, row in placed:
        name = (*stem, "element", row.group("arm"), row.variable, row.stat_name)
        if row.unit in OPPORTUNITIES:
            name = (*name, "opportunities")
        sheet.put(name, row, place, CELL if row.stat_name == "n" else PART)
        elements.setdefault((row.group("arm"), row.variable), {})[row.stat_name] = name
    for (arm, _), found in elements.items():
        if "n" in found and "N" in found:
            sheet.at_most("given, of those to whom it applied", found["n"], found["N"])
        parts = [found[name] for name in ("N", "n_missing", "n_excluded") if name in found]
        if len(parts) == 3 and "opportunities" not in found["N"]:
            whole = sheet.unseen((*stem, "element", arm))
            sheet.total("applied, not known or not applicable", whole, parts)


def _correlations(sheet: Sheet, placed: Iterable[Placed], stem: Name) -> None:
    """People and events of arms add up to those of all."""
    arms: dict[str, list[Name]] = {}
    for place, row in placed:
        if row.stat_name not in ("n", "n_events") or row.group("estimator"):
            continue
        arm = row.group("arm")
        events = (*stem, arm, "events", row.variable)
        name = _arm(stem, arm) if row.stat_name == "n" else events
        sheet.put(name, row, place, PART if arm else WHOLE)
        if row.stat_name == "n_events":
            sheet.at_most("events among people", name, _arm(stem, arm))
        if arm and row.stat_name == "n_events":
            arms.setdefault(row.variable, []).append(name)
    for variable, parts in arms.items():
        sheet.total("all events are those of the arms", (*stem, "", "events", variable), parts)


def _areas(sheet: Sheet, placed: Iterable[Placed], stem: Name) -> None:
    """The people of an area are those with the outcome and those without."""
    for place, row in placed:
        name = (*stem, "area", row.variable, row.group("area"), row.group("period"))
        sheet.put((*name, row.stat_name), row, place, WHOLE if row.stat_name == "N" else CELL)
        if row.stat_name == "n_missed":
            sheet.total("with the outcome and without", (*name, "N"), ((*name, "n"), (*name, "n_missed")))


def _series(sheet: Sheet, placed: Iterable[Placed], stem: Name) -> None:
    """Events of a point are among its people; all series together are the sum of the others."""
    points: dict[tuple[str, str, str], list[Name]] = {}
    for place, row in placed:
        series, clock, period = (row.group(name) for name in ("series", "clock", "period"))
        name = (*stem, "series", row.variable, series, clock, period)
        sheet.put((*name, row.stat_name), row, place, PART if series == "all" else CELL)
        if series != "all":
            points.setdefault((clock, period, row.stat_name), []).append((*name, row.stat_name))
        if row.stat_name == "N":
            sheet.at_most("events among people", (*name, "n"), (*name, "N"))
    for (clock, period, stat), parts in points.items():
        whole = (*stem, "series", parts[0][-5], "all", clock, period, stat)
        sheet.total("all series are the sum of the others", whole, parts)


def _schedules(sheet: Sheet, placed: Iterable[Placed], stem: Name) -> None:
    """People of a cluster in a period; the cluster's are those of its periods, all those of all cells."""
    clusters: dict[str, list[Name]] = {}
    for place, row in placed:
        name = (*stem, "schedule", row.variable, row.group("cluster"), row.group("period"), row.stat_name)
        sheet.put(name, row, place, CELL)
        clusters.setdefault(row.group("cluster"), []).append(name)
    cells = [name for names in clusters.values() for name in names]
    sheet.total("all people are those of the cells", (*stem, "", "analysed"), cells)


def _quality(sheet: Sheet, placed: Iterable[Placed], _: Name) -> None:
    """Rows that lack a value, or break a rule, are among all rows that were looked at."""
    for place, row in placed:
        key = ("rows", row.group("table"), row.group("dimension"), row.variable)
        sheet.put((*key, row.stat_name), row, place, CELL)
    for name in [name for name in sheet.cells if name[0] == "rows" and name[-1] != "N"]:
        sheet.at_most("rows among all rows", name, (*name[:-1], "N"))


_FAMILIES = {
    "fit": _fit,
    "first_stage": _by_arm,
    "imputation": _by_arm,
    "icc": _correlations,
    "cluster_outcome": _clusters,
    "missingness": _missing,
    "baseline": _baseline,
    "subgroup": _subgroups,
    "composite": _composites,
    "area": _areas,
    "series": _series,
    "schedule": _schedules,
    "data_quality": _quality,
}
"""In this order: wholes are entered before what adds up to them."""

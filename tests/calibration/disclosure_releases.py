"""Releases to attack: synthetic people, counted into the tables of a report. No rule of the gate is used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from precept_stats.values import Row

ARMS = ("new", "old")


@dataclass(frozen=True)
class Person:
    """One synthetic person of a trial."""

    arm: str
    cluster: str
    month: str
    sex: str
    level: str
    excluded: bool
    missing: bool
    event: bool


def people(rng: np.random.Generator) -> tuple[Person, ...]:
    """Everyone of one trial: 2 to 6 clusters an arm, most of them small, few events, few missing."""
    found = []
    rates = rng.uniform(0.02, 0.5), rng.uniform(0.0, 0.15), rng.uniform(0.0, 0.2)
    sexes = ("female", "male", "not told")[: int(rng.integers(2, 4))]
    levels = ("1", "2", "3")[: int(rng.integers(2, 4))]
    weights = rng.dirichlet([0.8] * len(levels))
    for arm in ARMS:
        for place in range(int(rng.integers(2, 7))):
            for _ in range(int(rng.geometric(1 / rng.uniform(6, 40)))):
                draws = rng.random(3) < rates
                month = f"2020-0{rng.integers(1, 4)}"
                who = (str(rng.choice(sexes)), str(rng.choice(levels, p=weights)))
                found.append(Person(arm, f"{arm} {place}", month, *who, *map(bool, draws[[2, 1, 0]])))
    return tuple(found)


def count(analysis: str, context: str, stat: str, value: int, about: dict[str, str], **more: str) -> Row:
    """A row that counts people."""
    unit = "events" if stat in ("n_events",) or (context, stat) == ("cluster_outcome", "n") else "individuals"
    return Row(analysis, context, stat, value, unit=unit, groups=tuple(about.items()), **more)


def flow(analysis: str, all_people: Iterable[Person]) -> list[Row]:
    everyone = list(all_people)
    steps = {
        "recorded": lambda one: True,
        "excluded_1": lambda one: one.excluded,
        "eligible": lambda one: not one.excluded,
        "outcome_missing": lambda one: not one.excluded and one.missing,
        "analysed": lambda one: not one.excluded and not one.missing,
    }
    rows = []
    for step, holds in steps.items():
        rows.append(count(analysis, "flow", "n", sum(map(holds, everyone)), {}, variable=step, term=step))
        for arm in ARMS:
            number = sum(holds(one) for one in everyone if one.arm == arm)
            rows.append(count(analysis, "flow", "n", number, {"arm": arm}, variable=step, term=step))
    return rows


def fit(analysis: str, analysed: list[Person]) -> list[Row]:
    by_arm = Counter(one.arm for one in analysed)
    return [count(analysis, "fit", "n", by_arm[arm], {"arm": arm}, variable="y") for arm in ARMS]


def clusters(analysis: str, eligible: list[Person]) -> list[Row]:
    """Events and people by cluster; who lacks the outcome by arm, cluster and month."""
    rows = []
    groups: dict[tuple[str, ...], list[Person]] = {}
    for one in eligible:
        for key in ((one.arm, "", ""), (one.arm, one.cluster, ""), (one.arm, "", one.month)):
            groups.setdefault(key, []).append(one)
    for (arm, cluster, month), inside in groups.items():
        parts = {"arm": arm, "cluster": cluster, "period": month}
        about = {name: level for name, level in parts.items() if level}
        missing = sum(one.missing for one in inside)
        rows.append(count(analysis, "missingness", "n_missing", missing, about, variable="y"))
        rows.append(count(analysis, "missingness", "N", len(inside), about, variable="y"))
        if cluster:
            answered = [one for one in inside if not one.missing]
            about = {**about, "period": "follow_up"}
            events = sum(one.event for one in answered)
            rows.append(count(analysis, "cluster_outcome", "n", events, about, variable="y"))
            rows.append(count(analysis, "cluster_outcome", "N", len(answered), about, variable="y"))
    return rows


def baseline(analysis: str, eligible: list[Person], column: str) -> list[Row]:
    """One column of Table 1: its categories, those who have it, those who lack it."""
    rows = []
    for arm in ARMS:
        inside = [one for one in eligible if one.arm == arm]
        told = Counter(getattr(one, column) for one in inside)
        lacking = told.pop("not told", 0)
        about = {"arm": arm, "level": "individual"}
        for level in sorted(told):
            more = {"variable": column, "variable_level": level}
            rows.append(count(analysis, "baseline", "n", told[level], about, **more))
            rows.append(count(analysis, "baseline", "N", sum(told.values()), about, **more))
        rows.append(count(analysis, "baseline", "n_missing", lacking, about, variable=column))
    return rows


def subgroups(analysis: str, analysed: list[Person], column: str) -> list[Row]:
    rows = []
    for level in sorted({getattr(one, column) for one in analysed}):
        for arm in ARMS:
            number = sum(one.arm == arm and getattr(one, column) == level for one in analysed)
            about = {"subgroup": level, "arm": arm}
            rows.append(count(analysis, "subgroup", "n", number, about, variable="y"))
    return rows


def correlations(analysis: str, analysed: list[Person]) -> list[Row]:
    rows = []
    for arm in ("", *ARMS):
        inside = [one for one in analysed if not arm or one.arm == arm]
        about = {"arm": arm} if arm else {}
        rows.append(count(analysis, "icc", "n", len(inside), about, variable="y"))
        rows.append(count(analysis, "icc", "n_events", sum(one.event for one in inside), about, variable="y"))
    return rows


def trial(rng: np.random.Generator) -> tuple[tuple[Row, ...], tuple[Row, ...]]:
    """Two successive releases of one trial: the main results, then subgroups, months and correlations."""
    everyone = people(rng)
    eligible = [one for one in everyone if not one.excluded]
    analysed = [one for one in eligible if not one.missing]
    first = [*flow("primary", everyone), *fit("primary", analysed), *clusters("primary", eligible)]
    first += baseline("primary", eligible, "sex")
    second = []
    for column in ("level", "sex"):
        name = f"by {column}"
        second += [*flow(name, everyone), *fit(name, analysed), *subgroups(name, analysed, column)]
    second += [*flow("likeness", everyone), *correlations("likeness", analysed)]
    return tuple(first), tuple(second)


def regions(rng: np.random.Generator) -> tuple[tuple[Row, ...], tuple[Row, ...]]:
    """Two releases of areas by period: who had the outcome, and series; then also who had it not."""
    first, second, series = [], [], []
    for period in ("2019", "2020"):
        total = [0, 0]
        for place in range(int(rng.integers(3, 7))):
            size = int(rng.integers(0, 60))
            events = int(rng.binomial(size, rng.uniform(0.05, 0.5)))
            total = [total[0] + events, total[1] + size]
            series += points({"series": f"Area {place}", "clock": "calendar", "period": period}, events, size)
            area = {"area": f"Area {place}", "period": period}
            for stat, value in (("n", events), ("N", size), ("n_missed", size - events)):
                second.append(count("areas", "area", stat, value, area, variable="y"))
            first += second[-3:-1]
        series += points({"series": "all", "clock": "calendar", "period": period}, *total)
    return (*first, *series), tuple(second)


def points(about: dict[str, str], events: int, size: int) -> list[Row]:
    pairs = (("n", events), ("N", size))
    rows = [count("series", "series", stat, value, about, variable="y") for stat, value in pairs]
    share = events / size if size else 0.0
    groups = tuple(about.items())
    value = Row("series", "series", "value", share, unit="proportion", groups=groups, variable="y")
    return [*rows, value]

"""The flow of clusters and individuals: who stands at each step, and who left and why.

Items of the CONSORT extension to cluster trials (Campbell et al. 2012, BMJ 345:e5661): clusters
and individuals in each arm at every step, with cluster sizes. The counts are made from the rows
themselves, so what stands before a step less what leaves at it is what stands after.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from precept_stats.studies.cluster_trial_design import Floats, Ints
from precept_stats.values import Row

Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Roster:
    """Whom each row is about. Arrays have one entry a row.

    ``cluster`` is -1 where the row names none; ``arm`` is 0 for the reference, 1 for the compared
    arm, -1 for any other or none; ``people`` is how many individuals the row stands for.
    """

    cluster: Ints
    cluster_names: tuple[str, ...]
    arm: Ints
    arm_names: tuple[str, str]
    people: Floats
    people_label: str = "Individuals"


@dataclass(frozen=True, slots=True)
class Headcount:
    """Clusters and individuals of one arm (all arms when ``arm`` is empty).

    ``sizes`` is the median, least and greatest number of individuals in a cluster.
    """

    arm: str
    n_clusters: int
    n: int
    sizes: tuple[float, float, float] | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One box of the flow diagram. ``left`` tells those who left from those who stand.

    For a step at which rows leave, ``n_clusters`` counts the clusters lost entirely there.
    """

    name: str
    words: str
    left: bool
    counts: tuple[Headcount, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Selection:
    """The rows still in, and the steps that led here. Every step gives a new selection."""

    roster: Roster
    kept: Bools
    steps: tuple[Step, ...] = ()

    def stand(self, name: str, words: str, *, sizes: bool = False) -> Selection:
        """Record who stands here; ``sizes`` adds the spread of cluster sizes."""
        counts = tuple(self._headcount(arm, self.kept & among, sizes) for arm, among in _by_arm(self.roster))
        return replace(self, steps=(*self.steps, Step(name, words, False, counts)))

    def leave(self, name: str, words: str, leaving: Bools) -> Selection:
        """Let the rows of ``leaving`` that are still in go, and record how many they were."""
        gone = self.kept & leaving
        kept = self.kept & ~leaving
        counts = tuple(
            Headcount(
                arm,
                len(self._clusters(self.kept & among)) - len(self._clusters(kept & among)),
                self._people(gone & among),
            )
            for arm, among in _by_arm(self.roster)
        )
        return Selection(self.roster, kept, (*self.steps, Step(name, words, True, counts)))

    def begun_with(self, absent: Mapping[str, int]) -> Selection:
        """Put before all steps the clusters that were allocated and have no row, counted by arm."""
        total = {"": sum(absent.values()), **absent}
        first = self.steps[0].counts
        allocated = tuple(Headcount(c.arm, c.n_clusters + total.get(c.arm, 0), c.n) for c in first)
        without = tuple(Headcount(c.arm, total.get(c.arm, 0), 0) for c in first)
        before = (
            Step("allocated", "Allocated", False, allocated),
            Step("no_rows", "Allocated, without a row in the data", True, without),
        )
        return replace(self, steps=before + self.steps)

    def clusters(self) -> Ints:
        """Numbers of the clusters that still have a row."""
        return self._clusters(self.kept)

    def _clusters(self, mask: Bools) -> Ints:
        present = np.bincount(self.roster.cluster[mask] + 1, minlength=1)[1:]
        return np.flatnonzero(present)

    def _people(self, mask: Bools) -> int:
        return round(float(self.roster.people[mask].sum()))

    def _headcount(self, arm: str, mask: Bools, sizes: bool) -> Headcount:
        clusters = self._clusters(mask)
        spread = None
        if sizes and len(clusters):
            by_cluster = np.bincount(self.roster.cluster[mask] + 1, weights=self.roster.people[mask])[1:][
                clusters
            ]
            spread = (float(np.median(by_cluster)), float(by_cluster.min()), float(by_cluster.max()))
        return Headcount(arm, len(clusters), self._people(mask), spread)


def _by_arm(roster: Roster) -> Iterator[tuple[str, Bools]]:
    yield "", np.ones(len(roster.arm), dtype=np.bool_)
    for code, name in enumerate(roster.arm_names):
        yield name, roster.arm == code


def flow_rows(steps: tuple[Step, ...], people_label: str) -> tuple[Row, ...]:
    """The steps as rows: for each, all rows whatever their arm, then each arm."""
    return tuple(
        row for step in steps for count in step.counts for row in _count_rows(step, count, people_label)
    )


def _count_rows(step: Step, count: Headcount, people_label: str) -> Iterator[Row]:
    statistics: list[tuple[str, int | float, str, str]] = [
        ("n_clusters", count.n_clusters, "Clusters lost" if step.left else "Clusters", "clusters"),
        ("n", count.n, f"{people_label} left out" if step.left else people_label, "individuals"),
    ]
    if count.sizes is not None:
        median, least, greatest = count.sizes
        statistics += [
            ("size_median", median, "Median cluster size", "individuals"),
            ("size_min", least, "Least cluster size", "individuals"),
            ("size_max", greatest, "Greatest cluster size", "individuals"),
        ]
    for name, stat, label, unit in statistics:
        yield Row(
            analysis="",
            context="flow",
            stat_name=name,
            stat=stat,
            stat_label=label,
            unit=unit,
            groups=(("arm", count.arm),) if count.arm else (),
            variable=step.name,
            term=step.words,
        )

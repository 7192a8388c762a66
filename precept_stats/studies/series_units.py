"""What is known of each unit of a series: its start, its cluster, where it is, whether it was interrupted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from precept_stats.errors import DataError
from precept_stats.studies.calendar import period_numbers, period_of
from precept_stats.studies.cluster_trial_design import Ints
from precept_stats.studies.interrupted_series import InterruptedSeries
from precept_stats.studies.interruptions import Interruption
from precept_stats.studies.labels import Labels, listed, near_match
from precept_stats.studies.population import Gathered
from precept_stats.studies.programme import Programme
from precept_stats.studies.row_columns import frozen
from precept_stats.studies.series_design import NEVER, Bools, InterruptionAt
from precept_stats.studies.series_rows import labels_of, of_units

TimeStudy = Programme | InterruptedSeries
"""As the contents page has it, which imports this."""

Coded = tuple[Ints, tuple[str, ...]]


@dataclass(frozen=True, slots=True, eq=False)
class UnitFacts:
    """What was read of the units (U,): codes with their names; no codes where the study names no column."""

    interruptions: tuple[InterruptionAt, ...]
    treated: Bools
    cluster: Coded
    region: tuple[Ints | None, tuple[str, ...]]
    level: tuple[Ints | None, tuple[str, ...]]


@dataclass(frozen=True, slots=True, eq=False)
class UnitReader:
    """Reads columns that are constant within units; ``row_unit`` numbers the units of the ``kept`` rows."""

    study: TimeStudy
    gathered: Gathered
    kept: Bools
    row_unit: Ints
    names: tuple[str, ...]

    def read(self) -> UnitFacts:
        """Everything that is known of the units."""
        region, level = (self.described(field) or (None, ()) for field in ("region", "level"))
        return UnitFacts(self.interruptions(), self.treated(), self.cluster(), region, level)

    def codes(self, column: str | None, what: str) -> Coded | None:
        """A column as one code a unit (U,) and its names; None where the study names none."""
        if column is None:
            return None
        labels = labels_of(column, self.gathered, self.kept, what)
        own = Labels(labels.codes[self.kept], labels.names)
        found = of_units(own, self.row_unit, self.names, (what, self.gathered.where(column)))
        return frozen(found), labels.names

    def cluster(self) -> Coded:
        """What units are alike within: the unit itself where the study names nothing."""
        column = self.study.cluster if isinstance(self.study, Programme) else None
        return self.codes(column, "cluster") or (
            frozen(np.arange(len(self.names), dtype=np.intp)),
            self.names,
        )

    def described(self, field: str) -> Coded | None:
        """The region or the level of each unit."""
        if not isinstance(self.study, Programme):
            return None
        return self.codes(self.study.region if field == "region" else self.study.level, field)

    def treated(self) -> Bools:
        """Which units the interruption reached; DataError for a control that is not there."""
        controls = self.study.controls if isinstance(self.study, InterruptedSeries) else None
        absent = [name for name in controls.series if name not in self.names] if controls else []
        if absent:
            raise DataError(
                "a control series is not in the data",
                found=listed(f"{name!r}{near_match(name, self.names)}" for name in absent),
                allowed=listed(self.names, 20),
                where=f"column {getattr(self.study, 'series', '')!r}",
            )
        treated = np.array([controls is None or name not in controls.series for name in self.names])
        if not treated.any():
            raise DataError("every series is a control", found=listed(self.names), allowed="one that is not")
        return frozen(treated)

    def interruptions(self) -> tuple[InterruptionAt, ...]:
        """Every interruption with the period in which it began for each unit."""
        return tuple(
            InterruptionAt(
                name, one.label or name, one.effects, one.transition, one.affects, self._start(name, one)
            )
            for name, one in self.study.interruptions.items()
        )

    def _start(self, name: str, one: Interruption) -> Ints:
        every = self.study.time.every
        if one.column is None:
            number = period_of(one.at, every, f"study.interruptions.{name}.at")
            return frozen(np.full(len(self.names), number, dtype=np.intp))
        where = self.gathered.where(one.column)
        numbers = period_numbers(self.gathered.frame.loc[self.kept, one.column], every, where)
        found = of_units(Labels(numbers, ()), self.row_unit, self.names, ("start", where))
        self._require_starts(name, found, where)
        return frozen(found)

    def _require_starts(self, name: str, start: Ints, where: str) -> None:
        """Of a programme every unit has a start; of series, one at least."""
        never = [unit for unit, number in zip(self.names, start, strict=True) if number == NEVER]
        whole = isinstance(self.study, Programme) and name == self.study.first
        if (never and whole) or len(never) == len(start):
            raise DataError(
                f"units have no start of {name!r}",
                found=f"{listed(never)}: {len(never)} of {len(start)}",
                allowed="a start for every unit; leave others out with a population condition",
                where=where,
            )

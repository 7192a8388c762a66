"""From rows of a table to cells of a series: one unit and period each, counted or averaged."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from precept_stats.errors import DataError
from precept_stats.studies.calendar import Frequency, label_of
from precept_stats.studies.cluster_trial_design import Covariate, Floats, Ints
from precept_stats.studies.covariates import varying_clusters
from precept_stats.studies.labels import Labels, label_rows, listed
from precept_stats.studies.population import Gathered
from precept_stats.studies.row_columns import frozen
from precept_stats.studies.series_design import Bools
from precept_stats.studies.spelling import one_spelling, placed


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """The distinct pairs of unit and period among some rows, and the cell of every row."""

    unit: Ints
    period: Ints
    of_row: Ints

    @property
    def count(self) -> int:
        return len(self.unit)

    def total(self, values: Floats) -> Floats:
        """Sums by cell (n,)."""
        return np.bincount(self.of_row, weights=values, minlength=self.count)

    def mean(self, values: Floats, size: Floats) -> Floats:
        """Means by cell (n,), each row counting as its size."""
        found: Floats = self.total(values * size) / self.total(size)
        return found


def cells_of(unit: Ints, period: Ints) -> Cells:
    """Cells in the order of units, then of periods, whatever the order of the rows."""
    pairs, of_row = np.unique(np.column_stack([unit, period]), axis=0, return_inverse=True)
    return Cells(pairs[:, 0].astype(np.intp), pairs[:, 1].astype(np.intp), of_row.reshape(-1).astype(np.intp))


def refuse_repeated(cells: Cells, names: tuple[str, ...], every: Frequency, where: str) -> None:
    """DataError for a unit and period that has several rows."""
    counts = np.bincount(cells.of_row, minlength=cells.count)
    twice = np.flatnonzero(counts > 1)
    if len(twice):
        told = [
            f"{names[cells.unit[i]]} {label_of(int(cells.period[i]), every)} ({counts[i]} rows)"
            for i in twice
        ]
        raise DataError(
            f"periods stand in more than one row: {len(twice)} of {cells.count}",
            found=listed(told),
            allowed=f"one row a {every} and unit. If rows are finer than a {every}, or several series are "
            "in the table: say so (`every`, `series`, `several_rows: sum`), or choose rows in the population",
            where=where,
        )


def labels_of(column: str, gathered: Gathered, kept: Bools, what: str) -> Labels:
    """The names in a column, every kept row with one, of one spelling; those of kept rows alone."""
    labels = label_rows(gathered.frame[column])
    placed(labels, kept, gathered.where(column), what)
    one_spelling(labels, kept, gathered.where(column), what)
    used = np.unique(labels.codes[kept])
    number = np.full(len(labels.names) + 1, -1, dtype=np.intp)
    number[used] = np.arange(len(used))
    return Labels(number[labels.codes], tuple(labels.names[code] for code in used))


def of_units(labels: Labels, row_unit: Ints, units: tuple[str, ...], what: tuple[str, str]) -> Ints:
    """One code a unit (U,). DataError where it varies within a unit; ``what`` it is, and where."""
    torn = varying_clusters(labels.codes, row_unit, len(units))
    if len(torn):
        raise DataError(
            f"a unit has more than one {what[0]}",
            found=listed(units[one] for one in torn),
            allowed=f"one {what[0]} a unit",
            where=what[1],
        )
    found = np.full(len(units), -1, dtype=np.intp)
    found[row_unit] = labels.codes
    return found


def averaged(covariate: Covariate, cells: Cells, size: Floats) -> Covariate:
    """A covariate of rows as its means by cell, shares of a category's levels among them."""
    means = np.column_stack([cells.mean(values, size) for values in covariate.values.T])
    return Covariate(covariate.name, covariate.level, covariate.columns, frozen(means))

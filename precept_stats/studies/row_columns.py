"""Columns that a study may name beside outcome and covariates: groupings, weights, what was received."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from precept_stats.errors import DataError
from precept_stats.studies.cluster_trial import ClusterTrial
from precept_stats.studies.cluster_trial_design import Floats, Group, Ints, Received, Subgroup
from precept_stats.studies.flow import Bools
from precept_stats.studies.labels import counted_values, crossed, label_rows
from precept_stats.studies.outcome_coding import numbers
from precept_stats.studies.population import Gathered
from precept_stats.studies.spelling import one_spelling, placed
from precept_stats.studies.subgroup import read_subgroup
from precept_stats.studies.trial_columns import TrialColumns, columns_of


@dataclass(frozen=True, slots=True, eq=False)
class RowColumns:
    """The groupings, weights, offset, what was received and the subgroup of the analysed rows."""

    groups: tuple[Group, ...] = ()
    weights: Floats | None = None
    offset: Floats | None = None
    received: Received | None = None
    subgroup: Subgroup | None = None

    def keys(self) -> tuple[Floats | Ints, ...]:
        """What tells two rows apart here, for an order that depends on values alone."""
        received = None if self.received is None else self.received.values
        numeric = [part for part in (self.weights, self.offset, received) if part is not None]
        levels = () if self.subgroup is None else (self.subgroup.codes,)
        return (*(group.codes for group in self.groups), *levels, *numeric)

    def reordered(self, order: Ints) -> RowColumns:
        """The same columns with the rows in another order, read-only."""
        return RowColumns(
            tuple(replace(group, codes=frozen(group.codes[order])) for group in self.groups),
            None if self.weights is None else frozen(self.weights[order]),
            None if self.offset is None else frozen(self.offset[order]),
            None
            if self.received is None
            else replace(self.received, values=frozen(self.received.values[order])),
            None
            if self.subgroup is None
            else replace(self.subgroup, codes=frozen(self.subgroup.codes[order])),
        )


def frozen[Kind: np.generic](
    array: np.ndarray[tuple[int, ...], np.dtype[Kind]],
) -> np.ndarray[tuple[int, ...], np.dtype[Kind]]:
    """The array itself, made read-only."""
    array.setflags(write=False)
    return array


def read_row_columns(study: TrialColumns, gathered: Gathered, analysed: Bools) -> RowColumns:
    """The groupings, weights, offset, what was received and the subgroup of the rows in ``analysed``.

    Raises DataError for a row without its group, a group of two spellings, a weight that is not
    above 0, and a weight, offset or dose that is missing or no number: a row is never left out for them in
    silence.
    """
    return RowColumns(
        tuple(_group(name, gathered, analysed) for name in study.groups),
        _weights(study.weights, gathered, analysed),
        _numbers(study.offset, gathered, analysed),
        _received(study, gathered, analysed),
        read_subgroup(study, gathered, analysed),
    )


def _group(name: str, gathered: Gathered, analysed: Bools) -> Group:
    parts = []
    for column in columns_of(name):
        parts.append(label_rows(gathered.frame[column]))
        placed(parts[-1], analysed, gathered.where(column), "group")
        one_spelling(parts[-1], analysed, gathered.where(column), "group")
    labels = crossed(parts)
    used, codes = np.unique(labels.codes[analysed], return_inverse=True)
    return Group(name, tuple(labels.names[code] for code in used), codes.astype(np.intp))


def _numbers(name: str | None, gathered: Gathered, analysed: Bools) -> Floats | None:
    if name is None:
        return None
    column: pd.Series = gathered.frame.loc[analysed, name]
    return numbers(column, np.ones(len(column), dtype=np.bool_), gathered.where(name))


def _received(study: TrialColumns, gathered: Gathered, analysed: Bools) -> Received | None:
    name = study.received if isinstance(study, ClusterTrial) else None
    values = _numbers(name, gathered, analysed)
    return None if name is None or values is None else Received(name, values)


def _weights(name: str | None, gathered: Gathered, analysed: Bools) -> Floats | None:
    weights = _numbers(name, gathered, analysed)
    if weights is not None and name is not None and (weights <= 0).any():
        raise DataError(
            "a weight is 0 or negative",
            found=counted_values(gathered.frame.loc[analysed, name][weights <= 0]),
            allowed="weights above 0 (leave the other rows out with a population condition)",
            where=gathered.where(name),
        )
    return weights

"""Covariates as coded columns: numbers as they are, categories against their first level."""

from __future__ import annotations

import numpy as np
import pandas as pd
from pandas.api import types

from precept_stats.data.schema import FieldSchema, InferredField
from precept_stats.studies.cluster_trial_design import Covariate, Floats, Ints
from precept_stats.studies.flow import Bools
from precept_stats.studies.labels import Labels, label_rows, text_of
from precept_stats.studies.outcome_coding import numbers, refuse_near_numbers

Column = Labels | Floats
"""A characteristic of each row: category labels, or numbers with NaN where missing."""


def is_categorical(column: pd.Series, field: FieldSchema | None) -> bool:
    """Whether a column holds categories.

    A schema decides by its type (string, boolean) or by a list of categories or allowed values,
    so that codes 1, 2, 3 are categories when the schema lists them. Without one, text, booleans
    and pandas categories are; numbers are not.
    """
    if field is not None and (field.type in ("string", "boolean") or levels_of(field)):
        return True
    return not types.is_numeric_dtype(column.dtype) or types.is_bool_dtype(column.dtype)


def levels_of(field: FieldSchema | None) -> tuple[str, ...]:
    """The levels that a schema lists, in its order; empty when it lists none."""
    listed = field.constraints.enum if field is not None else None
    return tuple(text_of(level) for level in listed or ())


def read_column(
    column: pd.Series, field: FieldSchema | None, where: str, *, categorical: bool = False
) -> Column:
    """A column as labels in level order, or as numbers. Raises DataError for what is neither.

    ``categorical`` makes labels of any column: strata and pairs are names, whatever their codes.
    """
    if not (categorical or is_categorical(column, field)):
        present = column.notna().to_numpy()
        values = numbers(column, present, where)
        values[~present] = np.nan
        return values
    if not categorical and (field is None or isinstance(field, InferredField)):
        refuse_near_numbers(column, where)
    return read_labels(column, field)


def read_labels(column: pd.Series, field: FieldSchema | None) -> Labels:
    """A column as labels in level order, whatever its codes."""
    return _in_order(label_rows(column), _declared_order(column, field))


def _declared_order(column: pd.Series, field: FieldSchema | None) -> tuple[str, ...]:
    if isinstance(column.dtype, pd.CategoricalDtype) and not levels_of(field):
        return tuple(text_of(level) for level in column.dtype.categories)
    return levels_of(field)


def _in_order(labels: Labels, order: tuple[str, ...]) -> Labels:
    """The same labels with the declared levels first, in their order."""
    names = tuple(dict.fromkeys([name for name in order if name in labels.names] + list(labels.names)))
    renumber = np.array([names.index(name) for name in labels.names] + [-1], dtype=np.intp)
    return Labels(renumber[labels.codes], names)


def is_missing(column: Column) -> Bools:
    """True where a row has no value."""
    return column.codes < 0 if isinstance(column, Labels) else np.isnan(column)


def first_by_cluster(codes: Ints, row_cluster: Ints, n_clusters: int) -> Ints:
    """The first non-missing code of each cluster; -1 for a cluster that has none."""
    first = np.full(n_clusters, -1, dtype=np.intp)
    seen = codes >= 0
    first[row_cluster[seen][::-1]] = codes[seen][::-1]
    return first


def varying_clusters(codes: Ints, row_cluster: Ints, n_clusters: int) -> Ints:
    """Numbers of the clusters in which a code takes more than one value, missing not counted."""
    first = first_by_cluster(codes, row_cluster, n_clusters)
    return np.unique(row_cluster[(codes >= 0) & (codes != first[row_cluster])])


def as_codes(column: Column) -> Ints:
    """The distinct values of a column numbered; -1 where missing."""
    if isinstance(column, Labels):
        return column.codes
    return pd.factorize(column)[0].astype(np.intp)


def _varies_within(values: Floats, row_cluster: Ints, n_clusters: int) -> bool:
    low, high = np.full(n_clusters, np.inf), np.full(n_clusters, -np.inf)
    np.minimum.at(low, row_cluster, values)
    np.maximum.at(high, row_cluster, values)
    rounding = 4 * np.finfo(np.float64).eps * float(np.max(np.abs(values), initial=0.0))
    return bool(np.max(high - low) > max(1e-9 * float(np.ptp(values)), rounding))


def code_covariate(name: str, column: Column, row_cluster: Ints, n_clusters: int) -> Covariate:
    """Code one covariate of the analysed rows, none of them missing.

    It is ``cluster`` level when constant within every cluster, numbers to 1e-9 of their range (or
    to rounding), so that a last digit lost on the way through a file does not change the level. A
    category has one 0/1 column a level after the first level that occurs; levels without a row have
    no column.
    """
    if isinstance(column, Labels):
        varies = len(varying_clusters(column.codes, row_cluster, n_clusters)) > 0
        used = np.unique(column.codes)
        columns = tuple(f"{name}[{column.names[level]}]" for level in used[1:])
        values = (column.codes[:, None] == used[None, 1:]).astype(np.float64)
    else:
        varies = _varies_within(column, row_cluster, n_clusters)
        columns, values = (name,), column[:, None].copy()
    return Covariate(name, "individual" if varies else "cluster", columns, values)

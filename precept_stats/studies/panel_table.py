"""The cells of a study over time as one table, for the estimators of other programs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from precept_stats.data.dataset import Source, Table, load_table
from precept_stats.studies.interrupted_series import InterruptedSeries
from precept_stats.studies.programme import Programme
from precept_stats.studies.question import Question
from precept_stats.studies.series_design import NEVER, SeriesDesign
from precept_stats.studies.series_tables import prepare_series

NEVER_TREATED = 0
"""What other programs call the first treated period of a unit that never is."""


def panel_table(
    study: Programme | InterruptedSeries, data: Source | Mapping[str, Source], question: Question
) -> pd.DataFrame:
    """One row a unit and period that is in the model, with plain columns.

    ``period_number`` and ``first_treated`` count periods (months since the year 0); ``first_treated`` is 0
    for a unit that the first interruption never reaches, and ``time_from_start`` then missing. ``weight`` is
    the denominator, ``y`` events over it. Raises DataError like the analysis itself.
    """
    sources = data if isinstance(data, Mapping) else {question.population.of: data}
    tables = {
        name: one if isinstance(one, Table) else load_table(one, None, name) for name, one in sources.items()
    }
    table = _cells(prepare_series(study, tables, question).design)
    synthetic = any(one.synthetic for one in tables.values())
    return table.assign(data_origin="synthetic") if synthetic else table


def _cells(design: SeriesDesign) -> pd.DataFrame:
    used = design.cells(design.used)
    first = used.interruptions[0]
    reached = (first.start != NEVER) & used.treated
    begin = np.where(reached, first.start + used.first_after, NEVER_TREATED)[used.row_unit]
    mine = reached[used.row_unit]
    columns = {
        "unit": np.array(used.units)[used.row_unit],
        "unit_number": used.row_unit + 1,
        "period": [used.label(int(one)) for one in used.period],
        "period_number": used.period,
        "first_treated": begin,
        "treated": (mine & (used.period >= begin)).astype(int),
        "time_from_start": pd.array(np.where(mine, used.period - begin, 0), dtype="Int64"),
        "y": used.y,
        "weight": used.size,
        "events": used.events,
        "cluster": np.array(used.cluster_names)[used.row_cluster],
        "cluster_number": used.row_cluster + 1,
    }
    columns |= _described(used)
    table = pd.DataFrame(columns)
    table.loc[~mine, "time_from_start"] = pd.NA
    return table


def _described(used: SeriesDesign) -> dict[str, object]:
    """Region, level and covariates, where the study names them."""
    found: dict[str, object] = {}
    if used.region is not None:
        found["region"] = np.array(used.region_names)[used.region[used.row_unit]]
    if used.level is not None:
        found["level"] = np.array(used.level_names)[used.level[used.row_unit]]
    for one in used.covariates:
        for name, values in zip(one.columns, one.values.T, strict=True):
            found[name] = values
    return found

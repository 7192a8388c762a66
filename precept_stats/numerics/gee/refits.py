"""The estimating equations solved anew without each cluster in turn."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from precept_stats.numerics.gee.cells import Cells, GeeRows
from precept_stats.numerics.gee.fit import GeeFit, Reason, fit_gee

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Refits:
    """The parameters without each cluster (K, p), and why there are none: one reason a cluster, or ''."""

    params: Matrix
    reasons: tuple[Reason, ...]


def leave_one_out(fit: GeeFit) -> Refits:
    """Mean and correlation estimated anew without each cluster, the columns being as they were."""
    rows = _rows(fit.cells)
    found = [fit_gee(_without(rows, k), fit.model) for k in range(fit.cells.n_clusters)]
    return Refits(np.array([one.params for one in found]), tuple(one.reason for one in found))


def _rows(cells: Cells) -> GeeRows:
    """The rows that the cells were made of, or what they collapsed to."""
    n, pc = len(cells.count), cells.coarse.shape[1]
    X = np.empty((n, cells.n_parameters))
    X[:, cells.columns[:pc]] = np.repeat(cells.coarse, cells.cell_rows, axis=0)
    X[:, cells.columns[pc:]] = cells.fine
    return GeeRows(
        X=X,
        count=cells.count,
        total=cells.total,
        squares=cells.squares,
        exposure=cells.exposure,
        cluster=np.repeat(np.arange(cells.n_clusters), np.diff(cells.cluster_at, append=n)),
        period=np.repeat(cells.segment_period, np.diff(cells.segment_at, append=n)),
        weight=cells.weight,
    )


def _without(rows: GeeRows, cluster: int) -> GeeRows:
    kept = rows.cluster != cluster
    codes = rows.cluster[kept]
    return replace(
        rows,
        X=rows.X[kept],
        count=rows.count[kept],
        total=rows.total[kept],
        squares=rows.squares[kept],
        exposure=rows.exposure[kept],
        cluster=codes - (codes > cluster),
        period=rows.period[kept],
        weight=np.delete(rows.weight, cluster),
    )

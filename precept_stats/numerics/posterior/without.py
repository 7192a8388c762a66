"""A likelihood without one of its clusters; the columns, and so the coordinates, stay as they are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from precept_stats.numerics.posterior.counts import Counts
from precept_stats.numerics.posterior.density import Likelihood
from precept_stats.numerics.posterior.gaussian import Gaussian


def without_cluster(likelihood: Likelihood, cluster: int) -> Likelihood | None:
    """The same data but for the cluster of a number; None for a likelihood that cannot be taken apart."""
    match likelihood:
        case Counts():
            return _fewer_counts(likelihood, cluster)
        case Gaussian():
            return _fewer_values(likelihood, cluster)
        case _:
            return None


def _fewer_counts(data: Counts, cluster: int) -> Counts:
    start, end = int(data.starts[cluster]), int(data.starts[cluster + 1])
    kept = np.ones(len(data.y), dtype=np.bool_)
    kept[start:end] = False
    starts = np.delete(data.starts, cluster)
    starts[cluster:] -= end - start
    return replace(
        data,
        X=np.ascontiguousarray(data.X[kept]),
        y=data.y[kept],
        size=data.size[kept],
        offset=data.offset[kept],
        starts=starts.astype(np.intp),
        surface=None,
    )


def _fewer_values(data: Gaussian, cluster: int) -> Gaussian:
    values, of_row = data.rows
    kept, cells = of_row != cluster, data.cluster != cluster
    own = values[~kept]
    return replace(
        data,
        gram=data.gram - own.T @ own,
        sums=data.sums[cells],
        count=data.count[cells],
        cluster=(data.cluster[cells] - (data.cluster[cells] > cluster)).astype(np.intp),
        n_clusters=data.n_clusters - 1,
        rows=(values[kept], (of_row[kept] - (of_row[kept] > cluster)).astype(np.intp)),
    )

"""Names in data that must be there, be written in one way, and be one within each cluster."""

from __future__ import annotations

import numpy as np

from precept_stats.errors import DataError
from precept_stats.studies.covariates import varying_clusters
from precept_stats.studies.flow import Bools
from precept_stats.studies.labels import Labels, spelling


def placed(labels: Labels, eligible: Bools, where: str, what: str) -> None:
    """Every eligible row has a name."""
    nowhere = int((eligible & (labels.codes < 0)).sum())
    if nowhere:
        raise DataError(
            f"{nowhere} eligible rows have no {what}",
            found=f"{nowhere} empty cells",
            allowed=f"a {what} in every eligible row (leave other rows out with a population condition)",
            where=where,
        )


def one_spelling(labels: Labels, eligible: Bools, where: str, what: str) -> None:
    """Names that a reader would take for one are one: a stray blank never makes another cluster."""
    rows = np.bincount(labels.codes[eligible & (labels.codes >= 0)], minlength=len(labels.names))
    first: dict[str, int] = {}
    for code in np.flatnonzero(rows):
        other = first.setdefault(spelling(labels.names[code]), int(code))
        if other != code:
            raise DataError(
                f"{'an' if what == 'arm' else 'a'} {what} is written in two ways",
                found=" and ".join(
                    f"{labels.names[one]!r} ({rows[one]} row{'' if rows[one] == 1 else 's'})"
                    for one in (code, other)
                ),
                allowed="one spelling each, to the last blank and capital letter",
                where=where,
            )


def one_a_cluster(cluster: Labels, labels: Labels, eligible: Bools, what: tuple[str, str]) -> None:
    """``labels`` take one value within a cluster; ``what`` is what they are, and where."""
    rows = cluster.codes[eligible]
    codes = labels.codes[eligible]
    torn = varying_clusters(codes, rows, len(cluster.names))
    if len(torn):
        shown = [
            f"cluster {cluster.names[one]} in "
            + " and ".join(repr(labels.names[code]) for code in np.unique(codes[rows == one]) if code >= 0)
            for one in torn[:5]
        ]
        raise DataError(
            f"{what[0]} varies within {len(torn)} cluster{'s' if len(torn) > 1 else ''}",
            found="; ".join(shown),
            allowed=f"one {what[0]} a cluster",
            where=what[1],
        )

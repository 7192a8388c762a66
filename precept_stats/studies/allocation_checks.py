"""What must hold of a set of allocations, and what a reader should know of it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from precept_stats.errors import DataError
from precept_stats.studies.allocation_set import Codes, Ints
from precept_stats.studies.labels import listed

SHOWN = 8


def require_distinct(codes: Codes, where: str) -> None:
    """DataError when an allocation stands twice: it would count as twice as likely."""
    _, first, counts = np.unique(codes, axis=0, return_index=True, return_counts=True)
    twice = np.sort(first[counts > 1])
    if len(twice):
        raise DataError(
            f"{len(twice)} allocations stand more than once",
            found=f"number {int(twice[0]) + 1:,} of {len(codes):,}, up to {int(counts.max())} times",
            allowed="each acceptable allocation once, as all are equally likely",
            where=where,
        )


def require_used(codes: Codes, own: Ints, clusters: tuple[str, ...], where: str) -> None:
    """DataError when no allocation is the one that the data show: the declared design is wrong.

    ``own`` (K,) is -1 for clusters of the set that the data do not have.
    """
    known = own >= 0
    off = codes[:, known] != own[known]
    nearest = int(off.sum(axis=1).argmin())
    if off[nearest].any():
        differ = [clusters[place] for place in np.flatnonzero(known)[off[nearest]]]
        raise DataError(
            "the allocation of the data is not among those declared, so the trial had another design",
            found=f"none of {len(codes):,} allocations is it; the nearest differs in {len(differ)} clusters: "
            + listed(differ, SHOWN),
            allowed="a set that holds the allocation that was used",
            where=where,
        )


def set_warnings(codes: Codes, clusters: tuple[str, ...]) -> Iterator[str]:
    """What a reader should know of a set of two arms (M, K): mirror images, clusters that are tied."""
    treated = codes.sum(axis=1)
    if np.all(2 * treated == codes.shape[1]):
        alone = _without_mirror(codes)
        if alone:
            yield (
                f"{alone:,} of {len(codes):,} allocations have no mirror image in the set (the same with the "
                "arms exchanged): chance alone is not the same in both directions, and exchanging the arms "
                "may change a two-sided p-value"
            )
    share = codes.mean(axis=0)
    fixed = [name for name, one in zip(clusters, share, strict=True) if one in (0.0, 1.0)]
    if fixed:
        yield f"in the same arm in every acceptable allocation: {listed(fixed, SHOWN)}"
    signs = 2.0 * codes.astype(np.float64) - 1.0
    together = signs.T @ signs / len(signs)
    free = [place for place, one in enumerate(share) if 0.0 < one < 1.0]
    tied = [(i, j) for i in free for j in free if i < j and abs(together[i, j]) > 1.0 - 1e-12]
    if tied:
        pairs = (
            f"{clusters[i]} and {clusters[j]} ({'the same arm' if together[i, j] > 0 else 'different arms'})"
            for i, j in tied
        )
        yield f"always allocated alike or opposite: {listed(pairs, SHOWN)}"


def _without_mirror(codes: Codes) -> int:
    """How many allocations have no other with the arms exchanged."""
    whole, place = np.unique(np.vstack([codes, 1 - codes]), axis=0, return_inverse=True)
    there = np.zeros(len(whole), dtype=np.bool_)
    there[place.ravel()[: len(codes)]] = True
    return int((~there[place.ravel()[len(codes) :]]).sum())

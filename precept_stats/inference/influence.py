"""Influence of each cluster: the effect estimated again with every cluster left out in turn."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from precept_stats.errors import DataError, FitError
from precept_stats.inference.rows import READERS, Header
from precept_stats.values import Estimate, Row, Status

LEFT_OUT = "left_out"
"""The name of the group that says which cluster was left out."""


def influence_rows(
    header: Header, clusters: Sequence[str], refit: Callable[[int], tuple[Estimate, Status]]
) -> Iterator[Row]:
    """Rows of the effect without each cluster; ``refit`` is asked by the cluster's number.

    A refit that fails is a row without a number, with the reason. No plan may choose clusters by these: they
    say how much an answer hangs on one cluster.
    """
    for number, name in enumerate(clusters):
        plain = replace(header, status="ok", warning="")
        groups = ((LEFT_OUT, name),)
        try:
            estimate, status = refit(number)
        except (FitError, DataError) as problem:
            row = plain.row("influence", "estimate", None, "Estimate without the cluster")
            reason = "; ".join(part for part in (problem.problem, problem.found) if part)
            yield replace(row, groups=groups, error=reason, status="failed")
            continue
        for stat_name, label, stat in _statistics(estimate):
            if stat is None or not math.isfinite(stat):
                continue
            yield replace(
                plain.row("influence", stat_name, stat, label),
                groups=groups,
                unit=estimate.unit if stat_name in READERS else "",
                term=estimate.contrast,
                measure=estimate.measure,
                scale=estimate.scale,
                status=status,
            )


def _statistics(estimate: Estimate) -> tuple[tuple[str, str, float | None], ...]:
    kind, (below, above) = estimate.interval.kind, estimate.interval.without_end
    lower, upper = estimate.interval.lower, estimate.interval.upper
    return (
        ("estimate", "Estimate without the cluster", estimate.value),
        ("std_error", "Standard error without the cluster", estimate.std_error),
        ("conf_low", f"Lower {kind} limit without the cluster", None if below else lower),
        ("conf_high", f"Upper {kind} limit without the cluster", None if above else upper),
    )

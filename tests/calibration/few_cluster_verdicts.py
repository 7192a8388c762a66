"""What the record docs/few_clusters.json says of each analysis, by a rule that is stated."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from tests.calibration.few_cluster_analyses import ANALYSES

NOMINAL = 0.05
MARGIN = 3.0
"""Monte Carlo standard errors that chance alone may account for."""
UNANSWERED = 0.10
"""An analysis without an answer in more trials of a cell than this is not recommended."""
ENOUGH = 1000
"""With fewer trials in a cell a verdict stands only so far, and the number is shown."""
AVERAGE = {variant: analysis.average for analysis in ANALYSES for variant in analysis.variants}


@dataclass(frozen=True)
class Result:
    """One variant in one cell. Counts are of trials; ``covered`` is None where the truth is not known."""

    clusters: int
    sizes: str
    icc: float
    outcome: str
    effect: bool
    variant: str
    trials: int
    answered: int
    rejected: int
    covered: int | None
    rejected_of_first: int
    covered_of_first: int | None
    boundary: int
    unbounded: int
    median_width: float | None
    bias: float | None
    bias_mcse: float | None

    @property
    def rate(self) -> float:
        """Rejections among the trials answered; NaN where there are none."""
        return self.rejected / self.answered if self.answered else math.nan

    @property
    def coverage(self) -> float:
        return math.nan if self.covered is None or not self.answered else self.covered / self.answered

    @property
    def unanswered(self) -> float:
        return 1 - self.answered / self.trials

    @property
    def too_often(self) -> bool:
        """Rejects a true null more often than 5 % by more than Monte Carlo error allows."""
        return self.rate > NOMINAL + self._half

    @property
    def unsettled(self) -> bool:
        """Rejects more often than so many trials as will be enough would bear, and there are fewer."""
        return self.trials < ENOUGH and self.rate > NOMINAL + MARGIN * _error(ENOUGH)

    @property
    def too_rarely(self) -> bool:
        return self.rate < NOMINAL - self._half

    @property
    def misses(self) -> bool:
        """Covers less often than 95 % by more than Monte Carlo error allows."""
        return self.coverage < 1 - NOMINAL - self._half

    @property
    def _half(self) -> float:
        return MARGIN * _error(self.answered) if self.answered else math.nan


def _error(trials: int) -> float:
    """Monte Carlo standard error of a share of 5 %."""
    return math.sqrt(NOMINAL * (1 - NOMINAL) / trials)


def results(record: Mapping[str, Any]) -> list[Result]:
    """Every variant of every cell that was recorded."""
    names = record["fields"]
    assert set(names) <= {field.name for field in fields(Result)}
    return [
        Result(**cell["scenario"], variant=variant, **dict(zip(names, row, strict=True)))
        for cell in record["cells"]
        for variant, row in cell["results"].items()
    ]


def variants(found: Iterable[Result]) -> list[str]:
    """Names in the order of the analyses."""
    there = {r.variant for r in found}
    return [name for name in AVERAGE if name in there]


def nulls(found: Iterable[Result], variant: str, clusters: int, outcome: str | None = None) -> list[Result]:
    """The cells without an effect of a variant at so many clusters."""
    return [
        r
        for r in found
        if r.variant == variant
        and r.clusters == clusters
        and not r.effect
        and outcome in (None, r.outcome)
        and r.answered
    ]


def spread(cells: Iterable[Result]) -> str:
    """Least and greatest type I error, in per cent, and the fewest trials of a cell where these are few."""
    held = list(cells)
    if not held:
        return "not run"
    rates, fewest = sorted(100 * r.rate for r in held), min(r.trials for r in held)
    return f"{rates[0]:.1f} to {rates[-1]:.1f}{_so_far(fewest)}"


def _so_far(trials: int) -> str:
    return "" if trials >= ENOUGH else f"; {trials} trials"


def verdict(cells: list[Result]) -> str:
    """``too often``, ``unanswered``, ``open``, ``cautious``, ``keeps`` or, where none was run, nothing."""
    if not cells:
        return ""
    if any(r.too_often for r in cells):
        return "too often"
    if any(r.unanswered > UNANSWERED for r in cells):
        return "unanswered"
    if any(r.unsettled for r in cells):
        return "open"
    return "cautious" if any(r.too_rarely for r in cells) else "keeps"


def relative_width(found: Iterable[Result], variant: str, clusters: int) -> float:
    """Median over cells of the width beside that of the first variant; infinite where it is not bounded.

    Of risk differences under an effect in trials of very unequal sizes.
    """
    cells = [r for r in found if r.clusters == clusters and r.effect and r.sizes == "very unequal"]
    base = {(r.icc, r.outcome): r.median_width for r in cells if r.variant == next(iter(AVERAGE))}
    mine = [r for r in cells if r.variant == variant]
    if not mine or "odds ratio" in variant:
        return math.inf
    if any(r.median_width is None for r in mine):
        return math.inf
    ratios = sorted(r.median_width / base[r.icc, r.outcome] for r in mine)
    middle = len(ratios) // 2
    return ratios[middle] if len(ratios) % 2 else (ratios[middle - 1] + ratios[middle]) / 2

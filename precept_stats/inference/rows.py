"""From a fit and its estimates to rows: one number a row, with its context."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from precept_stats.inference.fit import Fit
from precept_stats.values import Context, Estimate, Purpose, Row, Status


@dataclass(frozen=True, slots=True)
class Header:
    """What every row of an analysis repeats."""

    analysis: str
    estimand: str
    purpose: Purpose
    variable: str
    status: Status = "ok"
    warning: str = ""

    def row(self, context: Context, stat_name: str, stat: float | int | str | None, label: str = "") -> Row:
        """A plain row under this header."""
        return Row(
            analysis=self.analysis,
            context=context,
            stat_name=stat_name,
            stat=stat,
            stat_label=label,
            estimand=self.estimand,
            purpose=self.purpose,
            variable=self.variable,
            warning=self.warning,
            status=self.status,
        )


def estimate_rows(header: Header, estimate: Estimate, arm: str = "") -> tuple[Row, ...]:
    """One row a number of the estimate; ``arm`` marks the mean of an arm instead of the effect."""
    statistics: list[tuple[str, str, float | None]] = [
        ("estimate", "Estimate", estimate.value),
        ("std_error", "Standard error", estimate.std_error),
        ("conf_low", "Lower confidence limit", estimate.interval.lower),
        ("conf_high", "Upper confidence limit", estimate.interval.upper),
        ("conf_level", "Confidence level", estimate.interval.level),
    ]
    if not arm:
        statistics += [
            ("df", "Degrees of freedom", estimate.df),
            ("statistic", "Test statistic", estimate.statistic),
            ("p_value", "Two-sided p-value", estimate.p_value),
            ("null", "Null value", estimate.null),
        ]
    return tuple(
        replace(
            header.row("arm_summary" if arm else "estimate", name, stat, label),
            unit=estimate.unit if name in ("estimate", "conf_low", "conf_high", "null") else "",
            groups=(("arm", arm),) if arm else (),
            term=estimate.contrast,
            measure=estimate.measure,
            scale=estimate.scale,
        )
        for name, label, stat in statistics
        if stat is not None
    )


def fit_rows(header: Header, fit: Fit) -> Iterator[Row]:
    """The facts, evidence and settings of a fit."""
    for fact in fit.facts:
        row = header.row(fact.context, fact.name, fact.stat, fact.label)
        yield replace(row, unit=fact.unit, groups=fact.groups, warning="")
    for name, value in fit.evidence:
        yield header.row("fit", name, value, "Evidence of the fit's status")
    for name, value in fit.settings:
        row = header.row("setting", "value", value, "Setting used")
        yield replace(row, variable=name, warning="", status="ok")

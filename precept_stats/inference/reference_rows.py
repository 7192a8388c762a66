"""The distribution of a test's statistic at no effect, in bins, one number a row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from precept_stats.inference.randomisation import Randomisation
from precept_stats.inference.rows import Header
from precept_stats.inference.uncertainty import Uncertainty
from precept_stats.numerics.reference import binned
from precept_stats.values import Estimate, Row

EXTREME, BETWEEN = "as_extreme", "less_extreme"
"""The level of a bin: at least as far from 0 as the observed statistic, or not."""


def reference_rows(header: Header, uncertainty: Uncertainty, effect: Estimate) -> Iterator[Row]:
    """Where a fit's test has a distribution of its own: its bins, the observed statistic, the share beyond.

    ``measure`` names the statistic, which has the unit of the effect where it is on the effect's scale.
    """
    if not isinstance(uncertainty, Randomisation):
        return
    reference = uncertainty.test.reference()
    found = binned(reference)
    unit = effect.unit if reference.in_units else ""

    def row(name: str, stat: float | str, label: str, unit: str = "") -> Row:
        plain = header.row("reference", name, stat, label)
        return replace(
            plain, term=effect.contrast, measure=reference.name, unit=unit, warning="", status="ok"
        )

    yield row("test", uncertainty.name, "Test")
    yield row("n_replicates", found.replicates, "Values in the distribution")
    yield row("n_distinct", found.distinct, "Distinct values in the distribution")
    yield row("observed", reference.observed, "Observed statistic", unit)
    yield row("share_extreme", found.share_extreme, "Share at least as far from 0 as the observed one")
    for number, one in enumerate(found.bins, 1):
        level = EXTREME if one.extreme else BETWEEN
        for name, stat, label, of in (
            ("lower", one.lower, "Lower end of the bin", unit),
            ("upper", one.upper, "Upper end of the bin", unit),
            ("share", one.share, "Share of the distribution in the bin", ""),
        ):
            yield replace(row(name, stat, label, of), groups=(("bin", str(number)),), variable_level=level)

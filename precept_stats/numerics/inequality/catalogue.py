"""Every measure of inequality, in the order in which tables show them."""

from __future__ import annotations

from precept_stats.numerics.inequality.concentration import CONCENTRATION, GINI
from precept_stats.numerics.inequality.entropy import ENTROPY
from precept_stats.numerics.inequality.gaps import GAPS
from precept_stats.numerics.inequality.impact import IMPACT
from precept_stats.numerics.inequality.mean_differences import MEAN_DIFFERENCES
from precept_stats.numerics.inequality.measure import Measure
from precept_stats.numerics.inequality.slope import SLOPES
from precept_stats.numerics.inequality.spread import MEAN, SPREAD

MEASURES: dict[str, Measure] = {
    measure.name: measure
    for measure in (
        MEAN, *GAPS, *SPREAD, *MEAN_DIFFERENCES, *ENTROPY, GINI, *IMPACT, *CONCENTRATION, *SLOPES
    )
}  # fmt: skip
"""By name; docs/methods/disparity_indices.md defines each."""

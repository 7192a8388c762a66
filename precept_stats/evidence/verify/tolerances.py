"""How far a number that is made again may lie from the one that was released, by what kind it is.

| class | what | within |
|---|---|---|
| exact | counts, words, degrees of freedom that are counts | equal |
| closed form | means, regressions, permutations, sandwich errors | 1e-9, relative |
| iterative | of likelihoods and estimating equations: estimates | 1e-6, relative, or 1e-8 |
| iterative error | their errors, limits, statistics and degrees of freedom | 1e-5, relative, or 1e-8 |
| variance | variances, correlations and what is made of them | 1e-4, relative, or 1e-8 |
| p-value | | 1e-4, relative, or both below 1e-12 |
| sampled | of posteriors, by the reviewer's own draws | 4 Monte Carlo errors of the difference |
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from precept_stats.values import Row

Kind = Literal["exact", "closed form", "iterative", "iterative error", "variance", "p-value", "sampled"]

RELATIVE: dict[Kind, float] = {
    "exact": 0.0,
    "closed form": 1e-9,
    "iterative": 1e-6,
    "iterative error": 1e-5,
    "variance": 1e-4,
    "p-value": 1e-4,
}
FLOOR: dict[Kind, float] = {"iterative": 1e-8, "iterative error": 1e-8, "variance": 1e-8, "p-value": 1e-12}
CLOSED_FORMS = (
    "cluster_summaries",
    "cluster_regression",
    "randomisation_test",
    "wild_cluster_bootstrap",
    "instrumental_variables",
    "before_after",
)
SAMPLED = ("bayesian_hierarchical", "bayesian_its")
ERRORS = ("std_error", "conf_low", "conf_high", "statistic", "df", "df1", "df2")
OF_DATA = (
    "flow",
    "baseline",
    "missingness",
    "cluster_outcome",
    "data_quality",
    "schedule",
    "series",
    "composite",
)
OF_VARIANCES = ("icc", "fit", "prediction", "size_dependence", "unit")
GIVEN = ("conf_level", "null", "observed", "mean_size", "cv_size", "threshold", "other_threshold")
"""Numbers beside a posterior that the plan or the data give, and no draw."""
MONTE_CARLO = 4.0
FAR = 15.0


@dataclass(frozen=True, slots=True)
class Sampling:
    """The standard deviation of a posterior and the effective sample size, of the reviewer's own draws."""

    deviation: float
    effective: float

    def reach(self) -> float:
        """How far two runs of as many draws may lie apart, tails and medians taken alike."""
        return MONTE_CARLO * 2.0 * self.deviation * math.sqrt(2.0 / self.effective)


def kind_of(row: Row, method: str) -> Kind:
    """The class of a row of an analysis by this method; rows of no analysis are of the data."""
    if not isinstance(row.stat, float):
        return "exact"
    if row.context in OF_DATA or (not method and row.context in ("area", "disparity")):
        return "closed form"
    if method in SAMPLED:
        return "closed form" if row.context == "setting" or row.stat_name in GIVEN else "sampled"
    if row.stat_name.endswith("p_value") or row.stat_name in ("p_value", "adjusted_p"):
        return "p-value"
    if method in CLOSED_FORMS:
        return "closed form"
    if row.context in OF_VARIANCES:
        return "variance"
    return "iterative error" if row.stat_name in ERRORS else "iterative"


def agreeing(theirs: float, ours: float) -> float:
    """The log relative error: the number of digits that agree, at most 15."""
    if theirs == ours:
        return FAR
    size = abs(theirs) or 1.0
    return max(0.0, min(FAR, -math.log10(abs(theirs - ours) / size)))


def within(kind: Kind, theirs: float, ours: float) -> bool:
    """Whether two numbers of one class are the same. Sampled ones must be equal: see ``sampling``."""
    if kind == "p-value" and max(abs(theirs), abs(ours)) < FLOOR["p-value"]:
        return True
    floor = FLOOR.get(kind, 0.0) if kind != "p-value" else 0.0
    return math.isclose(theirs, ours, rel_tol=RELATIVE.get(kind, 0.0), abs_tol=floor)

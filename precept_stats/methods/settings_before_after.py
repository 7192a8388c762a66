"""Settings of the before-after regression: its rows, weights, trend, variance, and what stands beside it."""

from __future__ import annotations

import math
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from precept_stats.inference.degrees_of_freedom import DegreesOfFreedom, FixedDf
from precept_stats.methods.settings import Choice
from precept_stats.numerics.clustered_least_squares import cr1_covariance, cr2_covariance
from precept_stats.numerics.linear import LinearFit, classical_covariance
from precept_stats.numerics.sandwich import hc_covariance

Matrix = NDArray[np.float64]
Ints = NDArray[np.intp]


class UnitPeriods(Choice):
    """A row is a unit in a period (a month)."""

    kind: Literal["unit_periods"] = "unit_periods"


class UnitWindows(Choice):
    """A row is a unit before, or after, its start: its periods there taken together."""

    kind: Literal["unit_windows"] = "unit_windows"


class EqualRows(Choice):
    """Every row counts the same, whatever its denominator."""

    kind: Literal["equal"] = "equal"


class Denominators(Choice):
    """A row counts as much as its denominator: every person counts the same."""

    kind: Literal["denominators"] = "denominators"


class NoStartTerm(Choice):
    """Nothing about when a unit started."""

    kind: Literal["none"] = "none"


class TimeFromStart(Choice):
    """The period counted from the unit's own start, as a line: a trend common to before and after."""

    kind: Literal["time_from_start"] = "time_from_start"


class StartLine(Choice):
    """The unit's start month, as a line: constant within a unit."""

    kind: Literal["start_line"] = "start_line"


class StartCategories(Choice):
    """A level for each start month that occurs: constant within a unit."""

    kind: Literal["start_categories"] = "start_categories"


class NoStudyMonth(Choice):
    """Nothing about the calendar."""

    kind: Literal["none"] = "none"


class StudyMonthLine(Choice):
    """The calendar period, as a line: a trend common to all units."""

    kind: Literal["line"] = "line"


class ClassicalErrors(Choice):
    """The ordinary variance: rows independent, with one residual variance (over their weight)."""

    kind: Literal["classical"] = "classical"

    def found(self, fit: LinearFit, cluster: Ints) -> tuple[Matrix, DegreesOfFreedom | None]:
        """The covariance, and a df rule where it brings its own."""
        return classical_covariance(fit), None


class RobustErrors(Choice):
    """White's variance with the factor n / (n - p) (HC1): rows independent."""

    kind: Literal["hc1"] = "hc1"

    def found(self, fit: LinearFit, cluster: Ints) -> tuple[Matrix, DegreesOfFreedom | None]:
        """The covariance, and a df rule where it brings its own."""
        return hc_covariance(fit, "hc1"), None


class ClusteredErrors(Choice):
    """The cluster sandwich with Stata's factor (CR1): any likeness within clusters, if they are many."""

    kind: Literal["cr1"] = "cr1"

    def found(self, fit: LinearFit, cluster: Ints) -> tuple[Matrix, DegreesOfFreedom | None]:
        """The covariance, and a df rule where it brings its own."""
        return cr1_covariance(fit, cluster), None


class ReducedErrors(Choice):
    """The bias-reduced cluster sandwich (CR2), for few clusters."""

    kind: Literal["cr2"] = "cr2"

    def found(self, fit: LinearFit, cluster: Ints) -> tuple[Matrix, DegreesOfFreedom | None]:
        """The covariance, and a df rule where it brings its own."""
        pieces = cr2_covariance(fit, cluster)
        return pieces.covariance, pieces.df


class NormalReference(Choice):
    """The normal distribution."""

    kind: Literal["normal"] = "normal"

    def rule(self, rows_df: int, clusters: int, own: DegreesOfFreedom | None) -> DegreesOfFreedom:
        """No end of degrees of freedom."""
        return FixedDf(math.inf, "normal")


class ResidualReference(Choice):
    """t on the number of rows minus parameters."""

    kind: Literal["residual"] = "residual"

    def rule(self, rows_df: int, clusters: int, own: DegreesOfFreedom | None) -> DegreesOfFreedom:
        """Rows minus parameters."""
        return FixedDf(float(rows_df), "rows - parameters")


class ClustersMinusOne(Choice):
    """t on the number of clusters minus 1."""

    kind: Literal["clusters_minus_one"] = "clusters_minus_one"

    def rule(self, rows_df: int, clusters: int, own: DegreesOfFreedom | None) -> DegreesOfFreedom:
        """Clusters minus 1."""
        return FixedDf(clusters - 1.0, "clusters - 1")


class SatterthwaiteReference(Choice):
    """t on Satterthwaite's degrees of freedom of CR2, asked for each contrast."""

    kind: Literal["satterthwaite"] = "satterthwaite"

    def rule(self, rows_df: int, clusters: int, own: DegreesOfFreedom | None) -> DegreesOfFreedom:
        """The variance's own rule."""
        return own if own is not None else FixedDf(clusters - 1.0, "clusters - 1")


class NothingBeside(Choice):
    """The named inference alone."""

    kind: Literal["none"] = "none"


class FewClusterInference(Choice):
    """CR2 with Satterthwaite's df, and the wild cluster bootstrap over every vector of signs, as well."""

    kind: Literal["few_clusters"] = "few_clusters"


class IgnoredAutocorrelation(Choice):
    """Rows of a unit are taken as independent of each other, which periods of one unit are not."""

    kind: Literal["ignored"] = "ignored"


class WithinClusters(Choice):
    """Any correlation within clusters, over time too, is in the cluster sandwich."""

    kind: Literal["within_clusters"] = "within_clusters"


BeforeAfterRows = Annotated[UnitPeriods | UnitWindows, Field(discriminator="kind")]
RowWeights = Annotated[EqualRows | Denominators, Field(discriminator="kind")]
StartTerm = Annotated[NoStartTerm | TimeFromStart | StartLine | StartCategories, Field(discriminator="kind")]
StudyMonth = Annotated[NoStudyMonth | StudyMonthLine, Field(discriminator="kind")]
RowVariance = Annotated[
    ClassicalErrors | RobustErrors | ClusteredErrors | ReducedErrors, Field(discriminator="kind")
]
RowReference = Annotated[
    NormalReference | ResidualReference | ClustersMinusOne | SatterthwaiteReference,
    Field(discriminator="kind"),
]
BesideIt = Annotated[NothingBeside | FewClusterInference, Field(discriminator="kind")]
RowAutocorrelation = Annotated[IgnoredAutocorrelation | WithinClusters, Field(discriminator="kind")]

"""Settings of a panel regression: event window, variance, reference, autocorrelation, what stands beside."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from precept_stats.inference.degrees_of_freedom import DegreesOfFreedom, FixedDf
from precept_stats.methods.settings import Choice
from precept_stats.methods.settings_before_after import (
    ClustersMinusOne,
    Denominators,
    EqualRows,
    NormalReference,
    NothingBeside,
    ResidualReference,
    SatterthwaiteReference,
    WithinClusters,
)
from precept_stats.numerics.panel.effects import Matrix, Panel
from precept_stats.numerics.panel.ols import (
    ClusterErrors,
    DriscollKraayErrors,
    PanelFit,
    reduced_covariance,
    rule_of_thumb,
    two_way,
)


class EventWindow(Choice):
    """A coefficient for each period since a unit's own start; the ends take in all that lies beyond."""

    kind: Literal["binned"] = "binned"
    leads: int = Field(
        default=6, ge=2, description="So many periods before the start; the earliest takes in all before it."
    )
    lags: int = Field(
        default=12, ge=1, description="So many periods after it; the latest takes in all after it."
    )


class ClusteredPanel(Choice):
    """The cluster sandwich with Stata's factor (CR1), every effect of a unit or period counted."""

    kind: Literal["clustered"] = "clustered"

    def found(self, panel: Panel, X: Matrix) -> tuple[PanelFit, DegreesOfFreedom | None]:
        """The regression of y on X, and a df rule where the variance brings its own."""
        return two_way(panel, X, ClusterErrors()), None

    def independent(self, panel: Panel) -> int:
        """How many pieces are taken as independent."""
        return panel.n_clusters


class ReducedPanel(Choice):
    """The bias-reduced cluster sandwich (CR2) of the regression on every effect, for few clusters."""

    kind: Literal["cr2"] = "cr2"

    def found(self, panel: Panel, X: Matrix) -> tuple[PanelFit, DegreesOfFreedom | None]:
        """The regression of y on X, and a df rule where the variance brings its own."""
        plain, reduced = two_way(panel, X, ClusterErrors()), reduced_covariance(panel, X)
        return PanelFit(plain.params, reduced.covariance, plain.df), reduced.df

    def independent(self, panel: Panel) -> int:
        """How many pieces are taken as independent."""
        return panel.n_clusters


class DriscollKraay(Choice):
    """Driscoll and Kraay's variance: any correlation between units, and over time up to a lag."""

    kind: Literal["driscoll_kraay"] = "driscoll_kraay"
    lag: int | None = Field(
        default=None,
        ge=0,
        description="In periods that have data; none: the whole part of 4 (T / 100)^(2/9), T periods.",
    )

    def found(self, panel: Panel, X: Matrix) -> tuple[PanelFit, DegreesOfFreedom | None]:
        """The regression of y on X, and a df rule where the variance brings its own."""
        return two_way(panel, X, DriscollKraayErrors(self.lag_of(panel))), None

    def lag_of(self, panel: Panel) -> int:
        """The lag, that of the rule of thumb where none is named."""
        return rule_of_thumb(panel.n_periods) if self.lag is None else self.lag

    def independent(self, panel: Panel) -> int:
        """How many pieces are taken as (nearly) independent."""
        return panel.n_periods


class PeriodsMinusOne(Choice):
    """t on the number of periods minus 1, for Driscoll and Kraay's variance."""

    kind: Literal["periods_minus_one"] = "periods_minus_one"

    def rule(self, rows_df: int, pieces: int, own: DegreesOfFreedom | None) -> DegreesOfFreedom:
        """Periods minus 1."""
        return FixedDf(pieces - 1.0, "periods - 1")


class UpToLag(Choice):
    """Correlation over time up to the lag of Driscoll and Kraay's variance, and any between units."""

    kind: Literal["up_to_lag"] = "up_to_lag"


class Cr2Beside(Choice):
    """CR2 with Satterthwaite's df as well."""

    kind: Literal["cr2"] = "cr2"


PanelWeights = Annotated[EqualRows | Denominators, Field(discriminator="kind")]
PanelVariance = Annotated[ClusteredPanel | ReducedPanel | DriscollKraay, Field(discriminator="kind")]
PanelReference = Annotated[
    ClustersMinusOne | NormalReference | ResidualReference | SatterthwaiteReference | PeriodsMinusOne,
    Field(discriminator="kind"),
]
PanelAutocorrelation = Annotated[WithinClusters | UpToLag, Field(discriminator="kind")]
PanelBeside = Annotated[NothingBeside | Cr2Beside, Field(discriminator="kind")]

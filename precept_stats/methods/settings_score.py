"""The GEE score as the statistic of a randomisation test, and which law goes with which measure."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from precept_stats.methods.settings import Choice
from precept_stats.methods.settings_gee import (
    ClusterWeights,
    ExchangeableWorking,
    GeeWeights,
    IndependentWorking,
    ParticipantWeights,
)
from precept_stats.studies.question import Summary

LAWS: dict[Summary, tuple[str, str]] = {
    "mean_difference": ("identity", "gaussian"),
    "risk_difference": ("identity", "gaussian"),
    "rate_difference": ("identity", "poisson"),
    "risk_ratio": ("log", "poisson"),
    "rate_ratio": ("log", "poisson"),
    "odds_ratio": ("logit", "binomial"),
}
"""The link whose coefficient (or its exponential) is the measure, and the working variance."""

ScoreCorrelation = Annotated[IndependentWorking | ExchangeableWorking, Field(discriminator="kind")]


class GeeScore(Choice):
    """The score of the arm in estimating equations fitted without it, with the link of the measure.

    Ratios and odds ratios have a log or logit link, differences the identity. Weights by size count every
    participant the same, equal weights every cluster.
    """

    kind: Literal["gee_score"] = "gee_score"
    correlation: ScoreCorrelation = Field(
        default=IndependentWorking(), description="The working correlation of people of one cluster."
    )
    studentised: bool = Field(
        default=False,
        description="Over the robust standard error of the efficient score, for when clusters may vary more "
        "in one arm.",
    )

    def value_text(self, field: str) -> str:
        """The correlation by its kind."""
        return self.correlation.kind if field == "correlation" else str(self.studentised).lower()


def gee_weights(kind: Literal["equal", "size"]) -> GeeWeights:
    """Weights of cluster summaries as weights of people."""
    return ClusterWeights() if kind == "equal" else ParticipantWeights()

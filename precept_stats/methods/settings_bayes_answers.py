"""Settings of what a Bayesian model tells beside the effect: left-out clusters, and clusters by rank."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from precept_stats.inference.left_out import UNRELIABLE
from precept_stats.methods.settings import Choice


class NoValidation(Choice):
    """No cluster is left out."""

    kind: Literal["none"] = "none"


class LeaveOneClusterOut(Choice):
    """Every cluster is predicted from the others, its effect integrated out; by PSIS, or by a refit.

    Two analyses of a plan that both ask for this can be compared by it (`compared_with`).
    """

    kind: Literal["leave_one_cluster_out"] = "leave_one_cluster_out"
    refit_above: float = Field(
        default=UNRELIABLE,
        gt=0,
        description="The Pareto k above which the posterior is sampled again without the cluster.",
    )


class NotRanked(Choice):
    """Clusters are not estimated one by one."""

    kind: Literal["none"] = "none"


class Ranked(Choice):
    """Shrunken estimates of clusters with their ranks, and how probably each is among the worst."""

    kind: Literal["ranked"] = "ranked"
    worst: int = Field(default=5, ge=1, description="How many clusters count as the worst.")


Validation = Annotated[NoValidation | LeaveOneClusterOut, Field(discriminator="kind")]
Ranking = Annotated[NotRanked | Ranked, Field(discriminator="kind")]

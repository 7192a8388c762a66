"""The probability that a cluster was allocated to the compared arm: declared, or the share that was."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from precept_stats.inference.fit import Fact
from precept_stats.methods.settings import Choice
from precept_stats.numerics.nuisance import Modelled, shares_of_groups
from precept_stats.numerics.proportion import two_sided_chance
from precept_stats.studies.cluster_trial_design import ClusterTrialDesign

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

UNLIKELY = 0.05
"""A declared probability is warned of where an allocation as uneven is less likely (an assumption)."""


class ShareOfClusters(Choice):
    """The share of clusters in the arm, in each stratum; it stays when a cluster is left out."""

    kind: Literal["share_of_clusters"] = "share_of_clusters"

    @property
    def words(self) -> str:
        return "the share of clusters in the arm"

    def of(self, design: ClusterTrialDesign) -> Floats:
        """The probability of the compared arm for each cluster (K,)."""
        return self.modelled(design).values

    def modelled(self, design: ClusterTrialDesign) -> Modelled:
        """The same as an estimate, with its estimating functions."""
        return shares_of_groups(design.arm.astype(np.float64), _strata(design))

    def warnings(self, design: ClusterTrialDesign) -> tuple[str, ...]:
        """Shares are those of the data."""
        return ()


class DeclaredShare(Choice):
    """The probability of the compared arm by the randomisation, the same for every cluster."""

    kind: Literal["declared"] = "declared"
    compare: float = Field(default=0.5, gt=0.0, lt=1.0, description="The probability of the compared arm.")

    @property
    def words(self) -> str:
        return f"the declared {self.compare:g}"

    def of(self, design: ClusterTrialDesign) -> Floats:
        """The probability of the compared arm for each cluster (K,)."""
        return np.full(design.n_clusters, self.compare)

    def modelled(self, design: ClusterTrialDesign) -> Modelled | None:
        """Nothing is estimated."""
        return None

    def warnings(self, design: ClusterTrialDesign) -> tuple[str, ...]:
        """A warning where clusters would seldom have been allocated as they are."""
        count, compared = design.n_clusters, int(design.arm.sum())
        chance = two_sided_chance(compared, count, self.compare)
        if chance >= UNLIKELY:
            return ()
        return (
            f"the declared probability of {design.arm_names[1]} is {self.compare:g}, and {compared} of "
            f"{count} clusters are in it; an allocation so uneven has a chance of {chance:.2g}. If the "
            "declaration is wrong the estimate is too; share_of_clusters takes the share that was allocated",
        )


ArmProbability = Annotated[ShareOfClusters | DeclaredShare, Field(discriminator="kind")]


def probability_facts(design: ClusterTrialDesign, probability: Floats) -> tuple[Fact, ...]:
    """The probability of the compared arm, by stratum where it differs."""
    label = f"Probability of {design.arm_names[1]}"
    if design.stratum is None or np.ptp(probability) == 0.0:
        return (Fact("arm_probability", label, float(probability[0])),)
    return tuple(
        Fact(
            "arm_probability",
            label,
            float(probability[design.stratum == number][0]),
            groups=(("stratum", name),),
        )
        for number, name in enumerate(design.stratum_names)
    )


def _strata(design: ClusterTrialDesign) -> Ints:
    return design.stratum if design.stratum is not None else np.zeros(design.n_clusters, dtype=np.intp)

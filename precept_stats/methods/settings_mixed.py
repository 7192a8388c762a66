"""Settings of the linear mixed model: criterion, and the reference distribution with what it needs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from precept_stats.errors import FitError
from precept_stats.inference.between_within import BetweenWithinDf
from precept_stats.inference.degrees_of_freedom import DegreesOfFreedom, FixedDf
from precept_stats.inference.kenward_roger import kenward_roger
from precept_stats.inference.satterthwaite import satterthwaite
from precept_stats.methods.mixed_random import RandomPart, varies_within
from precept_stats.methods.mixed_terms import FixedPart
from precept_stats.methods.settings import Choice
from precept_stats.numerics.mixed.fit import MixedFit
from precept_stats.numerics.mixed.model import Grouping

Matrix = NDArray[np.float64]
Inferred = tuple[Matrix, DegreesOfFreedom]
"""The covariance of the fixed effects and the rule for degrees of freedom that goes with it."""


class RestrictedLikelihood(Choice):
    """Restricted maximum likelihood: variances allow for the fixed effects that were estimated."""

    kind: Literal["reml"] = "reml"


class MaximumLikelihood(Choice):
    """Maximum likelihood: the variance between clusters comes out too small when clusters are few."""

    kind: Literal["ml"] = "ml"


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """A fit with the parts of its model; ``people`` are the rows, or those whom they stand for."""

    kernel: MixedFit
    fixed: FixedPart
    random: RandomPart
    clusters: int
    people: float


class _Rule(Choice):
    """A reference distribution; ``words`` name it, ``on_boundary`` says what it makes of a variance at 0."""

    words: ClassVar[str] = ""
    on_boundary: ClassVar[str] = "the degrees of freedom do not depend on it"

    def of(self, fitted: Fitted) -> Inferred:
        raise NotImplementedError

    def boundary_warning(self, by: str) -> str:
        """What follows from a variance at its boundary, for a grouping."""
        if by != "cluster":
            return (
                "so the standard error has little or no part for it; the degrees of freedom are those of the "
                "rule in the plan"
            )
        return (
            "so the standard error has little or no part for clustering; the degrees of freedom are those "
            "of the rule in the plan"
        )


class KenwardRoger(_Rule):
    """t with Kenward and Roger's covariance and degrees of freedom, for REML.

    A variance between clusters that is estimated as 0 counts as a parameter all the same, so that the
    degrees of freedom of the effect stay near those of a comparison of clusters.
    """

    words: ClassVar[str] = "t, Kenward and Roger's degrees of freedom and covariance"
    on_boundary: ClassVar[str] = "counted as a parameter all the same (Kenward-Roger)"

    kind: Literal["kenward_roger"] = "kenward_roger"

    def of(self, fitted: Fitted) -> Inferred:
        """The adjusted covariance, and the rule that goes with it."""
        adjusted = kenward_roger(fitted.kernel)
        return adjusted.covariance, adjusted.df


class MixedSatterthwaite(_Rule):
    """t on Satterthwaite's degrees of freedom, by the delta method on all variances.

    Where the variance between clusters is estimated as 0 it drops out, and the degrees of freedom rise
    to those of individuals; this is said.
    """

    words: ClassVar[str] = "t, Satterthwaite's degrees of freedom"
    on_boundary: ClassVar[str] = "left out of the degrees of freedom (Satterthwaite)"

    kind: Literal["satterthwaite"] = "satterthwaite"

    def of(self, fitted: Fitted) -> Inferred:
        """The model-based covariance and Satterthwaite's rule."""
        return fitted.kernel.covariance, satterthwaite(fitted.kernel)

    def boundary_warning(self, by: str) -> str:
        """What follows from a variance at its boundary, for a grouping."""
        if by != "cluster":
            return (
                "so Satterthwaite's degrees of freedom are as if it were not in the model; kenward_roger "
                "counts it all the same"
            )
        return (
            "so Satterthwaite's degrees of freedom are those of individuals, not of clusters; "
            "kenward_roger and between_within keep to clusters"
        )


class BetweenWithin(_Rule):
    """t on clusters minus parameters at cluster level; within clusters, on individuals minus clusters.

    With random effects of several nested groupings, such as clusters and their periods, each is a level:
    a term has the degrees of freedom of the coarsest grouping within which it is constant.
    """

    words: ClassVar[str] = "t on clusters - parameters at cluster level (between-within)"

    kind: Literal["between_within"] = "between_within"

    def of(self, fitted: Fitted) -> Inferred:
        """The model-based covariance, and units less parameters by level. FitError for crossed groupings."""
        chain = _nested([grouping for _, grouping in fitted.random.groupings])
        levels = [0] + [_level(column.values, chain) for column in fitted.fixed.columns]
        counts = (*(float(_used(grouping)) for grouping in chain), fitted.people)
        return fitted.kernel.covariance, BetweenWithinDf(np.array(levels, dtype=np.intp), counts)


class ClustersMinusParameters(_Rule):
    """t on clusters minus cluster-level parameters: arms, strata, cluster-level covariates.

    Over periods the intervention counts as one parameter, whatever the exposure times, and periods do
    not count: they are the same for all clusters.
    """

    words: ClassVar[str] = "t on clusters - cluster-level parameters"

    kind: Literal["clusters_minus_parameters"] = "clusters_minus_parameters"

    def of(self, fitted: Fitted) -> Inferred:
        """The model-based covariance on fixed degrees of freedom. FitError when none are left."""
        spent = fitted.fixed.cluster_parameters
        spare = fitted.clusters - spent
        if spare < 1:
            raise FitError(
                "no degrees of freedom are left",
                found=f"{fitted.clusters} clusters and {spent} parameters at cluster level",
                allowed="more clusters than parameters: drop covariates or merge strata",
            )
        return fitted.kernel.covariance, FixedDf(float(spare), self.words)


class NormalReference(_Rule):
    """The normal distribution, which is too narrow with few clusters."""

    words: ClassVar[str] = "normal"

    kind: Literal["normal"] = "normal"

    def of(self, fitted: Fitted) -> Inferred:
        """The model-based covariance and the normal distribution."""
        return fitted.kernel.covariance, FixedDf(math.inf, self.words)


def _nested(groupings: list[Grouping]) -> tuple[Grouping, ...]:
    """The groupings from coarse to fine, each within the one before."""
    chain = sorted(groupings, key=_used)
    for coarse, fine in pairwise(chain):
        if len(np.unique(fine.codes * coarse.levels + coarse.codes)) > _used(fine):
            raise FitError(
                "between-within degrees of freedom need groupings that are nested in each other",
                found=f"{fine.name} crossed with {coarse.name}",
                allowed="kenward_roger or satterthwaite, which need no levels",
            )
    return tuple(chain)


def _used(grouping: Grouping) -> int:
    return int(np.count_nonzero(np.bincount(grouping.codes, minlength=grouping.levels)))


def _level(values: NDArray[np.float64], chain: tuple[Grouping, ...]) -> int:
    constant = (level for level, grouping in enumerate(chain) if not varies_within(values, grouping))
    return next(constant, len(chain))


MixedCriterion = Annotated[RestrictedLikelihood | MaximumLikelihood, Field(discriminator="kind")]
MixedDf = Annotated[
    KenwardRoger | MixedSatterthwaite | BetweenWithin | ClustersMinusParameters | NormalReference,
    Field(discriminator="kind"),
]

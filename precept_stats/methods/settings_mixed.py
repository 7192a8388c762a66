"""Settings of the linear mixed model: criterion and degrees of freedom."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from precept_stats.methods.settings import Choice
from precept_stats.methods.settings_glmm import ClustersMinusClusterParameters, NormalReference


class RestrictedLikelihood(Choice):
    """Restricted maximum likelihood: variances allow for the fixed effects that were estimated."""

    kind: Literal["reml"] = "reml"


class MaximumLikelihood(Choice):
    """Maximum likelihood: the variance between clusters comes out too small when clusters are few."""

    kind: Literal["ml"] = "ml"


class KenwardRoger(Choice):
    """t with Kenward and Roger's covariance and degrees of freedom, for REML.

    A variance between clusters that is estimated as 0 counts as a parameter all the same, so that the
    degrees of freedom of the effect stay near those of a comparison of clusters.
    """

    kind: Literal["kenward_roger"] = "kenward_roger"


class MixedSatterthwaite(Choice):
    """t on Satterthwaite's degrees of freedom, by the delta method on all variances.

    Where the variance between clusters is estimated as 0 it drops out, and the degrees of freedom rise
    to those of individuals; this is said.
    """

    kind: Literal["satterthwaite"] = "satterthwaite"


class BetweenWithin(Choice):
    """t on clusters minus parameters at cluster level; within clusters, on individuals minus clusters."""

    kind: Literal["between_within"] = "between_within"


MixedCriterion = Annotated[RestrictedLikelihood | MaximumLikelihood, Field(discriminator="kind")]
MixedDf = Annotated[
    KenwardRoger | MixedSatterthwaite | BetweenWithin | ClustersMinusClusterParameters | NormalReference,
    Field(discriminator="kind"),
]

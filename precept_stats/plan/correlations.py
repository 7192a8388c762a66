"""The block ``correlations`` of a plan: how alike people of a cluster are, as answers of their own."""

from __future__ import annotations

from precept_stats.methods.intracluster import IccSettings
from precept_stats.studies import AnyStudy


class Correlation(IccSettings):
    """The intracluster correlations of one outcome in one study.

    ``estimand`` gives the population, the outcome and the two arms; ``study`` says what the columns mean.
    Covariates, further groups, weights and an offset have no place in it.
    """

    label: str = ""
    estimand: str
    study: AnyStudy

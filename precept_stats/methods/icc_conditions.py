"""Correlations over periods under one condition: the cluster-periods under control, or those treated."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from precept_stats.errors import FitError
from precept_stats.inference.asymptotic import Asymptotic
from precept_stats.inference.degrees_of_freedom import FixedDf
from precept_stats.inference.quantities import Quantity
from precept_stats.methods.linear_mixed_facts import variance_shares
from precept_stats.methods.linear_mixed_terms import fit_terms
from precept_stats.methods.mixed_random import random_part
from precept_stats.methods.mixed_terms import EFFECT, fixed_part
from precept_stats.methods.settings_random import ConstantEffect, NestedExchangeable, RandomTerm
from precept_stats.studies.period_design import PeriodDesign

WITHIN = "icc_within_period"


def under(design: PeriodDesign, arm: int) -> PeriodDesign:
    """The rows under one condition, with the clusters and periods that they are of; strata stay, no more.

    FitError where there are fewer than two clusters.
    """
    rows = design.row_treated == arm
    clusters, row_cluster = np.unique(design.row_cluster[rows], return_inverse=True)
    periods, row_period = np.unique(design.row_period[rows], return_inverse=True)
    if len(clusters) < 2:
        raise FitError(
            "there are fewer than two clusters under this condition",
            found=f"{len(clusters)} under {design.arm_names[arm]}",
            allowed="at least 2",
        )
    kept = np.ix_(clusters, periods)
    stratum, names = None, ()
    if design.stratum is not None:
        levels, stratum = np.unique(design.stratum[clusters], return_inverse=True)
        names = tuple(design.stratum_names[one] for one in levels)
    return replace(
        design,
        clusters=tuple(design.clusters[one] for one in clusters),
        periods=tuple(design.periods[one] for one in periods),
        row_cluster=row_cluster.astype(np.intp),
        row_period=row_period.astype(np.intp),
        y=design.y[rows],
        size=design.size[rows],
        treated=design.treated[kept],
        exposure=design.exposure[kept],
        sequence=np.unique(design.sequence[clusters], return_inverse=True)[1].astype(np.intp),
        place=design.place[periods],
        participant=_followed(design, rows),
        stratum=stratum,
        stratum_names=names,
        covariates=(),
        groups=(),
        allocations=None,
    )


def _followed(design: PeriodDesign, rows: np.ndarray) -> np.ndarray | None:
    """The people of rows; None where nobody is seen twice, so that a person's own level is not told apart."""
    if design.participant is None:
        return None
    people, codes = np.unique(design.participant[rows], return_inverse=True)
    return codes.astype(np.intp) if len(people) < len(codes) else None


def seen_again(design: PeriodDesign) -> bool:
    """Whether a cluster is seen in two periods."""
    cells = np.unique(design.row_cluster * design.n_periods + design.row_period)
    return len(cells) > design.n_clusters


def condition_shares(design: PeriodDesign) -> tuple[Asymptotic, tuple[Quantity, ...]]:
    """Correlations of the mixed model of rows under one condition, with the variances they are made of.

    The model is that of all rows without the intervention. Where no cluster is seen in two periods it has
    random clusters alone, whose correlation is that within a period; there is none between periods.
    """
    fixed = fixed_part(design, ConstantEffect())
    fixed = replace(fixed, columns=tuple(one for one in fixed.columns if one.part != EFFECT))
    again = seen_again(design)
    terms = NestedExchangeable().of(design.participant is not None) if again else (RandomTerm(by="cluster"),)
    found = fit_terms(design, fixed, random_part(design, terms), "reml")
    spread = found.variances
    point = Asymptotic(
        found.names, spread.values, spread.covariance, FixedDf(math.inf, "normal distribution")
    )
    shares = variance_shares(found)
    return point, shares if again else tuple(replace(one, measure=WITHIN) for one in shares)

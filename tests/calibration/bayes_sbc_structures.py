"""The structures whose calibration is studied: how data are simulated, and how they are analysed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from precept_stats.methods.bayesian_hierarchical import BayesianHierarchical
from precept_stats.methods.bayesian_its import BayesianIts
from tests.calibration import bayes_sbc_groups as groups
from tests.calibration import bayes_sbc_models as models
from tests.calibration import bayes_sbc_series as series
from tests.calibration.bayes_sbc_models import Simulated

NESTED = {"random": {"kind": "nested_exchangeable"}}
BETA = {"cells": {"kind": "beta_binomial"}}
SLOPES = {"by": "region", "slopes": ["arm"], "correlated": False}
COUNT = {"priors": models.DECLARED_COUNT}
CONTINUOUS = {"priors": models.DECLARED_CONTINUOUS}


@dataclass(frozen=True)
class Structure:
    """A model by the settings that a plan would have, and data sets drawn from its priors.

    ``wanted`` is how many data sets the recorded study has.
    """

    name: str
    words: str
    simulate: Callable[[np.random.Generator], Simulated]
    settings: Mapping[str, object] = field(default_factory=dict)
    wanted: int = 50
    method: type[BayesianHierarchical] | type[BayesianIts] = BayesianHierarchical


def _parallel(
    simulate: Callable[..., Simulated], sizes: tuple[int, int], **given: bool
) -> Callable[[np.random.Generator], Simulated]:
    return lambda rng: partial(simulate, **given)(rng, models.parallel(rng, sizes))


def _wedge(
    simulate: Callable[..., Simulated], sizes: tuple[int, int], **given: bool
) -> Callable[[np.random.Generator], Simulated]:
    return lambda rng: partial(simulate, **given)(rng, models.wedge(rng, sizes))


STRUCTURES = (
    Structure(
        "binomial_units",
        "binomial, units",
        _parallel(models.binomial, (10, 60), nested=False),
        wanted=200,
    ),
    Structure(
        "binomial_units_periods",
        "binomial, units and their periods",
        _wedge(models.binomial, (5, 40), nested=True),
        NESTED,
        wanted=200,
    ),
    Structure(
        "beta_binomial_units",
        "beta-binomial units",
        _parallel(models.beta_binomial, (10, 60), nested=False),
        BETA,
        wanted=200,
    ),
    Structure(
        "normal_units",
        "normal, units",
        _parallel(models.normal, (5, 15), nested=False),
        CONTINUOUS,
        wanted=200,
    ),
    Structure(
        "normal_units_periods",
        "normal, units and their periods",
        _wedge(models.normal, (3, 8), nested=True),
        CONTINUOUS | NESTED,
    ),
    Structure(
        "beta_binomial_periods",
        "units, beta-binomial in their periods",
        _wedge(models.beta_binomial, (5, 40), nested=True),
        NESTED | BETA,
    ),
    Structure(
        "poisson_units",
        "Poisson, units",
        _parallel(models.counts, (5, 40), nested=False),
        COUNT,
    ),
    Structure(
        "poisson_units_periods",
        "Poisson, units and their periods",
        _wedge(models.counts, (5, 40), nested=True),
        COUNT | NESTED,
    ),
    Structure(
        "negative_binomial_units",
        "negative binomial, units",
        _wedge(models.negative_binomial, (5, 40)),
        COUNT | {"cells": {"kind": "negative_binomial"}},
    ),
    Structure(
        "binomial_units_regions",
        "binomial, units in regions",
        partial(groups.by_region, slopes=False),
        {"random": {"kind": "terms", "terms": [{"by": "cluster"}, {"by": "region"}]}},
    ),
    Structure(
        "binomial_units_region_effects",
        "binomial, units in regions that differ in the effect",
        partial(groups.by_region, slopes=True),
        {"random": {"kind": "terms", "terms": [{"by": "cluster"}, SLOPES]}},
    ),
    Structure(
        "binomial_autoregressive_periods",
        "binomial, units, autoregressive periods",
        groups.autoregressive,
        {"periods": {"kind": "autoregressive"}},
    ),
    Structure(
        "series_units_changes",
        "many series, binomial, units with correlated levels and changes",
        series.correlated_changes,
        {
            "distribution": {"kind": "binomial"},
            "autocorrelation": {"kind": "none", "reason": "none was made"},
            "units": {"kind": "levels_and_changes", "of": ["step"]},
        },
        method=BayesianIts,
    ),
)
BY_NAME = {one.name: one for one in STRUCTURES}

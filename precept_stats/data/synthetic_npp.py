"""The synthetic programme with trial units and unit characteristics, as its published evaluation names them.

The characteristics have nothing to do with uptake here, so that adjusting for them changes what it can change
by chance alone. All of this is assumed: docs/synthetic.md.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from precept_stats.data.synthetic_draws import Stream, stream
from precept_stats.data.synthetic_months import month_number
from precept_stats.data.synthetic_programme import ProgrammeScenario, programme_tables

NPP_SEED = 324579
"""The seed of the shipped programme: the article number of its published evaluation."""
TRIAL_UNITS = 13
"""Units that had the enhanced support of the trial (Edwards 2024, BJOG 131:256, abstract)."""
MOST_AT_START = 0.70
"""Trial units had an uptake of at most this in 2016 (ISRCTN40938673)."""

CHARACTERISTICS: tuple[tuple[str, float, float, int], ...] = (
    ("birthweight_z", -0.35, 0.12, 3),
    ("male", 0.54, 0.05, 3),
    ("maternal_age", 30.2, 1.1, 2),
    ("imd_decile", 4.9, 1.4, 2),
    ("minority_ethnicity", 0.28, 0.15, 3),
    ("multiple_birth", 0.22, 0.05, 3),
    ("hypertension", 0.15, 0.04, 3),
)
"""A column of unit means or shares: its name, mean and standard deviation over units, and decimals shown.

Every mean and deviation is an assumption; shares are kept within 0.01 and 0.99.
"""
BOUNDS = {"imd_decile": (1.0, 10.0)}
SHARES = frozenset({"male", "minority_ethnicity", "multiple_birth", "hypertension"})


def npp_tables(scenario: ProgrammeScenario, seed: int) -> dict[str, pd.DataFrame]:
    """Tables ``units`` and ``unit_months`` of one synthetic programme, with what the ladder of models needs.

    ``units`` has besides: ``in_trial`` (``yes`` or ``no``: 13 units with an uptake of at most 70 per cent in
    2016, drawn at random), seven characteristics averaged over the unit, and ``delayed`` (``yes`` in the one
    region whose units started last on average).
    """
    tables = programme_tables(scenario, seed)
    units = tables["units"].copy()
    origin = units.pop("data_origin")
    units["in_trial"] = _in_trial(units, seed)
    units["delayed"] = _delayed(units)
    rng = stream(seed, Stream.PROGRAMME_CHARACTERISTICS)
    for name, mean, sd, decimals in CHARACTERISTICS:
        values = rng.normal(mean, sd, len(units))
        low, high = (0.01, 0.99) if name in SHARES else BOUNDS.get(name, (-np.inf, np.inf))
        values = np.clip(values, low, high)
        units[name] = np.round(values, decimals)
    units["data_origin"] = origin
    return {"units": units, "unit_months": tables["unit_months"]}


def _in_trial(units: pd.DataFrame, seed: int) -> list[str]:
    """``yes`` for the trial units: at random among those that were eligible."""
    eligible = np.flatnonzero((units["baseline_uptake"] <= MOST_AT_START).to_numpy())
    count = min(TRIAL_UNITS, len(eligible))
    chosen = stream(seed, Stream.PROGRAMME_TRIAL).choice(eligible, count, replace=False)
    return ["yes" if unit in set(chosen.tolist()) else "no" for unit in range(len(units))]


def _delayed(units: pd.DataFrame) -> list[str]:
    """``yes`` in the region whose units started last on average."""
    start = units["start_month"].map(month_number)
    last = start.groupby(units["region"]).mean().idxmax()
    return ["yes" if region == last else "no" for region in units["region"]]

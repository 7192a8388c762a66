"""Data sets for simulation-based calibration of many series: units with correlated levels and changes."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from scipy import special

from tests.calibration.bayes_sbc_models import NODES, UPPER, WEIGHTS, Simulated, of_icc
from tests.methods.test_multilevel_its import programme, units
from tests.studies.series import prepared, question

UNITS, MONTHS, PEOPLE = 10, 16, (3, 12)
LAST = 5
"""The effect asked for is over this many months from the start, and the start's own."""
SPREADS = np.array([math.log(19), math.log(3) / 12, math.log(5), math.log(3) / 12]) / UPPER
"""Of level, trend and slope a month, and change of level."""


def correlated_changes(rng: np.random.Generator) -> Simulated:
    """Binomial totals of months, units with correlated levels and changes of level at starts of their own."""
    whole = prepared(
        units(UNITS, MONTHS),
        programme(),
        question(change={"kind": "over_window", "interruption": "start", "from": 0, "to": LAST}),
    ).design
    start = rng.integers(6, 10, UNITS)
    time = (whole.period - whole.period.min() - start[whole.row_unit]).astype(np.float64)
    moved = replace(whole.interruptions[0], start=(start + whole.period.min()).astype(np.intp))
    step, ramp = (time >= 0).astype(np.float64), np.maximum(time, 0.0)
    b = SPREADS * rng.standard_normal(4)
    sds = np.abs(np.array([of_icc(0.30), 1.0 / UPPER]) * rng.standard_normal(2))
    share = rng.beta(2.0, 2.0)
    r = 2.0 * share - 1.0
    z = rng.standard_normal((UNITS, 2))
    levels, changes = sds[0] * z[:, 0], sds[1] * (r * z[:, 0] + math.sqrt(1.0 - r * r) * z[:, 1])
    eta = np.column_stack([np.ones_like(time), time, step, ramp]) @ b
    eta = eta + levels[whole.row_unit] + changes[whole.row_unit] * step
    size = rng.integers(*PEOPLE, len(time), endpoint=True).astype(np.float64)
    events = rng.binomial(size.astype(np.intp), special.expit(eta)).astype(np.float64)
    design = replace(whole, time=time, interruptions=(moved,), size=size, events=events, y=events / size)
    asked = (time >= 0) & (time <= LAST)
    weights = np.bincount(time[asked].astype(np.intp), size[asked]) / size[asked].sum()
    truth = {
        "intercept": b[0],
        "time": b[1],
        "step[start]": b[2],
        "ramp[start]": b[3],
        "sd[unit: level]": sds[0],
        "sd[unit: step]": sds[1],
        "logit partial correlation[unit: level, step]": math.log(share / (1.0 - share)),
        "risk_difference": _difference(b, sds, r, weights),
    }
    return Simulated(design, {name: float(value) for name, value in truth.items()})


def _difference(b: np.ndarray, sds: np.ndarray, r: float, weights: np.ndarray) -> float:
    """What was fitted less the counterfactual, months by their people, over normal effects of units."""
    months = np.arange(LAST + 1.0)[:, None]
    bare = b[0] + months * b[1]
    fitted = bare + b[2] + months * b[3]
    after = math.sqrt(sds[0] ** 2 + sds[1] ** 2 + 2.0 * r * sds[0] * sds[1])
    gain = special.expit(fitted + after * NODES) - special.expit(bare + sds[0] * NODES)
    return float(weights @ gain @ (WEIGHTS / WEIGHTS.sum()))

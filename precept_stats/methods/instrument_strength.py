"""How strong an instrument must be, and what is said of one that is not."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from precept_stats.errors import FitError
from precept_stats.inference.first_stage import FirstStage
from precept_stats.methods.settings_instrument import AndersonRubinInterval, InstrumentInterval

STRONG = 10.0
"""The F from which an instrument is not called weak: Staiger and Stock's (1997) rule of thumb."""
CHANCE = 1.0
"""The F below which no Wald interval is given (an assumption).

There the arms differ in what was received by less than its standard error. An arm that moves nothing has a
higher F on average, df / (df - 2), so such data do not show that the denominator of the effect is not 0.
"""


def no_first_stage(found: str) -> FitError:
    """The error of an instrument that leaves nothing to divide by."""
    return FitError(
        "instrument with no first stage: the arm did not move what was received",
        found=found,
        allowed="a treatment that is received more, or less, in one arm",
    )


def require_first_stage(stage: FirstStage, interval: InstrumentInterval) -> None:
    """FitError where a Wald interval is asked of a first stage that chance alone would exceed on average."""
    F, df = _strength(stage)
    if F >= CHANCE or isinstance(interval, AndersonRubinInterval):
        return
    raise FitError(
        "instrument with no first stage beyond chance: no Wald interval of the effect",
        found=f"the F of the first stage is {F:.2f} on 1 and {df:.1f} df, below one, of {stage.column}",
        allowed="an F of one or more; or interval: {kind: anderson_rubin}, which does not depend on F",
    )


def strength_warnings(stage: FirstStage) -> Iterator[str]:
    """What to know before the effect is believed: a weak first stage, or one that goes the other way."""
    F, df = _strength(stage)
    if F < STRONG:
        yield (
            f"weak instrument: the F of the first stage is {F:.2f} on 1 and {df:.1f} df, below 10, so "
            "that the estimate leans towards the confounded association; see the Anderson-Rubin interval"
        )
    if stage.value < 0.0:
        yield (
            f"less of {stage.column} was received in the compared arm: compliers are those who receive it "
            "only in the other"
        )


def _strength(stage: FirstStage) -> tuple[float, float]:
    """F of the first stage and its denominator degrees of freedom; both infinite where it is exact."""
    if stage.uncertainty is None:
        return np.inf, np.inf
    variance = float(stage.uncertainty.covariance[0, 0])
    return stage.value**2 / variance, stage.uncertainty.df(np.ones(1))

"""How far the allocation moved what was received: the strength of an instrument."""

from __future__ import annotations

from dataclasses import dataclass

from precept_stats.inference.quantities import Quantity
from precept_stats.inference.uncertainty import Asymptotic


@dataclass(frozen=True, slots=True, eq=False)
class FirstStage:
    """The difference in what was received between the arms, and its uncertainty.

    ``uncertainty`` is None where all who were allocated alike received alike, so that there is none.
    ``received`` gives each arm with the individuals who received it and all of them, of what is 0 or 1: a
    treatment, or a dose without other values.
    """

    column: str
    difference: Quantity
    value: float
    uncertainty: Asymptotic | None
    received: tuple[tuple[str, float, float], ...] = ()

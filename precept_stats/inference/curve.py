"""Curves over time, and the effect under other inference: what a series tells beside its effect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from precept_stats.inference.quantities import Quantity
from precept_stats.inference.uncertainty import Uncertainty

CurveName = Literal["fitted", "counterfactual", "difference"]


@dataclass(frozen=True, slots=True, eq=False)
class CurvePoint:
    """One point of a curve: of which series, at what place on the axis, and what is asked there.

    ``clock`` says what the axis counts: the ``calendar``, or periods since each unit's ``own_start``. ``at``
    is the place on it and ``label`` its name.
    """

    curve: CurveName
    series: str
    clock: Literal["calendar", "own_start"]
    at: int
    label: str
    quantity: Quantity


@dataclass(frozen=True, slots=True, eq=False)
class EventPoint:
    """The effect at one time since each unit's own start, and how many units have data there.

    ``at`` is the place on the axis, ``label`` its name, which says where an end takes in several times.
    """

    at: int
    label: str
    n_units: int
    uncertainty: Uncertainty
    quantity: Quantity


@dataclass(frozen=True, slots=True, eq=False)
class Beside:
    """The effect again with other inference from the same fit: what it is called, and what is asked of it."""

    kind: str
    label: str
    uncertainty: Uncertainty
    quantity: Quantity

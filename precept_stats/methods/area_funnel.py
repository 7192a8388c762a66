"""Funnel plots: which areas are farther from a target than chance, or overdispersion, makes likely."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from precept_stats.data.declared import Declared
from precept_stats.errors import PlanError
from precept_stats.inference.rows import Header
from precept_stats.methods.area_quantities import Groups
from precept_stats.numerics.funnel import (
    Overdispersion,
    binomial_limits,
    overdispersion,
    poisson_limits,
    widened_limits,
)
from precept_stats.studies.region_design import RegionDesign
from precept_stats.values import Row

Vector = NDArray[np.float64]

POINTS = 60


class FunnelPlot(Declared):
    """Limits about a target by the size of an area, and where each area lies.

    Estimates: for each area, whether it is beyond what ``levels`` of areas at the target would show.

    Model: counts at the target are binomial or Poisson, estimates normal with known variances. Without
    overdispersion limits are exact, interpolated between whole numbers of events. With it, they are normal
    on the scale of ``transformation`` (``none``, or ``stabilised``: the arcsine of the root of a share, the
    root of a rate) and wider: ``additive`` adds a variance between areas, ``multiplicative`` stretches all.
    Where few events are expected normal limits can be inside of the exact ones, which are then taken.

    Assumes: the target is not estimated (the mean of all areas is taken as known); people are independent.

    Small samples: normal limits of small areas are poor: the transformation, or no overdispersion, is then
    to be chosen. z scores are winsorised, so that areas which stand out do not widen the limits.

    Not for: ranking areas, or a test of whether areas differ (Cochran's Q).

    Source: Spiegelhalter 2005, Stat Med 24:1185.
    """

    target: float | None = None
    levels: tuple[float, ...] = (0.95, 0.998)
    overdispersion: Literal["none", "additive", "multiplicative"] = "none"
    transformation: Literal["none", "stabilised"] = "none"
    winsorised: float = Field(default=0.1, ge=0.0, lt=0.5)

    @model_validator(mode="after")
    def _levels(self) -> FunnelPlot:
        if not self.levels or any(not 0.0 < level < 1.0 for level in self.levels):
            raise ValueError("`levels` are between 0 and 1, one at least")
        return self

    @property
    def needs_seed(self) -> bool:
        """Nothing is drawn."""
        return False

    def settings(self) -> tuple[tuple[str, str], ...]:
        """All choices that can change a number, as used."""
        return (
            ("funnel.target", "the mean of all areas" if self.target is None else f"{self.target:g}"),
            ("funnel.levels", ", ".join(f"{level:g}" for level in self.levels)),
            ("funnel.overdispersion", self.overdispersion),
            ("funnel.transformation", self.transformation),
            ("funnel.winsorised", f"{self.winsorised:g}"),
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Funnel:
    """One period: all in shares or rates of one (estimates: in their unit); ``size`` may be a grid's."""

    method: FunnelPlot
    design: RegionDesign
    target: float
    found: Overdispersion

    def moved(self, y: Vector) -> Vector:
        """Values on the scale of the transformation."""
        if self.method.transformation == "none" or self.design.law == "given":
            return y
        if self.design.law == "binomial":
            found: Vector = np.arcsin(np.sqrt(y))
            return found
        return np.asarray(np.sqrt(y))

    def back(self, z: Vector) -> Vector:
        """Values from the scale of the transformation."""
        if self.method.transformation == "none" or self.design.law == "given":
            return z
        if self.design.law == "binomial":
            return np.asarray(np.sin(np.clip(z, 0.0, math.pi / 2.0)) ** 2)
        return np.asarray(np.maximum(z, 0.0) ** 2)

    def error(self, size: Vector) -> Vector:
        """The standard error at the target, on the scale of the transformation."""
        if self.design.law == "given":
            return np.asarray(1.0 / np.sqrt(size))
        if self.method.transformation == "stabilised":
            return np.asarray(0.5 / np.sqrt(size))
        spread = self.target * (1.0 - self.target if self.design.law == "binomial" else 1.0)
        return np.asarray(np.sqrt(spread / size))

    def limits(self, size: Vector, level: float) -> tuple[Vector, Vector]:
        """Limits for areas of these sizes, never inside of those that chance alone has."""
        tail = (1.0 - level) / 2.0
        if self.design.law == "given":
            return self._normal_limits(size, tail)
        lower, upper = (
            binomial_limits(np.maximum(np.round(size), 1.0), self.target, tail)
            if self.design.law == "binomial"
            else poisson_limits(size, self.target, tail)
        )
        if self.method.overdispersion == "none":
            return lower, upper
        low, high = self._normal_limits(size, tail)
        return np.minimum(low, lower), np.maximum(high, upper)

    def _normal_limits(self, size: Vector, tail: float) -> tuple[Vector, Vector]:
        """Limits of a normal law with overdispersion, on the scale of the transformation and back."""
        kind = self.method.overdispersion
        centre = float(self.moved(np.array([self.target]))[0])
        wider = Overdispersion(1.0, 0.0, 0) if kind == "none" else self.found
        name: Literal["additive", "multiplicative"] = "additive" if kind == "none" else kind
        lower, upper = widened_limits(self.error(size), centre, tail, wider, name)
        bottom, top = self.design.bounds
        ends = (bottom / self.design.factor, top / self.design.factor)
        low, high = (np.clip(self.back(limit), *ends) for limit in (lower, upper))
        return low, high


def funnel_rows(header: Header, design: RegionDesign, method: FunnelPlot) -> Iterator[Row]:
    """All rows, period by period: the target, where each area lies, and the limits over sizes."""
    for name, value in method.settings():
        yield replace(header.row("setting", "value", value), variable=name)
    for at, period in enumerate(design.periods):
        groups: Groups = (("period", period),) if len(design.periods) > 1 else ()
        funnel = _funnel(method, design, at)
        yield from _about(header, funnel, groups)
        yield from _areas(header, funnel, at, groups)
        yield from _curves(header, funnel, at, groups)


def _funnel(method: FunnelPlot, design: RegionDesign, at: int) -> _Funnel:
    y, size = _values(design, at)
    target = float(y @ size / size.sum()) if method.target is None else method.target / design.factor
    low, high = (bound / design.factor for bound in design.bounds)
    if not low < target < high:
        raise PlanError(
            "the target is not inside of what the outcome can be",
            found=f"{target * design.factor:g}",
            allowed=f"above {low * design.factor:g}, below {high * design.factor:g}",
            where="funnel.target",
        )
    empty = _Funnel(method, design, target, Overdispersion(1.0, 0.0, len(y)))
    z_scale = float(empty.moved(np.array([target]))[0])
    found = overdispersion(empty.moved(y), empty.error(size), z_scale, method.winsorised)
    return replace(empty, found=found)


def _values(design: RegionDesign, at: int) -> tuple[Vector, Vector]:
    """Estimates as shares or rates of one, and the size of each area (of estimates: their precision)."""
    y = design.y[at] / design.factor
    if design.law == "given":
        return y, (design.factor / design.std_error[at]) ** 2
    return y, design.size[at]


def _about(header: Header, funnel: _Funnel, groups: Groups) -> Iterator[Row]:
    numbers = (
        ("target", "Target", funnel.design.factor * funnel.target, funnel.design.unit),
        ("phi", "Mean square of winsorised z scores", funnel.found.phi, ""),
        ("tau2", "Variance between areas, on the scale of the transformation", funnel.found.tau2, ""),
    )
    for name, label, stat, unit in numbers:
        yield replace(header.row("funnel", name, stat, label), groups=groups, unit=unit)


def _areas(header: Header, funnel: _Funnel, at: int, groups: Groups) -> Iterator[Row]:
    design = funnel.design
    y, size = _values(design, at)
    centre = float(funnel.moved(np.array([funnel.target]))[0])
    z = (funnel.moved(y) - centre) / funnel.error(size)
    sides = {level: funnel.limits(size, level) for level in funnel.method.levels}
    for k, area in enumerate(design.areas):
        mine = (("area", area), *groups)
        yield replace(header.row("funnel", "z", float(z[k]), "z score at the target"), groups=mine)
        for level, (lower, upper) in sides.items():
            side = int(y[k] > upper[k]) - int(y[k] < lower[k])
            row = header.row("funnel", "outside", side, "Above (1) or below (-1) the limits, or within (0)")
            yield replace(row, groups=(*mine, ("level", f"{level:g}")))


def _curves(header: Header, funnel: _Funnel, at: int, groups: Groups) -> Iterator[Row]:
    """The limits over sizes, evenly spaced on the log scale."""
    design = funnel.design
    size = _values(design, at)[1]
    grid = np.geomspace(
        max(0.8 * size.min(), 1.0 if design.law == "binomial" else 0.0), 1.1 * size.max(), POINTS
    )
    grid = np.round(grid) if design.law == "binomial" else grid
    for level in funnel.method.levels:
        lower, upper = funnel.limits(grid, level)
        for place in range(POINTS):
            mine = (("grid", str(place + 1)), ("level", f"{level:g}"), *groups)
            for name, label, stat, unit in (
                ("size", "Size of an area", float(grid[place]), ""),
                ("lower", "Lower limit", design.factor * float(lower[place]), design.unit),
                ("upper", "Upper limit", design.factor * float(upper[place]), design.unit),
            ):
                yield replace(header.row("funnel", name, stat, label), groups=mine, unit=unit)

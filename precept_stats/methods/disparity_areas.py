"""From the design of areas to what measures are taken of: who is best, who is compared, in which order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from precept_stats.numerics.inequality.areas import Areas, indicator, midpoints
from precept_stats.studies.region_design import RegionDesign
from precept_stats.studies.regions import BestArea, HighestRank, LargestArea, NamedArea, National, WorstArea

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Period:
    """One period: the areas, what the reference is called, and what the difference is of (``A - B``).

    ``chosen`` says that the two that are compared were chosen by their estimates.
    """

    name: str
    areas: Areas
    reference: str
    contrast: tuple[str, str]
    chosen: bool


def period_of(design: RegionDesign, at: int) -> Period:
    """The areas of the period of a number."""
    share, y = design.share[at], design.y[at]
    best, worst = _extremes(design, y)
    reference, called = _reference(design, at, (best, worst))
    (low, high), names = _ends(design, at, (reference, called, best, worst))
    ridit = midpoints(design.rank[at], share) if design.ordered else np.full(len(y), np.nan)
    one = indicator(best, len(y))
    areas = Areas(share, reference, one, low, high, ridit, design.bounds, design.sign)
    return Period(design.periods[at], areas, called, names, not design.ordered)


def _extremes(design: RegionDesign, y: Vector) -> tuple[int, int]:
    """The area with the best estimate and the one with the worst; of equal ones the first by name."""
    return int(np.argmax(design.sign * y)), int(np.argmin(design.sign * y))


def _reference(design: RegionDesign, at: int, extremes: tuple[int, int]) -> tuple[Vector, str]:
    """The weights of the reference value, and its name."""
    best, worst = extremes
    match design.study.reference:
        case BestArea():
            place = best
        case WorstArea():
            place = worst
        case LargestArea():
            place = int(np.argmax(design.people[at]))
        case NamedArea(area=name):
            place = design.areas.index(name)
        case HighestRank():
            return _of_rank(design, at, float(design.rank[at].max()))
        case National():
            return design.share[at], "mean of all"
    return indicator(place, len(design.areas)), design.areas[place]


def _of_rank(design: RegionDesign, at: int, rank: float) -> tuple[Vector, str]:
    """The areas of one rank together, by their shares."""
    here = design.rank[at] == rank
    weights = np.where(here, design.share[at], 0.0)
    names = [name for name, stands in zip(design.areas, here, strict=True) if stands]
    return weights / weights.sum(), names[0] if len(names) == 1 else f"rank {rank:g}"


def _ends(
    design: RegionDesign, at: int, of: tuple[Vector, str, int, int]
) -> tuple[tuple[Vector, Vector], tuple[str, str]]:
    """What is subtracted and what it is subtracted from: above 0 where there is the inequality one expects.

    Ordered areas: the highest rank and the lowest. Others: the best area and the worst, or the reference and
    the worst of the other areas. The one that is better off comes first where more of the outcome is better.
    """
    reference, called, best, worst = of
    count = len(design.areas)
    if design.ordered:
        better, better_name = _of_rank(design, at, float(design.rank[at].max()))
        other, other_name = _of_rank(design, at, float(design.rank[at].min()))
    elif isinstance(design.study.reference, BestArea | WorstArea):
        better, better_name = indicator(best, count), design.areas[best]
        other, other_name = indicator(worst, count), design.areas[worst]
    else:
        better, better_name = reference, called
        standing = np.where(reference == 1.0, np.inf, design.sign * design.y[at])
        place = int(np.argmin(standing))
        other, other_name = indicator(place, count), design.areas[place]
    if design.sign > 0:
        return (other, better), (better_name, other_name)
    return (better, other), (other_name, better_name)

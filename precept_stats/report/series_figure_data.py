"""What figures of series show: points, fitted lines, counterfactuals, and when units started."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SeriesPoint:
    """One period of one series: its place, its value in display units, how much it is based on.

    ``share`` is its denominator as a share of the largest in the figure; ``used`` whether the model has it,
    and ``partly`` whether some of what it is made of is left out.
    """

    at: float
    value: float
    share: float
    used: bool
    partly: bool = False


@dataclass(frozen=True, slots=True)
class CurveStretch:
    """Part of a line: places, values, and where there is a band its limits."""

    at: tuple[float, ...]
    value: tuple[float, ...]
    lower: tuple[float, ...] = ()
    upper: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class InterruptionMark:
    """Where an interruption began, with its word, and the stretch that its transition takes, if any."""

    at: float
    label: str
    transition: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class SeriesPanel:
    """One series on its own axes."""

    title: str
    points: tuple[SeriesPoint, ...]
    fitted: tuple[CurveStretch, ...] = ()
    counterfactual: tuple[CurveStretch, ...] = ()
    marks: tuple[InterruptionMark, ...] = ()


@dataclass(frozen=True, slots=True)
class SeriesData:
    """Panels on the same scales. ``ticks`` are places on the axis with their names, ``clock`` its title."""

    axis: str
    clock: str
    ticks: tuple[tuple[float, str], ...]
    panels: tuple[SeriesPanel, ...]
    bounds: tuple[float, float] | None = None

    @property
    def many(self) -> bool:
        """Whether these are small multiples."""
        return len(self.panels) > 1


@dataclass(frozen=True, slots=True)
class StartsData:
    """How many units of each region began when: (region, ((place, units), ...)), from the earliest."""

    unit: str
    ticks: tuple[tuple[float, str], ...]
    regions: tuple[tuple[str, tuple[tuple[float, float], ...]], ...]


@dataclass(frozen=True, slots=True)
class EventStudyData:
    """The effect by time since the start: (place, name, value, lower, upper), in display units.

    ``reference`` is the place that others are compared with where it is one time; ``start`` is where the
    first period with the programme is.
    """

    axis: str
    clock: str
    points: tuple[tuple[float, str, float, float, float], ...]
    reference: float | None
    start: float


SeriesFigureData = SeriesData | StartsData | EventStudyData
"""Figures of studies over time."""

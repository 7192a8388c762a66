"""What figures of areas show, as plain values; figures/ draws them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EquiplotLine:
    """All areas of one period: their values, and the mean over the population where it is known."""

    label: str
    values: tuple[float, ...]
    mean: float | None


@dataclass(frozen=True, slots=True)
class EquiplotData:
    """One line a period, a dot an area."""

    axis: str
    lines: tuple[EquiplotLine, ...]


@dataclass(frozen=True, slots=True)
class FunnelCurve:
    """Limits at one level over sizes: (size, lower, upper)."""

    level: str
    points: tuple[tuple[float, float, float], ...]


@dataclass(frozen=True, slots=True)
class FunnelDot:
    """An area: its size, its value, and how many levels it is beyond (0: within all)."""

    label: str
    size: float
    value: float
    beyond: int


@dataclass(frozen=True, slots=True)
class FunnelData:
    """Areas by size, about a target, within limits."""

    axis: str
    size: str
    target: float
    curves: tuple[FunnelCurve, ...]
    dots: tuple[FunnelDot, ...]


@dataclass(frozen=True, slots=True)
class CaterpillarLine:
    """An area: its estimate and its rank, each as (low, value, high); no rank where all are alike."""

    label: str
    estimate: tuple[float, float, float]
    rank: tuple[float, float, float] | None


@dataclass(frozen=True, slots=True)
class CaterpillarData:
    """Areas in order of their estimates, with their ranks beside them."""

    axis: str
    ranks: str
    middle: float | None
    lines: tuple[CaterpillarLine, ...]


@dataclass(frozen=True, slots=True)
class LorenzLine:
    """Cumulative shares of people and of the outcome, from (0, 0) to (1, 1), areas in their order."""

    label: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class LorenzData:
    """A Lorenz curve, areas in order of the outcome, or a concentration curve, areas in order of rank."""

    across: str
    up: str
    lines: tuple[LorenzLine, ...]


@dataclass(frozen=True, slots=True)
class Tile:
    """A region on the grid of a tile map: its name, its number as text, and where it is from 0 to 1."""

    label: str
    text: str
    column: int
    row: int
    strength: float | None


@dataclass(frozen=True, slots=True)
class TilesData:
    """A map of tiles of one size; ``ends`` are the texts of the least and the greatest value."""

    axis: str
    tiles: tuple[Tile, ...]
    ends: tuple[str, str]


@dataclass(frozen=True, slots=True)
class ChartPoint:
    """One period of a chart; no value where it is not shown. ``outside`` its limits or not."""

    label: str
    value: float | None
    limits: tuple[float, float] | None
    outside: bool


@dataclass(frozen=True, slots=True)
class ChartPanel:
    """One area over its periods, with its middle line and what its runs tell."""

    title: str
    middle: float | None
    words: str
    points: tuple[ChartPoint, ...]


@dataclass(frozen=True, slots=True)
class ChartData:
    """One panel an area, all on one axis."""

    axis: str
    panels: tuple[ChartPanel, ...]


AreaFigureData = EquiplotData | FunnelData | CaterpillarData | LorenzData | TilesData | ChartData

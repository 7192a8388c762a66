"""What each kind of figure shows, as plain values; figures/ draws them, one file a kind."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from precept_stats.report.area_figure_data import AreaFigureData
from precept_stats.report.diagnostic_figure_data import DiagnosticFigureData
from precept_stats.report.series_figure_data import SeriesFigureData


@dataclass(frozen=True, slots=True)
class FlowBox:
    """One box of the flow: a heading line, then lines of counts. ``left`` marks those who left."""

    heading: str
    lines: tuple[str, ...]
    left: bool = False


@dataclass(frozen=True, slots=True)
class FlowData:
    """The flow: boxes before the arms part, then one column of boxes for each arm."""

    before: tuple[FlowBox, ...]
    arms: tuple[tuple[str, tuple[FlowBox, ...]], ...]


@dataclass(frozen=True, slots=True)
class Mark:
    """A value and, where there is one, its interval, in display units.

    ``no_end`` marks the sides (below, above) on which the interval goes on for ever.
    """

    value: float
    lower: float | None = None
    upper: float | None = None
    no_end: tuple[bool, bool] = (False, False)

    @property
    def ends(self) -> tuple[float, float]:
        """The interval; the value twice where there is none."""
        return (
            self.value if self.lower is None else self.lower,
            self.value if self.upper is None else self.upper,
        )


def mark_of(value: float, interval: tuple[float, float], factor: float = 1.0) -> Mark:
    """The mark of a value and an interval that may be without end, times a factor for display."""
    low, high = (factor * end if math.isfinite(end) else None for end in interval)
    return Mark(factor * value, low, high, (low is None, high is None))


@dataclass(frozen=True, slots=True)
class ForestLine:
    """One analysis: its estimate with the text for it, or why there is none; of synthetic data the truth."""

    label: str
    primary: bool
    text: str
    mark: Mark | None = None
    truth: float | None = None


@dataclass(frozen=True, slots=True)
class ForestPanel:
    """Analyses of one measure on one axis; ``below`` and ``above`` say whom each side of null favours."""

    title: str
    log: bool
    null: float
    below: str
    above: str
    lines: tuple[ForestLine, ...]


@dataclass(frozen=True, slots=True)
class ForestData:
    """One panel a measure and outcome."""

    panels: tuple[ForestPanel, ...]


@dataclass(frozen=True, slots=True)
class ClusterLine:
    """One cluster before and after; ``None`` where not measured or not shown."""

    label: str
    before: Mark | None
    after: Mark | None


@dataclass(frozen=True, slots=True)
class ClusterArm:
    """The clusters of one arm in order of their outcome, and the mean of the arm where it is known."""

    name: str
    lines: tuple[ClusterLine, ...]
    mean: float | None = None


@dataclass(frozen=True, slots=True)
class ClustersData:
    """Clusters by arm on one axis; ``bounds`` are the least and greatest possible values, if any."""

    axis: str
    bounds: tuple[float, float] | None
    arms: tuple[ClusterArm, ...]

    @property
    def has_before(self) -> bool:
        return any(line.before for arm in self.arms for line in arm.lines)


@dataclass(frozen=True, slots=True)
class Bar:
    """One column of a table and the share of its rows with a value missing (per cent)."""

    label: str
    percent: float
    text: str


@dataclass(frozen=True, slots=True)
class CompletenessData:
    """Missing values by column, one group a table."""

    groups: tuple[tuple[str, tuple[Bar, ...]], ...]


CellState = Literal["control", "intervention", "transition", "none"]


@dataclass(frozen=True, slots=True)
class ScheduleCell:
    """One cluster in one period: its condition, or that there are no data, and how many (as shown)."""

    state: CellState
    text: str = ""


@dataclass(frozen=True, slots=True)
class ScheduleLine:
    """One cluster over all periods."""

    label: str
    cells: tuple[ScheduleCell, ...]


@dataclass(frozen=True, slots=True)
class Sequence:
    """The clusters that switch together."""

    name: str
    lines: tuple[ScheduleLine, ...]


@dataclass(frozen=True, slots=True)
class ScheduleData:
    """Who was under which condition when: ``conditions`` are the names of control and intervention."""

    conditions: tuple[str, str]
    periods: tuple[str, ...]
    sequences: tuple[Sequence, ...]


@dataclass(frozen=True, slots=True)
class Track:
    """A cluster over all periods: its mean and whether it was treated; ``None`` where there is no mean."""

    label: str
    points: tuple[tuple[float, bool] | None, ...]


@dataclass(frozen=True, slots=True)
class PeriodsData:
    """Means of clusters by period and condition; ``means`` are those of the clusters of each condition."""

    axis: str
    conditions: tuple[str, str]
    periods: tuple[str, ...]
    tracks: tuple[Track, ...]
    means: tuple[tuple[float | None, ...], tuple[float | None, ...]]


@dataclass(frozen=True, slots=True)
class RankedLine:
    """One line of a ranking; ``series`` numbers the names of the series, None when there are none."""

    label: str
    mark: Mark
    series: int | None = None


@dataclass(frozen=True, slots=True)
class RankedData:
    """Values with intervals in order of size. ``whole`` is a line with its band; ``null`` a thin line."""

    axis: str
    log: bool
    series: tuple[str, ...]
    lines: tuple[RankedLine, ...]
    whole: Mark | None = None
    whole_label: str = ""
    null: float | None = None
    null_label: str = ""


@dataclass(frozen=True, slots=True)
class ExposureData:
    """The effect after each number of periods under the intervention, and the average of these effects."""

    axis: str
    log: bool
    null: float
    points: tuple[tuple[str, Mark], ...]
    average: Mark | None


@dataclass(frozen=True, slots=True)
class GraphNode:
    """A hypothesis: what it is called, its part of alpha at first, and what became of it."""

    name: str
    weight: float
    rejected: bool
    outcome: str


@dataclass(frozen=True, slots=True)
class GraphData:
    """Hypotheses and, as (from, to, part), who hands on which part of its weight to whom."""

    nodes: tuple[GraphNode, ...]
    edges: tuple[tuple[int, int, float], ...]


@dataclass(frozen=True, slots=True)
class ReferenceBar:
    """A bin of a distribution (one value where its ends agree) with its share in per cent."""

    lower: float
    upper: float
    percent: float
    extreme: bool


@dataclass(frozen=True, slots=True)
class ReferencePanel:
    """The distribution of one test at no effect, and where the observed statistic stands in it."""

    title: str
    axis: str
    bars: tuple[ReferenceBar, ...]
    observed: float


@dataclass(frozen=True, slots=True)
class ReferenceData:
    """One panel an analysis."""

    panels: tuple[ReferencePanel, ...]


@dataclass(frozen=True, slots=True)
class DensityBar:
    """A bin of a distribution with its share in per cent."""

    lower: float
    upper: float
    percent: float


@dataclass(frozen=True, slots=True)
class PosteriorPanel:
    """Prior and posterior of one effect; ``thresholds`` a worthwhile benefit and such a harm."""

    title: str
    axis: str
    log: bool
    null: float
    thresholds: tuple[float, ...]
    benefit_above: bool
    prior: tuple[DensityBar, ...]
    posterior: tuple[DensityBar, ...]
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PosteriorData:
    """One panel an analysis."""

    panels: tuple[PosteriorPanel, ...]


@dataclass(frozen=True, slots=True)
class ObservedLine:
    """What a model says with its interval and, where shown, what was observed; ``series`` as in a ranking."""

    label: str
    mark: Mark
    observed: float | None
    series: int | None = None


@dataclass(frozen=True, slots=True)
class ObservedData:
    """Lines under one another on one axis; ``modelled`` and ``observed`` are the words of the two markers."""

    axis: str
    modelled: str
    observed: str
    series: tuple[str, ...]
    lines: tuple[ObservedLine, ...]


@dataclass(frozen=True, slots=True)
class SizeArm:
    """The clusters of one arm: size and outcome of each, in display units."""

    name: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class SizeData:
    """Outcome against cluster size: the words of both axes, then the arms, the compared one first."""

    outcome: str
    size: str
    arms: tuple[SizeArm, ...]


@dataclass(frozen=True, slots=True)
class TippingCell:
    """An estimate under one pair of shifts: where its interval lies, and how far off it is (0 to 1)."""

    text: str
    side: Literal["above", "below", "none"]
    strength: float


@dataclass(frozen=True, slots=True)
class TippingData:
    """Estimates over a grid of shifts: what columns and rows are, with their labels, and the cells."""

    across: str
    columns: tuple[str, ...]
    down: str
    rows: tuple[str, ...]
    cells: tuple[tuple[TippingCell, ...], ...]


FigureData = (
    FlowData
    | ForestData
    | ClustersData
    | CompletenessData
    | ScheduleData
    | PeriodsData
    | RankedData
    | ExposureData
    | ReferenceData
    | PosteriorData
    | ObservedData
    | SizeData
    | TippingData
    | GraphData
    | AreaFigureData
    | SeriesFigureData
    | DiagnosticFigureData
)

"""Charts of each area over its periods: p and u charts, Laney's, and run charts with the Anhoej rules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

from pydantic import model_validator

from precept_stats.data.declared import Declared
from precept_stats.errors import PlanError
from precept_stats.inference.rows import Header
from precept_stats.numerics.charts import Limits, limits, runs
from precept_stats.studies.region_design import RegionDesign
from precept_stats.values import Row

ChartKind = Literal["shewhart", "prime", "run"]
FEWEST = 3


class ControlCharts(Declared):
    """Each area's figures over its periods: limits of chance about its own mean, and runs about its median.

    Estimates: nothing of a population; whether an area's own figures change by more than chance.

    Model: counts of a period are binomial (p chart) or Poisson (u chart) about the area's mean over all
    periods; limits are at three standard errors. ``prime`` charts stretch them by the mean moving range of z
    scores (Laney's p' and u'). Run charts take figures that are alike and independent to be on either side
    of the median with equal chance, and signal an unusually long run or unusually few crossings.

    Assumes: periods are independent; what an area is measured by stays the same.

    Small samples: limits at three standard errors are poor where fewer than about 5 events, or 5 without,
    are expected; run charts need 10 points off the median. With many areas some signal by chance: a run
    chart of 24 points does so for about 3 in 100 that do not change.

    Not for: the effect of a programme, or comparing areas (a funnel plot).

    Source: Shewhart 1931; Laney 2002, Qual Eng 14:531; Anhoej and Olesen 2014, PLoS ONE 9:e113825.
    """

    charts: tuple[ChartKind, ...] = ("shewhart", "prime", "run")

    @model_validator(mode="after")
    def _once_each(self) -> ControlCharts:
        if not self.charts or len(set(self.charts)) < len(self.charts):
            raise ValueError("`charts` names each chart once, and one at least")
        return self

    @property
    def needs_seed(self) -> bool:
        """Nothing is drawn."""
        return False


def chart_rows(header: Header, design: RegionDesign, method: ControlCharts) -> Iterator[Row]:
    """All rows, area by area. Raises PlanError without periods, and for limits of estimates."""
    if len(design.periods) < FEWEST:
        raise PlanError(
            "a chart is of several periods",
            found=f"{len(design.periods)} periods",
            allowed=f"{FEWEST} periods or more; name the column in `study.period`",
        )
    if design.law == "given" and method.charts != ("run",):
        raise PlanError(
            "limits of a chart are of counts",
            found=f"estimates, and charts: {', '.join(method.charts)}",
            allowed="charts: [run]; or an outcome of counts",
        )
    yield replace(header.row("setting", "value", ", ".join(method.charts)), variable="charts")
    for k in range(len(design.areas)):
        for kind in method.charts:
            if kind == "run":
                yield from _run(header, design, k)
            else:
                yield from _limits(header, design, k, kind)


def _limits(header: Header, design: RegionDesign, k: int, kind: ChartKind) -> Iterator[Row]:
    binomial = design.law == "binomial"
    events, size = design.events[:, k], design.size[:, k]
    found = limits(events, size, binomial=binomial, prime=kind == "prime")
    measure = f"{'p' if binomial else 'u'}_{'prime_' if kind == 'prime' else ''}chart"
    about = replace(
        header.row("chart", "", None), groups=(("area", design.areas[k]),), measure=measure, unit=design.unit
    )
    yield replace(about, stat_name="centre", stat=design.factor * found.centre, stat_label="Mean")
    if kind == "prime":
        yield replace(about, stat_name="stretch", stat=found.stretch, stat_label="Laney's factor", unit="")
    for at, period in enumerate(design.periods):
        groups = (("area", design.areas[k]), ("period", period))
        yield from _point(replace(about, groups=groups), design, found, (at, k))


def _point(about: Row, design: RegionDesign, found: Limits, place: tuple[int, int]) -> Iterator[Row]:
    at, (y, lower, upper) = place[0], (design.y[place], found.lower[place[0]], found.upper[place[0]])
    factor = design.factor
    yield replace(about, stat_name="lower", stat=factor * float(lower), stat_label="Lower limit")
    yield replace(about, stat_name="upper", stat=factor * float(found.upper[at]), stat_label="Upper limit")
    side = int(y > factor * upper) - int(y < factor * lower)
    label = "Above (1) or below (-1) the limits, or within (0)"
    yield replace(about, stat_name="outside", stat=side, stat_label=label, unit="")


def _run(header: Header, design: RegionDesign, k: int) -> Iterator[Row]:
    found = runs(design.y[:, k])
    numbers: list[tuple[str, str, float | int | None]] = [
        ("median", "Median", found.median),
        ("n_useful", "Points off the median", found.useful),
        ("longest_run", "Longest run on one side of the median", found.longest),
        ("longest_run_limit", "Longest run that chance makes likely", found.longest_limit),
        ("crossings", "Crossings of the median", found.crossings),
        ("crossings_limit", "Fewest crossings that chance makes likely", found.crossings_limit),
        ("signal", "Whether either rule signals a change (1) or not (0)", int(found.signal)),
    ]
    for name, label, stat in numbers:
        if stat is None:
            continue
        row = header.row("chart", name, stat, label)
        unit = design.unit if name == "median" else "periods"
        yield replace(row, groups=(("area", design.areas[k]),), measure="run_chart", unit=unit)

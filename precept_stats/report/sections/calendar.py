"""The rows of a trial over periods, read back by cluster and period."""

from __future__ import annotations

from dataclasses import dataclass

from precept_stats.report.format import number, percent_text
from precept_stats.report.material import by_stat, grouped, number_of
from precept_stats.report.words import cell
from precept_stats.values import Row

Cells = dict[str, Row]


@dataclass(frozen=True, slots=True)
class Calendar:
    """Statistics by cluster and period; ``periods`` are in order of time."""

    periods: tuple[str, ...]
    clusters: dict[str, dict[str, Cells]]

    @property
    def cells(self) -> tuple[Cells, ...]:
        """The statistics of every cluster and period."""
        return tuple(found for of_periods in self.clusters.values() for found in of_periods.values())

    @property
    def unit(self) -> str:
        """The unit of the means."""
        return next((found["mean"].unit for found in self.cells if "mean" in found), "")

    @property
    def mean_words(self) -> str:
        """What the mean of a cluster in a period is called."""
        return "Proportion" if self.unit == "proportion" else "Mean" if "event" not in self.unit else "Rate"


def read_calendar(rows: tuple[Row, ...]) -> Calendar:
    """The calendar of rows of context ``schedule``; periods are in the order in which the rows name them."""
    about = [row for row in rows if row.group("cluster") and row.group("period")]
    clusters = {
        cluster: {
            period: by_stat(found) for period, found in grouped(mine, lambda row: row.group("period")).items()
        }
        for cluster, mine in grouped(about, lambda row: row.group("cluster")).items()
    }
    return Calendar(tuple(dict.fromkeys(row.group("period") for row in about)), clusters)


def condition(found: Cells) -> bool | None:
    """Whether a cluster was under the intervention in a period; None where that is not known."""
    value = number_of(found.get("treated"))
    return None if value is None else value == 1


def has_data(of_periods: dict[str, Cells]) -> bool:
    """Whether a cluster has someone analysed in some period; a suppressed count is somebody."""
    return any("n" in found and found["n"].stat != 0 for found in of_periods.values())


def mean_text(found: Cells) -> str:
    """The mean of a cluster in a period."""
    value = number_of(found.get("mean"))
    if value is None:
        return cell(found.get("mean"))
    return percent_text(value) if found["mean"].unit == "proportion" else number(value)

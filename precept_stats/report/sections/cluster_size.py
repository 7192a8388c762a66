"""Cluster size: the effect over clusters and over participants, and how outcomes go with size."""

from __future__ import annotations

from precept_stats.report.blocks import Block, Column, Figure, Heading, Prose, Table, TableRow
from precept_stats.report.figure_data import SizeArm, SizeData
from precept_stats.report.format import (
    fixed,
    level_text,
    number,
    p_text,
    point_text,
    range_text,
    scale_for,
    scale_of,
)
from precept_stats.report.material import Material, by_stat, grouped, number_of
from precept_stats.report.sections.clusters import LEAST_DRAWN
from precept_stats.report.words import NONE, capital, contrast_words, scale_words
from precept_stats.values import Row

AVERAGES = ("cluster_average", "participant_average", "comparison")
FEWEST_DRAWN = 4
TEST = (
    "Comparison: the effect over participants minus (for ratios: divided by) that over clusters, with the "
    "p-value of no difference, which is a test of informative cluster size. A large p-value does not show "
    "that size does not matter."
)


def cluster_size(material: Material) -> tuple[Block, ...]:
    """Both averages where an analysis gives them, then outcome against size; nothing without either."""
    blocks = (*_averages(material), *_picture(material))
    return (Heading(3, "Cluster size"), *blocks) if blocks else ()


def _averages(material: Material) -> tuple[Block, ...]:
    rows, measures = [], []
    for name in material.plan.analyses:
        found = grouped(material.rows("average", name), lambda row: row.group("average"))
        if found:
            told = {average: by_stat(found.get(average, [])) for average in AVERAGES}
            first = next(iter(found.values()))[0]
            scale = scale_for(first.measure, first.unit)
            measures.append(f"{scale_words(first.measure, scale)}, {contrast_words(first.term)}")
            p_value = number_of(told["comparison"].get("p_value"))
            cells = [_with_interval(told[average]) for average in AVERAGES]
            rows.append(
                TableRow((material.label(name), *cells, NONE if p_value is None else p_text(p_value)))
            )
    if not rows:
        return ()
    ci = f"({level_text(material.plan.multiplicity.level)} CI)"
    columns = (
        Column("Analysis", "left"),
        Column(f"Over clusters {ci}"),
        Column(f"Over {material.people} {ci}"),
        Column(f"Comparison {ci}"),
        Column("p"),
    )
    shown = f"{capital('; '.join(dict.fromkeys(measures)))}."
    caption = "The effect over clusters and over participants"
    return (Table("averages", caption, columns, tuple(rows), (shown, TEST)),)


def _with_interval(found: dict[str, Row]) -> str:
    value, low, high = (number_of(found.get(name)) for name in ("estimate", "conf_low", "conf_high"))
    if value is None:
        return NONE
    scale = scale_for(found["estimate"].measure, found["estimate"].unit)
    if low is None or high is None:
        return point_text(value, 0.0, scale)
    return f"{point_text(value, high - low, scale)} ({range_text(low, high, scale)})"


def _picture(material: Material) -> tuple[Block, ...]:
    """Outcome against size, cluster by cluster, with the slopes under it; nothing without slopes."""
    slopes = _slopes(material)
    if not slopes:
        return ()
    data = _data(material)
    if data is None:
        why = (
            "Outcome against cluster size is not drawn: too few clusters are large enough under the "
            f"disclosure policy, which rounds counts ({LEAST_DRAWN} people or more are needed)."
        )
        return Prose(why), _slope_table(material, slopes)
    outcome = material.question.outcome
    figure = Figure(
        id="cluster-size",
        caption=f"{capital(outcome.name)} of each cluster against its size, by arm. Sizes are on a "
        "logarithmic axis. A trend says that size is informative of the outcome; one that differs "
        "between the arms, that the effect goes with size.",
        alt=_alt(data),
        data=data,
        behind=_slope_table(material, slopes),
    )
    return (figure,)


def _data(material: Material) -> SizeData | None:
    """A point a cluster at follow-up; None where too few may be drawn."""
    by_arm = grouped(material.about_the_trial("cluster_outcome"), lambda row: row.group("arm"))
    binary = material.question.outcome.type == "binary"
    arms = []
    for arm in material.arms:
        clusters = grouped(by_arm.get(arm, []), lambda row: row.group("cluster"))
        points = [_point(material, rows, binary=binary) for rows in clusters.values()]
        known = tuple(point for point in points if point is not None)
        if len(known) < FEWEST_DRAWN or (material.released.policy != "none" and 2 * len(known) < len(points)):
            return None
        arms.append(SizeArm(arm, known))
    outcome = material.question.outcome
    unit = "%" if binary else outcome.unit
    size = "Person-time" if outcome.type == "count" else capital(material.people)
    return SizeData(
        f"{capital(outcome.name)}{f' ({unit})' if unit else ''}", f"{size} in the cluster", tuple(arms)
    )


def _point(material: Material, rows: list[Row], *, binary: bool) -> tuple[float, float] | None:
    """Size and outcome; None where either is not known, or rounding would move the outcome far."""
    found = by_stat(row for row in rows if row.group("period") != "baseline")
    size, value = number_of(found.get("N")), number_of(found.get("mean", found.get("p")))
    if size is None or value is None or size <= 0:
        return None
    if material.released.policy != "none" and "mean" not in found and size < LEAST_DRAWN:
        return None
    return size, 100 * value if binary else value


def _alt(data: SizeData) -> str:
    parts = []
    for arm in data.arms:
        sizes, values = zip(*arm.points, strict=True)
        parts.append(
            f"{arm.name}: {len(sizes)} clusters of {min(sizes):g} to {max(sizes):g}, "
            f"outcome {number(min(values))} to {number(max(values))}"
        )
    return f"Scatter plot of {data.outcome} against cluster size. {'; '.join(parts)}."


def _slopes(material: Material) -> dict[str, dict[str, Row]]:
    rows = material.about_the_trial("size_dependence")
    found = grouped(rows, lambda row: row.group("arm"))
    return {arm: by_stat(mine) for arm, mine in found.items()}


def _slope_table(material: Material, slopes: dict[str, dict[str, Row]]) -> Table:
    rows = [_slope_row(arm or contrast_words(found["estimate"].term), found) for arm, found in slopes.items()]
    columns = (
        Column("Arm", "left"),
        Column("With each doubling of size"),
        Column("Standard error"),
        Column("df"),
        Column("p"),
    )
    note = (
        "Least squares with a cluster as observation, t: a description. The test of informative cluster size "
        "is that of the method model_robust, where an analysis uses it."
    )
    caption = f"{capital(material.question.outcome.name)} by cluster size"
    return Table("cluster-size-data", caption, columns, tuple(rows), (note,))


def _slope_row(name: str, found: dict[str, Row]) -> TableRow:
    value, error, df, p_value = (
        number_of(found.get(one)) for one in ("estimate", "std_error", "df", "p_value")
    )
    if value is None or error is None:
        return TableRow((name, *(NONE,) * 4))
    scale = scale_of(found["estimate"].unit, difference=True)
    words = f" {scale.words}" if scale.words else ""
    return TableRow(
        (
            name,
            f"{point_text(value, 4 * error, scale)}{words}",
            point_text(error, 4 * error, scale),
            NONE if df is None else fixed(df, 0),
            NONE if p_value is None else p_text(p_value),
        )
    )

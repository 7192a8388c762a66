"""Whether a Bayesian model could have given these data, and how well it predicts clusters it has not seen."""

from __future__ import annotations

from collections.abc import Mapping

from precept_stats.report.blocks import Block, Column, Figure, Heading, Prose, Table, TableRow
from precept_stats.report.figure_data import Mark, ObservedData, ObservedLine
from precept_stats.report.format import Scale, fixed, level_text, plural, point_text, range_text, scale_of
from precept_stats.report.material import Material, by_stat, grouped, number_of
from precept_stats.report.words import NONE, cell, sentence
from precept_stats.values import Row

Cells = Mapping[str, Row]
STATISTICS = {
    "mean": "mean of clusters",
    "sd": "SD between clusters",
    "smallest": "smallest cluster",
    "largest": "largest cluster",
}
FAR = 0.025


def posterior_checks(material: Material) -> tuple[Block, ...]:
    """Posterior predictive checks by arm and by cluster, and left-out clusters; nothing where none are."""
    blocks: list[Block] = []
    for name in material.plan.analyses:
        rows = material.rows("predictive_check", name)
        if rows:
            blocks += _checks(material, name, rows)
        blocks += _validation(material, name)
    return (Heading(2, "Does the Bayesian model fit?"), *blocks) if blocks else ()


def _checks(material: Material, name: str, rows: tuple[Row, ...]) -> list[Block]:
    by_arm = {(row.group("arm"), row.group("statistic")): {} for row in rows if row.group("statistic")}  # type: dict[tuple[str, str], dict[str, Row]]
    for row in rows:
        if row.group("statistic"):
            by_arm[row.group("arm"), row.group("statistic")][row.stat_name] = row
    by_cluster = {
        cluster: by_stat(found)
        for cluster, found in grouped(rows, lambda row: row.group("cluster")).items()
        if cluster
    }
    several = len({arm for arm, _ in by_arm}) > 1
    arms = {
        f"{arm}: {STATISTICS[what]}" if several else STATISTICS[what].capitalize(): found
        for (arm, what), found in by_arm.items()
        if number_of(found.get("estimate")) is not None
    }
    known = {one: found for one, found in by_cluster.items() if number_of(found.get("estimate")) is not None}
    blocks: list[Block] = [Prose(_verdict(material, name, arms, known))]
    if arms:
        blocks.append(_figure(material, (f"check-arms-{name}", "by arm"), arms))
    if known:
        order = sorted(known, key=lambda one: (_value(known[one], "estimate"), one))
        shown = {one: known[one] for one in order}
        blocks.append(_figure(material, (f"check-clusters-{name}", "by cluster"), shown))
    return blocks


def _value(found: Cells, name: str) -> float:
    return number_of(found.get(name)) or 0.0


def _far(found: Cells) -> bool:
    """Whether hardly any replicate is as far out."""
    above = number_of(found.get("above"))
    return above is not None and min(above, 1.0 - above) < FAR


def _verdict(material: Material, name: str, arms: Mapping[str, Cells], known: Mapping[str, Cells]) -> str:
    far = [label for label, found in arms.items() if _far(found)]
    said = (
        "what was observed in the arms is such as the model would give"
        if not far
        else f"the model hardly ever gives what was observed of: {'; '.join(far)}"
    )
    outside = sum(_far(found) for found in known.values())
    of_clusters = (
        f"; {outside} of {plural(len(known), 'cluster')} lie in the outer 5% of what it gives for a cluster "
        "like them, of which at most one in twenty is expected"
        if known
        else ""
    )
    return sentence(
        f"\u201c{material.label(name)}\u201d, posterior predictive checks (data drawn from the "
        f"fitted model, random effects anew): {said}{of_clusters}"
    )


def _figure(material: Material, about: tuple[str, str], found: Mapping[str, Cells]) -> Figure:
    figure_id, by = about
    scale = scale_of(next(iter(found.values()))["estimate"].unit, difference=False)
    level = level_text(material.plan.multiplicity.level)
    lines = tuple(_line(label, each, scale) for label, each in found.items())
    columns = (
        Column("Of what", "left"),
        Column("Observed"),
        Column(f"Model gives ({level} of it)"),
        Column("Share above"),
    )
    rows = tuple(TableRow((label, *_cells(each, scale))) for label, each in found.items())
    words = f", {scale.words}" if scale.words else ""
    return Figure(
        id=figure_id,
        caption=f"Posterior predictive check {by}: what was observed, and the middle {level} of what the "
        "model gives with all random effects drawn anew.",
        alt=f"What was observed beside what the model gives, {by}: {_outside(found)}. "
        "All are in the table below.",
        data=ObservedData(f"Mean outcome{words}", "given by the model", "observed", (), lines),
        behind=Table(f"{figure_id}-data", f"Posterior predictive check {by}", columns, rows),
    )


def _outside(found: Mapping[str, Cells]) -> str:
    far = [label for label, each in found.items() if _far(each)]
    return f"{len(far)} of {len(found)} observed values in the outer 5%"


def _line(label: str, found: Cells, scale: Scale) -> ObservedLine:
    value, low, high = (scale.factor * _value(found, one) for one in ("estimate", "conf_low", "conf_high"))
    observed = number_of(found.get("observed"))
    return ObservedLine(label, Mark(value, low, high), None if observed is None else scale.factor * observed)


def _cells(found: Cells, scale: Scale) -> tuple[str, ...]:
    value, low, high = (_value(found, one) for one in ("estimate", "conf_low", "conf_high"))
    observed, above = number_of(found.get("observed")), number_of(found.get("above"))
    return (
        NONE if observed is None else point_text(observed, high - low, scale),
        f"{point_text(value, high - low, scale)} ({range_text(low, high, scale)})",
        NONE if above is None else fixed(above, 3),
    )


def _validation(material: Material, name: str) -> list[Block]:
    rows = material.rows("validation", name)
    whole = by_stat(row for row in rows if not row.groups)
    if not whole:
        return []
    columns = (Column("What", "left"), Column("Value"))
    shown = ("elpd", "elpd_se", "p_loo", "n_clusters", "n_refitted")
    lines = [TableRow((whole[one].stat_label, _number(whole[one]))) for one in shown if one in whole]
    for row in rows:
        if row.stat_name == "elpd_difference":
            other = row.group("compared_with")
            error = next(
                (
                    each
                    for each in rows
                    if each.stat_name == "elpd_difference_se" and each.groups == row.groups
                ),
                None,
            )
            words = f"Better (above 0) than \u201c{material.label(other)}\u201d by, with its standard error"
            lines.append(TableRow((words, f"{_number(row)} ({_number(error)})")))
    khats = [number_of(row) or 0.0 for row in rows if row.stat_name == "khat" and row.stat is not None]
    note = (
        "Each cluster predicted from all others, its random effect integrated out: the sum of the logs of "
        "what the model gives for it (of counts up to a constant of the data), by Pareto-smoothed "
        f"importance sampling{_largest(khats)}. A difference of less than about two standard errors, or of "
        "less than 4, tells two models hardly apart."
    )
    title = f"{material.label(name)}: prediction of left-out clusters"
    return [Table(f"validation-{name}", title, columns, tuple(lines), (note,))]


def _largest(khats: list[float]) -> str:
    return f"; the largest Pareto k is {fixed(max(khats), 2)}" if khats else ""


def _number(row: Row | None) -> str:
    value = number_of(row)
    if row is None or value is None:
        return cell(row)
    return fixed(value, 0 if row.unit == "clusters" else 1)

"""Predicted clusters, or units of a programme: shrunken predictions in order, with their intervals."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

from precept_stats.methods import PlannedMethod
from precept_stats.report.blocks import Block, Column, Figure, Heading, Prose, Table, TableRow
from precept_stats.report.figure_data import Mark, RankedData, RankedLine
from precept_stats.report.format import Scale, level_text, plural, point_text, range_text, scale_of
from precept_stats.report.material import Material, answer, by_stat, grouped, number_of
from precept_stats.report.sections.variances import LINKED
from precept_stats.report.words import NONE, capital, cell, plain
from precept_stats.values import Context, Row

Cells = dict[str, Row]
LINK_WORDS = {"logit": "log odds", "log": "log rate"}
CONTEXTS: tuple[Context, ...] = ("cluster_outcome", "missingness")
NOTE = "Shrunken predictions: their order is uncertain and is no ranking of performance."


@dataclass(frozen=True, slots=True)
class Ranking:
    """The predicted effects of one name, by cluster: those that are known, in order, as marks.

    ``noun`` is what clusters are called.
    """

    noun: str
    figure_id: str
    title: str
    scale: Scale
    clusters: dict[str, Cells]
    known: dict[str, Mark]
    arms: dict[str, str]

    def text(self, name: str) -> str:
        """The prediction of a cluster with its interval, or why there is none."""
        mark = self.known.get(name)
        if mark is None:
            return cell(self.clusters[name].get("prediction"))
        low, high = mark.ends
        shown = Scale(1, self.scale.least, "", "")
        value = point_text(mark.value, high - low, shown)
        return value if low == high else f"{value} ({range_text(low, high, shown)})"


def predictions(material: Material) -> tuple[Block, ...]:
    """A caterpillar of the predicted clusters of one analysis; nothing where none predicts them."""
    rows = material.about_the_trial("prediction")
    if not rows:
        return ()
    heading = f"Predicted {_noun(material)}s"
    blocks: list[Block] = [Heading(2, heading), Prose(_caution(material, rows[0].analysis))]
    terms = grouped(rows, lambda row: row.group("term") or row.term)
    for place, (term, found) in enumerate(terms.items(), 1):
        figure_id = f"predictions-{place}" if place > 1 else "predictions"
        ranking = _ranking(material, tuple(found), (term, figure_id))
        blocks.append(_figure(material, ranking) if ranking.known else Prose(_nothing(ranking)))
    return tuple(blocks)


def _noun(material: Material) -> str:
    """What clusters are called: of a programme and of series, units."""
    return "unit" if material.plan.over_time else "cluster"


def _caution(material: Material, analysis: str) -> str:
    noun = _noun(material)
    return (
        f"These are predictions by the model of the analysis “{material.label(analysis)}”, shrunken towards "
        f"the average {noun}: the less a {noun} has told, the closer it is drawn to the others. They are "
        f"no league table. Their intervals overlap, so the order of the {noun}s is itself uncertain, and a "
        f"{noun} may stand where it does because of whom it serves."
    )


def _nothing(ranking: Ranking) -> str:
    return f"{ranking.title}: no {ranking.noun} can be shown under the disclosure policy."


def _ranking(material: Material, rows: tuple[Row, ...], of: tuple[str, str]) -> Ranking:
    term, figure_id = of
    by_cluster = grouped(rows, lambda row: row.group("cluster"))
    clusters = {name: by_stat(found) for name, found in by_cluster.items()}
    first = next((row for row in rows if row.stat_name == "prediction"), rows[0])
    scale = _scale(material, first)
    shown = (scale.factor, material.plan.multiplicity.level)
    marks = {name: _mark(found, shown) for name, found in clusters.items()}
    known = {name: mark for name, mark in marks.items() if mark is not None}
    order = sorted(known, key=lambda name: (known[name].value, len(name), name))
    what = capital(first.stat_label) or "Predicted random effect of the cluster"
    what += f": {plain(term)}" if term and term not in what else ""
    title = f"{what} ({scale.words})" if scale.words else what
    in_order = {name: known[name] for name in order}
    arms = _arms_of_clusters(material)
    return Ranking(_noun(material), figure_id, title, scale, clusters, in_order, arms)


def _scale(material: Material, row: Row) -> Scale:
    """The scale of the row or, for a model on the scale of the outcome, that of its estimate."""
    found = answer(material, row.analysis)
    method = material.plan.analyses[row.analysis].method
    link = _link(method)
    if (link or method.kind in LINKED) and not row.unit:
        return Scale(1, 0, "", link or "scale of the link")
    unit = row.unit or ("" if found is None or found.log else found.unit)
    return scale_of(unit, difference=True)


def _link(method: PlannedMethod) -> str:
    """The scale of the random effects of a model of series in words; empty where it is the outcome's own."""
    model = getattr(method, "distribution", getattr(method, "autocorrelation", None))
    return LINK_WORDS.get(getattr(model, "link", ""), "")


def _mark(found: Cells, shown: tuple[float, float]) -> Mark | None:
    factor, level = shown
    value, error = number_of(found.get("prediction")), number_of(found.get("std_error"))
    if value is None:
        return None
    if error is None:
        return Mark(factor * value)
    reach = NormalDist().inv_cdf(0.5 + level / 2) * error
    return Mark(factor * value, factor * (value - reach), factor * (value + reach))


def _arms_of_clusters(material: Material) -> dict[str, str]:
    """The arm of each cluster; none where clusters cross from one condition to the other."""
    crosses = material.crosses or material.plan.over_time
    return {
        row.group("cluster"): row.group("arm")
        for context in CONTEXTS
        for row in (() if crosses else material.about_the_trial(context))
        if row.group("cluster") and row.group("arm")
    }


def _figure(material: Material, ranking: Ranking) -> Figure:
    series = tuple(arm for arm in material.arms if arm in ranking.arms.values())
    lines = tuple(
        RankedLine(name, mark, series.index(ranking.arms[name]) if ranking.arms.get(name) in series else None)
        for name, mark in ranking.known.items()
    )
    level = level_text(material.plan.multiplicity.level)
    least, greatest = (f"{ranking.text(one.label)} for {one.label}" for one in (lines[0], lines[-1]))
    hidden = len(ranking.clusters) - len(lines)
    return Figure(
        id=ranking.figure_id,
        caption=f"{ranking.title}: {plural(len(lines), ranking.noun)} in order of the prediction, with "
        f"{level} prediction intervals (normal). Shrunken predictions, not a league table.",
        alt=f"Caterpillar plot. {ranking.title}: from {least} to {greatest}. "
        f"Every {ranking.noun} is in the table below.",
        data=RankedData(ranking.title, False, series, lines, null=0.0, null_label=f"average {ranking.noun}"),
        behind=_table(ranking, level),
        notes=() if material.released.policy == "none" else _notes(hidden, ranking.noun),
    )


def _table(ranking: Ranking, level: str) -> Table:
    rest = [name for name in ranking.clusters if name not in ranking.known]
    rows = []
    for name in (*ranking.known, *rest):
        arm = (ranking.arms.get(name, NONE),) if ranking.arms else ()
        rows.append(TableRow((name, *arm, ranking.text(name))))
    arms = (Column("Arm", "left"),) if ranking.arms else ()
    columns = (Column(capital(ranking.noun), "left"), *arms, Column(f"Prediction ({level} interval)"))
    title = f"Predicted {ranking.noun}s, in order"
    return Table(f"{ranking.figure_id}-data", title, columns, tuple(rows), (NOTE,))


def _notes(hidden: int, noun: str) -> tuple[str, ...]:
    note = (
        f"{capital(noun)}s stand under numbers in place of names; predictions are rounded to half of their "
        "standard error, and that to one digit."
    )
    left = f" Not shown, for a count that is not: {plural(hidden, noun)}." if hidden else ""
    return (note + left,)

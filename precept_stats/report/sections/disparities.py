"""How unequal areas are: a table of indices by period, the areas with their intervals, and what is noise."""

from __future__ import annotations

from precept_stats.numerics.inequality.catalogue import MEASURES
from precept_stats.plan.disparity_words import reference_words
from precept_stats.plan.explain import outcome_words, population_words
from precept_stats.report.blocks import Block, Bullets, Column, Heading, Prose, Table, TableRow, Terms
from precept_stats.report.format import level_text, number, p_text, percent_text
from precept_stats.report.material import Material, by_stat, grouped, number_of
from precept_stats.report.sections.area_monitoring import area_monitoring
from precept_stats.report.sections.areas_together import areas_together
from precept_stats.report.sections.disparity_figures import area_figures
from precept_stats.report.words import NONE, capital, contrast_words, sentence
from precept_stats.values import Row

CHANGE, RATIO = "change_", "ratio_"
MOST_COLUMNS, MOST_INDICES = 6, 3
FURTHER = {
    "bgv_corrected": "Between-group variance without sampling error",
    "bgsd_corrected": "Between-group standard deviation without sampling error",
    "cov_corrected": "Coefficient of variation without sampling error",
    "tau": "Standard deviation of areas in a random-effects model",
    "i2": "Share of the variance between areas that is not noise",
    "expected_range": "Best and worst apart by chance alone",
    "bgv_from_mean": "Of this, what goes with the mean (every area's odds or rate times one factor)",
    "bgv_from_spread": "Of this, what is a change of the spread",
    "share_from_mean": "Share that goes with the mean",
    "bgsd_expected": "Standard deviation to be expected, had only the mean changed",
}
ABOUT = (
    "An index says how unequal these areas are in this period, with an interval for the sampling error of "
    "each. Sampling error alone makes an index without a sign larger; the lines without sampling error "
    "correct for it. The best and the worst area are chosen by their estimates, so their difference is to be "
    "read beside what chance alone would show."
)


def disparities(material: Material) -> tuple[Block, ...]:
    """What is asked, a table and a figure of areas for each disparity of the plan; nothing where none is."""
    blocks: list[Block] = []
    for name in material.plan.disparities:
        blocks += _one(material, name)
    return (Heading(2, "Disparity between areas"), Prose(ABOUT), *blocks) if blocks else ()


def _label(material: Material, name: str) -> str:
    declared = material.plan.disparities[name]
    return declared.label or material.plan.outcomes[declared.outcome].name


def _one(material: Material, name: str) -> list[Block]:
    declared, question = material.plan.disparities[name], material.plan.area_question(name)
    label = _label(material, name)
    failed = material.rows("failure", name)
    if failed:
        return [Heading(3, label), Prose(f"This disparity could not be had: {sentence(failed[0].error)}")]
    asked = Terms(
        (
            ("Population", sentence(population_words(question.population))),
            ("Outcome", sentence(outcome_words(question.outcome))),
            ("Measured from", sentence(capital(reference_words(declared.study.reference)))),
        )
    )
    blocks: list[Block] = [Heading(3, label), asked, *_tables(material, name)]
    remarks = [str(row.stat) for row in material.rows("fit", name) if row.stat_name == "remark"]
    blocks += [Bullets(tuple(map(sentence, map(capital, remarks))))] if remarks else []
    return [
        *blocks,
        *area_figures(material, name, label),
        *areas_together(material, name, label),
        *area_monitoring(material, name, label),
    ]


def _tables(material: Material, name: str) -> list[Block]:
    """One line an index and one column a period; then the changes, where there are several periods."""
    rows = material.rows("disparity", name)
    pairs = dict.fromkeys((row.group("period"), row.group("compared_with")) for row in rows)
    label, level = _label(material, name), level_text(material.plan.multiplicity.level)
    told = (f"In brackets: {level} confidence intervals.",)
    about = (f"disparity-{name}", f"{label}: indices of disparity")
    alone = [pair for pair in pairs if not pair[1]]
    if len(alone) > MOST_COLUMNS:
        return [_by_period(about, rows, alone, told)]
    tables: list[Block] = [_table(about, rows, alone, (*told, *_tests(material, name)))]
    changes = [pair for pair in pairs if pair[1]]
    if changes:
        about = (f"disparity-{name}-changes", f"{label}: changes of the indices")
        ratios = "A change is the later period less the earlier one; of ratios, the ratio of the two."
        differences = tuple(row for row in rows if not row.measure.startswith(RATIO))
        tables.append(_table(about, differences, changes, (*told, ratios, *_narrowing(material, name))))
        over = tuple(row for row in rows if row.measure.startswith(RATIO))
        if over:
            about = (f"disparity-{name}-ratios", f"{label}: indices over those of the earlier period")
            tables.append(_table(about, over, changes, told))
    return tables


def _table(
    about: tuple[str, str], rows: tuple[Row, ...], pairs: list[tuple[str, str]], told: tuple[str, ...]
) -> Table:
    shown = [row for row in rows if (row.group("period"), row.group("compared_with")) in pairs]
    notes: list[str] = []
    lines = [
        TableRow((_title(measure, rows), *(_cell(rows, measure, pair, notes) for pair in pairs)))
        for measure in dict.fromkeys(row.measure.removeprefix(CHANGE).removeprefix(RATIO) for row in shown)
    ]
    headings = (f"{period or 'All'}{f' against {earlier}' if earlier else ''}" for period, earlier in pairs)
    columns = (Column("Index", "left", wraps=True), *map(Column, headings))
    numbered = (f"Note {place}: {sentence(text)}" for place, text in enumerate(notes, 1))
    return Table(*about, columns, tuple(lines), (*told, *numbered))


def _by_period(
    about: tuple[str, str], rows: tuple[Row, ...], pairs: list[tuple[str, str]], told: tuple[str, ...]
) -> Table:
    """Many periods: one line each and a column an index, as many as there is room for."""
    notes: list[str] = []
    alone = [row for row in rows if not row.group("compared_with")]
    asked = list(dict.fromkeys(row.measure for row in alone))[:MOST_INDICES]
    lines = tuple(
        TableRow((pair[0], *(_cell(rows, measure, pair, notes) for measure in asked))) for pair in pairs
    )
    columns = (Column("Period", "left"), *(Column(_title(measure, rows), wraps=True) for measure in asked))
    numbered = (f"Note {place}: {sentence(text)}" for place, text in enumerate(notes, 1))
    more = ("Changes, and further indices, are in the rows of the results.",)
    return Table(*about, columns, lines, (*told, *more, *numbered))


def _title(measure: str, rows: tuple[Row, ...]) -> str:
    unit = next((row.unit for row in rows if row.measure == measure and row.unit), "")
    words = FURTHER.get(measure) or MEASURES[measure].label
    return f"{words} ({unit})" if unit and unit != "ratio" else words


def _cell(rows: tuple[Row, ...], measure: str, pair: tuple[str, str], notes: list[str]) -> str:
    period, earlier = pair
    names = (f"{CHANGE}{measure}", f"{RATIO}{measure}", measure) if earlier else (measure,)
    mine = [
        row
        for row in rows
        if row.measure in names and (row.group("period"), row.group("compared_with")) == (period, earlier)
    ]
    if not mine:
        return NONE
    cells = by_stat(mine)
    first = cells["estimate"]
    remark = _remark(first)
    if remark and remark not in notes:
        notes.append(remark)
    note = f" (note {notes.index(remark) + 1})" if remark else ""
    return f"{_text(cells)}{note}"


def _remark(row: Row) -> str:
    reason = row.error or row.warning
    return f"{contrast_words(row.term)}: {reason}" if reason and row.term else reason


def _text(cells: dict[str, Row]) -> str:
    value, low, high = (number_of(cells.get(name)) for name in ("estimate", "conf_low", "conf_high"))
    if value is None:
        return "none"
    return (
        number(value) if low is None or high is None else f"{number(value)} ({number(low)} to {number(high)})"
    )


def _tests(material: Material, name: str) -> list[str]:
    """Whether the areas are all alike, by period."""
    told = []
    rows = [row for row in material.rows("joint_test", name) if not row.group("compared_with")]
    for period, mine in grouped(rows, lambda row: row.group("period")).items():
        found = by_stat(mine)
        p, df = number_of(found.get("p_value")), number_of(found.get("df1"))
        if p is not None and df is not None:
            when = f" in {period}" if period else ""
            told.append(f"Test that all areas are alike{when} (Cochran's Q, {df:.0f} df): p {p_text(p)}.")
    return told


def _narrowing(material: Material, name: str) -> list[str]:
    """Whether the areas came nearer to each other, or apart, by pair of periods."""
    told = []
    rows = [row for row in material.rows("joint_test", name) if row.group("compared_with")]
    for pair, mine in grouped(rows, lambda row: (row.group("period"), row.group("compared_with"))).items():
        p = number_of(by_stat(mine).get("p_value"))
        if p is not None:
            told.append(
                f"Test that the variance without sampling error in {pair[0]} is that of {pair[1]}: "
                f"p {p_text(p)}."
            )
    return told


def summary_of_areas(material: Material) -> tuple[Block, ...]:
    """What a plan without arms is about, and what each of its disparities found first."""
    said = [text for name in material.plan.disparities if (text := _in_words(material, name))]
    blocks: list[Block] = [Heading(2, "Summary"), *(Prose(text, lead=True) for text in said)]
    blocks += [Prose(material.plan.summary)] if material.plan.summary else []
    if material.provenance.synthetic:
        blocks.append(
            Prose("Synthetic data: made by a program. Nothing here is a finding about any real area.")
        )
    return tuple(blocks)


def _in_words(material: Material, name: str) -> str:
    """The spread of areas without noise in the last period, with its interval."""
    rows = [row for row in material.rows("disparity", name) if row.measure == "bgsd_corrected"]
    periods = grouped(rows, lambda row: row.group("period"))
    if not periods:
        return ""
    period, mine = list(periods.items())[-1]
    cells = by_stat(mine)
    unit = cells["estimate"].unit
    when = f" in {period}" if period else ""
    count = len({row.group("area") for row in material.rows("area", name)})
    level = level_text(material.plan.multiplicity.level)
    if number_of(cells["estimate"]) is None:
        return f"{_label(material, name)}: how far areas are apart is not shown under the disclosure policy."
    return (
        f"{_label(material, name)}: the {count} areas{when} have a standard deviation of {_text(cells)} "
        f"{unit} without sampling error ({level} confidence interval).{_explained(material, name, period)}"
    )


def _explained(material: Material, name: str, period: str) -> str:
    """How much of the change since the first period goes with the mean; nothing where that is not told."""
    rows = [row for row in material.rows("disparity", name) if row.measure == "share_from_mean"]
    mine = [row for row in rows if row.group("period") == period]
    share = number_of(mine[0]) if mine else None
    if share is None:
        return ""
    since = mine[0].group("compared_with")
    return (
        f" Of the change of the variance since {since}, {percent_text(share, 0)} is what would have come of "
        "the change of the mean alone."
    )

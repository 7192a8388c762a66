"""Table 1: who was in each arm, at both levels, with missing values and without p-values."""

from __future__ import annotations

from precept_stats.report.blocks import Block, Column, Heading, Prose, Table, TableRow
from precept_stats.report.format import Scale, decimals_for, fixed, percent_text, scale_of
from precept_stats.report.material import Material, by_stat, grouped, number_of
from precept_stats.report.words import NONE, capital, cell
from precept_stats.studies.cluster_trial import ClusterTrial
from precept_stats.studies.cluster_trial_with_baseline import ClusterTrialWithBaseline
from precept_stats.values import Row

LEVELS = {"cluster": "Clusters", "individual": "Individuals"}
Cells = dict[str, Row]

COARSE = (
    "Means and SDs have two digits of the SD; they are not shown where nearly all have one value, for "
    "columns of two values, or (SD of sizes) where a cluster has {small} individuals."
)
NO_TESTS = (
    "No tests of the differences between arms are made: in a randomised trial they would test chance "
    "(CONSORT 2025, item 25)."
)
CROSSING = (
    "Clusters that switched stand under both conditions, and the conditions differ in calendar time too: "
    "the table describes who was there, and is no check of the randomisation. No tests are made."
)
SIZES = "Cluster sizes are rounded to 5, as counts are."
TITLE = "Characteristics of clusters and individuals"


def baseline(material: Material) -> tuple[Block, ...]:
    """Table 1 by arm: mean (SD) and median (quartiles), or number (per cent), and what is missing."""
    heading = Heading(2, TITLE)
    rows = material.about_the_trial("baseline")
    if not rows:
        return heading, Prose("The plan names no characteristics, or none could be described.")
    shown: list[TableRow] = []
    for level, found in grouped(rows, lambda row: row.group("level")).items():
        title = LEVELS.get(level, level)
        shown.append(TableRow((title if level == "cluster" else capital(material.people),), "group"))
        shown += _totals(material, found)
        for of_variable in grouped(found, lambda row: row.variable).values():
            shown += _variable(material, of_variable)
    columns = (Column("Characteristic", "left"), *(Column(arm) for arm in material.arms))
    notes = [*_described(material), "SD: standard deviation. Q1, Q3: lower and upper quartile."]
    if material.released.policy != "none":
        notes.append("Percentages are of rounded counts; categories need not add up.")
        notes.append(COARSE.format(small=material.small))
        if any(row.unit == "individuals per cluster" for row in rows):
            notes.append(SIZES)
    table = Table(
        "table-1", f"Table 1. Characteristics by {material.condition}", columns, tuple(shown), tuple(notes)
    )
    return heading, table


def _described(material: Material) -> tuple[str, ...]:
    """Who is in the table, and when, since that need not be before the randomisation."""
    study = material.plan.analyses[material.plan.primary].study
    windows = isinstance(study, ClusterTrial) and study.periods is not None
    when = " of the follow-up window" if windows else ""
    when = " at follow-up" if isinstance(study, ClusterTrialWithBaseline) else when
    if material.crosses:
        return (
            f"Described are the eligible {material.people} under each condition and their clusters.",
            CROSSING,
        )
    who = (
        f"Described are the eligible {material.people}{when} and their clusters; what is measured after "
        "randomisation may differ between arms by more than chance."
    )
    return who, NO_TESTS


def _totals(material: Material, rows: list[Row]) -> list[TableRow]:
    """How many there are in each arm: the greatest of known and missing together over the variables."""
    cells = []
    for arm in material.arms:
        mine = [row for row in rows if row.group("arm") == arm]
        sums = []
        for of_variable in grouped(mine, lambda row: row.variable).values():
            total, missing = _first(of_variable, "N"), _first(of_variable, "n_missing")
            known = number_of(total)
            if known is not None:
                sums.append(known + (number_of(missing) or 0))
        cells.append(fixed(max(sums), 0) if sums else NONE)
    return [TableRow(("Number", *cells))]


def _first(rows: list[Row], name: str) -> Row | None:
    return next((row for row in rows if row.stat_name == name), None)


def _variable(material: Material, rows: list[Row]) -> list[TableRow]:
    by_arm = grouped(rows, lambda row: row.group("arm"))
    arms = [by_arm.get(arm, []) for arm in material.arms]
    title = capital(rows[0].term or rows[0].variable.replace("_", " "))
    unit = next((row.unit for row in rows if row.stat_name == "mean"), "")
    categories = list(dict.fromkeys(row.variable_level for row in rows if row.variable_level))
    if categories:
        lines = [
            (f"{capital(name)}, n (%)", [_share(_category(arm, name)) for arm in arms]) for name in categories
        ]
    else:
        numbers = [by_stat(arm) for arm in arms]
        scale = scale_of(unit, difference=False)
        decimals = max(_decimals(found, scale) for found in numbers)
        lines = [
            (
                label,
                [
                    _spread(found, names, (scale, _needed(numbers, names, (scale, decimals))))
                    for found in numbers
                ],
            )
            for label, names in (("Mean (SD)", ("mean", "sd")), ("Median (Q1, Q3)", ("median", "p25", "p75")))
        ]
    if any((number_of(_first(arm, "n_missing")) or 0) > 0 or _hidden(arm) for arm in arms):
        lines.append(("Missing, n", [cell(_first(arm, "n_missing")) for arm in arms]))
    known = unit in ("", "proportion", "ratio") or unit.lower() in title.lower()
    named = title if known else f"{title} ({unit.replace('individuals', material.people)})"
    blank = ("",) * len(arms)
    return [TableRow((named, *blank), "strong"), *(TableRow((name, *cells), "sub") for name, cells in lines)]


def _hidden(rows: list[Row]) -> bool:
    missing = _first(rows, "n_missing")
    return missing is not None and missing.status == "suppressed"


def _category(rows: list[Row], name: str) -> Cells:
    return by_stat(row for row in rows if row.variable_level == name)


def _share(found: Cells) -> str:
    share = number_of(found.get("p"))
    return cell(found.get("n")) if share is None else f"{cell(found.get('n'))} ({percent_text(share)})"


def _spread(found: Cells, names: tuple[str, ...], shown_as: tuple[Scale, int]) -> str:
    centre, *around = names
    scale, decimals = shown_as
    value = number_of(found.get(centre))
    if value is None:
        return cell(found.get(centre))
    numbers = [number_of(found.get(name)) for name in around]
    shown = ", ".join(NONE if n is None else fixed(n * scale.factor, decimals) for n in numbers)
    return f"{fixed(value * scale.factor, decimals)}{scale.suffix} ({shown})"


def _decimals(found: Cells, scale: Scale) -> int:
    """Decimals that show the standard deviation to about two digits, at most three."""
    spread = number_of(found.get("sd"))
    return min(3, decimals_for((spread or 0) * scale.factor)) if spread else 1


def _needed(numbers: list[Cells], names: tuple[str, ...], shown_as: tuple[Scale, int]) -> int:
    """No decimals where all numbers of a line are whole: a rounded 20 is not 20.0."""
    scale, decimals = shown_as
    values = [number_of(found.get(name)) for found in numbers for name in names]
    scaled = [round(value * scale.factor, 8) for value in values if value is not None]
    return 0 if all(value.is_integer() for value in scaled) else decimals

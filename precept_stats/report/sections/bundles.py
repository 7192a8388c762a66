"""Care bundles: each element and the composite in one table, by arm."""

from __future__ import annotations

from precept_stats.report.blocks import Block, Column, Heading, Prose, Table, TableRow
from precept_stats.report.format import percent_text
from precept_stats.report.material import Material, number_of
from precept_stats.report.words import NONE, capital, cell
from precept_stats.studies.composite import AnyComposite
from precept_stats.values import Row

Found = dict[tuple[str, str, str], Row]
"""Rows by variable, arm and statistic."""

UNKNOWN = {
    "any_missing_is_missing": "{who} with any element not recorded has no composite",
    "missing_is_not_given": "an element that was not recorded counts as not given",
    "of_known": "an element that was not recorded leaves that one's denominator",
}
LOST = {
    "any_missing_is_missing": "{}",
    "missing_is_not_given": "as not given",
    "of_known": "{} with nothing recorded",
}
"""What stands under "not recorded" of a composite: elements above it may be, and it counts people."""
SCORED = {
    "all_or_none": "All or none: {who} counts when every element that applied was given",
    "opportunity_weighted": "Opportunities: elements given of all that applied, each counting the same",
}


def bundles(material: Material) -> tuple[Block, ...]:
    """One table for all composites of the same elements; nothing where no outcome is a composite."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for name, outcome in material.plan.outcomes.items():
        if outcome.composite is not None and _rows(material, name):
            groups.setdefault(tuple(sorted(outcome.composite.elements)), []).append(name)
    tables = [_table(material, names, number) for number, names in enumerate(groups.values(), 1)]
    if not tables:
        return ()
    about = (
        "What was given, of those to whom it applied and for whom it was recorded. "
        "These are plain counts, not adjusted for anything; the analyses of the composites are in the "
        "table of results."
    )
    return (Heading(3, "The elements of the bundle"), Prose(about), *tables)


def _rows(material: Material, outcome: str) -> tuple[Row, ...]:
    """The rows of the first analysis about a composite."""
    for name in material.plan.analyses:
        if (
            material.plan.is_first_of_composite(name)
            and material.plan.question(name).outcome.column == outcome
        ):
            return material.rows("composite", name)
    return ()


def _table(material: Material, names: list[str], number: int) -> Table:
    compare, reference = material.arms
    rows, notes = [], []
    first = material.plan.outcomes[names[0]].composite
    found = _found(_rows(material, names[0]))
    for element in first.elements if first is not None else ():
        rows.append(_row(material, found, element))
    for name in names:
        composite = material.plan.outcomes[name].composite
        rows.append(_row(material, _found(_rows(material, name)), name))
        if composite is not None:
            notes.append(f"{material.plan.outcomes[name].name}. {_note(material, composite)}")
    notes.append(f"An element that did not apply to {_a_person(material)} leaves that one's denominator.")
    columns = (
        Column("Element", "left"),
        Column(f"{capital(compare)}: given"),
        Column(f"{capital(reference)}: given"),
        Column(f"Not applicable ({compare}, {reference})"),
        Column(f"Not recorded ({compare}, {reference})"),
    )
    caption = "Elements of the bundle, then the bundle as a whole"
    return Table(f"bundle-{number}", caption, columns, tuple(rows), tuple(notes))


def _found(rows: tuple[Row, ...]) -> Found:
    return {(row.variable, row.group("arm"), row.stat_name): row for row in rows}


def _row(material: Material, found: Found, variable: str) -> TableRow:
    outcome = material.plan.outcomes[variable]
    given = tuple(_given(found, variable, arm) for arm in material.arms)
    left = tuple(
        ", ".join(cell(found.get((variable, arm, stat))) for arm in material.arms)
        for stat in ("n_excluded", "n_missing")
    )
    if outcome.composite is not None:
        left = (left[0], LOST[outcome.composite.missing].format(left[1]))
    label = outcome.label or variable.replace("_", " ")
    return TableRow((label, *given, *left), "strong" if outcome.composite is not None else "plain")


def _given(found: Found, variable: str, arm: str) -> str:
    n, of, share = (found.get((variable, arm, stat)) for stat in ("n", "N", "p"))
    value = number_of(share)
    return f"{cell(n)} of {cell(of)} ({NONE if value is None else percent_text(value)})"


def _a_person(material: Material) -> str:
    who = material.people.removesuffix("s")
    return f"an {who}" if who[0] in "aeiou" else f"a {who}"


def _note(material: Material, composite: AnyComposite) -> str:
    who = _a_person(material)
    scored = SCORED[composite.kind].format(who=who)
    unknown = UNKNOWN[composite.missing].format(who=who)
    return f"{scored}; {unknown}."

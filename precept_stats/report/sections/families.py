"""Several outcomes together: each family's p-values as they are and adjusted, and what is decided."""

from __future__ import annotations

from precept_stats.plan.multiplicity import CONFIRMATORY, Family
from precept_stats.report.blocks import Block, Column, Figure, Heading, Table, TableRow
from precept_stats.report.figure_data import GraphData, GraphNode
from precept_stats.report.format import decimals_for, fixed, joined, level_text, p_text, range_text, scale_for
from precept_stats.report.material import Material, by_stat, number_of
from precept_stats.report.words import NONE, capital
from precept_stats.values import Row

Members = dict[str, dict[str, Row]]
"""What the rows say of each member of a family, by statistic."""


def families(material: Material) -> tuple[Block, ...]:
    """One table a family, and the graph where its procedure is one; nothing without a procedure."""
    controlled = material.plan.multiplicity.controlled()
    blocks: list[Block] = []
    for name, family in controlled.items():
        members = {member: _of(material, name, member) for member in family.members}
        blocks.append(_table(material, name, family, members))
        if family.procedure.graph(family.members) is not None:
            blocks.append(_figure(material, name, family, members))
    return (Heading(3, "Several outcomes together"), *blocks) if blocks else ()


def control_words(material: Material) -> str:
    """How the error rate of several analyses is controlled, in a sentence for the methods."""
    controlled = material.plan.multiplicity.controlled()
    first = ", ".join(map(material.label, material.plan.multiplicity.family))
    family = f"The confirmatory family is: {first}." if first else "There is no confirmatory family."
    if not controlled:
        return f"no adjustment for multiplicity is made. {family}"
    told = (
        f"{_title(name, one)}, by the procedure {one.procedure.title} at {_alpha(material, one)}"
        for name, one in controlled.items()
    )
    apart = " Each family is controlled at its own level, and nothing is controlled over all of them."
    return (
        f"the family-wise error rate is controlled within {joined(list(told))}. {family}"
        f"{apart if len(controlled) > 1 else ''}"
    )


def _of(material: Material, family: str, member: str) -> dict[str, Row]:
    return by_stat(row for row in material.rows("multiplicity", member) if row.group("family") == family)


def _title(name: str, family: Family) -> str:
    if family.label:
        return f"the family '{family.label}'"
    return "the confirmatory family" if name == CONFIRMATORY else f"the family '{name}'"


def _alpha(material: Material, family: Family) -> str:
    return level_text(family.alpha(material.plan.multiplicity.level))


def _table(material: Material, name: str, family: Family, members: Members) -> Table:
    remarks: list[str] = []
    weighted = family.procedure.graph(family.members) is not None
    columns = [Column("Analysis", "left"), Column("p"), Column("Adjusted p")]
    columns += [Column("Weight at first"), Column("Tested at")] if weighted else []
    columns.append(Column(f"Decision at {_alpha(material, family)}", "left"))
    if family.procedure.intervals:
        columns.append(Column(f"Simultaneous {_simultaneous(material, family)} interval"))
    rows = tuple(
        TableRow(_cells(material.label(member), family, found, remarks)) for member, found in members.items()
    )
    notes = (_note(family), *(f"Note {place}: {text}." for place, text in enumerate(remarks, 1)))
    caption = f"{capital(_title(name, family))}: {family.procedure.title}, {_alpha(material, family)} in all"
    return Table(f"family-{name}", caption, tuple(columns), rows, notes)


def _simultaneous(material: Material, family: Family) -> str:
    return level_text(round(1 - family.alpha(material.plan.multiplicity.level), 12))


def _cells(label: str, family: Family, found: dict[str, Row], remarks: list[str]) -> tuple[str, ...]:
    def told(name: str) -> float | None:
        return number_of(found.get(name))

    p_value, adjusted = told("p_value"), told("adjusted_p")
    remark = found["p_value"].warning if "p_value" in found else ""
    if remark and remark not in remarks:
        remarks.append(remark)
    mark = f" (note {remarks.index(remark) + 1})" if remark else ""
    cells = [label, NONE if p_value is None else p_text(p_value) + mark]
    cells.append(NONE if adjusted is None else p_text(adjusted))
    if family.procedure.graph(family.members) is not None:
        cells += [_part(told("weight")), _part(told("local_alpha"))]
    cells.append("rejected" if told("rejected") else "not rejected")
    return (*cells, _interval(found)) if family.procedure.intervals else tuple(cells)


def _part(value: float | None) -> str:
    return NONE if value is None else f"{value:.3g}"


def _interval(found: dict[str, Row]) -> str:
    lower, upper = number_of(found.get("conf_low")), number_of(found.get("conf_high"))
    if lower is None or upper is None:
        return NONE
    row = found["conf_low"]
    scale = scale_for(row.measure, row.unit)
    return f"{range_text(lower, upper, scale)} {scale.words}".rstrip()


def _note(family: Family) -> str:
    procedure = family.procedure
    intervals = (
        "The simultaneous intervals hold all together at the level of the family; those of the table of "
        "results hold one at a time."
        if procedure.intervals
        else "This procedure gives no simultaneous intervals: those of the table of results hold one at a "
        "time, and one may exclude no difference where the family does not reject it."
    )
    words = "p: two-sided, of the analysis alone. Rejected: the hypothesis of no difference."
    return f"{words} {procedure.holds} {intervals}"


def _figure(material: Material, name: str, family: Family, members: Members) -> Figure:
    graph = family.procedure.graph(family.members)
    transitions = graph.transitions if graph is not None else ()
    edges = tuple(
        (here, there, part)
        for here, handed in enumerate(transitions)
        for there, part in enumerate(handed)
        if part
    )
    nodes = tuple(
        GraphNode(
            material.label(member),
            number_of(found.get("weight")) or 0.0,
            bool(number_of(found.get("rejected"))),
            _outcome_words(found),
        )
        for member, found in members.items()
    )
    return Figure(
        id=f"graph-{name}",
        caption=f"The graph of {_title(name, family)}. In each circle the part of the "
        f"{_alpha(material, family)} that the analysis has at first; along each arrow the part of its "
        "weight that it hands on once it is rejected. Dark circles are rejected.",
        alt=_alt(nodes, edges),
        data=GraphData(nodes, edges),
        behind=_edges(name, nodes, edges),
    )


def _outcome_words(found: dict[str, Row]) -> str:
    adjusted, order = number_of(found.get("adjusted_p")), number_of(found.get("order"))
    text = f"adjusted p {p_text(adjusted)}" if adjusted is not None else "no p-value"
    text = text.replace("p <", "p < ")
    return f"{text}, rejected in step {order:g}" if order is not None else f"{text}, not rejected"


Edges = tuple[tuple[int, int, float], ...]


def _alt(nodes: tuple[GraphNode, ...], edges: Edges) -> str:
    told = "; ".join(f"{node.name}: weight {node.weight:.3g}, {node.outcome}" for node in nodes)
    return f"Graph of {len(nodes)} analyses and {len(edges)} arrows. {told}. Arrows are in the table below."


def _edges(name: str, nodes: tuple[GraphNode, ...], edges: Edges) -> Table:
    rows = tuple(
        TableRow((nodes[here].name, nodes[there].name, fixed(part, decimals_for(part, 2))))
        for here, there, part in edges
    )
    columns = (Column("Once rejected", "left"), Column("Hands on to", "left"), Column("Part of its weight"))
    return Table(f"graph-{name}-data", "The arrows of the graph", columns, rows)

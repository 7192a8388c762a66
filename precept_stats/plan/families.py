"""The families of a plan once every analysis has run: adjusted p-values and decisions, as rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from precept_stats.inference.multiplicity import graphical_course, is_rejected
from precept_stats.plan.document import Analysis, Plan
from precept_stats.plan.multiplicity import Family
from precept_stats.values import Failure, Result, Row

Entries = Mapping[str, Result | Failure]
Fact = tuple[str, float | int, str]
"""Name, value and label of a statistic."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """The p-value by which a member is judged; ``remark`` says why it is not simply its own."""

    p_value: float
    remark: str = ""


@dataclass(frozen=True, slots=True)
class FamilyRows:
    """Rows of context ``multiplicity``: of the families as such, and of each member."""

    shared: tuple[Row, ...]
    of_members: Mapping[str, tuple[Row, ...]]


def family_rows(plan: Plan, entries: Entries) -> FamilyRows:
    """Every controlled family of the plan, judged on what its members gave.

    A member without an estimate counts with the p-value of its prespecified fallback, where that
    answers the same estimand, and otherwise with p = 1: it cannot be rejected, and keeps its part
    of alpha from the others (conservative). Which of these happened is the row's warning.
    """
    shared: list[Row] = []
    of_members: dict[str, tuple[Row, ...]] = {}
    for name, family in plan.multiplicity.controlled().items():
        alpha = family.alpha(plan.multiplicity.level)
        shared += _of_family(name, family, alpha)
        evidence = [evidence_of(plan.analyses, entries, member) for member in family.members]
        facts = _facts(family, [found.p_value for found in evidence], alpha)
        for member, found, own in zip(family.members, evidence, facts, strict=True):
            about = _about(plan, name, member, found)
            of_members[member] = tuple(
                replace(about, stat_name=stat, stat=value, stat_label=label) for stat, value, label in own
            )
    return FamilyRows(tuple(shared), of_members)


def evidence_of(analyses: Mapping[str, Analysis], entries: Entries, member: str) -> Evidence:
    """The p-value of a member, of the fallback that stands in for it, or 1."""
    entry = entries[member]
    if isinstance(entry, Result):
        return _own(entry)
    asked, name, seen = analyses[member].estimand, member, {member}
    while analyses[name].on_failure:
        name = analyses[name].on_failure[0].use
        standing = entries.get(name)
        if name in seen or analyses[name].estimand != asked:
            break
        if isinstance(standing, Result):
            own = _own(standing)
            return Evidence(own.p_value, f"not estimable; the p-value is that of its fallback '{name}'")
        seen.add(name)
    return Evidence(1.0, "not estimable; counted with p = 1")


def _own(entry: Result) -> Evidence:
    p_value = entry.estimate.p_value
    if p_value is not None and 0 <= p_value <= 1:
        return Evidence(p_value)
    return Evidence(1.0, "no p-value; counted with p = 1")


def _facts(family: Family, p_values: list[float], alpha: float) -> list[list[Fact]]:
    """What is said of each member."""
    adjusted = family.procedure.adjusted(family.members, p_values)
    facts: list[list[Fact]] = [
        [
            ("p_value", p_value, "Two-sided p-value"),
            ("adjusted_p", by_family, "Adjusted p-value"),
            ("rejected", int(is_rejected(by_family, alpha)), "Rejected at the family's alpha (1: yes)"),
        ]
        for p_value, by_family in zip(p_values, adjusted, strict=True)
    ]
    graph = family.procedure.graph(family.members)
    if graph is not None:
        course = graphical_course(p_values, graph, alpha)
        for number, weight in enumerate(graph.weights):
            facts[number].append(("weight", weight, "Part of alpha at first"))
        for place, step in enumerate(course.steps, 1):
            facts[step.hypothesis].append(("order", place, "Place in the order of rejection"))
        for step in (*course.steps, *course.remaining):
            facts[step.hypothesis].append(("local_alpha", step.level, "Level when last tested"))
    return facts


def _about(plan: Plan, family: str, member: str, found: Evidence) -> Row:
    """What the rows of a member repeat."""
    analysis = plan.analyses[member]
    return Row(
        analysis=member,
        context="multiplicity",
        stat_name="",
        stat=None,
        estimand=analysis.estimand,
        purpose=analysis.purpose,
        groups=(("family", family),),
        variable=plan.question(member).outcome.column,
        warning=found.remark,
        status="warning" if found.remark else "ok",
    )


def _of_family(name: str, family: Family, alpha: float) -> Iterator[Row]:
    row = Row("", "multiplicity", "procedure", family.procedure.kind, "Procedure", groups=(("family", name),))
    yield row
    yield replace(row, stat_name="alpha", stat=alpha, stat_label="Family-wise error rate, two-sided")
    yield replace(row, stat_name="n_members", stat=len(family.members), stat_label="Analyses in the family")
    graph = family.procedure.graph(family.members)
    if graph is None:
        return
    for here, handed in zip(family.members, graph.transitions, strict=True):
        for there, part in zip(family.members, handed, strict=True):
            if part:
                groups = (("family", name), ("from", here), ("to", there))
                label = "Part of its weight that a rejected analysis hands on"
                yield replace(row, stat_name="transition", stat=part, stat_label=label, groups=groups)

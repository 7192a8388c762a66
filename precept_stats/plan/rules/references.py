"""Rules about names: every reference leads somewhere, and everything that is named is used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from precept_stats.data.strict_yaml import Location
from precept_stats.plan.findings import Remark, nearest
from precept_stats.plan.loaded import LoadedPlan
from precept_stats.plan.multiplicity import Graphical
from precept_stats.plan.rules.allocations import tables_listed
from precept_stats.plan.rules.rule import Rule, controlled


def _dangling(location: Location, name: str, known: Iterable[str], what: str) -> Iterator[Remark]:
    names = tuple(known)
    if name not in names:
        yield Remark(location, f"no such {what}", name, nearest(name, names))


def _estimand_exists(loaded: LoadedPlan) -> Iterator[Remark]:
    for name, analysis in loaded.plan.analyses.items():
        place = ("analyses", name, "estimand")
        yield from _dangling(place, analysis.estimand, loaded.plan.estimands, "estimand")


def _population_exists(loaded: LoadedPlan) -> Iterator[Remark]:
    for name, estimand in loaded.plan.estimands.items():
        place = ("estimands", name, "population")
        yield from _dangling(place, estimand.population, loaded.plan.populations, "population")


def _outcome_exists(loaded: LoadedPlan) -> Iterator[Remark]:
    for name, estimand in loaded.plan.estimands.items():
        place = ("estimands", name, "outcome")
        yield from _dangling(place, estimand.outcome, loaded.plan.outcomes, "outcome")


def _tables_exist(loaded: LoadedPlan) -> Iterator[Remark]:
    for name, population in loaded.plan.populations.items():
        yield from _dangling(("populations", name, "of"), population.of, loaded.plan.data, "table")
        for number, join in enumerate(population.join):
            place = ("populations", name, "join", number, "table")
            yield from _dangling(place, join.table, loaded.plan.data, "table")


def _fallback_exists(loaded: LoadedPlan) -> Iterator[Remark]:
    for name, analysis in loaded.plan.analyses.items():
        for number, fallback in enumerate(analysis.on_failure):
            place = ("analyses", name, "on_failure", number, "use")
            yield from _dangling(place, fallback.use, loaded.plan.analyses, "analysis")


def _families(loaded: LoadedPlan) -> Iterator[tuple[Location, tuple[str, ...]]]:
    """Every family of analyses, with the place where its members are named."""
    multiplicity = loaded.plan.multiplicity
    yield ("multiplicity", "family"), multiplicity.family
    for name, family in multiplicity.families.items():
        yield ("multiplicity", "families", name, "members"), family.members


def _family_exists(loaded: LoadedPlan) -> Iterator[Remark]:
    for place, members in _families(loaded):
        for number, member in enumerate(members):
            yield from _dangling((*place, number), member, loaded.plan.analyses, "analysis")


def _graph_of_members(loaded: LoadedPlan) -> Iterator[Remark]:
    for at, family in controlled(loaded.plan):
        graph, place = family.procedure, (*at, "procedure")
        if not isinstance(graph, Graphical):
            continue
        named: list[Location] = [("weights", name) for name in graph.weights]
        for name, handed in graph.transitions.items():
            named += [("transitions", name), *(("transitions", name, other) for other in handed)]
        for inside in named:
            yield from _dangling((*place, *inside), str(inside[-1]), family.members, "member of this family")
        left = ", ".join(name for name in family.members if name not in graph.weights)
        if left:
            message = "members without a weight; 0 says that one has none until it inherits"
            yield Remark((*place, "weights"), message, left, "one weight a member")


def _no_repeats(loaded: LoadedPlan) -> Iterator[Remark]:
    elsewhere: dict[str, str] = {}
    for place, members in _families(loaded):
        yield from _repeats(place, members, "analysis")
        for name in dict.fromkeys(members):
            if name in elsewhere:
                message = f"the same analysis is in the family at {elsewhere[name]} too"
                yield Remark(place, message, name, "one family an analysis; a graph joins them")
            elsewhere.setdefault(name, "/".join(map(str, place)))
    for name, population in loaded.plan.populations.items():
        tables = (population.of, *(join.table for join in population.join))
        yield from _repeats(("populations", name), tables, "table")


def _repeats(location: Location, names: tuple[str, ...], what: str) -> Iterator[Remark]:
    for name in dict.fromkeys(names):
        if names.count(name) > 1:
            yield Remark(location, f"the same {what} is named more than once", name)


def _no_fallback_circle(loaded: LoadedPlan) -> Iterator[Remark]:
    steps = {name: a.on_failure[0].use for name, a in loaded.plan.analyses.items() if a.on_failure}
    told: set[str] = set()
    for name in steps:
        path: dict[str, None] = {}
        current = name
        while current in steps and current not in path:
            path[current] = None
            current = steps[current]
        circle = list(path)[list(path).index(current) :] if current in path else []
        if circle and not told & set(circle):
            told |= set(circle)
            found = " -> ".join([*circle, circle[0]])
            place = ("analyses", circle[0], "on_failure", 0, "use")
            yield Remark(place, "fallbacks lead round in a circle", found)


def _one_fallback(loaded: LoadedPlan) -> Iterator[Remark]:
    for name, analysis in loaded.plan.analyses.items():
        if len(analysis.on_failure) > 1:
            uses = ", ".join(fallback.use for fallback in analysis.on_failure)
            message = "several fallbacks for the same condition: which one is used is not decided"
            yield Remark(("analyses", name, "on_failure"), message, uses, "one; it may have its own fallback")


def _unused(section: str, named: Iterable[str], used: Iterable[str], what: str) -> Iterator[Remark]:
    known = set(used)
    for name in named:
        if name not in known:
            yield Remark((section, name), f"{what} is defined and never used: {name}")


def _tables_used(loaded: LoadedPlan) -> Iterator[Remark]:
    populations = loaded.plan.populations.values()
    used = [table for p in populations for table in (p.of, *(join.table for join in p.join))]
    used += [declared.table for declared in tables_listed(loaded).values()]
    return _unused("data", loaded.plan.data, used, "a table")


def _populations_used(loaded: LoadedPlan) -> Iterator[Remark]:
    used = [estimand.population for estimand in loaded.plan.estimands.values()]
    used += [declared.population for declared in loaded.plan.disparities.values()]
    return _unused("populations", loaded.plan.populations, used, "a population")


def _outcomes_used(loaded: LoadedPlan) -> Iterator[Remark]:
    outcomes = loaded.plan.outcomes
    used = [estimand.outcome for estimand in loaded.plan.estimands.values()]
    used += [declared.outcome for declared in loaded.plan.disparities.values()]
    of_bundles = [outcomes[name].composite for name in used if name in outcomes]
    used += [element for composite in of_bundles if composite for element in composite.elements]
    return _unused("outcomes", outcomes, used, "an outcome")


def _elements_exist(loaded: LoadedPlan) -> Iterator[Remark]:
    """Elements are outcomes of one person each: binary, of a column of their own."""
    outcomes = loaded.plan.outcomes
    for name, outcome in outcomes.items():
        if outcome.composite is None:
            continue
        if outcome.column:
            message = "a composite has no column of its own; its rows are named after its id"
            yield Remark(("outcomes", name, "column"), message, outcome.column)
        for number, element in enumerate(outcome.composite.elements):
            place = ("outcomes", name, "composite", "elements", number)
            yield from _dangling(place, element, outcomes, "outcome")
            found = outcomes.get(element)
            if found and (found.type != "binary" or found.denominator is not None or found.composite):
                what = "a composite" if found.composite else f"{found.type}, or counts with a denominator"
                message = "an element is a binary outcome with one row a person"
                yield Remark(place, message, f"{element}: {what}")


def _estimands_used(loaded: LoadedPlan) -> Iterator[Remark]:
    used = [analysis.estimand for analysis in loaded.plan.analyses.values()]
    used += [correlation.estimand for correlation in loaded.plan.correlations.values()]
    return _unused("estimands", loaded.plan.estimands, used, "an estimand")


RULES = (
    Rule("PL-0101", "error", "an analysis names an estimand of the plan", _estimand_exists),
    Rule("PL-0102", "error", "an estimand names a population of the plan", _population_exists),
    Rule("PL-0103", "error", "an estimand names an outcome of the plan", _outcome_exists),
    Rule("PL-0104", "error", "a population is of, and joins, tables of the plan", _tables_exist),
    Rule("PL-0105", "error", "a fallback names an analysis of the plan", _fallback_exists),
    Rule("PL-0106", "error", "a multiplicity family names analyses of the plan", _family_exists),
    Rule("PL-0107", "error", "an analysis is in one family once, a table in a population once", _no_repeats),
    Rule("PL-0108", "error", "fallbacks do not lead round in a circle", _no_fallback_circle),
    Rule("PL-0109", "error", "an analysis has at most one fallback", _one_fallback),
    Rule("PL-0110", "error", "a graph gives a weight to each member of its family", _graph_of_members),
    Rule("PL-0111", "warning", "every table is used by a population, or lists allocations", _tables_used),
    Rule("PL-0112", "warning", "every population is used by an estimand or a disparity", _populations_used),
    Rule("PL-0113", "warning", "every outcome is used by an estimand or a disparity", _outcomes_used),
    Rule("PL-0114", "warning", "every estimand is of an analysis or a correlation", _estimands_used),
    Rule(
        "PL-0115", "error", "a composite is of binary outcomes of the plan, one row a person", _elements_exist
    ),
)

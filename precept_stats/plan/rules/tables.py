"""Rules about data: files stay in their folder, columns are declared, people are protected."""

from __future__ import annotations

from collections.abc import Iterator

from precept_stats.data.schema import DataSchema, find_schema
from precept_stats.data.selection import Population
from precept_stats.data.strict_yaml import Location
from precept_stats.errors import PlanError, PreceptError
from precept_stats.plan.document import Plan
from precept_stats.plan.files import ALLOWED, DATA_FOLDER, path_problem
from precept_stats.plan.findings import Remark, nearest, quoted
from precept_stats.plan.loaded import LoadedPlan
from precept_stats.plan.rules.rule import Rule, answerable, has_question
from precept_stats.plan.schemas import planned_schemas
from precept_stats.studies import PlannedStudy
from precept_stats.studies.cluster_trial import BASELINE_OUTCOME
from precept_stats.studies.regions import Regions


def _files_inside(loaded: LoadedPlan) -> Iterator[Remark]:
    for name, source in loaded.plan.data.items():
        problem = path_problem(source.file) if source.file is not None else ""
        if problem:
            yield Remark(("data", name, "file"), problem, quoted(source.file), ALLOWED)


def _source_said(loaded: LoadedPlan) -> Iterator[Remark]:
    for name, source in loaded.plan.data.items():
        if source.folder == DATA_FOLDER and not source.source.strip():
            message = "the data do not come with the plan, and it does not say where they are offered"
            yield Remark(
                ("data", name), message, "", "source: where the publisher offers the data, and its terms"
            )


def _people_protected(loaded: LoadedPlan) -> Iterator[Remark]:
    if loaded.plan.disclosure.policy != "none":
        return
    for name, source in loaded.plan.data.items():
        if "synthetic" not in source.source.lower():
            message = f"small numbers are shown as they are, and the table {name} is not said to be synthetic"
            allowed = "nhs_counts_v1, or a source that says synthetic"
            yield Remark(("disclosure", "policy"), message, "none", allowed)


def _schemas_found(loaded: LoadedPlan) -> Iterator[Remark]:
    for name, schema in _schemas(loaded).items():
        if isinstance(schema, PreceptError):
            message = f"the schema cannot be used: {schema.problem}"
            found = schema.found or loaded.plan.data[name].schema_id
            yield Remark(("data", name, "schema"), message, found, schema.allowed)


def _schemas_pinned(loaded: LoadedPlan) -> Iterator[Remark]:
    try:
        planned_schemas(loaded)
    except PlanError as problem:
        if problem.where.endswith("/schema_sha256"):
            _, block, table, field = problem.where.split("/")
            yield Remark((block, table, field), problem.problem, problem.allowed, problem.found)


def _columns_exist(loaded: LoadedPlan) -> Iterator[Remark]:
    return (remark for remark, certain in _undeclared(loaded) if certain)


def _columns_declared(loaded: LoadedPlan) -> Iterator[Remark]:
    return (remark for remark, certain in _undeclared(loaded) if not certain)


def _undeclared(loaded: LoadedPlan) -> Iterator[tuple[Remark, bool]]:
    """Columns that no schema declares, once each, and whether the data can certainly not have them."""
    told: set[Location] = set()
    found = _schemas(loaded)
    for place, population in _asked(loaded):
        tables = (population.of, *(join.table for join in population.join))
        schemas = [schema for table in tables if isinstance(schema := found.get(table), DataSchema)]
        if len(schemas) < len(tables):
            continue  # PL-0104 or PL-0176 says so
        known = dict.fromkeys(column for schema in schemas for column in schema.column_names)
        certain = all(schema.fields_match != "subset" for schema in schemas)
        for location, column in _columns(loaded, place):
            written = loaded.source.written_at(location)
            if column not in known and written not in told:
                told.add(written)
                message = f"a column that the schemas of {', '.join(tables)} do not declare"
                yield Remark(location, message, quoted(column), nearest(column, known)), certain


def _asked(loaded: LoadedPlan) -> Iterator[tuple[tuple[str, str], Population]]:
    """Everything that is asked of a population and an outcome that exist, with the population."""
    plan = loaded.plan
    yield from ((("analyses", name), question.population) for name, _, question in answerable(plan))
    for name, declared in plan.correlations.items():
        if has_question(plan, declared.estimand):
            yield ("correlations", name), plan.question_of(declared.estimand).population
    for name, disparity in plan.disparities.items():
        if disparity.population in plan.populations and disparity.outcome in plan.outcomes:
            yield ("disparities", name), plan.populations[disparity.population]


def _names_of(plan: Plan, place: tuple[str, str]) -> tuple[str, str, PlannedStudy | Regions]:
    """The population, the outcome and the study of what is asked at a place."""
    block, name = place
    if block == "disparities":
        return plan.disparities[name].population, plan.disparities[name].outcome, plan.disparities[name].study
    asked = plan.analyses[name] if block == "analyses" else plan.correlations[name]
    estimand = plan.estimands[asked.estimand]
    return estimand.population, estimand.outcome, asked.study


def _columns(loaded: LoadedPlan, place: tuple[str, str]) -> Iterator[tuple[Location, str]]:
    """Every column that is named for what is asked at a place, with the place where it is named."""
    plan = loaded.plan
    population_id, outcome_id, study = _names_of(plan, place)
    outcome_at: Location = ("outcomes", outcome_id)
    outcome = plan.outcomes[outcome_id]
    composite = outcome.composite
    for element in composite.elements if composite is not None else ():
        yield ("outcomes", element, "column"), plan.outcomes[element].column
    if composite is None:
        yield (*outcome_at, "column"), outcome.column
    if outcome.denominator is not None:
        yield (*outcome_at, "denominator"), outcome.denominator
    population = plan.populations[population_id]
    for number, condition in enumerate(population.where):
        yield ("populations", population_id, "where", number, "column"), condition.column
    for number, join in enumerate(population.join):
        yield ("populations", population_id, "join", number, "on"), join.on
    for field, column in study.named():
        if column != BASELINE_OUTCOME:
            steps = (int(step) if step.isdigit() else step for step in field.split("/"))
            yield (*place, "study", *steps), column


def _schemas(loaded: LoadedPlan) -> dict[str, DataSchema | PreceptError]:
    """The schema of every table, or why there is none."""
    beside = loaded.path.parent if loaded.path is not None else None
    schemas: dict[str, DataSchema | PreceptError] = {}
    for name, source in loaded.plan.data.items():
        try:
            schemas[name] = find_schema(source.schema_id, beside=beside)
        except PreceptError as problem:
            schemas[name] = problem
    return schemas


RULES = (
    Rule("PL-0171", "error", "a file lies below its folder and is named with a relative path", _files_inside),
    Rule("PL-0172", "warning", "data from PRECEPT_DATA say where they are offered", _source_said),
    Rule("PL-0173", "note", "real data about people have a disclosure policy", _people_protected),
    Rule(
        "PL-0174", "error", "no column is named that schemas closed to others do not declare", _columns_exist
    ),
    Rule("PL-0175", "warning", "every column is declared by the schemas of its tables", _columns_declared),
    Rule("PL-0176", "warning", "the schema of every table is found and valid", _schemas_found),
    Rule("PL-0177", "error", "a schema that is pinned is the one that is found", _schemas_pinned),
)

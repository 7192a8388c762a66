"""From a plan and data to results: read, prepare every design, then fit, one analysis at a time.

All data are checked and every design is built before the first model is fitted, so data that break
their schema, or do not hold the primary analysis' study, stop the run with nothing half-done. Another
analysis whose study the data do not hold, and any that cannot be estimated, becomes a Failure in the
results; it never stops the others and nothing takes its place unless the plan says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, Protocol, cast

from precept_stats.data.dataset import Source, Table, check_references, load_table
from precept_stats.data.quality import quality_rows
from precept_stats.errors import DataError, FitError, PlanError
from precept_stats.inference.curve_rows import over_time_rows
from precept_stats.inference.first_stage_rows import first_stage_rows
from precept_stats.inference.influence import influence_rows
from precept_stats.inference.interaction import subgroup_rows
from precept_stats.inference.number_needed import number_needed_rows
from precept_stats.inference.posterior_rows import posterior_rows
from precept_stats.inference.reference_rows import reference_rows
from precept_stats.inference.rows import (
    Header,
    arm_mean,
    estimate_rows,
    fit_rows,
    further_rows,
    simultaneous_rows,
)
from precept_stats.inference.seeds import Seed
from precept_stats.inference.uncertainty import estimate
from precept_stats.inference.watching import NOBODY, Watch
from precept_stats.methods import PlannedMethod
from precept_stats.methods.contract import Method, OverTime, as_method, departures, objections_to, unused
from precept_stats.methods.missing_outcomes import answer
from precept_stats.methods.missing_plan import missing_objections
from precept_stats.methods.settings_missing import COMPLETE_CASE, MissingOutcomes
from precept_stats.methods.watched import watched
from precept_stats.plan.document import Analysis, Plan
from precept_stats.plan.families import family_rows
from precept_stats.plan.intracluster import correlations_of
from precept_stats.plan.model_comparison import comparison_rows
from precept_stats.plan.provenance import provenance
from precept_stats.plan.reader import LoadedPlan, read_plan, resolve_file
from precept_stats.plan.regional_disparity import disparities_of
from precept_stats.plan.schemas import planned_schemas
from precept_stats.plan.standing import standing
from precept_stats.studies import PlannedStudy
from precept_stats.studies.design import AnyDesign
from precept_stats.studies.leave_out import without_cluster
from precept_stats.studies.outcome_apart import require_outcome_apart
from precept_stats.studies.prepare import AnyPrepared, describe, prepare
from precept_stats.studies.prepared_trial import PreparedTrial
from precept_stats.studies.question import Question
from precept_stats.values import Estimate, Failure, Provenance, Result, Results, Row, Status

Progress = Callable[[int, int, str], None]
"""Called with (analyses done, analyses in all, label of the next)."""


class Kept(Protocol):
    """Where finished analyses are kept, so that a run that was stopped goes on from them."""

    def begin(self, made: Provenance) -> None:
        """Told what this run is made from, before the first analysis."""

    def get(self, analysis: str) -> Result | Failure | None:
        """What an analysis gave in an earlier run of the very same; None where it has still to be fitted."""

    def put(self, entry: Result | Failure) -> None:
        """Keep what an analysis gave."""


class KeepNothing:
    """A run whose analyses are all fitted anew."""

    def begin(self, made: Provenance) -> None:
        pass

    def get(self, analysis: str) -> Result | Failure | None:
        return None

    def put(self, entry: Result | Failure) -> None:
        pass


@dataclass(frozen=True, slots=True)
class How:
    """The confidence level of an analysis, the seed of what it draws, and whether to look for influence.

    Without a seed nothing may be drawn. ``simultaneous`` is the family of an analysis and the level of
    its simultaneous interval, where the family has one; ``missing`` is what becomes of missing outcomes,
    ``watch`` hears of chains.
    """

    level: float = 0.95
    seed: int | None = None
    influence: Literal["none", "leave_one_cluster_out"] = "none"
    simultaneous: tuple[str, float] | None = None
    missing: MissingOutcomes = COMPLETE_CASE
    watch: Watch = NOBODY

    def seed_of(self, analysis: str) -> Seed | None:
        """The stream of one analysis, found from its name, so that no other can change it."""
        return None if self.seed is None else Seed(self.seed).at(analysis)


def run(
    plan: LoadedPlan | Path | str,
    data: Mapping[str, Source] | None = None,
    *,
    progress: Progress | None = None,
    kept: Kept | None = None,
    watch: Watch = NOBODY,
) -> Results:
    """Run every analysis of a plan.

    ``data`` gives or replaces tables by name (a path, or a pandas, polars or Arrow table); other
    tables come from the files that the plan names. Raises PlanError or DataError before anything
    is fitted, DataError for the tables or the primary analysis; other failures are in the results.
    Analyses that ``kept`` has are not fitted again; ``watch`` hears how far the chains of a posterior are,
    and may keep those that have finished.
    """
    loaded = plan if isinstance(plan, LoadedPlan) else read_plan(Path(plan))
    stands = standing(loaded)
    tables = load_tables(loaded, data or {})
    document = loaded.plan
    made = provenance(loaded, tables, stands)
    prepared = _prepare_all(document, tables)
    keeper = kept or KeepNothing()
    keeper.begin(made)
    entries = []
    for done, (name, analysis) in enumerate(document.analyses.items()):
        if progress is not None:
            progress(done, len(document.analyses), analysis.label or name)
        done_before = keeper.get(name)
        entries.append(done_before or _kept(keeper, _answer(document, name, prepared[name], watch), made))
    if progress is not None:
        progress(len(entries), len(entries), "done")
    by_name = {entry.analysis: entry for entry in entries}
    families, between = family_rows(document, by_name), comparison_rows(document, by_name)
    quality = tuple(row for table in tables.values() for row in quality_rows(table))
    areas = (*correlations_of(document, tables), *disparities_of(document, tables))
    findings = (finding for finding in loaded.findings if finding.severity == "warning")
    told = (_with_deviations(document, entry, stands.unplanned) for entry in entries)
    return Results(
        analyses=tuple(
            _extended(entry, (*families.of_members.get(entry.analysis, ()), *between.get(entry.analysis, ())))
            for entry in told
        ),
        shared=(*stands.rows(), *quality, *families.shared, *areas),
        provenance=made,
        warnings=tuple(f"{finding.pointer}: {finding.message}" for finding in findings),
    )


def load_tables(loaded: LoadedPlan, given: Mapping[str, Source]) -> dict[str, Table]:
    """Every table that the plan names, checked against its schema."""
    unknown = sorted(set(given) - set(loaded.plan.data))
    if unknown:
        raise PlanError(
            "data were given for a table that the plan does not have",
            found=", ".join(unknown),
            allowed=", ".join(loaded.plan.data),
        )
    schemas = planned_schemas(loaded)
    tables = {
        name: load_table(
            given[name] if name in given else resolve_file(loaded.path, name, source),
            schemas[source.schema_id].schema,
            name,
        )
        for name, source in loaded.plan.data.items()
    }
    check_references(tables)
    return tables


def analyse(
    study: PlannedStudy,
    method: PlannedMethod,
    data: Source | Mapping[str, Source],
    question: Question,
    how: How | None = None,
) -> Result:
    """One analysis without a plan, for notebooks: the same path as ``run``, and the same rows.

    ``data`` is one table, or tables by name when the question's population joins them; ``how`` gives
    the level (0.95), and a seed for methods that draw. A warning says how the answer may differ from the
    declared estimand. Raises FitError where ``run`` would record a Failure.
    """
    how = how or How()
    require_outcome_apart(study, question)
    _require_fitting(study, method, question)
    _require_missing(study, method, question, how)
    if (method.needs_seed or how.missing.draws) and how.seed is None:
        raise PlanError("this analysis draws random numbers and there is no seed", allowed="How(seed=...)")
    sources = data if isinstance(data, Mapping) else {question.population.of: data}
    tables = {
        name: source if isinstance(source, Table) else load_table(source, None, name)
        for name, source in sources.items()
    }
    prepared = prepare(study, tables, question, how.missing.keeps_unanswered)
    header = Header("analysis", question.estimand_id, "exploratory", question.outcome.column)
    result = replace(_fit(method, prepared, header, how), synthetic=_any_synthetic(tables))
    if gap := departures(method, study, question):
        gaps = (f"not consistent for the declared estimand: {gap}",)
        result = replace(result, warnings=(*result.warnings, *gaps))
    return _extended(result, (*describe(prepared, "analysis"), *prepared.composite_rows("analysis")))


def _require_fitting(study: PlannedStudy, method: PlannedMethod, question: Question) -> None:
    """What the rules of a plan would say of the pair: PlanError when the method cannot take it on."""
    if not isinstance(study, method.accepts):
        accepted = ", ".join(one.__name__ for one in method.accepts)
        found = f"{method.kind} with {study.kind}"
        raise PlanError("this method is not made for this kind of study", found=found, allowed=accepted)
    ignored = unused(method.uses, study)
    if ignored:
        uses = ", ".join(sorted(method.uses)) or "none of groups, weights, offset, received, subgroup"
        found = ", ".join(ignored)
        raise PlanError("this method does not use what the study names", found=found, allowed=uses)
    objections = objections_to(method, study, question)
    if objections:
        raise PlanError("this method cannot answer this question", found="; ".join(objections))


def _require_missing(study: PlannedStudy, method: PlannedMethod, question: Question, how: How) -> None:
    """PlanError where missing outcomes cannot be taken account of as ``how`` says."""
    objections = list(missing_objections(how.missing, method, study, question))
    if how.influence != "none" and how.missing.keeps_unanswered:
        objections.append("influence is of the rows with an outcome; ask for it with complete_case")
    if objections:
        kind = how.missing.kind
        raise PlanError(f"missing outcomes cannot be handled by {kind} here", found="; ".join(objections))


def _any_synthetic(tables: Mapping[str, Table]) -> bool:
    return any(table.synthetic for table in tables.values())


def _prepare_all(plan: Plan, tables: Mapping[str, Table]) -> dict[str, AnyPrepared | DataError]:
    """The trial of every analysis, or why the data do not hold it; raises that of the primary one."""
    known: dict[tuple[PlannedStudy, Question, bool], AnyPrepared | DataError] = {}
    prepared = {}
    for name, analysis in plan.analyses.items():
        key = (analysis.study, plan.question(name), analysis.missing_outcomes.keeps_unanswered)
        if key not in known:
            known[key] = _prepared_or_why_not(*key[:2], tables, key[2])
        prepared[name] = known[key]
    if not prepared:
        return prepared
    problem = prepared[plan.primary]
    if isinstance(problem, DataError):
        where = f"analysis {plan.primary!r}" + (f", {problem.where}" if problem.where else "")
        raise DataError(
            problem.problem, found=problem.found, allowed=problem.allowed, where=where
        ) from problem
    return prepared


def _prepared_or_why_not(
    study: PlannedStudy, question: Question, tables: Mapping[str, Table], keep_unanswered: bool
) -> AnyPrepared | DataError:
    try:
        return prepare(study, tables, question, keep_unanswered)
    except DataError as problem:
        return problem


def _kept(keeper: Kept, entry: Result | Failure, made: Provenance) -> Result | Failure:
    """An entry that says whether it is of synthetic data, after it was kept."""
    entry = replace(entry, synthetic=made.synthetic) if isinstance(entry, Result) else entry
    keeper.put(entry)
    return entry


def _answer(plan: Plan, name: str, prepared: AnyPrepared | DataError, watch: Watch) -> Result | Failure:
    """The result of one analysis; the primary one also carries the description of the trial."""
    analysis = plan.analyses[name]
    header = Header(name, analysis.estimand, analysis.purpose, plan.question(name).outcome.column)
    if isinstance(prepared, DataError):
        return _failure(header, analysis, prepared)
    together = plan.multiplicity.simultaneous_level(name)
    missing = analysis.missing_outcomes
    how = How(plan.multiplicity.level, plan.seed, analysis.influence, together, missing, watch)
    try:
        entry: Result | Failure = _fit(analysis.method, prepared, header, how)
    except FitError as problem:
        entry = _failure(header, analysis, problem, prepared.flow_rows(name))
    entry = _extended(entry, describe(prepared, name)) if name == plan.primary else entry
    return _extended(entry, prepared.composite_rows(name)) if plan.is_first_of_composite(name) else entry


def _fit(accepting: PlannedMethod, prepared: AnyPrepared, header: Header, how: How) -> Result:
    """``accepting`` takes the design: that it accepts the study was checked before anything was prepared."""
    method, design = as_method(accepting), cast(AnyDesign, prepared.design)
    incomplete = prepared.incomplete if isinstance(prepared, PreparedTrial) else None
    fitting, seed = watched(method, how.watch), how.seed_of(header.analysis)
    found = answer(fitting, design, incomplete, how.missing, seed)
    fit = found.completed.fit
    header = Header(
        header.analysis, header.estimand, header.purpose, header.variable, fit.status, "; ".join(fit.warnings)
    )
    effect, *levels = found.completed.targets
    answered = estimate(fit.uncertainty, effect, how.level)
    means = [arm_mean(header, fit, mean, answered, how.level) for mean in levels]
    rows = [*prepared.flow_rows(header.analysis), *estimate_rows(header, answered)]
    of_people = not design.outcome.counts_opportunities
    rows += number_needed_rows(header, answered, design.outcome.direction, counts_people=of_people)
    rows += [
        *first_stage_rows(header, fit.first_stage, how.level),
        *(row for mean in means for row in mean.rows),
        *subgroup_rows(header, fit, how.level),
        *further_rows(header, fit, how.level),
        *over_time_rows(header, fit, how.level),
        *fit_rows(header, fit),
        *posterior_rows(header, fit.posterior, effect, how.level),
    ]
    rows += simultaneous_rows(header, fit, effect, how.simultaneous) if how.simultaneous else ()
    rows += [*reference_rows(header, fit.uncertainty, answered), *found.rows(header, how.level)]
    if how.influence == "leave_one_cluster_out":
        rows += influence_rows(header, design.clusters, _without_each(method, design, header.analysis, how))
    warnings = (*prepared.warnings, *fit.warnings, *(mean.warning for mean in means if mean.warning))
    return Result(
        header.analysis,
        header.estimand,
        header.purpose,
        method.kind,
        fit.status,
        (answered, *(mean.estimate for mean in means if mean.estimate is not None)),
        tuple(rows),
        warnings,
        draws=None if fit.posterior is None else fit.posterior.stored,
    )


def _without_each(
    method: Method, design: AnyDesign, analysis: str, how: How
) -> Callable[[int], tuple[Estimate, Status]]:
    """The effect without the cluster of a number, drawn with a seed of its own where anything is drawn."""
    seed = how.seed_of(analysis)

    def refit(cluster: int) -> tuple[Estimate, Status]:
        left = cast(AnyDesign, without_cluster(design, cluster))
        other = method.effect_over_time.changed(design, left) if isinstance(method, OverTime) else ""
        if other:
            raise FitError("without this cluster the question is another", found=other)
        own = None if seed is None else seed.at("without", design.clusters[cluster])
        fit = method.fit(left, own)
        return estimate(fit.uncertainty, method.targets(left)[0], how.level), fit.status

    return refit


def _failure(
    header: Header, analysis: Analysis, problem: FitError | DataError, flow: tuple[Row, ...] = ()
) -> Failure:
    """A Failure that keeps what was found and where, with the flow as far as there was one."""
    found = "; ".join(part for part in (problem.found, problem.where) if part)
    reason = "; ".join(part for part in (problem.problem, found) if part)
    row = replace(
        header.row("failure", "problem", problem.problem, "Why there is no estimate"),
        error=reason,
        status="failed",
    )
    return Failure(
        header.analysis,
        header.estimand,
        header.purpose,
        analysis.method.kind,
        problem.problem,
        found,
        problem.allowed,
        (*flow, row),
    )


def _with_deviations(plan: Plan, entry: Result | Failure, unplanned: Mapping[str, str]) -> Result | Failure:
    """Say what departs from a prespecified answer: a fallback in use, an unplanned analysis."""
    analysis = plan.analyses[entry.analysis]
    texts = []
    if isinstance(entry, Failure):
        texts += [
            f"not estimable ({entry.problem}); the prespecified fallback is analysis '{fallback.use}'"
            for fallback in analysis.on_failure
        ]
    header = Header(entry.analysis, entry.estimand, entry.purpose, "")
    rows = [header.row("deviation", "text", text, "Deviation") for text in texts]
    if entry.analysis in unplanned:
        rows.append(header.row("deviation", "unplanned", unplanned[entry.analysis], "Unplanned analysis"))
    return _extended(entry, tuple(rows))


def _extended[Entry: Result | Failure](entry: Entry, rows: tuple[Row, ...]) -> Entry:
    return replace(entry, rows=entry.rows + rows) if rows else entry

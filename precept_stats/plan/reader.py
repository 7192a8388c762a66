"""Reading a plan: strict YAML, ``based_on``, types, lint. All errors at once, each with its place."""

from __future__ import annotations

from pathlib import Path

from precept_stats.data.canonical import canonical_digest
from precept_stats.data.strict_yaml import MAX_BYTES, StrictDocument, load_strict
from precept_stats.errors import PlanError
from precept_stats.plan.document import Plan
from precept_stats.plan.expand import expand
from precept_stats.plan.files import resolve_file
from precept_stats.plan.findings import Finding, InvalidPlanError, Remark
from precept_stats.plan.lint import lint
from precept_stats.plan.loaded import LoadedPlan, PlanSource
from precept_stats.plan.validation import Problem, validate

__all__ = ["LoadedPlan", "read_plan", "read_plan_text", "resolve_file"]

NOT_YAML, NOT_A_MAPPING = "PL-0001", "PL-0002"


def read_plan(path: Path | str) -> LoadedPlan:
    """Read and check the plan in a file.

    Raises PlanError when the file cannot be read, and its subclass InvalidPlanError, listing all
    errors with file, line and JSON pointer, when the plan has any.
    """
    file = Path(path)
    try:
        with file.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
        text = content.decode("utf-8")
    except OSError as problem:
        raise PlanError("the plan cannot be read", found=problem.strerror or "", where=str(file)) from None
    except UnicodeDecodeError as problem:
        if len(content) <= MAX_BYTES:
            found = f"byte {problem.start + 1} is not UTF-8"
            raise PlanError("the plan is not text in UTF-8", found=found, where=str(file)) from None
        text = content.decode("utf-8", errors="replace")
    return _read(text, str(file), file)


def read_plan_text(text: str, name: str) -> LoadedPlan:
    """Read and check a plan given as text; ``name`` stands for the file in findings.

    Tables with files beside the plan cannot be found, and must be given at run time.
    """
    return _read(text, name, None)


def _read(text: str, name: str, path: Path | None) -> LoadedPlan:
    document = _document(text, name)
    if not isinstance(document.value, dict):
        remark = Remark(
            (), "a plan is a mapping of fields", type(document.value).__name__, "precept_plan: ..."
        )
        source = PlanSource(document, {})
        raise InvalidPlanError(name, (source.finding(NOT_A_MAPPING, "error", remark),))
    expansion = expand(document.value)
    source = PlanSource(document, expansion.inherited)
    plan = validate(expansion.document)
    problems = expansion.problems if isinstance(plan, Plan) else (*expansion.problems, *plan)
    if problems or not isinstance(plan, Plan):
        raise InvalidPlanError(name, _findings(problems, source))
    digest = canonical_digest(expansion.document)
    return _linted(LoadedPlan(plan, path, digest, text, (), expansion.bases, source))


def _document(text: str, name: str) -> StrictDocument:
    try:
        return load_strict(text, name)
    except PlanError as problem:
        place = problem.where.removeprefix(name).split(":")
        line, column = (int(place[1]), int(place[2])) if len(place) == 3 else (0, 0)
        finding = Finding(
            NOT_YAML, "error", problem.problem, problem.found, problem.allowed, name, line, column
        )
        raise InvalidPlanError(name, (finding,)) from None


def _findings(problems: tuple[Problem, ...], source: PlanSource) -> tuple[Finding, ...]:
    """Findings in file order; an inherited mistake is told once, where it is written."""
    told: dict[tuple[object, ...], Finding] = {}
    for rule, remark in problems:
        key = (rule, source.written_at(remark.location), remark.message, remark.found)
        told.setdefault(key, source.finding(rule, "error", remark))
    return tuple(sorted(told.values(), key=lambda finding: (finding.line, finding.column)))


def _linted(loaded: LoadedPlan) -> LoadedPlan:
    findings = lint(loaded)
    if any(finding.severity == "error" for finding in findings):
        raise InvalidPlanError(loaded.source.document.name, findings)
    return LoadedPlan(
        loaded.plan, loaded.path, loaded.digest, loaded.text, findings, loaded.bases, loaded.source
    )

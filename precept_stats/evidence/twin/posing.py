"""From a plan and its tables to what is posed to R: a script, tables, and which analyses have no twin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import precept_stats.evidence.twin.twins_series  # noqa: F401  (registers its twins)
from precept_stats.data.dataset import Table
from precept_stats.errors import DataError
from precept_stats.evidence.twin.script import OUTPUT, SCRIPT, Asked, Call, NoTwin, script
from precept_stats.evidence.twin.sheet import Sheet, sheet
from precept_stats.evidence.twin.twins import Posed, twin_of
from precept_stats.methods.settings_missing import CompleteCase
from precept_stats.plan.document import Analysis, Plan
from precept_stats.plan.reader import LoadedPlan
from precept_stats.studies.prepare import prepare

DATA = "analysis_data"
README = "README.txt"


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """An analysis with what is asked of R, and of which table; or why nothing is."""

    analysis: str
    asked: Call | NoTwin
    file: str = ""
    sheet: Sheet | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Posing:
    """Everything that is posed to R for one plan: the texts of its files, and each analysis."""

    files: Mapping[str, str]
    questions: tuple[Question, ...]

    @property
    def calls(self) -> tuple[Question, ...]:
        """The analyses that have a twin."""
        return tuple(one for one in self.questions if isinstance(one.asked, Call))


def pose(loaded: LoadedPlan, tables: Mapping[str, Table]) -> Posing:
    """What R is asked of every analysis of a plan; the table of the primary one is ``analysis_data.csv``."""
    plan = loaded.plan
    files: dict[str, str] = {}
    names: dict[str, str] = {}
    questions = []
    first = [plan.primary] if plan.analyses else []
    for name in [*first, *(name for name in plan.analyses if name not in first)]:
        question, text = _question(plan, name, tables)
        if text:
            file = names.setdefault(text, f"{DATA}_{len(names) + 1}.csv" if names else f"{DATA}.csv")
            files[file] = text
            question = Question(name, question.asked, file, question.sheet)
        questions.append(question)
    asked = [Asked(one.analysis, one.file, one.asked) for one in questions if isinstance(one.asked, Call)]
    if asked:
        files[SCRIPT] = script(asked)
        files[README] = _readme(loaded, questions)
    return Posing(files, tuple(questions))


def _question(plan: Plan, name: str, tables: Mapping[str, Table]) -> tuple[Question, str]:
    analysis = plan.analyses[name]
    reason = _not_complete(analysis)
    if reason:
        return Question(name, NoTwin(reason)), ""
    try:
        design = prepare(analysis.study, dict(tables), plan.question(name), False).design
    except DataError as problem:
        return Question(name, NoTwin(f"the data do not hold its study: {problem.problem}")), ""
    table = sheet(design)
    found = twin_of(Posed(analysis.method, design, table, plan.multiplicity.level))
    return Question(name, found, sheet=table), table.csv() if isinstance(found, Call) else ""


def _not_complete(analysis: Analysis) -> str:
    if isinstance(analysis.missing_outcomes, CompleteCase):
        return ""
    return f"missing outcomes handled by {analysis.missing_outcomes.kind} have none"


def _readme(loaded: LoadedPlan, questions: list[Question]) -> str:
    packages = sorted(
        {"numDeriv", *(p for q in questions if isinstance(q.asked, Call) for p in q.asked.packages)}
    )
    lines = [
        f"Plan {loaded.plan.id} {loaded.plan.version}, its analyses once more by R.",
        "",
        "These tables hold data of individuals. Keep this folder where the data are kept.",
        "",
        f"1. Read {SCRIPT}. It reads the tables beside it, writes {OUTPUT}, and does nothing else.",
        f"2. Rscript {SCRIPT}     (R 4.0 or later with the packages {', '.join(packages)})",
        "3. precept verify BUNDLE --data NAME=FILE --level L4 --twin THIS_FOLDER",
        f"   reads {OUTPUT} and compares every number in it with the bundle.",
        "",
        "The analyses",
    ]
    for one in questions:
        said = (
            f"{one.asked.engine}; rows in {one.file}"
            if isinstance(one.asked, Call)
            else f"no twin: {one.asked.reason}"
        )
        lines.append(f"  {one.analysis}: {said}")
    told = {one.file: one.sheet for one in questions if one.file and one.sheet is not None}
    for file, table in told.items():
        lines += ["", f"Columns of {file}", *(f"  {name}: {said}" for name, said in table.meanings.items())]
    return "\n".join(lines) + "\n"

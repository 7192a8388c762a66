"""L4: the numbers once more by another engine, R, on the analysis rows of the data."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from precept_stats.data.dataset import Source, Table
from precept_stats.errors import PreceptError
from precept_stats.evidence.twin.answers import Answers, Number, md5_of, read_answers, row_called
from precept_stats.evidence.twin.posing import Posing, Question, pose
from precept_stats.evidence.twin.running import other_than_posed, run_r, write_twin
from precept_stats.evidence.twin.script import OUTPUT, SCRIPT, Call
from precept_stats.evidence.verify.check import Check, Compared, Outcome, checked
from precept_stats.evidence.verify.completeness import MOST_SHOWN, named
from precept_stats.evidence.verify.contents import Contents
from precept_stats.evidence.verify.tolerances import MONTE_CARLO, agreeing, kind_of, within
from precept_stats.runner import load_tables
from precept_stats.values import Failure, Result, Row

ENGINE = "A second engine"
FOLDER = "The folder of the second engine"
EFFECT = "estimate.estimate"
"""What every twin has to give."""


@dataclass(frozen=True, slots=True)
class Twin:
    """Where script and tables of the second engine are, or will be, and whether R may be started."""

    folder: Path
    run: bool = False


Found = tuple[list[Check], tuple[Compared, ...]]


def second_engine(bundle: Contents, data: Mapping[str, Source], twin: Twin | None) -> Found:
    """Write what is posed to R, run it where that is asked for, and compare what it answered."""
    lacking = _lacking(bundle, data, twin)
    if lacking or twin is None:
        return [Check("L4", ENGINE, "not run", (lacking,))], ()
    try:
        tables = load_tables(bundle.loaded, data)
    except PreceptError as problem:
        return [Check("L4", ENGINE, "failed", (str(problem),))], ()
    other = _other_data(bundle, tables)
    if other:
        return [Check("L4", ENGINE, "not run", (f"the data differ: {', '.join(other)}",))], ()
    posing = pose(bundle.loaded, tables)
    if not posing.calls:
        return [_without(question) for question in posing.questions] or [_no_analysis()], ()
    answered = _answered(posing, twin)
    if isinstance(answered, Check):
        return [answered, *(_without(one) for one in posing.questions if not isinstance(one.asked, Call))], ()
    return _judged(bundle, posing, answered)


def _lacking(bundle: Contents, data: Mapping[str, Source], twin: Twin | None) -> str:
    missing = sorted(set(bundle.loaded.plan.data) - set(data))
    if missing:
        return f"needs {', '.join(f'--data {name}=FILE' for name in missing)}"
    if twin is None:
        return "needs --twin FOLDER, where script and tables for R are written, or were"
    if bundle.sensitive is None and bundle.loaded.plan.disclosure.policy != "none":
        return "needs the sensitive part: what was released has passed a disclosure policy"
    return ""


def _other_data(bundle: Contents, tables: Mapping[str, Table]) -> list[str]:
    made = dict(bundle.shown.provenance.data_digests)
    return [name for name, table in tables.items() if table.digest != made.get(name)]


def _no_analysis() -> Check:
    return Check("L4", ENGINE, "not run", ("the plan has no analysis that fits a model: it compares areas",))


def _without(question: Question) -> Check:
    reason = "" if isinstance(question.asked, Call) else question.asked.reason
    return Check("L4", _name(question), "not run", (f"no twin: {reason}",))


def _name(question: Question) -> str:
    by = f", by {question.asked.engine}" if isinstance(question.asked, Call) else ""
    return f"Analysis {question.analysis}{by}"


def _answered(posing: Posing, twin: Twin) -> Answers | Check:
    """What R answered in the folder; or a check that says why there is no answer yet."""
    if not twin.folder.exists() or not any(twin.folder.iterdir()):
        write_twin(posing, twin.folder)
    other = other_than_posed(posing, twin.folder)
    if other:
        return Check("L4", FOLDER, "failed", (*other, "give a new folder for --twin"))
    if twin.run:
        problem = run_r(twin.folder)
        if problem:
            return Check("L4", ENGINE, "failed", (problem,))
    if not (twin.folder / OUTPUT).exists():
        said = (
            f"script and tables are in {twin.folder.name}: run `Rscript {SCRIPT}` there, then this again; "
            "or give --run-r"
        )
        return Check("L4", ENGINE, "not run", (said,))
    try:
        return read_answers(twin.folder / OUTPUT)
    except PreceptError as problem:
        return Check("L4", ENGINE, "failed", (str(problem),))


def _judged(bundle: Contents, posing: Posing, answers: Answers) -> Found:
    stale = [
        f"{name}: R read another one"
        for name, text in posing.files.items()
        if name.endswith((".csv", ".R")) and answers.read.get(name) != md5_of(text)
    ]
    checks = [checked("L4", f"{FOLDER} is what bundle and data give, and R read it", stale)]
    strange = sorted(set(answers.numbers) - {one.analysis for one in posing.calls})
    if strange:
        checks.append(Check("L4", ENGINE, "failed", (f"numbers of no analysis: {', '.join(strange)}",)))
    compared: list[Compared] = []
    for question in posing.questions:
        check, numbers = _beside(bundle, question, answers.numbers.get(question.analysis, ()))
        checks.append(check)
        compared += numbers
    return checks, tuple(compared)


def _beside(
    bundle: Contents, question: Question, numbers: tuple[Number, ...]
) -> tuple[Check, list[Compared]]:
    """One analysis: every number of R beside the row that it is held against."""
    if not isinstance(question.asked, Call) or question.sheet is None:
        return _without(question), []
    entry = next((one for one in bundle.full if one.analysis == question.analysis), None)
    if entry is None:
        return Check("L4", _name(question), "failed", ("the rows have no such analysis",)), []
    if isinstance(entry, Failure) or EFFECT not in {number.what for number in numbers}:
        return _one_sided(question, entry, numbers), []
    compared, nowhere = [], []
    for number in numbers:
        row = row_called(number.what, entry, question.sheet.arms)
        if row is None:
            nowhere.append(f"{number.what}: R gives it, the bundle has no such row")
        else:
            compared.append(_compared(row, number, entry))
    wrong = [
        f"{one.row} ({one.kind}): {one.theirs!r}, by R {one.ours!r}" for one in compared if not one.within
    ]
    more = [f"and {len(wrong) - MOST_SHOWN} more of {len(compared)}"] if len(wrong) > MOST_SHOWN else []
    found = (*wrong[:MOST_SHOWN], *more, *nowhere)
    outcome: Outcome = "failed" if wrong else "differs" if nowhere else "passed"
    return Check("L4", _name(question), outcome, found), compared


def _one_sided(question: Question, entry: Result | Failure, numbers: tuple[Number, ...]) -> Check:
    """An analysis that only one of the two has an estimate of, or neither."""
    name, by_r = _name(question), bool(numbers)
    if isinstance(entry, Failure):
        told = "R gives an estimate" if by_r else "R gives none either"
        said = (f"the bundle has no estimate ({entry.problem}); {told}",)
        return Check("L4", name, "differs" if by_r else "passed", said)
    if entry.status in ("boundary", "failed"):
        said = (f"R gives no estimate; that of the bundle is marked {entry.status}",)
        return Check("L4", name, "differs", said)
    return Check("L4", name, "failed", ("R gives no estimate, and the bundle does",))


def _compared(row: Row, number: Number, entry: Result) -> Compared:
    theirs = float(row.stat) if isinstance(row.stat, int | float) else math.nan
    digits = agreeing(theirs, number.value)
    if number.mcse is not None:
        reach = MONTE_CARLO * math.sqrt(2.0) * number.mcse
        same = abs(theirs - number.value) <= reach
        return Compared(named(row), "sampled", theirs, number.value, digits, same, "L4")
    kind = kind_of(row, entry.method)
    same = within(kind, theirs, number.value)
    return Compared(named(row), kind, theirs, number.value, digits, same, "L4")

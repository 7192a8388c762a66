"""Everything that the self-test looks at: the installation, reference cases and NIST's data sets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from precept_stats.data.shipped import shipped
from precept_stats.errors import PreceptError
from precept_stats.evidence.environment import environment
from precept_stats.evidence.selftest.cases import Case, all_cases, compare, data_folder
from precept_stats.evidence.selftest.strd import CertifiedSet, certified_sets
from precept_stats.plan.lint import lint
from precept_stats.plan.provenance import now
from precept_stats.plan.reader import read_plan

Progress = Callable[[int, int, str], None]
"""Called with (cases done, cases in all, name of the next)."""


@dataclass(frozen=True, slots=True)
class CaseChecked:
    """One reference case: numbers compared, those that agree, and the fewest digits of any of them.

    ``known`` are numbers in which ours is known to differ, for a reason that the case states. ``skipped``
    and ``problem`` say why there are none.
    """

    name: str
    software: str
    numbers: int = 0
    agreeing: int = 0
    known: int = 0
    digits: float | None = None
    skipped: str = ""
    problem: str = ""

    @property
    def agrees(self) -> bool:
        return not self.problem and self.agreeing == self.numbers


@dataclass(frozen=True, slots=True)
class PlanChecked:
    """One shipped plan: whether it is read without errors."""

    name: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class SelfTest:
    """The whole outcome. ``passed`` asks for every plan, case and data set."""

    made: str
    environment: dict[str, Any]
    plans: tuple[PlanChecked, ...]
    cases: tuple[CaseChecked, ...]
    sets: tuple[CertifiedSet, ...]

    @property
    def passed(self) -> bool:
        plans = all(not plan.problem for plan in self.plans)
        return plans and all(case.agrees for case in self.cases) and all(one.agrees for one in self.sets)


def selftest(*, methods: tuple[str, ...] = (), progress: Progress | None = None) -> SelfTest:
    """Read every shipped plan, answer every reference case, solve NIST's data sets. Needs no network.

    ``methods`` limits the cases to those of some methods. Cases on data that do not ship are skipped,
    and say so, unless the environment variable PRECEPT_DATA names their folder. Takes a minute or two.
    Raises PreceptError for a method that has no case.
    """
    cases = all_cases()
    unknown = sorted(set(methods) - {case.method for case in cases})
    if unknown:
        allowed = ", ".join(sorted({case.method for case in cases}))
        raise PreceptError("a method has no reference case", found=", ".join(unknown), allowed=allowed)
    asked = [case for case in cases if not methods or case.method in methods]
    checked = []
    for done, case in enumerate(asked):
        if progress is not None:
            progress(done, len(asked), f"{case.method}: {case.name}")
        checked.append(_checked(case))
    if progress is not None:
        progress(len(asked), len(asked), "done")
    return SelfTest(now(), environment(), _plans(), tuple(checked), certified_sets())


def _plans() -> tuple[PlanChecked, ...]:
    found = []
    for path in sorted(shipped("analysis_plans").glob("*.yaml")):
        try:
            lint(read_plan(path))
        except PreceptError as problem:
            found.append(PlanChecked(path.stem, str(problem)))
        else:
            found.append(PlanChecked(path.stem))
    return tuple(found)


def _checked(case: Case) -> CaseChecked:
    name = f"{case.method}/{case.name}"
    if case.needs_data and data_folder() is None:
        return CaseChecked(name, case.software, skipped="its data do not ship (PRECEPT_DATA)")
    try:
        found = compare(case)
    except PreceptError as problem:
        return CaseChecked(name, case.software, problem=str(problem))
    as_they_are = [one.digits for one in found if one.number.by_our_rule is None]
    return CaseChecked(
        name,
        case.software,
        numbers=len(found),
        agreeing=sum(one.agrees for one in found),
        known=sum(one.number.by_our_rule is not None for one in found),
        digits=min(as_they_are, default=None),
    )

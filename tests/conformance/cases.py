"""The reference cases, which ship with the library: read, answered and compared by its self-test.

Several tests look at the same answers; each case is answered once.
"""

from functools import cache
from pathlib import Path

from precept_stats.evidence.selftest.cases import (
    HERE_ONLY,
    WITHIN,
    Asked,
    Case,
    Comparison,
    Number,
    all_cases,
    asked,
    compared,
    data_folder,
    number_called,
    read_case,
)
from precept_stats.evidence.selftest.cases import answer as answer_anew
from precept_stats.values import Result

__all__ = [
    "HERE_ONLY",
    "ROOT",
    "WITHIN",
    "Asked",
    "Case",
    "Comparison",
    "Number",
    "all_cases",
    "answer",
    "asked",
    "compare",
    "data_folder",
    "number_called",
    "read_case",
]

ROOT = Path(__file__).resolve().parents[2]


def answer(case: Case) -> Result:
    """The answer of a case."""
    return _answer(case.method, case.name)


@cache
def _answer(method: str, name: str) -> Result:
    return answer_anew(next(one for one in all_cases() if (one.method, one.name) == (method, name)))


def compare(case: Case) -> list[Comparison]:
    """Every number of a case beside ours."""
    return compared(case, answer(case))

"""Formulas that read, what patsy makes of them, and a watch that notices any evaluation."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from patsy import ModelDesc

import precept_stats as ps
from precept_stats.errors import PlanError

GOOD = [
    "y ~ x",
    "y ~ 1",
    "y ~ 0 + x",
    "y ~ x - 1",
    "y ~ -1 + x",
    "y ~ x + 0",
    "y ~ 1 + x + z",
    "y ~ x + x + x",
    "y ~ x*z",
    "y ~ x:z",
    "y ~ x:z + z:x",
    "y ~ x:x",
    "y ~ x*x*z",
    "y ~ a*b*c",
    "y ~ a:b*c",
    "y ~ a*b:c",
    "y ~ a + b*c - 1",
    "y ~ (a + b)*c",
    "y ~ (a + b):c",
    "y ~ a:(b + c)",
    "y ~ (a + b)*(c + d)",
    "y ~ (a*b + c):d",
    "y ~ ((a))",
    "y ~ (a + (b + (c)))",
    "y ~ a*(b + c):d + e",
    "y ~ log(x)",
    "y ~ log(x)*arm + sqrt(z):arm",
    "y ~ center(x) + scale(x) + x",
    "y ~ log( x ) + log(x)",
    "log(y) ~ x",
    "mgso4 ~ arm + baseline",
    "y~a+b\n  + c\t*d",
    "y ~ class + import_ + print + eval",
    "log ~ sqrt + log(scale)",
    "y_1 ~ X2 + x__y",
]


# Evaluating, importing, opening and running all raise one of these; so does compiling text.
_FORBIDDEN = ("compile", "exec", "import", "open", "os.", "subprocess.", "socket.", "ctypes.", "shutil.")
_watch: dict[str, Any] = {"on": False, "seen": []}


def _hook(event: str, _: tuple[object, ...]) -> None:
    if _watch["on"] and event.startswith(_FORBIDDEN):
        _watch["seen"].append(event)


sys.addaudithook(_hook)


@contextmanager
def nothing_evaluated() -> Iterator[None]:
    """Python's own audit events say whether anything was compiled, executed, imported or opened."""
    _watch.update(on=True, seen=[])
    try:
        yield
    finally:
        _watch["on"] = False
    assert _watch["seen"] == []


def read_or_refused(text: str) -> ps.Formula | PlanError:
    """What reading gives, when it evaluates nothing; any error but a PlanError goes through."""
    with nothing_evaluated():
        try:
            return ps.formula(text)
        except PlanError as refused:
            return refused


def fixed_by_patsy(text: str) -> tuple[str, ...]:
    """What patsy itself makes of a formula's right-hand side: names of terms, in its order."""
    described = ModelDesc.from_formula(text)
    return tuple(":".join(f.name() for f in term.factors) or "1" for term in described.rhs_termlist)

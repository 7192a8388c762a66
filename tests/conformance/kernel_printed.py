"""Results as R prints them for well-known data, with the optimisers a user has without asking.

Numbers are kept as text: they are held to the tolerance of their kind or half a unit of their last digit,
whichever is more. lme4's default optimisers stop short of the optimum, at which they differ more.
"""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import numpy as np

from precept_stats.numerics.glmm.fit import fit_glmm
from tests.numerics.glmm.problems import family, needs_other_data, rows
from tests.numerics.mixed import numbers as recorded
from tests.numerics.mixed import other_numbers as other

from .kernel_glmm import METHOD as GLMM
from .kernel_mixed import METHOD as MIXED
from .kernel_mixed import TOLERANCES
from .kernels import KernelCase, Numbers, numbers_of

NUMERICS = Path(__file__).resolve().parents[1] / "numerics"
SOFTWARE = "R 4.2.2, lme4 1.1.31, lmerTest 3.1.3, pbkrtest 0.5.2, as printed"
BY_DEFAULT = 2e-5
"""How near the default optimiser of glmer comes to the optimum."""


def printed(which: str) -> dict:
    return json.loads((NUMERICS / which / "printed.json").read_text(encoding="utf-8"))


def half_unit(text: str) -> float:
    """Half a unit of the last digit, relative to the number."""
    digits, _, power = text.partition("e")
    decimals = len(digits.partition(".")[2])
    return 0.5000001 * 10.0 ** (int(power or 0) - decimals) / abs(float(text))


def printed_cases() -> tuple[KernelCase, ...]:
    return (*map(_linear, printed("mixed")), *map(_logistic, printed("glmm")))


def _linear(name: str) -> KernelCase:
    texts: dict[str, str] = printed("mixed")[name]
    answer = recorded.ours if name in recorded.SAME_MODEL else other.ours_expected
    made = recorded.recorded()["cases"] if name in recorded.SAME_MODEL else other.expected()
    reference = f"{made[name]['formula']}; {made[name]['data']}"
    return _case((MIXED, f"{name}_printed", reference, False), texts, TOLERANCES, partial(answer, name))


def _logistic(name: str) -> KernelCase:
    case = printed("glmm")[name]
    texts = {what: case[what] for what in ("logLik", "sigma") if what in case}
    for what in ("estimate", "se"):
        listed = enumerate(case.get(what, ()), 1)
        texts |= {f"{what}[{k}]": text for k, text in listed if text is not None}
    about = f"glmer on {case['problem']}; ours with {case['nodes']} nodes"
    needs_data = needs_other_data(case["problem"])
    return _case(
        (GLMM, f"{name}_printed", about, needs_data), texts, {"": BY_DEFAULT}, partial(_fitted, case)
    )


def _case(head: tuple[str, str, str, bool], texts: dict[str, str], tolerances, answer) -> KernelCase:
    method, name, reference, needs_data = head
    theirs = {what: float(text) for what, text in texts.items()}
    kinds = {
        what: max(half_unit(text), tolerances[max((k for k in tolerances if what.startswith(k)), key=len)])
        for what, text in texts.items()
    }
    numbers = numbers_of(name, theirs, kinds)
    return KernelCase(method, name, reference, SOFTWARE, needs_data, numbers, answer)


def _fitted(case: dict) -> Numbers:
    fit = fit_glmm(rows(case["problem"]), family(case["problem"]), case["nodes"])
    errors = np.sqrt(np.diag(fit.covariance))
    found = {"logLik": fit.log_likelihood, "sigma": float(np.exp(fit.log_sigma))}
    found |= {f"estimate[{k}]": float(v) for k, v in enumerate(fit.params, 1)}
    return found | {f"se[{k}]": float(v) for k, v in enumerate(errors[:-1], 1)}

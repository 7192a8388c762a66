"""Reference fits of numerics.mixed and the inference on it, by lme4, lmerTest and pbkrtest."""

from __future__ import annotations

from functools import partial

from tests.numerics.mixed import numbers as flat
from tests.numerics.mixed import other_numbers as other
from tests.numerics.mixed.models import HERE_ONLY, expected, expected_software

from .kernels import KernelCase, Numbers, numbers_of

METHOD = "linear_mixed, the engine"
TOLERANCES = {
    "": 1e-6,
    "reml.criterion": 1e-8,
    "reml.logLik": 1e-8,
    "ml.deviance": 1e-8,
    "ml.logLik": 1e-8,
    "criterion": 1e-8,
    "theta": 1e-5,
    "satterthwaite.df": 1e-4,
    "satterthwaite.p": 1e-4,
    "kenward_roger.df": 1e-4,
    "kenward_roger.p": 1e-4,
    "joint": 1e-4,
    "joint.kenward_roger.scaling": 1e-6,
    "likelihood_ratio": 1e-5,
    "ml.profile": 5e-5,
}
"""Ends of profiles are relative to the interval: lme4 interpolates. Near 0 the criterion is flat in theta."""


def mixed_cases() -> tuple[KernelCase, ...]:
    made = flat.recorded()
    recorded = [
        _case(
            name,
            f"{case['formula']}; {case['data']}",
            (made["software"], case["data"]),
            flat.theirs(case["numbers"]),
        )
        for name, case in made["cases"].items()
    ]
    fits = [
        _case(
            name,
            f"{case['formula']}; {case['data']}",
            (expected_software(), case["data"]),
            other.theirs_expected(name),
        )
        for name, case in expected().items()
    ]
    made = other.differences()
    different = [
        _case(name, case["formula"], (made["software"], case["data"]), other.theirs_different(name))
        for name, case in made["cases"].items()
    ]
    return (*recorded, *fits, *different)


def _case(name: str, formula: str, made: tuple[dict[str, str], str], theirs: Numbers) -> KernelCase:
    software, data = made
    answers = {**dict.fromkeys(flat.SAME_MODEL, flat.ours), **dict.fromkeys(expected(), other.ours_expected)}
    return KernelCase(
        METHOD,
        name,
        formula,
        ", ".join(f"{program} {version}" for program, version in software.items()),
        data in HERE_ONLY,
        numbers_of(name, theirs, TOLERANCES),
        partial(answers.get(name, other.ours_different), name),
    )

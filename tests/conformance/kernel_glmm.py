"""Reference fits of numerics.glmm: glmmTMB, lme4, exact quadrature, and pseudo-likelihood by an R loop."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from tests.numerics.glmm import numbers as flat
from tests.numerics.glmm.problems import EXPECTED, NAMES, needs_other_data

from .kernels import KernelCase, Numbers, numbers_of

METHOD = "generalised_linear_mixed, the engine"
TOLERANCES = {
    "": 1e-5,
    "glmmTMB.logLik": 1e-6,
    "lme4.logLik": 1e-6,
    "lme4_25_nodes.logLik": 1e-6,
    "exact.logLik": 1e-6,
    "rspl": 1e-8,
    "rspl.kr_df": 1e-6,
    "variance": 1e-8,
}
"""Log-likelihoods are held to 1e-6 itself, the others relative to the number."""
HERE_ONLY = {"mkvtrial", "sim_swcrt_small"}


def glmm_cases() -> tuple[KernelCase, ...]:
    made = flat.recorded()
    software = ", ".join(f"{program} {version}" for program, version in made["software"].items())
    recorded = [
        _case(
            name,
            (f"{case['formula']}; {case['data']}", software, case["data"] in HERE_ONLY),
            flat.theirs_recorded(name),
            flat.ours_recorded,
        )
        for name, case in made["cases"].items()
    ]
    fits = [
        _case(
            f"{name}_fit",
            (_words(name), EXPECTED["software"], needs_other_data(name)),
            flat.theirs_expected(name),
            lambda _, name=name: flat.ours_expected(name),
        )
        for name in NAMES
    ]
    pseudo = [
        _case(
            f"{name}_pseudo_likelihood",
            (
                f"{_words(name)}, by an R loop with full matrices",
                flat.RSPL["software"],
                needs_other_data(name),
            ),
            flat.theirs_pseudo(name),
            lambda _, name=name: flat.ours_pseudo(name),
        )
        for name in flat.RSPL
        if name != "software"
    ]
    return (*recorded, *fits, *pseudo)


def _words(name: str) -> str:
    case = EXPECTED[name]
    return f"{case['formula']}; {case['family']}, {case['link']} link"


def _case(
    name: str, about: tuple[str, str, bool], theirs: Numbers, ours: Callable[[str], Numbers]
) -> KernelCase:
    reference, software, needs_data = about
    numbers = numbers_of(name, theirs, TOLERANCES)
    return KernelCase(METHOD, name, reference, software, needs_data, numbers, partial(ours, name))

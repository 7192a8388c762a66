"""Reference fits of numerics.series: nlme, sandwich, lmtest, prais, forecast, MASS, plain formulas in R."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from tests.numerics.series import numbers
from tests.numerics.series.models import HERE_ONLY, expected, recorded

from .kernels import KernelCase, Numbers, Tolerances, numbers_of

METHOD = "segmented_regression, the engine"
OPTIMISED = 1e-5
CLOSED = 1e-8
OF_RECORDED = {"": CLOSED, "gls": OPTIMISED, "arima": OPTIMISED}
WRITTEN_OUT = {"": OPTIMISED, "loglik": CLOSED}


def series_cases() -> tuple[KernelCase, ...]:
    made = recorded()["meta"]
    programs = {"R": made["R"].split()[2], **made["packages"]}
    own = expected()["software"]
    about = {name: f"{recorded()[name]['formula']}" for name in ("seatbelts", "prop99", "quetiapine")}
    found = [
        _case((f"series_{name}", words, programs), numbers.their_recorded(name), OF_RECORDED,
              partial(numbers.our_recorded, name))
        for name, words in about.items()
    ]  # fmt: skip
    model = recorded()["quetiapine_sarima"]["model"]
    for program in ("forecast_Arima", "stats_arima_tight"):
        head = (f"series_quetiapine_{program}", model, programs)
        found.append(_case(head, numbers.their_sarima(program), {"": OPTIMISED}, numbers.our_sarima))
    for name in expected()["ar1"]:
        head = (f"series_{name}_reml", "REML, AR(1), written out with n by n matrices", own)
        found.append(_case(head, numbers.their_ar1(name), WRITTEN_OUT, partial(numbers.our_ar1, name)))
    for name in expected()["arima"]:
        head = (f"series_{name}_errors", "ARMA errors, likelihood written out, data differenced", own)
        found.append(_case(head, numbers.their_arima(name), WRITTEN_OUT, partial(numbers.our_arima, name)))
    for name in expected()["counts"]:
        head = (f"series_{name}", "counts with an offset; Newey-West", own)
        found.append(_case(head, numbers.their_counts(name), {"": CLOSED}, partial(numbers.our_counts, name)))
    return tuple(found)


def _case(
    head: tuple[str, str, dict[str, str]],
    theirs: Numbers,
    tolerances: Tolerances,
    ours: Callable[[], Numbers],
) -> KernelCase:
    name, about, software = head
    stem = name.removeprefix("series_").split("_")[0]
    said = ", ".join(f"{program} {version}" for program, version in software.items())
    return KernelCase(
        METHOD, name, about, said, stem in HERE_ONLY, numbers_of(name, theirs, tolerances), ours
    )

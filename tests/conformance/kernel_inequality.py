"""Reference numbers of measures of inequality and of areas together: R scripts, healthequal, lme4."""

from __future__ import annotations

import json
from functools import partial

import numpy as np

from precept_stats.numerics.glmm.families import BinomialLogit, PoissonLog
from precept_stats.numerics.glmm.fit import GlmmRows, fit_glmm
from precept_stats.numerics.inequality.catalogue import MEASURES
from precept_stats.numerics.inequality.heterogeneity import heterogeneity
from precept_stats.numerics.inequality.measure import standard_error
from precept_stats.numerics.shrinkage.law import Binomial, Given, Poisson
from precept_stats.numerics.shrinkage.predict import Spread, predict
from tests.numerics.inequality import cases
from tests.numerics.shrinkage import test_shrinkage as together

from .kernels import KernelCase, Numbers, Tolerances, numbers_of

ORDERED = json.loads((cases.HERE / "ordered.json").read_text(encoding="utf-8"))
INDICES, SHRINKAGE = "disparity_indices, the engine", "regional_shrinkage, the engine"
NAMES = {"ti_x1000": "theil", "mld_x1000": "mld", "range": "difference", "weighted_mean": "mean"}
NAMES |= {"gini_weighted": "gini"}
THEIRS = {"ti": "theil", "mld": "mld", "bgv": "bgv"}
CLOSED: Tolerances = {"": 1e-10, "se": 1e-8, "healthequal": 1e-6, "metafor": 1e-4}
OPTIMISED: Tolerances = {"": 1e-5, "blup": 1e-8, "area": 2e-5}


def inequality_cases() -> tuple[KernelCase, ...]:
    return (*map(_indices, cases.CASES), *map(_ordered, _groups()), *_together())


def _groups() -> tuple[str, ...]:
    return tuple(name for name in ORDERED if name != "meta")


def _indices(name: str) -> KernelCase:
    case, made = cases.EXPECTED[name], cases.EXPECTED["meta"]
    theirs: Numbers = {NAMES.get(k, k): v for k, v in case["own"].items()}
    theirs |= {f"se[{NAMES.get(k, k)}]": v for k, v in case["own_delta_se"].items()}
    if name.startswith("msds"):
        of = case["healthequal"]
        theirs |= {f"healthequal se[{ours}]": of[other]["se"] for other, ours in THEIRS.items()}
    theirs |= {f"metafor {k}": case["metafor"][k] for k in ("Q", "tau2_REML", "mu_REML", "I2_REML")}
    theirs = {name: value for name, value in theirs.items() if isinstance(value, int | float)}
    software = f"{made['R'].removeprefix('R version ').split()[0]}"
    packages = ", ".join(f"{k} {made['packages'][k]}" for k in ("healthequal", "metafor"))
    numbers = numbers_of(f"inequality_{name}", theirs, CLOSED)
    about = f"{name.replace('_', ' ')}: values, numerical derivatives, and packages"
    needs = name.startswith("msds")
    said = f"R {software}, {packages}"
    return KernelCase(INDICES, f"inequality_{name}", about, said, needs, numbers, partial(_ours, name))


def _ours(name: str) -> Numbers:
    given = cases.given(name)
    covariance = np.diag(given.std_error**2)
    found: Numbers = {}
    for measure in (*MEASURES.values(),):
        with np.errstate(all="ignore"):
            found |= {measure.name: float(measure.value(given.y, given.areas))}
            try:
                error = standard_error(measure, given.y, given.areas, covariance)
            except ValueError:
                error = float("nan")
            found |= {f"se[{measure.name}]": error, f"healthequal se[{measure.name}]": error}
    whole = heterogeneity(given.y, given.std_error**2, 0.95)
    found |= {"metafor Q": whole.q, "metafor tau2_REML": whole.tau2_reml}
    return found | {"metafor mu_REML": whole.mean, "metafor I2_REML": 100.0 * whole.i2}


def _ordered(name: str) -> KernelCase:
    case = ORDERED[name]
    theirs: Numbers = dict(case["value"]) | {f"se[{k}]": v for k, v in case["std_error"].items()}
    numbers = numbers_of(f"inequality_{name}", theirs, CLOSED)
    about = f"ordered groups, {name}: lm, glm and central differences"
    return KernelCase(
        INDICES, f"inequality_{name}", about, "R 4.2.2", False, numbers, partial(_our_ordered, name)
    )


def _our_ordered(name: str) -> Numbers:
    case = ORDERED[name]
    y, people = np.array(case["y"]), np.array(case["n"], dtype=float)
    areas = cases.areas_of(y, people, favourable=True, top=100.0, rank=np.array(case["rank"], dtype=float))
    covariance = np.diag(y * (100.0 - y) / people)
    found: Numbers = {}
    for measure in case["value"]:
        found |= {measure: float(MEASURES[measure].value(y, areas))}
        found |= {f"se[{measure}]": standard_error(MEASURES[measure], y, areas, covariance)}
    return found


def _together() -> tuple[KernelCase, ...]:
    expected, versions = together.EXPECTED, together.EXPECTED["versions"]
    said = ", ".join(f"{program} {version}" for program, version in versions.items())
    found = []
    for name in ("binomial", "poisson"):
        case = expected[name]
        theirs: Numbers = {"mean": case["mean"], "sd": case["sd"]}
        theirs |= {f"area[{k}]": v for k, v in enumerate(case["effects"], 1)}
        about = f"areas with {name} counts, 25 adaptive nodes an area"
        numbers = numbers_of(f"areas_{name}", theirs, OPTIMISED)
        found.append(
            KernelCase(SHRINKAGE, f"areas_{name}", about, said, False, numbers, partial(_our_areas, name))
        )
    case = expected["normal"]
    theirs = {f"blup[{k}]": v for k, v in enumerate(case["blup"], 1)}
    theirs |= {f"blup se[{k}]": v for k, v in enumerate(case["blup_se"], 1)}
    numbers = numbers_of("areas_normal", theirs, OPTIMISED)
    about = "estimates with standard errors, restricted likelihood"
    return (
        *found,
        KernelCase(SHRINKAGE, "areas_normal", about, said, False, numbers, _our_estimates),
    )


def _our_areas(name: str) -> Numbers:
    law: Binomial | Poisson = together.HOSPITALS if name == "binomial" else together.counties()
    family = BinomialLogit() if name == "binomial" else PoissonLog()
    fit = fit_glmm(GlmmRows(np.ones((law.count, 1)), law.events, law.size, np.arange(law.count)), family, 25)
    mean, sd = float(fit.params[0]), float(np.exp(fit.log_sigma))
    areas = predict(law, Spread(mean, sd))
    found: Numbers = {"mean": mean, "sd": sd}
    return found | {f"area[{k}]": float(v) for k, v in enumerate(areas.eta - mean, 1)}


def _our_estimates() -> Numbers:
    case = together.EXPECTED["normal"]
    y, variance = np.array(case["y"]), np.array(case["se"]) ** 2
    whole = heterogeneity(y, variance, 0.95)
    areas = predict(Given(y, variance), Spread(whole.mean, float(np.sqrt(whole.tau2_reml))))
    found: Numbers = {f"blup[{k}]": float(v) for k, v in enumerate(areas.eta, 1)}
    return found | {f"blup se[{k}]": float(v) for k, v in enumerate(areas.std_error, 1)}

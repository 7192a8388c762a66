"""Intracluster correlations of real trials by other programs: ICC, lme4 and aod, and ICCbin as it prints."""

from __future__ import annotations

import json
import os
from functools import cache, partial
from pathlib import Path

import numpy as np
import pandas as pd

from precept_stats.numerics.clustering import size_variation
from precept_stats.numerics.icc import moments
from precept_stats.numerics.icc.anova import anova, anova_icc, anova_influence, searle_limits, smith_error
from precept_stats.numerics.icc.clustered import Clustered, binary_clusters, size_weighted_effect
from precept_stats.numerics.icc.common_correlation import common_correlation_error
from precept_stats.numerics.icc.mixed import linearised_icc, restricted_icc
from tests.numerics.icc.test_reference import ESTIMATORS, HERDS, REFERENCE

from .cases import HERE_ONLY, ROOT
from .kernel_printed import half_unit
from .kernels import KernelCase, Numbers, numbers_of

METHOD = "intracluster correlation"
FILE = Path(__file__).resolve().parents[1] / "numerics" / "icc" / "real_trials.json"
TRIALS = {
    "mkvtrial": ("community", "know", True),
    "share": ("school", "kscore", False),
    "awards": ("school_id", "Bagrut_status", True),
}
TOLERANCES = {"": 1e-9, "icc_reml": 1e-6, "aod": 1e-6}
Z = 1.959963984540054


@cache
def _recorded() -> dict[str, dict]:
    return json.loads(FILE.read_text(encoding="utf-8"))


def correlation_cases() -> tuple[KernelCase, ...]:
    return (*map(_trial, TRIALS), _herds(), _orthodont())


def _trial(name: str) -> KernelCase:
    column = TRIALS[name][1]
    numbers = numbers_of(f"{name}_correlations", _recorded()[name], TOLERANCES)
    reference = f"{column} of {name}, no arm removed"
    return KernelCase(
        METHOD,
        f"{name}_correlations",
        reference,
        _recorded()["software"],
        name != "awards",
        numbers,
        partial(_of_trial, name),
    )


def _frame(name: str) -> pd.DataFrame:
    shipped = ROOT / "analysis_plans" / "data" / "achievement_awards" / "achievement_awards_girls2001.csv"
    return pd.read_csv(shipped if name == "awards" else Path(os.environ[HERE_ONLY]) / f"{name}.csv")


def _clusters(name: str) -> Clustered:
    cluster, column, binary = TRIALS[name]
    groups = _frame(name).groupby(cluster)[column]
    size, total = groups.size().to_numpy(float), groups.sum().to_numpy(float)
    alone = np.zeros(len(size), dtype=np.intp)
    if binary:
        return binary_clusters(total, size, alone)
    return Clustered(size, total, (groups.var(ddof=0) * groups.size()).to_numpy(float), alone)


def _of_trial(name: str) -> Numbers:
    data = _clusters(name)
    table, sizes, icc = anova(data), size_variation(data.size), anova_icc(data)
    error, (low, high) = smith_error(data), searle_limits(data, 0.95)
    found = {
        "K": float(data.n_clusters),
        "N": float(data.size.sum()),
        "n_mean": sizes.mean,
        "n_cv": float(np.std(data.size, ddof=1) / sizes.mean),
        "n0": table.n0,
        "MSB": table.ms_between,
        "MSW": table.ms_within,
        "icc_anova": icc,
        "icc_reml": restricted_icc(data).icc,
        "deff_kish": size_weighted_effect(data.size, icc),
        "smith_low": icc - Z * error,
        "smith_high": icc + Z * error,
        "searle_low": low,
        "searle_high": high,
    }
    if TRIALS[name][2]:
        linearised = linearised_icc(data, 1)
        found |= {
            "fleiss_cuzick": moments.kappa_icc(data),
            "zou_donner_pearson_pairwise": moments.pairwise_icc(data),
            "aod_anova": linearised,
            "aod_B": linearised,
        }
    return found


def _herds() -> KernelCase:
    texts: dict[str, str] = _recorded()["cbpp_printed"]
    return _printed("cbpp_iccbin", "incidence of lme4's cbpp by herd", "ICCbin 1.1.1, as printed", texts)


def _orthodont() -> KernelCase:
    texts: dict[str, str] = _recorded()["orthodont_printed"]
    return _printed("orthodont_icc", "distance of nlme's Orthodont by subject", "ICC, as printed", texts)


def _printed(name: str, reference: str, software: str, texts: dict[str, str]) -> KernelCase:
    theirs = {what: float(text) for what, text in texts.items()}
    numbers = numbers_of(name, theirs, {what: half_unit(text) for what, text in texts.items()})
    answer = _of_herds if name == "cbpp_iccbin" else _of_orthodont
    return KernelCase(METHOD, name, reference, software, False, numbers, answer)


def _of_herds() -> Numbers:
    found = {name: estimator(HERDS) for name, (estimator, _) in ESTIMATORS.items()}
    half = Z * smith_error(HERDS)
    found |= {"smith_low": found["anova"] - half, "smith_high": found["anova"] + half}
    influences = {
        "anova": anova_influence(HERDS),
        "fleiss_cuzick": moments.kappa_influence(HERDS),
        "pairwise": moments.pairwise_influence(HERDS),
    }
    for name, influence in influences.items():
        error = common_correlation_error(HERDS, found[name], influence)
        found[f"zou_donner_high[{name}]"] = found[name] + Z * error
    return found


def _of_orthodont() -> Numbers:
    about = REFERENCE["orthodont"]
    groups = pd.Series(about["distance"]).groupby(np.array(about["subject"]))
    size, total = groups.size().to_numpy(float), groups.sum().to_numpy(float)
    within = (groups.var(ddof=0) * groups.size()).to_numpy(float)
    data = Clustered(size, total, within, np.zeros(len(size), dtype=np.intp))
    low, high = searle_limits(data, 0.95)
    table = anova(data)
    return {
        "MSB": table.ms_between,
        "MSW": table.ms_within,
        "icc_anova": anova_icc(data),
        "searle_low": low,
        "searle_high": high,
    }

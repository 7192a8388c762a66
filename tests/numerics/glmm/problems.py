"""The problems of expected.json as arrays, and others drawn at random."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd

from precept_stats.numerics.glmm.families import BinomialCloglog, BinomialLogit, BinomialProbit, PoissonLog
from precept_stats.numerics.glmm.fit import GlmmRows

HERE = Path(__file__).resolve().parent
EXPECTED = json.loads((HERE / "expected.json").read_text(encoding="utf-8"))
NAMES = [name for name in EXPECTED if name != "software"]
FAMILIES = {
    "logit": BinomialLogit(),
    "probit": BinomialProbit(),
    "cloglog": BinomialCloglog(),
    "log": PoissonLog(),
}
ELSEWHERE = os.environ.get("PRECEPT_DATA")
PLANS = HERE.parents[2] / "analysis_plans"


def family(name: str):
    return FAMILIES[EXPECTED[name]["link"]]


def needs_other_data(name: str) -> bool:
    return name.startswith(("mkv", "dickinson"))


def rows(name: str) -> GlmmRows:
    """The rows of a problem, coded as R codes them."""
    if name.startswith("cbpp"):
        d = pd.read_csv(HERE / "data" / "cbpp.csv")
        return coded(d, "incidence", "herd", ["C(period)"], "size")
    if name == "contraception":
        return coded(
            pd.read_csv(HERE / "data" / "contraception.csv"),
            "use01",
            "district",
            ["urb", "age", "C(livch)"],
        )
    if name == "counts":
        return coded(
            pd.read_csv(HERE / "data" / "counts.csv"), "events", "unit", ["arm", "C(period)"], "person_years"
        )
    if name == "awards":
        d = pd.read_csv(PLANS / "data" / "achievement_awards" / "achievement_awards_girls2001.csv")
        return coded(d, "Bagrut_status", "school_id", ["treated", "C(school_type)"])
    if name == "dickinson":
        d = pd.read_csv(Path(ELSEWHERE) / "sim_dickinson.csv")
        schemes = pd.read_csv(Path(ELSEWHERE) / "sim_dickinson_allocations.csv")
        d["arm"] = schemes[schemes.iloc[:, 0] == 1].iloc[0, 1:].to_numpy()[d.county - 1]
        return coded(d, "outcome", "county", ["arm"])
    terms = ["arm"] if name == "mkv_unadjusted" else ["arm", "C(stratum)", "C(agegp)", "C(ethnicgp)"]
    return coded(pd.read_csv(Path(ELSEWHERE) / "mkvtrial.csv"), "know", "community", terms)


def coded(d: pd.DataFrame, y: str, cluster: str, terms: list[str], size: str | None = None) -> GlmmRows:
    columns = [np.ones(len(d))]
    for term in terms:
        if term.startswith("C("):
            values = d[term[2:-1]].astype(str)
            columns += [(values == level).to_numpy(float) for level in sorted(values.unique())[1:]]
        else:
            columns.append(d[term].to_numpy(float))
    sizes = np.ones(len(d)) if size is None else d[size].to_numpy(float)
    return GlmmRows(
        np.column_stack(columns),
        d[y].to_numpy(float),
        sizes,
        pd.factorize(d[cluster], sort=True)[0].astype(np.intp),
    )


def drawn(seed: int, link: str = "logit", clusters: int = 12, spread: float = 0.7) -> GlmmRows:
    """Rows of a made-up trial: constant, arm, a coarse and a fine covariate."""
    rng = np.random.default_rng(seed)
    cluster = rng.integers(0, clusters, 25 * clusters)
    cluster[:clusters] = np.arange(clusters)
    n = len(cluster)
    X = np.column_stack([np.ones(n), cluster % 2, rng.integers(0, 3, n), rng.normal(size=n)]).astype(float)
    eta = X @ [-0.5, 0.6, -0.2, 0.3] + rng.normal(0, spread, clusters)[cluster]
    size = rng.integers(1, 4, n).astype(float)
    if link == "log":
        return GlmmRows(X, rng.poisson(size * np.exp(eta)).astype(float), size, cluster)
    return GlmmRows(X, rng.binomial(size.astype(int), FAMILIES[link].mean(eta)).astype(float), size, cluster)

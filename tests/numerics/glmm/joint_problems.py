"""The problems of joint.json as arrays, and others drawn at random: models with several random effects."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd

from precept_stats.numerics.glmm.effects import StructuredRows, subset
from precept_stats.numerics.glmm.negative_binomial import NegativeBinomialLog
from precept_stats.numerics.mixed.model import Grouping, Numeric, Random

from .problems import FAMILIES, HERE

EXPECTED = json.loads((HERE / "joint.json").read_text(encoding="utf-8"))
NAMES = [name for name in EXPECTED if name != "software"]
LAWS = {**FAMILIES, "nbinom2": NegativeBinomialLog()}
SIZES = {"y": "n", "events": "person_years", "bursts": "person_years"}


def law(name: str):
    expected = EXPECTED[name]
    return LAWS["nbinom2"] if expected["family"] == "nbinom2" else FAMILIES[expected["link"]]


def rows(name: str) -> StructuredRows:
    """The rows of a problem, coded as R codes them."""
    expected = EXPECTED[name]
    file = "contraception" if name.startswith("contraception") else "wedge"
    d = pd.read_csv(HERE / "data" / f"{file}.csv")
    fixed = expected["formula"].split("~")[1].split(" + ")
    columns = [np.ones(len(d))]
    for term in (term.strip() for term in fixed):
        if term.startswith(("(", "offset")) or " " in term or term.endswith(")") or term in {"0", "1"}:
            continue
        if term in {"period", "livch"}:
            values = d[term].astype(str)
            columns += [(values == level).to_numpy(float) for level in sorted(values.unique())[1:]]
        else:
            columns.append(d[term].to_numpy(float))
    y = expected["y"]
    size = d[SIZES[y]].to_numpy(float) if y in SIZES else np.ones(len(d))
    offset = d["shift"].to_numpy(float) if "offset(shift)" in expected["formula"] else None
    return StructuredRows(np.column_stack(columns), d[y].to_numpy(float), size, random(d, expected), offset)


def random(d: pd.DataFrame, expected: dict) -> tuple[Random, ...]:
    """Terms as ``group``, ``group:slope`` (with an intercept) or ``group:0:slope`` (without)."""
    named = expected["random"]
    known: dict[str, Grouping] = {}
    terms = []
    for text in [named] if isinstance(named, str) else named:
        group, *rest = text.split(":")
        codes, levels = pd.factorize(d[group], sort=True)
        known.setdefault(group, Grouping(group, codes.astype(np.intp), len(levels)))
        slopes = tuple(Numeric(s, d[s].to_numpy(float)) for s in rest if s != "0")
        terms.append(Random(known[group], slopes, "0" not in rest))
    return tuple(terms)


STRUCTURES = ("cluster", "nested", "slope", "uncorrelated", "crossed", "region", "everything")


def drawn(seed: int, structure: str, link: str = "logit", spread: float = 0.6) -> StructuredRows:
    """Rows of a made-up trial over periods: constant, treated, a coarse covariate, an offset."""
    rng = np.random.default_rng(seed)
    K, T, m = 10, 4, 4
    cluster = np.repeat(np.arange(K), T * m)
    period = np.tile(np.repeat(np.arange(T), m), K)
    cell = cluster * T + period
    n = len(cell)
    x, treated = rng.integers(0, 3, n).astype(float), (period > cluster % T).astype(float)
    X = np.column_stack([np.ones(n), treated, x])
    offset = np.round(rng.normal(0, 0.2, T), 2)[period]
    eta = offset + X @ [-0.6, 0.5, 0.2] + rng.normal(0, spread, K)[cluster]
    eta = eta + rng.normal(0, spread / 2, K * T)[cell] + rng.normal(0, spread / 2, K)[cluster] * treated
    size = rng.integers(1, 5, n).astype(float)
    if link in ("log", "nbinom2"):
        rate = np.exp(eta) * (rng.gamma(2.0, 0.5, n) if link == "nbinom2" else 1.0)
        y = rng.poisson(size * rate).astype(float)
    else:
        y = rng.binomial(size.astype(int), FAMILIES[link].mean(eta)).astype(float)
    parts = {"cluster": cluster, "cell": cell, "period": period, "region": cluster // 5}
    groups = {k: Grouping(k, v.astype(np.intp), int(v.max()) + 1) for k, v in parts.items()}
    by = {name: Random(group) for name, group in groups.items()}
    slope = Numeric("treated", treated)
    terms = {
        "cluster": (by["cluster"],),
        "nested": (by["cluster"], by["cell"]),
        "slope": (Random(groups["cluster"], (slope,)),),
        "uncorrelated": (by["cluster"], Random(groups["cluster"], (slope,), False)),
        "crossed": (by["cluster"], by["period"]),
        "region": (by["region"], by["cluster"], by["cell"]),
        "everything": (
            by["region"],
            by["period"],
            Random(groups["cluster"], (slope,)),
            Random(groups["cell"], (Numeric("x", x),)),
        ),
    }[structure]
    return StructuredRows(X, y, size, terms, offset)


def reordered(given: StructuredRows, order: np.ndarray) -> StructuredRows:
    return StructuredRows(
        given.X[order],
        given.y[order],
        given.size[order],
        subset(given.random, order),
        None if given.offset is None else given.offset[order],
    )

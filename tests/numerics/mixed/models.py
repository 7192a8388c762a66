"""The models of expected.json in our terms: data, and small makers of columns."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from precept_stats.numerics.mixed.model import (
    Category,
    Fixed,
    Grouping,
    MixedModel,
    Numeric,
    Random,
    Rows,
)

HERE = Path(__file__).resolve().parent
HERE_ONLY = {"share", "share_10schools", "sim_swcrt_small", "reglab_cict_sw_tidy"}


@cache
def expected() -> dict:
    return json.loads((HERE / "expected.json").read_text(encoding="utf-8"))["cases"]


@cache
def expected_software() -> dict[str, str]:
    """What make.R ran with."""
    return json.loads((HERE / "expected.json").read_text(encoding="utf-8"))["software"]


def has_data(name: str) -> bool:
    return name not in HERE_ONLY or bool(os.environ.get("PRECEPT_DATA"))


def table(name: str) -> pd.DataFrame:
    folder = Path(os.environ["PRECEPT_DATA"]) if name in HERE_ONLY else HERE / "data"
    return pd.read_csv(folder / f"{name}.csv")


def numeric(d: pd.DataFrame, name: str) -> Numeric:
    return Numeric(name, d[name].to_numpy(float))


def factor(d: pd.DataFrame, name: str, first: str = "") -> Category:
    levels = sorted(pd.unique(d[name]), key=lambda level: (str(level) != first, level))
    codes = pd.Categorical(d[name], categories=levels).codes.astype(np.intp)
    return Category(tuple(f"{name}{level}" for level in levels), codes)


def grouping(d: pd.DataFrame, *names: str) -> Grouping:
    codes = d.groupby(list(names), sort=True).ngroup().to_numpy(np.intp)
    return Grouping(":".join(names), codes, int(codes.max()) + 1)


def product(one: Numeric | Category, other: Numeric | Category) -> tuple[Numeric, ...]:
    """Columns of an interaction, the first factor running fastest (as R orders them)."""
    return tuple(Numeric(f"{a}:{b}", x * y) for b, y in columns(other) for a, x in columns(one))


def columns(term: Numeric | Category) -> list[tuple[str, np.ndarray]]:
    if isinstance(term, Numeric):
        return [(term.name, term.values)]
    return [(name, (term.codes == k).astype(float)) for k, name in enumerate(term.levels) if k]


def linear(d: pd.DataFrame, y: str, fixed: tuple, random: tuple, weights: str = "") -> MixedModel:
    w = d[weights].to_numpy(float) if weights else None
    return MixedModel(Rows(d[y].to_numpy(float), weights=w), Fixed(fixed), random)


def beets(d: pd.DataFrame) -> MixedModel:
    fixed = (factor(d, "block"), factor(d, "sow"), factor(d, "harvest"))
    return linear(d, "sugpct", fixed, (Random(grouping(d, "block", "harvest")),))


def machines(d: pd.DataFrame) -> MixedModel:
    random = (Random(grouping(d, "Worker")), Random(grouping(d, "Worker", "Machine")))
    return linear(d, "score", (factor(d, "Machine"),), random)


def penicillin(d: pd.DataFrame) -> MixedModel:
    return linear(d, "diameter", (), (Random(grouping(d, "plate")), Random(grouping(d, "sample"))))


def orthodont(d: pd.DataFrame, random: Callable[[Grouping, Numeric], tuple]) -> MixedModel:
    age, sex = numeric(d, "age"), factor(d, "Sex", "Male")
    return linear(d, "distance", (age, sex, *product(age, sex)), random(grouping(d, "Subject"), age))


def cake(d: pd.DataFrame) -> MixedModel:
    recipe, temperature = factor(d, "recipe"), factor(d, "temperature")
    fixed = (recipe, temperature, *product(recipe, temperature))
    return linear(d, "angle", fixed, (Random(grouping(d, "recipe", "replicate")),))


def intercept(g: Grouping, x: Numeric) -> tuple:
    return (Random(g),)


def slopes(g: Grouping, x: Numeric) -> tuple:
    return (Random(g, (x,)),)


def uncorrelated(g: Grouping, x: Numeric) -> tuple:
    return Random(g), Random(g, (x,), intercept=False)


def sleepstudy(d: pd.DataFrame, random: Callable[[Grouping, Numeric], tuple] = slopes) -> MixedModel:
    days = numeric(d, "Days")
    return linear(d, "Reaction", (days,), random(grouping(d, "Subject"), days))


def ergostool(d: pd.DataFrame) -> MixedModel:
    return linear(d, "effort", (factor(d, "Type"),), (Random(grouping(d, "Subject")),))


def twelve(d: pd.DataFrame, random: Callable[[Grouping, Numeric], tuple], weights: str = "") -> MixedModel:
    x = numeric(d, "x")
    return linear(d, "y", (numeric(d, "arm"), x), random(grouping(d, "id"), x), weights)


def with_periods(d: pd.DataFrame, fixed: bool, random: Callable[[Grouping, Numeric], tuple]) -> MixedModel:
    x = numeric(d, "x")
    period = (factor(d, "period"),) if fixed else ()
    terms = (*random(grouping(d, "id"), x), Random(grouping(d, "id", "period")))
    return linear(d, "y", (numeric(d, "arm"), x, *period), terms)


def slopes_both(d: pd.DataFrame) -> MixedModel:
    x = numeric(d, "x")
    random = (*uncorrelated(grouping(d, "id"), x), Random(grouping(d, "id", "period"), (x,)))
    return linear(d, "y", (numeric(d, "arm"), x), random)


def crossed(d: pd.DataFrame, random: Callable[[Grouping, Numeric], tuple]) -> MixedModel:
    x = numeric(d, "x")
    terms = (*random(grouping(d, "a"), x), Random(grouping(d, "b")))
    return linear(d, "y", (numeric(d, "arm"), x), terms)


def share(d: pd.DataFrame) -> MixedModel:
    return linear(d, "kscore", (numeric(d, "arm"),), (Random(grouping(d, "school")),))


def share_adjusted(d: pd.DataFrame) -> MixedModel:
    d = d.assign(female=(d["sex"] == "F").astype(float))
    fixed = (numeric(d, "arm"), numeric(d, "female"), factor(d, "sc"))
    return linear(d, "kscore", fixed, (Random(grouping(d, "school")),))


def swcrt(d: pd.DataFrame, cells: bool = True) -> MixedModel:
    random = (Random(grouping(d, "id")), *((Random(grouping(d, "id", "period")),) if cells else ()))
    return linear(d, "y_con", (numeric(d, "treatment"), factor(d, "period")), random)


def contact_tracing(d: pd.DataFrame) -> MixedModel:
    return linear(d, "y", (numeric(d, "manual"), factor(d, "period")), (Random(grouping(d, "Zip")),))


MODELS: dict[str, Callable[[pd.DataFrame], MixedModel]] = {
    "beets_sow": beets,
    "beets_harvest": beets,
    "machines": machines,
    "penicillin": penicillin,
    "orthodont_intercept": lambda d: orthodont(d, intercept),
    "orthodont_slopes": lambda d: orthodont(d, slopes),
    "orthodont_uncorrelated": lambda d: orthodont(d, uncorrelated),
    "cake": cake,
    "ergostool": ergostool,
    "sleepstudy_slopes": sleepstudy,
    "sleepstudy_intercept": lambda d: sleepstudy(d, intercept),
    "sleepstudy_uncorrelated": lambda d: sleepstudy(d, uncorrelated),
    "sleepstudy_ml": sleepstudy,
    "twelve_intercept": lambda d: twelve(d, intercept),
    "twelve_periods": lambda d: with_periods(d, True, intercept),
    "twelve_slopes": lambda d: twelve(d, slopes),
    "twelve_slopes_periods": lambda d: with_periods(d, False, slopes),
    "twelve_slopes_both": slopes_both,
    "twelve_weights": lambda d: twelve(d, intercept, "w"),
    "twelve_ml_periods": lambda d: with_periods(d, False, intercept),
    "twelve_zero": lambda d: with_periods(d, True, intercept),
    "twelve_singular": lambda d: twelve(d, slopes),
    "crossed": lambda d: crossed(d, intercept),
    "crossed_slopes": lambda d: crossed(d, slopes),
    "crossed_uncorrelated": lambda d: crossed(d, uncorrelated),
    "share": share,
    "share_adjusted": share_adjusted,
    "share_ten_schools": share,
    "contact_tracing": contact_tracing,
    "swcrt_intercept": lambda d: swcrt(d, cells=False),
    "swcrt": swcrt,
}

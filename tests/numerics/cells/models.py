"""The cases of expected.json, each with the model that fits it."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np

from precept_stats.numerics.cells.model import CellModel, ResidualGroups
from precept_stats.numerics.cells.structures import (
    DiscreteTimeDecay,
    Exchangeable,
    NestedExchangeable,
    RandomIntervention,
    Structure,
)
from precept_stats.numerics.mixed.model import Category, Fixed, Grouping, Numeric, Rows

HERE = Path(__file__).parent
FOLDERS = (HERE / "data", HERE.parent / "mixed" / "data")


@cache
def expected() -> dict[str, dict]:
    return json.loads((HERE / "expected.json").read_text(encoding="utf-8"))["fits"]


@cache
def table(name: str) -> dict[str, list[str]]:
    path = next(folder / f"{name}.csv" for folder in FOLDERS if (folder / f"{name}.csv").exists())
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {column: [row[column] for row in rows] for column in rows[0]}


def numbers(name: str, column: str) -> np.ndarray:
    return np.array([float(value) for value in table(name)[column]])


def grouping(data: str, column: str) -> Grouping:
    names, codes = np.unique(table(data)[column], return_inverse=True)
    return Grouping(column, codes.astype(np.intp), len(names))


def wedge(structure: str, *, by_arm: bool = False) -> CellModel:
    treated = numbers("wedge", "treated")
    period = numbers("wedge", "period").astype(np.intp) - 1
    structures: dict[str, Structure] = {
        "exchangeable": Exchangeable(),
        "nested": NestedExchangeable(),
        "decay": DiscreteTimeDecay(),
        "intervention": RandomIntervention(Numeric("treated", treated)),
    }
    terms = (
        Numeric("treated", treated),
        Category(tuple("12345"), period),
        Numeric("x", numbers("wedge", "x")),
    )
    return CellModel(
        Rows(numbers("wedge", "y")),
        Fixed(terms),
        grouping("wedge", "cluster"),
        structures[structure],
        Grouping("period", period, 5),
        ResidualGroups(("control", "treated"), treated.astype(np.intp)) if by_arm else None,
    )


def parallel() -> CellModel:
    arm = numbers("parallel", "arm")
    return CellModel(
        Rows(numbers("parallel", "y")),
        Fixed((Numeric("arm", arm),)),
        grouping("parallel", "cluster"),
        Exchangeable(),
        residual=ResidualGroups(("control", "treated"), arm.astype(np.intp)),
    )


def orthodont() -> CellModel:
    female = np.array([float(sex == "Female") for sex in table("orthodont")["Sex"]])
    age = numbers("orthodont", "age")
    return CellModel(
        Rows(numbers("orthodont", "distance")),
        Fixed((Numeric("age", age), Numeric("SexFemale", female), Numeric("age:SexFemale", age * female))),
        grouping("orthodont", "Subject"),
        Exchangeable(),
        residual=ResidualGroups(("Male", "Female"), female.astype(np.intp)),
    )


def sleepstudy() -> CellModel:
    days = numbers("sleepstudy", "Days")
    return CellModel(
        Rows(numbers("sleepstudy", "Reaction")),
        Fixed((Numeric("Days", days),)),
        grouping("sleepstudy", "Subject"),
        DiscreteTimeDecay(),
        Grouping("Days", days.astype(np.intp), 10),
    )


MODELS: dict[str, Callable[[], CellModel]] = {
    "wedge_exchangeable": lambda: wedge("exchangeable"),
    "wedge_nested": lambda: wedge("nested"),
    "wedge_exchangeable_by_arm": lambda: wedge("exchangeable", by_arm=True),
    "wedge_nested_by_arm": lambda: wedge("nested", by_arm=True),
    "wedge_intervention": lambda: wedge("intervention"),
    "wedge_intervention_by_arm": lambda: wedge("intervention", by_arm=True),
    "wedge_decay": lambda: wedge("decay"),
    "wedge_decay_by_arm": lambda: wedge("decay", by_arm=True),
    "parallel_by_arm": parallel,
    "orthodont_by_sex": orthodont,
    "sleepstudy_decay": sleepstudy,
}


def model(case: str) -> CellModel:
    """The model of a case, whose name may end in the criterion."""
    return MODELS[case.removesuffix("_reml").removesuffix("_ml")]()

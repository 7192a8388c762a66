"""The reference cases: read from the shipped folder, answered by the public way in, compared.

A case is a folder ``reference/<method>/<case>`` with question.yaml (study, method, outcome, estimand,
tables), make.R (which made the numbers), expected.json and, where it may be shipped, data.csv.
"""

from __future__ import annotations

import json
import math
import os
import re
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, cast

import pandas as pd
from pydantic import TypeAdapter

from precept_stats.data.dataset import Table, load_table
from precept_stats.data.schema import find_schema
from precept_stats.data.selection import Population
from precept_stats.data.shipped import shipped
from precept_stats.data.strict_yaml import load_strict
from precept_stats.errors import DataError
from precept_stats.methods import PlannedMethod
from precept_stats.runner import How, analyse
from precept_stats.studies import PlannedStudy
from precept_stats.studies.question import Estimand, Outcome, Question
from precept_stats.values import Result, Row

HERE_ONLY = "PRECEPT_DATA"
WITHIN = 3.0
"""Standard errors of the difference of two sampled numbers that is let through."""


@dataclass(frozen=True, slots=True)
class Number:
    """One reference number: what the other program gives, and where ours is known to differ, why.

    ``scale`` is what ``rtol`` and digits are relative to where the number itself may be near 0 (an entry of
    a matrix, a predicted effect). Numbers of one ``block`` are shown in one line of the pages. Of a number
    that was sampled ``errors`` are its Monte Carlo standard error there and that of a single independent
    draw; it is held to ``WITHIN`` standard errors of the difference, ours being known from our effective
    sample size.
    """

    name: str
    theirs: float
    rtol: float
    by_our_rule: float | None = None
    reason: str = ""
    scale: float | None = None
    block: str = ""
    errors: tuple[float, float] | None = None

    def beside(self, result: Result) -> Number:
        """The number with the tolerance that it has beside this result."""
        if self.errors is None:
            return self
        effective = min(number_called(f"fit.{name}", result) for name in ("ess_bulk", "ess_tail"))
        tolerance = WITHIN * math.hypot(self.errors[0], self.errors[1] / math.sqrt(effective))
        return replace(self, rtol=tolerance / abs(self.theirs), scale=abs(self.theirs))


@dataclass(frozen=True, slots=True)
class Case:
    """A question with the numbers that another program gives."""

    method: str
    name: str
    folder: Path
    reference: str
    software: str
    numbers: tuple[Number, ...]

    @property
    def question(self) -> dict[str, Any]:
        """What question.yaml says."""
        text = (self.folder / "question.yaml").read_text(encoding="utf-8")
        return cast(dict[str, Any], load_strict(text, self.name).value)

    @property
    def needs_data(self) -> bool:
        """Whether the data do not ship and must be in the folder PRECEPT_DATA."""
        return any(table["folder"] == HERE_ONLY for table in self.question["tables"].values())


@dataclass(frozen=True, slots=True)
class Comparison:
    """A reference number and ours."""

    case: Case
    number: Number
    ours: float

    @property
    def held_to(self) -> float:
        """The other program's number, or what our rule makes of it where ours is known to differ."""
        return self.number.theirs if self.number.by_our_rule is None else self.number.by_our_rule

    @property
    def agrees(self) -> bool:
        """Whether ours is within the tolerance of what it is held to."""
        if self.number.scale is not None:
            return abs(self.ours - self.held_to) <= self.number.rtol * self.number.scale
        return math.isclose(self.ours, self.held_to, rel_tol=self.number.rtol, abs_tol=1e-14)

    @property
    def digits(self) -> float:
        """Significant digits in which ours and theirs agree, at most 15 (what the files hold)."""
        if self.ours == self.number.theirs:
            return 15.0
        scale = self.number.scale or abs(self.number.theirs) or 1.0
        return max(0.0, min(15.0, -math.log10(abs(self.ours - self.number.theirs) / scale)))


def read_case(folder: Path) -> Case:
    """The case of a folder."""
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    numbers = tuple(
        Number(
            entry["name"],
            entry["value"],
            entry.get("rtol", math.nan),
            entry.get("known_difference", {}).get("by_our_rule"),
            entry.get("known_difference", {}).get("reason", ""),
            errors=(entry["mcse"], entry["per_draw"]) if "mcse" in entry else None,
        )
        for entry in expected["numbers"]
    )
    return Case(folder.parent.name, folder.name, folder, expected["reference"], expected["software"], numbers)


@cache
def all_cases() -> tuple[Case, ...]:
    """Every case that is shipped, in the order of their names."""
    return tuple(read_case(path.parent) for path in sorted(shipped("reference").glob("*/*/expected.json")))


def data_folder() -> Path | None:
    """The folder of data that do not ship, when there is one."""
    given = os.environ.get(HERE_ONLY)
    return Path(given) if given else None


@dataclass(frozen=True, slots=True)
class Asked:
    """What a case asks: the trial, how it is analysed, its data, and the question."""

    study: PlannedStudy
    method: PlannedMethod
    tables: dict[str, Table]
    question: Question
    seed: int | None


def asked(case: Case) -> Asked:
    """The case as values of the public way in."""
    document = case.question
    question = Question(
        "reference",
        Estimand.model_validate(document["estimand"]),
        Population.model_validate(document["population"]),
        Outcome.model_validate(document["outcome"]),
    )
    study = TypeAdapter(PlannedStudy).validate_python(document["study"])
    method = TypeAdapter(PlannedMethod).validate_python(document["method"])
    tables = {name: _table(case, name, source) for name, source in document["tables"].items()}
    return Asked(study, method, tables, question, document.get("seed"))


def answer(case: Case) -> Result:
    """Our result for a case, by the public way in."""
    one = asked(case)
    return analyse(one.study, one.method, one.tables, one.question, How(seed=one.seed))


def _table(case: Case, name: str, source: dict[str, Any]) -> Table:
    path = _folder(case, source["folder"]) / source["file"]
    if source.get("format") == "cvcrand":
        return load_table(_chosen_scheme(path, source["cluster"]), None, name)
    if source.get("format") == "cvcrand_set":
        schemes = pd.read_csv(path)
        schemes.columns = ["used", *map(str, range(1, schemes.shape[1]))]
        return load_table(schemes, None, name)
    if "categories" in source:
        codes = dict.fromkeys(source["categories"], str)
        frame = pd.read_csv(path).astype(codes)
        return load_table(
            frame.replace({column: {"0": "low", "1": "middle", "2": "high"} for column in codes}), None, name
        )
    schema = find_schema(source["schema"]) if "schema" in source else None
    return load_table(path, schema, name)


def _folder(case: Case, named: str) -> Path:
    if named == HERE_ONLY:
        folder = data_folder()
        if folder is None:
            raise DataError(
                "the data of this case do not ship", allowed=f"a folder in {HERE_ONLY}", where=case.name
            )
        return folder
    return case.folder if named == "case" else shipped("analysis_plans")


def _chosen_scheme(path: Path, cluster: str) -> pd.DataFrame:
    """The allocation that was used, of a file as cvcrand writes it: a flag, then one column a cluster."""
    schemes = pd.read_csv(path)
    used = schemes[schemes.iloc[:, 0] == 1].iloc[0, 1:].astype(int).tolist()
    return pd.DataFrame({cluster: range(1, len(used) + 1), "arm": used})


def number_called(name: str, result: Result) -> float:
    """The statistic that ``context.stat_name[group=level; term=words]`` names among the rows.

    ``measure`` and ``term`` are those of the row, everything else is a group.
    """
    parts = re.fullmatch(r"(\w+)\.(\w+)(?:\[(.+)\])?", name)
    if parts is None:
        raise DataError(
            "this does not name a statistic", found=name, allowed="context.statistic[group=level]"
        )
    context, stat, given = parts.groups()
    asked = dict(one.split("=", 1) for one in given.split("; ")) if given else {}
    rows = [
        row
        for row in result.rows
        if row.context == context
        and row.stat_name == stat
        and all(_told(row, key) == level for key, level in asked.items())
    ]
    if len(rows) != 1 or rows[0].stat is None:
        raise DataError("this does not name one number", found=f"{len(rows)} rows", where=name)
    return float(rows[0].stat)


def _told(row: Row, key: str) -> str:
    if key == "measure":
        return row.measure
    return row.group(key) or (row.term if key == "term" else "")


def compare(case: Case) -> list[Comparison]:
    """Every number of a case beside ours."""
    return compared(case, answer(case))


def compared(case: Case, result: Result) -> list[Comparison]:
    """Every number of a case beside a result."""
    return [
        Comparison(case, number.beside(result), number_called(number.name, result)) for number in case.numbers
    ]

"""The rows of one analysis as a plain table of numbers, and what each column of it is.

Columns are called y, size, cluster, arm, x1, ...: no name and no text of a plan or of data is in the file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import singledispatch

import numpy as np
from numpy.typing import NDArray

from precept_stats.studies.cluster_trial_design import ClusterTrialDesign, Covariate, Group
from precept_stats.studies.period_design import PeriodDesign
from precept_stats.studies.series_design import NEVER, SeriesDesign

Column = NDArray[np.float64] | NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """Columns of one length by name, what each is, and the names of arms 0 and 1.

    ``of`` says which columns are those of a covariate, or the one of a grouping, by its name in the plan.
    """

    columns: Mapping[str, Column]
    meanings: Mapping[str, str]
    arms: tuple[str, str]
    of: Mapping[str, tuple[str, ...]]

    def csv(self) -> str:
        """The table as CSV: a header, then numbers with every digit; a blank where there is none."""
        texts = [_texts(values) for values in self.columns.values()]
        lines = [",".join(self.columns), *(",".join(row) for row in zip(*texts, strict=True))]
        return "\n".join(lines) + "\n"


def _texts(values: Column) -> list[str]:
    if np.issubdtype(values.dtype, np.integer):
        return [str(int(value)) for value in values]
    return ["" if not np.isfinite(value) else _number(float(value)) for value in values]


def _number(value: float) -> str:
    """The shortest decimal that reads back as the same double."""
    return str(int(value)) if value == int(value) and abs(value) < 2.0**53 else repr(value)


@singledispatch
def sheet(design: object) -> Sheet:
    """The table of a design."""
    raise NotImplementedError(type(design).__name__)


@sheet.register
def _(design: ClusterTrialDesign) -> Sheet:
    rows = design.row_cluster
    columns: dict[str, Column] = {
        "y": design.y,
        "size": design.size,
        "cluster": rows + 1,
        "arm": design.arm[rows],
    }
    meanings = _common(design.arm_names)
    for name, codes in (("stratum", design.stratum), ("pair", design.pair)):
        if codes is not None:
            columns[name] = codes[rows] + 1
            meanings[name] = f"number of the {name} of the cluster"
    if design.subgroup is not None:
        columns["subgroup"] = design.subgroup.codes + 1
        meanings["subgroup"] = _numbered(design.subgroup.name, design.subgroup.levels)
    further = _further(design.covariates, design.groups, (design.weights, design.offset))
    return _with(columns, meanings, design.arm_names, further)


@sheet.register
def _(design: PeriodDesign) -> Sheet:
    columns: dict[str, Column] = {
        "y": design.y,
        "size": design.size,
        "cluster": design.row_cluster + 1,
        "period": design.row_period + 1,
        "place": design.place[design.row_period],
        "treated": design.row_treated,
        "exposure": design.row_exposure,
    }
    meanings = _common(design.arm_names)
    meanings |= {
        "period": "number of the period, in order of time",
        "place": "place of the period among all periods of the schedule",
        "treated": f"1 where the cluster was {_said(design.arm_names[1])} in the period, else 0",
        "exposure": "periods since the switch, 1 in the first treated period, 0 before",
    }
    if design.stratum is not None:
        columns["stratum"] = design.stratum[design.row_cluster] + 1
        meanings["stratum"] = "number of the stratum of the cluster"
    if design.participant is not None:
        columns["participant"] = design.participant + 1
        meanings["participant"] = "number of the person"
    further = _further(design.covariates, design.groups, (design.weights, design.offset))
    return _with(columns, meanings, design.arm_names, further)


@sheet.register
def _(design: SeriesDesign) -> Sheet:
    columns: dict[str, Column] = {
        "y": design.y,
        "size": design.size,
        "unit": design.row_unit + 1,
        "cluster": design.row_cluster + 1,
        "period": design.period,
        "time": design.time,
        "used": design.used.astype(np.intp),
        "treated": design.treated.astype(np.intp)[design.row_unit],
        "after": design.after.astype(np.intp),
    }
    before, after = design.names
    meanings = {
        "y": "the outcome of a unit in a period: events over the denominator, or the mean",
        "size": "its denominator",
        "unit": "number of the unit or series",
        "cluster": "number of what units are alike within",
        "period": "calendar period, one more for each next one",
        "time": "periods from the unit's own start; 0 is the first",
        "used": "1 where the row is in the model, 0 where it lies in a transition, or outside",
        "treated": "1 for a unit that the interruption reached, 0 for a control series",
        "after": f"1 on the far side of the interruption ({_said(after)}), else 0 ({_said(before)})",
    }
    if design.region is not None:
        columns["region"] = design.region[design.row_unit] + 1
        meanings["region"] = _numbered("region", design.region_names)
    for number, one in enumerate(design.interruptions, start=1):
        start = one.start[design.row_unit]
        since = np.where(start == NEVER, np.nan, design.period - start)
        columns[f"since{number}"] = since.astype(np.float64)
        meanings[f"since{number}"] = (
            f"periods since the start of {_said(one.label)}, which is 0; blank where it never was"
        )
    further = _further(design.covariates, (), (design.weights, None))
    return _with(columns, meanings, design.names, further)


def _common(arms: tuple[str, str]) -> dict[str, str]:
    return {
        "y": "the outcome of a row, or of all people that it stands for together",
        "size": "its denominator: 1 for a person",
        "cluster": "number of the cluster",
        "arm": f"0 {_said(arms[0])}, 1 {_said(arms[1])}",
    }


@dataclass(frozen=True, slots=True, eq=False)
class _Further:
    columns: dict[str, Column]
    meanings: dict[str, str]
    of: dict[str, tuple[str, ...]]


def _further(
    covariates: Sequence[Covariate], groups: Sequence[Group], known: tuple[Column | None, Column | None]
) -> _Further:
    """x1, x2, ... of covariates in turn, group1, ... of groupings, then weight and offset."""
    found = _Further({}, {}, {})
    for covariate in covariates:
        own = []
        for label, values in zip(covariate.columns, covariate.values.T, strict=True):
            own.append(f"x{sum(name.startswith('x') for name in found.columns) + 1}")
            found.columns[own[-1]] = np.ascontiguousarray(values)
            found.meanings[own[-1]] = f"{_said(label)} (of the {covariate.level})"
        found.of[covariate.name] = tuple(own)
    for number, group in enumerate(groups, start=1):
        found.columns[f"group{number}"] = group.codes + 1
        found.meanings[f"group{number}"] = _numbered(group.name, group.levels)
        found.of[group.name] = (f"group{number}",)
    for name, values, meaning in (
        ("weight", known[0], "inverse relative residual variance of the row"),
        ("offset", known[1], "what is added to the linear predictor"),
    ):
        if values is not None:
            found.columns[name], found.meanings[name] = values, meaning
    return found


def _with(
    columns: dict[str, Column], meanings: dict[str, str], arms: tuple[str, str], further: _Further
) -> Sheet:
    every = columns | further.columns
    told = {name: (meanings | further.meanings)[name] for name in every}
    return Sheet(every, told, arms, further.of)


def _numbered(name: str, levels: Sequence[str]) -> str:
    listed = ", ".join(f"{number} {_said(level)}" for number, level in enumerate(levels, start=1))
    return f"{_said(name)}: {listed}"


def _said(text: str) -> str:
    """Words of a plan or of data, as one line of printable characters."""
    return "".join(one if one.isprintable() else " " for one in text)[:120]

"""NIST's reference data sets for linear regression and the analysis of variance (StRD), solved here.

Certified values are compared by the log relative error, the number of digits that agree. Data with
leading digits that never change, or powers to the tenth, cost digits in any program that computes with
16 of them: a set is passed where ours are at most ``LOST`` fewer than those of lm and anova in R 4.2.2.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from precept_stats.data.shipped import shipped
from precept_stats.errors import FitError
from precept_stats.numerics.icc.anova import anova
from precept_stats.numerics.icc.clustered import Clustered
from precept_stats.numerics.linear import weighted_least_squares

FILE = "nist_strd.json"
MOST_DIGITS = 15.0
LOST = 2.5

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CertifiedSet:
    """One data set: the fewest digits to which estimates (or F) and standard deviations agree.

    ``r_digits`` are those of R. ``refused`` says why no answer was given, where there is none: data that
    do not vary within the digits that a number has are refused rather than answered with noise.
    """

    name: str
    kind: str
    level: str
    digits: tuple[float, float] | None
    r_digits: tuple[float, float]
    refused: str = ""

    @property
    def agrees(self) -> bool:
        """Whether as many digits agree as may be asked for, or the set is refused where R has few too."""
        if self.digits is None:
            return min(self.r_digits) < 5.0
        return all(ours >= theirs - LOST for ours, theirs in zip(self.digits, self.r_digits, strict=True))


def certified_sets() -> tuple[CertifiedSet, ...]:
    """Every set of the shipped file, solved."""
    document = json.loads((shipped("reference") / FILE).read_text(encoding="utf-8"))
    linear = [_linear(name, stated) for name, stated in document["linear"].items()]
    return (*linear, *(_anova(name, stated) for name, stated in document["anova"].items()))


def agreeing_digits(ours: float, certified: float) -> float:
    """The log relative error; of a value certified as 0, the log of ours."""
    size = abs(certified) or 1.0
    apart = abs(ours - certified) / size
    return MOST_DIGITS if apart == 0.0 else min(MOST_DIGITS, max(0.0, -math.log10(apart)))


def _linear(name: str, stated: dict[str, Any]) -> CertifiedSet:
    y = np.array(stated["y"], dtype=float)
    fit = weighted_least_squares(_columns(stated), y, np.ones(len(y)))
    deviations = np.sqrt(fit.scale * np.diag(fit.bread))
    digits = _fewest(fit.params, stated["estimates"]), _fewest(deviations, stated["deviations"])
    return CertifiedSet(name, "linear regression", stated["level"], digits, _pair(stated))


def _columns(stated: dict[str, Any]) -> Matrix:
    x = np.array(stated["x"], dtype=float)
    model = str(stated["model"])
    if model == "line through 0":
        return x
    if model.startswith("polynomial"):
        powers: Matrix = x ** np.arange(int(model.split()[1]) + 1)
        return powers
    return np.column_stack([np.ones(len(x)), x])


def _anova(name: str, stated: dict[str, Any]) -> CertifiedSet:
    groups = [_repeated(counts) for counts in stated["groups"].values()]
    size = np.array([len(values) for values in groups], dtype=float)
    total = np.array([values.sum() for values in groups])
    within = np.array([np.sum((values - values.mean()) ** 2) for values in groups])
    try:
        found = anova(Clustered(size, total, within, np.zeros(len(groups), dtype=np.intp)))
    except FitError as problem:
        return CertifiedSet(
            name, "analysis of variance", stated["level"], None, _pair(stated), problem.problem
        )
    digits = (
        agreeing_digits(found.ratio, float(stated["f"])),
        agreeing_digits(math.sqrt(found.ms_within), float(stated["deviation"])),
    )
    return CertifiedSet(name, "analysis of variance", stated["level"], digits, _pair(stated))


def _repeated(counts: dict[str, int]) -> NDArray[np.float64]:
    return np.repeat([float(value) for value in counts], list(counts.values()))


def _pair(stated: dict[str, Any]) -> tuple[float, float]:
    first, second = stated["r_digits"]
    return float(first), float(second)


def _fewest(ours: NDArray[np.float64], certified: list[str]) -> float:
    return min(
        agreeing_digits(float(mine), float(theirs)) for mine, theirs in zip(ours, certified, strict=True)
    )

"""Many interrupted series as one mixed model: fixed columns, random levels and changes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from precept_stats.errors import FitError
from precept_stats.methods.series_columns import RandomRows, Terms, interruption_columns, terms
from precept_stats.methods.settings_multilevel import Alike, AnyRandom, ChangesDiffer
from precept_stats.numerics.mixed.covariance import Entry, structure
from precept_stats.numerics.mixed.model import Fixed, Grouping, MixedModel, Numeric, Random, Rows
from precept_stats.numerics.series.lags import in_a_row
from precept_stats.studies.series_design import SeriesDesign

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Ints = NDArray[np.intp]

FEWEST_UNITS = 3
LEVEL = "(Intercept)"
TREND = "trend"


@dataclass(frozen=True, slots=True)
class Between:
    """What differs between units, and between regions."""

    units: AnyRandom
    regions: AnyRandom


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """A column (n,) with a random coefficient; ``of_effect`` says that the interruption brought it."""

    name: str
    values: Vector
    of_effect: bool


@dataclass(frozen=True, eq=False)
class MultilevelModel:
    """A design with its fixed columns (of all cells) and its random terms (of used cells).

    ``by`` says of each term what it is grouped by: ``unit`` or ``region``. Terms of one grouping that are not
    correlated stand apart.
    """

    design: SeriesDesign
    fixed: Terms
    random: tuple[Random, ...]
    by: tuple[str, ...]
    columns: tuple[tuple[Column, ...], ...]

    @cached_property
    def X(self) -> Matrix:  # noqa: N802
        """The fixed columns of used cells (m, p)."""
        return self.fixed.X[self.design.used]

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """The variances and covariances of the random effects, in order."""
        used = int(self.design.used.sum())
        return structure(MixedModel(Rows(np.zeros(used)), Fixed(), self.random)).entries

    @cached_property
    def averaged(self) -> Terms:
        """The fixed columns with what means are averaged over."""
        first = self.design.interruptions[0].name
        fitted = self._weights(frozenset())
        bare = self._weights(frozenset({first}))
        without = {one.name: bare if one.name == first else fitted for one in self.design.interruptions}
        return replace(self.fixed, random=RandomRows(fitted, without))

    def _weights(self, gone: frozenset[str]) -> Matrix:
        """What each variance adds to that of a cell's predictor (n, R)."""
        found = np.empty((len(self.design.y), len(self.entries)))
        for place, entry in enumerate(self.entries):
            one, other = (self.columns[entry.term][k] for k in (entry.a, entry.b))
            product = one.values * other.values
            if gone and (one.of_effect or other.of_effect):
                product = np.zeros_like(product)
            found[:, place] = product if entry.on_diagonal else 2.0 * product
        return found

    @property
    def positions(self) -> Ints:
        """Where the used cells stand, units far apart."""
        used = self.design.used
        return in_a_row(self.design.period[used], self.design.row_unit[used])

    @property
    def groups(self) -> int:
        """What changes are averaged over: units, or regions where changes differ at random between these."""
        design, treated = self.design, self.design.treated
        changing = {
            by for by, columns in zip(self.by, self.columns, strict=True) if any(c.of_effect for c in columns)
        }
        if "region" in changing and design.region is not None:
            return len(np.unique(design.region[treated]))
        return int(treated.sum())

    def variance_name(self, entry: Entry) -> str:
        """``unit: step``, ``unit: level, step``."""
        names = [self.columns[entry.term][k].name for k in (entry.b, entry.a)]
        words = ["level" if name == LEVEL else name for name in dict.fromkeys(names)]
        return f"{self.by[entry.term]}: {', '.join(words)}"

    @property
    def parameter_names(self) -> tuple[str, ...]:
        """The fixed columns, then the variances."""
        return (*self.fixed.names, *(f"variance[{self.variance_name(entry)}]" for entry in self.entries))


def multilevel_model(design: SeriesDesign, between: Between) -> MultilevelModel:
    """The model of a design. FitError for too few units, and random effects that nothing can tell."""
    if len(design.units) < FEWEST_UNITS:
        raise FitError(
            "too few units to tell how they differ",
            found=f"{len(design.units)}",
            allowed=f"{FEWEST_UNITS} or more; for one series use segmented_regression",
        )
    found = [*_terms(design, "unit", between.units), *_terms(design, "region", between.regions)]
    return MultilevelModel(
        design,
        terms(design, "common"),
        tuple(term for term, _, _ in found),
        tuple(by for _, by, _ in found),
        tuple(columns for _, _, columns in found),
    )


def _terms(
    design: SeriesDesign, by: str, differ: AnyRandom
) -> Iterator[tuple[Random, str, tuple[Column, ...]]]:
    """One term of correlated coefficients, or one each."""
    if isinstance(differ, Alike):
        return
    codes = design.row_unit if by == "unit" else _regions(design)[design.row_unit]
    levels = len(design.units) if by == "unit" else len(design.region_names)
    used = design.used
    grouping = Grouping(by, codes[used], levels)
    columns = _columns(design, differ)
    if isinstance(differ, ChangesDiffer) and not differ.correlated:
        parts: list[tuple[Column, ...]] = [(one,) for one in columns]
    else:
        parts = [columns]
    for part in parts:
        slopes = tuple(Numeric(one.name, one.values[used]) for one in part if one.name != LEVEL)
        yield Random(grouping, slopes, intercept=part[0].name == LEVEL), by, part


def _regions(design: SeriesDesign) -> Ints:
    if design.region is None:
        raise FitError("regions are to differ at random, and the study names none", allowed="`region`")
    return design.region


def _columns(design: SeriesDesign, differ: AnyRandom) -> tuple[Column, ...]:
    """The level, the trend where it is random, and the random shapes of the first interruption."""
    found = [Column(LEVEL, np.ones(len(design.y)), of_effect=False)]
    if not isinstance(differ, ChangesDiffer):
        return tuple(found)
    if differ.trend:
        found.append(Column(TREND, design.time, of_effect=False))
    first = design.interruptions[0]
    part = interruption_columns(design, first)
    treated = design.treated[design.row_unit].astype(np.float64)
    for name, values in zip(part.names, part.values.T, strict=True):
        kind = name.partition("[")[0]
        if differ.of is None or kind.rstrip("0123456789") in differ.of:
            found.append(Column(kind, treated * values, of_effect=True))
    return tuple(found)

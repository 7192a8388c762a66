"""The posterior of many interrupted series: likelihood, coordinates and priors, and what is asked of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from precept_stats.errors import FitError
from precept_stats.inference.quantities import Quantity
from precept_stats.methods.bayes_random import FEWEST_LEVELS
from precept_stats.methods.bayes_series_spread import correlation, deviation
from precept_stats.methods.multilevel_model import LEVEL, TREND, Column, MultilevelModel
from precept_stats.methods.series_columns import Terms
from precept_stats.methods.series_effects import effect
from precept_stats.methods.settings_bayes_series import (
    BinomialEvents,
    NormalValues,
    PartOfUnits,
    PoissonEvents,
    SeriesPriors,
)
from precept_stats.methods.settings_prior_kinds import Units
from precept_stats.numerics.posterior.blocks import Block
from precept_stats.numerics.posterior.correlated import covariances, partials, shapes
from precept_stats.numerics.posterior.density import Likelihood, Posterior
from precept_stats.numerics.posterior.gaussian_units import gathered
from precept_stats.numerics.posterior.laws import Law, LogitBeta, Normal, OfBlock
from precept_stats.numerics.posterior.units import UnitCounts
from precept_stats.studies.calendar import Frequency
from precept_stats.studies.series_design import SeriesDesign

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

AnySeriesLaw = BinomialEvents | PoissonEvents | NormalValues

YEAR: dict[Frequency, float] = {
    "day": 365.25,
    "week": 365.25 / 7.0,
    "month": 12.0,
    "quarter": 4.0,
    "year": 1.0,
    "index": 10.0,
}
"""Periods that slopes are told over: of those without a calendar, ten."""

SLOPES = ("time", TREND, "ramp")
CHANGES = ("step", "pulse", "decay")
SEASONS = ("season", "sin", "cos", "spline")


@dataclass(frozen=True, slots=True, eq=False)
class Direction:
    """A random coefficient of units or regions: its column (n,), told over ``over`` periods where a slope."""

    by: str
    column: Column
    over: float
    entry: int

    @property
    def part(self) -> PartOfUnits:
        if self.column.name == LEVEL:
            return "level"
        return "slope" if self.column.name.rstrip("0123456789") in SLOPES else "change"

    @property
    def word(self) -> str:
        return "level" if self.column.name == LEVEL else self.column.name

    @property
    def name(self) -> str:
        """``unit: ramp``."""
        return f"{self.by}: {self.word}"


@dataclass(frozen=True, eq=False)
class SeriesModel:
    """Many series with random levels and changes; parameters are as ``MultilevelModel`` names them.

    Of a linear model the residual variance of weight 1 comes last. Effects of units are integrated out, those
    of regions are sampled.
    """

    multilevel: MultilevelModel
    law: AnySeriesLaw

    @property
    def design(self) -> SeriesDesign:
        return self.multilevel.design

    @property
    def p(self) -> int:
        return int(self.multilevel.X.shape[1])

    @property
    def linear(self) -> bool:
        return isinstance(self.law, NormalValues)

    @property
    def year(self) -> float:
        return YEAR[self.design.every]

    @cached_property
    def directions(self) -> tuple[Direction, ...]:
        """Of units and of regions, in order of their variances."""
        diagonal = [place for place, entry in enumerate(self.multilevel.entries) if entry.on_diagonal]
        pairs = zip(self.multilevel.by, self.multilevel.columns, strict=True)
        flat = [(by, column) for by, columns in pairs for column in columns]
        return tuple(
            Direction(by, column, self.year if column.name.rstrip("0123456789") in SLOPES else 1.0, place)
            for (by, column), place in zip(flat, diagonal, strict=True)
        )

    @property
    def of_units(self) -> tuple[Direction, ...]:
        return tuple(one for one in self.directions if one.by == "unit")

    @property
    def of_regions(self) -> tuple[Direction, ...]:
        return tuple(one for one in self.directions if one.by == "region")

    @property
    def correlated(self) -> bool:
        """Whether units have one term of several coefficients."""
        return any(len(c) > 1 for by, c in zip(*self._terms, strict=True) if by == "unit")

    @property
    def _terms(self) -> tuple[tuple[str, ...], tuple[tuple[Column, ...], ...]]:
        return self.multilevel.by, self.multilevel.columns

    @cached_property
    def units(self) -> tuple[str, ...]:
        """Units with cells in the model."""
        codes = np.unique(self.design.row_unit[self.design.used])
        return tuple(self.design.units[code] for code in codes)

    @cached_property
    def scale(self) -> Units:
        """What priors are told in: the outcome's mean (or crude rate) and its SD over cells."""
        design = self.design
        used = design.used
        if self.linear:
            return Units("continuous", float(design.y[used].mean()), float(np.std(design.y[used], ddof=1)))
        mean = float(design.events[used].sum() / design.size[used].sum())
        return Units(self.law.outcome, mean, 1.0)

    @cached_property
    def weights(self) -> Vector:
        """Inverse relative variances of residuals, of used cells."""
        design = self.design
        named = self.law.weights if isinstance(self.law, NormalValues) else "equal"
        if named == "study" and design.weights is None:
            raise FitError("residuals are weighted by the study, which names no weights", allowed="`weights`")
        found = {"denominators": design.size, "equal": np.ones_like(design.y), "study": design.weights}
        chosen: Vector = np.asarray(found[named])[design.used]
        return chosen

    @property
    def names(self) -> tuple[str, ...]:
        """One name a coordinate, in order."""
        regions = [one.name for one in self.of_regions]
        q = len(self.of_units)
        pairs = [(i, j) for i in range(1, q) for j in range(i)] if self.correlated else []
        words = [one.word for one in self.of_units]
        return (
            *self.multilevel.fixed.names,
            *(f"random effect, {name}[{level}]" for name in regions for level in self.design.region_names),
            *(f"sd[{self._told(one)}]" for one in self.of_units),
            *(f"logit partial correlation[unit: {words[j]}, {words[i]}]" for i, j in pairs),
            *(("log sd[residual]",) * self.linear),
            *(f"sd[{self._told(one)}]" for one in self.of_regions),
        )

    def _told(self, one: Direction) -> str:
        if one.over == 1.0:
            return one.name
        return f"{one.name}, {'10 periods' if self.design.every == 'index' else 'a year'}"

    def laws(self, priors: SeriesPriors) -> tuple[Law, ...]:
        """The prior of every coordinate."""
        scale, q = self.scale, len(self.of_units)
        found: list[Law] = [*self._fixed_laws(priors)]
        found += [OfBlock()] * (len(self.of_regions) * len(self.design.region_names))
        found += [priors.size_law("unit", one.part, scale) for one in self.of_units]
        if self.correlated:
            found += [LogitBeta(b, b) for b in shapes(q, priors.correlation_shape)]
        if self.linear:
            found.append(priors.residual_law(scale, float(np.sqrt(self.weights.mean()))))
        return (*found, *(priors.size_law("region", one.part, scale) for one in self.of_regions))

    def _fixed_laws(self, priors: SeriesPriors) -> Iterator[Law]:
        for place, name in enumerate(self.multilevel.fixed.names):
            kind = name.removeprefix("treated:").partition("[")[0].rstrip("0123456789")
            if kind in ("intercept", "level"):
                yield priors.level_law(self.scale)
            elif kind in SLOPES:
                law = priors.fixed_law("change_of_slope" if kind == "ramp" else "trend", self.scale)
                yield Normal(law.mean / self.year, law.sd / self.year)
            elif kind in CHANGES:
                yield priors.fixed_law("change_of_level", self.scale)
            elif kind in SEASONS:
                yield priors.fixed_law("seasons", self.scale)
            else:
                law, of_column = priors.fixed_law("covariates", self.scale), self._spread(place)
                yield Normal(law.mean / of_column, law.sd / of_column)

    def _spread(self, place: int) -> float:
        """The SD of a covariate over used cells; 1 for an indicator."""
        column = self.multilevel.X[:, place]
        return 1.0 if len(np.unique(column)) <= 2 else float(np.std(column))

    def posterior(self, priors: SeriesPriors) -> Posterior:
        """Likelihood and priors. Raises FitError for too few regions."""
        levels = len(self.design.region_names)
        if self.of_regions and levels < FEWEST_LEVELS:
            raise FitError(
                "random effects of regions vary over too few levels to say how much they vary",
                found=f"{levels} regions",
                allowed=f"at least {FEWEST_LEVELS}",
            )
        return Posterior(self._likelihood(), self.laws(priors), self.blocks)

    @property
    def blocks(self) -> tuple[Block, ...]:
        """Where effects of regions and their standard deviations stand."""
        count = len(self.design.region_names)
        first_sd = len(self.names) - len(self.of_regions)
        return tuple(Block(self.p + k * count, count, first_sd + k) for k in range(len(self.of_regions)))

    def _likelihood(self) -> Likelihood:
        design, used = self.design, self.design.used
        unit = design.row_unit[used]
        starts = np.append(np.flatnonzero(np.diff(unit, prepend=-1)), len(unit)).astype(np.intp)
        X = np.column_stack([self.multilevel.X, *(self._of_region(one) for one in self.of_regions)])
        Z = np.column_stack([one.column.values[used] / one.over for one in self.of_units])
        if isinstance(self.law, NormalValues):
            both = np.column_stack([X, design.y[used], Z])
            return gathered(both, self.weights, starts, (Z.shape[1], self.correlated))
        y, size = design.events[used], design.size[used]
        return UnitCounts(self.law.kind, X, Z, y, size, starts, self.correlated)

    def _of_region(self, one: Direction) -> Matrix:
        design, used = self.design, self.design.used
        assert design.region is not None  # noqa: S101 (there are no regions' terms without it)
        region = design.region[design.row_unit[used]]
        columns: Matrix = (region[:, None] == np.arange(len(design.region_names))).astype(np.float64)
        columns *= (one.column.values[used] / one.over)[:, None]
        return columns

    @property
    def first_scale(self) -> int:
        """Where the standard deviations of units stand."""
        return self.p + len(self.of_regions) * len(self.design.region_names)

    def covariances(self, coordinates: Matrix) -> NDArray[np.float64]:
        """Of units' coefficients as they are told (R, q, q)."""
        q, first = len(self.of_units), self.first_scale
        more = partials(q) if self.correlated else 0
        return covariances(coordinates[:, first : first + q], coordinates[:, first + q : first + q + more])

    def parameters(self, coordinates: Matrix) -> Matrix:
        """Parameters (R, P) from coordinates (R, D)."""
        found = np.zeros((len(coordinates), len(self.multilevel.entries)))
        of_units, over = self.covariances(coordinates), [one.over for one in self.of_units]
        of_entry = {one.entry: number for number, one in enumerate(self.of_units)}
        entries = self.multilevel.entries
        number = {(e.term, e.a): of_entry.get(place, -1) for place, e in enumerate(entries) if e.on_diagonal}
        for place, entry in enumerate(entries):
            a, b = number[entry.term, entry.a], number[entry.term, entry.b]
            if a >= 0:
                found[:, place] = of_units[:, a, b] / (over[a] * over[b])
        for one, block in zip(self.of_regions, self.blocks, strict=True):
            found[:, one.entry] = (coordinates[:, block.scale] / one.over) ** 2
        last = [np.exp(2.0 * coordinates[:, self._residual])] if self.linear else []
        return np.column_stack([coordinates[:, : self.p], found, *last])

    @property
    def _residual(self) -> int:
        return len(self.names) - len(self.of_regions) - 1

    @property
    def parameter_names(self) -> tuple[str, ...]:
        return (*self.multilevel.parameter_names, *(("variance[residual]",) * self.linear))

    def monitored(self, coordinates: Matrix) -> Matrix:
        """Coordinates, standard deviations without signs."""
        sizes = np.array([name.startswith("sd[") for name in self.names])
        found: Matrix = np.where(sizes, np.abs(coordinates), coordinates)
        return found

    def further(self) -> tuple[Quantity, ...]:
        """Standard deviations between units and regions, and correlations between units' coefficients."""
        entries = self.multilevel.entries
        place = {(e.term, e.a): self.p + k for k, e in enumerate(entries) if e.on_diagonal}
        found = [deviation(one.name, self.p + one.entry) for one in self.directions]
        for number, entry in enumerate(entries):
            if not entry.on_diagonal:
                about, pair = (
                    self.multilevel.variance_name(entry),
                    ((entry.term, entry.a), (entry.term, entry.b)),
                )
                found.append(correlation(about, (self.p + number, place[pair[0]], place[pair[1]])))
        return tuple(found)

    @property
    def asked(self) -> Terms:
        """The columns, with the random effects that a marginal mean is averaged over."""
        return self.multilevel.averaged if self.design.effect == "marginal" else self.multilevel.fixed

    def effect(self) -> Quantity:
        """What the estimand asks for."""
        return effect(self.design, self.asked, self.law.link)

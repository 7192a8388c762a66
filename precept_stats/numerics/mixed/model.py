"""What a linear mixed model is made of: rows, fixed columns and random terms, as arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from precept_stats.errors import FitError

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Ints = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Numeric:
    """One fixed column of numbers (n,)."""

    name: str
    values: Vector


@dataclass(frozen=True, slots=True, eq=False)
class Category:
    """A factor, ``codes`` (n,) numbering its levels from 0, coded 0/1 against the first level.

    Its columns are named after ``levels[1:]`` and are never written out.
    """

    levels: tuple[str, ...]
    codes: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Fixed:
    """The fixed part: an intercept first (unless switched off), then the terms in order."""

    terms: tuple[Numeric | Category, ...] = ()
    intercept: bool = True

    @property
    def names(self) -> tuple[str, ...]:
        """One name a parameter."""
        found = ["(Intercept)"] if self.intercept else []
        for term in self.terms:
            found += [term.name] if isinstance(term, Numeric) else term.levels[1:]
        return tuple(found)


@dataclass(frozen=True, slots=True, eq=False)
class Grouping:
    """A grouping factor: ``codes`` (n,) number its ``levels`` levels from 0."""

    name: str
    codes: Ints
    levels: int


@dataclass(frozen=True, slots=True, eq=False)
class Random:
    """Random coefficients of one grouping factor that are correlated with each other.

    ``intercept`` adds a random intercept; ``slopes`` are columns (n,) with random slopes. Terms that
    name the same ``Grouping`` object are independent of each other (lme4's ``||``).
    """

    grouping: Grouping
    slopes: tuple[Numeric, ...] = ()
    intercept: bool = True

    @property
    def width(self) -> int:
        """Random coefficients a level."""
        return int(self.intercept) + len(self.slopes)

    @property
    def names(self) -> tuple[str, ...]:
        """One name a coefficient."""
        return ("(Intercept)",) * self.intercept + tuple(slope.name for slope in self.slopes)


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """The outcome and how it was observed.

    ``weights`` are inverse relative residual variances. With ``repeats`` a row stands for that many
    rows with equal columns, ``y`` being their mean and ``within`` the sum over all of them of squared
    deviations from these means (grouped 0/1 rows: events - events**2 / size). ``offset`` is subtracted.
    """

    y: Vector
    weights: Vector | None = None
    repeats: Vector | None = None
    within: float = 0.0
    offset: Vector | None = None


@dataclass(frozen=True, slots=True, eq=False)
class MixedModel:
    """y = X beta + Z b + e, with b ~ N(0, G) and e ~ N(0, sigma2 / weights), b and e independent."""

    rows: Rows
    fixed: Fixed
    random: tuple[Random, ...]


def check(model: MixedModel) -> None:
    """FitError for what no fit can mend: numbers that are not finite, weights, lengths, too many effects."""
    rows = model.rows
    n = len(rows.y)
    columns = {"outcome": rows.y, "weights": rows.weights, "repeats": rows.repeats, "offset": rows.offset}
    columns |= {term.name: term.values for term in model.fixed.terms if isinstance(term, Numeric)}
    columns |= {slope.name: slope.values for term in model.random for slope in term.slopes}
    for name, values in columns.items():
        if values is not None and not (len(values) == n and np.isfinite(values).all()):
            raise FitError(
                f"{name} cannot be used",
                found=f"{len(values)} values, {np.count_nonzero(~np.isfinite(values))} of them not finite",
                allowed=f"{n} finite numbers, one a row",
            )
    for name in ("weights", "repeats"):
        values = columns[name]
        if values is not None and not np.all(values > 0):
            raise FitError(
                f"{name} must be above 0",
                found=f"{np.count_nonzero(values <= 0)} that are not",
                allowed="> 0",
            )
    coded = [(term.grouping.name, term.grouping.codes, term.grouping.levels) for term in model.random]
    coded += [(t.levels[0], t.codes, len(t.levels)) for t in model.fixed.terms if isinstance(t, Category)]
    for name, codes, levels in coded:
        if len(codes) != n or codes.min() < 0 or codes.max() >= levels:
            raise FitError(
                f"the codes of {name} cannot be used",
                found=f"{len(codes)} codes from {codes.min()} to {codes.max()}",
                allowed=f"{n} codes from 0 to {levels - 1}; rows with a missing level are left out before",
            )
    total = float(n if rows.repeats is None else rows.repeats.sum())
    for term in model.random:
        effects = term.grouping.levels * term.width
        if effects >= total:
            raise FitError(
                "there are as many random effects as observations: nothing is left for the residual",
                found=f"{effects} random effects of {term.grouping.name} and {total:g} observations",
                allowed="fewer random effects than observations",
            )

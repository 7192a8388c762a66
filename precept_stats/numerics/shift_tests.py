"""Randomisation tests of a shift: had every cluster of arm 1 been lower by it, would the arms differ?

Under the null the summaries ``v - shift * arm`` are those that any allocation would have shown. The
difference of (weighted) arm means within blocks is then ``a - shift * b`` in every allocation, with ``b = 1``
in the one that was used, so that all is known from two numbers an allocation.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from precept_stats.errors import FitError
from precept_stats.numerics.allocations import AnyAllocations, Drawn, Every
from precept_stats.numerics.inversion import first_fall
from precept_stats.numerics.reference import Reference
from precept_stats.numerics.ties import TIE

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

ROUNDING = 1e-12
"""Variances below this share of their terms are rounding."""
PARALLEL = 1e-12
"""Slopes closer than this are equal."""


@dataclass(frozen=True, slots=True, eq=False)
class DifferenceTest:
    """By the difference itself: |a - shift b| at least as large as |estimate - shift|.

    ``a`` and ``b`` (M,) are of every allocation, or of draws with the one used as the last of them.
    """

    estimate: float
    a: Vector
    b: Vector
    exact: bool

    @property
    def std_error(self) -> float:
        """The standard deviation over allocations, were the effect the estimate."""
        return float(np.std(self.a - self.estimate * self.b))

    @property
    def replicates(self) -> int:
        """How many allocations the test goes through, that used among them."""
        return len(self.a)

    def statistic(self, shift: float) -> float:
        return self.estimate - shift

    def p_value(self, shift: float) -> float:
        """The share of allocations as far from 0 as that used, ties included, which it is one of."""
        sizes = np.abs(self.a - shift * self.b)
        return float(np.mean(sizes >= abs(self.estimate - shift) - TIE * float(sizes.max())))

    def smallest_p(self) -> float:
        """The least p that any allocation could have given; with draws, that any set of them could."""
        if not self.exact:
            return 1.0 / len(self.a)
        sizes = np.abs(self.a)
        return float(np.mean(sizes >= float(sizes.max()) * (1.0 - TIE)))

    def reference(self) -> Reference:
        """The difference in every allocation."""
        return Reference(self.a, self.estimate, "difference", in_units=True)

    def limits(self, alpha: float) -> tuple[float, float]:
        """The least and greatest shift with p above ``alpha``, infinite where there is none.

        Each allocation is as extreme as that used for the shifts between two roots, which hold the estimate
        (|b| < 1), or outside them (|b| > 1, with unequal weights only); p is the share of these sets that
        hold a shift. With the latter the shifts with p above ``alpha`` need not be one interval: these are
        the ends of the one that holds them all.
        """
        inner, outer = self._sets()
        allowed = math.floor(round(alpha * len(self.a), 9))
        lower = _first_above(inner, outer, allowed)
        upper = -_first_above(-inner[:, ::-1], -outer[:, ::-1], allowed)
        return lower, upper

    def _sets(self) -> tuple[Matrix, Matrix]:
        """Ends (m, 2) of the sets between roots, and those (m, 2) of the gaps of the sets outside them."""
        scale = TIE * max(float(np.abs(self.a).max()), abs(self.estimate))
        one = _root(self.estimate - self.a, 1.0 - self.b, scale)
        other = _root(self.estimate + self.a, 1.0 + self.b, scale)
        ends = np.column_stack([np.fmin(one, other), np.fmax(one, other)])
        everywhere = np.isnan(one) | np.isnan(other)
        ends[everywhere] = (-np.inf, np.inf)
        outside = (np.abs(self.b) > 1.0 + PARALLEL) & ~everywhere
        return ends[~outside], ends[outside]


def _root(top: Vector, bottom: Vector, scale: float) -> Vector:
    """Quotients, infinite over 0, and NaN for 0 over 0: every shift will do."""
    flat = np.abs(bottom) <= PARALLEL
    with np.errstate(all="ignore"):
        return np.where(flat, np.where(np.abs(top) <= scale, np.nan, np.sign(top) * np.inf), top / bottom)


def _first_above(inner: Matrix, outer: Matrix, allowed: int) -> float:
    """The least number that more than ``allowed`` sets hold, inside ``inner`` or outside ``outer`` ends."""
    reach = np.isneginf(inner[:, 0])
    count = int(reach.sum()) + len(outer)
    if count > allowed:
        return -math.inf
    opening = np.concatenate([inner[~reach, 0], outer[:, 1]])
    closing = np.concatenate([inner[:, 1], outer[:, 0]])
    places = np.concatenate([opening, closing])
    steps = np.concatenate([np.ones(len(opening), int), np.full(len(closing), -1)])
    order = np.lexsort((-steps, places))
    return float(places[order][np.argmax(count + np.cumsum(steps[order]) > allowed)])


@dataclass(frozen=True, slots=True, eq=False)
class StudentisedTest:
    """By the difference over Welch's standard error, both of the summaries less the shift.

    ``variances`` (M, 3) are of ``v``, of ``v`` with the arm (covariance) and of the arm; ``variance`` is
    that of the allocation used, which no shift changes.
    """

    difference: DifferenceTest
    variances: Matrix
    variance: float

    @property
    def estimate(self) -> float:
        return self.difference.estimate

    @property
    def std_error(self) -> float:
        """The standard deviation of the difference over allocations, were the effect the estimate."""
        return self.difference.std_error

    @property
    def exact(self) -> bool:
        return self.difference.exact

    @property
    def replicates(self) -> int:
        """How many allocations the test goes through, that used among them."""
        return self.difference.replicates

    def statistic(self, shift: float) -> float:
        return (self.estimate - shift) / math.sqrt(self.variance)

    def p_value(self, shift: float) -> float:
        """The share of allocations as far from 0 as that used, ties included, which it is one of."""
        squares, variances = self._at(shift)
        own = (self.estimate - shift) ** 2
        return float(np.mean(squares * self.variance >= own * variances * (1.0 - 2.0 * TIE)))

    def smallest_p(self) -> float:
        """The least p that any allocation could have given; with draws, that any set of them could."""
        if not self.difference.exact:
            return 1.0 / len(self.variances)
        squares, variances = self._at(0.0)
        with np.errstate(all="ignore"):
            sizes = np.where(variances > 0.0, squares / variances, np.where(squares > 0.0, np.inf, 0.0))
        return float(np.mean(sizes >= sizes.max() * (1.0 - 2.0 * TIE)))

    def reference(self) -> Reference:
        """The studentised difference in every allocation; those without a variance are left out."""
        sure = self.variances[:, 0] > ROUNDING * float(self.variances[:, 0].max())
        own = self.difference.a[sure] / np.sqrt(self.variances[sure, 0])
        return Reference(own, self.statistic(0.0), "studentised_difference")

    def limits(self, alpha: float) -> tuple[float, float]:
        """Where p first falls to ``alpha``, going out from the estimate; infinite where it never does."""
        lower, upper = (
            first_fall(self.p_value, self.estimate, unit, alpha) for unit in (-self.std_error, self.std_error)
        )
        return lower, upper

    def _at(self, shift: float) -> tuple[Vector, Vector]:
        squares = (self.difference.a - shift * self.difference.b) ** 2
        variances = self.variances @ np.array([1.0, -2.0 * shift, shift**2])
        rounding = ROUNDING * (self.variances @ np.array([1.0, 0.0, shift**2]))
        return squares, np.where(variances > rounding, variances, 0.0)


AnyShiftTest = DifferenceTest | StudentisedTest


def difference_test(
    values: Vector, weights: Vector, blocks: AnyAllocations, how: Every | Drawn
) -> DifferenceTest:
    """Within blocks, weighted as least squares with a term for each block would weight them.

    A block counts as W1 W0 / (W1 + W0), its weights by arm. Raises FitError when nothing varies.
    """
    values, arm = _centred(values, weights, blocks), blocks.arm.astype(np.float64)
    columns = np.column_stack([weights * values, weights * arm, weights])
    pieces, exact = blocks.pieces(columns, _weighted, how), blocks.complete(how)
    own = blocks.observed(columns, _weighted)[0]
    made = with_observed(pieces, own[None], exact)
    return DifferenceTest(float(own[0] / own[2]), made[:, 0] / made[:, 2], made[:, 1] / made[:, 2], exact)


def studentised_test(values: Vector, blocks: AnyAllocations, how: Every | Drawn) -> StudentisedTest:
    """Every cluster counting the same. Raises FitError when clusters do not differ within the arms."""
    values, arm = _centred(values, np.ones_like(values), blocks), blocks.arm.astype(np.float64)
    columns = np.column_stack([values, arm, values**2, values * arm])
    pieces, exact = blocks.pieces(columns, _neyman, how), blocks.complete(how)
    own = blocks.observed(columns, _neyman)[0]
    made = with_observed(pieces, own[None], exact)
    size = float(own[2])
    if not own[3] > (1e-10 * float(np.abs(values).max())) ** 2:
        raise FitError(
            "clusters do not differ within an arm, so there is nothing to studentise by",
            found=f"a variance of {own[3] / size**2:g}",
            allowed="cluster summaries that vary within the arms, or the statistic difference",
        )
    difference = DifferenceTest(float(own[0] / size), made[:, 0] / size, made[:, 1] / size, exact)
    variances = made[:, 3:] / size**2
    variances[variances[:, 2] <= ROUNDING * float(variances[:, 2].max()), 1:] = 0.0
    return StudentisedTest(difference, variances, float(own[3]) / size**2)


def _centred(values: Vector, weights: Vector, blocks: AnyAllocations) -> Vector:
    """Values about the weighted mean of their block. FitError when they are all 0."""
    _, code = np.unique(blocks.block, return_inverse=True)
    means = np.bincount(code, weights=weights * values) / np.bincount(code, weights=weights)
    centred: Vector = values - means[code]
    if not float(np.abs(centred).max()) > 1e-10 * float(np.abs(values).max()):
        raise FitError(
            "every allocation gives the same statistic",
            found="cluster summaries that do not differ within strata or pairs",
            allowed="cluster summaries that vary",
        )
    return centred


def _weighted(columns: Matrix, sums: Matrix, _treated: int) -> Matrix:
    """Numerators of values and of the arm, and the denominator W1 W0 / W."""
    totals = columns.sum(axis=0)
    share = sums[:, 2] / totals[2]
    return np.column_stack(
        [
            sums[:, 0] - share * totals[0],
            sums[:, 1] - share * totals[1],
            sums[:, 2] * (totals[2] - sums[:, 2]) / totals[2],
        ]
    )


def _neyman(columns: Matrix, sums: Matrix, treated: int) -> Matrix:
    """Numerators, the denominator c1 c0 / c, and three (co)variances of the numerators (Welch's)."""
    c, totals = len(columns), columns.sum(axis=0)
    weight = treated * (c - treated) / c
    pieces = [
        sums[:, 0] - treated / c * totals[0],
        sums[:, 1] - treated / c * totals[1],
        np.full(len(sums), weight),
    ]
    for square, left, right in ((2, 0, 0), (3, 0, 1), (1, 1, 1)):
        found = np.zeros(len(sums))
        for inside, count in ((sums, treated), (totals - sums, c - treated)):
            centred = inside[:, square] - inside[:, left] * inside[:, right] / count
            found += centred / ((count - 1) * count)
        pieces.append(weight**2 * found)
    return np.column_stack(pieces)


def with_observed(made: Matrix, observed: Matrix, exact: bool) -> Matrix:
    """Draws have the allocation used as one of them (Phipson and Smyth 2010), so that p is never 0."""
    return made if exact else np.vstack([made, observed])

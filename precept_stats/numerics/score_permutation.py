"""Randomisation tests of any value of a coefficient, by the score of estimating equations.

The model is fitted once with the coefficient of the arm held at a value d. With unit columns for the arm,
cluster k then has a score s_k, scores u_k (p,) of the other coefficients, and the information h_k (p,) that
they share. For any allocation z the score of the arm is T(z) = sum z_k s_k: at the fit the scores of
the other coefficients add up to 0, so that projecting on them changes nothing. Its robust variance is that
of the efficient scores z_k s_k - b(z)' u_k, b(z) = I^-1 sum z_k h_k, and follows from sums over z as well:
all allocations cost one product of matrices. At d = 0 the fit knows nothing of the arm and the test
is exact (Gail et al. 1996; Braun and Feng 2001); at another value the effect of the allocation that was used
is held in the mean, as an offset (Rabideau and Wang 2021).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from precept_stats.errors import FitError
from precept_stats.numerics.allocations import AnyAllocations, Drawn, Every
from precept_stats.numerics.arrangements import Codes
from precept_stats.numerics.balance import sums_over
from precept_stats.numerics.gee.cells import Cells
from precept_stats.numerics.gee.fit import GeeFit
from precept_stats.numerics.gee.held import Held, fit_held
from precept_stats.numerics.gee.working import cluster_equations
from precept_stats.numerics.inversion import first_fall
from precept_stats.numerics.reference import Reference
from precept_stats.numerics.ties import TIE

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Ints = NDArray[np.intp]

ROUNDING = 1e-12
"""Variances below this share of the largest are rounding."""
NEAR = 1e-9
"""How nearly a limit is found, as a share of the way: about as nearly as the model is fitted."""
INTERCEPT, ARM = 0, 1
"""Where the columns stand that are 1 in every cluster, and in the clusters of the compared arm."""


@dataclass(frozen=True, slots=True, eq=False)
class AllocationSums:
    """Sums over the clusters of arm 1 in every allocation, or in the same draws whenever they are asked for.

    ``codes`` (M, K) are the draws, the allocation used as the last of them; None where all allocations are
    gone through.
    """

    allocated: AnyAllocations
    codes: Codes | None

    @property
    def exact(self) -> bool:
        return self.codes is None

    def of(self, columns: Matrix) -> Matrix:
        """Sums (M, P) of columns (K, P)."""
        if self.codes is not None:
            return sums_over(self.codes, columns)
        return self.allocated.pieces(columns, _plain, Every()) + _fixed(self.allocated, columns)

    def observed(self, columns: Matrix) -> Vector:
        """Sums (P,) over the allocation that was used."""
        total: Vector = self.allocated.arm @ columns
        return total


def allocation_sums(allocated: AnyAllocations, how: Every | Drawn) -> AllocationSums:
    """Prepare the allocations once. FitError when there are too many to go through, or only one."""
    if allocated.complete(how):
        return AllocationSums(allocated, None)
    unit = np.eye(len(allocated.arm))
    made = allocated.pieces(unit, _plain, how) + _fixed(allocated, unit)
    return AllocationSums(allocated, np.vstack([np.rint(made), allocated.arm]).astype(np.int16))


def _plain(_columns: Matrix, sums: Matrix, _treated: int) -> Matrix:
    return sums


def _fixed(allocated: AnyAllocations, columns: Matrix) -> Vector:
    """Sums over blocks that are in arm 1 whatever the allocation, which no allocation goes through."""
    always = np.zeros(len(allocated.arm), dtype=np.bool_)
    for b in np.unique(allocated.block):
        mine = allocated.block == b
        always |= mine & bool(np.all(allocated.arm[mine] == 1))
    total: Vector = columns[always].sum(axis=0)
    return total


@dataclass(frozen=True, slots=True, eq=False)
class ScorePieces:
    """By cluster: the score of a unit arm (K,), centred within blocks, with u (K, p) and h (K, p).

    ``bread`` (p, p) is the inverse information of the other coefficients.
    """

    score: Vector
    others: Matrix
    shared: Matrix
    bread: Matrix


@dataclass(frozen=True, slots=True, eq=False)
class ScorePermutationTest:
    """The test of any value of the coefficient of the arm in ``fit``, on the scale of its link.

    ``fit`` has an intercept as its first column and the arm (0 or 1) as its second; ``null`` are the pieces
    at no effect, and ``std_error`` is the standard deviation over allocations of one Newton step from the
    estimate, were this the effect.
    """

    fit: GeeFit
    sums: AllocationSums
    studentised: bool
    null: ScorePieces
    std_error: float

    @property
    def exact(self) -> bool:
        """Whether all allocations are gone through."""
        return self.sums.exact

    @property
    def replicates(self) -> int:
        """How many statistics p is a share of."""
        return len(self._statistics(self.null)[0])

    @property
    def estimate(self) -> float:
        return float(self.fit.params[ARM])

    def statistic(self, shift: float) -> float:
        """The score of the arm at this value, over its robust standard error where studentised."""
        score, variance = self._observed(self._at(shift))
        return score / math.sqrt(variance)

    def p_value(self, shift: float) -> float:
        """The share of allocations as far from 0 as that used, ties included, which it is one of."""
        return self._share(self._at(shift))

    def smallest_p(self) -> float:
        """The least p that any allocation could have given; with draws, that any set of them could."""
        scores, variances = self._statistics(self.null)
        if not self.exact:
            return 1.0 / len(scores)
        with np.errstate(all="ignore"):
            sizes = np.where(variances > 0.0, scores**2 / variances, np.where(scores != 0.0, np.inf, 0.0))
        return float(np.mean(sizes >= sizes.max() * (1.0 - 2.0 * TIE)))

    def reference(self) -> Reference:
        """The statistic in every allocation at no effect; those without a variance are left out."""
        scores, variances = self._statistics(self.null)
        sure = variances > 0.0
        score, variance = self._observed(self.null)
        name = "studentised_score" if self.studentised else "score"
        return Reference(scores[sure] / np.sqrt(variances[sure]), score / math.sqrt(variance), name)

    def limits(self, alpha: float) -> tuple[float, float]:
        """Where p first falls to ``alpha``, going out from the estimate.

        Infinite where it never does before the model can no longer be fitted, its means being at an end of
        their range.
        """
        if self.exact and self.smallest_p() > alpha:
            return -math.inf, math.inf
        lower, upper = (
            first_fall(self._share_or_nan, self.estimate, side * self.std_error, alpha, NEAR)
            for side in (-1.0, 1.0)
        )
        return lower, upper

    def _share_or_nan(self, shift: float) -> float:
        found = pieces_at(self.fit, shift, self.sums.allocated.block)
        return math.nan if found is None else self._share(found)

    def _share(self, pieces: ScorePieces) -> float:
        scores, variances = self._statistics(pieces)
        score, variance = self._observed(pieces)
        if not self.studentised:
            return float(np.mean(np.abs(scores) >= abs(score) - TIE * float(np.abs(scores).max())))
        return float(np.mean(scores**2 * variance >= score**2 * variances * (1.0 - 2.0 * TIE)))

    def _statistics(self, pieces: ScorePieces) -> tuple[Vector, Vector]:
        """Scores (M,) and what is to divide their squares: 1, or robust variances (0 where rounding)."""
        if not self.studentised:
            scores = self.sums.of(pieces.score[:, None])[:, 0]
            return scores, np.ones_like(scores)
        scores, variances = _scores_and_variances(self.sums.of(_columns(pieces)), pieces)
        return scores, np.where(variances > ROUNDING * float(variances.max()), variances, 0.0)

    def _observed(self, pieces: ScorePieces) -> tuple[float, float]:
        if not self.studentised:
            return float(self.sums.observed(pieces.score[:, None])[0]), 1.0
        sums = self.sums.observed(_columns(pieces))[None]
        scores, variances = _scores_and_variances(sums, pieces)
        return float(scores[0]), float(variances[0])

    def _at(self, shift: float) -> ScorePieces:
        return self.null if shift == 0.0 else _required(self.fit, shift, self.sums.allocated.block)


def score_permutation_test(
    fit: GeeFit, allocated: AnyAllocations, how: Every | Drawn, *, studentised: bool
) -> ScorePermutationTest:
    """Prepare the test: allocations once, and the model at no effect and at the estimate.

    Raises FitError when allocations are too many to go through or only one, or without a fit at no effect.
    """
    sums = allocation_sums(allocated, how)
    null, own = (_required(fit, shift, allocated.block) for shift in (0.0, float(fit.params[ARM])))
    spread = float(np.std(sums.of(own.score[:, None]))) * float(fit.bread[ARM, ARM])
    return ScorePermutationTest(fit, sums, studentised, null, spread)


def pieces_at(fit: GeeFit, shift: float, block: Ints) -> ScorePieces | None:
    """The model with the effect held at ``shift``, fitted; None where it cannot be.

    The start is on the tangent at the estimate, else the estimate with the effect alone moved.
    """
    cells, column = fit.cells, fit.bread[:, ARM]
    at = int(np.flatnonzero(cells.columns == ARM)[0])
    for share in (1.0, 0.0):
        start = fit.params - share * (float(fit.params[ARM]) - shift) * column / column[ARM]
        start[ARM] = shift
        found = fit_held(cells, fit.model, start[cells.columns], at)
        if found is not None:
            return _pieces(cells, found, block)
    return None


def _required(fit: GeeFit, shift: float, block: Ints) -> ScorePieces:
    found = pieces_at(fit, shift, block)
    if found is None:
        raise FitError(
            "the model cannot be fitted with the effect held at its null value",
            found=f"no rest, or means at an end of their range, at {shift:g}",
            allowed="events and non-events (for counts, events) at every value of the covariates",
        )
    return found


def _pieces(cells: Cells, held: Held, block: Ints) -> ScorePieces:
    found = cluster_equations(cells, held.state, held.inverse)
    one = int(np.flatnonzero(cells.columns == INTERCEPT)[0])
    rest = np.flatnonzero(cells.columns != ARM)
    bread = np.linalg.inv(found.information.sum(axis=0)[np.ix_(rest, rest)])
    score, others = _centred(found.score[:, one], block), found.score.copy()
    others[:, one] = score
    return ScorePieces(
        score=score,
        others=others[:, rest],
        shared=found.information[:, one][:, rest],
        bread=0.5 * (bread + bread.T),
    )


def _centred(values: Vector, block: Ints) -> Vector:
    """Scores about their mean in a block, which is 0 but for how nearly the model is fitted.

    Mirrored allocations tie by this, and their variances by the scores of the intercept being the same.
    """
    _, code = np.unique(block, return_inverse=True)
    means = np.bincount(code, weights=values) / np.bincount(code)
    centred: Vector = values - means[code]
    return centred


def _columns(pieces: ScorePieces) -> Matrix:
    """What is summed over an allocation: s, s^2, h and s u (K, 2 + 2 p)."""
    s = pieces.score[:, None]
    return np.hstack([s, s**2, pieces.shared, s * pieces.others])


def _scores_and_variances(sums: Matrix, pieces: ScorePieces) -> tuple[Vector, Vector]:
    """T and the sum of squared efficient scores of each allocation (M,)."""
    p = pieces.others.shape[1]
    b = sums[:, 2 : 2 + p] @ pieces.bread
    meat = pieces.others.T @ pieces.others
    crossed = np.sum(b * sums[:, 2 + p :], axis=1)
    variances = sums[:, 1] - 2.0 * crossed + np.sum((b @ meat) * b, axis=1)
    return sums[:, 0], variances

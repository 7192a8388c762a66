"""The wild bootstrap of scores (Kline and Santos 2012), studentised, with the null imposed by a refit.

For every null value of a coefficient the other parameters are fitted again with the coefficient held there.
The scores of the clusters at that fit change by random factors; from each vector of them one Newton step
leads to an unrestricted fit, and the sandwich there, scores taken as linear along the step, to a t statistic
(the linearisation of MacKinnon, Nielsen and Webb 2025). The observed statistic is that of the vector
(1, ..., 1), so that it is one of them. With an identity link and constant variance all of this is the wild
bootstrap of least squares.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from precept_stats.errors import FitError
from precept_stats.numerics.gee.correlation import Independence
from precept_stats.numerics.gee.fit import GeeFit, GeeModel
from precept_stats.numerics.gee.held import fit_held
from precept_stats.numerics.gee.working import (
    Inverse,
    Working,
    cluster_equations,
    inverse_correlation,
)
from precept_stats.numerics.inversion import first_fall
from precept_stats.numerics.reference import Reference
from precept_stats.numerics.signs import AnyVectors
from precept_stats.numerics.wild_bootstrap import (
    ROUNDING,
    ClusterScores,
    Lift,
    as_far,
    forms,
    reference_of,
)

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

NEAR = 1e-9
"""How nearly a limit is found, as a share of the way: about as nearly as the model is fitted."""


@dataclass(frozen=True, slots=True, eq=False)
class ScoreTest:
    """The test of any value of the coefficient ``tested`` (a column of X) of a fit without correlation."""

    fit: GeeFit
    tested: int
    lift: Lift
    vectors: AnyVectors

    @property
    def estimate(self) -> float:
        return float(self.fit.params[self.tested])

    @property
    def std_error(self) -> float:
        """The root of the sandwich variance at the estimate; the statistic of a null value has its own."""
        fit = self.fit
        fitted = ClusterScores(fit.clusters.information, fit.clusters.score, fit.bread, self.tested)
        return float(np.linalg.norm(forms(fitted, self.lift(fitted))[1].sum(axis=1)))

    def statistic(self, shift: float) -> float:
        a, K = self._forms(shift)
        return float(a.sum() / np.linalg.norm(K.sum(axis=1)))

    def p_value(self, shift: float) -> float:
        """The share of vectors with |t| at least as large, ties included, that of the data being one."""
        return self._share(self._forms(shift))

    def smallest_p(self) -> float:
        """The least p that any data could have given: vectors of one value give the statistic observed."""
        return self.vectors.tied

    def reference(self) -> Reference:
        """The t of every vector at no effect; those without a variance are left out."""
        top, variances = self._statistics(self._forms(0.0))
        return reference_of(top, variances, self.statistic(0.0), self.vectors)

    def limits(self, alpha: float) -> tuple[float, float]:
        """Where p first falls to ``alpha``, going out from the estimate.

        Infinite where it never does before fitted means are at an end of their range, beyond which p
        no longer changes.
        """
        if self.vectors.tied > alpha:
            return -math.inf, math.inf
        lower, upper = (
            first_fall(self._share_or_nan, self.estimate, unit, alpha, NEAR)
            for unit in (-self.std_error, self.std_error)
        )
        return lower, upper

    def _share_or_nan(self, shift: float) -> float:
        found = self._restricted(shift)
        return math.nan if found is None else self._share(self._forms_of(found))

    def _share(self, pieces: tuple[Vector, Matrix]) -> float:
        a, K = pieces
        square = float(a.sum()) ** 2 / float(np.sum(K.sum(axis=1) ** 2))
        return self.vectors.share(as_far(*self._statistics(pieces), square))

    def _statistics(self, pieces: tuple[Vector, Matrix]) -> tuple[Vector, Vector]:
        a, K = pieces
        variances = self.vectors.quadratic(K.T @ K)
        return self.vectors.linear(a), np.where(variances > ROUNDING * variances.max(), variances, 0.0)

    def _forms(self, shift: float) -> tuple[Vector, Matrix]:
        found = self._restricted(shift)
        if found is None:
            raise FitError(
                "the model cannot be fitted with the effect held at its null value",
                found=f"no rest, or means at an end of their range, at {shift:g}",
                allowed="events and non-events (for counts, events) in both arms",
            )
        return self._forms_of(found)

    def _forms_of(self, state: Working) -> tuple[Vector, Matrix]:
        cells, at = self.fit.cells, self._place
        found = cluster_equations(cells, state, self._inverse)
        bread = np.linalg.inv(found.information.sum(axis=0))
        scores = ClusterScores(found.information, found.score, 0.5 * (bread + bread.T), at)
        return forms(scores, self.lift(scores))

    @property
    def _place(self) -> int:
        """Where the coefficient is in the order of the cells."""
        return int(np.flatnonzero(self.fit.cells.columns == self.tested)[0])

    @property
    def _inverse(self) -> Inverse:
        return inverse_correlation(self.fit.cells, Independence(), np.zeros(0))

    def _restricted(self, shift: float) -> Working | None:
        """The fit with the coefficient held at ``shift``; None where means are at an end of their range."""
        starts = (self._start(shift, share) for share in (1.0, 0.0))
        model = GeeModel(self.fit.model.family)
        found = (fit_held(self.fit.cells, model, start, self._place) for start in starts)
        return next((held.state for held in found if held is not None), None)

    def _start(self, shift: float, share: float) -> Vector:
        """Other parameters moved along a share of the tangent at the estimate, in the order of the cells."""
        fit = self.fit
        column = fit.bread[:, self.tested]
        start: Vector = fit.params - share * (self.estimate - shift) * column / column[self.tested]
        start[self.tested] = shift
        return start[fit.cells.columns]

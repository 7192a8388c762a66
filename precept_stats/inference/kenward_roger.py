"""Kenward and Roger's small-sample inference for REML fits: covariance, degrees of freedom and F scaling."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from precept_stats.errors import FitError
from precept_stats.inference.joint import JointTest, contrast_rank, f_test, independent, wald
from precept_stats.numerics.cells.either import AnyMixedFit, covariance_information
from precept_stats.numerics.mixed.information import CovarianceInformation

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

SINGULAR = 1e-12
"""An information matrix (scaled to correlations) with a smaller ratio of eigenvalues is singular."""


@dataclass(frozen=True, slots=True, eq=False)
class KenwardRogerDf:
    """Degrees of freedom of a contrast, and F tests of several, that go with the adjusted covariance.

    ``phi`` (p, p) is the unadjusted covariance, ``slopes`` (R, p, p) its derivatives in the variance
    parameters, ``spread`` (R, R) the inverse expected information. Every variance parameter counts, also
    one estimated as zero (as in pbkrtest). Source: Kenward and Roger (1997, Biometrics 53:983), in the
    form of Halekoh and Hojsgaard (2014, J Stat Softw 59(9)).
    """

    phi: Matrix
    slopes: NDArray[np.float64]
    spread: Matrix

    def __call__(self, gradient: Vector) -> float:
        return self._reference(gradient[None])[0]

    def joint(self, params: Vector, covariance: Matrix, contrasts: Matrix) -> JointTest:
        """The scaled F test of contrasts @ params = 0; ``covariance`` is the adjusted one."""
        rank = contrast_rank(contrasts)
        df2, scaling = self._reference(independent(contrasts))
        return f_test(scaling * wald(params, covariance, contrasts) / rank, rank, df2, scaling)

    def _reference(self, L: Matrix) -> tuple[float, float]:
        """df2 and the scaling for rows L of full rank q: their two moments matched to those of an F."""
        q = len(L)
        turned = np.linalg.solve(L @ self.phi @ L.T, L @ self.slopes @ L.T)
        traces = np.trace(turned, axis1=1, axis2=2)
        A1 = float(traces @ self.spread @ traces)
        A2 = float(np.einsum("rs,rij,sji->", self.spread, turned, turned))
        if A2 <= 0.0:
            return np.inf, 1.0
        B = (A1 + 6.0 * A2) / (2.0 * q)
        g = ((q + 1.0) * A1 - (q + 4.0) * A2) / ((q + 2.0) * A2)
        below = 3.0 * q + 2.0 * (1.0 - g)
        V0, V1, V2 = 1.0 + g / below * B, 1.0 - (q - g) / below * B, 1.0 - (q + 2.0 - g) / below * B
        V0 = 0.0 if abs(V0) < 1e-10 else V0
        mean = 1.0 - A2 / q
        # 4 + (q + 2) / (q rho - 1), rho = ratio^2 V0 / (q V2), without dividing by V2, which is 0 at 4 df
        df2 = 4.0 + (q + 2.0) * V2 / (_ratio(mean, V1) ** 2 * V0 - V2)
        return df2, 1.0 if abs(df2 - 2.0) < 0.01 else df2 * mean / (df2 - 2.0)


def _ratio(above: float, below: float) -> float:
    """The ratio, taken as 1 where both vanish (pbkrtest does the same)."""
    return 1.0 if abs(above) < 1e-14 and abs(below) < 1e-14 else above / below


@dataclass(frozen=True, slots=True, eq=False)
class KenwardRoger:
    """The adjusted covariance of the parameters (p, p) and the rule that goes with it."""

    covariance: Matrix
    df: KenwardRogerDf


def kenward_roger(
    fit: AnyMixedFit, *, first_order: bool = False, known: CovarianceInformation | None = None
) -> KenwardRoger:
    """The adjustment with expected information: Phi + 2 Phi {sum W_rs (Q_rs - P_r Phi P_s - R_rs / 4)} Phi.

    R_rs holds the second derivatives of the covariance in its parameters; it is zero for all structures
    but a decay, where the result depends on how the parameters are written (here variance and decay).
    ``first_order`` leaves R_rs out, as SAS does under DDFM=KENWARDROGER(FIRSTORDER); ``known`` is the fit's
    ``covariance_information`` where it was computed before. Raises FitError for a fit by ML, for which it is
    not defined.
    """
    if not fit.problem.reml:
        raise FitError(
            "Kenward and Roger's adjustment needs a fit by REML",
            found="a fit by maximum likelihood",
            allowed="criterion reml, or another rule for degrees of freedom",
        )
    return adjustment(covariance_information(fit) if known is None else known, first_order=first_order)


def adjustment(found: CovarianceInformation, *, first_order: bool = False) -> KenwardRoger:
    """The adjustment from what is known of the variance parameters of any REML fit of a linear model."""
    spread = 2.0 * _inverse(found.expected)
    second = found.second if first_order or found.bend is None else found.second - found.bend / 4.0
    adjusted = found.phi + 2.0 * np.einsum("rs,rsij->ij", spread, second)
    rule = KenwardRogerDf(found.phi, found.slopes, spread)
    return KenwardRoger((adjusted + adjusted.T) / 2.0, rule)


def _inverse(information: Matrix) -> Matrix:
    """The inverse, or on a singular matrix that on its range, whatever the units of the parameters."""
    size = np.sqrt(np.diag(information))
    values, vectors = np.linalg.eigh(information / np.outer(size, size))
    kept = values > SINGULAR * values[-1]
    inverse: Matrix = (vectors[:, kept] / values[kept]) @ vectors[:, kept].T / np.outer(size, size)
    return inverse

"""Models that stand before an estimating equation, and what estimating them adds to its variance.

Each is given by its estimating functions summed by cluster, the inverse of their information, and the
derivative of what the main equation takes from it. To first order the main score of cluster k becomes
U_k + G A^-1 S_k, with S_k the score of the model and G the derivative of the sum of U in its parameters
(stacked estimating functions; Stefanski and Boos 2002, Am Stat 56:29).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from precept_stats.errors import FitError
from precept_stats.numerics.glm import BinomialLogit, fit_glm
from precept_stats.numerics.imputation.rows import sums
from precept_stats.numerics.linear import weighted_least_squares

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Ints = NDArray[np.intp]
Bools = NDArray[np.bool_]

SINGULAR = 1e-9
"""A smallest eigenvalue of information, of unit diagonal, below this is that of a separated model."""


@dataclass(frozen=True, slots=True, eq=False)
class Nuisance:
    """Scores (K, q) of a model by cluster, inverse information (q, q), and derivatives (n, q) of its values.

    The values are weights of rows, or fitted outcomes.
    """

    scores: Matrix
    bread: Matrix
    slope: Matrix

    def carried(self, by_value: Matrix) -> Matrix:
        """G A^-1 S_k (K, p), ``by_value`` (n, p) being the derivative of the main score in each value."""
        found: Matrix = self.scores @ self.bread @ (self.slope.T @ by_value)
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Modelled:
    """Values by row (n,) from a model of some rows, 0 elsewhere, and the model as a nuisance."""

    values: Vector
    nuisance: Nuisance


def chances(Z: Matrix, answered: Bools, cluster: Ints, clusters: int) -> Modelled:
    """The chance that each row is answered, by logistic regression on Z (n, q), the constant first.

    Raises FitError where it is separated.
    """
    ones = np.ones(len(Z))
    fit = fit_glm(Z, answered.astype(np.float64), ones, BinomialLogit())
    chance = fit.expected
    variance = chance * (1.0 - chance)
    scores = sums(Z * (answered - chance)[:, None], cluster, clusters)
    bread = _inverse((Z * variance[:, None]).T @ Z)
    return Modelled(chance, Nuisance(scores, bread, Z * variance[:, None]))


def _inverse(information: Matrix) -> Matrix:
    """The inverse information. FitError where it is all but singular: some term has no finite value."""
    length = np.sqrt(np.maximum(np.diag(information), np.finfo(float).tiny))
    scaled = information / np.outer(length, length)
    smallest = float(np.linalg.eigvalsh(scaled)[0])
    if not smallest > SINGULAR:
        raise FitError(
            "a model has terms without a finite estimate",
            found=f"information of smallest eigenvalue {smallest:.2g}: some fitted chance goes to 0 or 1",
            allowed="both outcomes at every value of the columns",
        )
    inverse: Matrix = np.linalg.inv(scaled) / np.outer(length, length)
    return inverse


def weights_of(chance: Modelled, answered: Bools) -> Modelled:
    """One over the chance where a row is answered, 0 elsewhere."""
    weight = np.where(answered, 1.0 / chance.values, 0.0)
    slope = -(weight / chance.values)[:, None] * chance.nuisance.slope
    return Modelled(weight, Nuisance(chance.nuisance.scores, chance.nuisance.bread, slope))


def stabilised(weights: Modelled, answered: Bools, group: Ints, clusters: tuple[Ints, int]) -> Modelled:
    """Weights times the share answered in each group (0, 1, ... of rows), whose estimation counts as well."""
    cluster, count = clusters
    size = np.bincount(group).astype(np.float64)
    share = np.bincount(group, answered) / size
    member = (group[:, None] == np.arange(len(size))).astype(np.float64)
    scores = sums(member * (answered - share[group])[:, None], cluster, count)
    before = weights.nuisance
    slope = np.hstack([before.slope * share[group][:, None], member * weights.values[:, None]])
    bread = np.zeros((slope.shape[1],) * 2)
    q = len(before.bread)
    bread[:q, :q], bread[q:, q:] = before.bread, np.diag(1.0 / size)
    return Modelled(weights.values * share[group], Nuisance(np.hstack([before.scores, scores]), bread, slope))


def truncated(weights: Modelled, largest: float) -> Modelled:
    """Weights of at most ``largest``; one that is cut no longer moves with its model."""
    cut = weights.values > largest
    nuisance = weights.nuisance
    slope = np.where(cut[:, None], 0.0, nuisance.slope)
    values = np.minimum(weights.values, largest)
    return Modelled(values, Nuisance(nuisance.scores, nuisance.bread, slope))


def expected_outcomes(
    Z: Matrix, y: Vector, answered: Bools, clusters: tuple[Ints, int], binary: bool
) -> Modelled:
    """Outcomes of all rows expected from a regression of those answered: logistic, or by least squares."""
    cluster, count = clusters
    there, known = Z[answered], y[answered]
    if binary:
        fit = fit_glm(there, known, np.ones(len(known)), BinomialLogit())
        mean = special.expit(Z @ fit.params)
        steepness = mean * (1.0 - mean)
    else:
        mean = Z @ weighted_least_squares(there, known, np.ones(len(known))).params
        steepness = np.ones(len(Z))
    off = np.where(answered, y - mean, 0.0)
    bread = _inverse((there * steepness[answered][:, None]).T @ there)
    scores = sums(Z * off[:, None], cluster, count)
    return Modelled(mean, Nuisance(scores, bread, Z * steepness[:, None]))


def beside(parts: list[tuple[Bools, Modelled]], otherwise: Vector) -> Modelled:
    """Models of separate parts of the rows as one; rows of no part keep their value, which is given."""
    values = otherwise.copy()
    q = [len(one.nuisance.bread) for _, one in parts]
    slope, bread = np.zeros((len(values), sum(q))), np.zeros((sum(q), sum(q)))
    for start, (rows, one) in zip(np.cumsum([0, *q])[:-1], parts, strict=True):
        end = start + len(one.nuisance.bread)
        values[rows] = one.values
        slope[rows, start:end] = one.nuisance.slope
        bread[start:end, start:end] = one.nuisance.bread
    scores = np.hstack([one.nuisance.scores for _, one in parts])
    return Modelled(values, Nuisance(scores, bread, slope))

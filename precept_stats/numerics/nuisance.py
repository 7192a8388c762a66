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


def shares_of_groups(member: Vector, group: Ints) -> Modelled:
    """The share of ones in the group (0, 1, ...) of each cluster (K,), clusters being the rows."""
    size = np.bincount(group).astype(np.float64)
    values = (np.bincount(group, member) / size)[group]
    slope = (group[:, None] == np.arange(len(size))).astype(np.float64)
    return Modelled(values, Nuisance(slope * (member - values)[:, None], np.diag(1.0 / size), slope))


def truncated(weights: Modelled, largest: float) -> Modelled:
    """Weights of at most ``largest``; one that is cut no longer moves with its model."""
    cut = weights.values > largest
    nuisance = weights.nuisance
    slope = np.where(cut[:, None], 0.0, nuisance.slope)
    values = np.minimum(weights.values, largest)
    return Modelled(values, Nuisance(nuisance.scores, nuisance.bread, slope))


@dataclass(frozen=True, slots=True, eq=False)
class OutcomeRegression:
    """A regression of answered outcomes: logistic, or by least squares. Scores (K, q), bread (q, q)."""

    params: Vector
    scores: Matrix
    bread: Matrix
    binary: bool

    def expected(self, Z: Matrix) -> Modelled:
        """The outcomes expected of rows Z (n, q)."""
        mean, steepness = _mean(Z @ self.params, self.binary)
        return Modelled(mean, Nuisance(self.scores, self.bread, Z * steepness[:, None]))


def outcome_regression(
    Z: Matrix, y: Vector, answered: Bools, clusters: tuple[Ints, int], binary: bool
) -> OutcomeRegression:
    """The regression of y on Z among the rows that are ``answered``; ``clusters`` of all rows, and how many.

    Raises FitError where it is separated.
    """
    cluster, count = clusters
    there, known = Z[answered], y[answered]
    ones = np.ones(len(known))
    if binary:
        params = fit_glm(there, known, ones, BinomialLogit()).params
    else:
        params = weighted_least_squares(there, known, ones).params
    mean, steepness = _mean(Z @ params, binary)
    off = np.where(answered, y - mean, 0.0)
    bread = _inverse((there * steepness[answered][:, None]).T @ there)
    return OutcomeRegression(params, sums(Z * off[:, None], cluster, count), bread, binary)


def _mean(linear: Vector, binary: bool) -> tuple[Vector, Vector]:
    """Means of linear predictors, and their slopes."""
    if not binary:
        return linear, np.ones(len(linear))
    mean = special.expit(linear)
    return mean, mean * (1.0 - mean)


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

"""Outcomes simulated from a generalised linear mixed model with any random effects."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from precept_stats.numerics.glmm.effects import StructuredRows
from precept_stats.numerics.glmm.families import Family
from precept_stats.numerics.mixed.model import Random

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Law:
    """What outcomes are drawn from: beta (p,), and the covariance (q, q) of each random term's effects."""

    family: Family
    params: Vector
    covariances: tuple[Matrix, ...]


def simulated(rows: StructuredRows, law: Law, rng: np.random.Generator) -> Vector:
    """New totals (n,) for the same rows: random effects term by term, then outcomes row by row.

    Always as many normal draws in the same order, whatever the covariances.
    """
    eta = rows.X @ law.params + (0.0 if rows.offset is None else rows.offset)
    for term, covariance in zip(rows.random, law.covariances, strict=True):
        drawn = rng.standard_normal((term.grouping.levels, term.width))
        effects = drawn @ square_root(covariance).T
        eta = eta + np.sum(_columns(term, len(eta)) * effects[term.grouping.codes], axis=1)
    return law.family.draw(rng, eta, rows.size)


def square_root(covariance: Matrix) -> Matrix:
    """A matrix R with R R' the covariance, which may be singular."""
    values, vectors = np.linalg.eigh(covariance)
    root: Matrix = vectors * np.sqrt(np.maximum(values, 0.0))
    return root


def _columns(term: Random, count: int) -> Matrix:
    ones = [np.ones(count)] if term.intercept else []
    return np.column_stack([*ones, *(slope.values for slope in term.slopes)])

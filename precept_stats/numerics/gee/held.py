"""Estimating equations with one coefficient held at a value: the fit of a null hypothesis.

The other coefficients and the working correlation are those that solve their own equations. Held at the
estimate, this is the fit itself, so that the score of the coefficient is 0 there and nowhere near.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from precept_stats.numerics.gee.cells import Cells
from precept_stats.numerics.gee.correlation import Independence
from precept_stats.numerics.gee.families import Family
from precept_stats.numerics.gee.fit import GeeModel
from precept_stats.numerics.gee.working import (
    NOT_POSITIVE,
    Inverse,
    Working,
    equations,
    inverse_correlation,
    pair_sums,
    working_at,
)

Vector = NDArray[np.float64]

MAX_ITERATIONS = 100
HALVINGS = 40
TOLERANCE = 1e-10


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """A solution: parameters in the order of the cells, with residuals and the inverse correlation."""

    params: Vector
    state: Working
    inverse: Inverse


def fit_held(cells: Cells, model: GeeModel, start: Vector, at: int) -> Held | None:
    """Solve for all parameters but that at place ``at``, which stays as in ``start`` (p,).

    Both are in the order of the cells. Without correlation first, the deviance falling with every step, then
    with that of the model, estimated by moments. None where there is no solution: means at an end of their
    range, a correlation that is not positive definite, or no rest.
    """
    found = _independent(cells, model.family, start, at)
    if found is None or isinstance(model.correlation, Independence):
        return found
    return _correlated(cells, model, found, at)


def _independent(cells: Cells, family: Family, start: Vector, at: int) -> Held | None:
    inverse = inverse_correlation(cells, Independence(), np.zeros(0))
    now = _point(cells, family, start)
    for _ in range(MAX_ITERATIONS):
        if now is None:
            return None
        step = _step(cells, Held(now.params, now.state, inverse), at)
        now = None if step is None else _lower(cells, family, now, step)
        if now is not None and step is not None and _small(cells, step, now.params):
            away = family.link.runs_away(cells.eta(now.params), _overall(cells))
            return None if away else Held(now.params, now.state, inverse)
    return None


def _correlated(cells: Cells, model: GeeModel, found: Held, at: int) -> Held | None:
    """Steps of the mean and of the correlation in turn, from the solution without one."""
    params, state, alpha = found.params, found.state, np.zeros(0)
    for _ in range(MAX_ITERATIONS):
        before, alpha = alpha, _moments(cells, model, state)
        inverse = inverse_correlation(cells, model.correlation, alpha)
        if not inverse.smallest > NOT_POSITIVE:
            return None
        step = _step(cells, Held(params, state, inverse), at)
        there = None if step is None else working_at(cells, model.family, params + step)
        if step is None or there is None:
            return None
        params, state = params + step, there
        still = len(before) == len(alpha) and bool(np.all(np.abs(alpha - before) <= TOLERANCE))
        if still and _small(cells, step, params):
            return Held(params, state, inverse)
    return None


def _moments(cells: Cells, model: GeeModel, state: Working) -> Vector:
    """Correlations by products of Pearson residuals, over their mean square."""
    pairs, squares = pair_sums(cells, state)
    scale = float(squares.sum()) / float(cells.count.sum())
    return model.correlation.estimate(pairs.products.sum(axis=0) / scale, pairs.pairs.sum(axis=0))


def _step(cells: Cells, now: Held, at: int) -> Vector | None:
    """Fisher's step of all parameters but one; None where their information is singular."""
    found = equations(cells, now.state, now.inverse)
    free = np.arange(len(now.params)) != at
    step = np.zeros_like(now.params)
    try:
        step[free] = np.linalg.solve(found.information[np.ix_(free, free)], found.score[free])
    except np.linalg.LinAlgError:
        return None
    return step if np.all(np.isfinite(step)) else None


def _small(cells: Cells, step: Vector, params: Vector) -> bool:
    eta = cells.eta(params)
    return float(np.max(np.abs(cells.eta(step)))) <= TOLERANCE * (1.0 + float(np.max(np.abs(eta))))


def _overall(cells: Cells) -> float:
    return float(cells.total.sum() / (cells.count * cells.exposure).sum())


@dataclass(frozen=True, slots=True, eq=False)
class _Point:
    """Parameters, with residuals and the deviance there."""

    params: Vector
    state: Working
    deviance: float


def _point(cells: Cells, family: Family, params: Vector) -> _Point | None:
    """None where a mean has no variance."""
    state = working_at(cells, family, params)
    if state is None:
        return None
    count, total = cells.row_weight * cells.count, cells.row_weight * cells.total
    return _Point(params, state, family.variance.deviance(state.mean, count, total))


def _lower(cells: Cells, family: Family, now: _Point, step: Vector) -> _Point | None:
    """The longest halving of a step that does not raise the deviance."""
    limit = now.deviance + 1e-10 * (1.0 + abs(now.deviance))
    for halving in range(HALVINGS):
        there = _point(cells, family, now.params + 0.5**halving * step)
        if there is not None and there.deviance <= limit:
            return there
    return None

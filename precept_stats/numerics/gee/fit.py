"""Solving generalised estimating equations (Liang and Zeger 1986, Biometrika 73:13)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from precept_stats.numerics.gee.cells import Cells, GeeRows, arrange
from precept_stats.numerics.gee.correlation import Correlation, Independence, PairSums
from precept_stats.numerics.gee.families import Family
from precept_stats.numerics.gee.working import (
    NOT_POSITIVE,
    ClusterEquations,
    Inverse,
    Working,
    cluster_equations,
    equations,
    inverse_correlation,
    pair_sums,
    working_at,
)

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Reason = Literal["", "aliased", "means", "separation", "correlation", "no_pairs", "not_settled"]

MAX_ITERATIONS = 200
"""Near an end of the range of the means steps are halved often, and a fit may need more than a hundred."""
LONG = 60
"""After so many steps a linear predictor that is on its way to an infinity is not waited for."""
HALVINGS = 30
TOLERANCE = 1e-10
ROUGH = 1e-3
"""How nearly the start, without correlation, is solved."""
FULL_LEVERAGE = 1e-8
"""An eigenvalue of I - H below this: the cluster fixes a parameter by itself and has no residual there."""
ALIASED = 1e-13
"""A smallest eigenvalue of the information, scaled to a unit diagonal, below which terms repeat others."""


@dataclass(frozen=True, slots=True, eq=False)
class GeeModel:
    """What is fitted. ``bias_corrected`` estimates correlations by matrix-adjusted estimating equations.

    ``held`` are correlation parameters that are given, not estimated.
    """

    family: Family
    correlation: Correlation = Independence()  # noqa: RUF009
    bias_corrected: bool = False
    held: tuple[float, ...] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class GeeFit:
    """The solution, in the order of the columns of X; ``reason`` says why there is none.

    ``params`` (p,), ``bread`` (p, p) the inverse information without the scale, ``clusters`` the equations
    by cluster in that order, ``alpha`` (q,) the correlation parameters with their ``alpha_covariance``,
    ``smallest`` the least eigenvalue of a cluster's correlation. ``scale`` is that of V = scale * A^1/2 R
    A^1/2 / weight: the mean over outcomes of the weight times the squared Pearson residual, of corrected
    residuals where correlations are estimated from these.
    """

    params: Vector
    bread: Matrix
    clusters: ClusterEquations
    scale: float
    alpha: Vector
    alpha_covariance: Matrix
    smallest: float
    iterations: int
    reason: Reason
    direction: Vector
    model: GeeModel
    cells: Cells
    state: Working
    inverse: Inverse

    @property
    def alpha_errors(self) -> Vector:
        """Standard errors of the correlation parameters (q,)."""
        return np.sqrt(np.diag(self.alpha_covariance))

    @property
    def n_outcomes(self) -> float:
        return float(self.cells.count.sum())


@dataclass(frozen=True, slots=True, eq=False)
class _Now:
    """Where the iterations stand; parameters are in the order of the cells."""

    params: Vector
    alpha: Vector
    inverse: Inverse
    state: Working
    step: Vector
    iterations: int
    reason: Reason


def fit_gee(rows: GeeRows, model: GeeModel) -> GeeFit:
    """Solve for the mean and the correlation in turn until neither moves."""
    if not model.correlation.by_period:
        rows = replace(rows, period=np.zeros_like(rows.period))
    cells = arrange(rows)
    now = _independent(cells, model.family)
    if not now.reason and not isinstance(model.correlation, Independence):
        now = _correlated(cells, model, now)
    elif not now.reason:
        now = _settled(cells, model, now)
    if now.reason in ("", "not_settled"):
        now = replace(now, reason=_judged(cells, model.family, now))
    return _record(cells, model, now)


def _judged(cells: Cells, family: Family, now: _Now) -> Reason:
    """What came of it: no solution has a mean at an end of its range, and separation has no solution."""
    if now.reason and family.link.runs_away(cells.eta(now.params), _overall(cells)):
        return "separation"
    mean = now.state.mean / cells.exposure
    at_edge = family.variance.at_edge(mean, _overall(cells), family.link.reaches)
    return "not_settled" if at_edge else now.reason


def _overall(cells: Cells) -> float:
    return float(cells.total.sum() / (cells.count * cells.exposure).sum())


def _start(cells: Cells, family: Family) -> Vector:
    """Parameters that give every outcome the overall mean, as nearly as the columns can."""
    level = family.link.linear(_overall(cells))
    target = cells.segment_products(cells.count * level).sum(axis=0)
    return _solved(cells.gram(cells.count), target)


def _solved(information: Matrix, score: Vector) -> Vector:
    """The step; not a number where the information is singular."""
    length = np.sqrt(np.diag(information))
    length = np.where(length > 0.0, length, 1.0)
    try:
        step: Vector = np.linalg.solve(information / np.outer(length, length), score / length) / length
    except np.linalg.LinAlgError:
        return np.full_like(score, np.nan)
    return step


def _repeats(information: Matrix) -> bool:
    """Whether a column is a combination of others."""
    length = np.sqrt(np.diag(information))
    if not np.all(length > 0.0):
        return True
    scaled = information / np.outer(length, length)
    return not np.linalg.eigvalsh(scaled)[0] > ALIASED * len(length)


def _independent(cells: Cells, family: Family) -> _Now:
    """Fisher scoring on the quasi-likelihood of independent outcomes, roughly."""
    nothing = np.zeros(cells.n_parameters)
    inverse = inverse_correlation(cells, Independence(), nothing[:0])
    empty = Working(*(np.ones_like(cells.count),) * 5)
    if _repeats(cells.gram(cells.count)):
        return _Now(nothing, nothing[:0], inverse, empty, nothing, 0, "aliased")
    params = _start(cells, family)
    state = working_at(cells, family, params)
    if state is None:
        return _Now(params, nothing[:0], inverse, empty, nothing, 0, "means")
    step, deviance = nothing, _deviance(cells, family, state)
    for iteration in range(1, MAX_ITERATIONS + 1):
        found = equations(cells, state, inverse)
        step = _solved(found.information, found.score)
        moved = _downhill(cells, family, params, step, deviance)
        if moved is None:
            return _Now(params, nothing[:0], inverse, state, step, iteration, "not_settled")
        params, state, deviance, taken = moved
        if iteration >= LONG and family.link.runs_away(cells.eta(params), _overall(cells)):
            return _Now(params, nothing[:0], inverse, state, step, iteration, "not_settled")
        if taken == 1.0 and _small(cells, step, params, ROUGH):
            return _Now(params, nothing[:0], inverse, state, step, iteration, "")
    return _Now(params, nothing[:0], inverse, state, step, MAX_ITERATIONS, "not_settled")


def _deviance(cells: Cells, family: Family, state: Working) -> float:
    weight = cells.row_weight
    return family.variance.deviance(state.mean, weight * cells.count, weight * cells.total)


def _downhill(
    cells: Cells, family: Family, params: Vector, step: Vector, deviance: float
) -> tuple[Vector, Working, float, float] | None:
    """The longest halving of the step that keeps the means allowed and does not raise the deviance."""
    limit = deviance + 1e-10 * (1.0 + abs(deviance))
    for halving in range(HALVINGS):
        share = 0.5**halving
        candidate = params + share * step
        there = working_at(cells, family, candidate)
        if there is not None:
            value = _deviance(cells, family, there)
            if value <= limit:
                return candidate, there, value, share
    return None


def _small(cells: Cells, step: Vector, params: Vector, tolerance: float) -> bool:
    moved = float(np.max(np.abs(cells.eta(step))))
    return moved <= tolerance or moved <= tolerance * (1.0 + float(np.max(np.abs(cells.eta(params)))))


def _settled(cells: Cells, model: GeeModel, now: _Now) -> _Now:
    """The last steps without correlation."""
    return _iterate(cells, model, now)


def _correlated(cells: Cells, model: GeeModel, now: _Now) -> _Now:
    """Steps of the mean and of the correlation in turn."""
    if model.held is None and not _has_pairs(cells, model, now.state):
        return replace(now, reason="no_pairs")
    return _iterate(cells, model, now)


def _has_pairs(cells: Cells, model: GeeModel, state: Working) -> bool:
    pairs = pair_sums(cells, state)[0].pairs.sum(axis=0)
    return bool(pairs[0] > 0 and (not model.correlation.by_period or pairs[1:].sum() > 0))


def _iterate(cells: Cells, model: GeeModel, now: _Now) -> _Now:
    params, state, inverse, step = now.params, now.state, now.inverse, now.step
    alpha = now.alpha
    for iteration in range(now.iterations + 1, now.iterations + MAX_ITERATIONS + 1):
        before = alpha
        alpha = _alpha(cells, model, state, inverse)
        inverse = inverse_correlation(cells, model.correlation, alpha)
        if not inverse.smallest > NOT_POSITIVE:
            return _Now(params, alpha, inverse, state, step, iteration, "correlation")
        found = equations(cells, state, inverse)
        step = _solved(found.information, found.score)
        moved = _allowed(cells, model.family, params, step)
        if moved is None:
            return _Now(params, alpha, inverse, state, step, iteration, "not_settled")
        params, state = moved
        taken = iteration - now.iterations
        if taken >= LONG and model.family.link.runs_away(cells.eta(params), _overall(cells)):
            return _Now(params, alpha, inverse, state, step, iteration, "not_settled")
        still = len(before) == len(alpha) and bool(np.all(np.abs(alpha - before) <= TOLERANCE))
        if still and _small(cells, step, params, TOLERANCE):
            return _Now(params, alpha, inverse, state, step, iteration, "")
    return _Now(params, alpha, inverse, state, step, now.iterations + MAX_ITERATIONS, "not_settled")


def _allowed(cells: Cells, family: Family, params: Vector, step: Vector) -> tuple[Vector, Working] | None:
    """The longest halving of the step for which every mean has a variance."""
    for halving in range(HALVINGS):
        candidate = params + 0.5**halving * step
        there = working_at(cells, family, candidate)
        if there is not None:
            return candidate, there
    return None


def _alpha(cells: Cells, model: GeeModel, state: Working, inverse: Inverse) -> Vector:
    if model.held is not None:
        return np.array(model.held)
    if isinstance(model.correlation, Independence):
        return np.zeros(0)
    pairs, squares = _pairs(cells, model, state, inverse)
    scale = float(squares.sum()) / float(cells.count.sum())
    return model.correlation.estimate(pairs.products.sum(axis=0) / scale, pairs.pairs.sum(axis=0))


def _pairs(cells: Cells, model: GeeModel, state: Working, inverse: Inverse) -> tuple[PairSums, Vector]:
    """Sums over pairs and of squares, with corrected residuals where the model asks for them."""
    if not model.bias_corrected:
        return pair_sums(cells, state)
    clusters = cluster_equations(cells, state, inverse)
    root = np.linalg.cholesky(_inverse(clusters.information.sum(axis=0)))
    leverage, vectors = np.linalg.eigh(root.T @ clusters.information @ root)
    slack = 1.0 - leverage
    lift = np.where(slack > FULL_LEVERAGE, 1.0 / np.maximum(slack, FULL_LEVERAGE), 0.0)
    turned = np.einsum("kab,ka->kb", vectors, clusters.score @ root)
    return pair_sums(cells, state, np.einsum("kab,kb->ka", vectors, lift * turned) @ root.T)


def _record(cells: Cells, model: GeeModel, now: _Now) -> GeeFit:
    place = np.argsort(cells.columns)
    p, K = cells.n_parameters, cells.n_clusters
    if now.reason:
        clusters = ClusterEquations(np.zeros((K, p, p)), np.zeros((K, p)))
        bread, scale = np.full((p, p), np.nan), np.nan
        spread = np.full((len(now.alpha),) * 2, np.nan)
    else:
        found = cluster_equations(cells, now.state, now.inverse)
        information = found.information[:, place][:, :, place]
        clusters = ClusterEquations(information, found.score[:, place])
        bread = _inverse(information.sum(axis=0))
        scale, spread = _alpha_covariance(cells, model, now)
    return GeeFit(
        params=now.params[place],
        bread=bread,
        clusters=clusters,
        scale=scale,
        alpha=now.alpha,
        alpha_covariance=spread,
        smallest=now.inverse.smallest,
        iterations=now.iterations,
        reason=now.reason,
        direction=now.step[place],
        model=model,
        cells=cells,
        state=now.state,
        inverse=now.inverse,
    )


def _inverse(information: Matrix) -> Matrix:
    length = np.sqrt(np.diag(information))
    inverse: Matrix = np.linalg.inv(information / np.outer(length, length)) / np.outer(length, length)
    return 0.5 * (inverse + inverse.T)


def _alpha_covariance(cells: Cells, model: GeeModel, now: _Now) -> tuple[float, Matrix]:
    """The scale, and the sandwich covariance of the correlations, the mean square and mean taken as known."""
    pairs, squares = _pairs(cells, model, now.state, now.inverse)
    outcomes = float(cells.count.sum())
    scale, mean_square = float(cells.weight @ squares) / outcomes, float(squares.sum()) / outcomes
    lags = pairs.pairs.shape[1]
    slopes = model.correlation.slopes(now.alpha, lags)
    if model.held is not None or not slopes.shape[1]:
        return scale, np.full((slopes.shape[1],) * 2, np.nan)
    left = pairs.products / mean_square - pairs.pairs * model.correlation.at_lag(now.alpha, lags)
    scores = left @ slopes
    bread = np.linalg.pinv(slopes.T @ (pairs.pairs.sum(axis=0)[:, None] * slopes))
    return scale, bread @ scores.T @ scores @ bread

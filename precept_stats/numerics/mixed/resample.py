"""Outcomes simulated from a fitted linear mixed model, and refits that touch cross-products only."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from precept_stats.errors import FitError
from precept_stats.numerics.mixed.criterion import Problem, evaluate
from precept_stats.numerics.mixed.fit import MixedFit
from precept_stats.numerics.mixed.model import Category, Ints, Matrix, MixedModel, Numeric, Random, Vector
from precept_stats.numerics.mixed.optimise import minimise
from precept_stats.numerics.mixed.statistics import Statistics, factors
from precept_stats.numerics.mixed.system import System


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """A simulated outcome less its expectation, (n,), and the ``within`` that goes with it (``Rows``)."""

    residual: Vector
    within: float


@dataclass(frozen=True, slots=True, eq=False)
class Refitted:
    """A refit: parameters, their plain covariance, covariances of random effects, residual variance."""

    params: Vector
    covariance: Matrix
    components: Vector
    sigma2: float
    deviance: float
    boundary: bool


@dataclass(frozen=True, slots=True, eq=False)
class _Factor:
    """One grouping factor: codes, and the columns (q, n) that its random effects are multiplied by."""

    codes: Ints
    columns: Matrix


@dataclass(frozen=True, slots=True, eq=False)
class Resampler:
    """A fitted model ready to be simulated from and refitted by the same criterion.

    ``X`` (n, p) are the columns on which the fit was made, ``precision`` (n,) weights times repeats.
    """

    fit: MixedFit
    X: Matrix
    precision: Vector
    hidden: float
    factors: tuple[_Factor, ...]

    def simulate(self, rng: np.random.Generator) -> Outcome:
        """Random effects and residuals as the fit has them; always as many draws, in the same order."""
        structure, sigma = self.fit.problem.system.structure, float(np.sqrt(self.fit.sigma2))
        residual = sigma * rng.standard_normal(len(self.precision)) / np.sqrt(self.precision)
        within = self.fit.sigma2 * float(rng.chisquare(self.hidden)) if self.hidden > 0.0 else 0.0
        triangles = structure.triangles(self.fit.theta)
        for factor, levels, root in zip(self.factors, structure.levels, triangles, strict=True):
            effects = sigma * rng.standard_normal((levels, len(root))) @ root.T
            residual += np.einsum("nq,qn->n", effects[factor.codes], factor.columns)
        return Outcome(residual, within)

    def refit(self, outcome: Outcome) -> Refitted:
        """The model fitted to a simulated outcome. FitError when the likelihood could not be maximised."""
        system = _with_outcome(self.fit.problem.system, self._statistics(outcome))
        problem, kept = Problem(system, self.fit.problem.reml, self.fit.problem.scale), system.structure
        near = np.where(kept.diagonal & (self.fit.theta < 0.05), 0.05, self.fit.theta)
        small = np.where(kept.diagonal, 0.3, 0.0)
        with np.errstate(all="ignore"):
            found = minimise(lambda theta: evaluate(problem, theta), (near, small), kept.diagonal)
        if not found.converged:
            raise FitError("the likelihood could not be maximised", found=f"{found.evaluations} evaluations")
        point, statistics = found.point, system.statistics
        sigma2 = problem.scale if problem.scale is not None else point.ss / problem.df
        return Refitted(
            params=statistics.restore @ point.beta + statistics.start,
            covariance=sigma2 * statistics.restore @ point.phi @ statistics.restore.T,
            components=sigma2 * kept.gamma(point.theta),
            sigma2=sigma2,
            deviance=point.value,
            boundary=bool(np.any(kept.diagonal & (point.theta == 0.0))),
        )

    def _statistics(self, outcome: Outcome) -> Statistics:
        """The cross-products with another outcome, whose parameters are counted from those of the fit."""
        known, weighted = self.fit.problem.system.statistics, self.precision * outcome.residual
        YY = known.YY.copy()
        YY[:-1, -1] = YY[-1, :-1] = self.X.T @ weighted
        YY[-1, -1] = outcome.residual @ weighted + outcome.within
        ZY = []
        for factor, products in zip(self.factors, known.ZY, strict=True):
            changed = products.copy()
            for place, column in enumerate(factor.columns):
                changed[:, place, -1] = np.bincount(factor.codes, column * weighted, minlength=len(products))
            ZY.append(changed)
        return replace(known, YY=YY, ZY=tuple(ZY), start=self.fit.params)


def resampler(model: MixedModel, fit: MixedFit) -> Resampler:
    """Prepare a model and its fit; ``within`` of grouped rows is simulated as chi-squared."""
    rows, n = model.rows, len(model.rows.y)
    precision = np.ones(n) if rows.weights is None else rows.weights
    hidden = 0.0
    if rows.repeats is not None:
        precision, hidden = precision * rows.repeats, float(np.sum(rows.repeats - 1.0))
    found = tuple(
        _Factor(
            group.codes, np.vstack([_columns(term, n) for term in model.random if term.grouping is group])
        )
        for group in factors(model)
    )
    columns = dense_columns(model) @ fit.problem.system.statistics.restore
    return Resampler(fit, columns, precision, hidden, found)


def _columns(term: Random, n: int) -> Matrix:
    ones = [np.ones(n)] if term.intercept else []
    return np.vstack([*ones, *(slope.values for slope in term.slopes)])


def dense_columns(model: MixedModel) -> Matrix:
    """The fixed columns of a model as they are asked for, (n, p)."""
    columns = [np.ones(len(model.rows.y))] if model.fixed.intercept else []
    for term in model.fixed.terms:
        columns += [term.values] if isinstance(term, Numeric) else _indicators(term)
    return np.column_stack(columns)


def _indicators(term: Category) -> list[Vector]:
    return [(term.codes == level).astype(np.float64) for level in range(1, len(term.levels))]


def _with_outcome(system: System, statistics: Statistics) -> System:
    """The same system for the same columns and another outcome."""
    if len(system.structure.widths) == 1:
        return replace(system, statistics=statistics, ZY=statistics.ZY[0])
    layout, width = system.layout, statistics.p + 1
    ZY = np.zeros((layout.flat, width))
    for f, places in layout.places.items():
        ZY[places.ravel()] = statistics.ZY[f].reshape(-1, width)
    first = system.first
    if first is not None:
        first = replace(first, ZY=statistics.ZY[first.factor][:, 0])
    return replace(system, statistics=statistics, ZY=ZY.reshape(layout.blocks, layout.m, width), first=first)

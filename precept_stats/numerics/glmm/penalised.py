"""Where to start, and the model without a random effect, both by iterated weighted least squares."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from precept_stats.numerics.glmm.families import Family
from precept_stats.numerics.glmm.layout import Block, Layout
from precept_stats.numerics.glmm.newton import uphill

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

START_ITERATIONS = 6
CLOSE_ENOUGH = 0.02
"""The start is left for Newton's method when no parameter moves by more, in its standard errors."""


@dataclass(frozen=True, slots=True, eq=False)
class Start:
    """Parameters theta (p + 1,) and random effects (K,) to start from."""

    theta: Vector
    modes: Vector


def start(layout: Layout, family: Family, sigma: float) -> Start:
    """Joint penalised weighted least squares for (beta, u), sigma moved by the EM step after each.

    The fixed effects alone are what lme4 calls nAGQ = 0, a start and no estimate.
    """
    etas = [family.start(block.y, block.size) for block in layout]
    params = np.zeros(layout.blocks[0].coarse.shape[1] + layout.blocks[0].fine.shape[1])
    modes = np.zeros(layout.n_clusters)
    for _ in range(START_ITERATIONS):
        system = _System.of(layout, family, etas, sigma)
        new = system.solve()
        moved = float(np.sqrt(np.max((new - params) ** 2 * np.diag(system.gram))))
        params, modes = new, system.modes(new)
        sigma = float(np.sqrt(np.mean(modes**2 + 1.0 / system.curvature)))
        etas = [b.fixed_part(params) + b.spread(modes[b.clusters]) for b in layout]
        if moved < CLOSE_ENOUGH:
            break
    return Start(np.append(params, np.log(sigma)), modes)


@dataclass(frozen=True, slots=True, eq=False)
class _System:
    """The normal equations of one step, the random effects taken out (Schur complement)."""

    gram: Matrix
    right: Vector
    products: Matrix
    curvature: Vector
    totals: Vector

    @classmethod
    def of(cls, layout: Layout, family: Family, etas: list[Vector], sigma: float) -> _System:
        parts = [_pieces(block, family, eta) for block, eta in zip(layout, etas, strict=True)]
        gram, right = sum(part[0] for part in parts), sum(part[1] for part in parts)
        products, weights, totals = (np.concatenate([part[i] for part in parts]) for i in (2, 3, 4))
        curvature = weights + sigma**-2
        gram = gram - products.T @ (products / curvature[:, None])
        right = right - products.T @ (totals / curvature)
        return cls(gram, right, products, curvature, totals)

    def solve(self) -> Vector:
        scale = 1.0 / np.sqrt(np.maximum(np.diag(self.gram), np.finfo(float).tiny))
        ridged = self.gram * np.outer(scale, scale) + 1e-10 * np.eye(len(scale))
        solution: Vector = scale * linalg.solve(ridged, scale * self.right, assume_a="sym")
        return solution

    def modes(self, params: Vector) -> Vector:
        return (self.totals - self.products @ params) / self.curvature


def _pieces(block: Block, family: Family, eta: Vector) -> tuple[Matrix, Vector, Matrix, Vector, Vector]:
    _, first, second = family.curve(eta, block.y, block.size)
    weights = np.maximum(-second, 1e-10 * block.size)
    response = weights * eta + first
    return (
        block.gram(weights),
        block.products(response).sum(axis=0),
        block.products(weights),
        block.by_cluster(weights),
        block.by_cluster(response),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Unclustered:
    """The maximum likelihood fit with sigma = 0, and whether the likelihood rises from there.

    ``score`` is the derivative of the log-likelihood in sigma^2 at 0; negative means that 0 is a maximum.
    """

    params: Vector
    value: float
    gradient: Vector
    information: Matrix
    score: float

    @property
    def step(self) -> Vector:
        """Newton's next step."""
        return uphill(self.gradient, self.information)


def unclustered(layout: Layout, family: Family, params: Vector) -> Unclustered:
    """Newton's method for the model without a random effect, from ``params``, steps halved as needed."""
    found = _at_zero(layout, family, params)
    for _ in range(50):
        step = found.step
        if float(found.gradient @ step) < 1e-18:
            break
        better = next(
            (
                other
                for halving in range(20)
                if (other := _at_zero(layout, family, found.params + 0.5**halving * step)).value
                >= found.value - 1e-12 * abs(found.value)
            ),
            None,
        )
        if better is None:
            break
        found = better
    return found


def _at_zero(layout: Layout, family: Family, params: Vector) -> Unclustered:
    value, gradient, score = 0.0, np.zeros_like(params), 0.0
    information = np.zeros((len(params), len(params)))
    for block in layout:
        l0, l1, l2 = family.curve(block.fixed_part(params), block.y, block.size)
        value += float(l0.sum())
        gradient += block.products(l1).sum(axis=0)
        information -= block.gram(l2)
        score += 0.5 * float(np.sum(block.by_cluster(l1) ** 2) + l2.sum())
    return Unclustered(params, value, gradient, information, score)

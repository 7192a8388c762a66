"""Inverse roots by shifted solves, with sums over the rows of clusters and small matrices alone.

B = F' (V - D M D') F, with F = S R^1/2, is a diagonal matrix plus U K U', where the columns of U are Z, v Z,
v^2 Z and q x, v the variances and q x those of S D. B^-1/2 is a sum of shares times (B + t)^-1 (Hale, Higham
and Trefethen 2008, SIAM J Numer Anal 46:2505), and each of these follows from U' (diagonal + t)^-1 U by
Woodbury's identity; such products are sums over rows of functions of v times columns of X.

Arrays have the clusters of a batch first (k), then the shifts (N).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from precept_stats.numerics.gee.batch import Batch, Moments

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Stack = NDArray[np.float64]

ACCURACY = 1e-11
"""Relative error of the rational approximation."""


def shifted_inverses(lowest: Vector, highest: Vector) -> tuple[Matrix, Matrix]:
    """Shifts t and shares c (k, N) with x^-1/2 = sum of c / (x + t) for x from ``lowest`` to ``highest``."""
    ratio = (lowest / highest)[:, None]
    number = int(np.ceil((3.0 - np.log(ratio.min())) * -np.log(ACCURACY) / (2.0 * np.pi**2))) + 1
    period = special.ellipkm1(ratio)
    sn, cn, dn, _ = special.ellipj((np.arange(number) + 0.5) * period / number, 1.0 - ratio)
    shares = (2.0 / np.pi) * np.sqrt(lowest)[:, None] * (period / number) * dn / cn**2
    return lowest[:, None] * (sn / cn) ** 2, shares


@dataclass(frozen=True, slots=True, eq=False)
class _Sides:
    """What B^-1/2 stands between: F' D = U @ onto, F^-1 D = a x / rest + Z @ c, F' e = rest * e2 + Z @ d.

    ``a`` (g,) is many * slope, so that q = a v; ``e2`` (g,) is S e. ``levels`` (k, 3, T) are sums of
    h^2 v^m, m = 0, 1, 2.
    """

    a: Vector
    e2: Vector
    onto: Stack
    c: Stack
    d: Matrix
    levels: Stack


POWERS, RESIDUALS = slice(0, 5), slice(5, 8)
"""Levels with a diagonal: of h^2 v^m, m = 0 to 4, and of h e2 v^m, m = 0 to 2."""
TOWARDS, DIRECT = 4, 5
"""Products with a diagonal: four of h a v^m x, m = 0 to 3, then those of a e2 v x and of a e2 x."""


def by_shifts(batch: Batch, bounds: tuple[Vector, Vector]) -> Stack:
    """[F' e, F' D]' B^-1/2 F^-1 D (k, 1 + p, p); ``bounds`` are those of the eigenvalues of B (k,)."""
    shifts, shares = shifted_inverses(*bounds)
    base = (batch.R.rest**2 * batch.variance) ** 2
    sides = _sides(batch)
    found = _weighted(batch, sides, 1.0 / (base + batch.of_rows(shifts.T)))
    G, H, K = _assembled(found), _targets(batch.R.rest, sides, found), _inner(batch, sides)[:, None]
    solved = np.linalg.solve(np.eye(K.shape[-1]) + G @ K, H)
    direct, seen = _residual_sides(batch, sides, shares, found)
    pulled = (shares[:, :, None] * (seen[:, :, None, :] @ K)[:, :, 0])[:, :, None, :] @ solved
    kept = np.einsum("kn,knrp->krp", shares, solved)
    across = direct - pulled[:, :, 0].sum(axis=1)
    return np.concatenate([across[:, None], np.swapaxes(sides.onto, 1, 2) @ kept], axis=1)


def _sides(batch: Batch) -> _Sides:
    R, h, v = batch.R, batch.many, batch.variance
    a, e2 = h * batch.slope, v * batch.residual / h
    powers = v ** np.arange(3)[:, None]
    found = batch.moments(
        np.ones((1, len(h))), (np.vstack([powers * h**2, h * e2]), powers[:2] * (h * a), powers[:0])
    )
    plain, varied, levels = found.products[:, 0, 0], found.products[:, 0, 1], found.levels[:, 0]
    k, T, p = plain.shape
    people = np.broadcast_to(R.rest * np.eye(p), (k, p, p))
    return _Sides(
        a=a,
        e2=e2,
        onto=np.concatenate([R.L @ varied, np.zeros((k, 2 * T, p)), people], axis=1),
        c=R.J @ plain,
        d=(R.L @ levels[:, 3, :, None])[:, :, 0],
        levels=levels[:, :3],
    )


def _weighted(batch: Batch, sides: _Sides, diagonal: Matrix) -> Moments:
    """Sums with each diagonal (N, g), as ``POWERS`` and what follows say; grams of a^2 v^m x x', m = 1, 2."""
    h, v, a, e2 = batch.many, batch.variance, sides.a, sides.e2
    powers = v ** np.arange(5)[:, None]
    levels = np.vstack([powers * h**2, powers[:3] * (h * e2)])
    products = np.vstack([powers[:4] * (h * a), a * e2 * v, a * e2])
    return batch.moments(diagonal, (levels, products, powers[1:3] * a**2))


def _assembled(found: Moments) -> Stack:
    """U' diagonal U (k, N, r, r)."""
    k, N, _, T, p = found.products.shape
    out = np.zeros((k, N, 3 * T + p, 3 * T + p))
    at = np.arange(T)
    for i in range(3):
        for j in range(3):
            out[:, :, i * T + at, j * T + at] = found.levels[:, :, i + j]
    across = found.products[:, :, 1:4].reshape(k, N, 3 * T, p)
    out[:, :, : 3 * T, 3 * T :] = across
    out[:, :, 3 * T :, : 3 * T] = np.swapaxes(across, 2, 3)
    out[:, :, 3 * T :, 3 * T :] = found.grams[:, :, 1]
    return out


def _targets(rest: float, sides: _Sides, found: Moments) -> Stack:
    """U' diagonal F^-1 D (k, N, r, p)."""
    k, N, _, T, p = found.products.shape
    c = sides.c[:, None]
    periods = found.products[:, :, :3] / rest + found.levels[:, :, :3, :, None] * c[:, :, None]
    people = found.grams[:, :, 0] / rest + np.swapaxes(found.products[:, :, 1], 2, 3) @ c
    return np.concatenate([periods.reshape(k, N, 3 * T, p), people], axis=2)


def _inner(batch: Batch, sides: _Sides) -> Stack:
    """K (k, r, r): of Q^2 - F' D M D' F but for the diagonal; Q = rest^2 v + P N P' and P = [Z, v Z]."""
    R, onto = batch.R, sides.onto
    k, T = R.counts.shape
    N, PP = np.zeros((2, k, 2 * T, 2 * T))
    N[:, :T, :T] = R.L @ (sides.levels[:, 1, :, None] * R.L)
    N[:, :T, T:] = N[:, T:, :T] = R.rest * R.L
    at = np.arange(T)
    for i in range(2):
        for j in range(2):
            PP[:, i * T + at, j * T + at] = sides.levels[:, i + j]
    out = -onto @ batch.bread @ np.swapaxes(onto, 1, 2)
    out[:, : 2 * T, : 2 * T] += N @ PP @ N
    crossed = R.rest**2 * N
    out[:, T : 3 * T, : 2 * T] += crossed
    out[:, : 2 * T, T : 3 * T] += crossed
    return out


def _residual_sides(batch: Batch, sides: _Sides, shares: Matrix, found: Moments) -> tuple[Matrix, Stack]:
    """(F' e)' of the shares of the diagonals, F^-1 D (k, p), and U' diagonal F' e (k, N, r)."""
    rest, (k, N) = batch.R.rest, shares.shape
    periods = rest * found.levels[:, :, RESIDUALS] + found.levels[:, :, :3] * sides.d[:, None, None]
    shared = np.swapaxes(found.products[:, :, 1], 2, 3) @ sides.d[:, None, :, None]
    seen = rest * found.products[:, :, TOWARDS].sum(axis=2) + shared[..., 0]
    direct = np.einsum("kn,kntp->kp", shares, found.products[:, :, DIRECT])
    direct += np.einsum("kn,kntp,kt->kp", shares, found.products[:, :, 0], sides.d) / rest
    direct += np.einsum("kn,knt,ktp->kp", shares, periods[:, :, 0], sides.c)
    return direct, np.concatenate([periods.reshape(k, N, -1), seen], axis=2)

"""Inverse roots by shifted solves, with sums over the rows of a cluster and small matrices alone.

B = F' (V - D M D') F, with F = S R^1/2, is a diagonal matrix plus U K U', where the columns of U are Z, v Z,
v^2 Z and q x, v the variances and q x those of S D. B^-1/2 is a sum of shares times (B + t)^-1 (Hale, Higham
and Trefethen 2008, SIAM J Numer Anal 46:2505), and each of these follows from U' (diagonal + t)^-1 U by
Woodbury's identity; such products are sums over rows of functions of v times columns of X.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from precept_stats.numerics.gee.cluster import Cluster

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Stack = NDArray[np.float64]

ACCURACY = 1e-11
"""Relative error of the rational approximation."""


def shifted_inverses(lowest: float, highest: float) -> tuple[Vector, Vector]:
    """Shifts t and shares c with x^-1/2 = sum of c / (x + t) for x from ``lowest`` to ``highest``."""
    ratio = lowest / highest
    number = int(np.ceil((3.0 - np.log(ratio)) * -np.log(ACCURACY) / (2.0 * np.pi**2))) + 1
    period = float(special.ellipkm1(ratio))
    sn, cn, dn, _ = special.ellipj((np.arange(number) + 0.5) * period / number, 1.0 - ratio)
    shares = (2.0 / np.pi) * np.sqrt(lowest) * (period / number) * dn / cn**2
    return lowest * (sn / cn) ** 2, shares


@dataclass(frozen=True, slots=True, eq=False)
class _Sides:
    """What B^-1/2 stands between: F' D = U @ onto, F^-1 D = a x / rest + Z @ c, F' e = rest * e2 + Z @ d.

    ``a`` (g,) is many * slope, so that q = a v; ``e2`` (g,) is S e.
    """

    a: Vector
    e2: Vector
    onto: Matrix
    c: Matrix
    d: Vector


def by_shifts(cluster: Cluster, bounds: tuple[float, float]) -> tuple[Matrix, Matrix]:
    """[F' e, F' D]' B^-1/2 F^-1 D (1 + p, p) and (F^-1 D)' F^-1 D (p, p); bounds of the eigenvalues of B."""
    shifts, shares = shifted_inverses(*bounds)
    diagonal = 1.0 / ((cluster.R.rest**2 * cluster.variance) ** 2 + shifts[:, None])
    sides = _sides(cluster)
    sums, products, grams = _weighted(cluster, sides.a, diagonal)
    G = _assembled(sums, products, grams[:, 1])
    H = _targets(cluster.R.rest, sides, (sums, products, grams[:, 0]))
    K = _inner(cluster, sides.onto)
    solved = np.linalg.solve(np.eye(len(K)) + G @ K, H)
    direct, seen = _residual_sides(cluster, sides, diagonal, shares, (sums, products))
    across = direct - np.tensordot(shares[:, None] * (seen @ K), solved, axes=([0, 1], [0, 1]))
    return np.vstack([across, sides.onto.T @ np.tensordot(shares, solved, axes=1)]), _own(cluster, sides)


def _sides(cluster: Cluster) -> _Sides:
    rows, R, h, v = cluster.rows, cluster.R, cluster.many, cluster.variance
    a, e2 = h * cluster.slope, v * cluster.residual / h
    plain, varied = rows.products(np.stack([h * a, h * a * v]))
    T, p = plain.shape
    onto = np.vstack([R.L @ varied, np.zeros((2 * T, p)), R.rest * np.eye(p)])
    return _Sides(a, e2, onto, R.J @ plain, R.L @ rows.sums((h * e2)[None])[0])


def _weighted(cluster: Cluster, a: Vector, diagonal: Matrix) -> tuple[Stack, Stack, Stack]:
    """Sums of h^2 v^k (N, 5, T), h a v^k x (N, 4, T, p) and of a^2 v^k x x', k = 1, 2, (N, 2, p, p)."""
    rows, h, v = cluster.rows, cluster.many, cluster.variance
    N, g = diagonal.shape
    powers = v ** np.arange(5)[:, None]
    at = diagonal[:, None, :] * powers
    sums = rows.sums((at * h**2).reshape(-1, g)).reshape(N, 5, -1)
    products = rows.products((at[:, :4] * (h * a)).reshape(-1, g))
    grams = rows.grams((at[:, 1:3] * a**2).reshape(-1, g))
    return sums, products.reshape(N, 4, *products.shape[1:]), grams.reshape(N, 2, *grams.shape[1:])


def _assembled(sums: Stack, products: Stack, gram: Stack) -> Stack:
    """U' diagonal U (N, r, r)."""
    N, _, T, p = products.shape
    out = np.zeros((N, 3 * T + p, 3 * T + p))
    at = np.arange(T)
    for k in range(3):
        for m in range(3):
            out[:, k * T + at, m * T + at] = sums[:, k + m]
        out[:, k * T : (k + 1) * T, 3 * T :] = products[:, k + 1]
        out[:, 3 * T :, k * T : (k + 1) * T] = np.swapaxes(products[:, k + 1], 1, 2)
    out[:, 3 * T :, 3 * T :] = gram
    return out


def _targets(rest: float, sides: _Sides, weighted: tuple[Stack, Stack, Stack]) -> Stack:
    """U' diagonal F^-1 D (N, r, p)."""
    sums, products, gram = weighted
    N, _, T, p = products.shape
    periods = products[:, :3] / rest + sums[:, :3, :, None] * sides.c
    people = gram / rest + np.swapaxes(products[:, 1], 1, 2) @ sides.c
    return np.concatenate([periods.reshape(N, 3 * T, p), people], axis=1)


def _inner(cluster: Cluster, onto: Matrix) -> Matrix:
    """K (r, r): of Q^2 - F' D M D' F but for the diagonal, Q = F' F = rest^2 v + P N P' and P = [Z, v Z]."""
    R, h, v = cluster.R, cluster.many, cluster.variance
    T = len(R.counts)
    levels = cluster.rows.sums(h**2 * v ** np.arange(3)[:, None])
    N = np.block([[R.L @ (levels[1][:, None] * R.L), R.rest * R.L], [R.rest * R.L, np.zeros((T, T))]])
    PP = np.block([[np.diag(levels[0]), np.diag(levels[1])], [np.diag(levels[1]), np.diag(levels[2])]])
    out = -onto @ cluster.bread @ onto.T
    out[: 2 * T, : 2 * T] += N @ PP @ N
    crossed = R.rest**2 * N
    out[T : 3 * T, : 2 * T] += crossed
    out[: 2 * T, T : 3 * T] += crossed
    return out


def _residual_sides(
    cluster: Cluster, sides: _Sides, diagonal: Matrix, shares: Vector, weighted: tuple[Stack, Stack]
) -> tuple[Vector, Matrix]:
    """(F' e)' of the shares of the diagonals, F^-1 D (p,), and U' diagonal F' e (N, r)."""
    rows, rest, h = cluster.rows, cluster.R.rest, cluster.many
    sums, products = weighted
    N, g = diagonal.shape
    powers = cluster.variance ** np.arange(3)[:, None]
    by_segment = rows.sums((diagonal[:, None, :] * (powers * h * sides.e2)).reshape(-1, g)).reshape(N, 3, -1)
    periods = rest * by_segment + sums[:, :3] * sides.d
    towards = sides.a * sides.e2 * np.vstack([diagonal * cluster.variance, shares @ diagonal])
    people = rows.products(towards).sum(axis=1)
    seen = rest * people[:-1] + np.swapaxes(products[:, 1], 1, 2) @ sides.d
    plain = np.tensordot(shares, products[:, 0], axes=1)
    direct = people[-1] + plain.T @ sides.d / rest + sides.c.T @ (shares @ periods[:, 0])
    return direct, np.hstack([periods.reshape(N, -1), seen])


def _own(cluster: Cluster, sides: _Sides) -> Matrix:
    """(F^-1 D)' F^-1 D (p, p), but for the weight."""
    rows, R = cluster.rows, cluster.R
    plain = rows.products((cluster.many * sides.a)[None])[0]
    crossed = plain.T @ sides.c / R.rest
    gram = rows.grams((sides.a**2)[None])[0]
    own: Matrix = gram / R.rest**2 + crossed + crossed.T + sides.c.T @ (R.counts[:, None] * sides.c)
    return own

"""The symmetric adjustments of CR2 by shifted inverses, with sums over the rows of clusters alone.

For a cluster with working covariance V and Y = V - D M D' the adjustment A = V (Y V)^-1/2. The inverse root
is a sum of shares c times (Y V + s^2)^-1 (Hale, Higham and Trefethen 2008, SIAM J Numer Anal 46:2505). With
T = (V^2 + s^2)^-1, a = D' T D and b = D' V T D Woodbury's identity gives

    D' V^-1 A e = D' V^-1 e + sum of c a (M^-1 - b)^-1 D' V T e,
    D' V^-1 A D = D' V^-1 D + sum of c a (M^-1 - b)^-1 b,

so that the approximation is of the corrections alone. As V T is the real part of (V + i s)^-1 and T the
imaginary one over -s, all of them are estimating equations with complex variances. M^-1 - b differs from
M^-1 by no more than the leverage of the cluster, so that few steps of conjugate gradients solve for it.

Arrays have the clusters of a batch first (k) and the shifts last (N).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from precept_stats.numerics.gee.batch import Batch

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Stack = NDArray[np.float64]
Complex = NDArray[np.complex128]

ACCURACY = 1e-11
"""Relative error of the rational approximation."""

SOLVED = 1e-13
"""Relative error at which steps towards (M^-1 - b)^-1 end."""

STEPS = 60
"""Steps, beyond which the matrices are made and solved for: a leverage near 1."""


def shifted_inverses(lowest: Vector, highest: Vector) -> tuple[Matrix, Matrix]:
    """Shifts t and shares c (k, N) with x^-1/2 = sum of c / (x + t) for x from ``lowest`` to ``highest``."""
    ratio = (lowest / highest)[:, None]
    number = int(np.ceil((3.0 - np.log(ratio.min())) * -np.log(ACCURACY) / (2.0 * np.pi**2))) + 1
    period = special.ellipkm1(ratio)
    sn, cn, dn, _ = special.ellipj((np.arange(number) + 0.5) * period / number, 1.0 - ratio)
    shares = (2.0 / np.pi) * np.sqrt(lowest)[:, None] * (period / number) * dn / cn**2
    return lowest[:, None] * (sn / cn) ** 2, shares


@dataclass(frozen=True, slots=True, eq=False)
class Shifted:
    """What the adjustment adds to the scores D' V^-1 e of a batch, and on request to those D' V^-1 D."""

    batch: Batch
    bounds: tuple[Vector, Vector]
    scores: Matrix

    def cross(self) -> Stack:
        """(k, p, p)."""
        shifts, shares = shifted_inverses(*self.bounds)
        a, b, left = _systems(self.batch, _resolvents(self.batch, np.sqrt(shifts)))
        added: Stack = np.einsum("kn,knij->kij", shares, a @ np.linalg.solve(left, b))
        return added / self.batch.lengths[:, None] / self.batch.lengths


def by_shifts(batch: Batch, bounds: tuple[Vector, Vector]) -> Shifted:
    """The adjustments of a batch; ``bounds`` are those of the eigenvalues of Y V (k,)."""
    shifts, shares = shifted_inverses(*bounds)
    roots = np.sqrt(shifts)
    inverses = _resolvents(batch, roots)
    target = batch.gathered(inverses.residuals().real)
    found = _steps(batch, inverses, target)
    if found is None:
        _, _, left = _systems(batch, inverses)
        right = np.moveaxis(target, 2, 1) * batch.lengths
        found = np.moveaxis(np.linalg.solve(left, right[..., None])[..., 0] * batch.lengths, 1, 2)
    each = np.repeat(-shares / roots, batch.cells_of_clusters, axis=0)
    added = np.sum(inverses.times(found).imag * each, axis=2, keepdims=True)
    return Shifted(batch, bounds, batch.gathered(added)[:, :, 0])


@dataclass(frozen=True, slots=True, eq=False)
class _Resolvents:
    """(V + i s)^-1 between the columns of D, and residuals, by sums over cells.

    With w = v / (rest v + i s), v the variance, and x0 = 1 where columns are constant in a cell and the fine
    columns else (1 + f of them): ``squares`` (1 + f, 1 + f, cells, N) sums of w slope^2 x x', ``singles``
    (1 + f, cells, N) of w slope x, ``scores`` of w slope x residual, ``levels`` (segments, N) of w residual;
    ``inner`` (k, N, T, T) is G (I + n G)^-1, n the sums of w by segment.
    """

    batch: Batch
    roots: Matrix
    squares: Complex
    singles: Complex
    scores: Complex
    levels: Complex
    inner: Complex

    def times(self, right: Stack) -> Complex:
        """(V + i s)^-1 D @ right (k, p, N), multiplied by slopes and summed by cell: (1 + f, cells, N)."""
        batch = self.batch
        spread = batch.spread(right)
        out: Complex = np.einsum("ijcn,jcn->icn", self.squares, spread)
        along = np.einsum("jcn,jcn->cn", self.singles, spread)
        out -= self._shared(np.add.reduceat(along, batch.segment_cell_at, axis=0))
        return out

    def residuals(self) -> Complex:
        """(V + i s)^-1 e, multiplied by slopes and summed by cell: (1 + f, cells, N)."""
        return self.scores - self._shared(self.levels)

    def _shared(self, levels: Complex) -> Complex:
        k, N, T, _ = self.inner.shape
        if T == 1:
            pulled: Complex = self.inner[:, :, 0, 0] * levels
        else:
            by_shift = np.swapaxes(levels.reshape(k, T, N), 1, 2)[..., None]
            pulled = np.swapaxes((self.inner @ by_shift)[..., 0], 1, 2).reshape(k * T, N)
        shared: Complex = self.singles * np.repeat(pulled, self.batch.cells_of_segments, axis=0)
        return shared


def _resolvents(batch: Batch, roots: Matrix) -> _Resolvents:
    """The inverses at the roots s (k, N)."""
    h2, R = batch.many**2, batch.R
    columns = np.vstack([np.ones((1, len(h2))), batch.fine.T])
    f = len(columns)
    pairs = [(i, j) for i in range(f) for j in range(i, f)]
    products = np.array([columns[i] * columns[j] for i, j in pairs])
    vectors = np.vstack(
        [h2, batch.residual, h2 * batch.slope * columns, batch.residual * batch.slope * columns,
         h2 * batch.slope**2 * products]
    )  # fmt: skip
    level = R.rest * batch.variance
    diagonal = batch.variance / (level * level + batch.of_rows(roots.T**2))
    sums = batch.by_cell(diagonal, np.vstack([level * vectors, vectors]).T)
    m = len(vectors)
    found = np.empty((m, *sums.shape[:2]), dtype=np.complex128)
    found.real = np.moveaxis(sums[:, :, :m], 2, 0)
    found.imag = np.moveaxis(sums[:, :, m:], 2, 0) * -np.repeat(roots, batch.cells_of_clusters, axis=0)
    squares = np.empty((f, f, *sums.shape[:2]), dtype=np.complex128)
    for number, (i, j) in enumerate(pairs):
        squares[i, j] = squares[j, i] = found[2 + 2 * f + number]
    n, levels = np.add.reduceat(found[:2], batch.segment_cell_at, axis=1)
    return _Resolvents(
        batch=batch,
        roots=roots,
        squares=squares,
        singles=found[2 : 2 + f],
        scores=found[2 + f : 2 + 2 * f],
        levels=levels,
        inner=_inner(R.G, n.reshape(*R.counts.shape, -1)),
    )


def _inner(G: Stack, n: Complex) -> Complex:
    """G (I + n G)^-1 (k, N, T, T) for G (k, T, T) and n (k, T, N)."""
    by_shift = np.swapaxes(n, 1, 2)[:, :, None, :]
    if G.shape[1] == 1:
        one: Complex = G[:, None] / (1.0 + G[:, None] * by_shift)
        return one
    system = np.eye(G.shape[1]) + G[:, None] * by_shift
    many: Complex = np.linalg.solve(system, np.broadcast_to(G[:, None], system.shape))
    return many


def _steps(batch: Batch, inverses: _Resolvents, target: Stack) -> Stack | None:
    """(M^-1 - b)^-1 target (k, p, N) by conjugate gradients with M before them; None if that takes long."""

    def pulled(right: Stack) -> Stack:
        return batch.gathered(inverses.times(right).real)

    found = batch.bread @ target
    enough = SOLVED**2 * np.sum(target * found, axis=1, keepdims=True)
    rest = pulled(found)
    ahead = toward = batch.bread @ rest
    size = np.sum(rest * toward, axis=1, keepdims=True)
    image = rest
    for _ in range(STEPS):
        if np.all(size <= enough):
            return found
        moved = image - pulled(ahead)
        curve = np.sum(ahead * moved, axis=1, keepdims=True)
        share = np.where(size > enough, size / np.where(curve > 0.0, curve, 1.0), 0.0)
        found = found + share * ahead
        rest = rest - share * moved
        toward = batch.bread @ rest
        before, size = size, np.sum(rest * toward, axis=1, keepdims=True)
        turn = np.where(before > enough, size / np.where(before > 0.0, before, 1.0), 0.0)
        ahead, image = toward + turn * ahead, rest + turn * image
    return None


def _systems(batch: Batch, inverses: _Resolvents) -> tuple[Stack, Stack, Stack]:
    """a, b and M^-1 - b (k, N, p, p), columns times their lengths."""
    N, p = inverses.levels.shape[1], len(batch.lengths)
    a, b = np.empty((2, len(batch.weight), N, p, p))
    for j in range(p):
        unit = np.zeros((len(batch.weight), p, N))
        unit[:, j] = batch.lengths[j]
        found = inverses.times(unit)
        b[:, :, :, j] = np.swapaxes(batch.gathered(found.real), 1, 2) * batch.lengths
        a[:, :, :, j] = np.swapaxes(batch.gathered(found.imag), 1, 2) * batch.lengths
    a /= -inverses.roots[:, :, None, None]
    return a, b, batch.precision[:, None] - b

"""The randomisation test of a stepped wedge: the sequence of each cluster, among all it might have had.

In every period (and stratum) the clusters under the intervention are compared with those under control, so
that nothing is taken from the course of time; periods count by W1 W0 / (W1 + W0), the weights of their
cells by condition. That is least squares on the intervention with a term for every period (of every
stratum), and the within-period comparison of Thompson et al. (2018, Stat Med 37:2487) with weights from the
design, not the data.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from precept_stats.errors import FitError
from precept_stats.numerics.allocations import Drawn, Every, only_one
from precept_stats.numerics.arrangements import (
    Codes,
    arrangements,
    count_arrangements,
    drawn_arrangements,
)
from precept_stats.numerics.shift_tests import DifferenceTest, with_observed

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Cube = NDArray[np.float64]
Ints = NDArray[np.intp]

CHUNK = 16_384
"""So many allocations are multiplied out at a time."""


@dataclass(frozen=True, slots=True, eq=False)
class Sequences:
    """The sequence (K,) and block (K,) of clusters, and the schedule (S, T) of each sequence.

    Allocations are all exchanges of sequences within blocks, or those ``listed`` (M, K), each equally likely.
    A schedule is 1 where treated.
    """

    sequence: Ints
    block: Ints
    schedules: Ints
    listed: Codes | None = None

    @property
    def allocations(self) -> int:
        return count_arrangements(self.sequence, self.block) if self.listed is None else len(self.listed)

    def codes(self, how: Every | Drawn) -> Codes:
        """The sequences (M, K) of every allocation, or of draws. FitError when too many, or only one."""
        if self.allocations < 2:
            raise only_one(
                "every stratum with clusters of one sequence" if self.listed is None else "one listed"
            )
        if self.listed is not None:
            return self.listed if isinstance(how, Every) else self.listed[how.places(len(self.listed))]
        if isinstance(how, Every):
            return arrangements(self.sequence, self.block)
        return drawn_arrangements(self.sequence, self.block, how.draws, how.rng)


def within_period_test(
    values: Matrix, weights: Matrix, sequences: Sequences, how: Every | Drawn
) -> DifferenceTest:
    """The test of any shift of the treated cells of ``values`` (K, T), cells with weight 0 being empty.

    Raises FitError when nothing varies within periods, or an allocation compares nothing in any of them.
    """
    codes, treated = sequences.codes(how), sequences.schedules[sequences.sequence].astype(np.float64)
    values = _centred(values, weights, sequences.block)
    columns = np.stack([weights * values, weights * treated, weights], axis=2)
    own = _compared(sequences.sequence[None].astype(np.int16), columns, sequences)
    exact = isinstance(how, Every)
    made = with_observed(_compared(codes, columns, sequences), own, exact)
    if not made[:, 2].min() > 0.0:
        raise FitError(
            "an allocation compares nothing: no period has cells under both conditions",
            found=f"{int(np.sum(made[:, 2] <= 0.0)):,} of {len(made):,} allocations",
            allowed="periods in which clusters of different sequences were seen",
        )
    return DifferenceTest(
        float(own[0, 0] / own[0, 2]), made[:, 0] / made[:, 2], made[:, 1] / made[:, 2], exact
    )


def _centred(values: Matrix, weights: Matrix, block: Ints) -> Matrix:
    """Values about the weighted mean of their period and block. FitError when they are all 0."""
    centred = np.zeros_like(values)
    for b in np.unique(block):
        mine = block == b
        totals = weights[mine].sum(axis=0)
        means = (weights[mine] * values[mine]).sum(axis=0) / np.where(totals > 0.0, totals, 1.0)
        centred[mine] = np.where(weights[mine] > 0.0, values[mine] - means, 0.0)
    if not float(np.abs(centred).max()) > 1e-10 * float(np.abs(values).max()):
        raise FitError(
            "every allocation gives the same statistic",
            found="cell means that do not differ within periods",
            allowed="clusters that vary within a period",
        )
    return centred


def _compared(codes: Codes, columns: Cube, sequences: Sequences) -> Matrix:
    """Numerators of values and of the treatment, and the denominator W1 W0 / W, summed (M, 3)."""
    made = np.zeros((len(codes), 3))
    for b in np.unique(sequences.block):
        mine = sequences.block == b
        totals = columns[mine].sum(axis=0)
        size = np.where(totals[:, 2] > 0.0, totals[:, 2], 1.0)
        by_sequence = _by_sequence(columns[mine], sequences.schedules)
        for start in range(0, len(codes), CHUNK):
            part = slice(start, start + CHUNK)
            sums = _sums(codes[part][:, mine], by_sequence, len(sequences.schedules)).reshape(
                -1, *totals.shape
            )
            share = sums[:, :, 2] / size
            made[part, 0] += (sums[:, :, 0] - share * totals[:, 0]).sum(axis=1)
            made[part, 1] += (sums[:, :, 1] - share * totals[:, 1]).sum(axis=1)
            made[part, 2] += (sums[:, :, 2] * (totals[:, 2] - sums[:, :, 2]) / size).sum(axis=1)
    return made


def _by_sequence(columns: Cube, schedules: Ints) -> Matrix:
    """What a cluster adds in every period (K * S, T * P) were it given each sequence."""
    added = schedules[None, :, :, None] * columns[:, None, :, :]
    clusters, sequences, periods, kinds = added.shape
    return added.reshape(clusters * sequences, periods * kinds)


def _sums(codes: Codes, by_sequence: Matrix, sequences: int) -> Matrix:
    """Sums over clusters (m, T * P) of what each adds under the sequence it was given (m, K)."""
    given = codes[:, :, None] == np.arange(sequences, dtype=np.int16)
    sums: Matrix = given.reshape(len(codes), -1).astype(np.float64) @ by_sequence
    return sums

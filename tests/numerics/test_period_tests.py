"""The test over periods against least squares on every arrangement of sequences, one by one."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from precept_stats.errors import FitError
from precept_stats.numerics.allocations import Drawn, Every
from precept_stats.numerics.period_tests import Sequences, within_period_test

SEEDS = st.integers(0, 2**32 - 1)
SCHEDULES = np.array([[0, 1, 1, 1], [0, 0, 1, 1], [0, 0, 0, 1]])


def wedge(seed: int, strata: bool, holes: bool) -> tuple[np.ndarray, np.ndarray, Sequences]:
    rng = np.random.default_rng(seed)
    block = np.repeat([0, 1], 3) if strata else np.zeros(6, int)
    sequence = np.concatenate([rng.permutation(3), rng.permutation(3)])
    weights = rng.uniform(0.5, 3.0, (6, 4))
    if holes:
        weights[rng.integers(6), rng.integers(1, 3)] = 0.0
    values = rng.normal(size=(6, 4)) + 0.5 * SCHEDULES[sequence] + np.arange(4) + rng.normal(size=(6, 1))
    return np.where(weights > 0, values, 0.0), weights, Sequences(sequence, block, SCHEDULES)


def slow_statistic(values: np.ndarray, weights: np.ndarray, treated: np.ndarray, block: np.ndarray) -> float:
    """Weighted least squares on the intervention and a term for every period of every stratum."""
    cells = [(k, t) for k in range(6) for t in range(4) if weights[k, t] > 0]
    terms = [[float((block[k], t) == (b, s)) for b in np.unique(block) for s in range(4)] for k, t in cells]
    X = np.column_stack([[treated[k, t] for k, t in cells], terms])
    root = np.sqrt([weights[k, t] for k, t in cells])
    y = np.array([values[k, t] for k, t in cells])
    return float(np.linalg.lstsq(X * root[:, None], y * root, rcond=None)[0][0])


def every(sequences: Sequences) -> list[np.ndarray]:
    parts = [
        sorted(set(itertools.permutations(sequences.sequence[sequences.block == b].tolist())))
        for b in np.unique(sequences.block)
    ]
    return [np.array([one for part in whole for one in part]) for whole in itertools.product(*parts)]


@pytest.mark.parametrize("strata", [False, True])
@pytest.mark.parametrize("holes", [False, True])
@settings(max_examples=3, deadline=None)
@given(seed=SEEDS, shift=st.sampled_from([0.0, 0.6]))
def test_p_is_that_of_every_allocation_one_by_one(strata: bool, holes: bool, seed: int, shift: float) -> None:
    values, weights, sequences = wedge(seed, strata, holes)
    test = within_period_test(values, weights, sequences, Every())
    treated = SCHEDULES[sequences.sequence]
    shifted = values - shift * treated * (weights > 0)
    sizes = np.array(
        [abs(slow_statistic(shifted, weights, SCHEDULES[z], sequences.block)) for z in every(sequences)]
    )
    own = slow_statistic(shifted, weights, treated, sequences.block)
    assert len(test.a) == len(sizes) == sequences.allocations
    assert test.statistic(shift) == pytest.approx(own, rel=1e-8, abs=1e-10)
    assert test.p_value(shift) == np.mean(sizes >= abs(own) - 1e-9 * sizes.max())


@settings(max_examples=5, deadline=None)
@given(seed=SEEDS)
def test_limits_are_where_p_crosses(seed: int) -> None:
    values, weights, sequences = wedge(seed, False, False)
    test = within_period_test(values, np.ones_like(weights), sequences, Every())
    lower, upper = test.limits(0.05)
    for limit, out in ((lower, -1.0), (upper, 1.0)):
        assert test.p_value(limit + out * 1e-6 * test.std_error) <= 0.05
        assert test.p_value(limit - out * 1e-6 * test.std_error) > 0.05


def test_draws_and_lists_tend_to_all_of_them() -> None:
    values, weights, sequences = wedge(2, False, False)
    exact = within_period_test(values, weights, sequences, Every())
    drawn = within_period_test(values, weights, sequences, Drawn(20_000, np.random.default_rng(1)))
    listed = Sequences(
        sequences.sequence, sequences.block, SCHEDULES, np.array(every(sequences), dtype=np.int16)
    )
    p = exact.p_value(0.1)
    assert within_period_test(values, weights, listed, Every()).p_value(0.1) == p
    assert abs(drawn.p_value(0.1) - p) < 5 * np.sqrt(p * (1 - p) / 20_000)
    assert not drawn.exact
    from_list = within_period_test(values, weights, listed, Drawn(20_000, np.random.default_rng(1)))
    assert abs(from_list.p_value(0.1) - p) < 5 * np.sqrt(p * (1 - p) / 20_000)


def test_what_has_no_test() -> None:
    values, weights, sequences = wedge(1, False, False)
    alone = Sequences(np.zeros(6, int), sequences.block, SCHEDULES)
    with pytest.raises(FitError, match="only one possible allocation"):
        within_period_test(values, weights, alone, Every())
    with pytest.raises(FitError, match="same statistic"):
        within_period_test(np.ones((6, 4)), weights, sequences, Every())
    gone = weights.copy()
    gone[:, 1:3] = 0.0
    with pytest.raises(FitError, match="compares nothing"):
        within_period_test(values, gone, sequences, Every())

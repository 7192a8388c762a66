"""Tests of a shift against enumeration by itertools, and intervals against a search over shifts."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from precept_stats.errors import FitError
from precept_stats.numerics.allocations import Blocks, Drawn, Every, Listed, subset_sums
from precept_stats.numerics.arrangements import arrangements
from precept_stats.numerics.shift_tests import AnyShiftTest, difference_test, studentised_test

SEEDS = st.integers(0, 2**32 - 1)
FORMS = ["difference", "size", "studentised"]


def blocks_of(seed: int, shape: str) -> Blocks:
    rng = np.random.default_rng(seed)
    block = {"one": np.zeros(8, int), "strata": np.repeat([0, 1], 4), "pairs": np.arange(8) // 2}[shape]
    arm = np.concatenate([rng.permutation(np.arange((block == b).sum()) % 2) for b in np.unique(block)])
    return Blocks(arm.astype(np.intp), block.astype(np.intp))


def trial(seed: int, shape: str) -> tuple[np.ndarray, np.ndarray, Blocks]:
    rng = np.random.default_rng(seed)
    blocks = blocks_of(seed, shape)
    return rng.normal(size=8) + 0.5 * blocks.arm, rng.uniform(0.5, 3.0, 8), blocks


def made(form: str, values: np.ndarray, weights: np.ndarray, blocks: Blocks, how=None) -> AnyShiftTest:
    how = how or Every()
    if form == "studentised":
        return studentised_test(values, blocks, how)
    return difference_test(values, weights if form == "size" else np.ones_like(weights), blocks, how)


def slow_statistic(form: str, values: np.ndarray, weights: np.ndarray, z: np.ndarray, block: np.ndarray):
    """Least squares on the arm and blocks; studentised by Welch's variances, block by block."""
    w = weights if form == "size" else np.ones_like(values)
    X = np.column_stack([z, *(block == b for b in np.unique(block))]).astype(float)
    root = np.sqrt(w)[:, None]
    found = np.linalg.lstsq(X * root, values * root[:, 0], rcond=None)[0][0]
    if form != "studentised":
        return found
    variance = share = 0.0
    for b in np.unique(block):
        one, none = values[(block == b) & (z == 1)], values[(block == b) & (z == 0)]
        k = len(one) * len(none) / (len(one) + len(none))
        variance += k**2 * (one.var(ddof=1) / len(one) + none.var(ddof=1) / len(none))
        share += k
    return found * share / math.sqrt(variance)


def allocations(blocks: Blocks) -> list[np.ndarray]:
    return [
        z
        for z in map(np.array, itertools.product([0, 1], repeat=len(blocks.arm)))
        if all(z[blocks.block == b].sum() == blocks.arm[blocks.block == b].sum() for b in set(blocks.block))
    ]


def slow_p(form: str, values: np.ndarray, weights: np.ndarray, blocks: Blocks, shift: float) -> float:
    shifted = values - shift * blocks.arm
    sizes = [abs(slow_statistic(form, shifted, weights, z, blocks.block)) for z in allocations(blocks)]
    own = abs(slow_statistic(form, shifted, weights, blocks.arm, blocks.block))
    return float(np.mean(np.array(sizes) >= own - 1e-9 * max(sizes)))


SHAPES = [(f, s) for f in FORMS for s in ("one", "strata", "pairs") if (f, s) != ("studentised", "pairs")]


@pytest.mark.parametrize(("form", "shape"), SHAPES)
@settings(max_examples=5, deadline=None)
@given(seed=SEEDS, shift=st.sampled_from([0.0, 0.5, -1.3]))
def test_p_is_that_of_every_allocation_one_by_one(form: str, shape: str, seed: int, shift: float) -> None:
    values, weights, blocks = trial(seed, shape)
    test = made(form, values, weights, blocks)
    assert test.p_value(shift) == pytest.approx(slow_p(form, values, weights, blocks, shift), abs=1e-12)
    own = slow_statistic(form, values - shift * blocks.arm, weights, blocks.arm, blocks.block)
    assert test.statistic(shift) == pytest.approx(own, rel=1e-9, abs=1e-12)
    sizes = [abs(slow_statistic(form, values, weights, z, blocks.block)) for z in allocations(blocks)]
    assert test.smallest_p() == np.mean(np.array(sizes) >= max(sizes) * (1 - 1e-9))


@pytest.mark.parametrize(("form", "shape"), SHAPES)
@pytest.mark.parametrize("alpha", [0.05, 0.2, 0.3])
@settings(max_examples=5, deadline=None)
@given(seed=SEEDS)
def test_the_limits_are_those_of_a_search_over_shifts(form: str, shape: str, alpha: float, seed: int) -> None:
    values, weights, blocks = trial(seed, shape)
    test = made(form, values, weights, blocks)
    lower, upper = test.limits(alpha)
    unit = test.std_error
    grid = test.estimate + unit * np.linspace(-12.0, 12.0, 2401)
    kept = grid[[test.p_value(float(shift)) > alpha for shift in grid]]
    if form == "studentised":
        inside = grid[(grid > lower) & (grid < upper)]
        near = np.abs(inside[:, None] - kept[None, :]).min(axis=1) < 1e-12
        assert near.mean() > 0.99
    else:
        assert kept.min() >= lower - 1e-9
        assert kept.max() <= upper + 1e-9
        assert kept.min() == pytest.approx(max(lower, grid[0]), abs=0.0101 * unit)
        assert kept.max() == pytest.approx(min(upper, grid[-1]), abs=0.0101 * unit)
    for limit, out in ((lower, -1.0), (upper, 1.0)):
        if math.isfinite(limit):
            assert test.p_value(limit + out * 1e-6 * unit) <= alpha
            assert test.p_value(limit - out * 1e-6 * unit) > alpha
        else:
            assert test.p_value(test.estimate + out * 1e5 * unit) > alpha


def listed(blocks: Blocks, rows: np.ndarray | None = None) -> Listed:
    codes = np.array(allocations(blocks), dtype=np.int16)
    return Listed(blocks.arm, blocks.block, codes if rows is None else codes[rows])


@pytest.mark.parametrize(("form", "shape"), SHAPES)
@settings(max_examples=5, deadline=None)
@given(seed=SEEDS)
def test_a_list_of_every_allocation_gives_what_blocks_give(form: str, shape: str, seed: int) -> None:
    values, weights, blocks = trial(seed, shape)
    one, other = (made(form, values, weights, those) for those in (blocks, listed(blocks)))
    for shift in (0.0, 0.7):
        assert other.p_value(shift) == one.p_value(shift)
    assert other.limits(0.2) == pytest.approx(one.limits(0.2), rel=1e-9)
    assert (other.std_error, other.smallest_p()) == pytest.approx((one.std_error, one.smallest_p()))


@pytest.mark.parametrize(("form", "shape"), SHAPES)
@settings(max_examples=5, deadline=None)
@given(seed=SEEDS, shift=st.sampled_from([0.0, -0.4]))
def test_a_part_of_the_allocations_is_gone_through_one_by_one(
    form: str, shape: str, seed: int, shift: float
) -> None:
    values, weights, blocks = trial(seed, shape)
    every, rng = np.array(allocations(blocks)), np.random.default_rng(seed)
    own = int(np.flatnonzero((every == blocks.arm).all(axis=1))[0])
    rows = np.union1d(rng.choice(len(every), max(4, len(every) // 3), replace=False), [own])
    test = made(form, values, weights, listed(blocks, rows))
    shifted = values - shift * blocks.arm
    sizes = np.array([abs(slow_statistic(form, shifted, weights, z, blocks.block)) for z in every[rows]])
    used = abs(slow_statistic(form, shifted, weights, blocks.arm, blocks.block))
    assert test.p_value(shift) == np.mean(sizes >= used - 1e-9 * sizes.max())
    again = made(form, values, weights, listed(blocks, rng.permutation(rows)))
    assert again.p_value(shift) == test.p_value(shift)
    assert again.limits(0.3) == pytest.approx(test.limits(0.3))


def test_a_sample_of_a_set_counts_the_allocation_used() -> None:
    values, weights, blocks = trial(4, "one")
    others = listed(blocks, np.arange(20)).codes
    sampled = Listed(blocks.arm, blocks.block, others, sampled=True)
    test = made("difference", values, weights, sampled)
    with_own = Listed(blocks.arm, blocks.block, np.vstack([others, blocks.arm]).astype(np.int16))
    assert test.p_value(0.0) == made("difference", values, weights, with_own).p_value(0.0)
    assert (test.smallest_p(), sampled.allocations) == (1 / 21, None)


def test_draws_from_a_list_tend_to_it() -> None:
    values, weights, blocks = trial(5, "one")
    part = listed(blocks, np.arange(0, 70, 2))
    exact = made("difference", values, weights, part).p_value(0.2)
    drawn = made("difference", values, weights, part, Drawn(20_000, np.random.default_rng(3)))
    assert abs(drawn.p_value(0.2) - exact) < 5 * math.sqrt(exact * (1 - exact) / 20_000) + 1e-4


def test_every_arrangement_is_there_once() -> None:
    blocks = blocks_of(3, "strata")
    found = {tuple(row) for row in arrangements(blocks.arm, blocks.block)}
    assert found == {tuple(z) for z in allocations(blocks)}
    assert len(found) == blocks.allocations == 36


def test_ties_count_whatever_the_rounding() -> None:
    """0.1 + 0.2 and 0.3 + 0.0 are equal sums that floating point tells apart."""
    blocks = Blocks(np.array([1, 1, 0, 0]), np.zeros(4, dtype=np.intp))
    assert difference_test(np.array([0.1, 0.2, 0.3, 0.0]), np.ones(4), blocks, Every()).p_value(0.0) == 1.0


def test_sums_of_subsets() -> None:
    scores = np.array([1.0, 10.0, 100.0, 1000.0, 10000.0])
    for size in range(6):
        expected = sorted(sum(c) for c in itertools.combinations(scores, size))
        assert sorted(subset_sums(scores, size)) == expected


@pytest.mark.parametrize(("form", "shape"), SHAPES)
def test_a_true_null_is_rejected_no_more_often_than_the_level_over_all_allocations(
    form: str, shape: str
) -> None:
    """Outcomes fixed, the allocation drawn by design: P(p <= q) is at most q, at q = p exactly q."""
    values, weights, blocks = trial(3, shape)
    values = values - 0.5 * blocks.arm
    p = np.array(
        [
            made(form, values, weights, Blocks(z.astype(np.intp), blocks.block)).p_value(0.0)
            for z in allocations(blocks)
        ]
    )
    for q in np.unique(p):
        assert np.mean(p <= q + 1e-12) == pytest.approx(q)


@pytest.mark.parametrize("form", FORMS)
def test_an_interval_covers_a_true_shift_as_often_as_it_says_over_all_allocations(form: str) -> None:
    values, weights, blocks = trial(11, "one")
    covered = []
    for z in allocations(blocks):
        shifted = values + 0.8 * z
        lower, upper = made(form, shifted, weights, Blocks(z.astype(np.intp), blocks.block)).limits(0.1)
        covered.append(lower - 1e-9 <= 0.8 <= upper + 1e-9)
    assert np.mean(covered) >= 0.9
    assert np.mean(covered) <= 0.9 + 2 / 70 + 1e-9 or form != "difference"


def test_a_level_beyond_what_allocations_can_bear_has_no_end() -> None:
    values, weights, _ = trial(1, "pairs")
    blocks = blocks_of(1, "pairs")
    test = made("difference", values, weights, blocks)
    assert test.smallest_p() == 2 / 16
    assert test.limits(0.05) == (-math.inf, math.inf)
    lower, upper = test.limits(0.125)
    assert -math.inf < lower < test.estimate < upper < math.inf


@pytest.mark.parametrize("form", FORMS)
def test_draws_tend_to_all_allocations_and_come_from_their_generator(form: str) -> None:
    rng = np.random.default_rng(2)
    values, weights = rng.normal(size=16), rng.uniform(1, 2, 16)
    blocks = Blocks(np.arange(16) % 2, np.arange(16) // 8)
    exact = made(form, values, weights, blocks)
    drawn, again = (
        made(form, values, weights, blocks, Drawn(20_000, np.random.default_rng(7))) for _ in range(2)
    )
    assert drawn.estimate == pytest.approx(exact.estimate)
    p = exact.p_value(0.2)
    assert abs(drawn.p_value(0.2) - p) < 5 * math.sqrt(p * (1 - p) / 20_000)
    assert drawn.limits(0.05) == again.limits(0.05)
    assert drawn.limits(0.05) == pytest.approx(exact.limits(0.05), abs=0.06 * exact.std_error)
    assert drawn.std_error == pytest.approx(exact.std_error, rel=0.03)
    assert drawn.smallest_p() == 1 / 20_001


def test_an_effect_beyond_all_draws_does_not_give_zero() -> None:
    values, blocks = np.arange(40) + 100.0 * (np.arange(40) % 2), Blocks(np.arange(40) % 2, np.zeros(40, int))
    test = difference_test(values, np.ones(40), blocks, Drawn(999, np.random.default_rng(1)))
    assert test.p_value(0.0) == pytest.approx(1 / 1000)


def test_what_has_no_test() -> None:
    arm = np.array([0, 0, 1, 1])
    with pytest.raises(FitError, match="only one"):
        difference_test(np.arange(4.0), np.ones(4), Blocks(arm, arm), Every())
    alone = Listed(arm, np.zeros(4, int), arm[None].astype(np.int16))
    with pytest.raises(FitError, match="only one"):
        difference_test(np.arange(4.0), np.ones(4), alone, Every())
    with pytest.raises(FitError, match="same statistic"):
        difference_test(np.ones(4), np.ones(4), Blocks(arm, np.zeros(4, int)), Every())
    with pytest.raises(FitError, match="too many"):
        difference_test(np.arange(40.0), np.ones(40), Blocks(np.arange(40) % 2, np.zeros(40, int)), Every())
    with pytest.raises(FitError, match="do not differ within"):
        studentised_test(np.array([0.0, 0.0, 1.0, 1.0]), Blocks(arm, np.zeros(4, int)), Every())

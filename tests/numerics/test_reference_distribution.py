"""Bins of a distribution against counting its values one by one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from precept_stats.numerics.reference import MOST_BINS, Reference, binned


@settings(max_examples=200, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(61, 3000),
    st.sampled_from(["0", "small", "middle", "large", "largest", "beyond"]),
)
def test_every_value_is_in_one_bin_and_the_tails_are_the_two_sided_share(seed, count, where):
    rng = np.random.default_rng(seed)
    values = rng.normal(rng.normal(), 1.0, count)
    largest = np.abs(values).max()
    place = {"0": 0.0, "small": 1e-3, "middle": 0.3, "large": 0.95, "largest": 1.0, "beyond": 1.2}[where]
    observed = float(rng.choice([-1, 1]) * largest * place)
    found = binned(Reference(values, observed))
    assert found.replicates == found.distinct == count
    assert len(found.bins) <= MOST_BINS
    assert sum(one.share for one in found.bins) == pytest.approx(1.0, abs=1e-12)
    extreme = np.abs(values) >= abs(observed) - 1e-9 * max(largest, abs(observed))
    assert found.share_extreme == pytest.approx(extreme.mean(), abs=1e-12)
    for one in found.bins:
        assert one.lower < one.upper
        assert max(abs(one.lower), abs(one.upper)) <= max(largest, abs(observed)) * (1 + 4 / 56)
        mine = (values >= one.lower) & (values < one.upper) & (extreme == one.extreme)
        assert round(one.share * count) == pytest.approx(mine.sum(), abs=1)
    assert [one.lower for one in found.bins] == sorted(one.lower for one in found.bins)


def test_bins_between_the_edges_meet():
    found = binned(Reference(np.random.default_rng(1).normal(size=5000), -0.8))
    for one, following in zip(found.bins, found.bins[1:], strict=False):
        assert one.upper == pytest.approx(following.lower, abs=1e-12)
    assert {-0.8, 0.8} <= {round(one.lower, 12) for one in found.bins}


def test_few_values_stand_alone_with_ties_as_one():
    values = np.array([-2.0, -1.0, -1.0 + 1e-12, 0.0, 1.0, 2.0])
    found = binned(Reference(values, 1.0))
    assert [(one.lower, one.upper) for one in found.bins] == [(v, v) for v in (-2.0, -1.0, 0.0, 1.0, 2.0)]
    assert [one.extreme for one in found.bins] == [True, True, False, True, True]
    assert [round(6 * one.share) for one in found.bins] == [1, 2, 1, 1, 1]
    assert (found.replicates, found.distinct) == (6, 5)
    assert found.share_extreme == pytest.approx(5 / 6)


def test_values_without_end_are_left_out_and_none_give_no_bins():
    assert binned(Reference(np.array([np.inf, np.nan]), 1.0)).bins == ()
    assert binned(Reference(np.array([np.inf, 1.0, -1.0]), 1.0)).replicates == 2

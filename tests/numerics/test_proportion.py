"""Wilson's interval against scipy's own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from precept_stats.numerics.proportion import wilson_interval


@given(total=st.integers(1, 5000), share=st.floats(0, 1), level=st.floats(0.5, 0.999))
def test_agrees_with_scipy(total, share, level):
    events = round(share * total)
    expected = binomtest(events, total).proportion_ci(level, method="wilson")
    lower, upper = wilson_interval(events, total, level)
    assert lower == pytest.approx(expected.low, abs=1e-12)
    assert upper == pytest.approx(expected.high, abs=1e-12)
    assert 0 <= lower <= events / total + 1e-12
    assert events / total - 1e-12 <= upper <= 1

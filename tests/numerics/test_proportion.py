"""Wilson's interval and binomial tails against scipy's own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, binomtest

from precept_stats.numerics.proportion import two_sided_chance, wilson_interval


@given(total=st.integers(1, 5000), share=st.floats(0, 1), level=st.floats(0.5, 0.999))
def test_agrees_with_scipy(total, share, level):
    events = round(share * total)
    expected = binomtest(events, total).proportion_ci(level, method="wilson")
    lower, upper = wilson_interval(events, total, level)
    assert lower == pytest.approx(expected.low, abs=1e-12)
    assert upper == pytest.approx(expected.high, abs=1e-12)
    assert 0 <= lower <= events / total + 1e-12
    assert events / total - 1e-12 <= upper <= 1


@given(total=st.integers(1, 200), of=st.floats(0, 1), share=st.floats(0.01, 0.99))
def test_the_chance_of_a_count_is_twice_the_smaller_tail(total, of, share):
    count, law = round(of * total), binom(total, share)
    expected = min(1.0, 2 * min(law.cdf(count), law.sf(count - 1)))
    assert two_sided_chance(count, total, share) == pytest.approx(expected, rel=1e-9, abs=1e-14)

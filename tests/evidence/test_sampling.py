"""Posteriors made again: what a sender says of their draws decides nothing about the tolerance."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from precept_stats.evidence.verify.sampling import OwnDraws
from precept_stats.values import Estimate, Interval, Result, Row

EFFECTIVE, DEVIATION = 2000.0, 0.06
REACH = 4.0 * 2.0 * DEVIATION * (2.0 / EFFECTIVE) ** 0.5
"""Four Monte Carlo errors, quantiles taken as twice as variable as means, of the difference of two runs."""


def drawn(seed: int = 1, effective: float = EFFECTIVE) -> Result:
    """A synthetic posterior of a risk difference, as rows."""
    draws = np.random.default_rng(seed).normal(0.05, DEVIATION, int(EFFECTIVE))
    low, high = (float(limit) for limit in np.quantile(draws, (0.025, 0.975)))
    estimate = Estimate(
        *("risk_difference", "new - old", "identity", "proportion", float(draws.mean()), DEVIATION),
        *(None, 0.8, None, 0.0, Interval(low, high, 0.95, "credible", "percentiles of the posterior")),
    )
    about = Row("b", "estimate", "estimate", estimate.value, term="new - old", measure="risk_difference")
    numbers = {"estimate": estimate.value, "std_error": DEVIATION, "conf_low": low, "conf_high": high}
    rows = [replace(about, stat_name=name, stat=stat) for name, stat in numbers.items()]
    rows += [Row("b", "fit", name, effective) for name in ("ess_bulk", "ess_tail")]
    rows += [Row("b", "probability", "benefit", float((draws > 0).mean()))]
    return Result(
        "b", "main", "primary", "bayesian_hierarchical", "ok", (estimate,), (*rows, *density(draws))
    )


def density(draws: np.ndarray) -> list[Row]:
    counts, ends = np.histogram(draws, 20)
    bins = zip(ends[:-1], ends[1:], counts / len(draws), strict=True)
    return [
        Row("b", "posterior", name, float(stat), groups=(("law", "posterior"), ("bin", str(number))))
        for number, one in enumerate(bins, 1)
        for name, stat in zip(("lower", "upper", "share"), one, strict=True)
    ]


def called(entry: Result, context: str, name: str) -> Row:
    return next(row for row in entry.rows if (row.context, row.stat_name) == (context, name))


def bins(entry: Result) -> list[Row]:
    return [row for row in entry.rows if row.context == "posterior"]


@pytest.mark.parametrize("name", ["estimate", "conf_low", "conf_high"])
def test_the_reach_is_that_of_ones_own_draws(name: str) -> None:
    own = drawn()
    row = called(own, "estimate", name)
    assert isinstance(row.stat, float)
    assert OwnDraws(own).same(replace(row, stat=row.stat + 0.99 * REACH), row)
    assert not OwnDraws(own).same(replace(row, stat=row.stat + 1.01 * REACH), row)


def test_draws_without_an_effective_size_of_ones_own_let_nothing_through() -> None:
    own = drawn(effective=0.0)
    row = called(own, "estimate", "estimate")
    assert isinstance(row.stat, float)
    assert OwnDraws(own).same(row, row)
    assert not OwnDraws(own).same(replace(row, stat=row.stat + 1e-6), row)


def test_effective_sizes_that_are_made_up_differ() -> None:
    own = drawn()
    row = called(own, "fit", "ess_bulk")
    assert OwnDraws(own).same(replace(row, stat=0.8 * EFFECTIVE), row)
    assert not OwnDraws(own).same(replace(row, stat=0.001), row)


def test_other_draws_of_the_same_posterior_are_the_same() -> None:
    own, other = drawn(1), drawn(2)
    judge = OwnDraws(own)
    assert all(
        judge.same(theirs, ours)
        for theirs, ours in zip(other.rows, own.rows, strict=True)
        if ours.context != "posterior"
    )
    assert judge.same_law(bins(other), bins(own))


def test_a_density_turned_over_moved_or_torn_is_another() -> None:
    own = drawn()
    judge = OwnDraws(own)
    turned = [
        replace(row, stat=1.0 - row.stat) if isinstance(row.stat, float) and 0.0 < row.stat < 1.0 else row
        for row in bins(own)
    ]
    moved = [
        replace(row, stat=row.stat + DEVIATION)
        if isinstance(row.stat, float) and row.stat_name != "share"
        else row
        for row in bins(own)
    ]
    torn = [replace(row, stat=-1.0) if row.stat_name == "lower" else row for row in bins(own)]
    assert judge.same_law(bins(own), bins(own))
    assert not any(judge.same_law(forged, bins(own)) for forged in (turned, moved, torn, []))

"""Correlations by loops over pairs, identities where sizes are equal, and what changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import permutations, product

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from precept_stats.errors import FitError
from precept_stats.numerics.icc import moments
from precept_stats.numerics.icc.anova import (
    anova,
    anova_icc,
    anova_influence,
    anova_over_clusters,
    searle_limits,
)
from precept_stats.numerics.icc.beta_binomial import beta_binomial
from precept_stats.numerics.icc.clustered import (
    Clustered,
    binary_clusters,
    least_variance_effect,
    size_weighted_effect,
)
from precept_stats.numerics.icc.mixed import latent_icc, linearised_icc, restricted_icc
from precept_stats.numerics.icc.periods import ClusterPeriods, pairwise_over_periods

Floats = NDArray[np.float64]
People = list[tuple[int, int, int, float]]
"""Group, cluster, period and outcome of each person."""

kleinman = moments.kleinman_icc
BINARY: dict[str, Callable[[Clustered], float]] = {
    "anova": anova_icc,
    "over_clusters": anova_over_clusters,
    "keq": partial(kleinman, by_size=False, smaller=False),
    "kprs": partial(kleinman, by_size=True, smaller=True),
    "stab": moments.stabilised_icc,
    "ub": moments.unbiased_equation_icc,
    "fc": moments.kappa_icc,
    "mak": moments.mak_icc,
    "peq": moments.pairwise_icc,
    "pgp": partial(moments.pairwise_icc, weighting=moments.one_a_cluster),
    "ppr": partial(moments.pairwise_icc, weighting=moments.one_a_member),
    "reml": lambda data: restricted_icc(data).icc,
    "beta_binomial": lambda data: beta_binomial(data).estimate(),
}
ANY = ("anova", "peq", "pgp", "ppr", "reml")


def draw(seed: int, *, binary: bool, groups: int = 1, periods: int = 1) -> People:
    rng = np.random.default_rng(seed)
    people: People = []
    for cluster in range(7 * groups):
        group = cluster % groups
        effect = rng.normal(0.0, 1.2)
        for period in range(periods):
            for _ in range(rng.integers(1, 9)):
                score = 0.4 * group + 0.2 * period + effect + rng.normal(0.0, 0.5)
                y = float(rng.random() < 1.0 / (1.0 + np.exp(-score))) if binary else score
                people.append((group, cluster, period, y))
    return people


def reduced(people: People) -> Clustered:
    names = sorted({cluster for _, cluster, _, _ in people})
    members = [np.array([y for _, c, _, y in people if c == name]) for name in names]
    group = [next(g for g, c, _, _ in people if c == name) for name in names]
    size = np.array([len(m) for m in members], float)
    total = np.array([m.sum() for m in members])
    within = np.array([((m - m.mean()) ** 2).sum() for m in members])
    return Clustered(size, total, within, np.array(group, dtype=np.intp))


def over_periods(people: People) -> ClusterPeriods:
    names, periods = sorted({p[1] for p in people}), sorted({p[2] for p in people})
    shape = (len(names), len(periods))
    size, total, within = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    cell, group = np.full(shape, -1), np.zeros(len(names), dtype=np.intp)
    for at in product(range(shape[0]), range(shape[1])):
        mine = np.array([y for _, c, t, y in people if (c, t) == (names[at[0]], periods[at[1]])])
        group[at[0]] = next(g for g, c, _, _ in people if c == names[at[0]])
        if len(mine):
            size[at], total[at], within[at] = len(mine), mine.sum(), ((mine - mine.mean()) ** 2).sum()
            cell[at] = at[1] * 10 + group[at[0]]
    return ClusterPeriods(size, total, within, cell.astype(np.intp), group)


def pearson(pairs: Iterator[tuple[tuple[int, int], float, tuple[int, int], float, float]]) -> float:
    """Weighted correlation of pairs, each person about the mean of their cell over all pairs."""
    listed = list(pairs)
    cells = {cell for one, _, _, _, _ in listed for cell in (one,)}
    means = {
        cell: sum(w * a for c, a, _, _, w in listed if c == cell)
        / sum(w for c, _, _, _, w in listed if c == cell)
        for cell in cells
    }
    above = sum(w * (a - means[c]) * (b - means[d]) for c, a, d, b, w in listed)
    return above / sum(w * (a - means[c]) ** 2 for c, a, _, _, w in listed)


WEIGHTS = {
    "peq": (moments.one_a_pair, lambda n: 1.0),
    "pgp": (moments.one_a_cluster, lambda n: 1.0 / (n * (n - 1))),
    "ppr": (moments.one_a_member, lambda n: 1.0 / (n - 1)),
}


@pytest.mark.parametrize("binary", [True, False])
@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("name", WEIGHTS)
def test_pairwise_correlations_are_those_of_a_loop_over_pairs(name: str, groups: int, binary: bool) -> None:
    people = draw(11, binary=binary, groups=groups)
    weighting, weight = WEIGHTS[name]

    def pairs() -> Iterator[tuple[tuple[int, int], float, tuple[int, int], float, float]]:
        for cluster in {p[1] for p in people}:
            mine = [p for p in people if p[1] == cluster]
            for one, other in permutations(mine, 2):
                yield (one[0], 0), one[3], (other[0], 0), other[3], weight(len(mine))

    found = moments.pairwise_icc(reduced(people), weighting)
    assert found == pytest.approx(pearson(pairs()), rel=1e-10)


def test_kappa_and_mak_are_those_of_loops_over_pairs() -> None:
    people = draw(5, binary=True)
    data = reduced(people)
    by_cluster = [[p[3] for p in people if p[1] == c] for c in sorted({p[1] for p in people})]

    def disagree(a: float, b: float) -> float:
        return float(a != b)

    # Fleiss-Cuzick: weights n - 1 on the mean disagreement of a cluster, against p (1 - p)
    several = [m for m in by_cluster if len(m) > 1]
    inside = [np.mean([disagree(a, b) for a, b in permutations(m, 2)]) for m in several]
    weight = np.array([len(m) - 1 for m in several])
    p = np.mean([p[3] for p in people])
    assert moments.kappa_icc(data) == pytest.approx(
        1.0 - float(weight @ inside) / weight.sum() / (2 * p * (1 - p)), rel=1e-12
    )
    # Mak: the mean disagreement inside clusters against that of two different clusters
    apart = [np.mean([disagree(a, b) for a in one for b in other]) for one, other in permutations(several, 2)]
    assert moments.mak_icc(data) == pytest.approx(1.0 - np.mean(inside) / np.mean(apart), rel=1e-12)


@pytest.mark.parametrize("binary", [True, False])
def test_correlations_over_periods_are_those_of_a_loop_over_pairs(binary: bool) -> None:
    people = draw(23, binary=binary, groups=2, periods=3)

    def pairs(*, same: bool) -> Iterator[tuple[tuple[int, int], float, tuple[int, int], float, float]]:
        for one, other in permutations(people, 2):
            if one[1] == other[1] and (one[2] == other[2]) is same:
                yield (one[0], one[2]), one[3], (other[0], other[2]), other[3], 1.0

    found = pairwise_over_periods(over_periods(people))
    assert found.within == pytest.approx(pearson(pairs(same=True)), rel=1e-10)
    assert found.between == pytest.approx(pearson(pairs(same=False)), rel=1e-10)
    assert found.autocorrelation == pytest.approx(found.between / found.within, rel=1e-12)


def test_one_period_is_the_correlation_at_one_time() -> None:
    people = draw(3, binary=True)
    data = over_periods(people)
    with pytest.raises(FitError, match="no pairs of people"):
        pairwise_over_periods(data)
    twice = ClusterPeriods(
        *(np.hstack([part, np.zeros_like(part)]) for part in (data.size, data.total, data.within)),
        cell=np.hstack([data.cell, np.full_like(data.cell, -1)]),
        group=data.group,
    )
    with pytest.raises(FitError, match="no pairs of people"):
        pairwise_over_periods(twice)


@pytest.mark.parametrize("n", [2, 9])
def test_with_equal_sizes_estimators_meet(n: int) -> None:
    y = np.array([0, 1, 2, 0, 2, 1, 2], float) * n / 2
    y = np.floor(y)
    data = binary_clusters(y, np.full(7, float(n)), np.zeros(7, dtype=np.intp))
    over, pairwise = anova_over_clusters(data), moments.pairwise_icc(data)
    assert over == pytest.approx(pairwise, rel=1e-10)
    assert moments.kappa_icc(data) == pytest.approx(pairwise, rel=1e-10)
    for name in ("pgp", "ppr"):
        assert BINARY[name](data) == pytest.approx(pairwise, rel=1e-10)
    assert BINARY["mak"](data) == pytest.approx(anova_icc(data), rel=1e-10)
    assert BINARY["ub"](data) == pytest.approx(anova_icc(data), rel=1e-10)
    if anova_icc(data) > 0:
        assert BINARY["reml"](data) == pytest.approx(anova_icc(data), rel=1e-6)


def test_searle_is_where_the_f_test_turns() -> None:
    """At its own lower limit the variance ratio is just significant, by a scaled F with equal sizes."""
    data = reduced([(0, c, 0, y) for c, y in ((k, float(k % 3 + j)) for k in range(6) for j in range(4))])
    found = anova(data)
    for limit, tail in zip(searle_limits(data, 0.9), (0.05, 0.95), strict=True):
        scaled = found.ratio * (1 - limit) / (1 + (found.n0 - 1) * limit)
        assert stats.f.sf(scaled, found.df_between, found.df_within) == pytest.approx(tail, rel=1e-9)


@pytest.mark.parametrize("name", BINARY)
def test_order_names_and_coding_change_nothing(name: str) -> None:
    data = reduced(draw(42, binary=True, groups=2))
    value = BINARY[name](data)
    rng = np.random.default_rng(1)
    shuffled = data.take(rng.permutation(data.n_clusters))
    assert BINARY[name](shuffled) == pytest.approx(value, rel=1e-7)
    named = Clustered(data.size, data.total, data.within, np.where(data.group == 0, 9, 4))
    assert BINARY[name](named) == pytest.approx(value, rel=1e-7)
    if name != "ub":  # its equation is of the events alone
        swapped = binary_clusters(data.size - data.total, data.size, data.group)
        assert BINARY[name](swapped) == pytest.approx(value, rel=1e-7)


@pytest.mark.parametrize("name", ANY)
def test_origin_and_unit_of_a_continuous_outcome_change_nothing(name: str) -> None:
    people = draw(42, binary=False, groups=2)
    value = BINARY[name](reduced(people))
    moved = [(g, c, t, 40.0 - 7.5 * y) for g, c, t, y in people]
    assert BINARY[name](reduced(moved)) == pytest.approx(value, rel=1e-6)


def test_the_logistic_model_does_not_care_which_value_is_the_event() -> None:
    data = reduced(draw(8, binary=True))
    swapped = binary_clusters(data.size - data.total, data.size, data.group)
    assert latent_icc(swapped, 25) == pytest.approx(latent_icc(data, 25), rel=1e-6)
    assert linearised_icc(swapped, 25) == pytest.approx(linearised_icc(data, 25), rel=1e-6)


@pytest.mark.parametrize("name", ["anova", "fc", "peq"])
def test_an_influence_is_the_slope_of_its_estimate(name: str) -> None:
    """One more event in a cluster moves y by 1 and y^2 by 2 y: against finite differences."""
    influences = {"anova": anova_influence, "fc": moments.kappa_influence}
    data = reduced(draw(77, binary=True, groups=2))
    if name == "peq":  # its slope is taken at one proportion for a group: make it so
        data = binary_clusters(data.size * 0.25, data.size, data.group)
        of_y, of_square = moments.pairwise_influence(data)
    else:
        of_y, of_square = influences[name](data)

    def moved(place: int, dy: float) -> float:
        total = data.total.copy()
        total[place] += dy
        return BINARY[name](binary_clusters(total, data.size, data.group))

    h = 1e-6
    for place in (0, 5):
        slope = (moved(place, h) - moved(place, -h)) / (2 * h)
        with_square = of_y[place] + 2.0 * data.total[place] * of_square[place]
        assert with_square == pytest.approx(slope, rel=1e-4, abs=1e-8)


def test_what_cannot_be_estimated_says_why() -> None:
    ones = np.ones(4)
    with pytest.raises(FitError, match="too few clusters"):
        anova_icc(binary_clusters(np.array([2.0]), np.array([5.0]), np.zeros(1, dtype=np.intp)))
    with pytest.raises(FitError, match="size 1"):
        anova_icc(binary_clusters(np.array([0.0, 1, 1, 0]), ones, np.zeros(4, dtype=np.intp)))
    with pytest.raises(FitError, match="does not vary"):
        anova_icc(binary_clusters(0 * ones, 5 * ones, np.zeros(4, dtype=np.intp)))
    with pytest.raises(FitError, match="no maximum"):
        beta_binomial(
            binary_clusters(np.array([0.0, 5, 5, 0]), 5 * ones, np.zeros(4, dtype=np.intp))
        ).estimate()
    with pytest.raises(FitError, match="upper end"):
        searle_limits(binary_clusters(np.array([0.0, 5, 5, 0]), 5 * ones, np.zeros(4, dtype=np.intp)), 0.95)


def test_people_alike_in_no_way_give_the_least_correlation() -> None:
    data = binary_clusters(np.full(6, 2.0), np.full(6, 4.0), np.zeros(6, dtype=np.intp))
    assert anova_icc(data) == pytest.approx(-1 / 3, rel=1e-12)
    assert moments.pairwise_icc(data) == pytest.approx(-1 / 3, rel=1e-12)
    assert data.least == pytest.approx(-1 / 3)
    with pytest.raises(FitError, match="no design effect"):
        least_variance_effect(data.size, -1 / 3)


def test_clusters_of_one_have_no_pair_and_change_no_pairwise_estimate() -> None:
    data = reduced(draw(42, binary=True))
    paired = data.take(np.flatnonzero(data.size > 1))
    alone = binary_clusters(np.array([1.0, 0.0]), np.ones(2), np.zeros(2, dtype=np.intp))
    more = Clustered(
        *(np.concatenate([getattr(paired, part), getattr(alone, part)]) for part in ("size", "total")),
        within=np.concatenate([paired.within, alone.within]),
        group=np.concatenate([paired.group, alone.group]),
    )
    for name in ("peq", "pgp", "ppr", "mak"):
        assert BINARY[name](more) == pytest.approx(BINARY[name](paired), rel=1e-12)


def test_design_effects_agree_where_sizes_are_equal() -> None:
    size = np.full(9, 12.0)
    for icc in (0.3, 0.0, -0.05):
        assert size_weighted_effect(size, icc) == pytest.approx(1 + 11 * icc, rel=1e-12)
        assert least_variance_effect(size, icc) == pytest.approx(1 + 11 * icc, rel=1e-12)
    unequal = np.array([2.0, 30.0, 10.0])
    assert least_variance_effect(unequal, 0.2) < size_weighted_effect(unequal, 0.2)


def test_the_beta_binomial_takes_a_negative_correlation() -> None:
    y = np.array([3, 5, 7, 4, 6, 5, 3, 7, 6, 4], float)
    data = binary_clusters(y, np.full(10, 10.0), np.zeros(10, dtype=np.intp))
    found = beta_binomial(data)
    assert -1 / 9 < found.estimate() < 0
    lower, upper = found.limits(0.9)
    assert lower <= found.estimate() <= upper

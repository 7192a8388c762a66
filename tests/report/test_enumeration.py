"""Whoever tries all counts that clusters can have, beside full precision and beside the gate."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy import stats

from precept_stats.data.policies import read_policy
from precept_stats.report.disclosure import gate
from precept_stats.report.guarded import significant
from precept_stats.values import Row

NHS = "nhs_counts_v1"
RULE = read_policy(NHS).policy.counts
NEW, OLD = ((31, 3), (42, 12), (53, 18)), ((29, 4), (47, 16), (58, 22))
"""People and events of synthetic clusters: the first of each arm has a small count."""
MANY = (40, 12), (50, 11), (60, 20), (44, 13)


def answer(new: tuple[tuple[int, int], ...], old: tuple[tuple[int, int], ...]) -> dict[str, float]:
    """An unpaired t-test of the proportions of clusters."""
    arms = [np.array([e / n for n, e in arm]) for arm in (new, old)]
    df = len(new) + len(old) - 2
    pooled = sum(float(((arm - arm.mean()) ** 2).sum()) for arm in arms) / df
    error = float(np.sqrt(pooled * sum(1 / len(arm) for arm in arms)))
    effect = float(arms[0].mean() - arms[1].mean())
    reach = float(stats.t.ppf(0.975, df)) * error
    told = {"estimate": effect, "std_error": error, "conf_low": effect - reach, "conf_high": effect + reach}
    told |= {"statistic": effect / error, "df": float(df), "new": float(arms[0].mean())}
    return told | {"p_value": float(2 * stats.t.sf(abs(effect / error), df))}


def rows(new: tuple[tuple[int, int], ...], old: tuple[tuple[int, int], ...]) -> tuple[Row, ...]:
    told = answer(new, old)
    mean = told.pop("new")
    made = [
        Row("primary", "estimate", name, stat, variable="well", unit="proportion" if name[0] in "ec" else "")
        for name, stat in told.items()
    ]
    about = (("arm", "new"),)
    made.append(
        Row("primary", "arm_summary", "estimate", mean, variable="well", unit="proportion", groups=about)
    )
    made.append(Row("primary", "number_needed", "estimate", 1 / told["estimate"], variable="well"))
    for arm, clusters in (("new", new), ("old", old)):
        for place, (people, events) in enumerate(clusters):
            groups = (("arm", arm), ("cluster", f"{arm} {place}"))
            for name, stat, unit in (("N", people, "individuals"), ("n", events, "events")):
                made.append(
                    Row("primary", "cluster_outcome", name, stat, variable="well", unit=unit, groups=groups)
                )
    return tuple(made)


def could_be(people: int, events: int) -> list[tuple[int, int]]:
    sizes = range(RULE.rounded(people) - 2, RULE.rounded(people) + 3)
    return list(product(sizes, range(1, 8) if events < 8 else range(*_span(events))))


def _span(events: int) -> tuple[int, int]:
    low, high = RULE.span(RULE.rounded(events))
    return low, high + 1


def shown(given: tuple[Row, ...]) -> dict[str, Row]:
    return {
        row.stat_name if row.context == "estimate" else row.context: row
        for row in gate(given, NHS)
        if row.context in ("estimate", "arm_summary", "number_needed")
    }


def test_at_full_precision_the_mean_of_an_arm_tells_the_suppressed_count() -> None:
    combinations = list(product(*(could_be(*cluster) for cluster in NEW)))
    assert len(combinations) == 21_875
    mean = answer(NEW, OLD)["new"]
    left = [one for one in combinations if abs(sum(e / n for n, e in one) / 3 - mean) < 1e-14]
    assert left == [NEW]


def test_what_is_shown_leaves_several_counts_even_to_who_knows_the_other_arm() -> None:
    told = shown(rows(NEW, OLD))
    assert {told[name].stat for name in ("arm_summary", "number_needed")} == {None}
    error = told["std_error"].stat
    half = error / 4 + 1e-12
    counts: set[int] = set()
    for one in product(*(could_be(*cluster) for cluster in NEW)):
        found = _effect(one)
        near = all(
            abs(found[name] - told[name].stat) <= half for name in ("estimate", "conf_low", "conf_high")
        )
        digits = ("std_error", "statistic", "p_value")
        if near and all(significant(found[name], 1) == told[name].stat for name in digits):
            counts.add(one[0][1])
    assert len(counts) >= 3


def _effect(new: tuple[tuple[int, int], ...]) -> dict[str, float]:
    """As ``answer``, with the other arm known, fast enough for all combinations."""
    ours, theirs = [e / n for n, e in new], [e / n for n, e in OLD]
    mean, other = sum(ours) / 3, sum(theirs) / 3
    squares = sum((one - mean) ** 2 for one in ours) + sum((one - other) ** 2 for one in theirs)
    effect, error = mean - other, (squares / 4 * 2 / 3) ** 0.5
    reach, ratio = T * error, effect / error
    p = 1 - abs(ratio) * (ratio**2 + 6) / (ratio**2 + 4) ** 1.5
    told = {"estimate": effect, "std_error": error, "statistic": ratio, "p_value": p}
    return told | {"conf_low": effect - reach, "conf_high": effect + reach}


T = float(stats.t.ppf(0.975, 4))


def test_the_fast_answer_is_the_answer() -> None:
    slow, fast = answer(NEW, OLD), _effect(NEW)
    assert fast == pytest.approx({name: slow[name] for name in fast}, rel=1e-10)


def test_with_two_clusters_an_arm_answers_go() -> None:
    told = shown(rows(NEW[:2], OLD[:2]))
    assert {row.stat for row in told.values()} == {None}
    assert "few clusters" in told["estimate"].warning


def test_with_six_clusters_an_arm_answers_have_three_digits() -> None:
    given = rows((*NEW[:2], *MANY), (*OLD[:2], *MANY))
    exact, told = answer((*NEW[:2], *MANY), (*OLD[:2], *MANY)), shown(given)
    assert told["estimate"].stat == round(exact["estimate"], 3)
    assert told["p_value"].stat == significant(exact["p_value"], 3)
    assert told["arm_summary"].stat == round(exact["new"], 2)


def test_without_a_small_count_answers_are_whole() -> None:
    others = ((45, 20), (52, 17), (61, 30), (38, 14))
    told = shown(rows(MANY, others))
    assert told["std_error"].stat == answer(MANY, others)["std_error"]


def test_gating_twice_changes_nothing() -> None:
    once = gate(rows(NEW, OLD), NHS)
    assert gate(once, NHS) == once

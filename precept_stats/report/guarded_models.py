"""Rules for the output of models: too few residual degrees of freedom, and arms that few clusters dominate.

With almost as many parameters as observations a model gives its data back. The mean of an arm that is nearly
all of two clusters tells each of them about the other. Every rule gives the same when put to its own output.
"""

from __future__ import annotations

from collections.abc import Iterable

from precept_stats.data.policies import DominanceRule, ModelRule
from precept_stats.report.guarded import number
from precept_stats.values import Row

Arm = tuple[str, str]
"""An outcome and an arm."""


def with_low_df(rows: Iterable[Row], rule: ModelRule | None) -> dict[str, str]:
    """Analyses with fewer residual degrees of freedom than a policy asks for, each with the reason.

    They are those of the reference distribution of the estimate, where that has any.
    """
    if rule is None:
        return {}
    found = (
        (row.analysis, number(row)) for row in rows if (row.context, row.stat_name) == ("estimate", "df")
    )
    reason = f"fewer than {rule.min_df} residual degrees of freedom"
    return {analysis: reason for analysis, df in found if df is not None and df < rule.min_df}


def largest_shares(rows: Iterable[Row], largest: int) -> dict[Arm, float]:
    """The share of the people of each arm that its largest clusters hold, by outcome and arm.

    From the people of clusters at follow-up, as they stand in the rows; clusters that are not shown count
    as none, so that from rows that have passed the gate the share is about right.
    """
    sizes: dict[Arm, dict[str, float]] = {}
    for row in rows:
        at_follow_up = row.context == "cluster_outcome" and row.group("period") != "baseline"
        if at_follow_up and row.stat_name == "N" and row.unit != "clusters":
            arm = sizes.setdefault((row.variable, row.group("arm")), {})
            arm[row.group("cluster")] = number(row) or 0.0
    shares = {}
    for about, people in sizes.items():
        ordered = sorted(people.values(), reverse=True)
        if total := sum(ordered):
            shares[about] = sum(ordered[:largest]) / total
    return shares


def dominated_outcomes(rows: Iterable[Row], rule: DominanceRule | None) -> frozenset[str]:
    """Outcomes of which some arm is dominated: the means of its arms go, for one tells the other."""
    if rule is None:
        return frozenset()
    shares = largest_shares(rows, rule.largest)
    return frozenset(variable for (variable, _), share in shares.items() if share > rule.share)

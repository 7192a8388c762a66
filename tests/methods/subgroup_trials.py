"""A small synthetic trial with subgroups of people and of clusters, and one question about it."""

from __future__ import annotations

import numpy as np
import pandas as pd

import precept_stats as ps
from precept_stats.runner import How
from precept_stats.values import Result


def trial(seed: int = 5, clusters: int = 24) -> pd.DataFrame:
    """Clusters of 10 to 40 people in two arms, a region of clusters (3) and the sex of people (2)."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(10, 41, clusters)
    cluster = np.repeat(np.arange(clusters), sizes)
    arm, region = cluster % 2, (cluster // 2) % 3
    sex = rng.integers(0, 2, len(cluster))
    level = rng.normal(0.0, 0.4, clusters)[cluster]
    chance = 1.0 / (1.0 + np.exp(-(-0.3 + level + 0.4 * arm + 0.3 * sex + 0.5 * arm * sex - 0.2 * region)))
    return pd.DataFrame(
        {
            "unit": [f"U{one:02}" for one in cluster],
            "arm": np.where(arm == 1, "new", "old"),
            "region": np.array(["East", "North", "West"])[region],
            "sex": np.array(["boys", "girls"])[sex],
            "age": rng.normal(40.0, 9.0, len(cluster)),
            "cured": (rng.random(len(cluster)) < chance).astype(int),
            "score": rng.normal(50.0, 8.0, len(cluster)) + 4.0 * level + 3.0 * arm * sex,
            "data_origin": "synthetic",
        }
    )


def answered(
    method: object, people: pd.DataFrame, summary: str = "risk_difference", **study: object
) -> Result:
    """How the effect differs between subgroups, or the effect where the study names none."""
    continuous = summary == "mean_difference"
    outcome = ps.Outcome(
        column="score" if continuous else "cured",
        type="continuous" if continuous else "binary",
        direction="higher_better",
    )
    question = ps.Question(
        estimand_id="effect",
        estimand=ps.Estimand(
            population="all", outcome="outcome", compare="new", reference="old", summary=summary,
            effect="marginal", target="participant_average", intercurrent_events=(),
        ),
        population=ps.Population(of="people"),
        outcome=outcome,
    )  # fmt: skip
    return ps.analyse(
        ps.ClusterTrial(cluster="unit", arm="arm", **study), method, people, question, How(seed=3)
    )


def within(result: Result, stat: str = "estimate") -> dict[str, float]:
    """A statistic of the effect in each subgroup, by level."""
    return {
        row.group("subgroup"): float(row.stat)
        for row in result.rows
        if row.context == "subgroup" and row.stat_name == stat and not row.group("arm") and row.groups
    }


def joint(result: Result) -> dict[str, float]:
    """The joint test of interaction."""
    return {row.stat_name: row.stat for row in result.rows if row.context == "joint_test" and not row.error}

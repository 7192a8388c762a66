"""Small trials made by hand, and short ways to ask about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from precept_stats.data.schema import DataSchema
from precept_stats.data.selection import Condition, Join, Population
from precept_stats.studies.cluster_trial import ClusterTrial
from precept_stats.studies.cluster_trial_tables import PreparedTrial, prepare
from precept_stats.studies.question import Estimand, Outcome, Question, Summary

SUMMARY: dict[str, Summary] = {
    "binary": "risk_difference",
    "continuous": "mean_difference",
    "count": "rate_difference",
}
BINARY = Outcome(column="y", type="binary", direction="higher_better")
STUDY = ClusterTrial(cluster="unit", arm="arm")


@dataclass(frozen=True)
class Given:
    """A table as a study is given one."""

    name: str
    frame: pd.DataFrame
    schema: DataSchema | None = None


def ask(
    outcome: Outcome = BINARY,
    where: Sequence[Mapping[str, Any]] = (),
    join: Sequence[Mapping[str, str]] = (),
    compare: str = "ESP",
    reference: str = "SSP",
) -> Question:
    estimand = Estimand(
        population="all",
        outcome="y",
        compare=compare,
        reference=reference,
        summary=SUMMARY[outcome.type],
        effect="marginal",
        target="cluster_average",
        intercurrent_events=(),
    )
    population = Population(
        of="births",
        join=tuple(Join.model_validate(one) for one in join),
        where=tuple(Condition.model_validate(one) for one in where),
    )
    return Question("primary", estimand, population, outcome)


def made(
    frame: pd.DataFrame, study: ClusterTrial = STUDY, question: Question | None = None, **others: pd.DataFrame
) -> PreparedTrial:
    tables = {"births": Given("births", frame)} | {name: Given(name, one) for name, one in others.items()}
    return prepare(study, tables, question or ask())


def plain() -> pd.DataFrame:
    """Four units, two an arm, sizes 3, 2, 4, 1; events 2, 0, 1, 1."""
    return pd.DataFrame(
        {
            "unit": ["A", "A", "A", "B", "B", "C", "C", "C", "C", "D"],
            "arm": ["ESP"] * 3 + ["SSP"] * 2 + ["ESP"] * 4 + ["SSP"],
            "y": [1, 1, 0, 0, 0, 1, 0, 0, 0, 1],
        }
    )


def flow(prepared: PreparedTrial) -> dict[str, dict[str, tuple[float, float]]]:
    """(clusters, individuals) by step and arm; the empty arm is every row."""
    steps: dict[str, dict[str, dict[str, float]]] = {}
    for row in prepared.flow:
        assert not isinstance(row.stat, str)
        assert row.stat is not None
        steps.setdefault(row.variable, {}).setdefault(row.group("arm"), {})[row.stat_name] = row.stat
    return {
        step: {arm: (found["n_clusters"], found["n"]) for arm, found in arms.items()}
        for step, arms in steps.items()
    }

"""Made-up series, and studies and questions about them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from precept_stats.data.selection import Condition, Population
from precept_stats.studies.interrupted_series import InterruptedSeries
from precept_stats.studies.prepared_series import PreparedSeries
from precept_stats.studies.programme import Programme
from precept_stats.studies.question import Estimand, Outcome, Question
from precept_stats.studies.series_tables import prepare_series

STEP: dict[str, Any] = {"effects": [{"kind": "step"}, {"kind": "ramp"}], "transition": {"kind": "none"}}
SHARES = {"column": "events", "denominator": "n", "type": "binary", "direction": "higher_better"}


@dataclass(frozen=True)
class Source:
    """A table without a schema."""

    name: str
    frame: pd.DataFrame
    schema: None = None


def months(count: int = 36, first: str = "2017-01") -> list[str]:
    start = int(first[:4]) * 12 + int(first[5:]) - 1
    return [f"{number // 12:04d}-{number % 12 + 1:02d}" for number in range(start, start + count)]


def table(count: int = 36, **changed: Any) -> pd.DataFrame:
    """One monthly series of counts."""
    columns: dict[str, Any] = {
        "month": months(count),
        "events": np.arange(count) % 7 + 20,
        "n": np.full(count, 50),
    }
    return pd.DataFrame(columns | changed)


def series(**changed: Any) -> InterruptedSeries:
    return InterruptedSeries.model_validate(
        {
            "kind": "interrupted_series",
            "time": {"column": "month", "every": "month"},
            "interruptions": {"law": {"at": "2018-07"} | STEP},
            "coding": {"interrupted_period": "after", "ramp_from": 0},
            "seasonality": {"kind": "none", "reason": "made up without seasons"},
        }
        | changed
    )


def question(
    where: tuple[Condition, ...] = (), outcome: dict[str, Any] | None = None, **changed: Any
) -> Question:
    asked = {
        "population": "all",
        "outcome": "share",
        "compare": "law",
        "reference": "none",
        "summary": "risk_difference",
        "effect": "marginal",
        "target": "participant_average",
        "change": {"kind": "level_change", "interruption": "law"},
        "intercurrent_events": [],
    }
    return Question(
        "asked",
        Estimand.model_validate(asked | changed),
        Population(of="rows", where=where),
        Outcome.model_validate(outcome or SHARES),
    )


def prepared(
    frame: pd.DataFrame, study: InterruptedSeries | Programme | None = None, about: Question | None = None
) -> PreparedSeries:
    return prepare_series(study or series(), {"rows": Source("rows", frame)}, about or question())

"""A plan without any finding, and ways to spoil it."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from typing import Any

from precept_stats.plan.findings import Finding, InvalidPlanError
from precept_stats.plan.loaded import LoadedPlan
from precept_stats.plan.reader import read_plan_text

Document = dict[str, Any]

_GOOD: Document = {
    "precept_plan": "1",
    "id": "good",
    "version": "1.0.0",
    "title": "A plan without fault",
    "design": "parallel_cluster_trial",
    "prespecification": {"data_state": "before_recruitment", "statement": "Written before recruitment."},
    "data": {"births": {"schema": "births"}, "units": {"schema": "units"}},
    "populations": {
        "eligible": {
            "of": "births",
            "join": [{"table": "units", "on": "unit"}],
            "where": [{"column": "gestation_weeks", "below": 30}],
        }
    },
    "outcomes": {
        "uptake": {
            "column": "mgso4",
            "type": "binary",
            "direction": "higher_better",
            "event": ["yes"],
            "non_event": ["no"],
            "missing": ["unknown"],
            "excluded": ["not_applicable"],
        }
    },
    "estimands": {
        "effect": {
            "population": "eligible",
            "outcome": "uptake",
            "compare": "ESP",
            "reference": "SSP",
            "summary": "risk_difference",
            "effect": "marginal",
            "target": "cluster_average",
            "intercurrent_events": [],
        }
    },
    "analyses": {
        "primary": {
            "label": "Regression",
            "purpose": "primary",
            "reason": "specified_in_sap",
            "estimand": "effect",
            "study": {
                "kind": "cluster_trial",
                "cluster": "unit",
                "arm": "arm",
                "strata": ["stratum"],
                "adjust": ["baseline_outcome"],
                "periods": {
                    "month": "birth_month",
                    "start": "start_month",
                    "baseline": {"from": -12, "to": -1},
                    "follow_up": {"from": 9, "to": 17},
                },
            },
            "method": {"kind": "cluster_regression"},
            "on_failure": [{"if": "not_estimable", "use": "crude"}],
        },
        "crude": {
            "based_on": "primary",
            "label": "Crude",
            "purpose": "sensitivity",
            "study": {"strata": None, "adjust": None},
            "method": {"kind": "cluster_summaries"},
        },
    },
    "multiplicity": {"family": ["primary"], "procedure": "none", "level": 0.95},
    "disclosure": {"policy": "nhs_counts_v1"},
}


def good() -> Document:
    return deepcopy(_GOOD)


def spoilt(change: Callable[[Document], object]) -> Document:
    document = good()
    change(document)
    return document


def read(document: object) -> LoadedPlan:
    """A document read as a plan; JSON is YAML, so that any document can be written."""
    return read_plan_text(json.dumps(document, indent=1), "plan.yaml")


def findings_of(document: object) -> tuple[Finding, ...]:
    """All findings, whether they stop the reading or not."""
    try:
        return read(document).findings
    except InvalidPlanError as problem:
        return problem.findings


def change(place: str, value: object) -> Callable[[Document], None]:
    """A change that sets the field at a place such as ``estimands.effect.summary``."""

    def apply(document: Document) -> None:
        *path, last = place.split(".")
        node: Any = document
        for step in path:
            node = node[int(step)] if isinstance(node, list) else node[step]
        node[int(last) if isinstance(node, list) else last] = value

    return apply


def both(*changes: Callable[[Document], object]) -> Callable[[Document], None]:
    def apply(document: Document) -> None:
        for one in changes:
            one(document)

    return apply

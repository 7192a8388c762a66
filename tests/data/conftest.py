"""A small table that conforms to its schema, to be spoilt one way at a time."""

from __future__ import annotations

import pandas as pd
import pytest

from precept_stats.data.schema import DataSchema, schema_from_text

TRIAL_SCHEMA = """\
name: trial
fieldsMatch: superset
missingValues: ["", "NA"]
primaryKey: [person]
uniqueKeys: [[cluster, seat]]
foreignKeys: [{fields: [cluster], reference: {resource: clusters, fields: [cluster]}}]
fields:
  - {name: person, type: string, constraints: {pattern: "P[0-9]{2}"}, x-precept: {sensitivity: identifier}}
  - {name: cluster, type: string, constraints: {required: true, maxLength: 3}, x-precept: {role: cluster}}
  - {name: arm, type: string, constraints: {enum: ["0", "1"]}, x-precept: {role: arm, sensitivity: safe}}
  - {name: seat, type: integer, constraints: {minimum: 1, maximum: 20}}
  - {name: month, type: yearmonth, constraints: {minimum: 2018-01}}
  - {name: born, type: date, constraints: {exclusiveMaximum: 2020-01-01}}
  - {name: score, type: number, x-precept: {unit: points}}
  - {name: best, type: number}
  - {name: events, type: integer}
  - {name: people, type: integer}
  - {name: treated, type: boolean}
  - {name: data_origin, type: string, x-precept: {optional: true, sensitivity: safe}}
x-precept:
  level: individual
  rules:
    - {id: one_arm, kind: constant_within, columns: [arm], within: cluster}
    - {id: within_best, kind: not_above, column: score, limit: best}
    - {id: all_allocated, kind: allocated, cluster: cluster, arm: arm}
    - {id: one_row, kind: one_row_per, columns: [cluster, seat, month]}
    - {id: both_scores, kind: together, columns: [score, best]}
    - {id: people_above_zero, kind: always, that: {column: people, above: 0}}
    - {id: treated_have_scores, kind: implies, when: {column: treated, equals: true},
       then: {column: score, missing: false}}
    - {id: every_month, kind: no_gaps, month: month, within: cluster}
"""


@pytest.fixture
def trial_text() -> str:
    return TRIAL_SCHEMA


@pytest.fixture
def schema() -> DataSchema:
    return schema_from_text(TRIAL_SCHEMA, "trial.yaml")


@pytest.fixture
def frame() -> pd.DataFrame:
    """Two clusters of three people, months consecutive within each; every value recorded."""
    return pd.DataFrame(
        {
            "person": ["P01", "P02", "P03", "P04", "P05", "P06"],
            "cluster": ["A", "A", "A", "B", "B", "B"],
            "arm": ["0", "0", "0", "1", "1", "1"],
            "seat": [1, 2, 3, 1, 2, 3],
            "month": ["2018-11", "2018-12", "2019-01", "2018-05", "2018-06", "2018-06"],
            "born": pd.to_datetime(
                ["2018-11-02", "2018-12-03", "2019-01-04", "2018-05-05", "2018-06-06", "2018-06-07"]
            ),
            "score": [1.5, 2.0, 0.1, 3.25, 1e-3, 4.0],
            "best": [2.0, 2.0, 2.0, 4.0, 4.0, 4.0],
            "events": [0, 1, 0, 1, 1, 0],
            "people": [1, 1, 1, 1, 1, 1],
            "treated": [True, False, True, False, True, False],
        }
    )

"""A small synthetic trial with a plan that can be locked, and draws in several of its analyses."""

from __future__ import annotations

from pathlib import Path

from precept_stats.data.schema import schema_and_digest

SCHEMA = """\
$schema: https://datapackage.org/profiles/2.0/tableschema.json
name: people
fields:
  - name: village
    type: string
    constraints: {required: true}
    x-precept: {role: cluster, level: cluster, sensitivity: safe}
  - name: arm
    type: string
    constraints: {required: true, enum: [new, old]}
    x-precept: {role: arm, level: cluster, sensitivity: safe}
  - name: well
    type: integer
    constraints: {enum: [0, 1]}
    x-precept: {role: outcome, level: individual, sensitivity: sensitive}
  - name: data_origin
    type: string
missingValues: ["", NA]
x-precept: {level: individual}
"""
PLAN = """\
precept_plan: "1"
id: small
version: 1.0.0
title: A small trial
design: parallel_cluster_trial
prespecification: {data_state: locked_blinded, statement: Written before anyone saw an outcome by arm.}
data:
  people: {schema: people, schema_sha256: DIGEST, file: people.csv, source: synthetic}
populations:
  all: {of: people}
outcomes:
  well: {column: well, type: binary, direction: higher_better}
estimands:
  main: {population: all, outcome: well, compare: new, reference: old, summary: risk_difference,
         effect: marginal, target: cluster_average, intercurrent_events: []}
analyses:
  primary:
    purpose: primary
    reason: specified_in_sap
    estimand: main
    study: {kind: cluster_trial, cluster: village, arm: arm}
    method: {kind: cluster_summaries}
    on_failure: [{if: not_estimable, use: welch}]
  welch:
    based_on: primary
    purpose: sensitivity
    method: {kind: cluster_summaries, variance: {kind: welch}}
  shuffled:
    based_on: primary
    purpose: sensitivity
    method: {kind: randomisation_test, allocations: {kind: monte_carlo, draws: 999}}
multiplicity: {family: [primary], procedure: none, level: 0.95}
disclosure: {policy: POLICY}
seed: 20261123
"""


def write_trial(folder: Path, policy: str = "none") -> Path:
    """Write schema, plan and data, and return the path of the plan."""
    digest = schema_and_digest(SCHEMA, "people.yaml")[1]
    (folder / "data_schemas").mkdir(parents=True)
    (folder / "data_schemas" / "people.yaml").write_text(SCHEMA)
    (folder / "plan.yaml").write_text(PLAN.replace("DIGEST", digest).replace("POLICY", policy))
    lines = [
        f"{cluster},{'new' if cluster > 8 else 'old'},{person * cluster % (4 + cluster % 3) < 2:d},synthetic"
        for cluster in range(1, 17)
        for person in range(9 + cluster)
    ]
    (folder / "people.csv").write_text("village,arm,well,data_origin\n" + "\n".join(lines) + "\n")
    return folder / "plan.yaml"


def edited(plan: Path, old: str, new: str, count: int = 1) -> None:
    """Replace a text in the plan, which must be there."""
    text = plan.read_text()
    assert old in text
    plan.write_text(text.replace(old, new, count))

# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Estimands: whose effect, on which scale
#
# The same data answer different questions. What changes between the lines below is not how the arms are
# compared but over whom the effect is averaged.
#
# **The data are synthetic**, drawn from truths that we choose; nothing below says anything about a real
# trial.

# %%
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

import precept_stats as ps

# %% [markdown]
# ## 1. Large units gain more
#
# Forty maternity units, twenty in each arm. Without the programme 60 per cent of mothers are treated
# wherever they are. It adds 2 percentage points in a unit of 20 mothers and more in a larger one, up to 18
# in a unit of 200.

# %%
rng = np.random.default_rng(11)
UNITS = 40
units = pd.DataFrame(
    {
        "unit": [f"U{number:02d}" for number in range(1, UNITS + 1)],
        "arm": rng.permutation(["programme", "usual"] * (UNITS // 2)),
        "mothers": np.exp(rng.uniform(np.log(20), np.log(200), UNITS)).round().astype(int),
    }
)
gain = 0.02 + 0.16 * np.log(units["mothers"] / 20) / np.log(10)
risk = 0.60 + gain * (units["arm"] == "programme")
rate = rng.beta(risk * 49, (1 - risk) * 49)  # an intracluster correlation of 1/50 among units of one risk
births = units.loc[np.repeat(units.index, units["mothers"])].reset_index(drop=True)
births["age"] = rng.normal(30, 5, len(births)).round(1)
births["treated"] = (rng.random(len(births)) < np.repeat(rate, units["mothers"])).astype(int)
births = births.drop(columns="mothers").assign(data_origin="synthetic")
truth = {"unit": gain.mean(), "mother": np.average(gain, weights=units["mothers"])}
{f"true effect in the average {who}": round(value, 3) for who, value in truth.items()}

# %% [markdown]
# Both are averages of the same effects: over units, and over mothers. A protocol has to say which is meant.
# A plan of precept_stats must: `target` has no default.

# %%
SCHEMA = """
name: births
fieldsMatch: equal
fields:
  - {name: unit, type: string, x-precept: {role: cluster}}
  - {name: arm, type: string, constraints: {enum: [usual, programme]}, x-precept: {role: arm}}
  - {name: age, type: number}
  - {name: treated, type: integer, x-precept: {role: outcome}}
  - {name: data_origin, type: string, x-precept: {role: provenance}}
"""
PLAN = """
precept_plan: "1"
id: whose-effect
version: 1.0.0
title: "Forty synthetic units in which size matters"
design: parallel_cluster_trial
prespecification: {data_state: results_seen, statement: Synthetic data.}
data:
  births: {schema: births}
populations:
  everyone: {of: births}
outcomes:
  treated: {column: treated, label: Treated, type: binary, direction: higher_better}
estimands:
  per_unit:
    population: everyone
    outcome: treated
    compare: programme
    reference: usual
    summary: risk_difference
    effect: marginal
    target: cluster_average
    intercurrent_events: []
  per_mother:
    population: everyone
    outcome: treated
    compare: programme
    reference: usual
    summary: risk_difference
    effect: marginal
    target: participant_average
    intercurrent_events: []
analyses:
  units:
    label: t-test of units
    purpose: primary
    reason: reanalysis
    estimand: per_unit
    study: {kind: cluster_trial, cluster: unit, arm: arm}
    method: {kind: cluster_summaries}
  mothers:
    based_on: units
    label: Logistic regression of mothers, independence (GEE)
    purpose: secondary
    estimand: per_mother
    method: {kind: gee, variance: {kind: mancl_derouen}}
  exchangeable:
    based_on: mothers
    label: The same, exchangeable correlation
    purpose: sensitivity
    method: {correlation: {kind: exchangeable}}
  mixed:
    based_on: mothers
    label: Logistic mixed model, marginal risks
    purpose: sensitivity
    method: {kind: generalised_linear_mixed}
  robust:
    based_on: units
    label: Model-robust, adjusted for age
    purpose: sensitivity
    study: {adjust: [age]}
    method: {kind: model_robust, working: {kind: gee}}
correlations:
  treated_icc:
    label: How alike mothers of a unit are
    estimand: per_unit
    study: {kind: cluster_trial, cluster: unit, arm: arm}
    by_arm: false
    removed: arm
    estimators: [{kind: anova}, {kind: fleiss_cuzick}, {kind: beta_binomial}]
multiplicity: {family: [units], procedure: none, level: 0.95}
disclosure: {policy: none}
"""
folder = Path(tempfile.mkdtemp())
(folder / "data_schemas").mkdir()
(folder / "data_schemas" / "births.yaml").write_text(SCHEMA, encoding="utf-8")
(folder / "trial.yaml").write_text(PLAN, encoding="utf-8")
plan = ps.read_plan(folder / "trial.yaml")
results = ps.run(plan, {"births": births})


def beside(results: ps.Results) -> pd.DataFrame:
    """Estimates with 95% intervals, a line each, and the average that the plan asks for."""
    found = {}
    for result in results:
        one, analysis = result.estimate, plan.plan.analyses[result.analysis]
        target = plan.plan.estimands[analysis.estimand].target.replace("_", " ")
        limits = one.interval.lower, one.interval.upper
        found[analysis.label] = (target, *(round(number, 3) for number in (one.value, *limits)))
    return pd.DataFrame.from_dict(found, orient="index", columns=["target", "estimate", "lower", "upper"])


beside(results)

# %% [markdown]
# The checker says beforehand which analyses need not estimate the average that was asked for, and why.

# %%
for finding in plan.findings:
    if finding.id == "PL-0143":
        print(f"{finding.pointer}: {finding.message}\n")

# %% [markdown]
# The model-robust analysis gives both averages, whichever is asked for, and tests whether they differ.

# %%
rows = ps.to_frame(results["robust"].rows)
rows = rows[rows["context"] == "average"]
both = rows.pivot_table(index="group1_level", columns="stat_name", values="stat", aggfunc="first", sort=False)
both[["estimate", "conf_low", "conf_high", "p_value"]].astype(float).round(3)

# %% [markdown]
# The outcome of a unit against its size: the arms part to the right.

# %%
report = ps.story(plan, results)
report.figure("cluster-size")

# %% [markdown]
# With 40 units such a test has little power, and a large p-value would not have shown that size does not
# matter. The question decides which average is primary; the other stands beside it.
#
# ## 2. The scale, and the number needed to treat
#
# The same fit answers on three scales. Risks in both arms are averaged over everybody first and compared
# then, so that an odds ratio is that of the population and not that within units.

# %%
study, method = plan.plan.analyses["mothers"].study, plan.plan.analyses["mothers"].method
question = plan.plan.question("mothers")
scales = {}
for summary in ("risk_difference", "risk_ratio", "odds_ratio"):
    estimand = question.estimand.model_copy(update={"summary": summary})
    asked = ps.Question(summary, estimand, question.population, question.outcome)
    one = ps.analyse(study, method, births, asked).estimate
    scales[summary] = (one.value, one.interval.lower, one.interval.upper)
pd.DataFrame.from_dict(scales, orient="index", columns=["estimate", "lower", "upper"]).round(3)

# %%
needed = ps.to_frame(results["mothers"].rows)
needed = needed[needed["context"] == "number_needed"]
needed[["measure", "stat_name", "stat"]].set_index("stat_name")

# %% [markdown]
# ## 3. How alike mothers of a unit are
#
# On the proportion scale, the one that sample size formulas ask for. The truth is 0.02 under usual care. Under the
# programme it is about 0.03, since the gain goes with the size of a unit, which makes units differ more; within arms
# it lies between. With 40 units the intervals are wide.

# %%
report.figure("correlations-treated_icc-figure")

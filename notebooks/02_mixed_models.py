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
# # Mixed models: one question, several models
#
# First a parallel trial of forty maternity units, then a stepped wedge of twelve hospitals.
#
# **The data are synthetic**, drawn from truths that we choose; nothing below says anything about a
# real trial.

# %%
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

import precept_stats as ps

# %% [markdown]
# ## 1. A trial with a known truth
#
# At follow-up enhanced support (ESP) raises uptake of magnesium sulphate from 84 to 89 per cent of
# mothers; before, the arms were alike at 67 per cent. The intracluster correlation (ICC) is 0.05.

# %%
scenario = ps.TrialScenario(
    uptake_before={"standard": 0.67, "enhanced": 0.67},
    uptake_follow_up={"standard": 0.84, "enhanced": 0.89},
    icc=0.05,
)
tables = ps.trial_tables(scenario, seed=2)
tables = {name: tables[name] for name in ("births", "units")}

# %% [markdown]
# ## 2. One question, five models
#
# A plan holds the question and the models. The baseline outcome of a unit is left out, is a covariate
# (analysis of covariance, ANCOVA), or is an outcome beside that at follow-up, with one mean for both
# arms (constrained baseline analysis, cLDA). In a protocol one model is primary, named before data are seen.

# %%
TRIAL = """
precept_plan: "1"
id: mixed-models
version: 1.0.0
title: "Mixed models of a synthetic trial"
design: parallel_cluster_trial
prespecification: {data_state: results_seen, statement: Synthetic data.}
data:
  births: {schema: births}
  units: {schema: units}
populations:
  eligible:
    of: births
    join: [{table: units, on: unit}]
    where: [{column: gestation_weeks, below: 30}, {column: birth_order, at_most: 1}]
outcomes:
  uptake:
    column: mgso4
    label: Magnesium sulphate given
    type: binary
    direction: higher_better
    event: ["yes"]
    non_event: ["no"]
    missing: [unknown]
    excluded: [not_applicable]
estimands:
  difference:
    population: eligible
    outcome: uptake
    compare: ESP
    reference: SSP
    summary: risk_difference
    effect: marginal
    target: participant_average
    intercurrent_events: []
  odds:
    population: eligible
    outcome: uptake
    compare: ESP
    reference: SSP
    summary: odds_ratio
    effect: conditional
    target: participant_average
    intercurrent_events: []
analyses:
  without_baseline:
    label: Linear, without baseline
    purpose: sensitivity
    reason: reanalysis
    estimand: difference
    study:
      kind: cluster_trial
      cluster: unit
      arm: arm
      strata: [stratum]
      periods:
        month: birth_month
        start: start_month
        baseline: {from: -12, to: -1}
        follow_up: {from: 9, to: 17}
    method: {kind: linear_mixed, df: {kind: kenward_roger}}
  ancova:
    based_on: without_baseline
    label: Linear, ANCOVA
    purpose: primary
    study: {adjust: [baseline_outcome]}
    influence: leave_one_cluster_out
  clda:
    based_on: without_baseline
    label: Linear, constrained baseline
    purpose: sensitivity
    study:
      kind: cluster_trial_with_baseline
      cluster: unit
      arm: arm
      strata: [stratum]
      periods:
        month: birth_month
        start: start_month
        baseline: {from: -12, to: -1}
        follow_up: {from: 9, to: 17}
    method: {kind: linear_mixed, df: {kind: kenward_roger}, random: {kind: nested_exchangeable}}
  logistic_ancova:
    based_on: ancova
    label: Logistic, ANCOVA
    purpose: sensitivity
    method: {kind: generalised_linear_mixed}
    influence: none
  logistic_clda:
    based_on: clda
    label: Logistic, constrained baseline
    purpose: sensitivity
    method:
      kind: generalised_linear_mixed
      approximation: {kind: laplace}
      random: {kind: nested_exchangeable}
multiplicity: {family: [ancova], procedure: none, level: 0.95}
disclosure: {policy: none}
"""
folder = Path(tempfile.mkdtemp())
(folder / "trial.yaml").write_text(TRIAL, encoding="utf-8")
plan = ps.read_plan(folder / "trial.yaml")
results = ps.run(plan, tables)


def beside(results: dict[str, ps.Result]) -> pd.DataFrame:
    """Estimates with 95% intervals, degrees of freedom and how the fit went, a line each."""
    found = {}
    for name, result in results.items():
        one = result.estimate
        found[name] = (one.value, one.interval.lower, one.interval.upper, one.df, result.status)
    decimals = {"estimate": 3, "lower": 3, "upper": 3, "df": 1}
    return pd.DataFrame.from_dict(found, orient="index", columns=[*decimals, "status"]).round(decimals)


beside({plan.plan.analyses[result.analysis].label: result for result in results})

# %% [markdown]
# Risk differences averaged over mothers. The truth, 0.05, is in every interval; so is 0, for a trial of this
# size often misses such an effect. The linear models are fitted by REML, with Kenward and Roger's standard
# errors and degrees of freedom; the logistic ones integrate over the random effects. The linear
# constrained model gives both periods one residual variance, though outcomes vary more at 67 than at 86 per
# cent, which widens its interval here; in the logistic one the variance follows the risk.

# %% [markdown]
# ## 3. A formula, an odds ratio, and how alike mothers of a unit are
#
# The formula is read as lme4 reads it, and nothing in it is run. The windows of time are added to
# the study that it describes.

# %%
formula = ps.formula("mgso4 ~ arm + stratum + baseline_uptake + (1 | unit)")
print(formula.words())
model = formula.model("arm")
study = model.study.model_copy(update={"periods": plan.plan.analyses["ancova"].study.periods})
logistic = ps.GeneralisedLinearMixed(random=model.random)
answers = {}
for name in ("difference", "odds"):
    estimand = plan.plan.estimands[name]
    question = ps.Question(name, estimand, plan.plan.populations["eligible"], plan.plan.outcomes["uptake"])
    label = f"{estimand.effect} {estimand.summary.replace('_', ' ')}"
    answers[label] = ps.analyse(study, logistic, tables, question)
beside(answers)

# %% [markdown]
# One model, two questions. The conditional odds ratio is that within a unit, given the covariates: another
# quantity than the marginal odds ratio (in truth 1.54), and further from 1 in any one fit.
#
# From the same fit: the correlation of the latent variable, that of the outcomes of two mothers of a
# unit by arm (which sample size formulas ask for), and the median odds ratio between two units.

# %%
rows = ps.to_frame(answers["conditional odds ratio"].rows)
rows = rows[rows["measure"].isin(["icc_latent", "icc_proportion", "median_odds_ratio"])]
alike = rows.pivot(index=["measure", "term"], columns="stat_name", values="stat")
alike[["estimate", "conf_low", "conf_high"]].astype(float).round(3)

# %% [markdown]
# Predicted units, by the primary analysis. They are drawn towards the average, and are no league table.

# %%
report = ps.story(plan, results)
report.figure("predictions")

# %% [markdown]
# The effect with each unit left out in turn: no reason to leave any out, but it shows whether the answer
# hangs on one.

# %%
report.figure("influence")

# %% [markdown]
# ## 4. A stepped wedge
#
# Twelve hospitals over seven months; two switch each month from the second on. The true effect grows with
# months since the switch: 1, 2, 3, 4, 4, 4 points, which is 3 on average. Hospitals differ, and so do the
# months of a hospital.

# %%
rng = np.random.default_rng(7)
hospitals, months, people = 12, 7, 40
hospital = np.repeat(np.arange(hospitals), months * people)
month = np.tile(np.repeat(np.arange(months), people), hospitals)
exposure = np.maximum(month - hospital // 2, 0)
effect = np.array([0.0, 1.0, 2.0, 3.0, 4.0, 4.0, 4.0])
level = rng.normal(0, 2, hospitals)[hospital] + rng.normal(0, 1, (hospitals, months))[hospital, month]
wedge = pd.DataFrame(
    {
        "hospital": [f"H{number + 1:02d}" for number in hospital],
        "month": month + 1,
        "condition": np.where(exposure > 0, "new", "usual"),
        "score": 50 + 0.5 * month + effect[exposure] + level + rng.normal(0, 8, len(month)),
        "data_origin": "synthetic",
    }
)
wedge.groupby(["hospital", "month"])["score"].mean().unstack().round(1).head(4)

# %% [markdown]
# Four models: Hussey and Hughes (a random effect of hospitals), nested exchangeable (and of their months),
# correlation that decays with the months between, and one effect for each exposure time, averaged.

# %%
SCHEMA = """
name: stays
fieldsMatch: equal
fields:
  - {name: hospital, type: string, x-precept: {role: cluster}}
  - {name: month, type: integer, x-precept: {role: period}}
  - {name: condition, type: string, constraints: {enum: [usual, new]}, x-precept: {role: arm}}
  - {name: score, title: Score, type: number, x-precept: {role: outcome}}
  - {name: data_origin, type: string, x-precept: {role: provenance}}
"""
WEDGE = """
precept_plan: "1"
id: synthetic-wedge
version: 1.0.0
title: "A synthetic stepped wedge"
design: stepped_wedge
prespecification: {data_state: results_seen, statement: Synthetic data.}
data:
  stays: {schema: stays}
populations:
  everyone: {of: stays}
outcomes:
  score: {column: score, label: Score, type: continuous, direction: higher_better, unit: points}
estimands:
  difference:
    population: everyone
    outcome: score
    compare: new
    reference: usual
    summary: mean_difference
    effect: marginal
    target: participant_average
    intercurrent_events: []
analyses:
  nested_exchangeable:
    label: Nested exchangeable
    purpose: primary
    reason: reanalysis
    estimand: difference
    study: {kind: stepped_wedge, cluster: hospital, period: month, arm: condition}
    method: {kind: linear_mixed, random: {kind: nested_exchangeable}}
  hussey_hughes:
    based_on: nested_exchangeable
    label: Hussey and Hughes
    purpose: sensitivity
    method: {random: {kind: exchangeable}}
  decay:
    based_on: nested_exchangeable
    label: Discrete-time decay
    purpose: sensitivity
    method: {random: {kind: discrete_time_decay}}
  exposure_time:
    based_on: nested_exchangeable
    label: Effects by exposure time, averaged
    purpose: sensitivity
    method: {effect_over_time: {kind: exposure_time}}
multiplicity: {family: [nested_exchangeable], procedure: none, level: 0.95}
disclosure: {policy: none}
"""
(folder / "data_schemas").mkdir()
(folder / "data_schemas" / "stays.yaml").write_text(SCHEMA, encoding="utf-8")
(folder / "wedge.yaml").write_text(WEDGE, encoding="utf-8")
wedge_plan = ps.read_plan(folder / "wedge.yaml")
wedge_results = ps.run(wedge_plan, {"stays": wedge})
beside({wedge_plan.plan.analyses[one.analysis].label: one for one in wedge_results})

# %% [markdown]
# Hussey and Hughes take the months of a hospital to be alike, which is untrue here: their interval is too
# narrow, on hundreds of degrees of freedom. The first three models take the effect to be the same from the
# first month on. Where it grows, their one number is no average of it: with these true effects and this
# schedule the first two give about 1 in the long run. Only the last estimates the average, 3, and its interval
# is wider.

# %%
wedge_report = ps.story(wedge_plan, wedge_results)
wedge_report.figure("schedule")

# %% [markdown]
# The effect in each month since the switch; the truth is 1, 2, 3, 4, 4, 4.

# %%
wedge_report.figure("exposure")

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
# # Enhanced against standard support: from data to figure
#
# Forty maternity units, thirteen with enhanced support (ESP) and twenty-seven with standard support
# (SSP). Did enhanced support raise the share of mothers who were given magnesium sulphate?
#
# **The data are synthetic.** They imitate the published shape of the trial, and the true effect is
# one that we choose. Nothing below says anything about the trial itself.

# %%
import precept_stats as ps

# %% [markdown]
# ## 1. Data with a known truth
#
# Two tables: one row a baby, one row a unit. The truth: enhanced support raises uptake by 5
# percentage points at follow-up; before it, the arms were alike.

# %%
truth = 0.05
scenario = ps.TrialScenario(
    uptake_before={"standard": 0.67, "enhanced": 0.67},
    uptake_follow_up={"standard": 0.84, "enhanced": 0.84 + truth},
)
tables = ps.trial_tables(scenario, seed=1)
tables["births"].head()

# %% [markdown]
# ## 2. The question
#
# Which mothers, which outcome, which arms, which summary, averaged over what. All of it must be said.

# %%
population = ps.Population.model_validate(
    {
        "of": "births",
        "label": "Singletons and first-born of multiples, born before 30 weeks",
        "join": [{"table": "units", "on": "unit"}],
        "where": [
            {"column": "gestation_weeks", "below": 30},
            {"column": "birth_order", "at_most": 1},
        ],
    }
)
outcome = ps.Outcome(
    column="mgso4",
    label="Magnesium sulphate given",
    type="binary",
    direction="higher_better",
    event=("yes",),
    non_event=("no",),
    missing=("unknown",),
    excluded=("not_applicable",),
)
estimand = ps.Estimand(
    population="eligible",
    outcome="uptake",
    compare="ESP",
    reference="SSP",
    summary="risk_difference",
    effect="marginal",
    target="cluster_average",
    intercurrent_events=(),
)
question = ps.Question("per_unit", estimand, population, outcome)

# %% [markdown]
# ## 3. The study: which column means what
#
# Baseline is the 12 months before a unit's own start; follow-up is months 9 to 17 after it.

# %%
study = ps.ClusterTrial.model_validate(
    {
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
    }
)

# %% [markdown]
# ## 4. The answer
#
# Linear regression of each unit's uptake on arm, its own baseline and its stratum.

# %%
result = ps.analyse(study, ps.ClusterRegression(), tables, question)
result

# %% [markdown]
# The interval is made to hold the truth in 95 trials of 100. Whether it does in this one:

# %%
interval = result.estimate.interval
print(f"truth {truth:.3f}, synthetic estimate {result.estimate.value:.3f}")
print(f"95% interval {interval.lower:.3f} to {interval.upper:.3f}")

# %% [markdown]
# ## 5. Every number is a row
#
# The same rows feed tables, figures and files.

# %%
rows = ps.to_frame(result.rows)
rows.loc[rows["context"] == "estimate", ["term", "stat_label", "stat", "unit"]]

# %% [markdown]
# ## 6. The prespecified way: a plan
#
# A plan holds the question, the study, the method and the sensitivity analyses in one document that
# a reviewer can read. This one ships with the library, with synthetic data of its own.

# %%
plan = ps.read_plan(ps.shipped("analysis_plans") / "esp_vs_ssp.yaml")
print(ps.explain(plan, "primary"))

# %%
results = ps.run(plan)
results

# %% [markdown]
# ## 7. The figure
#
# A report is made of tables and figures as data, and each shows itself.

# %%
report = ps.story(plan, results)
report.figure("forest")

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
# # Bayesian answers: how probable is a benefit?
#
# A trial that finds a difference of -1 point with an interval from -7 to 5 leaves its readers asking: how
# probable is it that the new way is better, or better by enough to matter? A posterior answers that, given
# priors that were written down before.
#
# **The data are synthetic**, drawn from a true difference of +1 percentage point; nothing below says anything
# about a real trial.

# %%
import numpy as np

import precept_stats as ps

plan = ps.read_plan(ps.shipped("analysis_plans") / "esp_vs_ssp.yaml")
method = plan.plan.analyses["bayesian"].method
method.priors.kind, list(method.prior_grid), method.smallest_worthwhile

# %% [markdown]
# ## 1. Before the data
#
# Priors are part of the plan. What they say is told on the scale that clinicians think in: uptake in each
# arm, and percentage points of difference.

# %%
results = ps.run(plan)
report = ps.story(plan, results)
report.table("priors")

# %% [markdown]
# A prior that gives much to what nobody believes, or nothing to what somebody does, should be changed now.
#
# ## 2. Prior, posterior, probabilities

# %%
report.figure("posterior")

# %%
report.table("probabilities")

# %% [markdown]
# The probability of any benefit says how sure the sign is; that of a worthwhile benefit, whether to act. The
# first can be a coin's toss while a worthwhile benefit is improbable. None of these is a p-value: they take the
# priors for granted, which is why the next figure belongs to them.
#
# ## 3. Other priors
#
# The plan names a sceptic, for whom no effect is likeliest, and an enthusiast, who expects five points. Each
# is a fit of the same model.

# %%
report.figure("prior-grid-bayesian")

# %% [markdown]
# Power-scaling asks the same without another fit: draws are reweighted to a weaker or stronger prior.

# %%
report.table("power-scaling-bayesian")

# %% [markdown]
# ## 4. Units
#
# An estimate for one unit is drawn towards what the model expects of it. What is left of the differences has
# a rank in every draw, and so a distribution of ranks.

# %%
report.figure("ranks-bayesian")

# %% [markdown]
# Nearly every interval spans more than three quarters of the 40 places: a league table would be noise.
#
# ## 5. Does the model fit?
#
# Data are drawn from the fitted model, for units like those that were there with effects of their own. What
# was seen should look like one of them.

# %%
report.figure("check-arms-bayesian")

# %% [markdown]
# ## 6. The draws themselves
#
# Every number above is a summary of draws, which a run writes beside the rows as an ArviZ tree. Here: the
# probability that the effect lies between -2 and +5 points.

# %%
draws = results["bayesian"].draws
effect = draws.effect.ravel()
inside = np.mean((effect > -0.02) & (effect < 0.05))
print(f"{effect.size} draws in {len(draws.effect)} chains: median {np.median(effect):.2f}")
print(f"P(-0.02 < effect < 0.05) = {inside:.2f}")

# %% [markdown]
# ## 7. Predicting units that are left out
#
# Each unit is predicted from all others, its random effect integrated out. Two models of the same plan are
# compared by the sum (`compared_with`).

# %%
rows = results["bayesian"].rows
found = next(row for row in rows if row.stat_name == "elpd" and not row.groups)
print(f"{found.stat_label}: {found.stat:.0f}")

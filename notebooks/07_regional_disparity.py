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
# # Did regions come nearer to each other, and why?
#
# Fifteen regions before and after a programme. The question has three traps: chance makes regions look
# unequal, a rise towards a ceiling makes them look more equal, and a list of regions by rank says less than
# it seems to.
#
# **The data are synthetic**, with a known truth: the spread of regional uptake was set to narrow. Nothing
# below says anything about a real region.

# %%
from pathlib import Path

import pandas as pd

import precept_stats as ps

FOLDER = Path("analysis_plans/data/ahsn_disparity")
regions = pd.read_csv(FOLDER / "region_years.csv", dtype={"period": str})
regions = regions[regions["period"].isin(["2017", "2022"])]
regions.head()

# %% [markdown]
# ## 1. How unequal, and how much of it is noise
#
# The study says what the columns mean, the question which outcome; the scale is declared.

# %%
study = ps.Regions(area="region", period="period", scale="per_cent")
outcome = ps.Outcome(column="numerator", denominator="denominator", type="binary", direction="higher_better")
question = ps.AreaQuestion(ps.Population(of="regions"), outcome)
found = ps.disparity(study, regions, question)


def numbers(result, measures, stat="estimate"):
    """Estimates (or limits) by measure and period."""
    return {
        (row.measure, row.group("period")): round(float(row.stat), 2)
        for row in result.rows
        if row.measure in measures
        and row.stat_name == stat
        and row.stat is not None
        and row.context in ("disparity", "shrinkage")
        and not row.group("area")
    }


numbers(found, {"mean", "bgsd", "bgsd_corrected", "difference", "expected_range"})

# %% [markdown]
# In 2022 the observed standard deviation is above 2 per cent although nothing of it is left without sampling
# error. The best and the worst region are about as far apart as chance alone would put fifteen equal ones.

# %% [markdown]
# ## 2. How much of the narrowing is that there was less room
#
# Multiply the odds of every region in 2017 by one factor, so that the mean becomes that of 2022. What is left
# of their variance is what a rise alone would have done.

# %%
change = numbers(
    found, {"change_bgv_corrected", "change_bgv_from_mean", "change_bgv_from_spread", "share_from_mean"}
)
change

# %%
[
    (row.group("test"), row.stat_name, float(row.stat))
    for row in found.rows
    if row.context == "joint_test" and row.group("compared_with") and row.stat_name == "p_value"
]

# %% [markdown]
# Most of the narrowing went with the mean; a part is a smaller spread, and its interval is clear of 0. Both
# are true at once: the regions are nearer to each other, and most of that would have come of the rise alone.

# %% [markdown]
# ## 3. Intervals by other ways

# %%
how = ps.DisparityHow(seed=20261123)
widths = {}
for name, settings in {
    "delta": {"kind": "delta"},
    "basic bootstrap": {"kind": "bootstrap"},
    "posterior": {"kind": "bayesian"},
}.items():
    method = ps.DisparityIndices.model_validate({"measures": ["bgsd"], "intervals": settings})
    result = ps.disparity(study, regions, question, method, how)
    widths[name] = [
        numbers(result, {"bgsd"}, stat)["bgsd", "2017"] for stat in ("conf_low", "estimate", "conf_high")
    ]
widths

# %% [markdown]
# ## 4. Ranks, with what they do not tell
#
# Areas estimated together: each drawn towards the others, the more the fewer its people. No rank comes
# without its limits.

# %%
together = ps.disparity(
    study, regions, question, ps.RegionalShrinkage.model_validate({"estimation": {"kind": "bayesian"}}), how
)
ranks = pd.DataFrame(
    [
        {"period": row.group("period"), "region": row.group("area"), "stat": row.stat_name, "value": row.stat}
        for row in together.rows
        if row.context == "shrinkage" and row.stat_name in ("mean_rank", "rank_low", "rank_high")
    ]
).pivot(index=["period", "region"], columns="stat", values="value")
ranks.loc["2022"].sort_values("mean_rank").head(4)

# %%
spread = numbers(together, {"median_odds_ratio", "interval_odds_ratio_80"})
spread

# %% [markdown]
# In 2022 every region could have nearly every rank. A league table of that year would be a table of chance.

# %% [markdown]
# ## 5. Watching regions
#
# A funnel about the mean, and run charts of quarters.

# %%
funnel = ps.disparity(study, regions, question, ps.FunnelPlot())
outside = {
    period: sum(
        abs(int(row.stat))
        for row in funnel.rows
        if row.stat_name == "outside" and row.group("level") == "0.998" and row.group("period") == period
    )
    for period in ("2017", "2022")
}
quarters = pd.read_csv(FOLDER / "region_quarters.csv")
charts = ps.disparity(study, quarters, question, ps.ControlCharts(charts=("run",)))
signals = sum(int(row.stat) for row in charts.rows if row.stat_name == "signal")
outside, signals

# %% [markdown]
# ## 6. The whole as a plan
#
# The same questions as a document, with its report: figures by area, over periods, with ranks, as a funnel.

# %%
loaded = ps.read_plan("analysis_plans/ahsn_disparity.yaml")
report = ps.story(loaded, ps.run(loaded))
report.figure("disparity-regions-periods")

# %%
report.figure("disparity-regions-ranks")

# %%
report.figure("disparity-units-funnel")

# %% [markdown]
# Under a disclosure policy the same plan shows less: a unit with 1 to 7 people treated, or not treated, keeps
# only its size, and what is made of all units goes with it. `policy: none` is for data that are published, or
# synthetic as these are.

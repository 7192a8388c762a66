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
# # A national programme without a control group: what each analysis carries
#
# 150 maternity units started a programme in their own months. Uptake was rising before, and went on rising.
# How much of the rise is the programme's? Before-after models, one interrupted series and a panel of units
# answer differently, each for a reason that can be named.
#
# **The data are synthetic**, so the truth is known: the programme adds 5.8 percentage points in each unit,
# built up over 9 months, on a rise of 5.6 points a year that happens anyway. Nothing below says anything
# about a real programme.

# %%
from pathlib import Path

import pandas as pd

import precept_stats as ps

PLANS = Path("analysis_plans")
ladder = ps.run(PLANS / "npp_before_after.yaml")
report = ps.story(ps.read_plan(PLANS / "npp_before_after.yaml"), ladder)
report.figure("series")

# %% [markdown]
# ## 1. The ladder: what each rung carries
#
# Eight models after Table 3 of the published evaluation, on these data. Each is beside the truth of the
# months that it takes in, and beside what it would give without any noise: the distance between the two
# stays however many births there are.

# %%
report.table("true-course")

# %% [markdown]
# Models 1 to 3 count the rise as effect. Models 4 to 8 take a straight line out, and the line takes most of
# an effect that builds up with it. Weights, robust errors and clustering change the interval, not what is
# estimated.

# %%
report.figure("forest")

# %% [markdown]
# ## 2. One series: the trend carried on
#
# All units added up by month, with a change of level and slope from the first starts on. The months from
# the pandemic on are left out. The counterfactual is the line before, carried on.

# %%
folder = PLANS / "data/npp"
months = pd.read_csv(folder / "unit_months.csv")
months = months[months["month"] < "2020-03"]
study = ps.InterruptedSeries(
    time={"column": "month", "every": "month"},
    interruptions={
        "programme": {
            "at": "2018-05",
            "effects": [{"kind": "step"}, {"kind": "ramp"}],
            "transition": {"kind": "none"},
        }
    },
    coding={"interrupted_period": "after", "ramp_from": 0},
    seasonality={"kind": "none", "reason": "the generator has no seasons"},
    several_rows="sum",
)


def question(change, where=(), join=()):
    """The effect of the programme on uptake, as the change that is asked for."""
    return ps.Question(
        "uptake",
        ps.Estimand(
            population="all",
            outcome="uptake",
            compare="programme",
            reference="without",
            summary="risk_difference",
            effect="marginal",
            target="participant_average",
            change=change,
            intercurrent_events=(),
        ),
        ps.Population(of="unit_months", join=join, where=where),
        ps.Outcome(column="numerator", denominator="denominator", type="binary", direction="higher_better"),
    )


at_18 = question({"kind": "at_time", "interruption": "programme", "time": 18})
six = ps.SixMethods(autocorrelation={"kind": "first_order", "answer": "reml_satterthwaite"})
series = ps.analyse(study, six, {"unit_months": months}, at_18)


def beside(result):
    """Estimate and limits of each method, in percentage points."""
    found = {}
    for row in result.rows:
        if row.context == "inference_beside" and row.stat_name in ("estimate", "conf_low", "conf_high"):
            found.setdefault(row.group("inference"), {})[row.stat_name] = round(100 * row.stat, 1)
    return pd.DataFrame(found).T


beside(series)

# %% [markdown]
# 18 months after the first starts most units have the whole effect, 5.8 points at most. The six methods
# agree about the size and differ in how sure they are. What they share is the assumption that the line
# would have gone on.
#
# ## 3. Placebo dates
#
# The same model at dates at which nothing happened, in the months before the programme alone. If it finds
# changes there too, its intervals are too narrow or the trend is no line.

# %%
placebo = ps.SegmentedRegression(
    autocorrelation={"kind": "reml_ar1", "df": {"kind": "satterthwaite"}},
    placebo={"kind": "dates", "margin": 6},
)
level = question({"kind": "level_change", "interruption": "programme"})
tried = ps.analyse(study, placebo, {"unit_months": months}, level)
{row.stat_name: round(row.stat, 2) for row in tried.rows if row.context == "placebo" and not row.groups}

# %% [markdown]
# Dates at which nothing happened have p below 0.05 more often than one in twenty, and at every one of them the
# statistic is as large as at the programme. A step is not what happened: the effect built up over months, and units
# started in turn, so that the first month of the first of them shows nothing. What is asked must be what can have
# happened.
#
# ## 4. Units that started against units that had not
#
# Starts were staggered, so that units which had started can be compared with units which had not, month by
# month. A rise that all units share drops out, whatever its shape.

# %%
panel = ps.run(PLANS / "npp_panel.yaml")
panel_report = ps.story(ps.read_plan(PLANS / "npp_panel.yaml"), panel)
panel_report.figure("events-imputation")

# %% [markdown]
# Before the start the points lie about 0, as they should where trends are parallel; after it they rise. The
# later months rest on few units, since in the end every unit has started and nobody is left to compare
# with.

# %%
panel_report.table("true-course")

# %% [markdown]
# One coefficient (two-way fixed effects) loses two fifths of the effect without any noise: it compares late
# units with early ones whose own effect was still growing, and counts that growth negatively. The report
# says for how many cells.

# %%
weights = {
    entry.analysis: {
        row.stat_name: round(float(row.stat), 2)
        for row in entry.rows
        if row.context == "panel" and row.stat_name in ("share_negative", "sum_negative") and not row.groups
    }
    for entry in panel
}
weights["two_way"], weights["imputation"]

# %% [markdown]
# Imputation has no such comparison. What is left in it, a point, is that regions drew together over these
# years: units that were behind rose faster anyway, so that trends were not quite parallel. No test of these
# data would show it.
#
# ## 5. Every unit at once
#
# A unit with two births a month tells next to nothing by itself of level and slope, and 137 such units tell a
# good deal together. `multilevel_its` fits them as one model: each unit has a level of its own, and its own
# changes of level and slope at its own start. `two_stage_its` fits each by itself and pools the estimates.
# Asked is the second year of the programme, when it has taken hold in full: the truth is 5.8 points. The nine
# months in which it does so are left out as a transition.

# %%
units = ps.run(PLANS / "npp_its.yaml")
units_report = ps.story(ps.read_plan(PLANS / "npp_its.yaml"), units)
units_report.figure("forest")

# %% [markdown]
# All four hold the truth, and the comparison of means before and after does not hold its own (it asks about the
# first year). The difference to the ladder above is what is said about time: each unit's trend is carried on
# from before its start, and the months of transition are named. In a real programme neither is known like this.
#
# The binomial model and the two linear ones differ by more than they have to: uptake nears its ceiling, where
# a straight line of log odds bends and a straight line of shares does not. Which of them goes on as it was is
# an assumption, and no test of the months before tells.

# %%
counts = {
    row.stat_name: row.stat
    for row in units["two_stage"].rows
    if row.context == "fit" and row.stat_name in ("n_units", "n_left_out")
}
counts

# %% [markdown]
# Of one unit nothing can be estimated by itself, and two stages leave it out and say so; the model of all
# units keeps it for what it is worth.
#
# How far units differ in the change of level, beyond what chance makes of few births, is part of the answer.
# Each is drawn towards the average by as much as it is uncertain. The disclosure policy of the plan takes the
# names away and rounds the predictions, which is why they stand in steps. The order is no ranking.

# %%
units_report.figure("predictions-2")

# %% [markdown]
# ## What can be concluded, and what cannot
#
# - A before-after difference is not the effect of a programme unless nothing else was changing.
# - Taking a line out helps only if the effect is not itself shaped like a line.
# - One series, and many in one model, rest on the line before; a panel on units moving alike. These are
#   different assumptions: where they agree there is some reason for trust, where they do not, that is the
#   finding.
# - Start dates matter twice: blurred ones dilute an effect, and staggered ones are the only comparison
#   there is.
# - None of these analyses says what else happened in the units that started early.

"""What a plan may ask of a model of many interrupted series, and how it is said; no data needed."""

from __future__ import annotations

from collections.abc import Iterator

from precept_stats.methods.multilevel_model import Between
from precept_stats.methods.series_effects import Link
from precept_stats.methods.series_plan import time_objections
from precept_stats.methods.settings_multilevel import (
    Alike,
    AnyRandom,
    Binomial,
    ChangesDiffer,
    FirstOrderResiduals,
    IndependentPeriods,
    KenwardRogerOfUnits,
    LevelsDiffer,
    Normal,
    Poisson,
)
from precept_stats.studies import TimeStudy
from precept_stats.studies.changes import BeforeAfterChange, LevelChange, SlopeChange
from precept_stats.studies.interrupted_series import InterruptedSeries
from precept_stats.studies.interruptions import NoSeasonality
from precept_stats.studies.question import Question

AnyDistribution = Binomial | Poisson | Normal
AnyAutocorrelation = IndependentPeriods | FirstOrderResiduals
MOST_NODES = 1000
"""Points of quadrature in all directions together."""


def multilevel_objections(
    errors: tuple[AnyDistribution, AnyAutocorrelation], between: Between, asked: tuple[TimeStudy, Question]
) -> tuple[str, ...]:
    """Why a model cannot answer a question of a study."""
    distribution, autocorrelation = errors
    study, question = asked
    return (
        *_outcome(distribution, study, question),
        *_errors(distribution, autocorrelation),
        *change_objections(distribution.link, question, differs=_differs(between)),
        *time_objections(study, question),
        *_random(distribution, between, study),
    )


def change_objections(link: Link, question: Question, *, differs: bool) -> Iterator[str]:
    """Why a change cannot be asked of a link; ``differs``: means are averaged over random effects."""
    change, estimand = question.estimand.change, question.estimand
    if change is None or isinstance(change, BeforeAfterChange):
        yield "it answers a change at an interruption; for before against after use before_after"
        return
    if not isinstance(change, LevelChange | SlopeChange):
        return
    ratio = estimand.summary.endswith("_ratio")
    other = "or `at_time` or `over_window`, of which there are both"
    if link == "identity" and ratio:
        yield f"a {change.kind} of a linear model is a difference: ask for one, {other}"
    if link != "identity" and not ratio:
        yield f"a {change.kind} on the {link} scale is a ratio: ask for one, {other}"
    if link == "logit" and ratio and estimand.summary != "odds_ratio":
        yield f"a {change.kind} on the logit scale is an odds ratio"
    if link == "log" and estimand.summary == "odds_ratio":
        yield f"a {change.kind} on the log scale is a ratio of rates, not of odds"
    if differs and link != "identity" and estimand.effect == "marginal":
        yield (
            f"a {change.kind} on the {link} scale is a ratio within one unit: say effect: conditional; "
            "marginal effects are those of `at_time`, `over_window` and `cumulative`"
        )


def multilevel_gap(units: AnyRandom, question: Question) -> str:
    """What the average that is estimated leaves of the one that is declared."""
    change, target = question.estimand.change, question.estimand.target
    if isinstance(change, LevelChange | SlopeChange):
        if isinstance(units, ChangesDiffer) and target == "participant_average":
            return "a random change is averaged over units, not people: they differ where it goes with size"
        return ""
    if target == "cluster_average":
        return "cells count as their denominators, which is no average of units"
    return ""


def _differs(between: Between) -> bool:
    return not all(isinstance(one, Alike) for one in (between.units, between.regions))


def _outcome(distribution: AnyDistribution, study: TimeStudy, question: Question) -> Iterator[str]:
    outcome = question.outcome.type
    if isinstance(distribution, Normal):
        if (distribution.weights == "study") != (study.weights is not None):
            yield "weights of the study are used where the distribution says weights: study, and only then"
        return
    if outcome != distribution.outcome:
        named = f"the {distribution.words} distribution"
        yield f"{named} needs a {distribution.outcome} outcome, not a {outcome} one"
    if study.weights is not None:
        yield f"{distribution.words} models take weights from denominators: leave `weights` out"


def _errors(distribution: AnyDistribution, autocorrelation: AnyAutocorrelation) -> Iterator[str]:
    serial = isinstance(autocorrelation, FirstOrderResiduals)
    if serial and not isinstance(distribution, Normal):
        yield (
            f"the {distribution.words} distribution has no residuals to be correlated: with ar1 goes the "
            "normal distribution; else say autocorrelation: {kind: none, reason: ...}"
        )
    if not isinstance(distribution, Normal) or not isinstance(distribution.df, KenwardRogerOfUnits):
        return
    if distribution.criterion == "ml":
        yield "Kenward and Roger's adjustment is for restricted maximum likelihood (reml)"
    if serial:
        yield "Kenward and Roger's adjustment is for independent residuals here: with ar1 goes satterthwaite"


def _random(distribution: AnyDistribution, between: Between, study: TimeStudy) -> Iterator[str]:
    if isinstance(study, InterruptedSeries):
        if study.series is None:
            yield "it needs several series: name the column `series`, or use segmented_regression"
        if study.controls is not None and study.controls.levels == "own":
            yield "random levels stand for each control's own: say levels: pooled"
    if not isinstance(between.regions, Alike) and getattr(study, "region", None) is None:
        yield "regions are to differ at random, and the study names no `region`"
    shapes = {shape.kind for shape in study.interruptions[study.first].effects}
    for where, one in (("units", between.units), ("regions", between.regions)):
        named = set(one.of or ()) if isinstance(one, ChangesDiffer) else set()
        for missing in sorted(named - shapes):
            known = ", ".join(sorted(shapes))
            yield f"{where}: the first interruption has no {missing} to be random; it has {known}"
    if isinstance(distribution, Normal) or distribution.nodes == 1:
        return
    width = _width(between.units, len(shapes))
    if not isinstance(between.regions, Alike):
        yield "quadrature is for random effects of units alone; with regions go nodes: 1"
    elif distribution.nodes**width > MOST_NODES:
        yield f"{distribution.nodes} points in each of {width} directions: more than {MOST_NODES}, take fewer"


def _width(one: AnyRandom, shapes: int) -> int:
    if isinstance(one, ChangesDiffer):
        return 1 + int(one.trend) + (shapes if one.of is None else len(one.of))
    return 1 if isinstance(one, LevelsDiffer) else 0


def random_words(between: Between) -> str:
    """``random levels and changes of units, random levels of regions``."""
    told = []
    for name, one in (("units", between.units), ("regions", between.regions)):
        if isinstance(one, Alike):
            continue
        what = "levels"
        if isinstance(one, ChangesDiffer):
            what = "levels, trends and changes" if one.trend else "levels and changes"
        told.append(f"random {what} of {name}")
    return ", ".join(told)


def multilevel_equation(link: Link, between: Between, study: TimeStudy, question: Question) -> str:
    """The model in one line of plain text."""
    mean = {"identity": "mean[i, t]", "log": "log(rate[i, t])", "logit": "logit(share[i, t])"}[link]
    shapes = [f"{shape.kind}[{name}]" for name, one in study.interruptions.items() for shape in one.effects]
    season = [] if isinstance(study.seasonality, NoSeasonality) else ["season[t]"]
    own = ["u[i]"]
    if isinstance(between.units, ChangesDiffer):
        first = study.interruptions[study.first].effects
        kinds = [s.kind for s in first if between.units.of is None or s.kind in between.units.of]
        own += ["u_trend[i] * time[i, t]"] * between.units.trend
        own += [f"u_{kind}[i] * {kind}[i, t]" for kind in kinds]
    own += [] if isinstance(between.regions, Alike) else ["v[region of i]"]
    fixed = ["level", "slope * time[i, t]", *(f"b * {shape}[i, t]" for shape in shapes), *season]
    told = f"{mean} = {' + '.join([*fixed, *(f'b * {name}' for name in study.adjust), *own])}"
    if link == "identity":
        return f"{told} + error[i, t]"
    averaged = question.estimand.effect == "marginal"
    return f"{told}; means {'averaged over the random effects' if averaged else 'of a unit whose u is 0'}"

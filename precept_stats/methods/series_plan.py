"""What a plan may ask of a model of a series, and how it is said; no data needed."""

from __future__ import annotations

from collections.abc import Iterator

from precept_stats.methods.settings import Choice
from precept_stats.methods.settings_series import Arima
from precept_stats.methods.settings_series_counts import AnyAutocorrelation
from precept_stats.studies import TimeStudy
from precept_stats.studies.changes import AtTime, BeforeAfterChange, LevelChange, SlopeChange
from precept_stats.studies.interruptions import Decay, NoSeasonality, PhasedTransition, Pulse
from precept_stats.studies.question import Question


def segmented_objections(
    model: AnyAutocorrelation, study: TimeStudy, question: Question, *, simulates: bool
) -> tuple[str, ...]:
    """Why an error model cannot answer a question of a study."""
    found = [*_change(model, question), *time_objections(study, question)]
    found += [*_outcome(model, study, question), *_differencing(model, question)]
    if simulates and isinstance(model, Arima) and (model.order != (1, 0, 0) or model.season is not None):
        found.append("series are simulated with a first-order autocorrelation: of ARIMA, order [1, 0, 0]")
    return tuple(found)


def _change(model: AnyAutocorrelation, question: Question) -> Iterator[str]:
    change, summary = question.estimand.change, question.estimand.summary
    if change is None or isinstance(change, BeforeAfterChange):
        yield "it answers a change at an interruption; for before against after use before_after"
        return
    if isinstance(change, LevelChange | SlopeChange):
        ratio, linear = summary.endswith("_ratio"), model.link == "identity"
        if linear and ratio:
            yield (
                f"a {change.kind} of a linear model is a difference: ask for one, or for `at_time` or "
                "`over_window`, of which there are ratios"
            )
        if not linear and not ratio:
            yield (
                f"a {change.kind} on the {model.link} scale is a ratio: ask for one, or for `at_time` or "
                "`over_window`, of which there are differences"
            )
        if model.link == "logit" and ratio and summary != "odds_ratio":
            yield f"a {change.kind} on the logit scale is an odds ratio"
        if model.link == "log" and summary == "odds_ratio":
            yield f"a {change.kind} on the log scale is a ratio of rates or risks, not of odds"


def time_objections(study: TimeStudy, question: Question) -> Iterator[str]:
    """Why the change is not one of the times that it is asked of: of a model of the trend, whatever errors.

    A time before the change has none. Where a step is not the change of level in the first period, its
    coefficient is no answer to the question for that.
    """
    change = question.estimand.change
    side = study.coding.interrupted_period
    begins = change.time if isinstance(change, AtTime) else getattr(change, "first", 1)
    if begins == 0 and side != "after":
        yield f"there is no effect in period 0 as time is coded (interrupted_period: {side}): ask from 1 on"
    one = study.interruptions.get(change.interruption) if isinstance(change, LevelChange) else None
    if one is None:
        return
    shapes = [f"a {shape.kind}" for shape in one.effects if isinstance(shape, Pulse | Decay)]
    shapes += ["a step that is phased in"] if isinstance(one.transition, PhasedTransition) else []
    if shapes:
        first = 0 if side == "after" else 1
        yield (
            f"with {' and '.join(dict.fromkeys(shapes))} the step is not the change of level in the first "
            f"period: ask for that by `at_time: {first}`, or for what stays by a later `at_time` or "
            "`over_window`; the step itself stands among the changes"
        )


def _outcome(model: AnyAutocorrelation, study: TimeStudy, question: Question) -> Iterator[str]:
    types = {outcome.type for outcome in (question.outcome,)}
    if model.binary_only and types != {"binary"}:
        yield f"{model.words} needs a binary outcome (events out of people)"
    if model.link == "log" and "continuous" in types:
        yield f"{model.words} needs counts"
    if model.link != "identity" and study.weights is not None:
        yield f"{model.words} takes its weights from denominators: leave `weights` out"


def _differencing(model: AnyAutocorrelation, question: Question) -> Iterator[str]:
    if not model.level_known and question.estimand.summary.endswith("_ratio"):
        yield "differenced errors have no level to be compared with: ask for a difference"


def equation_of(model: AnyAutocorrelation, study: TimeStudy) -> str:
    """The model in one line of plain text."""
    mean = {"identity": "mean[t]", "log": "log(rate[t])", "logit": "logit(share[t])"}[model.link]
    shapes = [f"{shape.kind}[{name}]" for name, one in study.interruptions.items() for shape in one.effects]
    season = [] if isinstance(study.seasonality, NoSeasonality) else ["season[t]"]
    terms = " + ".join(["level", "slope * time[t]", *(f"b * {shape}[t]" for shape in shapes), *season])
    error = " + error[t]" if model.link == "identity" else ""
    return f"{mean} = {terms}{''.join(f' + b * {name}' for name in study.adjust)}{error}; {model.words}"


def listed_model(model: Choice, name: str = "autocorrelation") -> tuple[tuple[str, str, str], ...]:
    """The settings of an error model and of the choices within it, one line each."""
    lines = [(name, model.kind, model.meaning)]
    for field, given in type(model).model_fields.items():
        value = getattr(model, field)
        if field == "kind":
            continue
        if isinstance(value, Choice):
            lines += listed_model(value, f"{name}.{field}")
        else:
            lines.append((f"{name}.{field}", str(value), given.description or ""))
    return tuple(lines)

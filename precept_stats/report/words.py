"""The words of the report for names that rows and plans use."""

from __future__ import annotations

from precept_stats.methods.contract import TREATMENT_POLICY
from precept_stats.report.format import Scale, count_text, number, trimmed
from precept_stats.studies.question import Estimand, IntercurrentEvent
from precept_stats.values import Row

NONE = "\u2013"

MEASURES = {
    "risk_difference": "risk difference",
    "risk_ratio": "risk ratio",
    "odds_ratio": "odds ratio",
    "mean_difference": "difference in means",
    "rate_difference": "rate difference",
    "rate_ratio": "rate ratio",
    "mean_ratio": "ratio of means",
    "level_change": "change of level",
    "slope_change": "change of slope a period",
    "pulse_change": "change of level while it lasted",
    "decaying_change": "change of level at first, wearing off",
    "cumulative_difference": "events beyond the counterfactual",
    "cases_averted": "cases averted",
    "complier_risk_difference": "risk difference in compliers",
    "complier_mean_difference": "difference in means in compliers",
    "complier_rate_difference": "rate difference in compliers",
    "dose_risk_difference": "risk difference by dose",
    "dose_mean_difference": "difference in means by dose",
    "dose_rate_difference": "rate difference by dose",
    "interaction_risk_difference": "difference of risk differences",
    "interaction_risk_ratio": "ratio of risk ratios",
    "interaction_odds_ratio": "ratio of odds ratios",
    "interaction_mean_difference": "difference of differences in means",
    "interaction_rate_difference": "difference of rate differences",
    "interaction_rate_ratio": "ratio of rate ratios",
}
JOINTS = {" - ": "minus", " / ": "divided by"}
PURPOSES = {
    "primary": "Primary analysis",
    "secondary": "Secondary analyses",
    "sensitivity": "Sensitivity analyses",
    "exploratory": "Exploratory analyses",
}


def measure_words(measure: str) -> str:
    """A measure as words: ``risk difference``."""
    return MEASURES.get(measure, measure.replace("_", " "))


def compares(measure: str) -> bool:
    """Whether a measure compares arms: the mean, risk or rate of an arm alone does not."""
    return measure.endswith(("_difference", "_ratio"))


def contrast_words(contrast: str) -> str:
    """``ESP - SSP`` as ``ESP minus SSP``."""
    for sign, joint in JOINTS.items():
        contrast = contrast.replace(sign, f" {joint} ")
    return contrast


def scale_words(measure: str, scale: Scale) -> str:
    """A measure with the unit in which it is shown: ``risk difference, percentage points``."""
    return f"{measure_words(measure)}, {scale.words}" if scale.words else measure_words(measure)


def sentence(text: str) -> str:
    """The text with a capital letter and a full stop."""
    text = text.strip()
    if not text:
        return ""
    return text[0].upper() + text[1:] + ("" if text[-1] in ".!?" else ".")


def capital(text: str) -> str:
    """The text with a capital first letter, the rest as it is."""
    return text[:1].upper() + text[1:]


def cell(row: Row | None) -> str:
    """A count or number for a table: a dash when there is none, the range when it is suppressed."""
    if row is None:
        return NONE
    if row.status == "suppressed":
        return row.warning if row.warning[:1].isdigit() else "not shown"
    if row.stat is None or isinstance(row.stat, str):
        return str(row.stat or NONE)
    value = float(row.stat)
    return count_text(value) if value.is_integer() else trimmed(number(value))


def value_words(value: object) -> str:
    """A value of a plan in a few words."""
    if value is None or value in ([], {}, ""):
        return "none"
    if isinstance(value, dict):
        inside = ", ".join(
            f"{plain(name)} {value_words(item)}" for name, item in value.items() if name != "kind"
        )
        kind = plain(str(value.get("kind", "")))
        return f"{kind} ({inside})" if kind and inside else kind or inside
    if isinstance(value, list | tuple):
        return ", ".join(map(value_words, value))
    return plain(value) if isinstance(value, str) else str(value)


def plain(name: str) -> str:
    """An identifier as words."""
    return name.replace("_", " ")


def event_words(event: IntercurrentEvent, computed: frozenset[str]) -> str:
    """An intercurrent event with its strategy: as declared, and as computed where that is another."""
    return f"{plain(event.event)} ({event.level} level): {_strategy(event, computed)}"


def gap_words(gap: str, estimand: Estimand, computed: frozenset[str]) -> str:
    """How the number can differ from the estimand: by the method, and by the strategies not computed."""
    other = [
        event_words(event, computed)
        for event in estimand.intercurrent_events
        if event.strategy not in computed
    ]
    return "; ".join(part for part in (gap, *other) if part)


def _strategy(event: IntercurrentEvent, computed: frozenset[str]) -> str:
    declared = plain(event.strategy)
    if event.strategy in computed:
        return declared
    return f"declared: {declared}; computed: {plain(TREATMENT_POLICY)}"

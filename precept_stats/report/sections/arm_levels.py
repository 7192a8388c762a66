"""The level of each arm as an analysis gives it, and what kind of mean it is."""

from __future__ import annotations

from precept_stats.report.format import Scale, number, percent_text, point_text
from precept_stats.report.material import Answer, Material, by_stat, number_of

SUMMARIES = {"binary": "proportions", "count": "rates", "continuous": "means"}
WEIGHTED = {"equal": "", "size": "size-weighted", "variance": "precision-weighted"}


def arm_level(material: Material, found: Answer, arm: str) -> str:
    """The mean, proportion or rate of an arm as the analysis gives it; empty when it gives none."""
    rows = [row for row in material.rows("arm_summary", found.analysis) if row.group("arm") == arm]
    shown = by_stat(rows)
    value = number_of(shown.get("estimate"))
    if value is None:
        return ""
    if shown["estimate"].unit == "proportion":
        return percent_text(value)
    low, high = number_of(shown.get("conf_low")), number_of(shown.get("conf_high"))
    if low is None or high is None:
        return number(value)
    return point_text(value, high - low, Scale(1, 0, "", ""))


def level_words(material: Material, analysis: str) -> str:
    """What the level of an arm is a mean of: ``size-weighted mean of cluster proportions``.

    A model of individuals has no weights of clusters: its mean is called model-based.
    """
    declared = material.plan.analyses[analysis]
    summaries = SUMMARIES[material.plan.question(analysis).outcome.type]
    weights = _weights(material, analysis)
    adjusted = "adjusted" if declared.study.adjust or (declared.trial and declared.trial.strata) else ""
    rows = material.rows("arm_summary", analysis)
    geometric = "geometric" if any(row.measure.startswith("geometric") for row in rows) else ""
    if weights in WEIGHTED:
        kind = f"mean of cluster {summaries}"
        return " ".join(filter(None, (adjusted, WEIGHTED[weights], geometric, kind)))
    return " ".join(filter(None, (adjusted, "model-based", geometric, "mean")))


def _weights(material: Material, analysis: str) -> str:
    """The weights of clusters as used, else as declared; empty for a method without."""
    for row in material.rows("setting", analysis):
        if row.variable == "weights":
            return str(row.stat)
    weights = getattr(material.plan.analyses[analysis].method, "weights", None)
    return str(weights.kind) if weights is not None else ""

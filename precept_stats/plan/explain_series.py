"""A study over time in words: its series, its interruptions, and how time and seasons are coded."""

from __future__ import annotations

from precept_stats.studies import TimeStudy
from precept_stats.studies.cluster_trial import Window
from precept_stats.studies.programme import Programme

Fact = tuple[str, str]


def series_facts(study: TimeStudy) -> list[Fact]:
    """Everything that a plan must say of a study over time, one term each."""
    facts = [("Study", "; ".join(_roles(study)))]
    facts += [("Interruption", one.words(name)) for name, one in study.interruptions.items()]
    facts += [("Time coding", study.coding.words()), ("Seasons", study.seasonality.words())]
    if isinstance(study, Programme) and study.before is not None and study.after is not None:
        left = f"; left out {_window(study.exclude)}" if study.exclude is not None else ""
        words = f"before {_window(study.before)}, after {_window(study.after)}{left}"
        facts.append(("Windows", f"{words}, of each unit's own time"))
    return facts


def _roles(study: TimeStudy) -> list[str]:
    parts = [f"time is {study.time.column}, a period every {study.time.every}"]
    if isinstance(study, Programme):
        parts.insert(0, f"units are {study.unit}")
        parts.append(f"alike within {study.cluster or study.unit}")
        described = [name for name in (study.region, study.level) if name is not None]
        parts += [f"described by {', '.join(described)}"] if described else []
    else:
        parts.insert(0, f"series are {study.series}" if study.series else "one series")
        if study.controls is not None:
            parts.append(f"controls are {', '.join(study.controls.series)} ({study.controls.levels} levels)")
        parts.append(f"several rows of a period: {study.several_rows}; gaps: {study.gaps}")
    parts.append(f"adjusted for {', '.join(study.adjust)}" if study.adjust else "no covariates")
    parts += [f"weighted by {study.weights}"] if study.weights else []
    return parts


def _window(window: Window) -> str:
    return f"{window.first} to {window.last}"

"""What intervals are called: by the statement that they make, also where a table holds several kinds."""

from __future__ import annotations

from collections.abc import Iterable

from precept_stats.report.format import joined
from precept_stats.report.material import Material, answer

CONFIDENCE = "confidence"


def interval_words(kind: str) -> str:
    """One interval: ``confidence interval``, ``randomisation interval``."""
    return f"{kind} interval"


def kinds_of(material: Material, names: Iterable[str]) -> tuple[str, ...]:
    """The kinds of interval of these analyses, in their order."""
    found = (answer(material, name) for name in names)
    return tuple(dict.fromkeys(one.kind for one in found if one is not None))


def column_words(kinds: Iterable[str], level: str) -> str:
    """The intervals of a column: ``95% CI``, or by name; ``95% interval`` where they are of several kinds."""
    kinds = tuple(kinds)
    if not set(kinds) - {CONFIDENCE}:
        return f"{level} CI"
    return f"{level} {interval_words(kinds[0]) if len(kinds) == 1 else 'interval'}"


def caption_words(kinds: Iterable[str], level: str) -> str:
    """The intervals of a figure: ``95% confidence intervals``; ``95% intervals`` where of several kinds."""
    kinds = tuple(kinds) or (CONFIDENCE,)
    return f"{level} {interval_words(kinds[0]) if len(kinds) == 1 else 'interval'}s"


def kinds_note(material: Material, names: Iterable[str]) -> str:
    """Which intervals are of which kind; empty where all are confidence intervals."""
    by_kind: dict[str, list[str]] = {}
    for found in (answer(material, name) for name in names):
        if found is not None:
            by_kind.setdefault(found.kind, []).append(f"\u201c{material.label(found.analysis)}\u201d")
    others = {kind: labels for kind, labels in by_kind.items() if kind != CONFIDENCE}
    if not others:
        return ""
    told = [f"{interval_words(kind)}s ({joined(labels)})" for kind, labels in others.items()]
    if CONFIDENCE in by_kind:
        return f"Intervals are confidence intervals, except {joined(told)}. {_meanings(others)}".rstrip()
    return f"Intervals are {joined(told)}. {_meanings(others)}".rstrip()


MEANINGS = {
    "randomisation": "A randomisation interval holds the effects, the same in every cluster, that the test "
    "over allocations does not reject.",
    "credible": "A credible interval holds the effect with the stated posterior probability.",
}


def _meanings(kinds: Iterable[str]) -> str:
    return " ".join(MEANINGS[kind] for kind in kinds if kind in MEANINGS)

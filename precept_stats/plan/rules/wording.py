"""Rules about what a reader is told: no gaps in the text, no two analyses of one name."""

from __future__ import annotations

import re
from collections.abc import Iterator

from precept_stats.data.strict_yaml import Location, texts
from precept_stats.plan.findings import Remark, quoted
from precept_stats.plan.loaded import LoadedPlan
from precept_stats.plan.rules.rule import Rule

UNDECIDED = re.compile(
    r"(?<![^\W_])(?:T\.?B\.?[DCA]|TODO|FIXME|XXX+)(?![^\W_])|\?\?\?|<placeholder>"
    r"|\bto[\s-]+be[\s-]+(?:decided|determined|confirmed|defined|agreed|added|specified|finali[sz]ed)\b"
    r"|\bnot[\s-]+yet[\s-]+(?:decided|determined|confirmed|defined|agreed|specified|finali[sz]ed)\b"
    r"|\bpending[\s-]+(?:a[\s-]+)?decision\b",
    re.IGNORECASE,
)
"""Words of a text that somebody has still to write; a plan with one of them cannot be locked."""
LOOKALIKES = str.maketrans("ТВСАОтвсао", "TBCAOtbcao")
"""Cyrillic letters that look like Latin ones."""
MUST_SAY_SOMETHING: tuple[Location, ...] = (("title",), ("prespecification", "statement"))


def undecided(loaded: LoadedPlan) -> Iterator[Remark]:
    """Every text and key of the plan that leaves something open, where it is written."""
    for location, text in texts(loaded.source.document.value):
        if UNDECIDED.search(text.translate(LOOKALIKES)):
            yield Remark(location, "not decided yet", quoted(text))


def _not_empty(loaded: LoadedPlan) -> Iterator[Remark]:
    said = (loaded.plan.title, loaded.plan.prespecification.statement)
    for location, text in zip(MUST_SAY_SOMETHING, said, strict=True):
        if not text.strip():
            yield Remark(location, "this text must say something, and is empty")
    for location, text in texts(loaded.source.document.value):
        if location not in MUST_SAY_SOMETHING and not text.strip():
            yield Remark(location, "a field is given with an empty text")


def _labels_differ(loaded: LoadedPlan) -> Iterator[Remark]:
    first: dict[str, str] = {}
    for name, analysis in loaded.plan.analyses.items():
        if analysis.label and analysis.label in first:
            message = f"the same label as analysis {first[analysis.label]}: a table could not tell them apart"
            yield Remark(("analyses", name, "label"), message, quoted(analysis.label))
        first.setdefault(analysis.label, name)


RULES = (
    Rule(
        "PL-0161",
        "warning",
        'nothing is undecided (TBD, TODO, ???, "to be agreed" and their like; it could not be locked)',
        undecided,
    ),
    Rule("PL-0162", "warning", "title, statement, and every text that is given say something", _not_empty),
    Rule("PL-0163", "warning", "every analysis has a label of its own", _labels_differ),
)

"""Text that may leave: without names of clusters, without small numbers, without lists of who it was."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache, lru_cache

from precept_stats.data.policies import CountRule
from precept_stats.values import Row

BY_CLUSTER = ("cluster", "left_out")
"""The groups whose levels are names of clusters."""
KEPT = ("arm", *BY_CLUSTER, "table", "dimension", "period", "level")
"""Groups whose levels are shown as they are."""
PSEUDONYM = re.compile("Cluster\u00a0\\d+\\Z")
FIXED_WORDS = ("estimator", "df_rule", "prior_of_effect")
NOT_SHOWN = "[not shown]"
BEFORE_NUMERAL = r"(?<![\w.\u00a0])(?<![A-Za-z]-)(?<!\bperiod )(?<!\bp = )"
AFTER_NUMERAL = (
    r"(?!\w|\.\d|%|,\d{3}|-[A-Za-z])"
    r"(?!\s+(?:clusters?|arms?|strat\w+|pairs?|parameters?|months?|periods?|sequences?|df)\b)"
)
FIGURES_OF_FEW = (
    re.compile(
        r"(?<=\bweights are very unequal): the largest is .+?(?=; (?:consider )?truncation)", re.DOTALL
    ),
    re.compile(r"(?<=\bthe F of the first stage is )[\d.]+ on [\d.]+ and [\d.]+ df, (?=below (?:10|one)\b)"),
)
"""Figures within a text that are not shown, or only coarsely, where they have rows."""
LIST_OF_CLUSTERS = re.compile(
    r"(\b(?:clusters?|units?)\b[^:;]*): (?!such periods |its exposure ).+", re.DOTALL | re.IGNORECASE
)


def cluster_of(row: Row) -> str:
    """The cluster that a row is about, or that it leaves out; empty when it is about none."""
    return row.group("cluster") or row.group("left_out")


LIST_OF_PEOPLE = re.compile(r"(\bparticipants )(?!who\b|are\b|were\b|in\b).+?(?= are named\b)", re.DOTALL)
RUN_OF_PERIODS = re.compile(r"\bperiods? [\w-]+(?:(?:, | and | to )[\w-]+)*(?=[.;:)]|\Z| every\b| there\b)")
"""``periods 1, 2 and 3``: numbers that count nobody."""


@dataclass(frozen=True, slots=True)
class Mask:
    """What may not stand in a text: the labels of the clusters, alone or in a run (``A, B and C``)."""

    any_label: re.Pattern[str] | None
    any_name: re.Pattern[str] | None
    any_small: re.Pattern[str]

    def text(self, text: str) -> str:
        """Free text: labels and suppressed numbers go, and so does what follows ``clusters ...:``."""
        return _masked(self, text) if text else text

    def _text(self, text: str) -> str:
        text = LIST_OF_PEOPLE.sub(rf"\1{NOT_SHOWN}", _without(text, self.any_label))
        text = LIST_OF_CLUSTERS.sub(rf"\1: {NOT_SHOWN}", text)
        for figures in FIGURES_OF_FEW:
            text = figures.sub("", text)
        kept = RUN_OF_PERIODS.findall(text)
        parts = [self.any_small.sub("[a small number]", part) for part in RUN_OF_PERIODS.split(text)]
        return "".join(part + run for part, run in zip(parts, (*kept, ""), strict=True))

    def name(self, text: str) -> str:
        """The name of a category, step or group: labels go, unless they are only digits."""
        return _without(text, self.any_name)


def mask_for(rows: Iterable[Row], rule: CountRule) -> Mask:
    """The mask for all labels of clusters in these rows. Numbers given by the gate are no labels."""
    labels = {cluster_of(row) for row in rows} - {""}
    labels = {label for label in labels if not PSEUDONYM.match(label)}
    names = {label for label in labels if not label.isdigit()}
    return Mask(_pattern(labels), _pattern(names), _small_numeral(rule.suppress_below))


def mask_row(row: Row, mask: Mask) -> Row:
    """The row with every text masked; a failure keeps its reason and loses what was found.

    What locks say is shown as it was written: it is of the plan, which is shown too, and of no data.
    """
    if row.context == "lock":
        return row
    free = isinstance(row.stat, str) and row.context != "setting" and row.stat_name not in FIXED_WORDS
    stat = mask.text(str(row.stat)) if free else row.stat
    reason = stat if row.context == "failure" and isinstance(stat, str) else mask.text(row.error)
    groups = tuple((name, level if name in KEPT else mask.name(level)) for name, level in row.groups)
    stat = mask.name(stat) if isinstance(stat, str) else stat
    warning = row.warning if row.status == "suppressed" else mask.text(row.warning)
    names = tuple(map(mask.name, (row.variable_level, row.term, row.stat_label)))
    same = (row.variable_level, row.term, row.stat_label) == names and row.groups == groups
    if same and (row.stat, row.warning, row.error) == (stat, warning, reason):
        return row
    level, term, label = names
    return replace(
        row,
        groups=groups,
        variable_level=level,
        term=term,
        stat_label=label,
        stat=stat,
        warning=warning,
        error=reason,
    )


@cache
def _small_numeral(limit: int) -> re.Pattern[str]:
    """A number from 1 up to a limit that may count people."""
    numbers = "|".join(map(str, range(1, limit)))
    return re.compile(f"{BEFORE_NUMERAL}(?:{numbers}){AFTER_NUMERAL}")


@lru_cache(maxsize=20_000)
def _masked(mask: Mask, text: str) -> str:
    """A text that may stand in thousands of rows, masked once."""
    return mask._text(text)


def _pattern(labels: set[str]) -> re.Pattern[str] | None:
    if not labels:
        return None
    longest_first = sorted(labels, key=lambda label: (-len(label), label))
    one = "|".join(map(_bounded, longest_first))
    return re.compile(rf"(?:{one})(?:(?:[,;]|,? and)\s+(?:{one}))*")


def _bounded(label: str) -> str:
    """The label where no letter or digit touches it; a number not within a decimal number either."""
    if label.isdigit():
        return rf"(?<![\w.]){re.escape(label)}(?!\w|\.\d)"
    return rf"(?<![^\W_]){re.escape(label)}(?![^\W_])"


def _without(text: str, pattern: re.Pattern[str] | None) -> str:
    return pattern.sub(_instead, text) if pattern and text else text


def _instead(found: re.Match[str]) -> str:
    if not any(letter.isalpha() for letter in found[0].replace(" and ", "")):
        return "[number]"
    return "[cluster]"

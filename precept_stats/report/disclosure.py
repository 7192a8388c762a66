"""The only gate for small numbers: every row passes it before anything is shown.

``none`` lets rows pass as they are. ``nhs_counts_v1`` follows the sub-national rule for English
hospital data (NHS England, Hospital Episode Statistics analysis guide): counts of people from 1
to 7 are suppressed and all others rounded to the nearest 5. docs/report.md gives the rules.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from precept_stats.errors import DisclosureError
from precept_stats.values import Row

POLICIES = ("none", "nhs_counts_v1")
SMALLEST_SHOWN, BASE = 8, 5
SMALL = "1 to 7"
PEOPLE = ("individuals", "events", "individuals per cluster")
MODEL = ("estimate", "std_error", "conf_low", "conf_high", "conf_level", "null", "statistic", "p_value", "df")
SPREAD = ("sd",)
FROM_COUNTS = {"p": ("n", "N"), "p_missing": ("n_missing", "N")}
EXTREMES = ("min", "max")
DESCRIBED = ("baseline", "missingness", "cluster_outcome", "data_quality")
PSEUDONYM = re.compile("Cluster\u00a0\\d+\\Z")
FIXED_WORDS = ("estimator", "df_rule")
SMALL_NUMERAL = re.compile(
    r"(?<![\w.,\-\u00a0])[1-7](?![\w.%\-]|,\d)(?!\s+(?:clusters?|arms?|strat\w+|pairs?|parameters?|months?|df)\b)"
)
Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Released:
    """Rows that have passed the gate, under the policy that is named. The report takes no others."""

    rows: tuple[Row, ...]
    policy: str

    def __post_init__(self) -> None:
        if gate(self.rows, self.policy) != self.rows:
            raise DisclosureError("rows were to be shown that have not passed the gate", found=self.policy)

    @property
    def suppressed(self) -> int:
        return sum(row.status == "suppressed" for row in self.rows)


def release(rows: tuple[Row, ...], policy: str) -> Released:
    """Pass rows through the gate and keep the proof."""
    return Released(gate(rows, policy), policy)


def gate(rows: tuple[Row, ...], policy: str) -> tuple[Row, ...]:
    """The rows as they may be shown, one for one and in the same order. Gating twice changes nothing.

    Raises DisclosureError for an unknown policy.
    """
    if policy not in POLICIES:
        raise DisclosureError("unknown disclosure policy", found=policy, allowed=", ".join(POLICIES))
    if policy == "none":
        return rows
    counted = [_gate_count(row) for row in rows]
    known = {(*_key(row), row.stat_name): row for row in counted}
    described = [_gate_described(row, known) for row in counted]
    names = pseudonyms(described)
    return tuple(_rename(row, names) for row in described)


def round_count(value: float) -> int:
    """To the nearest 5; a half goes up."""
    return BASE * int((value + BASE / 2) // BASE)


def pseudonyms(rows: list[Row]) -> dict[str, str]:
    """``Cluster 1``, ``Cluster 2``... numbered by a fingerprint of their gated figures, not by label."""
    figures: dict[str, list[str]] = {}
    for row in rows:
        label = row.group("cluster")
        if label:
            figures.setdefault(label, []).append(f"{row.context}{row.variable}{row.stat_name}{row.stat}")
    if all(PSEUDONYM.match(label) for label in figures):
        return {label: label for label in figures}
    order = sorted(figures, key=lambda label: (_fingerprint(figures[label]), label))
    return {label: f"Cluster\u00a0{place}" for place, label in enumerate(order, 1)}


def _fingerprint(texts: list[str]) -> str:
    return hashlib.sha256("\n".join(sorted(texts)).encode()).hexdigest()


def _is_count(row: Row) -> bool:
    if isinstance(row.stat, str) or row.stat is None or row.stat_name in (*MODEL, *EXTREMES, *SPREAD):
        return False
    guessed = row.context == "data_quality" and row.unit != "clusters" and row.stat_name[:2] in ("N", "n_")
    return row.unit in PEOPLE or guessed


def _gate_count(row: Row) -> Row:
    if row.status == "suppressed":
        return replace(row, stat=None)
    if not _is_count(row):
        return row
    value = float(row.stat or 0)
    if 0 < value < SMALLEST_SHOWN:
        return _suppressed(row, SMALL)
    rounded = round_count(value)
    return row if rounded == row.stat else replace(row, stat=rounded)


def _gate_described(row: Row, known: Mapping[Key, Row]) -> Row:
    """Statistics of a described group follow its counts: recomputed, or gone with them."""
    if row.context not in DESCRIBED or row.stat is None or _is_count(row):
        return row
    if row.stat_name in EXTREMES and row.group("level") != "cluster":
        return _suppressed(row, "extremes are not shown")
    names = FROM_COUNTS.get(row.stat_name)
    key = _key(row)
    total = next((known[at] for at in _totals(key) if at in known), None)
    if names is None:
        hidden = row.unit != "clusters" and total is not None and total.status == "suppressed"
        return _suppressed(row, f"of {SMALL} individuals") if hidden else row
    part = known.get((*key, names[0]))
    if part is None or total is None:
        return _suppressed(row, "its counts are not in the results")
    if part.unit == "clusters" and total.unit == "clusters":
        return row
    if not (isinstance(part.stat, int | float) and isinstance(total.stat, int | float)):
        return _suppressed(row, f"from a count of {SMALL}")
    return replace(row, stat=part.stat / total.stat) if total.stat > 0 else row


def _totals(key: Key) -> tuple[Key, ...]:
    """Where the denominator of a key may stand: its own, or that of its variable."""
    return (*key, "N"), (*key[:-1], "", "N"), (*key, "n_rows")


def _suppressed(row: Row, why: str) -> Row:
    return replace(row, stat=None, status="suppressed", warning=why)


def _key(row: Row) -> Key:
    groups = (f"{name}={level}" for name, level in row.groups)
    return (row.analysis, row.context, *groups, row.variable, row.variable_level)


def _rename(row: Row, names: Mapping[str, str]) -> Row:
    """The row under its cluster's pseudonym, its free text without small numbers or cluster labels."""
    groups = tuple((name, names[level] if name == "cluster" else level) for name, level in row.groups)
    free = isinstance(row.stat, str) and row.context != "setting" and row.stat_name not in FIXED_WORDS
    return replace(
        row,
        groups=groups,
        stat=_masked(str(row.stat), names) if free else row.stat,
        warning=row.warning if row.status == "suppressed" else _masked(row.warning, names),
        error=_masked(row.error, names),
    )


def _masked(text: str, names: Mapping[str, str]) -> str:
    """Text with pseudonyms in place of labels; a label that is only digits is masked wherever it stands."""
    text = SMALL_NUMERAL.sub("[a small number]", text)
    labels = sorted((label for label in names if label != names[label]), key=len, reverse=True)
    if not (text and labels):
        return text
    pattern = rf"(?<![\w.])(?:{'|'.join(map(re.escape, labels))})(?!\w|\.\d)"
    return re.sub(pattern, lambda found: _instead(found[0], names), text)


def _instead(label: str, names: Mapping[str, str]) -> str:
    return "[number]" if label.isdigit() else names[label]

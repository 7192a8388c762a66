"""The only gate for small numbers: every row passes it before anything is shown.

What may be shown is said by a policy, a file in disclosure_policies/. ``none`` lets rows pass as they are.
docs/report.md gives the rules; docs/disclosure.md says what is withheld so that none can be subtracted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from precept_stats.data.policies import CountRule, Policy, read_policy
from precept_stats.errors import DisclosureError
from precept_stats.report.attack.relations import sheet_of
from precept_stats.report.attack.secondary import protect
from precept_stats.report.attack.sheet import Sheet
from precept_stats.report.free_text import BY_CLUSTER, PSEUDONYM, Mask, cluster_of, mask_for, mask_row
from precept_stats.report.guarded import (
    SUMMARIES,
    WITHHELD,
    Key,
    analyses_with_small_clusters,
    coarse_columns,
    counted_columns,
    counts_people,
    gate_sizes,
    key_of,
    number,
    outcomes_with_few,
    suppressed,
)
from precept_stats.report.guarded_answers import as_shown, guarded_answers, without_answer
from precept_stats.report.guarded_areas import facts_of_areas, gate_area
from precept_stats.report.guarded_bundles import of_bundles
from precept_stats.report.guarded_clusters import by_cluster
from precept_stats.report.guarded_correlations import gate_correlation
from precept_stats.report.guarded_first_stage import of_first_stages
from precept_stats.report.guarded_missing import of_shifts, of_weights
from precept_stats.report.guarded_models import dominated_outcomes, with_low_df
from precept_stats.report.guarded_posterior import of_posteriors
from precept_stats.report.guarded_reference import of_distributions
from precept_stats.report.guarded_series import of_points
from precept_stats.report.guarded_subgroups import of_subgroups
from precept_stats.values import Failure, Result, Results, Row

MODEL = ("estimate", "std_error", "conf_low", "conf_high", "conf_level", "null", "statistic", "p_value", "df")
SPREAD = ("sd",)
FROM_COUNTS = {"p": ("n", "N"), "p_missing": ("n_missing", "N")}
EXTREMES = ("min", "max")
DESCRIBED = ("baseline", "missingness", "cluster_outcome", "composite", "data_quality")
NOT_SHOWN = "not shown under the disclosure policy"


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


def gate_results(results: Results, policy: str) -> Results:
    """The whole of the results as they may be shown: rows, estimates, warnings, reasons of failures.

    Nothing else leaves: files, ``--json`` and reports are all made from this or from ``gate``.
    Rows keep to their analysis. Gating twice changes nothing. Raises DisclosureError.
    """
    rows, rule = gate(results.rows, policy), read_policy(policy).policy.counts
    if rule is None:
        return results
    mask = mask_for(results.rows, rule)
    shared, rest = rows[: len(results.shared)], rows[len(results.shared) :]
    entries: list[Result | Failure] = []
    for entry in results.analyses:
        own, rest = rest[: len(entry.rows)], rest[len(entry.rows) :]
        entries.append(_gate_entry(entry, own, mask))
    warnings = tuple(map(mask.text, results.warnings))
    return replace(results, shared=shared, analyses=tuple(entries), warnings=warnings)


def _gate_entry(entry: Result | Failure, rows: tuple[Row, ...], mask: Mask) -> Result | Failure:
    if isinstance(entry, Failure):
        problem, allowed = mask.text(entry.problem), mask.text(entry.allowed)
        return replace(
            entry, rows=rows, problem=problem, allowed=allowed, found=NOT_SHOWN if entry.found else ""
        )
    gone = {(row.context, row.stat_name) for row in rows if row.status == "suppressed"}
    hidden = any(context == "arm_summary" for context, _ in gone)
    estimates = tuple(
        replace(answer, contrast=mask.name(answer.contrast))
        for place, answer in enumerate(as_shown(entry.estimates, rows))
        if (place and not hidden) or (not place and ("estimate", "estimate") not in gone)
    )
    warnings = tuple(map(mask.text, entry.warnings))
    return replace(entry, rows=rows, estimates=estimates, warnings=warnings, draws=None)


def gate(rows: tuple[Row, ...], policy: str, earlier: Sequence[tuple[Row, ...]] = ()) -> tuple[Row, ...]:
    """The rows as they may be shown, as many as there were. Gating twice changes nothing.

    Rows keep their order, but for those about clusters: these stand in the order of the clusters'
    numbers among themselves. ``earlier`` are the rows of releases of the same data: no suppressed count of
    any can be worked out from all of them together. Raises DisclosureError for an unknown policy.
    """
    chosen = read_policy(policy).policy
    if chosen.counts is None:
        return rows
    known = tuple(sheet_of(release, chosen.counts) for release in earlier)
    gated = _gate_once(rows, chosen, known)
    while (again := _gate_once(gated, chosen, known)) != gated:
        gated = again
    return gated


def _gate_once(rows: tuple[Row, ...], policy: Policy, earlier: Sequence[Sheet]) -> tuple[Row, ...]:
    """All rules once. Clusters get their numbers only when nothing more is withheld."""
    rule = policy.counts
    if rule is None:
        return rows
    mask, passed = mask_for(rows, rule), _gate_numbers(list(rows), policy, rule)
    while (safe := protect(passed, rule, earlier)) != passed:
        passed = _gate_numbers(safe, policy, rule)
    names = pseudonyms(passed)
    return _in_order(tuple(mask_row(_rename(row, names), mask) for row in passed))


def _gate_numbers(rows: list[Row], policy: Policy, rule: CountRule) -> list[Row]:
    """One pass over all rules about numbers."""
    counted, few = counted_columns(rows), outcomes_with_few(rows, rule)
    small = analyses_with_small_clusters(rows, rule)
    coarse = {
        **coarse_columns(rows, counted),
        **by_cluster(rows, rule),
        **of_distributions(rows, rule),
        **of_bundles(rows, rule),
        **of_shifts(rows, rule),
        **of_weights(rows, rule),
        **of_subgroups(rows, rule),
        **of_first_stages(rows, rule),
        **of_points(rows, rule),
        **of_posteriors(rows, few, rule),
    }
    guarded = guarded_answers(rows, rule, with_low_df(rows, policy.model_output))
    areas, dominated = facts_of_areas(rows, rule), dominated_outcomes(rows, policy.dominance)
    passed = []
    for row in rows:
        row = coarse.get((*key_of(row), row.stat_name), row)
        if row.context == "arm_summary" and row.variable in few and row.stat_name != "conf_level":
            row = suppressed(row, f"an arm has {rule.words} with or without the event")
        if row.context == "arm_summary" and row.variable in dominated and row.stat_name != "conf_level":
            row = suppressed(row, "an arm is dominated by few clusters")
        row = without_answer(gate_area(gate_correlation(row, few, rule), areas), guarded)
        passed.append(_gate_count(gate_sizes(row, counted, small, rule), counted, rule))
    known = {(*key_of(row), row.stat_name): row for row in passed}
    return [_gate_described(row, known, counted, rule) for row in passed]


def pseudonyms(rows: list[Row]) -> dict[str, str]:
    """``Cluster 1``, ``Cluster 2``... numbered by a fingerprint of their gated figures, not by label."""
    figures: dict[str, list[str]] = {}
    for row in rows:
        label = cluster_of(row)
        if label:
            figures.setdefault(label, []).append(f"{row.context}{row.variable}{row.stat_name}{row.stat}")
    if all(PSEUDONYM.match(label) for label in figures):
        return {label: label for label in figures}
    order = sorted(figures, key=lambda label: (_fingerprint(figures[label]), label))
    return {label: f"Cluster\u00a0{place}" for place, label in enumerate(order, 1)}


def _fingerprint(texts: list[str]) -> str:
    return hashlib.sha256("\n".join(sorted(texts)).encode()).hexdigest()


def _rename(row: Row, names: Mapping[str, str]) -> Row:
    """The row with its cluster under its number."""
    if not cluster_of(row):
        return row
    groups = tuple(
        (name, names[level] if name in BY_CLUSTER and level else level) for name, level in row.groups
    )
    return replace(row, groups=groups)


def _in_order(rows: tuple[Row, ...]) -> tuple[Row, ...]:
    """Rows about clusters by period and number of the cluster, in the places that such rows had.

    Were each period kept to its own places, a cluster with fewer rows would show where its name stood.
    """
    places: dict[Key, list[int]] = {}
    for place, row in enumerate(rows):
        if cluster_of(row):
            places.setdefault((row.analysis, row.context, row.variable), []).append(place)
    ordered = list(rows)
    for taken in places.values():
        inside = [rows[place] for place in taken]
        periods = {
            name: rank for rank, name in enumerate(dict.fromkeys(row.group("period") for row in inside))
        }
        inside.sort(key=lambda row: (periods[row.group("period")], _number_of_cluster(row)))
        for place, row in zip(taken, inside, strict=True):
            ordered[place] = row
    return tuple(ordered)


def _number_of_cluster(row: Row) -> int:
    return int(cluster_of(row).rpartition("\u00a0")[2])


def _is_count(row: Row, counted: frozenset[Key]) -> bool:
    if number(row) is None or row.stat_name in (*MODEL, *EXTREMES, *SPREAD):
        return False
    guessed = row.context == "data_quality" and row.unit != "clusters" and row.stat_name[:2] in ("N", "n_")
    return counts_people(row) or guessed or (row.stat_name in SUMMARIES and key_of(row) in counted)


def _gate_count(row: Row, counted: frozenset[Key], rule: CountRule) -> Row:
    if row.status == "suppressed":
        return replace(row, stat=None)
    if not _is_count(row, counted):
        return row
    value = number(row) or 0.0
    if rule.is_small(value):
        return suppressed(row, rule.words)
    rounded = rule.rounded(value)
    return row if rounded == row.stat else replace(row, stat=rounded)


def _gate_described(row: Row, known: Mapping[Key, Row], counted: frozenset[Key], rule: CountRule) -> Row:
    """Statistics of a described group follow its counts: recomputed, or gone with them."""
    if row.context not in DESCRIBED or row.stat is None or _is_count(row, counted):
        return row
    if row.stat_name in EXTREMES and row.group("level") != "cluster":
        return suppressed(row, "extremes are not shown")
    names = FROM_COUNTS.get(row.stat_name)
    key = key_of(row)
    total = next((known[at] for at in _totals(key) if at in known), None)
    if names is None:
        hidden = row.unit != "clusters" and total is not None and total.status == "suppressed"
        beside = total is not None and total.warning == WITHHELD
        reason = WITHHELD if beside else f"of {rule.words} individuals"
        return suppressed(row, reason) if hidden else row
    part = known.get((*key, names[0]))
    if part is None or total is None:
        return suppressed(row, "its counts are not in the results")
    if part.unit == "clusters" and total.unit == "clusters":
        return row
    above, below = number(part), number(total)
    if above is None or below is None:
        beside = WITHHELD in (part.warning, total.warning)
        return suppressed(row, WITHHELD if beside else f"from a count of {rule.words}")
    return replace(row, stat=above / below) if below > 0 else row


def _totals(key: Key) -> tuple[Key, ...]:
    """Where the denominator of a key may stand: its own, or that of its variable."""
    return (*key, "N"), (*key[:-1], "", "N"), (*key, "n_rows")

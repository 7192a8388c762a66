"""What a careful colleague would say about a plan before any data are opened."""

from __future__ import annotations

from precept_stats.plan.findings import Finding
from precept_stats.plan.loaded import LoadedPlan
from precept_stats.plan.rules import RULES
from precept_stats.plan.rules.reading import READING_RULES

_ORDER = {"error": 0, "warning": 1, "note": 2}


def lint(loaded: LoadedPlan) -> tuple[Finding, ...]:
    """All findings of all rules: errors first, then warnings and notes, each in file order."""
    findings = (
        loaded.source.finding(rule.id, rule.severity, remark)
        for rule in RULES
        for remark in rule.check(loaded)
    )
    return tuple(sorted(findings, key=lambda f: (_ORDER[f.severity], f.line, f.column, f.id)))


def rules_table() -> str:
    """Every rule as a Markdown table, the one in docs/plans.md: id, severity, what is asked."""
    rows = [(identifier, "error", asks) for identifier, asks in READING_RULES]
    rows += [(rule.id, rule.severity, rule.asks) for rule in RULES]
    lines = ["| id | severity | what is asked |", "|---|---|---|"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)]) + "\n"

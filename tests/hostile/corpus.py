"""Every attack that is known, and the table of them for docs/security.md."""

from __future__ import annotations

from tests.hostile import bundles, documents, results, shown, tables
from tests.hostile.attack import Attack

ATTACKS: tuple[Attack, ...] = (
    *documents.PLANS,
    *documents.SCHEMAS,
    *documents.FILES,
    *documents.FORMULAS,
    *tables.CSVS,
    *tables.PARQUETS,
    *tables.FILES,
    *results.ROWS,
    *results.LOCKS,
    *results.MANIFESTS,
    *bundles.ZIPS,
    *bundles.FOLDERS,
    *shown.SHOWN,
)


def table() -> str:
    """All attacks as a Markdown table: name, what it tries, and whether it is refused or does no harm."""
    lines = ["| attack | what it tries | what becomes of it |", "|---|---|---|"]
    for attack in ATTACKS:
        ends = "refused" if attack.harmless is None else "harmless"
        lines.append(f"| {attack.name} | {attack.tried} | {ends} |")
    return "\n".join(lines) + "\n"

"""The tables of docs/disclosure.md, made from docs/disclosure.json."""

from __future__ import annotations

import json
from typing import Any

from tests.calibration.tables import DOCS, with_section

PAGE = DOCS / "disclosure.md"
WORDS = {
    "suppressed only": "small counts suppressed, others exact",
    "suppressed and rounded": "small counts suppressed, others rounded to 5",
    "the gate": "the gate: suppressed, rounded, further counts withheld",
}


def section(record: dict[str, Any]) -> str:
    """What was recovered under each way, and by a reader who knows the gate."""
    lines = [
        f"{record['releases']} pairs of releases with {record['count_rows']:,} counts, of which "
        f"{record['small_counts']:,} from 1 to 7; the gate withheld {record['withheld_rows']:,} more.",
        "",
        "| what is released | suppressed counts | recovered | releases hit "
        "| 2 values left | 3 to 6 | 7 or more |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    for name, words in WORDS.items():
        found = record["ways"][name]
        middle = sum(found.get(f"{width} values", 0) for width in range(3, 7))
        cells = (found["suppressed"], found.get("recovered", 0), found["releases_hit"])
        more = (found.get("2 values", 0), middle, found.get("7 values", 0))
        lines.append(f"| {words} | {' | '.join(f'{cell:,}' for cell in (*cells, *more))} |")
    lines += [
        "",
        "| counts and their total | each from 0 to | withheld | released tables that differ "
        "| suppressed counts | told to who knows the gate |",
        "|--:|--:|---|--:|--:|--:|",
    ]
    for one in record["who_knows_the_gate"]:
        how = "nothing more" if one["way"] == "without" else "as the gate does"
        cells = f"{one['pictures']:,} | {one['suppressed']:,} | {one['told']:,}"
        lines.append(f"| {one['counts']} | {one['to']} | {how} | {cells} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    record = json.loads((DOCS / "disclosure.json").read_text(encoding="utf-8"))
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(with_section(text, section(record)), encoding="utf-8")


if __name__ == "__main__":
    main()

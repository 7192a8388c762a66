"""The coverage section of instrumental_variables from docs/compliers.json.

python -m tests.calibration.complier_tables
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from tests.calibration.compliers import LEVEL, SPREAD
from tests.calibration.tables import DOCS, with_section

MARGIN = 3.0
PAGE = DOCS / "methods" / "instrumental_variables.md"
Record = Mapping[str, Any]
Cell = Mapping[str, Any]


def limits(record: Record) -> tuple[float, float]:
    """Nominal coverage give or take three Monte Carlo standard errors."""
    level, trials = record["level"], record["trials"]
    half = MARGIN * math.sqrt(level * (1 - level) / trials)
    return level - half, level + half


def coverage(cell: Cell) -> float:
    """Of the trials in which the analysis answered."""
    return cell["covered"] / cell["estimated"]


def shown(record: Record, cell: Cell) -> str:
    """Coverage, bold beyond the limits; trials refused or without an end; the median error."""
    low, high = limits(record)
    share = f"{100 * coverage(cell):.1f}"
    share = share if low <= coverage(cell) <= high else f"**{share}**"
    refused = record["trials"] - cell["estimated"]
    of_all = 100 / record["trials"]
    return f"{share}; {of_all * (cell['without_end'] + refused):.0f}; {cell['median_error']:+.2f}"


def table(record: Record) -> str:
    """A row an analysis, a column a number of clusters, share moved and confounding."""
    columns = list(dict.fromkeys(map(_column, record["cells"])))
    heads = [f"{k}, {100 * moved:g} %, {confounded:g}" for k, moved, confounded in columns]
    lines = ["| analysis | " + " | ".join(heads) + " |", "|---" + "|--:" * len(heads) + "|"]
    for analysis in dict.fromkeys(c["analysis"] for c in record["cells"]):
        mine = {_column(c): c for c in record["cells"] if c["analysis"] == analysis}
        lines.append(
            "| " + " | ".join([analysis, *(shown(record, mine[column]) for column in columns)]) + " |"
        )
    strength = [
        f"{c['median_f']:.1f}" for c in record["cells"] if c["analysis"] == "cluster means, Anderson-Rubin"
    ]
    lines.append("| median F of the first stage, cluster means | " + " | ".join(strength) + " |")
    return "\n".join(lines)


def _column(cell: Cell) -> tuple[int, float, float]:
    return cell["clusters"], cell["moved"], cell["confounded"]


def section(record: Record) -> str:
    """The whole section."""
    small, large = record["sizes"]
    return "\n".join(
        [
            "Per cent of simulated trials whose nominal 95 % interval covers, of those with an answer (bold: "
            "beyond three Monte Carlo standard errors); per cent refused (Wald: F below 1) or without an end "
            f"(Anderson-Rubin); median error of the estimate. {record['trials']:,} trials a column: clusters "
            "in all, how many more people receive the treatment where it is offered than the "
            f"{100 * record['below']:g} % who do without, and the correlation of willingness to receive it "
            f"with the outcome, of people and of clusters. Clusters of {small} to {large} people; the effect "
            f"of receiving it is {record['effect']:g} standard deviations of people, for everyone; "
            f"standard deviations between clusters are {SPREAD:g} (willingness) and {LEVEL:g} (outcome). The "
            "record is `compliers.json`, made by `make compliers-study`.",
            "",
            table(record),
            "",
            _lesson(record),
            "",
        ]
    )


def _lesson(record: Record) -> str:
    told = {
        (words, of): _range(record, words, of)
        for words in ("Wald", "Anderson-Rubin")
        for of in dict.fromkeys((c["moved"], c["confounded"]) for c in record["cells"])
    }
    strong, mild, severe = (of for words, of in told if words == "Wald")
    return (
        f"Where half of the people are moved Wald intervals cover in {told['Wald', strong]} of trials, "
        f"Anderson-Rubin in {told['Anderson-Rubin', strong]}. Where few are, Anderson-Rubin covers in "
        f"{told['Anderson-Rubin', mild]} with the milder confounding and {told['Anderson-Rubin', severe]} "
        "with the severe, often without an end, as the data set none. Wald intervals, about an estimate that "
        f"leans towards the confounded association, cover in {told['Wald', mild]} and {told['Wald', severe]} "
        "of the trials that are not refused: wide enough for the milder confounding, not for the severe."
    )


def _range(record: Record, words: str, of: tuple[float, float]) -> str:
    """The least and largest coverage of the intervals so called, at a share moved and confounding."""
    found = [
        100 * coverage(c)
        for c in record["cells"]
        if c["analysis"].endswith(words) and (c["moved"], c["confounded"]) == of
    ]
    return f"{min(found):.0f} to {max(found):.0f} %"


def main() -> None:
    record = json.loads((DOCS / "compliers.json").read_text(encoding="utf-8"))
    PAGE.write_text(with_section(PAGE.read_text(encoding="utf-8"), section(record)), encoding="utf-8")


if __name__ == "__main__":
    main()

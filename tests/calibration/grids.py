"""Tables of a study by cell: a row an analysis, a column a scenario, with what stands out in bold."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tests.calibration.tables import DOCS

MARGIN = 3.0
LEVEL = 0.95
Cell = Mapping[str, Any]
Text = Callable[[Cell], str]


def limits(replicates: int) -> tuple[float, float]:
    """95 per cent give or take three Monte Carlo standard errors."""
    half = MARGIN * math.sqrt(LEVEL * (1.0 - LEVEL) / replicates)
    return LEVEL - half, LEVEL + half


def coverage(cell: Cell) -> float:
    """Of the replicates with an estimate."""
    share: float = cell["covered"] / cell["estimated"]
    return share


def beyond(cell: Cell) -> float:
    """The mean error in Monte Carlo standard errors."""
    found: float = cell["bias"] / cell["bias_mcse"]
    return found


def covered(replicates: int) -> Text:
    """Coverage in per cent, in bold outside the limits."""
    low, high = limits(replicates)

    def text(cell: Cell) -> str:
        shown = f"{100 * coverage(cell):.1f}"
        return shown if low <= coverage(cell) <= high else f"**{shown}**"

    return text


def bias(cell: Cell) -> str:
    """The mean error, in bold beyond three Monte Carlo standard errors."""
    shown = f"{cell['bias']:+.3f}"
    return f"**{shown}**" if abs(beyond(cell)) > MARGIN else shown


def width(cell: Cell) -> str:
    """The median width of intervals."""
    return f"{cell['median_width']:.2f}"


def grid(cells: Sequence[Cell], by: tuple[str, str], column: Text, text: Text) -> list[str]:
    """Rows by the key ``by[0]``, columns by what ``column`` says of a cell; ``by[1]`` heads the corner."""
    key, corner = by
    columns = list(dict.fromkeys(column(c) for c in cells))
    found = {(c[key], column(c)): c for c in cells}
    lines = [f"| {corner} | " + " | ".join(columns) + " |", "|---" + "|--:" * len(columns) + "|"]
    for name in dict.fromkeys(c[key] for c in cells):
        lines.append("| " + " | ".join([str(name), *(text(found[name, at]) for at in columns)]) + " |")
    return lines


def put(kind: str, text: str) -> None:
    """Write the coverage part of a method's page."""
    path = DOCS / "methods" / f"{kind}.md"
    whole = re.sub(
        r"(<!-- coverage -->\n).*?(<!-- /coverage -->)",
        lambda found: found[1] + text + found[2],
        path.read_text(encoding="utf-8"),
        flags=re.DOTALL,
    )
    path.write_text(whole, encoding="utf-8")

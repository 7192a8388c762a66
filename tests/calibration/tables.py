"""docs/coverage.md and its figure from the record docs/coverage.json.

python -m tests.calibration.tables
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parents[2] / "docs"
MARGIN = 3.0
OPEN, CLOSE = "<!-- coverage -->", "<!-- /coverage -->"
METHODS = {"summaries": "cluster_summaries", "regression": "cluster_regression"}
Cell = Mapping[str, Any]


def limits(record: Mapping[str, Any]) -> tuple[float, float]:
    """Nominal coverage give or take three Monte Carlo standard errors."""
    level, trials = record["level"], record["trials"]
    half = MARGIN * math.sqrt(level * (1 - level) / trials)
    return level - half, level + half


def method_of(cell: Cell) -> str:
    return METHODS[cell["variant"].split()[0].rstrip(",")]


def table(record: Mapping[str, Any], cells: Iterable[Cell]) -> str:
    """Coverage in per cent, one row a variant, one column a scenario; outside the limits in bold."""
    chosen = list(cells)
    low, high = limits(record)
    columns = list(dict.fromkeys((c["clusters"], c["sizes"], c["icc"]) for c in chosen))
    lines = ["| variant | " + " | ".join(f"{k}, {sizes}, {icc:g}" for k, sizes, icc in columns) + " |"]
    lines.append("|---" + "|--:" * len(columns) + "|")
    for variant in dict.fromkeys(c["variant"] for c in chosen):
        row = {(c["clusters"], c["sizes"], c["icc"]): c for c in chosen if c["variant"] == variant}
        lines.append(
            "| " + " | ".join([variant, *(_shown(row[column], low, high) for column in columns)]) + " |"
        )
    return "\n".join(lines)


def _shown(cell: Cell, low: float, high: float) -> str:
    text = f"{100 * cell['coverage']:.1f}"
    return text if low <= cell["coverage"] <= high else f"**{text}**"


def outside(record: Mapping[str, Any], method: str) -> list[Cell]:
    """The cells of a method whose coverage is outside the limits, lowest coverage first."""
    low, high = limits(record)
    found = [c for c in record["cells"] if method_of(c) == method and not low <= c["coverage"] <= high]
    return sorted(found, key=lambda cell: cell["coverage"])


def section(record: Mapping[str, Any], method: str) -> str:
    """The coverage section of a method's page: the table, and each departure in words."""
    low, high = limits(record)
    cells = [c for c in record["cells"] if method_of(c) == method]
    departures = [
        f"- {c['variant']}; {c['clusters']} clusters, {c['sizes']} sizes, ICC {c['icc']:g}: "
        f"{100 * c['coverage']:.1f} % (Monte Carlo standard error {100 * c['mcse']:.1f})"
        for c in outside(record, method)
    ]
    refused = [c for c in cells if c["estimated"] < record["trials"]]
    lines = [
        f"Per cent of {record['trials']:,} simulated trials whose nominal 95 % interval covers the truth. "
        "Columns: clusters in all, sizes, ICC. "
        f"Bold: outside {100 * low:.1f} to {100 * high:.1f}, three Monte Carlo standard errors of 95.",
        "",
        table(record, cells),
        "",
        "Outside those limits:" if departures else "No variant lies outside those limits.",
        "",
        *departures,
    ]
    if refused:
        lines += ["", "Trials without an estimate (refused, not counted as covering):", ""]
        lines += [
            f"- {c['variant']}; {c['clusters']} clusters, {c['sizes']} sizes, ICC {c['icc']:g}: "
            f"{record['trials'] - c['estimated']}"
            for c in refused
        ]
    return "\n".join(lines).rstrip() + "\n"


def page(record: Mapping[str, Any]) -> str:
    """The whole of docs/coverage.md."""
    return "\n".join(
        [
            "# Coverage of the intervals",
            "",
            "Made by `make coverage-study`; the record is `coverage.json`. All data are synthetic.",
            "",
            "Each trial has equal numbers of clusters in two arms, paired at random; cluster risks are "
            "beta with mean 0.70 (reference) and 0.80 (compared) and the stated ICC; 30 people a cluster, "
            "or gamma sizes with coefficient of variation 0.65 and at least 5. The baseline risk of a "
            "cluster is tied to its later risk (correlation of normal scores 0.7). Size carries no "
            "information about risk, so the participant and the cluster average are the same, and the "
            "truth is a risk difference of 0.10 "
            "or a risk ratio of 0.80 / 0.70. Strata and pairs carry no information either: what they cost is "
            "degrees of freedom. Continuous outcomes are normal with variance 1 and a difference of 0.5; "
            "counts are Poisson over person-time of 0.5 to 1.5 with gamma cluster rates of mean 0.30 and "
            "0.45, whose coefficient of variation is 0.1 where the ICC is 0.01 and 0.3 where it is 0.1.",
            "",
            "![Coverage by variant and scenario](coverage.svg)",
            "",
            "Two marks of a kind on each line: equal and unequal sizes.",
            "",
            *(f"## {method}\n\n{section(record, method)}" for method in METHODS.values()),
        ]
    )


def figure(record: Mapping[str, Any], path: Path) -> None:
    """One line a variant, one mark a scenario; the band is what Monte Carlo error allows."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    variants = list(dict.fromkeys(c["variant"] for c in record["cells"]))
    drawing = Figure(figsize=(8, 0.34 * len(variants) + 1.3), layout="constrained")
    axes = drawing.subplots()
    low, high = limits(record)
    axes.axvspan(100 * low, 100 * high, color="0.9", label="within Monte Carlo error of 95 %")
    styles = {8: ("#D55E00", "o"), 16: ("#0072B2", "s"), 40: ("#009E73", "^")}
    for clusters, (colour, marker) in styles.items():
        for icc, filled in ((0.01, False), (0.1, True)):
            cells = [c for c in record["cells"] if c["clusters"] == clusters and c["icc"] == icc]
            axes.plot(
                [100 * c["coverage"] for c in cells],
                [variants.index(c["variant"]) for c in cells],
                marker,
                color=colour,
                fillstyle="full" if filled else "none",
                label=f"{clusters} clusters, ICC {icc:g}",
            )
    axes.set_yticks(range(len(variants)), variants)
    axes.invert_yaxis()
    axes.set_xlabel("Coverage, per cent (synthetic trials)")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="0.93")
    axes.set_axisbelow(True)
    drawing.legend(loc="outside lower center", ncols=4, fontsize="small", frameon=False)
    with mpl.rc_context({"svg.hashsalt": "precept_stats", "svg.fonttype": "path"}):
        drawing.savefig(path, metadata={"Date": None})


def with_section(text: str, part: str) -> str:
    """A method's page with the coverage section between its two marks replaced."""
    before, rest = text.split(OPEN, 1)
    _, after = rest.split(CLOSE, 1)
    return f"{before}{OPEN}\n{part}{CLOSE}{after}"


def main() -> None:
    record = json.loads((DOCS / "coverage.json").read_text(encoding="utf-8"))
    (DOCS / "coverage.md").write_text(page(record), encoding="utf-8")
    for method in METHODS.values():
        path = DOCS / "methods" / f"{method}.md"
        path.write_text(
            with_section(path.read_text(encoding="utf-8"), section(record, method)), encoding="utf-8"
        )
    figure(record, DOCS / "coverage.svg")


if __name__ == "__main__":
    main()

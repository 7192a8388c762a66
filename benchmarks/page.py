"""docs/benchmarks.md and docs/growth.svg from the records docs/benchmarks.json and docs/growth.json."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parents[1] / "docs"
OURS = "precept_stats"
Record = Mapping[str, Any]
COLOURS = {"linear": "#0072B2", "kenward_roger": "#56B4E9", "logistic": "#D55E00", "counts": "#E69F00"}


def times(ratio: float) -> str:
    return f"{ratio:.1f}" if ratio < 10 else f"{ratio:.0f}"


def summary(tasks: Record) -> list[str]:
    """One line a fit: ours, the best of the others, lme4, and the ratios."""
    lines = [
        "| fit | rows | ours, s | best other, s | times faster | lme4 or pbkrtest, s | times faster "
        "| aimed at |",
        "|---|--:|--:|--:|--:|--:|--:|---|",
    ]
    for task in tasks.values():
        programs = task["programs"]
        ours = programs[OURS].get("seconds")
        others = {p: a["seconds"] for p, a in programs.items() if p != OURS and "seconds" in a}
        best = min(others, key=others.__getitem__, default=None)
        of_r = next((p for p in ("lme4", "pbkrtest") if p in programs), None)
        cells = [task["title"], f"{task['rows']:,}", "failed" if ours is None else f"{ours:.3g}"]
        cells += (
            ["none", ""] if best is None else [f"{others[best]:.3g} ({best})", times(others[best] / ours)]
        )
        if of_r is None:
            cells += ["not asked", ""]
        elif of_r in others:
            cells += [f"{others[of_r]:.3g}", times(others[of_r] / ours)]
        else:
            cells += [programs[of_r]["reason"], ""]
        lines.append("| " + " | ".join([*cells, task["goal"]]) + " |")
    return lines


def every(tasks: Record) -> list[str]:
    """All programs of all fits."""
    lines = [
        "| fit | program | seconds | first | runs | memory, MB | log-likelihood | effect | standard error |",
        "|---|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for name, task in tasks.items():
        for program, found in task["programs"].items():
            if "reason" in found:
                lines.append(f"| {name} | {program} | {found['reason']} | | | | | | |")
                continue
            memory = f"{found['memory_mb']:.0f}" if "memory_mb" in found else ""
            error = f"{found['std_error']:.7f}" if "std_error" in found else "none"
            lines.append(
                f"| {name} | {program} | {found['seconds']:.4g} | {found['first']:.4g} | {found['runs']} "
                f"| {memory} | {found['log_likelihood']:.6f} | {found['effect']:.7f} | {error} |"
            )
    return lines


def machine_words(record: Record) -> str:
    found = record["machine"]
    return (
        f"{found['cpu']}, {found['cores']} cores, {found['system']}, Python {found['python']}, "
        f"{found['date']}; load at the start {found['load_at_start']:g}"
    )


def page(record: Record, growth: Record) -> str:
    """The whole of docs/benchmarks.md."""
    programs = ", ".join(f"{name} {version}" for name, version in record["versions"].items())
    frames = [
        f"{task['programs'][OURS]['memory_mb']:.0f} MB beside a frame of "
        f"{task['programs'][OURS]['frame_mb']:.0f} MB ({name})"
        for name, task in record["tasks"].items()
        if "memory_mb" in task["programs"][OURS] and task["rows"] >= 10**6
    ]
    return "\n".join(
        [
            "# Speed and memory of mixed models",
            "",
            "Made by `make bench-mixed` and `make bench-growth`; the records are `benchmarks.json` and "
            "`growth.json`. All data but InstEval (lme4) are synthetic stepped-wedge trials from fixed "
            "seeds.",
            "",
            f"Machine: {machine_words(record)}. Other programs: {programs}.",
            "",
            "Each fit of each program has a process of its own, one after the other, with one BLAS thread. "
            "Data are in memory before the clock starts; timed is all from the data frame and the model to "
            "estimates with standard errors. Seconds are the median of up to seven warm runs; a fit that "
            "takes more than ten seconds is run once. Memory is the peak during the first run beyond what "
            f"stood before it. A program had {record['limit']:g} seconds, reading the data included. Where "
            "the load at the start is above 0.5, other work was running: ratios within a line then mean more "
            "than seconds, and neither means much below 10 milliseconds.",
            "",
            *summary(record["tasks"]),
            "",
            f"Peak memory of ours at a million rows: {'; '.join(frames) or 'not measured'}.",
            "",
            "## How cost grows",
            "",
            "![Seconds and memory by rows and by clusters](growth.svg)",
            "",
            f"Up to 10,000,000 rows in 100 clusters, and 10 to 10,000 clusters of 1,000,000 rows "
            f"({machine_words(growth)}). After one pass over the rows the cost of a linear model depends on "
            "clusters and parameters; Kenward-Roger adds little. A logistic model passes over the rows "
            "several times when a covariate of people keeps them apart, and over counts when none does.",
            "",
            "## Every program",
            "",
            "gpboost was fitted by ML (its restricted likelihood is no other program's), with convergence "
            "tightened, since its defaults stop short; so its log-likelihoods of linear models are not those "
            "of the others. lme-python is left out of logistic models: its estimates are not of ML.",
            "",
            *every(record["tasks"]),
            "",
        ]
    )


def figure(growth: Record, path: Path) -> None:
    """Seconds above and memory below, by rows and by clusters, on log axes."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    drawing = Figure(figsize=(8, 6), layout="constrained")
    axes = drawing.subplots(2, 2, sharey="row")
    for column, (across, held) in enumerate((("rows", "clusters"), ("clusters", "rows"))):
        fixed = 100 if held == "clusters" else 10**6
        for kind, label in growth["kinds"].items():
            found = [p for p in growth["points"] if p["kind"] == kind and p[held] == fixed]
            found.sort(key=lambda p: p[across])
            x = [p[across] for p in found]
            colour = COLOURS[kind]
            axes[0, column].loglog(
                x, [p["seconds"] for p in found], "o-", color=colour, label=None if column else label
            )
            memory = [p["memory_mb"] for p in found]
            axes[1, column].loglog(x, [max(m, 1.0) for m in memory], "o-", color=colour)
        axes[1, column].set_xlabel(f"{across.capitalize()} ({fixed:,} {held})")
    found = [p for p in growth["points"] if p["kind"] == "linear" and p["clusters"] == 100]
    axes[1, 0].loglog([p["rows"] for p in found], [max(p["frame_mb"], 1.0) for p in found], "--", color="0.5")
    last = found[-2]
    axes[1, 0].annotate(
        " the frame itself", (last["rows"], last["frame_mb"]), ha="left", va="top", color="0.4"
    )
    axes[0, 0].set_ylabel("Seconds")
    axes[1, 0].set_ylabel("Peak memory, MB")
    for panel in axes.flat:
        panel.spines[["top", "right"]].set_visible(False)
        panel.grid(color="0.93")
    drawing.legend(loc="outside lower center", ncols=2, fontsize="small", frameon=False)
    with mpl.rc_context({"svg.hashsalt": "precept_stats", "svg.fonttype": "path"}):
        drawing.savefig(path, metadata={"Date": None})


def main() -> None:
    record = json.loads((DOCS / "benchmarks.json").read_text(encoding="utf-8"))
    growth = json.loads((DOCS / "growth.json").read_text(encoding="utf-8"))
    (DOCS / "benchmarks.md").write_text(page(record, growth), encoding="utf-8")
    figure(growth, DOCS / "growth.svg")


if __name__ == "__main__":
    main()

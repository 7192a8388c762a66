"""docs/few_clusters.svg: type I error by number of clusters, a panel an outcome, sizes and ICC."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tests.calibration.few_cluster_verdicts import MARGIN, NOMINAL, Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BLUE, SKY, RED, ORANGE, GREEN, PURPLE, BLACK = (
    "#0072B2",
    "#56B4E9",
    "#D55E00",
    "#E69F00",
    "#009E73",
    "#CC79A7",
    "#000000",
)
STYLES = {
    "cluster summaries, equal weights, t": (BLUE, "o", "-"),
    "cluster summaries, size weights, t": (BLUE, "o", ":"),
    "GEE, independence, Liang-Zeger and normal": (RED, "s", "-"),
    "GEE, independence, Kauermann-Carroll and t": (RED, "s", ":"),
    "GEE, independence, CR2 and Satterthwaite": (ORANGE, "D", "-"),
    "GEE, independence, Mancl-DeRouen and t": (ORANGE, "D", ":"),
    "linear mixed, Kenward-Roger": (GREEN, "^", "-"),
    "linear mixed, Satterthwaite": (GREEN, "^", ":"),
    "logistic mixed, RSPL and clusters minus parameters": (PURPLE, "v", "-"),
    "logistic mixed, quadrature and clusters minus parameters": (PURPLE, "v", ":"),
    "randomisation test, difference": (BLACK, "x", "-"),
    "wild cluster bootstrap, Rademacher": (SKY, "P", "-"),
    "wild cluster bootstrap, Webb": (SKY, "P", ":"),
}
"""The analyses that are drawn: colour, mark and line."""
TICKS = (0, 1, 2.5, 5, 10, 20, 40)


def figure(found: Iterable[Result], path: Path) -> None:
    """A row an outcome and sizes, a column an ICC; the band is what Monte Carlo error allows."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    cells = [r for r in found if not r.effect]
    iccs = sorted({r.icc for r in cells})
    rows = list(dict.fromkeys((r.outcome, r.sizes) for r in cells))
    drawing = Figure(figsize=(9.5, 2.5 * len(rows) + 1.6), layout="constrained")
    axes = drawing.subplots(len(rows), len(iccs), sharex=True, sharey=True, squeeze=False)
    for i, (outcome, sizes) in enumerate(rows):
        for j, icc in enumerate(iccs):
            mine = [r for r in cells if (r.outcome, r.sizes, r.icc) == (outcome, sizes, icc)]
            _panel(axes[i, j], mine)
            axes[i, j].set_title(f"{outcome}, {sizes} sizes, ICC {icc:g}", fontsize=9, loc="left")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    drawing.legend(handles, labels, loc="outside lower center", ncols=2, fontsize=8, frameon=False)
    for panel in axes[-1]:
        panel.set_xlabel("Clusters in all", fontsize=9)
    drawing.supylabel("Type I error, per cent (synthetic trials; square-root scale)", fontsize=10)
    with mpl.rc_context({"svg.hashsalt": "precept_stats", "svg.fonttype": "path"}):
        drawing.savefig(path, metadata={"Date": None})


def _panel(axes: Axes, cells: list[Result]) -> None:
    trials = max(r.trials for r in cells)
    half = 100 * MARGIN * np.sqrt(NOMINAL * (1 - NOMINAL) / trials)
    axes.set_yscale("function", functions=(np.sqrt, np.square))
    axes.axhspan(100 * NOMINAL - half, 100 * NOMINAL + half, color="0.9", zorder=0)
    axes.axhline(100 * NOMINAL, color="0.55", linewidth=0.8, zorder=1)
    for name, (colour, mark, line) in STYLES.items():
        mine = sorted((r for r in cells if r.variant == name and r.answered), key=lambda r: r.clusters)
        if not mine:
            continue
        axes.plot(
            [r.clusters for r in mine],
            [100 * r.rate for r in mine],
            marker=mark,
            color=colour,
            linestyle=line,
            linewidth=1.2,
            markersize=4,
            fillstyle="full" if line == "-" else "none",
            label=name,
        )
    axes.set_xscale("log")
    clusters = sorted({r.clusters for r in cells})
    axes.set_xticks(clusters, [str(k) for k in clusters])
    axes.set_yticks(TICKS, [f"{tick:g}" for tick in TICKS])
    axes.set_ylim(0, TICKS[-1])
    axes.minorticks_off()
    axes.spines[["top", "right"]].set_visible(False)

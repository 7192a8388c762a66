"""docs/bayes_calibration.svg: rank histograms, and distribution functions of ranks minus uniform."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy import stats

from tests.calibration import bayes_bands as bands
from tests.calibration.tables import DOCS

Record = Mapping[str, Any]

ANSWERS = ("risk_difference", "rate_difference", "mean_difference", "effect")
SPREADS = (
    "icc_proportion: control",
    "icc_latent_within_period",
    "icc_within_period",
    "icc",
    "root odds of the correlation in a cell",
    "sd[cluster]",
    "sd[unit: level]",
)
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#444444")


def figure(record: Record) -> None:
    """A row a structure: ranks of the effect, of the likeness in clusters, and all differences."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    structures = record["sbc"]["structures"]
    drawing = Figure(figsize=(9.5, 1.55 * len(structures) + 0.9), layout="constrained")
    axes = drawing.subplots(len(structures), 3, squeeze=False, width_ratios=(1, 1, 1.8))
    for row, one in zip(axes, structures, strict=True):
        _histogram(row[0], one, ANSWERS, record["sbc"]["n_ranks"])
        _histogram(row[1], one, SPREADS, record["sbc"]["n_ranks"])
        _differences(row[2], one, record["sbc"])
        row[0].set_ylabel(
            f"{one['words']}\n({one['data_sets']} data sets)".replace(", ", ",\n", 1), fontsize=7
        )
        for panel in row:
            panel.tick_params(labelsize=6)
            panel.spines[["top", "right"]].set_visible(False)
    for panel, words in zip(
        axes[-1],
        ("Rank of the marginal effect", "Rank of the likeness in units", "Rank / number of ranks"),
        strict=True,
    ):
        panel.set_xlabel(words, fontsize=7)
    drawing.suptitle(
        "Synthetic data drawn from the priors. Grey: where uniform ranks are with 95 % probability "
        "(bars: each; lines: all at once)",
        fontsize=8,
        x=0.01,
        ha="left",
    )
    with mpl.rc_context({"svg.hashsalt": "precept_stats", "svg.fonttype": "path"}):
        drawing.savefig(DOCS / "bayes_calibration.svg", metadata={"Date": None})


def _histogram(panel: Any, one: Mapping[str, Any], wanted: tuple[str, ...], n_ranks: int) -> None:
    name = next(name for name in wanted if name in one["ranks"])
    ranks = np.array(one["ranks"][name])
    bins = 20 if len(ranks) >= 150 else 10
    low, middle, high = stats.binom.ppf((0.025, 0.5, 0.975), len(ranks), 1.0 / bins)
    panel.axhspan(low, high, color="0.9")
    panel.axhline(middle, color="0.7", linewidth=0.6)
    panel.hist(ranks, bins=np.linspace(-0.5, n_ranks - 0.5, bins + 1), color=COLOURS[0], rwidth=0.9)
    panel.set_xlim(-0.5, n_ranks - 0.5)


def _differences(panel: Any, one: Mapping[str, Any], of: Record) -> None:
    at = bands.points()
    for place, (name, given) in enumerate(one["ranks"].items()):
        ranks = np.array(given)
        outside = bands.p_value(ranks, of["n_ranks"]) < 1.0 - of["level"]
        difference = bands.counts(ranks, of["n_ranks"]) / len(ranks) - at
        look = {"linewidth": 1.8, "label": name} if outside else {"linewidth": 0.7}
        panel.plot(at, difference, color=COLOURS[place % len(COLOURS)], **look)
    low, high = bands.band(len(next(iter(one["ranks"].values()))), of["level"])
    count = len(next(iter(one["ranks"].values())))
    panel.fill_between(at, low / count - at, high / count - at, color="0.9", zorder=0)
    panel.axhline(0.0, color="0.7", linewidth=0.6, zorder=1)
    panel.set_xlim(0.0, 1.0)
    if panel.get_legend_handles_labels()[0]:
        panel.legend(fontsize=6, frameon=False, loc="upper right")

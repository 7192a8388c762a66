"""docs/bayes_calibration.md, its figure and the method's section from docs/bayes_calibration.json.

python -m tests.calibration.bayes_tables
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import numpy as np

from tests.calibration import bayes_bands as bands
from tests.calibration.bayes_figure import figure
from tests.calibration.tables import CLOSE, DOCS, OPEN

Record = Mapping[str, Any]
Structure = Mapping[str, Any]
Cell = Mapping[str, Any]

MARGIN = 2.0
PAGE_OF_METHOD = DOCS / "methods" / "bayesian_hierarchical.md"


OFTEN = 0.05
"""A share of data sets with a divergent step that a reader should know of."""


@cache
def _p_value(ranks: tuple[int, ...], n_ranks: int) -> float:
    return bands.p_value(np.array(ranks), n_ranks)


def p_values(record: Record) -> dict[tuple[str, str], float]:
    """Of every structure and quantity, that its ranks are uniform."""
    of = record["sbc"]
    return {
        (one["name"], name): _p_value(tuple(ranks), of["n_ranks"])
        for one in of["structures"]
        for name, ranks in one["ranks"].items()
    }


def adjusted(record: Record) -> dict[tuple[str, str], float]:
    """The same, adjusted for all that are looked at (Holm)."""
    found = p_values(record)
    return dict(zip(found, bands.holm(np.array(list(found.values()))).tolist(), strict=True))


def sbc_table(record: Record) -> str:
    """One row a structure."""
    lines = [
        "| structure | data sets | quantities | outside the band | smallest p | of | more draws needed "
        "| with a divergent step |",
        "|---|--:|--:|--:|--:|---|--:|--:|",
    ]
    found = p_values(record)
    for one in record["sbc"]["structures"]:
        mine = {name: p for (of, name), p in found.items() if of == one["name"]}
        outside = sum(p < 1.0 - record["sbc"]["level"] for p in mine.values())
        name, least = min(mine.items(), key=lambda item: item[1])
        partly = "" if one["data_sets"] >= one["wanted"] else f" (of {one['wanted']})"
        lines.append(
            f"| {one['words']} | {one['data_sets']}{partly} | {len(mine)} | {outside} | {least:.3f} "
            f"| {shown_name(name)} | {one['again_with_more_draws']} | {one['with_divergences']} |"
        )
    return "\n".join(lines)


def shown_name(name: str) -> str:
    """A parameter or measure as a reader knows it."""
    measure, _, contrast = name.replace("_", " ").partition(": ")
    return f"{measure}, {contrast}" if contrast else measure


def sbc_words(record: Record) -> Iterator[str]:
    """What was found, in sentences that the numbers write."""
    of, found = record["sbc"], p_values(record)
    outside = [key for key, p in found.items() if p < 1.0 - of["level"]]
    share = 100 * (1.0 - of["level"])
    yield (
        f"Of {len(found)} quantities {len(outside)} leave their {100 * of['level']:.0f} % band, where "
        f"{share * len(found) / 100:.1f} would by chance were all independent; the smallest p-value of all, "
        f"adjusted for being {len(found)}, is {min(adjusted(record).values()):.2f}."
    )
    if outside:
        words = {one["name"]: one["words"] for one in of["structures"]}
        named = "; ".join(f"{words[s]}: {shown_name(q)} (p {found[s, q]:.3f})" for s, q in outside)
        yield f"Outside: {named}."
    failed = sum(one["failed"] for one in of["structures"])
    divergent = sum(one["with_divergences"] for one in of["structures"])
    total = sum(one["data_sets"] for one in of["structures"])
    yield (
        f"Of {total:,} data sets {failed} had no posterior that passes the study's gate with up to "
        f"3,200 draws a chain, and {divergent} had a divergent step (at a `target_accept` of 0.8)."
    )
    often = [one["words"] for one in of["structures"] if one["with_divergences"] > OFTEN * one["data_sets"]]
    if often:
        yield (
            f"More than {100 * OFTEN:.0f} % of data sets had one in: {'; '.join(often)}. In these, effects "
            "or correlations are sampled beside standard deviations, and data may say little of either; the "
            "default gate lets no divergent step through, so that they may need a higher `target_accept`."
        )


def operating_table(record: Record) -> str:
    """One row a cell."""
    of = record["operating"]
    lines = [
        "| ICC | true difference | trials | bias | coverage, % | truth above, below | median width "
        "| P(benefit) > 0.975, % | P(benefit) < 0.025, % |",
        "|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for cell in of["cells"]:
        n = cell["estimated"]
        bias = f"{100 * cell['bias']:+.2f}"
        covered = f"{100 * cell['covered'] / n:.1f}"
        lines.append(
            f"| {cell['icc']:g} | {100 * cell['effect']:.0f} | {n} | {_bold(bias, biased(cell))} "
            f"| {_bold(covered, not_nominal(cell, of['level']))} | {cell['below']}, {cell['above']} "
            f"| {100 * cell['median_width']:.1f} | {100 * cell['declared'] / n:.1f} "
            f"| {100 * cell['declared_harm'] / n:.1f} |"
        )
    return "\n".join(lines)


def _bold(text: str, marked: bool) -> str:
    return f"**{text}**" if marked else text


def biased(cell: Cell, margin: float = MARGIN) -> bool:
    """Whether the mean error is beyond so many Monte Carlo standard errors."""
    return bool(abs(cell["bias"]) > margin * cell["bias_mcse"])


def not_nominal(cell: Cell, level: float, margin: float = MARGIN) -> bool:
    """Whether coverage is beyond so many Monte Carlo standard errors from nominal."""
    error = math.sqrt(level * (1.0 - level) / cell["estimated"])
    return bool(abs(cell["covered"] / cell["estimated"] - level) > margin * error)


def icc_words(record: Record) -> str:
    """How the correlation in the reference arm comes out."""
    parts = []
    for icc in dict.fromkeys(cell["icc"] for cell in record["operating"]["cells"]):
        mine = [cell for cell in record["operating"]["cells"] if cell["icc"] == icc]
        n, covered = (
            sum(f(c) for c in mine) for f in (lambda c: c["estimated"], lambda c: c["of_icc"]["covered"])
        )
        bias = float(np.average([c["of_icc"]["bias"] for c in mine], weights=[c["estimated"] for c in mine]))
        parts.append(
            f"of {icc:g} the median's mean error is {bias:+.4f} and the interval covers "
            f"{100 * covered / n:.1f} %"
        )
    return f"The intracluster correlation of the reference arm: {'; '.join(parts)}."


def operating_words(record: Record) -> Iterator[str]:
    """Type I error and power, pooled where they may be."""
    cells = record["operating"]["cells"]
    null = [cell for cell in cells if cell["effect"] == 0.0]
    wrong, trials = sum(c["declared"] for c in null), sum(c["estimated"] for c in null)
    error = math.sqrt(0.025 * 0.975 / trials)
    yield (
        f"Without an effect P(benefit) exceeds 0.975 in {wrong} of {trials} trials: "
        f"{100 * wrong / trials:.1f} %, beside the 2.5 % of a one-sided test (Monte Carlo standard error "
        f"{100 * error:.1f})."
    )
    for effect in (0.05, 0.10):
        powers = ", ".join(
            f"{100 * c['declared'] / c['estimated']:.0f} % at an ICC of {c['icc']:g}"
            for c in cells
            if c["effect"] == effect
        )
        yield f"With {100 * effect:.0f} points more it does in {powers}."
    covered, total = sum(c["covered"] for c in cells), sum(c["estimated"] for c in cells)
    yield (
        "Over all cells the 95 % credible interval of the risk difference covers in "
        f"{100 * covered / total:.1f} % of {total:,} trials (Monte Carlo standard error "
        f"{100 * math.sqrt(0.05 * 0.95 / total):.1f})."
    )
    yield icc_words(record)


def section(record: Record) -> str:
    """The coverage section of the method's page."""
    data_sets = sum(one["data_sets"] for one in record["sbc"]["structures"])
    lines = [
        f"Simulation-based calibration of {len(record['sbc']['structures'])} structures, {data_sets:,} data "
        "sets drawn from the priors:",
        *sbc_words(record),
    ]
    if record["operating"]["cells"]:
        lines += [
            "",
            "Over repeated trials of 13 + 27 units with fixed risks, default priors:",
            *operating_words(record),
        ]
    lines += ["", "Tables and figure: [bayes_calibration](../bayes_calibration.md)."]
    return "\n".join(lines) + "\n"


def with_section(text: str, made: str) -> str:
    """The page with what stands between the marks replaced."""
    before, rest = text.split(OPEN + "\n", 1)
    return before + OPEN + "\n" + made + CLOSE + rest.split(CLOSE, 1)[1]


def page(record: Record) -> str:
    """The whole of docs/bayes_calibration.md."""
    of, low_high = record["sbc"], record["operating"]
    low, high = low_high["sizes"]
    lines = [
        "# Calibration of Bayesian hierarchical models",
        "",
        "Made by `make sbc-study` and `make bayes-operating`, which go on where they were stopped; the "
        "record is `bayes_calibration.json`. All data are synthetic.",
        "",
        "## Over the prior",
        "",
        "Parameters are drawn from the declared priors and data from the model given them, both by code "
        "that shares nothing with the product. If likelihood, priors, sampler and everything between are "
        f"what they say, the rank of what was drawn among {of['n_ranks'] - 1} draws of its posterior is "
        "uniform over data sets (Talts et al. 2018, arXiv:1804.06788). Ranks are looked at by their "
        f"distribution function, whose band holds all of it at once with {100 * of['level']:.0f} % "
        "probability (Säilynoja, Bürkner and Vehtari 2022, Stat Comput 32:32). Trials at one time have 13 + "
        "27 units; those over periods have 12 units switching over 5 periods. Priors are the default ones "
        "for binary outcomes; for counts and continuous outcomes they have numbers of their own, as the "
        "default ones take their unit from the data.",
        "",
        sbc_table(record),
        "",
        *sbc_words(record),
        "",
        "![Rank histograms and differences of distribution functions from uniform](bayes_calibration.svg)",
        "",
        "This says that answers are right for the model and priors declared. It does not say that a model "
        "or a prior is right for a trial.",
        "",
        "## Over repeated trials",
        "",
    ]
    return "\n".join([*lines, *_operating(low_high, record, low, high)])


def _operating(of: Record, record: Record, low: int, high: int) -> list[str]:
    if not of["cells"]:
        return ["Not done yet.", ""]
    return [
        f"Trials with 13 units under the intervention and 27 not, {low} to {high} births a unit, a risk of "
        f"{100 * of['baseline']:.0f} % in the reference arm, normal log odds of units, and the stated "
        "correlation of two births of a unit of the reference arm: all assumptions, chosen to be like a "
        "maternity trial's. Risks are solved for, so that the true difference is exactly what is stated. "
        f"Each is analysed with the default priors; differences in percentage points; {of['trials']} trials "
        f"a row. Bold: beyond {MARGIN:g} Monte Carlo standard errors of 0 or 95 %.",
        "",
        operating_table(record),
        "",
        *operating_words(record),
        "",
        "The estimate is the median of the posterior. A prior that favours no side pulls estimates towards "
        "no effect, by less the more a trial says.",
        "",
    ]


def main() -> None:
    record = json.loads((DOCS / "bayes_calibration.json").read_text(encoding="utf-8"))
    (DOCS / "bayes_calibration.md").write_text(page(record), encoding="utf-8")
    text = PAGE_OF_METHOD.read_text(encoding="utf-8")
    PAGE_OF_METHOD.write_text(with_section(text, section(record)), encoding="utf-8")
    figure(record)


if __name__ == "__main__":
    main()

"""The distributions that tests compare with, as drawn and told: from rows alone."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from precept_stats.inference.quantities import linear
from precept_stats.inference.randomisation import Randomisation
from precept_stats.inference.reference_rows import reference_rows
from precept_stats.inference.rows import Header
from precept_stats.inference.uncertainty import estimate
from precept_stats.numerics.allocations import Blocks, Every
from precept_stats.numerics.shift_tests import difference_test
from precept_stats.report.blocks import Heading, Prose, Report
from precept_stats.report.figures import draw
from precept_stats.report.story import story
from precept_stats.values import Row

from .builder import plan, results

EFFECT = linear("risk_difference", "new - old", np.ones(1), unit="proportion")


def rows(analysis: str, clusters: int = 14, test: str = "randomisation test") -> tuple[Row, ...]:
    values = np.random.default_rng(clusters).uniform(0.2, 0.6, clusters)
    blocks = Blocks(np.arange(clusters) % 2, np.zeros(clusters, dtype=np.intp))
    made = difference_test(values, np.ones(clusters), blocks, Every())
    fit = Randomisation(("effect",), np.array([made.estimate]), made, name=test)
    header = Header(analysis, "difference", "primary", "well")
    facts = (
        header.row("fit", "n_allocations", {6: 20, 14: 3432}[clusters]),
        header.row("fit", "smallest_p", made.smallest_p()),
    )
    return (*reference_rows(header, fit, estimate(fit, EFFECT, 0.95)), *facts)


def report(*extra: tuple[str, tuple[Row, ...]], policy: str = "none") -> Report:
    found = results()
    for analysis, more in extra:
        entries = tuple(
            replace(each, rows=each.rows + more) if each.analysis == analysis else each for each in found
        )
        found = replace(found, analyses=entries)
    return story(plan(policy), found)


def test_without_such_rows_there_is_no_such_section() -> None:
    assert all(figure.id != "reference" for figure in report().figures)


def test_bars_are_the_rows_and_the_caption_counts_the_allocations() -> None:
    made = rows("primary")
    figure = report(("primary", made)).figure("reference")
    (panel,) = figure.data.panels
    shares = [row for row in made if row.stat_name == "share"]
    assert [bar.percent for bar in panel.bars] == pytest.approx([100 * row.stat for row in shares])
    assert [bar.extreme for bar in panel.bars] == [row.variable_level == "as_extreme" for row in shares]
    observed = next(row.stat for row in made if row.stat_name == "observed")
    assert panel.observed == pytest.approx(100 * observed)
    assert panel.axis == "Difference, percentage points"
    assert (
        "in all 3\u202f432 allocations; p = 0.032; the smallest that could have been is 0.00058."
        in figure.caption
    )
    assert len([row for row in figure.behind.rows if row.kind != "group"]) == len(panel.bars)


def test_draws_are_told_apart_from_all_allocations() -> None:
    made = (*rows("primary"), Row("primary", "fit", "n_draws", 9999))
    many = tuple(
        replace(row, stat=137846528820.0) if row.stat_name == "n_allocations" else row for row in made
    )
    caption = report(("primary", many)).figure("reference").caption
    assert "in 9\u202f999 allocations drawn at random out of 1.4 × 10¹¹ possible, and the one used" in caption


def test_a_bootstrap_is_not_called_a_randomisation() -> None:
    made = (*rows("primary", test="wild cluster bootstrap test"), Row("primary", "fit", "n_draws", 999))
    found = report(("primary", made))
    caption = found.figure("reference").caption
    assert "999 samples drawn of a wild cluster bootstrap" in caption
    assert "is no randomisation of the trial" in caption
    assert Heading(3, "The statistic over bootstrap samples") in found.blocks


def test_several_stand_side_by_side_and_few_values_stand_alone() -> None:
    figure = report(("primary", rows("primary")), ("weighted", rows("weighted", 6))).figure("reference")
    assert [panel.title for panel in figure.data.panels] == ["Main analysis", "Weighted"]
    alone = figure.data.panels[1].bars
    assert all(bar.lower == bar.upper for bar in alone)
    assert sum(bar.percent for bar in alone) == pytest.approx(100)
    sizes = [
        float(re.search(r'viewBox="0 0 [\d.]+ ([\d.]+)"', draw(figure.data, narrow=narrow))[1])
        for narrow in (False, True)
    ]
    assert sizes[1] > 1.5 * sizes[0]


def test_under_a_policy_few_values_are_told_but_not_drawn() -> None:
    found = report(("ratio", rows("ratio", 6)), policy="nhs_counts_v1")
    assert all(figure.id != "reference" for figure in found.figures)
    text = " ".join(block.text for block in found.blocks if isinstance(block, Prose))
    assert "Not drawn under the disclosure policy" in text
    assert "in all 20 allocations" in text

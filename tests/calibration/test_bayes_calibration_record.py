"""The recorded calibration of Bayesian models: the docs show it, the code gives it, posteriors are right."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from tests.calibration.bayes_operating import CELLS, one_trial
from tests.calibration.bayes_sbc import one_data_set
from tests.calibration.bayes_sbc_structures import BY_NAME
from tests.calibration.bayes_tables import OFTEN, PAGE_OF_METHOD, adjusted, page, section
from tests.calibration.tables import CLOSE, DOCS, OPEN

pytest.importorskip("arviz_stats")
pytest.importorskip("numba")
pytest.importorskip("pymc")

RECORD = json.loads((DOCS / "bayes_calibration.json").read_text(encoding="utf-8"))
DONE = [one["name"] for one in RECORD["sbc"]["structures"]]
SAMPLED = {
    "binomial_units_regions",
    "binomial_units_region_effects",
    "binomial_autoregressive_periods",
    "series_units_changes",
}
"""Structures with effects, or correlations, that are sampled beside their standard deviations."""
APART = 5.0
"""Standard errors between two samplings of one posterior that are let through: machines round differently."""


@pytest.mark.parametrize("name", DONE)
def test_the_code_still_gives_the_ranks_that_were_recorded(name: str) -> None:
    one = next(one for one in RECORD["sbc"]["structures"] if one["name"] == name)
    found = one_data_set(BY_NAME[name], 0)["ranks"]
    most = RECORD["sbc"]["n_ranks"] - 1
    for quantity, ranks in one["ranks"].items():
        share = min(max(ranks[0] / most, 1 / most), 1 - 1 / most)
        error = math.sqrt(2 * most * share * (1 - share))
        assert found[quantity] == pytest.approx(ranks[0], abs=APART * error + 1), quantity


@pytest.mark.parametrize("place", range(len(RECORD["operating"]["cells"])))
def test_the_code_still_gives_the_trials_that_were_recorded(place: int) -> None:
    estimate, low, high, benefit = RECORD["operating"]["cells"][place]["first"][0]
    found = one_trial(CELLS[place], 0)
    sd = (high - low) / 3.92
    assert found["estimate"] == pytest.approx([estimate, low, high], abs=0.5 * sd)
    assert found["benefit"] == pytest.approx(benefit, abs=0.1)


def test_the_docs_show_the_record() -> None:
    assert (DOCS / "bayes_calibration.md").read_text(encoding="utf-8") == page(RECORD)
    shown = PAGE_OF_METHOD.read_text(encoding="utf-8").split(OPEN + "\n", 1)[1].split(CLOSE, 1)[0]
    assert shown == section(RECORD)


def test_ranks_are_uniform_as_far_as_all_of_them_can_tell() -> None:
    for key, p in adjusted(RECORD).items():
        assert p > 0.01, key
    structures = RECORD["sbc"]["structures"]
    assert sum(one["failed"] for one in structures) == 0
    often = {one["name"] for one in structures if one["with_divergences"] > OFTEN * one["data_sets"]}
    assert often <= SAMPLED, "where all effects are integrated out, chains diverge rarely"


def test_benefit_is_declared_without_one_about_as_rarely_as_it_should() -> None:
    """Within four Monte Carlo standard errors of 2.5 %; more often with a larger effect."""
    cells = RECORD["operating"]["cells"]
    if not cells:
        pytest.skip("no repeated trials are recorded")
    null = [cell for cell in cells if cell["effect"] == 0.0]
    trials = sum(cell["estimated"] for cell in null)
    wrong = sum(cell["declared"] for cell in null) / trials
    assert wrong == pytest.approx(0.025, abs=4 * math.sqrt(0.025 * 0.975 / trials))
    for icc in {cell["icc"] for cell in cells}:
        shares = [cell["declared"] / cell["estimated"] for cell in cells if cell["icc"] == icc]
        assert np.all(np.diff(shares) > 0)


def test_intervals_cover_about_as_often_as_they_say() -> None:
    for cell in RECORD["operating"]["cells"]:
        error = math.sqrt(0.95 * 0.05 / cell["estimated"])
        assert cell["covered"] / cell["estimated"] == pytest.approx(0.95, abs=4 * error), cell

"""The study of calibration itself: what data are drawn from, and that it goes on where it was stopped."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from scipy import special

from tests.calibration import bayes_sbc_models as models
from tests.calibration.bayes_operating import CELLS, coefficients
from tests.calibration.bayes_sbc import path_of, rank, study
from tests.calibration.bayes_sbc_structures import BY_NAME, STRUCTURES

pytest.importorskip("arviz_stats")
pytest.importorskip("numba")
pytest.importorskip("pymc")


def test_a_study_that_was_stopped_goes_on_and_finds_the_same(tmp_path: Path) -> None:
    structure = BY_NAME["normal_units"]
    study(structure, 2, tmp_path)
    first, second = (path_of(tmp_path, structure, number) for number in (0, 1))
    before, stamp = second.read_bytes(), first.stat().st_mtime_ns
    second.rename(second.with_suffix(".part1"))
    study(structure, 2, tmp_path)
    assert json.loads(second.read_bytes()) == json.loads(before)
    assert first.stat().st_mtime_ns == stamp


def test_ranks_count_the_draws_below() -> None:
    draws = np.arange(1000.0)
    assert [rank(draws, at) for at in (-1.0, 499.7, 1000.0)] == [0, 100, 199]


@pytest.mark.parametrize("structure", STRUCTURES, ids=lambda one: one.name)
def test_what_is_drawn_has_a_truth_for_every_part(structure: models.Simulated) -> None:
    found = structure.simulate(np.random.default_rng(5))
    assert all(math.isfinite(value) for value in found.truth.values())
    assert {"mean[control]", "effect"} <= set(found.truth) or "step[start]" in found.truth
    assert found.design.y.shape == found.design.size.shape


def test_a_marginal_effect_is_that_of_many_clusters() -> None:
    rng = np.random.default_rng(6)
    cells = models.wedge(rng, (5, 40))
    one = models.drawn(rng, cells, models.DEFAULT_BINARY)
    u = 0.8 * rng.standard_normal((400_000, 1))
    gain = special.expit(one.fixed + one.effect + u) - special.expit(one.fixed + u)
    assert models.marginal(special.expit, cells, one, 0.8) == pytest.approx(
        float((gain @ cells.compared).mean()), abs=4e-4
    )


@pytest.mark.parametrize("cell", CELLS, ids=lambda one: one.name)
def test_trials_have_the_risks_and_the_correlation_that_are_stated(cell: object) -> None:
    reference, compare, sd = coefficients(cell)
    z = sd * np.random.default_rng(7).standard_normal(1_000_000)
    before, after = special.expit(reference + z), special.expit(compare + z)
    assert before.mean() == pytest.approx(0.70, abs=5e-4)
    assert (after - before).mean() == pytest.approx(cell.effect, abs=2e-4)
    assert before.var() / (0.7 * 0.3) == pytest.approx(cell.icc, rel=0.01)

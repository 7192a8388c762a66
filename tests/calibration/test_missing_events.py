"""The recorded study of missing events: its truth is the truth, the code gives it, and who should do does."""

import json

import numpy as np
import pytest

from tests.calibration.missing import FIRST
from tests.calibration.missing_events import CELLS, COLLAPSIBLE, RISKS, events, intercept, one_trial, truth
from tests.calibration.missing_tables import biased, coverage, limits, page
from tests.calibration.missing_trials import Mechanism
from tests.calibration.tables import DOCS

RECORD = json.loads((DOCS / "missing_events.json").read_text(encoding="utf-8"))


def test_the_truth_is_the_truth() -> None:
    """In a large trial, of whom answer at random given the covariate: by weights of its known chances."""
    whole = events(CELLS[0], np.random.default_rng(5), 8_000)
    design, there = whole.design, whole.answered
    x, arm = whole.auxiliary[0].values[:, 0], design.arm[design.row_cluster]
    missing = 1 / (1 + np.exp(np.where(arm == 1, 0.6 - 1.2 * x, 1.6)))
    for side, risk in enumerate(RISKS):
        used = there & (arm == side)
        found = np.average(design.y[used], weights=1 / (1 - missing[used]))
        assert found == pytest.approx(risk, abs=0.02)
    assert intercept(0.5) == pytest.approx(0.0, abs=1e-9)
    assert truth(CELLS[0]) == pytest.approx(RISKS[1] - RISKS[0], abs=1e-9)


def test_the_truth_under_a_shift_is_that_of_a_large_sample() -> None:
    """Of the compared arm: log odds of those who are missing lower by 1."""
    random, n = np.random.default_rng(6), 2_000_000
    x, level = random.standard_normal(n), 0.4 * random.standard_normal(n)
    missing = random.random(n) < CELLS[1].chance(x, 1)
    chance = 1 / (1 + np.exp(-(intercept(RISKS[1]) + x + level - missing)))
    assert truth(CELLS[1]) == pytest.approx(chance.mean() - RISKS[0], abs=6e-4)


def test_the_study_is_whole() -> None:
    found = [(c["mechanism"], c["analysis"]) for c in RECORD["cells"]]
    assert found == [(m.name, a.name) for m in CELLS for a in COLLAPSIBLE]
    assert RECORD["trials"] == 200
    assert all(c["estimated"] == 200 for c in RECORD["cells"])


@pytest.mark.parametrize("cell", range(len(CELLS)))
def test_the_code_still_gives_what_was_recorded(cell: int) -> None:
    found = np.array([one_trial(cell, replicate) for replicate in range(FIRST)])
    recorded = RECORD["cells"][cell * len(COLLAPSIBLE) : (cell + 1) * len(COLLAPSIBLE)]
    errors = np.array([c["error_of_first"] for c in recorded]).T
    np.testing.assert_allclose(found[:, :, 2], errors, atol=1e-6)
    assert found[:, :, 0].sum(axis=0).astype(int).tolist() == [c["covered_of_first"] for c in recorded]


def test_the_docs_show_the_record() -> None:
    record, one_wrong = (
        json.loads((DOCS / name).read_text(encoding="utf-8"))
        for name in ("missing.json", "missing_one_wrong.json")
    )
    assert (DOCS / "missing.md").read_text(encoding="utf-8") == page(record, RECORD, one_wrong)


@pytest.mark.parametrize("mechanism", CELLS, ids=lambda one: one.name)
def test_the_method_that_should_recovers_the_truth_and_the_others_fail(mechanism: Mechanism) -> None:
    low, high = limits(RECORD)
    for c in (c for c in RECORD["cells"] if c["mechanism"] == mechanism.name):
        if c["should"]:
            assert not biased(c, 3.0), c
            assert low - 0.01 < coverage(c) <= high + 0.01, c
        else:
            assert biased(c, 3.0), c
            assert coverage(c) < low, c

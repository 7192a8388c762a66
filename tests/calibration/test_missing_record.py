"""The recorded study of missing outcomes: the docs show it, the code gives it, and who should do does."""

import json
from itertools import product

import numpy as np
import pytest

from tests.calibration.missing import ANALYSES, FIRST, one_trial
from tests.calibration.missing_tables import biased, coverage, limits
from tests.calibration.missing_trials import MECHANISMS, Mechanism, simulate
from tests.calibration.tables import DOCS

RECORD = json.loads((DOCS / "missing.json").read_text(encoding="utf-8"))


def test_the_study_is_whole() -> None:
    found = [(c["mechanism"], c["analysis"]) for c in RECORD["cells"]]
    assert found == [(m.name, a.name) for m, a in product(MECHANISMS, ANALYSES)]
    assert RECORD["trials"] == 300
    assert all(c["estimated"] == 300 for c in RECORD["cells"])


@pytest.mark.parametrize("cell", range(len(MECHANISMS)))
def test_the_code_still_gives_what_was_recorded(cell: int) -> None:
    found = np.array([one_trial(cell, replicate) for replicate in range(FIRST)])
    recorded = RECORD["cells"][cell * len(ANALYSES) : (cell + 1) * len(ANALYSES)]
    errors = np.array([c["error_of_first"] for c in recorded]).T
    np.testing.assert_allclose(found[:, :, 2], errors, atol=1e-6)
    assert found[:, :, 0].sum(axis=0).astype(int).tolist() == [c["covered_of_first"] for c in recorded]


def test_the_method_that_should_recovers_the_truth_and_the_others_fail() -> None:
    low, high = limits(RECORD)
    for c in RECORD["cells"]:
        if c["should"]:
            assert not biased(c, 3.0), c
            assert low - 0.01 < coverage(c) <= high + 0.01, c
        else:
            assert biased(c, 3.0), c
            assert coverage(c) < low, c


@pytest.mark.parametrize("mechanism", MECHANISMS, ids=lambda one: one.name)
def test_the_truth_is_the_truth(mechanism: Mechanism) -> None:
    """By a large trial, whose missing outcomes are what they would have been."""
    whole = simulate(mechanism, np.random.default_rng(4), 20_000)
    gone, arm = ~whole.answered, whole.design.arm[whole.design.row_cluster]
    shares = [gone[arm == side].mean() for side in (0, 1)]
    assert shares == pytest.approx(mechanism.missing, abs=0.005)
    x = whole.auxiliary[0].values[:, 0]
    mean = x + arm * (0.5 + mechanism.interaction * x) + mechanism.shift * gone * arm
    found = mean[arm == 1].mean() - mean[arm == 0].mean()
    assert found == pytest.approx(mechanism.truth, abs=0.02)

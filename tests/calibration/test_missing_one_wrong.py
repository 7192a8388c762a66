"""The recorded study of doubly robust answers with a wrong model: the code gives it, who should do does."""

import json
from itertools import product

import numpy as np
import pytest

from tests.calibration.missing import FIRST
from tests.calibration.missing_one_wrong import ANALYSES, MECHANISMS, OUTCOME, one_trial
from tests.calibration.missing_tables import biased, coverage, limits
from tests.calibration.missing_trials import Mechanism, simulate
from tests.calibration.tables import DOCS

RECORD = json.loads((DOCS / "missing_one_wrong.json").read_text(encoding="utf-8"))


def test_the_study_is_whole() -> None:
    found = [(c["mechanism"], c["analysis"]) for c in RECORD["cells"]]
    assert found == [(m.name, a.name) for m, a in product(MECHANISMS, ANALYSES)]
    assert RECORD["trials"] == 300
    assert all(c["estimated"] == 300 for c in RECORD["cells"])


@pytest.mark.parametrize("cell", range(len(MECHANISMS)))
def test_the_code_still_gives_what_was_recorded(cell: int) -> None:
    found = np.array([one_trial(cell, replicate) for replicate in range(FIRST)])
    recorded = RECORD["cells"][cell * len(ANALYSES) : (cell + 1) * len(ANALYSES)]
    np.testing.assert_allclose(found[:, :, 2], np.array([c["error_of_first"] for c in recorded]).T, atol=1e-6)
    assert found[:, :, 0].sum(axis=0).astype(int).tolist() == [c["covered_of_first"] for c in recorded]


def test_one_right_model_is_enough_and_none_is_not() -> None:
    for c in RECORD["cells"]:
        assert biased(c, 3.0) != c["should"], c


def test_coverage_is_nominal_but_where_weights_alone_carry_the_answer() -> None:
    """The page says so of that mechanism; where no model holds coverage is far off."""
    low, high = limits(RECORD)
    for c in RECORD["cells"]:
        if c["should"] and c["mechanism"] != OUTCOME:
            assert low - 0.01 < coverage(c) <= high + 0.01, c
        elif not c["should"]:
            assert coverage(c) < low, c


def test_over_both_arms_errors_vary_less() -> None:
    spread = {(c["mechanism"], c["analysis"]): c["spread"] for c in RECORD["cells"]}
    for one in MECHANISMS:
        own, both = (spread[one.name, f"doubly robust, {arms}"] for arms in ("own arm", "both arms"))
        assert both < own


@pytest.mark.parametrize("mechanism", MECHANISMS, ids=lambda one: one.name)
def test_the_truth_is_the_truth(mechanism: Mechanism) -> None:
    """By a large trial: the share missing, and the mean of everyone in each arm."""
    whole = simulate(mechanism, np.random.default_rng(4), 20_000)
    gone, arm = ~whole.answered, whole.design.arm[whole.design.row_cluster]
    assert [gone[arm == side].mean() for side in (0, 1)] == pytest.approx(mechanism.missing, abs=0.005)
    x = whole.auxiliary[0].values[:, 0]
    mean = x + arm * (0.5 + mechanism.curve * (x**2 - 1.0))
    assert mean[arm == 1].mean() - mean[arm == 0].mean() == pytest.approx(mechanism.truth, abs=0.02)

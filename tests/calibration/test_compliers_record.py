"""The recorded study of complier effects: the page shows it, the code gives it, intervals do as is said."""

import json
from itertools import product

import numpy as np
import pytest

from tests.calibration.complier_tables import PAGE, coverage, limits, section
from tests.calibration.compliers import ANALYSES, EFFECT, FIRST, SCENARIOS, Scenario, one_trial, simulate
from tests.calibration.tables import DOCS, with_section

RECORD = json.loads((DOCS / "compliers.json").read_text(encoding="utf-8"))


def test_the_study_is_whole() -> None:
    found = [(c["clusters"], c["moved"], c["confounded"], c["analysis"]) for c in RECORD["cells"]]
    assert found == [(s.clusters, s.moved, s.confounded, name) for s, name in product(SCENARIOS, ANALYSES)]
    assert RECORD["trials"] == 1000


@pytest.mark.parametrize("cell", [0, 4, 6])
def test_the_code_still_gives_what_was_recorded(cell: int) -> None:
    found = np.array([one_trial(cell, replicate) for replicate in range(FIRST)])
    mine = RECORD["cells"][cell * len(ANALYSES) : (cell + 1) * len(ANALYSES)]
    assert np.nansum(found[:, :, 0], axis=0).astype(int).tolist() == [c["covered_of_first"] for c in mine]


def test_the_page_shows_the_record() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert text == with_section(text, section(RECORD)), "python -m tests.calibration.complier_tables"


def test_anderson_rubin_never_covers_too_seldom_and_wald_does_where_the_instrument_is_weak() -> None:
    low, _ = limits(RECORD)
    for c in RECORD["cells"]:
        if c["analysis"].endswith("Anderson-Rubin"):
            assert coverage(c) > low, c
            assert c["estimated"] == RECORD["trials"]
        elif c["moved"] == 0.5:
            assert coverage(c) > low, c
    worst = [
        coverage(c) for c in RECORD["cells"] if c["confounded"] == 0.95 and c["analysis"].endswith("Wald")
    ]
    assert min(worst) < low


def test_the_truth_is_the_truth() -> None:
    """Wald's ratio in a large trial, and the confounding that it removes."""
    design = simulate(Scenario(40_000, 0.5, 0.5), np.random.default_rng(8))
    arm, received = design.arm[design.row_cluster], design.received.values  # type: ignore[union-attr]
    y, taken = ((v[arm == 1].mean() - v[arm == 0].mean()) for v in (design.y, received))
    assert taken == pytest.approx(0.5, abs=0.01)
    assert y / taken == pytest.approx(EFFECT, abs=0.03)
    as_treated = design.y[received == 1].mean() - design.y[received == 0].mean()
    assert as_treated < EFFECT - 0.3

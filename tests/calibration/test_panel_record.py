"""The recorded study of panels: the docs show it, the method gives it, and it says what it is for."""

import json
from itertools import product

import numpy as np
import pytest

from precept_stats.inference.uncertainty import estimate
from tests.calibration import panels
from tests.calibration.grids import MARGIN, beyond, coverage, limits
from tests.calibration.panel_tables import NAME, among, page, section
from tests.calibration.panel_trials import ANALYSES, LEVEL, Drawn, simulate
from tests.calibration.tables import DOCS
from tests.conformance.pages import block

RECORD = json.loads((DOCS / f"{NAME}.json").read_text(encoding="utf-8"))
TWO_WAY, REDUCED, EVENTS, IMPUTED, BY_TIME = ANALYSES


def drawn(cell: int, number: int) -> Drawn:
    rng = np.random.default_rng(np.random.SeedSequence(panels.SEED, spawn_key=(cell, number)))
    return simulate(panels.SCENARIOS[cell], rng)


def test_the_study_is_whole() -> None:
    found = [(c["units"], c["phi"], c["differ"], c["analysis"]) for c in RECORD["cells"]]
    whole = product(panels.SCENARIOS, ANALYSES)
    assert found == [(s.units, s.phi, s.differ, name) for s, name in whole]
    assert RECORD["panels"] == 1000
    assert all(c["estimated"] == RECORD["panels"] for c in RECORD["cells"])


@pytest.mark.parametrize("number", range(8))
def test_the_code_still_gives_what_was_recorded(number: int) -> None:
    found = np.array([panels.one_panel(number, replicate) for replicate in range(panels.FIRST)])
    recorded = RECORD["cells"][number * len(ANALYSES) : (number + 1) * len(ANALYSES)]
    assert found[:, :, 0].sum(axis=0).tolist() == [c["covered_of_first"] for c in recorded]
    assert found[:, :, 2].sum(axis=0) == pytest.approx([c["error_of_first"] for c in recorded], abs=1e-9)


@pytest.mark.parametrize(("name", "number"), list(product(ANALYSES, (0, 7))))
def test_plain_formulas_of_the_study_are_what_the_method_gives(name: str, number: int) -> None:
    one, method = drawn(number, 0), ANALYSES[name]
    answer = estimate(method.fit(one.design).uncertainty, method.targets(one.design)[0], LEVEL)
    low, high = answer.interval.lower, answer.interval.upper
    plain = panels.one_panel(number, 0)[list(ANALYSES).index(name)]
    found = [low <= one.truth <= high, high - low, answer.value - one.truth]
    assert found == pytest.approx(plain[:3], abs=1e-9)


def test_the_pages_show_the_record() -> None:
    assert (DOCS / f"{NAME}.md").read_text(encoding="utf-8") == page(RECORD)
    shown = (DOCS / "methods" / "panel_regression.md").read_text(encoding="utf-8")
    assert block(shown, "coverage") == section(RECORD)


def test_effects_that_differ_bias_regressions_and_not_imputation() -> None:
    for name in (TWO_WAY, EVENTS):
        assert all(beyond(c) < -10 for c in among(RECORD, name, differ=True))
        assert all(abs(beyond(c)) <= MARGIN for c in among(RECORD, name, differ=False))
    for name in (IMPUTED, BY_TIME):
        assert all(abs(beyond(c)) <= MARGIN for c in RECORD["cells"] if c["analysis"] == name)


def test_few_clusters_a_start_are_too_few_for_imputations_variance() -> None:
    """With 15 units three or four start together; averages by time mend it."""
    low, _ = limits(RECORD["panels"])
    few = [(c["units"], c["differ"], c["phi"]) for c in RECORD["cells"] if c["units"] == 15]
    for units, differ, phi in set(few):
        at = [c for c in RECORD["cells"] if (c["units"], c["differ"], c["phi"]) == (units, differ, phi)]
        shares = {c["analysis"]: coverage(c) for c in at}
        assert shares[IMPUTED] < low <= shares[BY_TIME]

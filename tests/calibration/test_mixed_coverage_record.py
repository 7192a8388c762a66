"""The recorded study of mixed models: the docs show the record, and the code still gives it."""

import json

import numpy as np
import pytest

from tests.calibration.mixed_coverage import FIRST, SCENARIOS, VARIANTS, one_trial
from tests.calibration.mixed_tables import METHODS, coverage, page, section
from tests.calibration.mixed_trials import Scenario, averaged, coefficients, simulate
from tests.calibration.tables import DOCS, with_section

RECORD = json.loads((DOCS / "coverage_mixed.json").read_text(encoding="utf-8"))


def test_the_study_is_whole() -> None:
    assert RECORD["trials"] == 1000
    assert [c["variant"] for c in RECORD["cells"]] == list(VARIANTS) * len(SCENARIOS)
    found = [(c["clusters"], c["sizes"], c["icc"], c["effect"]) for c in RECORD["cells"][:: len(VARIANTS)]]
    assert found == [(s.clusters, s.sizes, s.icc, s.effect) for s in SCENARIOS]


@pytest.mark.parametrize("cell", [0, 6, 11, 13])
def test_the_code_still_gives_what_was_recorded(cell: int) -> None:
    found = np.array([one_trial(cell, replicate) for replicate in range(FIRST)])
    covered = np.nansum(found[:, :, 0], axis=0).astype(int).tolist()
    recorded = RECORD["cells"][cell * len(VARIANTS) : (cell + 1) * len(VARIANTS)]
    assert covered == [c["covered_of_first"] for c in recorded]


def test_the_docs_show_the_record() -> None:
    assert (DOCS / "coverage_mixed.md").read_text(encoding="utf-8") == page(RECORD)


@pytest.mark.parametrize(("name", "method"), METHODS.items())
def test_each_page_shows_its_part(name: str, method: str) -> None:
    text = (DOCS / "methods" / f"{method}.md").read_text(encoding="utf-8")
    assert text == with_section(text, section(RECORD, name))


@pytest.mark.parametrize("measure", ["mean difference", "risk difference"])
def test_between_within_is_clusters_minus_parameters_for_the_arm(measure: str) -> None:
    """The arm is constant within clusters, so the two rules are one; and normal intervals are narrower."""
    cells = RECORD["cells"]
    by = {(c["clusters"], c["sizes"], c["icc"], c["effect"], c["variant"]): c for c in cells}
    for c in cells:
        if c["variant"] == f"linear, {measure}, between-within":
            place = (c["clusters"], c["sizes"], c["icc"], c["effect"])
            other = by[(*place, f"linear, {measure}, clusters minus parameters")]
            assert (other["covered"], other["median_width"]) == (c["covered"], c["median_width"])
            assert coverage(by[(*place, f"linear, {measure}, normal")]) <= coverage(c)


def test_the_truth_is_the_truth() -> None:
    """Risks and correlation by a fine sum over the normal distribution, and by a large trial."""
    reference, compare, sigma = coefficients(0.05)
    z = np.linspace(-9, 9, 20001)
    weights = np.exp(-(z**2) / 2)
    risk = [
        np.average(1 / (1 + np.exp(-(level + sigma * z))), weights=weights) for level in (reference, compare)
    ]
    assert risk == pytest.approx([0.70, 0.80], abs=1e-10)
    spread = np.average((1 / (1 + np.exp(-(reference + sigma * z)))) ** 2, weights=weights) - 0.49
    assert spread / 0.21 == pytest.approx(0.05, abs=1e-10)
    assert averaged(reference, sigma) == pytest.approx(0.70, abs=1e-12)
    drawn = simulate(Scenario(4000, True, 0.05, True), np.random.default_rng(1))
    binary, continuous = drawn["binary"], drawn["continuous"]
    arm = binary.arm[binary.row_cluster]
    assert binary.y[arm == 1].mean() - binary.y[arm == 0].mean() == pytest.approx(0.10, abs=0.015)
    assert continuous.y[arm == 1].mean() - continuous.y[arm == 0].mean() == pytest.approx(0.5, abs=0.05)
    sizes = binary.cluster_size
    assert sizes.std() / sizes.mean() == pytest.approx(0.7, abs=0.06)

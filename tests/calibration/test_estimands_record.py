"""The recorded study of estimands: the docs show it, the code gives it, estimators hit their targets."""

import json
from itertools import product

import numpy as np
import pytest

from tests.calibration.estimand_tables import PAGE, coverage, page, section
from tests.calibration.estimand_trials import RISKS, Scenario, simulate
from tests.calibration.estimands import ANALYSES, FIRST, SCENARIOS, TARGETS, one_trial
from tests.calibration.tables import DOCS, with_section

RECORD = json.loads((DOCS / "estimands.json").read_text(encoding="utf-8"))
EACH = len(ANALYSES) * len(TARGETS)


def test_the_study_is_whole() -> None:
    found = [(c["clusters"], c["informative"], c["analysis"], c["target"]) for c in RECORD["cells"]]
    assert found == [
        (s.clusters, s.informative, a.name, target) for s, a, target in product(SCENARIOS, ANALYSES, TARGETS)
    ]
    assert RECORD["trials"] == 500


@pytest.mark.parametrize("cell", [0, 4, 5])
def test_the_code_still_gives_what_was_recorded(cell: int) -> None:
    found = np.array([one_trial(cell, replicate) for replicate in range(FIRST)])
    covered = np.nansum(found[:, :, 0], axis=0).astype(int).tolist()
    assert covered == [c["covered_of_first"] for c in RECORD["cells"][cell * EACH : (cell + 1) * EACH]]


def test_the_docs_show_the_record() -> None:
    assert (DOCS / "estimands.md").read_text(encoding="utf-8") == page(RECORD)
    text = PAGE.read_text(encoding="utf-8")
    assert text == with_section(text, section(RECORD))


def test_an_estimator_has_no_bias_for_what_it_targets_and_others_do() -> None:
    """With 60 clusters and informative size, beyond three Monte Carlo standard errors."""
    for c in RECORD["cells"]:
        if c["informative"] and c["clusters"] == 60:
            biased = abs(c["bias"]) > 3 * c["bias_mcse"]
            assert biased != c["meant"], c
            assert not c["meant"] or coverage(c) > 0.92


def test_nobody_is_biased_where_size_says_nothing() -> None:
    cells = [c for c in RECORD["cells"] if not c["informative"]]
    assert max(abs(c["bias"]) / c["bias_mcse"] for c in cells) < 3.5


@pytest.mark.parametrize("informative", [False, True])
def test_the_truth_is_the_truth(informative: bool) -> None:
    """Both averages by a large trial; sizes are as often small as large."""
    scenario = Scenario(40_000, informative)
    design = simulate(scenario, np.random.default_rng(3))
    means, sizes, arm = design.cluster_mean, design.cluster_size, design.arm
    over_clusters = means[arm == 1].mean() - means[arm == 0].mean()
    weighted = [np.average(means[arm == a], weights=sizes[arm == a]) for a in (0, 1)]
    assert over_clusters == pytest.approx(scenario.truth["cluster_average"], abs=0.006)
    assert weighted[1] - weighted[0] == pytest.approx(scenario.truth["participant_average"], abs=0.006)
    assert np.mean(sizes > 50) == pytest.approx(0.5, abs=0.01)
    assert means[(arm == 0) & (sizes < 50)].mean() == pytest.approx(RISKS[informative][0][0], abs=0.005)

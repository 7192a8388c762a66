"""The recorded table of what two-stage adjustment for cluster-level covariates costs."""

import re

import numpy as np
import pytest

from precept_stats.methods import ClusterSummaries
from tests.calibration.attenuation import CELLS, TRIALS, one_trial
from tests.calibration.tables import DOCS

PAGE = (DOCS / "methods" / "cluster_summaries.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("cell", [0, 2])
def test_the_code_still_gives_what_was_recorded(cell: int) -> None:
    clusters, covariates = CELLS[cell]
    recorded = re.search(rf"^\| {clusters} \| {covariates} \| [\d.]+ \| ([\d.]+) \|", PAGE, re.MULTILINE)
    assert recorded is not None
    found = [one_trial(cell, trial, ClusterSummaries())[0] for trial in range(60)]
    error = np.std(found, ddof=1) * np.sqrt(1 / 60 + 1 / TRIALS)
    assert abs(np.mean(found) - float(recorded.group(1))) < 4 * error
    assert f"{TRIALS} synthetic trials" in PAGE

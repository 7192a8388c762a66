"""Every shipped plan runs, no analysis fails, and the real trials give the numbers found with R 4.2.

The constants are those of `t.test` and `lm` on cluster means, and for the stepped wedge of lme4 and
pbkrtest, printed by R to the digits given.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import pytest

from precept_stats.data.shipped import shipped
from precept_stats.plan.reader import read_plan
from precept_stats.runner import run
from precept_stats.values import Result, Results

SHIPPED = sorted(shipped("analysis_plans").glob("*.yaml"))

# plan, analysis -> estimate, degrees of freedom, p
FOUND_WITH_R = {
    ("mkvtrial", "crude"): (0.206093851418048, 18.0, 8.06792842337811e-05),
    ("mkvtrial", "welch"): (0.206093851418048, 17.9997994474571, 8.06819514827059e-05),
    ("mkvtrial", "primary"): (0.206093851418048, 16.0, 0.000197479229974571),
    ("mkvtrial", "size_weighted"): (0.204562589960931, 18.0, 9.79242346599028e-05),
    ("achievement_awards", "unpaired"): (0.06836, 32.0, 0.32325),
    ("achievement_awards", "size_weighted"): (0.10851397, 32.0, 0.0782),
    ("cict_stepped_wedge", "primary"): (-0.0281676436878432, 200.3981045013534, 0.0189558044285557),
    ("cict_stepped_wedge", "exposure_time"): (-0.0319691441560485, 167.936660198127, 0.0235939061023701),
}
SYNTHETIC = {
    "ahsn_disparity",
    "devolved_nations",
    "esp_vs_ssp",
    "npp_before_after",
    "npp_its",
    "npp_panel",
    "periprem_bundle",
}
TOLERANCE = {"mkvtrial": 1e-9, "achievement_awards": 1e-3, "cict_stepped_wedge": 1e-6}


@cache
def results(name: str) -> Results:
    path = shipped("analysis_plans") / f"{name}.yaml"
    needs_folder = any(source.folder == "PRECEPT_DATA" for source in read_plan(path).plan.data.values())
    if needs_folder and not os.environ.get("PRECEPT_DATA"):
        pytest.skip("the data of this plan do not ship: PRECEPT_DATA, the folder that holds them, is not set")
    return run(path)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_plan_runs_and_every_analysis_has_an_answer(path: Path) -> None:
    found = results(path.stem)
    assert found.failed == ()
    assert [entry.analysis for entry in found] == list(read_plan(path).plan.analyses)
    assert found.provenance.synthetic == (path.stem in SYNTHETIC)


@pytest.mark.parametrize(("plan", "analysis"), FOUND_WITH_R)
def test_real_trials_give_the_published_tools_numbers(plan: str, analysis: str) -> None:
    estimate, df, p_value = FOUND_WITH_R[plan, analysis]
    entry = results(plan)[analysis]
    assert isinstance(entry, Result)
    tolerance = TOLERANCE[plan]
    assert entry.estimate.value == pytest.approx(estimate, rel=tolerance)
    assert entry.estimate.df == pytest.approx(df, rel=tolerance)
    assert entry.estimate.p_value == pytest.approx(p_value, rel=tolerance)

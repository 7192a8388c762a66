"""A small synthetic trial that R answered once, so that tests need no R.

    python -m tests.evidence.twin_recorded

writes tests/reference/twin/synthetic_trial/output.csv anew, by R: when the functions of R that ship change.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import precept_stats as ps
from precept_stats.evidence.publish import run_bundle
from precept_stats.plan.reader import read_plan
from tests.evidence.trial import edited, write_trial

RECORDED = Path(__file__).resolve().parents[1] / "reference" / "twin" / "synthetic_trial" / "output.csv"
MORE = """\
  cr2:
    based_on: primary
    purpose: sensitivity
    method: {kind: cluster_regression, variance: {kind: cr2}, df: {kind: satterthwaite}}
  mixed: {based_on: primary, purpose: sensitivity, method: {kind: linear_mixed}}
  logistic: {based_on: primary, purpose: sensitivity, method: {kind: generalised_linear_mixed}}
  marginal: {based_on: primary, purpose: sensitivity, method: {kind: gee, weights: {kind: clusters}}}
  robust: {based_on: primary, purpose: sensitivity, method: {kind: model_robust}}
multiplicity:"""


def write_bundle_of(folder: Path) -> tuple[Path, Path]:
    """A bundle of the trial with more methods, and its data."""
    plan = write_trial(folder)
    edited(plan, "multiplicity:", MORE)
    run_bundle(read_plan(plan), None, folder / "bundle")
    return folder / "bundle", folder / "people.csv"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        bundle, data = write_bundle_of(Path(scratch) / "trial")
        twin = Path(scratch) / "twin"
        found = ps.verify(bundle, ps.Against({"people": data}, level="L4", twin=twin, run_r=True))
        for check in found.at("L4"):
            print(check.outcome, check.name, *check.found)  # noqa: T201
        RECORDED.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(twin / "output.csv", RECORDED)

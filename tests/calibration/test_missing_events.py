"""The study of missing events: its truth is the truth, and every analysis answers."""

import numpy as np
import pytest

from tests.calibration.missing_events import RISKS, events, intercept, one_trial


def test_the_truth_is_the_truth() -> None:
    """In a large trial, of whom answer at random given the covariate: by weights of its known chances."""
    whole = events(np.random.default_rng(5), 8_000)
    design, there = whole.design, whole.answered
    x, arm = whole.auxiliary[0].values[:, 0], design.arm[design.row_cluster]
    missing = 1 / (1 + np.exp(np.where(arm == 1, 0.6 - 1.2 * x, 1.6)))
    for side, risk in enumerate(RISKS):
        used = there & (arm == side)
        found = np.average(design.y[used], weights=1 / (1 - missing[used]))
        assert found == pytest.approx(risk, abs=0.02)
    assert intercept(0.5) == pytest.approx(0.0, abs=1e-9)


def test_every_analysis_answers() -> None:
    found = one_trial(0)
    assert np.isfinite(found).all()
    assert (np.abs(found[:, 2]) < 0.3).all()

"""The two ways to solve for CR2's corrections: by steps, and with the matrices where steps take long."""

from __future__ import annotations

import pytest

from precept_stats.numerics.gee import shifts, square_root, variance
from precept_stats.numerics.gee.fit import fit_gee

from .generated import CORRELATIONS, model, rows


@pytest.mark.parametrize("working", CORRELATIONS)
@pytest.mark.parametrize("family", ["logit", "gaussian", "poisson"])
def test_matrices_give_what_steps_give(family: str, working: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fit = fit_gee(rows(13, family, weighted=True), model(family, working))
    exact = variance.cr2(fit).covariance
    monkeypatch.setattr(square_root, "FEW", 0)
    by_steps = variance.cr2(fit).covariance
    monkeypatch.setattr(shifts, "STEPS", 0)
    made = []
    systems = shifts._systems
    monkeypatch.setattr(shifts, "_systems", lambda *args: made.append(1) or systems(*args))
    by_matrices = variance.cr2(fit).covariance
    assert made
    assert by_steps == pytest.approx(exact, rel=1e-9, abs=1e-13)
    assert by_matrices == pytest.approx(exact, rel=1e-9, abs=1e-13)

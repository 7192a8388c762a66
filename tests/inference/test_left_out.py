"""Left-out clusters beside the R package loo, on draws that both are given (reference/left_out.R)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from precept_stats.errors import FitError
from precept_stats.inference.left_out import compared, left_out

pytest.importorskip("arviz_stats")

NAMES = ("a", "b", "c", "d", "e", "f")
THEIRS = json.loads((Path(__file__).parent / "reference" / "left_out.json").read_text(encoding="utf-8"))


def test_densities_and_pareto_k_are_those_of_loo() -> None:
    """Effective sample sizes are found a little differently, and with them where tails begin."""
    found = left_out(NAMES, np.array(THEIRS["log_likelihood"]), lambda _: None, 0.7)
    trusted = np.array(THEIRS["khat"]) < 0.7
    assert trusted.tolist() == [True, True, True, True, True, False]
    assert found.elpd[trusted] == pytest.approx(np.array(THEIRS["elpd"])[trusted], abs=1e-3)
    assert found.elpd == pytest.approx(THEIRS["elpd"], abs=5e-3)
    assert found.khat == pytest.approx(THEIRS["khat"], abs=0.02)
    assert found.own - found.elpd == pytest.approx(THEIRS["p_loo"], abs=5e-3)
    assert (found.total, found.std_error) == pytest.approx(THEIRS["total"], abs=5e-3)


def test_a_difference_and_its_error_are_those_of_loo_compare() -> None:
    one, other = (dict(zip(NAMES, THEIRS[name], strict=True)) for name in ("elpd", "other"))
    found = compared(one, other)
    assert (-found.difference, found.std_error) == pytest.approx(THEIRS["difference"], rel=1e-9)


def test_other_clusters_cannot_be_compared() -> None:
    with pytest.raises(FitError, match="the same clusters"):
        compared({"a": 1.0, "b": 2.0}, {"a": 1.0, "c": 2.0})

"""Means and SDs of parameters against JAGS, which samples every random effect (rows show medians)."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from precept_stats.inference.seeds import Seed
from precept_stats.studies.prepare import prepare
from tests.conformance.cases import WITHIN, Case, all_cases, asked

array_stats = pytest.importorskip("arviz_stats.base").array_stats
pytest.importorskip("numba")
pytest.importorskip("pymc")

CASES = [case for case in all_cases() if any(number.errors for number in case.numbers)]
DRAWS = 1000


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_parameters_have_the_means_and_sds_that_jags_finds(case: Case) -> None:
    one = asked(case)
    sampler = one.method.sampler.model_copy(update={"draws": DRAWS})
    method = one.method.model_copy(update={"sampler": sampler})
    fit = method.fit(prepare(one.study, one.tables, one.question).design, Seed(one.seed))
    draws = dict(zip(fit.uncertainty.names, fit.uncertainty.draws.T, strict=True))
    theirs = json.loads((case.folder / "expected.json").read_text(encoding="utf-8"))["parameters"]
    for number in theirs:
        name, statistic = number["name"].rsplit(": ", 1)
        values = draws[name].reshape(-1, DRAWS)
        size = float(array_stats.ess(values, chain_axis=0, draw_axis=1, method=statistic))
        ours = np.mean(values) if statistic == "mean" else np.std(values, ddof=1)
        error = math.hypot(number["mcse"], number["per_draw"] / math.sqrt(size))
        assert ours == pytest.approx(number["value"], abs=WITHIN * error), number["name"]

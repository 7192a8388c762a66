"""Units and origins that computers find hard: rounding is not taken for information, nor the reverse."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from precept_stats.errors import FitError
from precept_stats.methods import ClusterRegression, ClusterSummaries
from precept_stats.studies.cluster_trial_design import ClusterTrialDesign, Covariate

from .generated import ask, effect, trial

METHODS = [ClusterSummaries(), ClusterSummaries(variance={"kind": "welch"}), ClusterRegression()]


def in_units(design: ClusterTrialDesign, origin: float, unit: float) -> ClusterTrialDesign:
    changed = (replace(c, values=origin + unit * c.values) for c in design.covariates)
    return replace(design, covariates=tuple(changed))


@pytest.mark.parametrize("outcome", ["binary", "count", "continuous"])
@pytest.mark.parametrize("method", [ClusterSummaries(), ClusterRegression()], ids=lambda method: method.kind)
@pytest.mark.parametrize(
    ("origin", "unit"),
    [(0.0, 1e-10), (0.0, 1e-14), (0.0, 1e-200), (0.0, 1e-310), (1.6e12, 3e10), (1.6e18, 3e16), (0.0, 1e200)],
)
def test_the_unit_of_a_covariate_does_not_matter(outcome, method, origin, unit) -> None:
    design = trial(40, outcome=outcome, covariates=True)
    moved, found = in_units(design, origin, unit), effect(method, design)
    again = effect(method, moved)
    assert [again.value, again.std_error, again.df] == pytest.approx(
        [found.value, found.std_error, found.df], rel=1e-9
    )
    assert method.fit(moved).warnings == method.fit(design).warnings


@pytest.mark.parametrize("outcome", ["binary", "count"])
def test_one_covariate_in_a_tiny_unit_beside_one_in_a_large_unit(outcome: str) -> None:
    design = trial(41, outcome=outcome, covariates=True)
    x, z = design.covariates
    mixed = replace(
        design, covariates=(replace(x, values=1e-15 * x.values), replace(z, values=1e15 * z.values))
    )
    assert effect(ClusterSummaries(), mixed).value == pytest.approx(
        effect(ClusterSummaries(), design).value, rel=1e-9
    )


@pytest.mark.parametrize("value", [0.7, 0.1, 1e-200, 1e12 + 0.3])
@pytest.mark.parametrize("weights", ["equal", "size"])
def test_a_constant_covariate_is_aliased_and_not_rounding_noise(value: float, weights: str) -> None:
    design = trial(42)
    same = Covariate("k", "cluster", ("k",), np.full((len(design.y), 1), value))
    with pytest.raises(FitError) as problem:
        ClusterRegression(weights={"kind": weights}).fit(replace(design, covariates=(same,)))
    assert problem.value.found.startswith("k")


@pytest.mark.parametrize("seed", range(5))
def test_a_perfect_prediction_has_no_p_value(seed: int) -> None:
    design = trial(seed, covariates=True)
    x = design.covariates[0].values[:, 0]
    with pytest.raises(FitError, match="do not differ"):
        ClusterSummaries().fit(replace(design, y=3.0 + 2.0 * x, covariates=design.covariates[:1]))


@pytest.mark.parametrize("value", [0.1, 0.7, 3.3e9])
@pytest.mark.parametrize("covariates", [False, True])
@pytest.mark.parametrize("method", METHODS[::2], ids=lambda method: method.kind)
def test_a_constant_outcome_is_refused_for_what_it_is(method, covariates: bool, value: float) -> None:
    design = trial(43, covariates=covariates)
    with pytest.raises(FitError, match="does not vary"):
        method.fit(replace(design, y=np.full_like(design.y, value)))


@pytest.mark.parametrize("method", METHODS, ids=["pooled", "welch", "regression"])
@pytest.mark.parametrize("origin", [2.0**40, 2.0**43])
def test_an_outcome_far_from_its_origin_keeps_its_digits(method, origin: float) -> None:
    design = trial(44)
    design = replace(design, y=np.round(design.y * 256) / 256)
    for near, far in zip(ask(method, design), ask(method, replace(design, y=design.y + origin)), strict=True):
        assert [far.std_error, far.df] == pytest.approx([near.std_error, near.df], rel=1e-9)
        moved = near.value if "difference" in near.measure else near.value + origin
        assert far.value == pytest.approx(moved, rel=1e-9 if moved == near.value else 1e-15)


def test_stage_one_keeps_the_digits_of_an_outcome_far_from_its_origin() -> None:
    design = trial(45, covariates=True)
    design = replace(design, y=np.round(design.y * 256) / 256)
    near, far = (effect(ClusterSummaries(), replace(design, y=design.y + o)) for o in (0.0, 2.0**43))
    assert [far.value, far.std_error] == pytest.approx([near.value, near.std_error], rel=1e-9)


@pytest.mark.parametrize("unit", [1e300, 1e160, 1e-200])
@pytest.mark.parametrize("covariates", [False, True])
@pytest.mark.parametrize("method", METHODS[::2], ids=lambda method: method.kind)
def test_an_outcome_that_cannot_be_squared_is_refused(method, covariates: bool, unit: float) -> None:
    design = trial(46, covariates=covariates)
    with pytest.raises(FitError, match="too large or too small"):
        method.fit(replace(design, y=design.y * unit))

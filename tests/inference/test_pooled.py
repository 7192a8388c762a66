"""Rubin's rules: held to mice and mitml, and to what must be so."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from precept_stats.errors import FitError
from precept_stats.inference.degrees_of_freedom import FixedDf
from precept_stats.inference.pooled import OfEach, Pooled, combine, combined, over_fits
from precept_stats.inference.quantities import exponentiated, linear
from precept_stats.inference.uncertainty import Asymptotic, estimate, point_value

ORACLE = json.loads((Path(__file__).parent / "pooled" / "rubin.json").read_text(encoding="utf-8"))
VALUES, VARIANCES = np.array(ORACLE["qhat"]), np.array(ORACLE["uhat"])


def fits(df: float) -> tuple[Asymptotic, ...]:
    return tuple(
        Asymptotic(("a", "b", "c"), value, np.diag(variance), FixedDf(df, "given"))
        for value, variance in zip(VALUES, VARIANCES, strict=True)
    )


@pytest.mark.parametrize("place", range(3))
def test_pooling_is_that_of_mice(place: int) -> None:
    found = combine(VALUES[:, place], VARIANCES[:, place], ORACLE["dfcom"])
    theirs = {name: numbers[place] for name, numbers in ORACLE["mice_pool"].items()}
    assert found.value == pytest.approx(theirs["estimate"], rel=1e-10)
    assert found.variance == pytest.approx(theirs["t"], rel=1e-10)
    assert found.df == pytest.approx(theirs["df"], rel=1e-10)
    assert found.riv == pytest.approx(theirs["riv"], rel=1e-10)
    assert found.share == pytest.approx(theirs["lambda"], rel=1e-10)
    assert found.fmi == pytest.approx(theirs["fmi"], rel=1e-10)
    assert found.mc_error == pytest.approx(math.sqrt(theirs["b"] / ORACLE["m"]), rel=1e-10)


@pytest.mark.parametrize("place", range(3))
def test_pooling_is_that_of_mitml_with_the_df_of_large_samples(place: int) -> None:
    _, std_error, statistic, df, _, riv, fmi = ORACLE["mitml_rubin1987"]["m"][place]
    found = combine(VALUES[:, place], VARIANCES[:, place], math.inf)
    assert math.sqrt(found.variance) == pytest.approx(std_error, rel=1e-10)
    assert found.value / std_error == pytest.approx(statistic, rel=1e-10)
    assert (found.df, found.riv, found.fmi) == pytest.approx((df, riv, fmi), rel=1e-10)


@pytest.mark.parametrize("place", range(3))
def test_an_estimate_is_that_of_mice(place: int) -> None:
    quantity = linear("mean_difference", "b - a", np.eye(3)[place], unit="")
    found = estimate(Pooled(fits(ORACLE["dfcom"])), quantity, 0.95)
    theirs = {name: numbers[place] for name, numbers in ORACLE["mice_summary"].items()}
    assert found.value == pytest.approx(theirs["estimate"], rel=1e-10)
    assert found.std_error == pytest.approx(theirs["std.error"], rel=1e-10)
    assert found.df == pytest.approx(theirs["df"], rel=1e-10)
    assert found.p_value == pytest.approx(theirs["p.value"], rel=1e-6)


@pytest.mark.parametrize("clusters", [3.0, 18.0, 400.0])
def test_the_df_are_never_more_than_those_of_clusters(clusters: float) -> None:
    found = combine(VALUES[:, 0], VARIANCES[:, 0], clusters)
    assert 0 < found.df < clusters


def test_fits_that_agree_add_no_variance() -> None:
    same = combine([0.4] * 5, [0.09] * 5, math.inf)
    assert (same.value, same.variance) == (pytest.approx(0.4), pytest.approx(0.09))
    assert (same.riv, same.share, same.mc_error) == (0.0, 0.0, 0.0)
    assert math.isinf(same.df)


def test_a_ratio_is_pooled_on_its_log_scale() -> None:
    found = estimate(Pooled(fits(math.inf)), exponentiated("odds_ratio", "b / a", np.eye(3)[1]), 0.9)
    assert found.value == pytest.approx(math.exp(VALUES[:, 1].mean()))
    assert found.df is not None
    assert found.interval.method == "multiple imputation (Rubin's rules)"


def test_a_quantity_may_take_another_form_in_each_fit() -> None:
    each = [linear("mean", "a", np.array([1.0, shift, 0.0]), unit="") for shift in np.linspace(0, 1, 20)]
    pooled = Pooled(fits(30.0))
    quantity = over_fits(each, pooled.fits)
    values = [one.value(fit.params) for one, fit in zip(each, pooled.fits, strict=True)]
    assert isinstance(quantity, OfEach)
    assert point_value(pooled, quantity) == pytest.approx(np.mean(values))
    assert combined(pooled, quantity).value == pytest.approx(np.mean(values))
    step, params = 1e-6, pooled.params
    for place in (0, 4, 59):
        ahead = params.copy()
        ahead[place] += step
        slope = (quantity.value(ahead) - quantity.value(params)) / step
        assert quantity.gradient(params)[place] == pytest.approx(slope, abs=1e-7)


def test_a_fit_without_a_standard_error_cannot_be_pooled() -> None:
    broken = (*fits(10.0)[:-1], Asymptotic(("a", "b", "c"), VALUES[0], np.zeros((3, 3)), FixedDf(9.0, "")))
    with pytest.raises(FitError, match="no usable standard error"):
        estimate(Pooled(broken), linear("mean", "a", np.eye(3)[0], unit=""), 0.95)
    with pytest.raises(FitError, match="no degrees of freedom"):
        estimate(Pooled(fits(0.0)), linear("mean", "a", np.eye(3)[0], unit=""), 0.95)

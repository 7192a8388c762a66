"""What a fitted linear mixed model reports beside its estimates: variances, boundary, tests, predictions."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from precept_stats.inference.fit import Fact
from precept_stats.inference.joint import JointTest
from precept_stats.inference.quantities import Quantity
from precept_stats.methods.linear_mixed_fit import Predicted, RandomFit, VarianceParameter
from precept_stats.methods.linear_mixed_variances import decaying_shares, shares
from precept_stats.methods.mixed_terms import FixedPart

Floats = NDArray[np.float64]

NAMED: dict[tuple[str, str], str] = {
    ("variance", "cluster"): "variance_between",
    ("variance", "residual"): "variance_within",
}
"""Variances with a statistic of their own; the others are told apart by the term."""


def random_facts(found: RandomFit, on_boundary: str, clusters: tuple[str, ...]) -> tuple[Fact, ...]:
    """Variances, model-based correlations, what is on a boundary, and the clusters' predicted effects."""
    values = zip(found.parameters, found.variances.values, strict=True)
    return (
        *(_variance_fact(one, float(value)) for one, value in values),
        *_icc_facts(found),
        *_boundary_facts(found, on_boundary),
        *(fact for one in found.predictions for fact in _prediction_facts(one, clusters)),
    )


def _variance_fact(one: VarianceParameter, value: float) -> Fact:
    named = NAMED.get((one.what, one.name))
    if named:
        return Fact(named, one.label, value)
    return Fact(one.what, one.label, value, groups=(("term", one.name),))


def _icc_facts(found: RandomFit) -> Iterator[Fact]:
    """The correlation of two people of a cluster (and period), by arm where the arms differ."""
    values = found.variances.values
    for one in found.parts:
        groups = (("arm", one.condition),) if one.condition else ()
        icc = float(one.within_period @ values / (one.total @ values))
        yield Fact("icc_model", "Intracluster correlation (mixed model)", icc, groups=groups, context="icc")


def _boundary_facts(found: RandomFit, on_boundary: str) -> Iterator[Fact]:
    """Each variance at its boundary, and what the rule for degrees of freedom makes of it."""
    for one in found.parameters:
        if one.boundary:
            label = f"At its boundary: {one.label}"
            yield Fact("boundary", label, on_boundary, groups=(("term", f"{one.what} of {one.name}"),))


def _prediction_facts(found: Predicted, clusters: tuple[str, ...]) -> Iterator[Fact]:
    what = f"random effect of {found.name}" if found.name else "random effect"
    term = (("term", found.name),) if found.name else ()
    numbers = {
        "prediction": (f"Predicted {what}", found.values),
        "std_error": (f"Standard error of the predicted {what}", found.std_errors),
    }
    for place, cluster in enumerate(clusters):
        groups = (("cluster", cluster), *term)
        for stat, (label, values) in numbers.items():
            yield Fact(stat, label, float(values[place]), groups=groups, context="prediction")


def variance_shares(found: RandomFit) -> tuple[Quantity, ...]:
    """Intracluster correlations, cluster autocorrelation and shares of the variance, with intervals."""
    if found.decay is None:
        return tuple(share for one in found.parts for share in shares(one))
    place = found.decay - len(found.parameters)
    return tuple(share for one in found.parts for share in decaying_shares(one, place))


def joint_facts(fixed: FixedPart, test: Callable[[Floats], JointTest | None]) -> tuple[Fact, ...]:
    """Tests of exposure times (all equal, all zero) and of strata and covariates of several columns."""
    rows = np.eye(len(fixed.names))
    asked: list[tuple[str, Floats]] = []
    if len(fixed.effects) > 1:
        steps = rows[list(fixed.effects)]
        asked.append(("exposure times all equal", steps[1:] - steps[0]))
        asked.append(("exposure times all zero", steps))
    asked += [(part, rows[list(places)]) for part, places in fixed.parts]
    return tuple(fact for name, contrasts in asked for fact in _joint_fact(name, test(contrasts)))


def _joint_fact(name: str, found: JointTest | None) -> Iterator[Fact]:
    if found is None:
        return
    numbers: dict[str, tuple[str, float | int | None]] = {
        "statistic": ("F statistic" if found.df2 is not None else "Chi-squared / df", found.statistic),
        "df1": ("Numerator degrees of freedom", found.df1),
        "df2": ("Denominator degrees of freedom", found.df2),
        "p_value": ("p-value", found.p_value),
    }
    for stat, (label, value) in numbers.items():
        if value is not None:
            yield Fact(stat, label, value, groups=(("test", name),), context="joint_test")

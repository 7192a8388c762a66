"""How an effect differs between subgroups: quantities, their joint test, and rows.

Effects within subgroups have intervals and no p-values: a difference between subgroups is shown by its own
test, not by one p below 0.05 and another above (Assmann et al. 2000, Lancet 355:1064).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from precept_stats.errors import FitError
from precept_stats.inference.degrees_of_freedom import LeadingDf
from precept_stats.inference.fit import BySubgroup, Fit
from precept_stats.inference.joint import JointTest, joint_test
from precept_stats.inference.quantities import Quantity, compared
from precept_stats.inference.rows import Header, context_rows
from precept_stats.inference.uncertainty import Asymptotic, Profiled, Uncertainty, estimate, point_value
from precept_stats.values import Row

PREFIX = "interaction_"
"""Of the measure of a difference between differences, or a ratio of ratios: ``interaction_risk_ratio``."""


def by_subgroup(name: str, levels: tuple[str, ...], effects: tuple[Quantity, ...]) -> BySubgroup:
    """The effects by level (one of each), and each later level compared with the first."""
    first = (levels[0], effects[0])
    later = tuple(zip(levels[1:], effects[1:], strict=True))
    return BySubgroup(
        tuple(zip(levels, effects, strict=True)), tuple(_interaction(name, one, first) for one in later)
    )


def _interaction(name: str, above: tuple[str, Quantity], below: tuple[str, Quantity]) -> Quantity:
    """The difference of two differences, or the ratio of two ratios."""
    (level, effect), (other, reference) = above, below
    joint = " - " if effect.scale == "identity" else " / "
    both = effect.weights is not None and reference.weights is not None
    return replace(
        compared(effect, reference),
        measure=f"{PREFIX}{effect.measure}",
        contrast=f"{effect.contrast}, {name}: {level}{joint}{other}",
        weights=effect.weights - reference.weights if both else None,  # type: ignore[operator]
    )


def interaction_test(fit: Uncertainty, interactions: tuple[Quantity, ...]) -> JointTest:
    """The test that the effect is the same in every subgroup, by the fit's own rule for degrees of freedom.

    Quantities that are not linear in the parameters are taken by their gradients at the estimate. Where the
    likelihood is profiled, the test is Wald's. Raises FitError where there is none for the fit.
    """
    point = fit.point if isinstance(fit, Profiled) else fit
    if not isinstance(point, Asymptotic):
        raise FitError(
            "there is no joint test of several subgroups from draws",
            found=type(fit).__name__,
            allowed="two subgroups, or a rule for degrees of freedom",
        )
    values = np.array([one.value(point.params) for one in interactions])
    slopes = np.array([one.gradient(point.params) for one in interactions])
    linear = point.params + np.linalg.pinv(slopes) @ (values - slopes @ point.params)
    if isinstance(point.df, LeadingDf):
        count = point.df.count
        leading = Asymptotic(
            point.names[:count], linear[:count], point.covariance[:count, :count], point.df.rule
        )
        if not slopes[:, count:].any():
            return joint_test(leading, slopes[:, :count])
    return joint_test(replace(point, params=linear), slopes)


def subgroup_rows(header: Header, fit: Fit, level: float) -> Iterator[Row]:
    """The effect in each subgroup with its interval; of three or more the joint test of interaction."""
    if fit.subgroups is None:
        return
    for name, quantity in fit.subgroups.effects:
        yield from _effect_rows(header, fit, (name, quantity), level)
    if len(fit.subgroups.interactions) > 1:
        yield from _joint_rows(header, fit, fit.subgroups.interactions)


def _effect_rows(header: Header, fit: Fit, one: tuple[str, Quantity], level: float) -> Iterator[Row]:
    name, quantity = one
    groups = (("subgroup", name),)
    try:
        found = estimate(fit.uncertainty, quantity, level)
    except FitError as problem:
        value = point_value(fit.uncertainty, quantity)
        row = header.row("subgroup", "estimate", value if np.isfinite(value) else None, "Estimate")
        row = replace(row, groups=groups, term=quantity.contrast, measure=quantity.measure)
        if row.stat is None:
            yield replace(row, error=problem.problem, status="failed")
        else:
            yield replace(row, warning=problem.problem, status="warning")
    else:
        yield from context_rows(header, "subgroup", found, groups)


def _joint_rows(header: Header, fit: Fit, interactions: tuple[Quantity, ...]) -> Iterator[Row]:
    groups = (("test", "interaction of arm and subgroup"),)
    try:
        found = interaction_test(fit.uncertainty, interactions)
    except FitError as problem:
        row = header.row("joint_test", "p_value", None, "p-value")
        yield replace(row, groups=groups, error=problem.problem, status="failed")
        return
    numbers: tuple[tuple[str, str, float | int | None], ...] = (
        ("statistic", "F statistic" if found.df2 is not None else "Chi-squared / df", found.statistic),
        ("df1", "Numerator degrees of freedom", found.df1),
        ("df2", "Denominator degrees of freedom", found.df2),
        ("p_value", "p-value", found.p_value),
    )
    for name, label, stat in numbers:
        if stat is not None:
            yield replace(header.row("joint_test", name, stat, label), groups=groups)

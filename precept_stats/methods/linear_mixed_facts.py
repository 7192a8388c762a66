"""What a fitted linear mixed model reports beside its estimates: variances, boundary, tests, predictions."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from precept_stats.inference.fit import Fact
from precept_stats.inference.joint import JointTest
from precept_stats.methods.linear_mixed_variances import Parts
from precept_stats.methods.mixed_random import RandomPart
from precept_stats.methods.mixed_terms import FixedPart
from precept_stats.numerics.mixed.covariance import Entry
from precept_stats.numerics.mixed.fit import MixedFit
from precept_stats.numerics.mixed.prediction import predict_random

Floats = NDArray[np.float64]

INTERCEPT = "(Intercept)"
BETWEEN_WORDS = {
    "cluster": "clusters",
    "cluster_period": "the periods of a cluster",
    "period": "periods",
    "participant": "the participants of a cluster",
}


def between_words(by: str) -> str:
    """What the random effects of a grouping differ between."""
    return BETWEEN_WORDS.get(by, f"levels of {by}")


def term_name(random: RandomPart, entry: Entry) -> str:
    """A variance parameter: ``cluster``, ``cluster: arm``, ``cluster: arm, intercept``."""
    names = random.terms[entry.term].names
    found = list(dict.fromkeys((names[entry.a], names[entry.b])))
    if found == [INTERCEPT]:
        return random.by[entry.term]
    told = ", ".join("intercept" if name == INTERCEPT else name for name in found)
    return f"{random.by[entry.term]}: {told}"


def variance_facts(kernel: MixedFit, random: RandomPart) -> tuple[Fact, ...]:
    """Every variance and covariance; those of the cluster intercept and the residual have their own names."""
    facts = []
    for entry, component in zip(kernel.problem.system.structure.entries, kernel.components, strict=True):
        name = term_name(random, entry)
        if name == "cluster":
            facts.append(Fact("variance_between", "Variance between clusters", component.value))
            continue
        by, groups = random.by[entry.term], (("term", name),)
        if entry.on_diagonal:
            of = "" if name == by else f" of the effect of {component.row}"
            label = f"Variance{of} between {between_words(by)}"
            facts.append(Fact("variance", label, component.value, groups=groups))
        else:
            label = f"Covariance between {between_words(by)}"
            facts.append(Fact("covariance", label, component.value, groups=groups))
    return (*facts, Fact("variance_within", residual_label(random), kernel.sigma2))


def residual_label(random: RandomPart) -> str:
    """What the residual variance is of."""
    return "Variance within clusters" if random.by == ("cluster",) else "Residual variance"


def variance_names(kernel: MixedFit, random: RandomPart) -> tuple[str, ...]:
    """One name a variance parameter, the residual last."""
    entries = kernel.problem.system.structure.entries
    return (*(f"variance[{term_name(random, entry)}]" for entry in entries), "variance[residual]")


def icc_facts(values: Floats, parts: tuple[Parts, ...]) -> tuple[Fact, ...]:
    """The correlation of two people of a cluster (and period), by arm where the arms differ."""
    label = "Intracluster correlation (mixed model)"
    return tuple(
        Fact(
            "icc_model",
            label,
            float(one.within_period @ values / (one.total @ values)),
            groups=(("arm", one.condition),) if one.condition else (),
            context="icc",
        )
        for one in parts
    )


def boundary_facts(kernel: MixedFit, random: RandomPart, rule: str) -> tuple[Fact, ...]:
    """One fact for every variance at its boundary: which it is, and what the df rule does there."""
    entries = kernel.problem.system.structure.entries
    return tuple(
        Fact("boundary", "A variance at its boundary", rule, groups=(("term", term_name(random, entry)),))
        for entry, zero in zip(entries, kernel.at_zero, strict=True)
        if zero
    )


def boundary_words(kernel: MixedFit, random: RandomPart) -> tuple[tuple[str, str], ...]:
    """The grouping and a clause for every variance at its boundary."""
    found = []
    entries = kernel.problem.system.structure.entries
    for entry, zero, component in zip(entries, kernel.at_zero, kernel.components, strict=True):
        if not zero:
            continue
        by = random.by[entry.term]
        if component.value > 0.0:
            clause = f"the random effects between {between_words(by)} are estimated as perfectly correlated"
        elif component.row == INTERCEPT:
            clause = f"the variance between {between_words(by)} is estimated as 0"
        else:
            clause = (
                f"the variance of the effect of {component.row} between {between_words(by)} is estimated as 0"
            )
        found.append((by, f"{clause} (a boundary)"))
    return tuple(found)


def evidence(kernel: MixedFit, random: RandomPart) -> tuple[tuple[str, float | str], ...]:
    """That the optimum was found: likelihood, gradient, curvature, and the slope where a variance is 0."""
    found: list[tuple[str, float | str]] = [
        ("log_likelihood", kernel.log_likelihood),
        ("largest_gradient", kernel.gradient),
        ("evaluations", float(kernel.evaluations)),
    ]
    entries = kernel.problem.system.structure.entries
    names = [term_name(random, entry) for entry in entries]
    only = len(entries) == 1
    found += [
        ("theta" if only else f"theta[{name}]", float(value))
        for name, value in zip(names, kernel.theta, strict=True)
    ]
    found += [
        ("slope_of_variance_at_zero" if only else f"slope_at_boundary[{name}]", float(slope))
        for name, slope, zero in zip(names, kernel.point.in_gamma, kernel.at_zero, strict=True)
        if zero
    ]
    if not np.isnan(kernel.smallest_curvature):
        found.append(("smallest_curvature", kernel.smallest_curvature))
    return tuple(found)


def joint_facts(fixed: FixedPart, test: Callable[[Floats], JointTest]) -> tuple[Fact, ...]:
    """Tests of exposure times (all equal, all zero) and of strata and covariates of several columns."""
    rows = np.eye(len(fixed.names))
    asked: list[tuple[str, Floats]] = []
    if len(fixed.effects) > 1:
        steps = rows[list(fixed.effects)]
        asked.append(("exposure times equal", steps[1:] - steps[0]))
        asked.append(("exposure times all zero", steps))
    asked += [(part, rows[list(places)]) for part, places in fixed.parts]
    return tuple(fact for name, contrasts in asked for fact in _joint_fact(name, test(contrasts)))


def _joint_fact(name: str, found: JointTest) -> list[Fact]:
    numbers: list[tuple[str, str, float | int | None]] = [
        ("statistic", "F statistic" if found.df2 is not None else "Chi-squared over df", found.statistic),
        ("df1", "Numerator degrees of freedom", found.df1),
        ("df2", "Denominator degrees of freedom", found.df2),
        ("p_value", "p-value", found.p_value),
    ]
    return [
        Fact(stat, label, value, groups=(("test", name),), context="joint_test")
        for stat, label, value in numbers
        if value is not None
    ]


def prediction_facts(kernel: MixedFit, random: RandomPart, clusters: tuple[str, ...]) -> tuple[Fact, ...]:
    """The predicted random effects of every cluster, with standard errors of prediction."""
    places = [name for name, _ in random.groupings]
    if "cluster" not in places:
        return ()
    found = predict_random(kernel)[places.index("cluster")]
    terms = [term for by, term in zip(random.by, random.terms, strict=True) if by == "cluster"]
    names = [name for term in terms for name in term.names]
    facts = []
    for column, name in enumerate(names):
        slope = () if name == INTERCEPT else (("term", name),)
        what = "random intercept" if name == INTERCEPT else f"random effect of {name}"
        for cluster, value, error in zip(
            clusters, found.values[:, column], found.std_errors[:, column], strict=True
        ):
            groups = (("cluster", cluster), *slope)
            facts.append(
                Fact("prediction", f"Predicted {what}", float(value), groups=groups, context="prediction")
            )
            facts.append(
                Fact(
                    "std_error",
                    f"Standard error of the predicted {what}",
                    float(error),
                    groups=groups,
                    context="prediction",
                )
            )
    return tuple(facts)

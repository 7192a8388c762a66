"""Linear mixed models given as random terms: any nested or crossed groupings, with slopes."""

from __future__ import annotations

import numpy as np

from precept_stats.methods.linear_mixed_fit import (
    Predicted,
    RandomFit,
    VarianceParameter,
    between_words,
    columns_of,
    common_evidence,
    require_convergence,
    rows_of,
)
from precept_stats.methods.linear_mixed_variances import RESIDUAL, Floats, Parts, shared_in_cluster
from precept_stats.methods.mixed_random import RandomPart
from precept_stats.methods.mixed_terms import FixedPart
from precept_stats.numerics.mixed.covariance import Entry
from precept_stats.numerics.mixed.fit import Criterion, MixedFit, VarianceComponent, fit_mixed
from precept_stats.numerics.mixed.information import covariance_information
from precept_stats.numerics.mixed.model import MixedModel, Random
from precept_stats.numerics.mixed.prediction import predict_random
from precept_stats.numerics.mixed.variances import variances
from precept_stats.studies.design import AnyDesign

INTERCEPT = "(Intercept)"


def fit_terms(design: AnyDesign, fixed: FixedPart, random: RandomPart, criterion: Criterion) -> RandomFit:
    """The fitted model. FitError where the likelihood could not be maximised, or the rows allow no fit."""
    model = MixedModel(rows_of(design), columns_of(fixed), random.terms)
    kernel = fit_mixed(model, criterion)
    require_convergence(kernel)
    information = covariance_information(kernel)
    return RandomFit(
        kernel=kernel,
        fixed=fixed,
        parameters=_parameters(kernel, random),
        variances=variances(kernel, information),
        groupings=tuple(grouping for _, grouping in random.groupings),
        parts=_parts(design, random, _entries(kernel)),
        predictions=_predictions(kernel, random),
        evidence=_evidence(kernel, random),
        model=model,
        information=information,
    )


def _entries(kernel: MixedFit) -> tuple[Entry, ...]:
    return kernel.problem.system.structure.entries


def _parameters(kernel: MixedFit, random: RandomPart) -> tuple[VarianceParameter, ...]:
    each = zip(_entries(kernel), kernel.components, kernel.at_zero, strict=True)
    found = [_parameter(random, entry, component, at_zero=zero) for entry, component, zero in each]
    label = "Variance within clusters" if random.by == ("cluster",) else "Residual variance"
    return (*found, VarianceParameter("variance", RESIDUAL, RESIDUAL, label))


def _parameter(
    random: RandomPart, entry: Entry, component: VarianceComponent, *, at_zero: bool
) -> VarianceParameter:
    by, name = random.by[entry.term], _name(random, entry)
    between = f"between {between_words(by)}"
    if not entry.on_diagonal:
        return VarianceParameter("covariance", name, by, f"Covariance of random effects {between}")
    effect = "" if name == by else f" of the effect of {component.row}"
    boundary, vanishes = "", at_zero and component.value == 0.0
    if at_zero and not vanishes:
        boundary = f"the random effects {between} are estimated as perfectly correlated (a boundary)"
    elif at_zero:
        boundary = f"the variance{effect} {between} is estimated as 0 (a boundary)"
    return VarianceParameter("variance", name, by, f"Variance{effect} {between}", boundary, vanishes)


def _name(random: RandomPart, entry: Entry) -> str:
    """``cluster``, ``cluster: arm``, ``cluster: arm, intercept``."""
    names = random.terms[entry.term].names
    found = list(dict.fromkeys((names[entry.a], names[entry.b])))
    if found == [INTERCEPT]:
        return random.by[entry.term]
    told = ", ".join("intercept" if name == INTERCEPT else name for name in found)
    return f"{random.by[entry.term]}: {told}"


def _evidence(kernel: MixedFit, random: RandomPart) -> tuple[tuple[str, float | str], ...]:
    """The optimum with theta, and the slope of the likelihood where a variance is 0."""
    entries, found = _entries(kernel), common_evidence(kernel)
    only = len(entries) == 1
    for entry, theta in zip(entries, kernel.theta, strict=True):
        found.append(("theta" if only else f"theta[{_name(random, entry)}]", float(theta)))
    for entry, slope, zero in zip(entries, kernel.point.in_gamma, kernel.at_zero, strict=True):
        if zero:
            name = "slope_of_variance_at_zero"
            found.append((name if only else f"{name}[{_name(random, entry)}]", float(slope)))
    if not np.isnan(kernel.smallest_curvature):
        found.append(("smallest_curvature", kernel.smallest_curvature))
    return tuple(found)


def _parts(design: AnyDesign, random: RandomPart, entries: tuple[Entry, ...]) -> tuple[Parts, ...]:
    """The parts in each arm, or once where no effect of the arm is random."""
    shared = shared_in_cluster(design, random.groupings)
    found = [_by_grouping((random, design.size), entries, arm) for arm in (0, 1)]
    if all(np.array_equal(found[0][name], found[1][name]) for name in found[0]):
        return (Parts("", found[0], shared),)
    return tuple(Parts(name, of, shared) for name, of in zip(design.arm_names, found, strict=True))


def _by_grouping(over: tuple[RandomPart, Floats], entries: tuple[Entry, ...], arm: int) -> dict[str, Floats]:
    random, people = over
    at = [_coefficients(term, arm, people) for term in random.terms]
    of = {by: np.zeros(len(entries) + 1) for by in random.by}
    for place, entry in enumerate(entries):
        one, other = at[entry.term][entry.a], at[entry.term][entry.b]
        of[random.by[entry.term]][place] = one * other * (1.0 if entry.on_diagonal else 2.0)
    of[RESIDUAL] = np.eye(1, len(entries) + 1, len(entries)).ravel()
    return of


def _coefficients(term: Random, arm: int, people: Floats) -> list[float]:
    """What each random effect of a term is multiplied by: 1, the arm, or a covariate's mean over people."""
    slopes = [
        float(arm) if slope.name == "arm" else float(np.average(slope.values, weights=people))
        for slope in term.slopes
    ]
    return [1.0] * term.intercept + slopes


def _predictions(kernel: MixedFit, random: RandomPart) -> tuple[Predicted, ...]:
    places = [name for name, _ in random.groupings]
    if "cluster" not in places:
        return ()
    found = predict_random(kernel)[places.index("cluster")]
    terms = [term for by, term in zip(random.by, random.terms, strict=True) if by == "cluster"]
    names = [name for term in terms for name in term.names]
    return tuple(
        Predicted("" if name == INTERCEPT else name, found.values[:, column], found.std_errors[:, column])
        for column, name in enumerate(names)
    )

"""What a fitted generalised mixed model reports beside its estimates: variances, boundary, predictions."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from precept_stats.inference.fit import Fact
from precept_stats.inference.quantities import Quantity
from precept_stats.inference.scales import to_reader
from precept_stats.methods.glmm_estimate import Estimated
from precept_stats.methods.glmm_model import GlmmModel
from precept_stats.methods.linear_mixed_fit import Predicted, between_words
from precept_stats.numerics.glmm.spread import latent_icc, median_odds_ratio
from precept_stats.numerics.mixed.covariance import Entry


def random_facts(model: GlmmModel, found: Estimated, on_boundary: str) -> tuple[Fact, ...]:
    """Variances, how much clusters differ, what is on a boundary, and the clusters' predicted effects.

    ``on_boundary`` says what the rule for intervals makes of a variance on its boundary.
    """
    spread = _of_one_intercept(model, found) if model.alone else _variances(model, found)
    return (
        *spread,
        *_boundary_facts(model, found, on_boundary),
        *(fact for one in found.predictions for fact in _prediction_facts(one, model.design.clusters)),
    )


def _of_one_intercept(model: GlmmModel, found: Estimated) -> Iterator[Fact]:
    """A random intercept of clusters in the numbers that trials report."""
    variance = float(found.params[-2])
    sigma = math.sqrt(variance)
    yield Fact("sd_between_clusters", "SD of the random effect of clusters", sigma, context="icc")
    if sigma > 0.0:
        error = math.sqrt(float(found.covariance[-2, -2])) / (2.0 * variance)
        yield Fact("se_log_sd", "Standard error of the log of that SD", error, context="icc")
    if model.design.outcome.type == "binary":
        label = f"Intracluster correlation, {model.link} scale"
        yield Fact("icc_latent", label, latent_icc(sigma, model.link), context="icc")
        for one in model.proportion_iccs():
            yield _proportion_fact(one, found)
    if model.link == "logit":
        label = "Median odds ratio between clusters"
        yield Fact("median_odds_ratio", label, median_odds_ratio(sigma), context="icc")


def _proportion_fact(one: Quantity, found: Estimated) -> Fact:
    label = "Intracluster correlation, proportion scale"
    value = to_reader("logit", one.value(found.params))
    return Fact("icc_proportion", label, value, groups=(("arm", one.contrast),), context="icc")


def _variances(model: GlmmModel, found: Estimated) -> Iterator[Fact]:
    values = found.params[-len(model.entries) - 1 : -1]
    for entry, value in zip(model.entries, values, strict=True):
        what = "variance" if entry.on_diagonal else "covariance"
        groups = (("term", model.variance_name(entry)),)
        yield Fact(what, _label(model, entry), float(value), groups=groups)


def _label(model: GlmmModel, entry: Entry) -> str:
    between = f"between {between_words(model.random.by[entry.term])}"
    if not entry.on_diagonal:
        return f"Covariance of random effects {between}"
    name = model.random.terms[entry.term].names[entry.a]
    return f"Variance {between}" if name == "(Intercept)" else f"Variance of the effect of {name} {between}"


def _boundary_facts(model: GlmmModel, found: Estimated, rule: str) -> Iterator[Fact]:
    for entry, zero in zip(model.entries, found.at_zero, strict=True):
        if zero and not model.alone:
            groups = (("term", f"variance of {model.variance_name(entry)}"),)
            yield Fact("boundary", f"At its boundary: {_label(model, entry)}", rule, groups=groups)


def boundary_warnings(model: GlmmModel, found: Estimated, on_boundary: str) -> tuple[str, ...]:
    """What follows from each variance at its boundary, which the rule for intervals takes as it says."""
    values = found.params[-len(model.entries) - 1 : -1]
    warnings = []
    for entry, zero, value in zip(model.entries, found.at_zero, values, strict=True):
        if not zero:
            continue
        by = model.random.by[entry.term]
        label = _label(model, entry)
        clause = f"the {label[0].lower()}{label[1:]} is estimated as 0 (a boundary)"
        if value > 0.0:
            clause = f"the random effects between {between_words(by)} are estimated as perfectly correlated"
            clause += " (a boundary)"
        part = "so the standard error has no part for clustering; " if model.alone else ""
        joint = ", " if part else "; "
        warnings.append(f"{clause}{joint}{part}{on_boundary}")
    if found.equal_dispersion:
        warnings.append(
            "counts are no more dispersed than Poisson given the random effects (a boundary); "
            "the fit is Poisson's"
        )
    return tuple(warnings)


def _prediction_facts(found: Predicted, clusters: tuple[str, ...]) -> Iterator[Fact]:
    what = f"random effect of {found.name}" if found.name else "random effect"
    term = (("term", found.name),) if found.name else ()
    for cluster, value, error in zip(clusters, found.values, found.std_errors, strict=True):
        groups = (("cluster", cluster), *term)
        yield Fact("prediction", f"Predicted {what}", float(value), "", groups, "prediction")
        label = f"Standard error of the predicted {what}"
        yield Fact("std_error", label, float(np.float64(error)), "", groups, "prediction")

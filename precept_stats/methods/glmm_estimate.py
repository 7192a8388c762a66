"""What a generalised linear mixed model gives, by likelihood or by restricted pseudo-likelihood."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from precept_stats.errors import FitError
from precept_stats.inference.degrees_of_freedom import DegreesOfFreedom
from precept_stats.inference.kenward_roger import kenward_roger
from precept_stats.methods.glmm_model import GlmmModel
from precept_stats.methods.linear_mixed_fit import Predicted
from precept_stats.numerics.glmm.fit import GlmmFit, GlmmRows, fit_glmm
from precept_stats.numerics.glmm.joint_fit import JointFit, fit_joint
from precept_stats.numerics.glmm.joint_pseudo import fit_joint_pseudo
from precept_stats.numerics.glmm.prediction import predict_effects
from precept_stats.numerics.glmm.pseudo import fit_pseudo
from precept_stats.numerics.glmm.spread import LATENT_VARIANCE
from precept_stats.numerics.linear import aliased_columns
from precept_stats.numerics.mixed.fit import MixedFit
from precept_stats.numerics.mixed.prediction import predict_random

Floats = NDArray[np.float64]
Evidence = tuple[tuple[str, float | str], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Estimated:
    """Parameters and their covariance as ``glmm_variances`` orders them, and how they came about.

    ``at_zero`` (R,) marks variances on their boundary; ``equal_dispersion`` counts that are no more dispersed
    than Poisson. ``df`` is the rule that goes with an adjusted covariance of the fixed effects; None
    when any rule may be used. ``psi`` are beta, the entries of L and the log shape, where other fits may
    start; None, with a ``log_likelihood`` of NaN, where no likelihood was maximised.
    """

    params: Floats
    covariance: Floats
    at_zero: NDArray[np.bool_]
    evidence: Evidence
    predictions: tuple[Predicted, ...]
    df: DegreesOfFreedom | None = None
    equal_dispersion: bool = False
    psi: Floats | None = None
    log_likelihood: float = float("nan")

    @property
    def boundary(self) -> bool:
        return bool(self.at_zero.any()) or self.equal_dispersion


def by_likelihood(model: GlmmModel, points: int, near: Floats | None = None) -> Estimated:
    """Maximum likelihood with the joint information; FitError when there is no usable maximum.

    ``near`` are the parameters (``psi``) of another fit to start from.
    """
    if _is_plain(model):
        return _of_plain(model, _plain(model, points, near))
    kernel = fit_joint(model.rows, model.family, points, near)
    require_estimate(kernel, model)
    p, s, R = len(kernel.params), int(model.shaped), len(kernel.theta)
    order = np.concatenate([np.arange(p), np.arange(p + R, p + R + s), np.arange(p, p + R)]).astype(np.intp)
    kept = kernel.problem.effects.structure
    turn = np.eye(p + s + R)
    turn[p + s :, p + s :] = kept.jacobian(kernel.theta)
    covariance = turn @ kernel.covariance[np.ix_(order, order)] @ turn.T
    shape = [] if kernel.log_shape is None else [kernel.log_shape]
    params = np.concatenate([kernel.params, shape, kept.gamma(kernel.theta)])
    centre, fixed = kernel.point.centre, kernel.covariance[:p, :p]
    predicted = predict_effects(kernel.problem, kernel.point.psi, centre, fixed)
    scores = [(f"score_of_variance_at_zero[{name}]", float(score)) for name, score in _scores(model, kernel)]
    return Estimated(
        *_with_link(model, params, covariance),
        at_zero=kernel.at_zero & kept.diagonal,
        evidence=(*_evidence(kernel), *scores),
        predictions=_of_clusters(model, [(one.values, one.std_errors) for one in predicted]),
        equal_dispersion=bool(shape) and not np.isfinite(shape[0]),
        psi=np.concatenate([kernel.params, kernel.theta, shape]),
        log_likelihood=kernel.log_likelihood,
    )


def by_pseudo_likelihood(model: GlmmModel, *, adjusted: bool) -> Estimated:
    """The restricted pseudo-likelihood estimates; ``adjusted`` is Kenward and Roger's covariance and rule.

    Fixed effects and variances are uncorrelated under a restricted likelihood. Raises FitError when
    the working responses do not settle.
    """
    linear, iterations = _pseudo(model)
    adjustment = kenward_roger(linear)
    p, R = len(linear.params), len(linear.theta)
    covariance = np.zeros((p + R, p + R))
    covariance[:p, :p] = adjustment.covariance if adjusted else linear.covariance
    zero = np.array(linear.at_zero)
    free = np.outer(~zero, ~zero)
    covariance[p:, p:] = np.where(free, adjustment.df.spread, 0.0)
    gamma = np.array([component.value for component in linear.components])
    found = predict_random(linear)
    return Estimated(
        *_with_link(model, np.concatenate([linear.params, gamma]), covariance),
        at_zero=zero,
        evidence=(("working_responses", float(iterations)), ("gradient_of_last", linear.gradient)),
        predictions=_of_clusters(model, [(one.values, one.std_errors) for one in found]),
        df=adjustment.df if adjusted else None,
    )


def _is_plain(model: GlmmModel) -> bool:
    """Whether the kernel for one random intercept can be used, which is the fastest."""
    return model.alone and model.design.offset is None and not model.shaped


def _plain(model: GlmmModel, points: int, near: Floats | None = None) -> GlmmFit:
    design, start = model.design, None
    if near is not None:
        with np.errstate(divide="ignore"):
            start = np.append(near[:-1], np.log(near[-1]))
    rows = GlmmRows(model.X, design.y, design.size, design.row_cluster)
    kernel = fit_glmm(rows, model.family, points, start)
    require_estimate(kernel, model)
    return kernel


def _of_plain(model: GlmmModel, kernel: GlmmFit) -> Estimated:
    variance = float(np.exp(2.0 * kernel.log_sigma))
    turn = np.append(np.ones(len(kernel.params)), 2.0 * variance)
    at_zero = kernel.status == "boundary"
    scores: Evidence = (("score_of_variance_at_zero", kernel.boundary_score),) if at_zero else ()
    return Estimated(
        *_with_link(model, np.append(kernel.params, variance), kernel.covariance * np.outer(turn, turn)),
        at_zero=np.array([at_zero]),
        evidence=(*_evidence(kernel), *scores),
        predictions=_of_clusters(model, [(kernel.modes[:, None], kernel.mode_errors[:, None])]),
        psi=np.append(kernel.params, np.exp(kernel.log_sigma)),
        log_likelihood=kernel.log_likelihood,
    )


def _pseudo(model: GlmmModel) -> tuple[MixedFit, int]:
    """The last linear mixed model and how many there were."""
    if _is_plain(model):
        design, start = model.design, _plain(model, 1)
        rows = GlmmRows(model.X, design.y, design.size, design.row_cluster)
        plain = fit_pseudo(rows, model.family, start)
        linear, iterations, settled = plain.linear, plain.iterations, plain.settled
    else:
        kernel = fit_joint(model.rows, model.family)
        require_estimate(kernel, model)
        found = fit_joint_pseudo(model.rows, model.family, kernel)
        linear, iterations, settled = found.linear, found.iterations, found.settled
    if not settled:
        variances = ", ".join(f"{component.value:g}" for component in linear.components)
        raise FitError(
            "the restricted pseudo-likelihood did not settle",
            found=f"{iterations} working responses, the last with a variance of {variances}",
            allowed="more clusters or events, or fewer terms; another approximation",
        )
    return linear, iterations


def _with_link(model: GlmmModel, params: Floats, covariance: Floats) -> tuple[Floats, Floats]:
    """The parameters with the variance of the link's own law after them, which is known."""
    law = 0.0 if model.design.outcome.type == "count" else LATENT_VARIANCE[model.link]
    return np.append(params, law), np.pad(covariance, ((0, 1), (0, 1)))


def _evidence(kernel: GlmmFit | JointFit) -> Evidence:
    return (
        ("log_likelihood", kernel.log_likelihood),
        ("score_length", kernel.gradient),
        ("smallest_eigenvalue", kernel.curvature),
        ("iterations", float(kernel.iterations)),
    )


def _scores(model: GlmmModel, kernel: JointFit) -> list[tuple[str, float]]:
    names = [model.variance_name(entry) for entry in model.entries]
    return [
        (name, float(score))
        for name, score in zip(names, kernel.boundary_scores, strict=True)
        if np.isfinite(score)
    ]


def _of_clusters(model: GlmmModel, by_grouping: list[tuple[Floats, Floats]]) -> tuple[Predicted, ...]:
    """The predicted effects of clusters, column by column; nothing where no effect is theirs."""
    places = [name for name, _ in model.random.groupings]
    if "cluster" not in places:
        return ()
    values, errors = by_grouping[places.index("cluster")]
    own = [t for by, t in zip(model.random.by, model.random.terms, strict=True) if by == "cluster"]
    names = [name for term in own for name in term.names]
    return tuple(
        Predicted("" if name == "(Intercept)" else name, values[:, column], errors[:, column])
        for column, name in enumerate(names)
    )


def require_estimate(kernel: GlmmFit | JointFit, model: GlmmModel) -> None:
    """FitError, saying why, when the maximum was not found or does not exist."""
    if kernel.status != "failed":
        return
    if kernel.reason == "separation":
        terms = ", ".join(model.named(j) for j in kernel.separating)
        raise FitError(
            "the outcome is separated, so that there is no finite estimate",
            found=f"{terms or 'the terms together'}: a fitted risk of 0 or 1, or a rate of 0, along them",
            allowed="events and non-events (for counts, events) at every value of arm and covariates; "
            "drop or merge levels (all other levels of a term are named where it is the reference level that has "
            "none), or use cluster_summaries",
        )
    if "observations" in kernel.reason:
        raise FitError(
            "there are as many random effects as observations",
            found=kernel.reason,
            allowed="fewer random effects than observations: drop a random term, or slopes",
        )
    aliased = aliased_columns(model.X) if "singular" in kernel.reason else ()
    if aliased:
        raise FitError(
            "terms of the model cannot be told apart",
            found=f"{', '.join(model.named(j) for j in aliased)}: fixed by the arms and the terms before",
            allowed="terms that vary within arms and are not combinations of others; drop or merge them",
        )
    raise FitError(
        "the mixed model has no usable maximum of its likelihood",
        found=f"{kernel.reason}, after {kernel.iterations} iterations (score length {kernel.gradient:.2g}, "
        f"smallest scaled eigenvalue {kernel.curvature:.2g})",
        allowed="more clusters or events, or fewer terms; cluster_summaries needs less",
    )

"""What a model of many interrupted series gives, whichever engine fits it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from precept_stats.errors import FitError
from precept_stats.inference.degrees_of_freedom import DegreesOfFreedom, FixedDf, LeadingDf
from precept_stats.inference.kenward_roger import kenward_roger
from precept_stats.inference.satterthwaite import satterthwaite, satterthwaite_rule
from precept_stats.methods.multilevel_model import MultilevelModel
from precept_stats.methods.settings_multilevel import (
    Binomial,
    FirstOrderResiduals,
    GroupsMinusOne,
    IndependentPeriods,
    KenwardRogerOfUnits,
    Normal,
    Poisson,
    SatterthwaiteOfUnits,
)
from precept_stats.numerics.glmm.effects import StructuredRows
from precept_stats.numerics.glmm.joint_fit import JointFit, fit_joint
from precept_stats.numerics.glmm.prediction import predict_effects
from precept_stats.numerics.mixed.autoregressive import SerialFit, SerialRows, fit_serial
from precept_stats.numerics.mixed.fit import MixedFit, fit_mixed
from precept_stats.numerics.mixed.model import Fixed, MixedModel, Numeric, Rows
from precept_stats.numerics.mixed.prediction import predict_random

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Bools = NDArray[np.bool_]

AnyAutocorrelation = IndependentPeriods | FirstOrderResiduals
AnyDistribution = Binomial | Poisson | Normal


@dataclass(frozen=True, slots=True, eq=False)
class Predicted:
    """The predicted coefficients of a grouping (levels, q) with standard errors; NaN where it has no row."""

    values: Matrix
    std_errors: Matrix


@dataclass(frozen=True, slots=True, eq=False)
class Estimated:
    """Fixed effects, and for a link other than identity the variances after them, with their covariance.

    ``variances`` (R,) are those of ``MultilevelModel.entries``; ``at_zero`` (R,) marks the boundary.
    ``predicted`` are by grouping, in the order in which the terms name them.
    """

    params: Vector
    covariance: Matrix
    df: DegreesOfFreedom
    variances: Vector
    at_zero: Bools
    predicted: tuple[Predicted, ...]
    evidence: tuple[tuple[str, float | str], ...]
    residual: float | None = None
    phi: float | None = None
    phi_at_end: bool = False

    @property
    def boundary(self) -> bool:
        return bool(self.at_zero.any()) or self.phi_at_end


def estimated(
    model: MultilevelModel, distribution: AnyDistribution, autocorrelation: AnyAutocorrelation
) -> Estimated:
    """The estimates. Raises FitError where there are none that can be used."""
    if isinstance(distribution, Normal):
        return _linear(model, distribution, autocorrelation)
    return _linked(model, distribution)


def _linked(model: MultilevelModel, distribution: Binomial | Poisson) -> Estimated:
    design, p = model.design, model.X.shape[1]
    used = design.used
    rows = StructuredRows(model.X, design.events[used], design.size[used], model.random)
    kernel = fit_joint(rows, distribution.family, distribution.nodes)
    _require_estimate(kernel, model)
    kept = kernel.problem.effects.structure
    turn = np.eye(p + len(kernel.theta))
    turn[p:, p:] = kept.jacobian(kernel.theta)
    fixed = kernel.covariance[:p, :p]
    found = predict_effects(kernel.problem, kernel.point.psi, kernel.point.centre, fixed)
    totals = [factor.total for factor in kernel.problem.effects.factors]
    gamma = kept.gamma(kernel.theta)
    return Estimated(
        params=np.concatenate([kernel.params, gamma]),
        covariance=turn @ kernel.covariance @ turn.T,
        df=_by_groups(model, distribution.df),
        variances=gamma,
        at_zero=kernel.at_zero & kept.diagonal,
        predicted=tuple(
            Predicted(_placed(one.values, one.levels, total), _placed(one.std_errors, one.levels, total))
            for one, total in zip(found, totals, strict=True)
        ),
        evidence=(
            ("log_likelihood", kernel.log_likelihood),
            ("score_length", kernel.gradient),
            ("smallest_eigenvalue", kernel.curvature),
            ("iterations", float(kernel.iterations)),
        ),
    )


def _placed(values: Matrix, levels: NDArray[np.intp], total: int) -> Matrix:
    found = np.full((total, values.shape[1]), np.nan)
    found[levels] = values
    return found


def _by_groups(model: MultilevelModel, df: object) -> DegreesOfFreedom:
    if not isinstance(df, GroupsMinusOne):
        return FixedDf(math.inf, "normal")
    if model.groups < 2:
        raise FitError("no degrees of freedom are left", found=f"{model.groups} groups", allowed="2 or more")
    return FixedDf(float(model.groups - 1), "groups minus one")


def _require_estimate(kernel: JointFit, model: MultilevelModel) -> None:
    if kernel.status != "failed":
        return
    if kernel.reason == "separation":
        names = ", ".join(model.fixed.names[j] for j in kernel.separating)
        raise FitError(
            "the outcome is separated, so that there is no finite estimate",
            found=f"{names or 'the terms together'}: a fitted risk of 0 or 1, or a rate of 0, along them",
            allowed="events and non-events before and after, and in every season; fewer terms",
        )
    raise FitError(
        "the mixed model has no usable maximum of its likelihood",
        found=f"{kernel.reason}, after {kernel.iterations} iterations",
        allowed="more units or events, or fewer random changes",
    )


def _linear(model: MultilevelModel, distribution: Normal, autocorrelation: AnyAutocorrelation) -> Estimated:
    design = model.design
    used, weights = design.used, _weights(model, distribution)
    if isinstance(autocorrelation, FirstOrderResiduals):
        rows = SerialRows(model.X, design.y[used], weights, model.random, model.positions)
        serial = fit_serial(rows, distribution.criterion)
        return _described(model, distribution, serial.linear, serial)
    columns = tuple(Numeric(str(j), np.ascontiguousarray(column)) for j, column in enumerate(model.X.T))
    fixed = Fixed(columns, intercept=False)
    linear = fit_mixed(
        MixedModel(Rows(design.y[used], weights=weights), fixed, model.random), distribution.criterion
    )
    return _described(model, distribution, linear, None)


def _weights(model: MultilevelModel, distribution: Normal) -> Vector:
    design = model.design
    found = {"denominators": design.size, "equal": np.ones_like(design.y), "study": design.weights}
    weights = found[distribution.weights]
    if weights is None:
        raise FitError("residuals are weighted by the study, which names no weights", allowed="`weights`")
    chosen: Vector = weights[design.used]
    return chosen


def _described(
    model: MultilevelModel, distribution: Normal, linear: MixedFit, serial: SerialFit | None
) -> Estimated:
    if not linear.converged:
        raise FitError(
            "the likelihood could not be maximised",
            found=f"a gradient of {linear.gradient:.2g} after {linear.evaluations} evaluations",
            allowed="a simpler random part",
        )
    covariance, df = _inferred(model, distribution, linear, serial)
    return Estimated(
        params=linear.params,
        covariance=covariance,
        df=df,
        variances=np.array([component.value for component in linear.components]),
        at_zero=np.array(linear.at_zero),
        predicted=tuple(Predicted(one.values, one.std_errors) for one in predict_random(linear)),
        evidence=(
            ("log_likelihood", linear.log_likelihood if serial is None else serial.log_likelihood),
            ("largest_gradient", linear.gradient),
            ("evaluations", float(linear.evaluations)),
        ),
        residual=linear.sigma2,
        phi=None if serial is None else serial.phi,
        phi_at_end=serial is not None and serial.boundary,
    )


def _inferred(
    model: MultilevelModel, distribution: Normal, linear: MixedFit, serial: SerialFit | None
) -> tuple[Matrix, DegreesOfFreedom]:
    """The covariance of the fixed effects and the rule for degrees of freedom."""
    df, p = distribution.df, len(linear.params)
    if isinstance(df, KenwardRogerOfUnits):
        adjusted = kenward_roger(linear)
        return adjusted.covariance, LeadingDf(adjusted.df, p)
    if isinstance(df, SatterthwaiteOfUnits):
        rule = satterthwaite(linear) if serial is None else satterthwaite_rule(serial.information)
        return linear.covariance, LeadingDf(rule, p)
    return linear.covariance, _by_groups(model, df)

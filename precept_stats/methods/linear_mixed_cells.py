"""Linear mixed models on cells of cluster and period: decaying correlation, residual variances by arm."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import singledispatch

import numpy as np

from precept_stats.methods.linear_mixed_fit import (
    Predicted,
    RandomFit,
    VarianceParameter,
    columns_of,
    common_evidence,
    is_grouped,
    require_convergence,
    rows_of,
    within_rows,
)
from precept_stats.methods.linear_mixed_variances import RESIDUAL, Floats, Parts
from precept_stats.methods.mixed_random import random_part, row_arm
from precept_stats.methods.mixed_terms import FixedPart
from precept_stats.methods.settings import Choice
from precept_stats.methods.settings_random import (
    DiscreteTimeDecay,
    Exchangeable,
    NestedExchangeable,
    RandomEffects,
    RandomIntervention,
    RandomTerm,
    Residual,
    ResidualByArm,
)
from precept_stats.numerics.cells import structures
from precept_stats.numerics.cells.fit import CellFit, fit_cells
from precept_stats.numerics.cells.model import CellModel, ResidualGroups
from precept_stats.numerics.cells.prediction import predict_cells
from precept_stats.numerics.cells.variances import variances
from precept_stats.numerics.mixed.fit import Criterion
from precept_stats.numerics.mixed.model import Grouping, Numeric
from precept_stats.studies.cluster_trial_design import ClusterTrialDesign
from precept_stats.studies.design import AnyDesign
from precept_stats.studies.period_design import PeriodDesign


@dataclass(frozen=True, slots=True, eq=False)
class CellStructure:
    """A structure that the kernel of cells has: what its parameters are, and how they make up variances.

    ``parts`` gives, for an arm (0 or 1), the weight of each parameter in the variance by grouping.
    ``by`` are the groupings of its effects.
    """

    make: Callable[[AnyDesign], structures.Structure]
    parameters: tuple[VarianceParameter, ...]
    parts: Callable[[int], dict[str, tuple[float, ...]]]
    by: tuple[str, ...]
    decay: int | None = None


CLUSTERS = VarianceParameter("variance", "cluster", "cluster", "Variance between clusters")
PERIODS = VarianceParameter(
    "variance", "cluster_period", "cluster_period", "Variance between the periods of a cluster"
)

STRUCTURES: dict[type[Choice], CellStructure] = {
    Exchangeable: CellStructure(
        lambda _: structures.Exchangeable(), (CLUSTERS,), lambda _: {"cluster": (1.0,)}, ("cluster",)
    ),
    NestedExchangeable: CellStructure(
        lambda _: structures.NestedExchangeable(),
        (CLUSTERS, PERIODS),
        lambda _: {"cluster": (1.0, 0.0), "cluster_period": (0.0, 1.0)},
        ("cluster", "cluster_period"),
    ),
    DiscreteTimeDecay: CellStructure(
        lambda _: structures.DiscreteTimeDecay(),
        (
            PERIODS,
            VarianceParameter(
                "decay", "cluster_period", "cluster_period", "Correlation one period apart (decay)"
            ),
        ),
        lambda _: {"cluster_period": (1.0, 0.0)},
        ("cluster", "cluster_period"),
        decay=1,
    ),
    RandomIntervention: CellStructure(
        lambda design: structures.RandomIntervention(Numeric("arm", row_arm(design).astype(np.float64))),
        (
            CLUSTERS,
            VarianceParameter(
                "covariance",
                "cluster: intercept, arm",
                "cluster",
                "Covariance of random effects between clusters",
            ),
            VarianceParameter(
                "variance", "cluster: arm", "cluster", "Variance of the effect of arm between clusters"
            ),
        ),
        lambda arm: {"cluster": (1.0, 2.0 * arm, 1.0 * arm)},
        ("cluster",),
    ),
}


def needs_cells(random: RandomEffects, residual: Residual) -> bool:
    """Whether the model is one that random terms cannot say."""
    return random.decays or isinstance(residual, ResidualByArm)


def cell_objections(random: RandomEffects, residual: Residual, *, cohort: bool) -> tuple[str, ...]:
    """What the kernel of cells has no structure for."""
    if not needs_cells(random, residual):
        return ()
    what = "a decaying correlation" if random.decays else "a residual variance by arm"
    if cohort:
        return (
            f"{what} together with random effects of participants is not offered: leave participant out "
            "of the study (people are then taken as independent within a cluster and period), or name terms",
        )
    if type(random) not in STRUCTURES:
        names = ", ".join(str(kind.model_fields["kind"].default) for kind in STRUCTURES)
        return (f"{what} goes with one of these random effects: {names}",)
    return ()


def cell_parameters(random: RandomEffects, residual: Residual) -> int:
    """How many variance parameters there are."""
    residuals = 2 if isinstance(residual, ResidualByArm) else 1
    return len(STRUCTURES[type(random)].parameters) + residuals


def fit_on_cells(
    design: AnyDesign, fixed: FixedPart, settings: tuple[RandomEffects, Residual], criterion: Criterion
) -> RandomFit:
    """The fitted model. FitError where the likelihood could not be maximised, or the cells allow no fit."""
    random, residual = settings
    structure = STRUCTURES[type(random)]
    model = CellModel(
        rows_of(design),
        columns_of(fixed),
        Grouping("cluster", design.row_cluster, design.n_clusters),
        structure.make(design),
        _period(design),
        _residual_groups(design, residual),
    )
    kernel = fit_cells(model, criterion)
    require_convergence(kernel)
    arms = design.arm_names if isinstance(residual, ResidualByArm) else ()
    terms = tuple(RandomTerm(by=by) for by in structure.by)
    return RandomFit(
        kernel=kernel,
        fixed=fixed,
        parameters=_parameters(kernel, structure, arms),
        variances=variances(kernel),
        groupings=tuple(grouping for _, grouping in random_part(design, terms).groupings),
        parts=_parts(design.arm_names, structure, len(arms)),
        predictions=_predictions(kernel),
        evidence=_evidence(kernel),
        decay=structure.decay,
    )


@singledispatch
def _period(design: AnyDesign) -> Grouping | None:
    raise NotImplementedError(type(design).__name__)


@_period.register
def _(_design: ClusterTrialDesign) -> Grouping | None:
    return None


@_period.register
def _(design: PeriodDesign) -> Grouping | None:
    return Grouping("period", design.place[design.row_period], int(design.place[-1]) + 1)


def _residual_groups(design: AnyDesign, residual: Residual) -> ResidualGroups | None:
    if not isinstance(residual, ResidualByArm):
        return None
    arm = row_arm(design)
    if not is_grouped(design):
        return ResidualGroups(design.arm_names, arm)
    return ResidualGroups(design.arm_names, arm, np.bincount(arm, weights=within_rows(design), minlength=2))


def _parameters(
    kernel: CellFit, structure: CellStructure, arms: tuple[str, ...]
) -> tuple[VarianceParameter, ...]:
    found = [
        _at_boundary(one, value) if zero else one
        for one, value, zero in zip(structure.parameters, kernel.psi, kernel.at_zero, strict=True)
    ]
    label = "Variance within clusters" if structure.by == ("cluster",) else "Residual variance"
    residuals = [
        VarianceParameter("variance", f"{RESIDUAL}: {arm}", RESIDUAL, f"{label}, {arm}") for arm in arms
    ] or [VarianceParameter("variance", RESIDUAL, RESIDUAL, label)]
    return (*found, *residuals)


def _at_boundary(one: VarianceParameter, value: float) -> VarianceParameter:
    told = {
        "variance": f"the {one.label[0].lower()}{one.label[1:]} is estimated as 0",
        "covariance": "the random effects between clusters are estimated as perfectly correlated",
        "decay": f"the correlation one period apart is estimated as {value:g}",
    }
    return replace(one, boundary=f"{told[one.what]} (a boundary)", vanishes=one.what == "variance")


def _parts(arm_names: tuple[str, str], structure: CellStructure, residuals: int) -> tuple[Parts, ...]:
    shared = ("cluster",) if "cluster" in structure.parts(0) else ()
    found = [_by_grouping(structure, arm, residuals) for arm in (0, 1)]
    if all(np.array_equal(found[0][name], found[1][name]) for name in found[0]):
        return (Parts("", found[0], shared),)
    return tuple(Parts(name, of, shared) for name, of in zip(arm_names, found, strict=True))


def _by_grouping(structure: CellStructure, arm: int, residuals: int) -> dict[str, Floats]:
    count = len(structure.parameters)
    own = np.zeros(max(residuals, 1))
    own[arm if residuals else 0] = 1.0
    of = {by: np.append(weights, np.zeros(len(own))) for by, weights in structure.parts(arm).items()}
    of[RESIDUAL] = np.append(np.zeros(count), own)
    return of


def _predictions(kernel: CellFit) -> tuple[Predicted, ...]:
    found = predict_cells(kernel)
    effects = kernel.problem.system.structure.effects
    return tuple(
        Predicted(
            "" if name == "(Intercept)" else name, found.clusters[:, place], found.cluster_errors[:, place]
        )
        for place, name in enumerate(effects)
    )


def _evidence(kernel: CellFit) -> tuple[tuple[str, float | str], ...]:
    found = common_evidence(kernel)
    if not np.isnan(kernel.smallest_curvature):
        found.append(("smallest_curvature", kernel.smallest_curvature))
    return tuple(found)

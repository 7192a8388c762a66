"""A fitted linear mixed model in the words of a trial, whichever kernel fitted it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from precept_stats.errors import FitError
from precept_stats.methods.linear_mixed_variances import Parts
from precept_stats.methods.mixed_terms import FixedPart
from precept_stats.numerics.cells.either import AnyMixedFit
from precept_stats.numerics.mixed.information import CovarianceInformation
from precept_stats.numerics.mixed.model import Fixed, Grouping, MixedModel, Numeric, Rows
from precept_stats.numerics.mixed.variances import Variances
from precept_stats.studies.design import AnyDesign

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class VarianceParameter:
    """One variance parameter: what it is, of which grouping, and a clause where it is at its boundary.

    ``name`` is ``cluster``, ``cluster: arm``, ``residual``. On its boundary a variance ``vanishes``, or the
    effects it is of are tied to others.
    """

    what: Literal["variance", "covariance", "decay"]
    name: str
    by: str
    label: str
    boundary: str = ""
    vanishes: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Predicted:
    """The predicted random effects of clusters of one name (K,), with standard errors (K,)."""

    name: str
    values: Floats
    std_errors: Floats


@dataclass(frozen=True, slots=True, eq=False)
class RandomFit:
    """A fit with its variance parameters in order, residual variances last.

    ``groupings`` are those of the random effects, ``parts`` the variance of an outcome by grouping,
    ``decay`` where the parameter of a decaying correlation stands, ``model`` the model where it can be
    simulated from, ``information`` how the covariance depends on the variances where that is known already.
    """

    kernel: AnyMixedFit
    fixed: FixedPart
    parameters: tuple[VarianceParameter, ...]
    variances: Variances
    groupings: tuple[Grouping, ...]
    parts: tuple[Parts, ...]
    predictions: tuple[Predicted, ...]
    evidence: tuple[tuple[str, float | str], ...]
    decay: int | None = None
    model: MixedModel | None = None
    information: CovarianceInformation | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """One name a variance parameter."""
        return tuple(f"{one.what}[{one.name}]" for one in self.parameters)


BETWEEN_WORDS = {
    "cluster": "clusters",
    "cluster_period": "the periods of a cluster",
    "period": "periods",
    "participant": "the participants of a cluster",
}


def between_words(by: str) -> str:
    """What the random effects of a grouping differ between."""
    return BETWEEN_WORDS.get(by, f"levels of {by}")


def rows_of(design: AnyDesign) -> Rows:
    """Grouped binary rows enter as what they are: sums of 0 and 1 over people with the same columns."""
    y, size, weights = design.y, design.size, design.weights
    if not is_grouped(design):
        return Rows(y, weights=weights, offset=design.offset)
    return Rows(
        y / size,
        weights=weights,
        repeats=size,
        within=float(np.sum(within_rows(design))),
        offset=design.offset,
    )


def is_grouped(design: AnyDesign) -> bool:
    """Whether rows stand for several people."""
    return not bool(np.all(design.size == 1.0))


def within_rows(design: AnyDesign) -> Floats:
    """The weighted squares of 0 and 1 about their mean within each grouped row (N,)."""
    squares: Floats = design.y - design.y**2 / design.size
    return squares if design.weights is None else design.weights * squares


def columns_of(fixed: FixedPart) -> Fixed:
    """The fixed columns after the intercept."""
    return Fixed(tuple(Numeric(column.name, column.values) for column in fixed.columns))


def require_convergence(kernel: AnyMixedFit) -> None:
    """FitError where the likelihood was not maximised."""
    if not kernel.converged:
        raise FitError(
            "the likelihood could not be maximised",
            found=f"a gradient of {kernel.gradient:.2g} after {kernel.evaluations} evaluations",
            allowed="a fit that converges; simplify the model, or look for columns on very different scales",
        )


def common_evidence(kernel: AnyMixedFit) -> list[tuple[str, float | str]]:
    """That an optimum was found: likelihood, gradient, evaluations."""
    return [
        ("log_likelihood", kernel.log_likelihood),
        ("largest_gradient", kernel.gradient),
        ("evaluations", float(kernel.evaluations)),
    ]

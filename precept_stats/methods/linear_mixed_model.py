"""From a design to the rows of a linear mixed model, fitted."""

from __future__ import annotations

import numpy as np

from precept_stats.errors import FitError
from precept_stats.methods.mixed_random import RandomPart
from precept_stats.methods.mixed_terms import FixedPart
from precept_stats.numerics.mixed.fit import Criterion, MixedFit, fit_mixed
from precept_stats.numerics.mixed.model import Fixed, MixedModel, Numeric, Rows
from precept_stats.studies.design import AnyDesign


def rows_of(design: AnyDesign) -> Rows:
    """Grouped binary rows enter as what they are: sums of 0 and 1 over people with the same columns."""
    y, size, weights = design.y, design.size, design.weights
    if np.all(size == 1.0):
        return Rows(y, weights=weights, offset=design.offset)
    squares = y - y**2 / size
    within = float(np.sum(squares if weights is None else weights * squares))
    return Rows(y / size, weights=weights, repeats=size, within=within, offset=design.offset)


def columns_of(fixed: FixedPart) -> Fixed:
    """The fixed columns after the intercept."""
    return Fixed(tuple(Numeric(column.name, column.values) for column in fixed.columns))


def fit_model(design: AnyDesign, fixed: FixedPart, random: RandomPart, criterion: Criterion) -> MixedFit:
    """The fitted model. FitError where the likelihood could not be maximised, or the rows allow no fit."""
    kernel = fit_mixed(MixedModel(rows_of(design), columns_of(fixed), random.terms), criterion)
    if not kernel.converged:
        raise FitError(
            "the likelihood could not be maximised",
            found=f"a gradient of {kernel.gradient:.2g} after {kernel.evaluations} evaluations",
            allowed="a fit that converges; simplify the model, or look for columns on very different scales",
        )
    return kernel

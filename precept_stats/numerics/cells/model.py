"""What a model on cells is made of: rows, fixed columns, cells, and whose residual variance is whose."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from precept_stats.errors import FitError
from precept_stats.numerics.cells.structures import Structure
from precept_stats.numerics.mixed.model import (
    Fixed,
    Grouping,
    Ints,
    MixedModel,
    Random,
    Rows,
    Vector,
)
from precept_stats.numerics.mixed.model import check as check_rows


@dataclass(frozen=True, slots=True, eq=False)
class ResidualGroups:
    """Groups of rows (arms, conditions) with a residual variance each; ``codes`` (n,) number ``names``.

    A group is constant within a cell. ``within`` (groups,) takes the place of the rows' ``within`` where
    rows stand for several.
    """

    names: tuple[str, ...]
    codes: Ints
    within: Vector | None = None


@dataclass(frozen=True, slots=True, eq=False)
class CellModel:
    """y = X beta + u[cell] + e: u ~ N(0, G) by cluster, e ~ N(0, sigma2 of the row's group / weight).

    A cell is a cluster in a period; without ``period`` a cluster has one cell. Periods are numbered in
    order of time. Without ``residual`` all rows have one residual variance. The ``offset`` of the rows is
    subtracted from y; weights are inverse relative residual variances.
    """

    rows: Rows
    fixed: Fixed
    cluster: Grouping
    structure: Structure
    period: Grouping | None = None
    residual: ResidualGroups | None = None

    @property
    def periods(self) -> int:
        """Places for cells in a cluster."""
        return 1 if self.period is None else self.period.levels

    @property
    def residual_names(self) -> tuple[str, ...]:
        """One name a residual variance; ``residual`` where there is one for all."""
        return ("residual",) if self.residual is None else self.residual.names

    @property
    def cells(self) -> Ints:
        """The cell of each row, cluster * periods + period (n,)."""
        if self.period is None:
            return self.cluster.codes
        cells: Ints = self.cluster.codes * self.period.levels + self.period.codes
        return cells


def check(model: CellModel) -> None:
    """FitError for what no fit can mend: numbers, weights, lengths and codes that cannot be used."""
    columns = model.structure.columns
    one = Random(model.cluster, columns, intercept=not columns)
    check_rows(MixedModel(model.rows, model.fixed, (one,)))
    n = len(model.rows.y)
    coded = [] if model.period is None else [("the period", model.period.codes, model.period.levels)]
    if model.residual is not None:
        coded.append(("the residual groups", model.residual.codes, len(model.residual.names)))
    for name, codes, levels in coded:
        if len(codes) != n or codes.min() < 0 or codes.max() >= levels:
            raise FitError(
                f"the codes of {name} cannot be used",
                found=f"{len(codes)} codes from {codes.min()} to {codes.max()}",
                allowed=f"{n} codes from 0 to {levels - 1}; rows with a missing level are left out before",
            )
    if model.residual is not None:
        _check_groups(model, model.residual)


def _check_groups(model: CellModel, residual: ResidualGroups) -> None:
    empty = np.bincount(residual.codes, minlength=len(residual.names)) == 0
    if empty.any():
        raise FitError(
            "a residual variance has no rows",
            found=", ".join(name for name, none in zip(residual.names, empty, strict=True) if none),
            allowed="groups that have rows; leave out those that have none",
        )
    if residual.within is None and model.rows.within != 0.0 and len(residual.names) > 1:
        raise FitError(
            "rows that stand for several need their sums of squares within rows by residual group",
            found="one sum for all groups",
            allowed="ResidualGroups.within, a sum a group",
        )
    if residual.within is not None and len(residual.within) != len(residual.names):
        raise FitError(
            "sums of squares within rows do not match the residual groups",
            found=f"{len(residual.within)} sums",
            allowed=f"{len(residual.names)}, one a group",
        )

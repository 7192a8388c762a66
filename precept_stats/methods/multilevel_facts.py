"""What a model of many interrupted series tells beside its effect: variances, boundaries, units, warnings."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from precept_stats.inference.fit import Fact
from precept_stats.methods.multilevel_fit import Estimated, Predicted
from precept_stats.methods.multilevel_model import LEVEL, TREND, MultilevelModel
from precept_stats.numerics.mixed.covariance import Entry
from precept_stats.studies.series_design import SeriesDesign

FEW_UNITS = 10
"""Below so many groups the variances between them are hardly known."""
NEAR_ONE = 0.9
BETWEEN = {"unit": "units", "region": "regions"}
WORDS = {
    LEVEL: "level",
    TREND: "trend before",
    "step": "change of level",
    "ramp": "change of slope",
    "pulse": "pulse",
    "decay": "decaying change",
}


def multilevel_facts(model: MultilevelModel, found: Estimated) -> tuple[Fact, ...]:
    """Rows of context fit, diagnostic, cluster_outcome and prediction."""
    return (
        *_variances(model, found),
        *_residuals(found),
        *_boundaries(model, found),
        *unit_counts(model.design),
        *_predictions(model, found),
    )


def cell_facts(model: MultilevelModel) -> Iterator[Fact]:
    """Cells, units, regions and coefficients, and the cells and denominators on each side."""
    design = model.design
    yield Fact("n_points", "Cells", int(design.used.sum()), "points")
    yield Fact("n_units", "Units", len(np.unique(design.row_unit[design.used])), "clusters")
    if design.region is not None:
        yield Fact("n_regions", "Regions", len(np.unique(design.region)), "clusters")
    yield Fact("n_terms", "Coefficients", model.X.shape[1])
    people = "individuals" if design.outcome.type == "binary" else "person-time"
    treated = design.treated[design.row_unit] & design.used
    for name, mine in zip(design.names, (treated & ~design.after, treated & design.after), strict=True):
        side = (("arm", name),)
        yield Fact("n_points", "Cells", int(np.count_nonzero(mine)), "points", side)
        if design.outcome.type != "continuous":
            yield Fact("n", "Denominator", round(float(design.size[mine].sum())), people, side)


def warnings_of(model: MultilevelModel, found: Estimated, on_boundary: str) -> tuple[str, ...]:
    """What a reader should know; ``on_boundary`` is what a variance at 0 does to the degrees of freedom."""
    told = []
    for entry, zero, value in zip(model.entries, found.at_zero, found.variances, strict=True):
        if zero:
            what, by = _label(model, entry), BETWEEN[model.by[entry.term]]
            clause = f"the {what[0].lower()}{what[1:]} is estimated as 0 (a boundary)"
            if value > 0.0:
                clause = f"random effects between {by} are estimated as perfectly correlated (a boundary)"
            told.append(f"{clause}; {on_boundary}")
    if found.phi_at_end:
        told.append("the autocorrelation runs to the end of its range (a boundary)")
    elif found.phi is not None and found.phi > NEAR_ONE:
        told.append(
            f"the autocorrelation within units is {found.phi:.3f}, near a unit root: random levels and "
            "autocorrelation can hardly be told apart"
        )
    if model.groups < FEW_UNITS:
        told.append(f"changes are averaged over {model.groups} groups: how these differ is hardly known")
    return (*told, *sides(model.design))


def sides(design: SeriesDesign) -> tuple[str, ...]:
    """Units that have cells on one side of their start only: they tell of no change by themselves."""
    told = []
    for side, mine in (("before", ~design.after), ("after", design.after)):
        cells = np.bincount(design.row_unit[design.used & mine], minlength=len(design.units))
        without = int(np.count_nonzero(design.treated & (cells == 0)))
        if without:
            told.append(
                f"{without} of {int(design.treated.sum())} units have no data {side} their start; what they "
                "tell of the change rests on the other units"
            )
    return tuple(told)


def _label(model: MultilevelModel, entry: Entry) -> str:
    columns, by = model.columns[entry.term], BETWEEN[model.by[entry.term]]
    one, other = (WORDS[columns[k].name.rstrip("0123456789")] for k in (entry.b, entry.a))
    if entry.on_diagonal:
        return f"Variance of the {one} between {by}"
    return f"Covariance of {one} and {other} between {by}"


def _variances(model: MultilevelModel, found: Estimated) -> Iterator[Fact]:
    for entry, value in zip(model.entries, found.variances, strict=True):
        what = "variance" if entry.on_diagonal else "covariance"
        groups = (("term", model.variance_name(entry)),)
        yield Fact(what, _label(model, entry), float(value), groups=groups)


def _residuals(found: Estimated) -> Iterator[Fact]:
    if found.residual is not None:
        groups = (("term", "residual"),)
        yield Fact("variance", "Residual variance (of weight 1)", found.residual, groups=groups)
    if found.phi is not None:
        yield Fact("phi", "First-order autocorrelation within units", found.phi, "", (), "diagnostic")


def _boundaries(model: MultilevelModel, found: Estimated) -> Iterator[Fact]:
    for entry, zero in zip(model.entries, found.at_zero, strict=True):
        if zero:
            groups = (("term", f"variance of {model.variance_name(entry)}"),)
            told = "the degrees of freedom are those of the rule in the plan"
            yield Fact("boundary", f"At its boundary: {_label(model, entry)}", told, groups=groups)


def unit_counts(design: SeriesDesign) -> Iterator[Fact]:
    """Events and denominators of each unit before and after; nothing of outcomes that are not counted."""
    if design.outcome.type == "continuous":
        return
    binary = design.outcome.type == "binary"
    below = "individuals" if binary else "person-time"
    for name, mine in zip(design.names, (~design.after, design.after), strict=True):
        kept = design.used & mine
        sums = [
            np.bincount(design.row_unit[kept], values[kept], minlength=len(design.units))
            for values in (design.events, design.size)
        ]
        for unit, events, size in zip(design.units, *sums, strict=True):
            if size > 0.0:
                groups = (("arm", name), ("cluster", unit))
                yield Fact("n", "Events", round(float(events)), "events", groups, "cluster_outcome")
                yield Fact("N", "Denominator", round(float(size)), below, groups, "cluster_outcome")


def _predictions(model: MultilevelModel, found: Estimated) -> Iterator[Fact]:
    """How far each unit is drawn to differ from the average, coefficient by coefficient."""
    names = model.design.units
    columns = [
        one.name for by, term in zip(model.by, model.columns, strict=True) if by == "unit" for one in term
    ]
    predicted: Predicted = found.predicted[0]
    for place, column in enumerate(columns):
        what = WORDS[column.rstrip("0123456789")]
        for unit, name in enumerate(names):
            value, error = predicted.values[unit, place], predicted.std_errors[unit, place]
            if np.isfinite(value):
                groups = (("cluster", name), ("term", what))
                label = f"Predicted difference of the unit's {what} from the average"
                yield Fact("prediction", label, float(value), "", groups, "prediction")
                yield Fact("std_error", f"Standard error: {what}", float(error), "", groups, "prediction")

"""Indices of disparity between areas, each with the standard error that the sampling of its areas implies."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Literal, cast

import numpy as np
from numpy.typing import NDArray
from pydantic import model_validator

from precept_stats.data.declared import Declared
from precept_stats.inference.draws import Draws
from precept_stats.inference.fit import Fit
from precept_stats.inference.quantities import Quantity, compared
from precept_stats.inference.seeds import Seed
from precept_stats.methods.disparity_areas import Period, period_of
from precept_stats.methods.disparity_intervals import area_uncertainty, interval_settings
from precept_stats.methods.settings_areas import AnyDisparityInterval, DeltaMethod
from precept_stats.numerics.inequality.areas import Areas
from precept_stats.numerics.inequality.catalogue import MEASURES
from precept_stats.numerics.inequality.measure import Measure, why_not
from precept_stats.studies.region_design import RegionDesign

Vector = NDArray[np.float64]

MeasureName = Literal[
    "mean", "difference", "ratio", "bgv", "bgsd", "cov", "mdmu", "mdmw", "mdbu", "mdbw", "mdru", "mdrw",
    "idisu", "idisw", "theil", "mld", "atkinson_05", "atkinson_1", "atkinson_2", "gini", "par", "paf", "aci",
    "rci", "erreygers", "wagstaff", "sii_linear", "rii_linear", "sii_logit", "rii_logit", "sii_log",
    "rii_log",
]  # fmt: skip
ORDERED_ONLY = frozenset(name for name, measure in MEASURES.items() if "ranks" in measure.needs)
UNITS = {"per cent": "per cent", "per cent of the mean": "per cent of the mean", "thousandths": "thousandths"}


class DisparityIndices(Declared):
    """Summary measures of inequality between areas: those of the World Health Organization, and others.

    Estimates: the inequality between these areas in these periods. The areas are all there are; what is
    uncertain is each area's own value.

    Model: estimates of areas are independent and normal about their true values, with known variances: of
    areas, and of periods too. Shares of the population, ranks, the reference and the areas compared are taken
    as known. Each measure is a smooth function of the estimates, with a gradient of its own.

    Assumes: people of an area are independent; areas have people enough for a normal estimate.

    Small samples: sampling error alone makes every measure without a sign (variance, Theil, Gini, mean
    differences) larger, more so the smaller the areas. ``corrected`` gives the variance between areas without
    it. The difference of the best and the worst estimate grows with the number of areas, and its interval
    takes no account of how they were chosen.

    Not for: a league table; the effect of a programme; areas sampled from more.

    Source: World Health Organization 2022, Health inequality monitoring: technical notes; docs/methods/
    disparity_indices.md defines each measure.
    """

    measures: tuple[MeasureName, ...] | None = None
    corrected: bool = True
    changes: Literal["none", "from_first", "consecutive"] = "from_first"
    intervals: AnyDisparityInterval = DeltaMethod()

    @model_validator(mode="after")
    def _once_each(self) -> DisparityIndices:
        named = self.measures
        if named is not None and (not named or len(set(named)) < len(named)):
            raise ValueError("`measures` names each measure once, and one at least; without it all are given")
        return self

    def chosen(self, design: RegionDesign) -> tuple[Measure, ...]:
        """The measures that are asked for: those named, else all that such areas have."""
        if self.measures is not None:
            return tuple(MEASURES[name] for name in self.measures)
        left_out = frozenset[str]() if design.ordered else ORDERED_ONLY
        if math.isinf(design.bounds[1]):
            left_out |= {name for name, measure in MEASURES.items() if "bounds" in measure.needs}
        return tuple(measure for name, measure in MEASURES.items() if name not in left_out)

    @property
    def needs_seed(self) -> bool:
        """Whether intervals are found from draws."""
        return not isinstance(self.intervals, DeltaMethod)

    def fit(self, design: RegionDesign, seed: Seed | None = None) -> Fit:
        """The estimates of all areas in all periods, period by period, with their covariance or their draws.

        Raises PlanError for draws without a seed, or of periods that are correlated.
        """
        uncertainty = area_uncertainty(self.intervals, design, seed)
        return Fit(uncertainty, settings=_settings(self, design))

    def targets(self, design: RegionDesign) -> tuple[Quantity, ...]:
        """Every measure that can be had in the first period, then in the next."""
        quantities = []
        for at in range(len(design.periods)):
            period = period_of(design, at)
            for measure in self.chosen(design):
                if not why_not(measure, design.y[at], period.areas):
                    quantities.append(quantity_of(measure, design, at, period))
        return tuple(quantities)

    def pairs(self, design: RegionDesign) -> tuple[tuple[int, int], ...]:
        """The periods that are compared, the later one first."""
        later = range(1, len(design.periods))
        if self.changes == "none":
            return ()
        return tuple((at, 0 if self.changes == "from_first" else at - 1) for at in later)


def quantity_of(measure: Measure, design: RegionDesign, at: int, period: Period) -> Quantity:
    """A measure of one period as a function of the estimates of all periods."""
    count, areas = len(design.areas), period.areas
    here = slice(at * count, (at + 1) * count)
    joint = " / " if measure.unit == "ratio" else " - "
    contrast = joint.join(period.contrast) if "two areas" in measure.needs else ""
    if "reference apart" in measure.needs or measure.name in ("mdru", "mdrw"):
        contrast = f"from {period.reference}"

    def value(params: Vector) -> float:
        with np.errstate(all="ignore"):
            found = float(measure.value(params[here], areas))
        return _log(found) if measure.scale == "log" else found

    def gradient(params: Vector) -> Vector:
        slope = np.zeros(len(params))
        slope[here] = _slope(measure, params[here], areas)
        return slope

    def of_many(draws: Vector) -> Vector:
        with np.errstate(all="ignore"):
            found = measure.value(draws[:, here], areas)
            return np.where(found > 0.0, np.log(found), np.nan) if measure.scale == "log" else found

    unit = unit_of(measure, design)
    return Quantity(
        measure.name, contrast, measure.scale, unit, measure.null, value, gradient, of_many=of_many
    )


def evaluated(quantity: Quantity, fit: Fit) -> Quantity:
    """The quantity with its value in every draw of the fit, so that it is computed once."""
    if not isinstance(fit.uncertainty, Draws) or quantity.of_many is None:
        return quantity
    values = quantity.of_many(fit.uncertainty.draws)
    return replace(quantity, of_many=lambda _: values)


def change_of(later: Quantity, earlier: Quantity, periods: tuple[str, str]) -> Quantity:
    """How a measure changed: its difference, or the ratio of two ratios."""
    of_ratios = later.scale == "log"
    return replace(
        compared(later, earlier),
        measure=f"change_{later.measure}",
        contrast=(" / " if of_ratios else " - ").join(periods),
        null=1.0 if of_ratios else 0.0,
    )


def ratio_of(later: Quantity, earlier: Quantity, periods: tuple[str, str]) -> Quantity:
    """A measure without a sign over what it was in the earlier period, on the log scale."""
    found = compared(_logged(later), _logged(earlier))
    return replace(found, measure=f"ratio_{later.measure}", contrast=" / ".join(periods))


def _logged(quantity: Quantity) -> Quantity:
    """A quantity of the identity scale on the log scale."""
    many = quantity.of_many

    def gradient(params: Vector) -> Vector:
        value = quantity.value(params)
        return quantity.gradient(params) / value if value > 0.0 else np.full(len(params), np.nan)

    def of_many(draws: Vector) -> Vector:
        with np.errstate(all="ignore"):
            found = many(draws) if many else np.array([quantity.value(one) for one in draws])
            return np.where(found > 0.0, np.log(found), np.nan)

    return Quantity(
        quantity.measure, quantity.contrast, "log", "ratio", 1.0,
        lambda b: _log(quantity.value(b)), gradient, of_many=of_many,
    )  # fmt: skip


def unit_of(measure: Measure, design: RegionDesign) -> str:
    """The unit of a measure, as rows name it."""
    if measure.unit == "outcome":
        return design.unit
    if measure.unit == "outcome squared":
        return f"{design.unit}, squared" if design.unit else ""
    return "ratio" if measure.unit == "ratio" else UNITS.get(measure.unit, "")


def _log(value: float) -> float:
    return math.log(value) if value > 0.0 else math.nan


def _slope(measure: Measure, y: Vector, areas: Areas) -> Vector:
    """The gradient on the scale of inference; NaN where an estimate has no slope (the logarithm of 0)."""
    with np.errstate(all="ignore"):
        slope = measure.gradient(y, areas)
        found: Vector = slope / measure.value(y, areas) if measure.scale == "log" else slope
    return found if np.isfinite(found).all() else np.full(len(y), np.nan)


def _settings(method: DisparityIndices, design: RegionDesign) -> tuple[tuple[str, str], ...]:
    study = design.study
    named = cast(tuple[str, ...] | None, method.measures)
    return (
        ("measures", ", ".join(named) if named else "all that these areas have"),
        ("corrected", "yes" if method.corrected else "no"),
        ("changes", method.changes),
        *interval_settings(method.intervals, design),
        ("period_correlation", f"{study.period_correlation:g}"),
        ("weights", study.weights),
        ("reference", study.reference.kind),
        ("scale", study.scale),
        ("rounded_to", str(study.rounded_to or "not rounded")),
        ("zero_counts", study.zero_counts),
        ("incomplete", study.incomplete),
    )

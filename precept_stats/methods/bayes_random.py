"""Random effects of a Bayesian model that are sampled: of what holds clusters, and of periods in time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from precept_stats.errors import FitError
from precept_stats.methods.glmm_model import GlmmModel
from precept_stats.methods.mixed_random import row_arm
from precept_stats.methods.settings_bayes import AutoregressivePeriods, PeriodLaws
from precept_stats.methods.settings_prior_kinds import Units
from precept_stats.methods.settings_priors import Priors
from precept_stats.methods.settings_random import RandomTerm
from precept_stats.numerics.posterior.laws import Folded, Law, LogitBeta, OfBlock
from precept_stats.studies.period_design import PeriodDesign

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

INTEGRATED = ("cluster", "cluster_period")
"""The groupings whose effects are integrated out."""

FEWEST_LEVELS = 3


@dataclass(frozen=True, slots=True, eq=False)
class SampledEffects:
    """One kind of effects that are sampled: ``columns`` (N, q) of the rows, and a name for each level.

    ``of`` is ``groups``, ``slopes`` or ``periods``, which says whose prior the standard deviation has;
    ``entry`` is which variance of the regression it is, None where the regression has fixed effects instead;
    ``by`` is the grouping.
    """

    name: str
    levels: tuple[str, ...]
    columns: Floats
    of: str
    entry: int | None = None
    by: str = ""

    @property
    def count(self) -> int:
        return len(self.levels)

    @property
    def autoregressive(self) -> bool:
        return self.of == "periods"

    @property
    def hyper_names(self) -> tuple[str, ...]:
        """Of its coordinates beside the effects."""
        sd = f"sd[{self.name}]"
        return (sd, f"logit autocorrelation[{self.name}]") if self.autoregressive else (sd,)

    @property
    def effect_names(self) -> tuple[str, ...]:
        """Not those of coefficients: a grouping, and periods above all, may have fixed effects too."""
        return tuple(f"random effect, {self.name}[{level}]" for level in self.levels)

    def laws(self, priors: Priors, units: Units) -> tuple[Law, ...]:
        """Of its coordinates beside the effects."""
        sd: Folded = priors.sampled_law(self.of, units)
        return (sd, LogitBeta(1.0, 1.0)) if self.autoregressive else (sd,)

    @property
    def effect_laws(self) -> tuple[Law, ...]:
        return (OfBlock(),) * self.count


def sampled_effects(regression: GlmmModel, periods: PeriodLaws) -> tuple[SampledEffects, ...]:
    """What is sampled of a regression with random terms. Raises FitError for a grouping of too few levels."""
    found = []
    for entry, (by, term) in enumerate(zip(regression.random.by, regression.random.terms, strict=True)):
        if by in INTEGRATED:
            continue
        group = next(one for one in regression.design.groups if one.name == by)
        columns = (group.codes[:, None] == np.arange(len(group.levels))).astype(np.float64)
        slope = not term.intercept
        if slope:
            columns *= row_arm(regression.design)[:, None]
        name = f"{by}: effect" if slope else by
        found.append(
            SampledEffects(name, tuple(group.levels), columns, "slopes" if slope else "groups", entry, by)
        )
    if isinstance(periods, AutoregressivePeriods):
        found.append(_periods(regression))
    for one in found:
        _require_levels(one)
    return tuple(found)


def _periods(regression: GlmmModel) -> SampledEffects:
    design = regression.design
    if not isinstance(design, PeriodDesign):
        raise FitError(
            "autoregressive effects of periods in a trial at one time",
            found="no periods",
            allowed="a trial over periods, or periods separate",
        )
    columns = (design.row_period[:, None] == np.arange(design.n_periods)).astype(np.float64)
    return SampledEffects("period", design.periods, columns, "periods")


def _require_levels(effects: SampledEffects) -> None:
    if effects.count < FEWEST_LEVELS:
        raise FitError(
            f"random effects of {effects.name} vary over too few levels to say how much they vary",
            found=f"{effects.count} levels",
            allowed=f"at least {FEWEST_LEVELS}; strata are for fewer",
        )


def period_places(regression: GlmmModel) -> Ints:
    """Where the fixed effects of periods stand among the coefficients."""
    parts = (place for place, column in enumerate(regression.fixed.columns, 1) if column.part == "period")
    return np.array(list(parts), dtype=np.intp)


def as_fixed(regression: GlmmModel, effects: SampledEffects) -> Floats:
    """What effects of periods (T,) add to the coefficients: (p, T), 0 but for intercept and periods."""
    places = np.concatenate([[0], period_places(regression)]).astype(np.intp)
    found = np.zeros((regression.X.shape[1], effects.count))
    found[places] = np.linalg.lstsq(regression.X[:, places], effects.columns, rcond=None)[0]
    return found


def term_objections(terms: tuple[RandomTerm, ...]) -> list[str]:
    """Random terms that the model has no part for."""
    by = [term.by for term in terms]
    found = [] if "cluster" in by else ["random terms without {by: cluster}: clusters differ in every trial"]
    for term in terms:
        if term.by in ("period", "participant"):
            found.append(f"random effects by {term.by}: not in this model (autoregressive periods are)")
        elif term.by in INTEGRATED and (term.slopes or not term.intercept):
            found.append(
                f"random slopes by {term.by}: not in this model, which has intercepts of clusters only"
            )
        elif set(term.slopes) - {"arm"}:
            found.append(
                f"a random slope of {', '.join(term.slopes)}: only the arm's effect may differ by group"
            )
        elif term.slopes and term.intercept and term.correlated:
            found.append(
                f"the intercept and the effect of the arm by {term.by} are independent in this model: "
                "say correlated false"
            )
    return found

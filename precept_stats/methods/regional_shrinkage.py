"""Areas estimated together: each drawn towards the others by as much as its own data are few."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from precept_stats.data.declared import Declared
from precept_stats.errors import PlanError
from precept_stats.inference.asymptotic import Asymptotic, critical_value
from precept_stats.inference.degrees_of_freedom import FixedDf
from precept_stats.inference.draws import Draws
from precept_stats.inference.fit import Fit
from precept_stats.inference.quantities import Quantity
from precept_stats.inference.seeds import Seed
from precept_stats.methods.settings_areas import AnyAreaEstimation, ByLikelihood, ByPosterior
from precept_stats.methods.shrinkage_model import fitted_spread, law_of, prior_sd_of
from precept_stats.methods.shrinkage_quantities import spread_quantities
from precept_stats.numerics.shrinkage.posterior import draw
from precept_stats.numerics.shrinkage.predict import predict
from precept_stats.numerics.shrinkage.ranks import Ranks, normal_draws, ranks
from precept_stats.studies.region_design import RegionDesign

Floats = NDArray[np.float64]

WORST_SHARE = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class Together:
    """The areas of one period, estimated together; arrays are (K,) and on the scale of the study.

    ``eta`` and ``std_error`` are on the scale of the model (log odds, log rate, or the estimates' own).
    ``ranks`` is None where the areas are all estimated as equal, and so have no order.
    """

    fit: Fit
    value: Floats
    lower: Floats
    upper: Floats
    std_error: Floats
    reliability: Floats
    ranks: Ranks | None
    how: str


class RegionalShrinkage(Declared):
    """Multilevel estimates of areas, how reliable an area's own figure is, and ranks with their uncertainty.

    Estimates: the true value of each of these areas in a period, how far areas are apart, and each area's
    rank, by the mean, the limits and the chance to be among the worst.

    Model: counts are binomial (log odds) or Poisson (log rate), estimates are normal with known variances;
    areas are normal about a common mean, or about the mean of the group they lie in (``within``), which is
    normal too. By likelihood: 25 adaptive quadrature nodes an area, Laplace's approximation in groups,
    restricted likelihood for estimates; the areas given these, with the error of the mean and without that
    of the standard deviations. Bayesian: a flat mean and a half-normal SD, by quadrature; independent draws.

    Assumes: areas are exchangeable, but for what they lie in; people of an area are independent. Each period
    stands alone. Counts that a publisher rounded are taken as they are.

    Small samples: with few areas the SD between them is ill known, which the likelihood's intervals of areas
    take no account of: prefer the posterior with fewer than about 20. An SD of 0 makes all areas alike, and
    there are no ranks.

    Not for: a league table. A rank without its limits says next to nothing, and is never given alone.

    Source: Goldstein and Spiegelhalter 1996, J R Stat Soc A 159:385; Skrondal and Rabe-Hesketh 2009, J R Stat
    Soc A 172:659; Merlo et al 2006, J Epidemiol Community Health 60:290.
    """

    estimation: AnyAreaEstimation = ByLikelihood()
    worst: int | None = Field(default=None, ge=1)
    draws: int = Field(default=10_000, ge=999, le=200_000)

    @property
    def needs_seed(self) -> bool:
        """Ranks are found from draws."""
        return True

    def how_many_worst(self, design: RegionDesign) -> int:
        """How many areas are called the worst: those declared, else a tenth, one at least."""
        count = len(design.areas)
        worst = self.worst or max(1, round(WORST_SHARE * count))
        if worst >= count:
            raise PlanError(
                "not all areas can be among the worst", found=f"worst: {worst}", allowed=f"1 to {count - 1}"
            )
        return worst

    def together(self, design: RegionDesign, at: int, level: float, seed: Seed) -> Together:
        """The areas of the period of a number. Raises FitError and PlanError."""
        worst, rng = self.how_many_worst(design), seed.at(design.periods[at]).generator()
        match self.estimation:
            case ByLikelihood():
                return _by_likelihood(self, (design, at, worst), level, rng)
            case ByPosterior(prior_sd=declared):
                if design.groups:
                    raise PlanError(
                        "areas in groups are estimated by likelihood",
                        found="estimation by posterior, and `within`",
                        allowed="estimation: {kind: likelihood}; or a study without `within`",
                    )
                prior = prior_sd_of(design, declared)
                return _by_posterior(self, (design, at, worst), (level, prior), rng)

    def quantities(self, design: RegionDesign) -> tuple[Quantity, ...]:
        """How far areas are apart, as quantities of a fit."""
        return spread_quantities(design)

    def settings(self, design: RegionDesign) -> tuple[tuple[str, str], ...]:
        """All choices that can change a number, as used."""
        found: list[tuple[str, str]] = [("shrinkage.estimation", self.estimation.kind)]
        if isinstance(self.estimation, ByPosterior):
            found.append(("shrinkage.prior_sd", f"{prior_sd_of(design, self.estimation.prior_sd):g}"))
        found += [("shrinkage.worst", str(self.how_many_worst(design))), ("shrinkage.draws", str(self.draws))]
        return (*found, ("within", design.study.within or "one level of areas"))


def _by_likelihood(
    method: RegionalShrinkage, of: tuple[RegionDesign, int, int], level: float, rng: np.random.Generator
) -> Together:
    (design, at, worst), law = of, law_of(of[0], of[1])
    found = fitted_spread(design, at)
    areas = predict(law, found.spread)
    names = ("mean", "log SD between areas", "log SD between groups")[: len(found.params)]
    rule = FixedDf(math.inf, "the information of the likelihood")
    uncertainty = Asymptotic(names, found.params, found.covariance, rule)
    half = critical_value(math.inf, level) * areas.std_error
    alike = found.spread.between_areas == 0.0 and found.spread.between_groups == 0.0
    draws = normal_draws(areas.eta, areas.covariance, method.draws, rng)
    ranked = None if alike else ranks(draws, design.sign, worst, level)
    return Together(
        Fit(uncertainty, status="boundary" if found.spread.between_areas == 0.0 else "ok"),
        design.factor * law.mean(areas.eta),
        design.factor * law.mean(areas.eta - half),
        design.factor * law.mean(areas.eta + half),
        areas.std_error,
        areas.reliability,
        ranked,
        "empirical Bayes, normal on the scale of the model",
    )


def _by_posterior(
    method: RegionalShrinkage,
    of: tuple[RegionDesign, int, int],
    about: tuple[float, float],
    rng: np.random.Generator,
) -> Together:
    (design, _, worst), (level, prior), law = of, about, law_of(of[0], of[1])
    drawn = draw(law, prior, method.draws, rng)
    params = np.column_stack([drawn.mean, np.log(np.maximum(drawn.sigma, 1e-12))])
    uncertainty = Draws(("mean", "log SD between areas"), params.mean(axis=0), params, "posterior")
    tail = (1.0 - level) / 2.0
    lower, middle, upper = np.quantile(drawn.eta, [tail, 0.5, 1.0 - tail], axis=0)
    own = drawn.sigma[:, None] ** 2 * law.slopes(middle)[1]
    return Together(
        Fit(uncertainty),
        design.factor * law.mean(middle),
        design.factor * law.mean(lower),
        design.factor * law.mean(upper),
        drawn.eta.std(axis=0, ddof=1),
        (own / (1.0 + own)).mean(axis=0),
        ranks(drawn.eta, design.sign, worst, level),
        "posterior median and percentiles",
    )

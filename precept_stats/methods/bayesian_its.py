"""Many interrupted series at once, with declared priors: answers in probabilities."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field

from precept_stats.data.declared import Declared
from precept_stats.errors import FitError
from precept_stats.inference.draws import Draws
from precept_stats.inference.fit import Fact, Fit
from precept_stats.inference.nuts import available, sample
from precept_stats.inference.posterior_facts import Benefit, require_finite
from precept_stats.inference.quantities import Quantity
from precept_stats.inference.seeds import Seed
from precept_stats.inference.watching import NOBODY, Watch
from precept_stats.methods.bayes_plan import worthwhile_objections
from precept_stats.methods.bayes_series_facts import (
    SampledSeries,
    answered_facts,
    answers,
    coarse,
    estimated,
)
from precept_stats.methods.bayes_series_model import SeriesModel
from precept_stats.methods.contract import MethodWords
from precept_stats.methods.multilevel_facts import cell_facts, multilevel_facts, warnings_of
from precept_stats.methods.multilevel_model import Between, multilevel_model
from precept_stats.methods.multilevel_plan import (
    multilevel_equation,
    multilevel_gap,
    multilevel_objections,
    random_words,
)
from precept_stats.methods.series_effects import changes, curve
from precept_stats.methods.settings import listed
from precept_stats.methods.settings_bayes import ConvergenceGate, Nuts
from precept_stats.methods.settings_bayes_series import NormalValues, SeriesLaw, SeriesPriors
from precept_stats.methods.settings_multilevel import (
    Alike,
    Binomial,
    ChangesDiffer,
    IndependentPeriods,
    Normal,
    Poisson,
    RegionEffects,
    UnitEffects,
)
from precept_stats.numerics.posterior.density import whitened
from precept_stats.studies import TimeStudy
from precept_stats.studies.interrupted_series import InterruptedSeries
from precept_stats.studies.programme import Programme
from precept_stats.studies.question import Question
from precept_stats.studies.series_design import SeriesDesign

REFERENCE = "none: quantiles of the posterior"
PRIOR_DRAWS = 4000


class BayesianIts(Declared):
    """Segmented regression of all units at once with declared priors; its answers are probabilities.

    Estimates:
        The posterior of what `multilevel_its` estimates: the change of level or slope of the average unit at
        the interruption, or what was fitted against the counterfactual (the same model without the
        interruption's terms) at a time, over a window or in total; averaged over the random effects, draw by
        draw, where the effect is marginal. Its median, an interval that holds it with the stated
        probability, and the probabilities of benefit and of a worthwhile benefit.

    Model:
        That of `multilevel_its`: the log odds (log rate; or the proportion, rate or value itself) were linear
        in time since each unit's own start, the shapes of each interruption, seasonal terms and covariates,
        plus normal random levels and changes of units, correlated where named, and of regions where named.
        Every parameter had a declared prior. The effects of units were integrated out, exactly or by
        adaptive Gauss-Hermite quadrature in all their directions; what is left, and effects of regions, were
        sampled by the No-U-Turn sampler.

    Assumes:
        The priors. Without the programme each unit's trend would have gone on; nothing else changed at the
        units' own starts. Random effects are normal and unrelated to when a unit started, how large it is
        and the covariates; units are independent given their region, and periods of a unit given its random
        effects.

    Small samples:
        Nothing is asymptotic in the posterior, and a variance between units is never taken as known or as 0;
        with few units its prior matters. An interval need not cover in 95 % of programmes.

    Not for:
        One series; a handful of units; trends that were bending anyway; units that chose their start by how
        they were doing; residuals that are autocorrelated within units; a claim of cause by itself where
        there is no control series.

    Source:
        Gelman, Carlin, Stern, Dunson, Vehtari and Rubin (2013), Bayesian Data Analysis, 3rd ed., chapter 15;
        Gebski et al. (2012), Epidemiol Infect 140:2131 (interrupted series of several sites); Lewandowski,
        Kurowicka and Joe (2009), J Multivar Anal 100:1989 (correlations); Pinheiro and Bates (1995), J Comput
        Graph Stat 4:12 (quadrature); Hoffman and Gelman (2014), J Mach Learn Res 15:1593 (sampler).
    """

    accepts: ClassVar[tuple[type, ...]] = (Programme, InterruptedSeries)
    uses: ClassVar[frozenset[str]] = frozenset()

    kind: Literal["bayesian_its"] = "bayesian_its"
    distribution: SeriesLaw
    autocorrelation: IndependentPeriods
    units: UnitEffects = ChangesDiffer()
    regions: RegionEffects = Alike()
    priors: SeriesPriors = SeriesPriors()
    sampler: Nuts = Nuts()
    gate: ConvergenceGate = ConvergenceGate()
    smallest_worthwhile: float | None = Field(
        default=None,
        gt=0,
        description="The smallest benefit worth having, on the scale of the effect whichever side is better: "
        "0.05 is five percentage points; of a ratio, above 1.",
    )

    @property
    def needs_seed(self) -> bool:
        """Whether it draws random numbers: always."""
        return True

    @property
    def between(self) -> Between:
        """What differs at random."""
        return Between(self.units, self.regions)

    def objections(self, study: TimeStudy, question: Question) -> tuple[str, ...]:
        by_likelihood = self._by_likelihood, self.autocorrelation
        found = [*multilevel_objections(by_likelihood, self.between, (study, question))]
        found += self.priors.objections(self.distribution.outcome)
        found += worthwhile_objections(self.smallest_worthwhile, question.estimand.summary)
        regions = self.regions
        if isinstance(regions, ChangesDiffer) and regions.correlated:
            found.append("levels and changes of regions are independent in this model: say correlated: false")
        return tuple(found)

    @property
    def _by_likelihood(self) -> Binomial | Poisson | Normal:
        """The distribution as a fit by likelihood has it: what may be asked of the two is the same."""
        if isinstance(self.distribution, NormalValues):
            return Normal(weights=self.distribution.weights)
        return Binomial() if self.distribution.kind == "binomial" else Poisson()

    def estimand_gap(self, study: TimeStudy, question: Question) -> str:
        return multilevel_gap(self.units, question)

    def words(self, study: TimeStudy, question: Question) -> MethodWords:
        equation = multilevel_equation(self.distribution.link, self.between, study, question)
        equation += f"; prior of the effect: {self.priors.effect_words}"
        return MethodWords(self._estimator(), equation, REFERENCE, self._listed())

    def _estimator(self) -> str:
        return (
            f"Bayesian multilevel {self.distribution.words} segmented regression, "
            f"{random_words(self.between)}, weakly informative priors"
        )

    def _listed(self) -> tuple[tuple[str, str, str], ...]:
        names = ("distribution", "autocorrelation", "units", "regions", "priors", "sampler", "gate")
        return listed({name: getattr(self, name) for name in names})

    def fit(self, design: SeriesDesign, seed: Seed | None = None) -> Fit:
        """Sample the posterior. Raises FitError without a sampler, or when chains do not pass the gate."""
        return self.fit_watched(design, seed, NOBODY)

    def fit_watched(self, design: SeriesDesign, seed: Seed | None, watch: Watch) -> Fit:
        """The same, with someone who is told how far it is and may keep chains that have finished."""
        if seed is None:
            raise FitError("a posterior is sampled, and there is nothing to draw with", found="no seed")
        sampled = self.sampled(design, seed, watch)
        model, params, found = sampled.model, sampled.parameters, sampled.convergence()
        require_finite(sampled.effects)
        self.gate.require(found)
        error = sampled.integration_error()
        warnings = (*warnings_of(model.multilevel, like_likelihood := estimated(sampled), ""), *coarse(error))
        prior = model.posterior(self.priors).draw_prior(seed.at("prior").generator(), PRIOR_DRAWS)
        benefit = self._benefit(design)
        told = answered_facts(sampled, self.priors, model.parameters(prior), benefit)
        link = self.distribution.link
        return Fit(
            uncertainty=Draws(model.parameter_names, params.mean(axis=0), params, "posterior"),
            status="warning" if warnings else "ok",
            evidence=(*found.evidence, ("integration_error", error)),
            warnings=warnings,
            facts=(*self._facts(model), *multilevel_facts(model.multilevel, like_likelihood), *told),
            settings=(*((name, value) for name, value, _ in self._listed()), self._worthwhile),
            further=model.further(),
            posterior=answers(sampled, benefit),
            changes=changes(design, model.multilevel.averaged, link),
            curve=curve(design, model.asked, link),
        )

    @property
    def _worthwhile(self) -> tuple[str, str]:
        size = self.smallest_worthwhile
        return "smallest_worthwhile", "none" if size is None else f"{size:g}"

    def sampled(self, design: SeriesDesign, seed: Seed, watch: Watch = NOBODY) -> SampledSeries:
        """Chains of the posterior, whether or not they can be trusted. Raises FitError without a sampler."""
        kind, model = available(), self._model(design)
        density = whitened(model.posterior(self.priors))
        return SampledSeries(model, density, sample(density, self.sampler.how, seed, kind, watch))

    def _benefit(self, design: SeriesDesign) -> Benefit:
        better = design.outcome.direction == "higher_better"
        return Benefit(design.summary.endswith("_ratio"), better, self.smallest_worthwhile)

    def targets(self, design: SeriesDesign) -> tuple[Quantity, ...]:
        """The declared change alone."""
        return (self._model(design).effect(),)

    def _model(self, design: SeriesDesign) -> SeriesModel:
        return SeriesModel(multilevel_model(design, self.between), self.distribution)

    def _facts(self, model: SeriesModel) -> Iterator[Fact]:
        yield Fact("estimator", "Estimator", self._estimator())
        yield Fact("df_rule", "Reference distribution", REFERENCE)
        yield from cell_facts(model.multilevel)

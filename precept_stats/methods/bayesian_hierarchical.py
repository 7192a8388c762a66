"""Bayesian hierarchical models: declared priors, answers in probabilities."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from precept_stats.data.declared import Declared
from precept_stats.errors import FitError
from precept_stats.inference.draws import Draws
from precept_stats.inference.fit import Fit
from precept_stats.inference.nuts import available, sample
from precept_stats.inference.posterior_facts import Benefit
from precept_stats.inference.quantities import Quantity
from precept_stats.inference.seeds import Seed
from precept_stats.inference.watching import NOBODY, Watch
from precept_stats.methods.bayes_answers import Asked, posterior_answers
from precept_stats.methods.bayes_facts import Answered, bayes_facts, fit_warnings
from precept_stats.methods.bayes_fit import Sampled, random_facts
from precept_stats.methods.bayes_model import LINKS, BayesModel, bayes_model
from precept_stats.methods.bayes_plan import (
    cell_objections,
    period_objections,
    period_words,
    prior_objections,
    study_objections,
    unused_priors,
    worthwhile_objections,
)
from precept_stats.methods.bayes_random import term_objections
from precept_stats.methods.contract import MethodWords
from precept_stats.methods.glmm_plan import conditional_objections
from precept_stats.methods.glmm_plan import equation as glmm_equation
from precept_stats.methods.layout import Layout, layout_of_design, layout_of_plan
from precept_stats.methods.linear_mixed_plan import equation as linear_equation
from precept_stats.methods.linear_mixed_plan import random_objections
from precept_stats.methods.mixed_facts import design_facts, require_units
from precept_stats.methods.mixed_gaps import constant_effect_gap, size_gap
from precept_stats.methods.scatter import require_variation
from precept_stats.methods.settings import Choice, listed
from precept_stats.methods.settings_bayes import (
    BayesRandom,
    CellLaws,
    ConvergenceGate,
    NormalCells,
    Nuts,
    PeriodLaws,
    SeparatePeriods,
)
from precept_stats.methods.settings_bayes_answers import NotRanked, NoValidation, Ranking, Validation
from precept_stats.methods.settings_priors import Priors, WeaklyInformativePriors
from precept_stats.methods.settings_random import ConstantEffect, Exchangeable
from precept_stats.numerics.posterior.density import whitened
from precept_stats.studies import AnyStudy
from precept_stats.studies.cluster_trial import ClusterTrial
from precept_stats.studies.cluster_trial_with_baseline import ClusterTrialWithBaseline
from precept_stats.studies.design import AnyDesign
from precept_stats.studies.question import SUMMARIES_OF, Question
from precept_stats.studies.stepped_wedge import SteppedWedge

REFERENCE = "none: quantiles of the posterior"

PRIOR_DRAWS = 4000

PriorName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]


class BayesianHierarchical(Declared):
    """A hierarchical model with declared priors; its answers are posterior probabilities.

    Estimates:
        The posterior of the effect: its median, an interval that holds it with the stated probability, and
        the probabilities of benefit, of a worthwhile benefit, and of practical equivalence. The marginal
        effect compares everyone in one arm with everyone in the other, averaged over all random effects
        and over participants or, with a cluster-average target, over clusters, draw by draw.

    Model:
        The log odds of the outcome (log rate for counts, the mean of a continuous one) were modelled as
        linear in the arm, periods where there are several, strata and covariates, plus normal effects of
        clusters (and of their periods where named). Every parameter had the prior that the plan declares.
        The random effects were integrated out, exactly or by adaptive Gauss-Hermite quadrature, and the
        fixed effects and standard deviations that are left were sampled by the No-U-Turn sampler.

    Assumes:
        The priors, which are part of the answer and are shown before it. Clusters are independent; their
        effects are normal with the same variance in both arms, and unrelated to cluster size and covariates;
        given these, outcomes are independent, and counts Poisson unless named otherwise.

    Small samples:
        Nothing is asymptotic in the posterior, but with few clusters the prior of the variation between
        them matters: compare sets of priors. An interval need not cover in 95 % of trials.

    Not for:
        Clusters matched in pairs; closed cohorts; outcomes or effects that depend on the size of the
        cluster; plans that ask for a p-value.

    Source:
        Gelman, Carlin, Stern, Dunson, Vehtari and Rubin (2013), Bayesian Data Analysis, 3rd ed., chapters 5
        and 15; Spiegelhalter, Freedman and Parmar (1994), J R Stat Soc A 157:357 (priors, probabilities of
        benefit and equivalence); Hoffman and Gelman (2014), J Mach Learn Res 15:1593 (sampler); Pinheiro
        and Bates (1995), J Comput Graph Stat 4:12 (quadrature); Vehtari et al. (2021), Bayesian Anal
        16:667 (convergence).
    """

    accepts: ClassVar[tuple[type, ...]] = (ClusterTrial, ClusterTrialWithBaseline, SteppedWedge)
    uses: ClassVar[frozenset[str]] = frozenset({"groups", "offset"})
    kind: Literal["bayesian_hierarchical"] = "bayesian_hierarchical"
    priors: Priors = WeaklyInformativePriors()
    random: BayesRandom = Exchangeable()
    cells: CellLaws = NormalCells()
    periods: PeriodLaws = SeparatePeriods()
    sampler: Nuts = Nuts()
    gate: ConvergenceGate = ConvergenceGate()
    smallest_worthwhile: float | None = Field(
        default=None,
        gt=0,
        description="The smallest benefit worth having, on the scale of the effect whichever side is better: "
        "0.05 is five percentage points; of a ratio, above 1.",
    )
    prior_grid: dict[PriorName, Priors] = Field(
        default={}, description="Further sets of priors, by name: the model is fitted again under each."
    )
    validation: Validation = NoValidation()
    ranking: Ranking = NotRanked()

    @property
    def needs_seed(self) -> bool:
        """Whether it draws random numbers: always."""
        return True

    def objections(self, study: AnyStudy, question: Question) -> tuple[str, ...]:
        layout = layout_of_plan(study, question)
        found = []
        if layout.summary not in SUMMARIES_OF[layout.outcome]:
            found.append(f"a {layout.outcome} outcome has no {layout.summary.replace('_', ' ')}")
        if layout.outcome != "continuous":
            found += conditional_objections(question, LINKS[layout.outcome])
        found += study_objections(study, layout)
        found += random_objections(self.random, study)
        found += term_objections(self.random.of(False))
        found += period_objections(self.periods, study)
        found += cell_objections(self.cells, self.random, layout.outcome)
        for priors in (self.priors, *self.prior_grid.values()):
            found += prior_objections(priors, layout.outcome)
            found += unused_priors(priors, self.random, self.cells, self.periods)
        found += worthwhile_objections(self.smallest_worthwhile, layout.summary)
        return tuple(found)

    def estimand_gap(self, study: AnyStudy, question: Question) -> str:
        gaps = [] if question.estimand.effect == "conditional" else [size_gap(question)]
        return "; ".join([*gaps, *constant_effect_gap(study, ConstantEffect())])

    def words(self, study: AnyStudy, question: Question) -> MethodWords:
        layout = layout_of_plan(study, question)
        if layout.outcome == "continuous":
            told = linear_equation(study, layout, self.random, ConstantEffect())
        else:
            told = glmm_equation(study, layout, self.random, (LINKS[layout.outcome], ConstantEffect()))
        told += period_words(self.periods)
        told += f"; prior of the effect: {self.priors.effect_words}"
        return MethodWords(self._estimator(layout), told, REFERENCE, listed(self._choices()))

    def _choices(self) -> dict[str, Choice]:
        names = ("priors", "random", "cells", "periods", "sampler", "gate", "validation", "ranking")
        return {name: getattr(self, name) for name in names}

    def _estimator(self, layout: Layout) -> str:
        law = {"binary": "binomial", "count": "Poisson", "continuous": "normal"}[layout.outcome]
        law = law if isinstance(self.cells, NormalCells) else self.cells.kind.replace("_", "-")
        priors = self.priors.kind.replace("_", " ")
        return f"Bayesian hierarchical {law} model, {self.random.phrase(False)}, {priors} priors"

    def fit(self, design: AnyDesign, seed: Seed | None = None) -> Fit:
        """Sample the posterior. Raises FitError without a sampler, or when chains do not pass the gate."""
        return self.fit_watched(design, seed, NOBODY)

    def fit_watched(self, design: AnyDesign, seed: Seed | None, watch: Watch) -> Fit:
        """The same, with someone who is told how far it is and may keep chains that have finished."""
        if seed is None:
            raise FitError("a posterior is sampled, and there is nothing to draw with", found="no seed")
        sampled = self.sampled(design, seed, watch)
        model, answered = sampled.model, self._answered(sampled, seed)
        found = sampled.convergence()
        self.gate.require(found)
        error = sampled.integration_error()
        warnings = fit_warnings(model, self.priors, error)
        params = sampled.parameters
        return Fit(
            uncertainty=Draws(self._names(model), params.mean(axis=0), params, "posterior"),
            status="warning" if warnings else "ok",
            evidence=(*found.evidence, ("integration_error", error)),
            warnings=warnings,
            facts=(
                *design_facts(design, self._estimator(layout_of_design(design)), REFERENCE),
                *bayes_facts(model, self.priors, answered, sampled.chains.sampler),
                *random_facts(sampled),
            ),
            settings=(
                *((name, value) for name, value, _ in listed(self._choices())),
                (
                    "smallest_worthwhile",
                    "none" if self.smallest_worthwhile is None else f"{self.smallest_worthwhile:g}",
                ),
            ),
            further=model.further(),
            posterior=posterior_answers(sampled, answered.benefit, self._asked(model, watch), seed),
        )

    def sampled(self, design: AnyDesign, seed: Seed, watch: Watch = NOBODY) -> Sampled:
        """Chains of the posterior, whether or not they can be trusted. Raises FitError without a sampler."""
        require_variation(design)
        model = self._model(design)
        require_units(design, model.regression.fixed)
        kind, density = available(), whitened(model.posterior(self.priors))
        return Sampled(model, density, sample(density, self.sampler.how, seed, kind, watch))

    def _asked(self, model: BayesModel, watch: Watch) -> Asked:
        how = self.sampler.how
        grid, names = self.prior_grid, self._names(model)
        return Asked(grid, self.validation, self.ranking, self.gate, how, names, watch)

    def _answered(self, sampled: Sampled, seed: Seed) -> Answered:
        model = sampled.model
        prior = model.posterior(self.priors).draw_prior(seed.at("prior").generator(), PRIOR_DRAWS)
        summary = model.design.summary
        benefit = Benefit(
            summary.endswith("_ratio"),
            model.design.outcome.direction == "higher_better",
            self.smallest_worthwhile,
        )
        return Answered.of(model, sampled.parameters, model.parameters(prior), benefit)

    @staticmethod
    def _names(model: BayesModel) -> tuple[str, ...]:
        extra = (model.further_parameter,) if model.further_parameter else ()
        regression = model.regression
        variances = (f"variance[{regression.variance_name(entry)}]" for entry in regression.entries)
        last = "variance[residual]" if model.outcome == "continuous" else "variance[link]"
        return (*model.regression.fixed.names, *extra, *variances, last)

    def targets(self, design: AnyDesign) -> tuple[Quantity, ...]:
        """The effect sought, then the standardised mean of each arm."""
        model = self._model(design)
        return (model.effect(), *model.arm_means())

    def _model(self, design: AnyDesign) -> BayesModel:
        return bayes_model(design, self.random, self.cells, self.periods)

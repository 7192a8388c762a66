"""Many interrupted series at once: a mixed model with random levels and changes of units and regions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

from precept_stats.data.declared import Declared
from precept_stats.inference.asymptotic import Asymptotic
from precept_stats.inference.fit import Fact, Fit
from precept_stats.inference.quantities import Quantity
from precept_stats.inference.seeds import Seed
from precept_stats.methods.contract import MethodWords
from precept_stats.methods.multilevel_facts import cell_facts, multilevel_facts, warnings_of
from precept_stats.methods.multilevel_fit import Estimated, estimated
from precept_stats.methods.multilevel_model import Between, MultilevelModel, multilevel_model
from precept_stats.methods.multilevel_plan import (
    multilevel_equation,
    multilevel_gap,
    multilevel_objections,
    random_words,
)
from precept_stats.methods.series_columns import Terms
from precept_stats.methods.series_effects import changes, curve, effect
from precept_stats.methods.series_plan import listed_model
from precept_stats.methods.settings_multilevel import (
    Alike,
    ChangesDiffer,
    Distribution,
    MultilevelAutocorrelation,
    RegionEffects,
    UnitEffects,
)
from precept_stats.studies import TimeStudy
from precept_stats.studies.interrupted_series import InterruptedSeries
from precept_stats.studies.programme import Programme
from precept_stats.studies.question import Question
from precept_stats.studies.series_design import SeriesDesign


class MultilevelIts(Declared):
    """Segmented regression of all units at once, with random levels and changes of units and regions.

    Estimates:
        The declared change of the average unit: of level or slope at the interruption; or what was fitted
        against the counterfactual (the same model without the interruption's terms) at a time, over a window
        or in total. Of a marginal effect means are averaged over the random effects and, weighted by
        denominators, over the cells of the periods asked for; of a conditional one they are those of a unit
        whose random effects are 0. Changes of level and slope on a logit or log scale are ratios within one
        unit, which is conditional.

    Model:
        The log odds of the outcome (log rate of counts; or the proportion, rate or value itself with normal
        residuals) were modelled as linear in time since each unit's own start, the shapes of each
        interruption, seasonal terms and covariates, plus normal random levels and changes of units, and of
        regions where named. Binomial and Poisson models were fitted by maximum likelihood with the random
        effects integrated out, by Laplace's approximation or adaptive quadrature; normal ones by restricted
        maximum likelihood, where named with a first-order autocorrelation of residuals within units.

    Assumes:
        Without the programme each unit's trend would have gone on; nothing else changed at the units' own
        starts. Random effects are normal and unrelated to when a unit started, how large it is and the
        covariates; units (regions, where these have random effects) are independent. Periods of a unit are
        independent given its random effects, unless an autocorrelation is named.

    Small samples:
        Intervals of normal models are t on Satterthwaite's or Kenward and Roger's degrees of freedom; of
        binomial and Poisson models t on the number of units (regions) less one, whose variances between
        units are too small when units are few. An autocorrelation that is left out of the model is in part
        taken up by random changes, and in none where only levels are random: where changes differed between
        40 units, 95 per cent intervals of a binomial change of level held the truth in 92.5 to 96.5 per cent
        with random changes, and in 80.0 to 94.0 with random levels alone.

    Not for:
        One series; a handful of units; trends that were bending anyway; units that chose their start by how
        they were doing; a claim of cause by itself where there is no control series.

    Source:
        Laird and Ware (1982), Biometrics 38:963, and Breslow and Clayton (1993), J Am Stat Assoc 88:9 (the
        models); Gebski et al. (2012), Epidemiol Infect 140:2131 (interrupted series of several sites);
        Pinheiro and Bates (2000), Mixed-Effects Models in S and S-PLUS, ch. 5 (serial correlation); Kenward
        and Roger (1997), Biometrics 53:983.
    """

    accepts: ClassVar[tuple[type, ...]] = (Programme, InterruptedSeries)
    uses: ClassVar[frozenset[str]] = frozenset()
    needs_seed: ClassVar[bool] = False

    kind: Literal["multilevel_its"] = "multilevel_its"
    distribution: Distribution
    autocorrelation: MultilevelAutocorrelation
    units: UnitEffects = ChangesDiffer()
    regions: RegionEffects = Alike()

    @property
    def between(self) -> Between:
        """What differs at random."""
        return Between(self.units, self.regions)

    def objections(self, study: TimeStudy, question: Question) -> tuple[str, ...]:
        return multilevel_objections(
            (self.distribution, self.autocorrelation), self.between, (study, question)
        )

    def estimand_gap(self, study: TimeStudy, question: Question) -> str:
        return multilevel_gap(self.units, question)

    def words(self, study: TimeStudy, question: Question) -> MethodWords:
        equation = multilevel_equation(self.distribution.link, self.between, study, question)
        return MethodWords(self._estimator(), equation, self._df_rule(), self._listed())

    def _estimator(self) -> str:
        return (
            f"Multilevel {self.distribution.words} segmented regression, {random_words(self.between)}, "
            f"{self.autocorrelation.words}"
        )

    def _df_rule(self) -> str:
        return self.distribution.df.meaning.rstrip(".")

    def _listed(self) -> tuple[tuple[str, str, str], ...]:
        return (
            *listed_model(self.distribution, "distribution"),
            *listed_model(self.autocorrelation, "autocorrelation"),
            *listed_model(self.units, "units"),
            *listed_model(self.regions, "regions"),
        )

    def fit(self, design: SeriesDesign, seed: Seed | None = None) -> Fit:
        """Estimate. Raises FitError for too few units, separation, and terms that cannot be told apart."""
        model = multilevel_model(design, self.between)
        found = estimated(model, self.distribution, self.autocorrelation)
        warnings = warnings_of(model, found, self._on_boundary())
        asked, link = self._asked(model), self.distribution.link
        names = model.parameter_names[: len(found.params)]
        return Fit(
            uncertainty=Asymptotic(names, found.params, found.covariance, found.df),
            status="boundary" if found.boundary else "warning" if warnings else "ok",
            evidence=found.evidence,
            warnings=warnings,
            facts=(*self._facts(model, found), *multilevel_facts(model, found)),
            settings=tuple((name, value) for name, value, _ in self._listed()),
            changes=changes(design, model.averaged, link),
            curve=curve(design, asked, link),
        )

    def targets(self, design: SeriesDesign) -> tuple[Quantity, ...]:
        """The declared change alone."""
        model = multilevel_model(design, self.between)
        return (effect(design, self._asked(model), self.distribution.link),)

    def _asked(self, model: MultilevelModel) -> Terms:
        """The columns, with the random effects that a marginal mean is averaged over."""
        return model.averaged if model.design.effect == "marginal" else model.fixed

    def _on_boundary(self) -> str:
        if self.distribution.df.kind == "satterthwaite":
            return "Satterthwaite's degrees of freedom are as if it were not in the model"
        return "the degrees of freedom are those of the rule in the plan"

    def _facts(self, model: MultilevelModel, found: Estimated) -> Iterator[Fact]:
        yield Fact("estimator", "Estimator", self._estimator())
        yield Fact("df_rule", "Reference distribution", self._df_rule())
        yield from cell_facts(model)

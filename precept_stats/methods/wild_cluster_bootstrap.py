"""The wild cluster bootstrap: what t would be, were the residuals of every cluster to change sign."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Literal

import numpy as np

from precept_stats.data.declared import Declared
from precept_stats.errors import FitError
from precept_stats.inference.fit import Fact, Fit
from precept_stats.inference.quantities import Quantity, exponentiated, linear
from precept_stats.inference.seeds import Seed
from precept_stats.inference.uncertainty import Randomisation
from precept_stats.methods.arm_model import Columns, require_clusters, unit_of_means
from precept_stats.methods.cluster_facts import cluster_facts
from precept_stats.methods.contract import MethodWords
from precept_stats.methods.gee_model import MarginalModel, marginal_model, require_solution
from precept_stats.methods.gee_plan import average_gaps, conditional_objections, equation
from precept_stats.methods.layout import Layout, conditional_gap, layout_of_design, layout_of_plan
from precept_stats.methods.scatter import require_scatter, require_variation, spread_of
from precept_stats.methods.settings import Choice, listed
from precept_stats.methods.settings_gee import GeeWeights, IndependentWorking, ParticipantWeights
from precept_stats.methods.settings_random import ConstantEffect
from precept_stats.methods.settings_wild import (
    TESTED,
    Cr1InStatistic,
    Cr3InStatistic,
    DrawnReplicates,
    EveryReplicate,
    LinearModel,
    MammenSigns,
    RademacherSigns,
    Replicates,
    Signs,
    WildModel,
    WildVariance,
)
from precept_stats.numerics.gee.fit import GeeFit, GeeModel, fit_gee
from precept_stats.numerics.score_bootstrap import ScoreTest
from precept_stats.numerics.wild_bootstrap import (
    ClusterScores,
    WildTest,
    effective_clusters,
    full_leverage,
)
from precept_stats.studies import AnyStudy
from precept_stats.studies.cluster_trial import ClusterTrial
from precept_stats.studies.cluster_trial_design import ClusterTrialDesign
from precept_stats.studies.question import SUMMARIES_OF, Question

FEW_IN_AN_ARM = 4
"""An arm with fewer clusters gets a warning. An assumption: in print the test rejects too rarely where few
clusters are treated, and how few depends on their sizes (MacKinnon and Webb 2017, J Appl Econom 32:233)."""

FEW_EFFECTIVE = 6.0
"""Fewer effective clusters, of six or more, get a warning: six alike are the fewest that bear an interval at
0.95 with signs. An assumption: in print the fewer, the farther the test is from its level."""
INTERCEPT = 0
"""Where the column of ones stands."""


class WildClusterBootstrap(Declared):
    """A regression coefficient tested by the wild cluster bootstrap, the null imposed.

    Estimates:
        The effect is the coefficient of the arm in a regression of individual outcomes on the arm, strata
        and covariates: the difference of means, risks or rates in a linear model, or the odds ratio, risk
        ratio or rate ratio in a logistic or log-linear one. Every participant counts the same, or every
        cluster does.

    Model:
        The model was fitted with the effect held at its null value. The residuals (in the ratio models,
        the scores) of each cluster were then multiplied by a random factor, the same for the whole cluster,
        and a t statistic with a cluster-robust variance was computed from every sample so made. The
        two-sided p-value is the share of samples with a t statistic at least as far from 0 as
        the one observed, which is one of them. The interval holds the null values with a p-value above
        1 - level, the model being fitted anew for each.

    Assumes:
        Clusters are independent. The mean is as modelled. Within clusters outcomes may be alike in any
        way. Missing outcomes are missing at random given the arm and covariates.

    Small samples:
        In published simulations closer to its level than a robust t test with 5 to 30 clusters, where these
        are alike and both arms have several; it is not exact. With few clusters p cannot be small: with
        signs not below 2 / 2^clusters, so that five clusters bear no interval at 0.95. Where an arm
        has few clusters, the test rejects too rarely.

    Not for:
        Clusters matched in pairs; fewer than four clusters in an arm; effects other than the coefficient of
        the model (a risk difference from a logistic model): gee.

    Source:
        Cameron, Gelbach and Miller (2008), Rev Econ Stat 90:414; Roodman et al. (2019), Stata J 19:4 (fast
        computation, intervals); Kline and Santos (2012), J Econom Methods 1:23 (scores); MacKinnon, Nielsen
        and Webb (2025), arXiv:2406.00650 (scores as linear), and (2023), J Appl Econom 38:671 (CR3);
        MacKinnon and Webb (2018), Econom J 21:114 (few treated clusters).
    """

    accepts: ClassVar[tuple[type, ...]] = (ClusterTrial,)
    uses: ClassVar[frozenset[str]] = frozenset()

    kind: Literal["wild_cluster_bootstrap"] = "wild_cluster_bootstrap"
    model: WildModel = LinearModel()
    weights: GeeWeights = ParticipantWeights()
    variance: WildVariance = Cr1InStatistic()
    signs: Signs = RademacherSigns()
    replicates: Replicates = EveryReplicate()

    @property
    def needs_seed(self) -> bool:
        return isinstance(self.replicates, DrawnReplicates)

    def objections(self, study: AnyStudy, question: Question) -> tuple[str, ...]:
        layout = layout_of_plan(study, question)
        found = []
        if layout.summary not in SUMMARIES_OF[layout.outcome]:
            found.append(f"a {layout.outcome} outcome has no {layout.summary.replace('_', ' ')}")
        else:
            found += self.model.objections(layout.summary)
        if not found:
            found += conditional_objections(question, self.model.link(layout.summary), ConstantEffect())
        if layout.paired:
            found.append(
                "matched pairs: with a parameter for each pair the residuals of its clusters mirror each "
                "other, so that they cannot change sign one by one; use randomisation_test"
            )
        if isinstance(self.signs, MammenSigns) and isinstance(self.replicates, EveryReplicate):
            found.append(
                "Mammen's two points are not equally likely, so that p is no share of their vectors: use "
                "replicates: {kind: monte_carlo}"
            )
        return tuple(found)

    def estimand_gap(self, study: AnyStudy, question: Question) -> str:
        gaps = [*average_gaps(IndependentWorking(), self.weights, study, question)]
        if question.estimand.summary == "odds_ratio" and (study.strata or study.adjust):
            gaps.append(
                "with strata or covariates the coefficient is the odds ratio given these, which is farther "
                "from 1 than the marginal one when they predict the outcome; gee gives the marginal one"
            )
        return "; ".join([*gaps, *conditional_gap(study, question)])

    def words(self, study: AnyStudy, question: Question) -> MethodWords:
        layout = layout_of_plan(study, question)
        mean = equation(study, layout, self.model.link(layout.summary), ConstantEffect())
        share = "p(null value) = share of vectors of factors with |t| at least that observed"
        return MethodWords(
            self._estimator(layout), f"{mean}; {share}", self._reference(), listed(self._choices())
        )

    def _choices(self) -> dict[str, Choice]:
        return {
            "model": self.model,
            "weights": self.weights,
            "variance": self.variance,
            "signs": self.signs,
            "replicates": self.replicates,
        }

    def _estimator(self, layout: Layout) -> str:
        model = {"identity": "linear model", "logit": "logistic scores", "log": "log-linear scores"}
        weighting = "" if isinstance(self.weights, ParticipantWeights) else "cluster-weighted "
        named = weighting + model[self.model.link(layout.summary)]
        return f"Wild cluster bootstrap, {named}, {self.variance.kind.upper()} variance"

    def _reference(self) -> str:
        if isinstance(self.replicates, DrawnReplicates):
            return f"{self.replicates.draws:,} random vectors of {self.signs.words}"
        return f"all vectors of {self.signs.words}"

    def fit(self, design: ClusterTrialDesign, seed: Seed | None = None) -> Fit:
        """Estimate. Raises FitError on separation, aliased terms, too few clusters, too many to enumerate."""
        require_variation(design)
        model = self._model(design)
        require_clusters(design, model.cluster_parameters)
        kernel = self._kernel(model, design)
        self._require_leverage(design, kernel)
        lift = self.variance.lift(self.model.outcomes(design.outcome.type, design.size))
        vectors = self.replicates.vectors(self.signs.points, design.n_clusters, seed)
        test = self.model.test(kernel, lift, vectors)
        is_linear = isinstance(self.model, LinearModel)
        require_scatter(test.std_error**2, spread_of(design) if is_linear else 1.0)
        warnings = (*_warnings(design, test, self._reference()), *_few_dominate(design, kernel))
        return Fit(
            uncertainty=Randomisation(
                ("effect",),
                np.array([test.estimate]),
                test,
                kind="confidence",
                name="wild cluster bootstrap test",
                scale="identity" if is_linear else "log",
            ),
            status="warning" if warnings else "ok",
            evidence=(("iterations", float(kernel.iterations)),),
            warnings=warnings,
            facts=(
                *cluster_facts(design, self._estimator(layout_of_design(design)), self._reference()),
                *self._facts(test, design.n_clusters),
            ),
            settings=tuple((name, value) for name, value, _ in listed(self._choices())),
        )

    def targets(self, design: ClusterTrialDesign) -> tuple[Quantity, ...]:
        """The effect alone: the bootstrap is of one coefficient."""
        names, one = design.arm_names[::-1], np.ones(1)
        if isinstance(self.model, LinearModel):
            return (linear(design.summary, " - ".join(names), one, unit=unit_of_means(design.outcome)),)
        return (exponentiated(design.summary, " / ".join(names), one),)

    def _model(self, design: ClusterTrialDesign) -> MarginalModel:
        """The columns with an intercept and the effect of the compared arm in place of one for each arm."""
        link = self.model.link(design.summary)
        model = marginal_model(design, link, self.weights.of(design.cluster_size))
        names = ("intercept", f"effect[{design.arm_names[1]}]", *model.columns.names[2:])
        turned = model.columns.values @ np.linalg.inv(model.effect_coding())
        return replace(model, columns=Columns(names, turned))

    def _kernel(self, model: MarginalModel, design: ClusterTrialDesign) -> GeeFit:
        rows = self.model.rows(model.rows(), design.size)
        kernel = fit_gee(rows, GeeModel(model.family(self.model.family(design.summary))))
        require_solution(kernel, model)
        return kernel

    def _require_leverage(self, design: ClusterTrialDesign, kernel: GeeFit) -> None:
        """FitError when CR3 is asked for and a cluster fixes a parameter by itself."""
        if not isinstance(self.variance, Cr3InStatistic):
            return
        clusters = kernel.clusters
        full = full_leverage(ClusterScores(clusters.information, clusters.score, kernel.bread, TESTED))
        if len(full):
            raise FitError(
                "the cr3 variance is not defined: a cluster has a leverage of 1",
                found=f"{', '.join(design.clusters[k] for k in full)} fixes a parameter alone",
                allowed="leverages below 1: merge strata, drop a covariate, or use cr1",
            )

    def _facts(self, test: WildTest | ScoreTest, clusters: int) -> tuple[Fact, ...]:
        count = self.signs.points.count(clusters)
        facts = (
            Fact("n_vectors", "Possible vectors of factors", count if count < 2**53 else float(count)),
            Fact("smallest_p", "Smallest p-value that could have been found", test.smallest_p()),
        )
        if not isinstance(self.replicates, DrawnReplicates):
            return facts
        p, draws = test.p_value(0.0), self.replicates.draws
        error = float(np.sqrt(p * (1.0 - p) / draws))
        return (
            *facts,
            Fact("n_draws", "Vectors drawn", draws),
            Fact("mc_error", "Monte Carlo standard error of the p-value", error),
        )


def _warnings(design: ClusterTrialDesign, test: WildTest | ScoreTest, reference: str) -> tuple[str, ...]:
    """Where no p of 0.05 or less was possible, and where an arm has few clusters."""
    found = []
    smallest = test.smallest_p()
    if smallest > 0.05:
        found.append(
            f"very few clusters; over {reference} no p-value below {smallest:.2g} is possible, and intervals "
            f"at levels above {1.0 - smallest:.2g} are unbounded"
        )
    counts = np.bincount(design.arm, minlength=2)
    if counts.min() < FEW_IN_AN_ARM:
        name = design.arm_names[int(counts.argmin())]
        found.append(
            f"arm {name} has {counts.min()} clusters; with so few in one arm the wild cluster bootstrap "
            "rejects too rarely, and its intervals are too wide"
        )
    return tuple(found)


def _few_dominate(design: ClusterTrialDesign, kernel: GeeFit) -> tuple[str, ...]:
    """A warning where a few clusters decide the effect."""
    clusters = kernel.clusters
    effective = effective_clusters(
        ClusterScores(clusters.information, clusters.score, kernel.bread, TESTED), INTERCEPT
    )
    if design.n_clusters < FEW_EFFECTIVE or effective >= FEW_EFFECTIVE * (1.0 - 1e-9):
        return ()
    return (
        f"a few clusters decide the effect; {design.n_clusters} tell as much of it as {effective:.1f} alike "
        "would (Carter, Schnepel and Steigerwald), and with so few the wild cluster bootstrap may be far "
        "from its level; compare cr3, weights: {kind: clusters} or randomisation_test",
    )

"""The randomisation test on cluster summaries: the allocation that was, among those that could have been."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from precept_stats.data.declared import Declared
from precept_stats.inference.fit import Fact, Fit
from precept_stats.inference.quantities import Quantity
from precept_stats.inference.seeds import Seed
from precept_stats.inference.uncertainty import Randomisation
from precept_stats.methods.contract import MethodWords
from precept_stats.methods.layout import Layout, blocks_in_words, layout_of_design, layout_of_plan, pairs_gap
from precept_stats.methods.mixed_facts import design_facts
from precept_stats.methods.randomisation_score import (
    effect_of,
    score_equation,
    score_estimator,
    score_gaps,
    score_objections,
    score_test,
)
from precept_stats.methods.randomisation_sets import (
    arms_allocated,
    cells_of,
    design_in_words,
    plan_in_words,
    sequences_allocated,
)
from precept_stats.methods.scatter import MEAN_OF, about_origin, require_scatter, require_variation
from precept_stats.methods.settings import EqualWeights, RegressionWeights, SizeWeights, listed
from precept_stats.methods.settings_randomisation import (
    Allocations,
    Difference,
    ExactAllocations,
    MonteCarloAllocations,
    Statistic,
    Studentised,
)
from precept_stats.methods.settings_score import GeeScore
from precept_stats.methods.stage_one import ADJUSTED_GAP, expected_totals, stage_one_report
from precept_stats.numerics.allocations import Drawn, Every
from precept_stats.numerics.period_tests import within_period_test
from precept_stats.numerics.score_permutation import ScorePermutationTest
from precept_stats.numerics.shift_tests import AnyShiftTest
from precept_stats.studies import AnyStudy
from precept_stats.studies.cluster_trial import ClusterTrial
from precept_stats.studies.cluster_trial_design import ClusterTrialDesign
from precept_stats.studies.design import AnyDesign
from precept_stats.studies.period_design import PeriodDesign
from precept_stats.studies.question import SUMMARIES_OF, Question
from precept_stats.studies.stepped_wedge import SteppedWedge
from precept_stats.values import Scale, Status

Floats = NDArray[np.float64]

AnyTest = AnyShiftTest | ScorePermutationTest
PERIODS_GAP = (
    "periods count by c1 c0 / (c1 + c0), c1 and c0 the clusters (their weights) under each condition: the "
    "effect is the declared average only if it is the same in all periods, however long since the switch"
)


@dataclass(frozen=True, slots=True, eq=False)
class _Summaries:
    """One number a cluster (K,), and how it came about."""

    values: Floats
    status: Status = "ok"
    evidence: tuple[tuple[str, float | str], ...] = ()
    warnings: tuple[str, ...] = ()


class RandomisationTest(Declared):
    """Comparison of cluster summaries by a randomisation test.

    Estimates:
        The effect is the difference between the arms in the mean of the cluster summaries (means,
        proportions or rates). With equal weights every cluster counts the same (the cluster-average
        effect); with size weights every participant does (the participant-average effect). In a stepped
        wedge it is the difference between the conditions within periods, which count by c1 c0 / (c1 + c0)
        for c1 and c0 clusters (or their weights) under each. By a GEE score it is the coefficient of the arm
        in the estimating equations: an odds ratio, risk ratio, rate ratio or difference. The test is of no
        effect in any cluster; the interval holds every effect, the same in all clusters, that the test
        does not reject.

    Model:
        Each cluster was reduced to one summary. The difference between the arms, within strata or pairs
        where the randomisation had them, was compared with its values in the allocations that the design
        allowed: those that keep the number of clusters in each arm of every stratum, swap the members of
        pairs, exchange the sequences of a stepped wedge, or the acceptable ones of a constrained
        randomisation, as saved or as its rule gives them. The two-sided p-value is the share of allocations
        with a statistic at least as far from 0 as that of the allocation used, which is one of them. For
        the interval, a shift was taken off the summaries of the compared arm, and the shifts with a p-value
        above 1 - level were kept. Where covariates were adjusted for, individual outcomes were first
        regressed on the covariates and on strata or pairs but not on the arm, and each cluster's summary
        was replaced by its residual, (observed - expected) / size. By a GEE score, the estimating equations
        were fitted without the arm, and the score of the arm was found for every allocation; for the
        interval the effect was held at other values in the fit.

    Assumes:
        Clusters were allocated at random as the study declares, every allocation being equally likely:
        strata or pairs that were used must be named, and no other restriction may have been in force.
        Nothing is assumed of the distribution of outcomes. The interval supposes the same effect in every
        cluster; after adjustment it also takes the expected outcomes as found from the data, and by a GEE
        score on a log or logit scale residuals that are exchangeable between allocations.

    Small samples:
        The test keeps its level whatever the number of clusters, exactly for the null of no effect in any
        cluster. With few clusters p cannot be small: with 4 of 8 clusters allocated not below 2/70, with 5
        pairs not below 2/32. An interval at a level that the allocations cannot bear is
        unbounded, and is said to be. The test of the difference is not one of equal means when
        clusters vary more in one arm and the arms differ in number; the studentised statistic is, with
        enough clusters.

    Not for:
        Ratios and odds ratios by a difference (the GEE score gives them); trials allocated by minimisation or
        under constraints that the study does not declare; stepped wedges with periods of transition; very
        few clusters, where no p below 0.05 exists.

    Source:
        Fisher (1935), The Design of Experiments; Gail et al. (1996), Stat Med 15:1069; Murray et al.
        (2006), Stat Med 25:375; Phipson and Smyth (2010), Stat Appl Genet Mol Biol 9:39; Janssen (1997),
        Stat Probab Lett 36:9; Hayes and Moulton (2017), Cluster Randomised Trials, 2nd ed. Constrained
        randomisation: Raab and Butcher (2001), Stat Med 20:351; Moulton (2004), Clin Trials 1:297; Li et
        al. (2016), Stat Med 35:1565. Stepped wedge: Thompson et al. (2018), Stat Med 37:2487. Score: Braun
        and Feng (2001), J Am Stat Assoc 96:1424; Rabideau and Wang (2021), Biostatistics 22:913.
    """

    accepts: ClassVar[tuple[type, ...]] = (ClusterTrial, SteppedWedge)
    uses: ClassVar[frozenset[str]] = frozenset()

    kind: Literal["randomisation_test"] = "randomisation_test"
    weights: RegressionWeights = EqualWeights()
    statistic: Statistic = Difference()
    allocations: Allocations = ExactAllocations()

    @property
    def needs_seed(self) -> bool:
        return isinstance(self.allocations, MonteCarloAllocations)

    def objections(self, study: AnyStudy, question: Question) -> tuple[str, ...]:
        if isinstance(self.statistic, GeeScore):
            return tuple(score_objections(self.statistic, self.weights, study, question))
        layout = layout_of_plan(study, question)
        found = []
        if layout.summary == "odds_ratio" or layout.is_ratio:
            found.append(
                "this statistic is of a difference: ask for one, or for a ratio use statistic "
                "{kind: gee_score} or cluster_summaries"
            )
        elif layout.summary not in SUMMARIES_OF[layout.outcome]:
            found.append(f"a {layout.outcome} outcome has no {layout.summary.replace('_', ' ')}")
        if isinstance(self.statistic, Studentised):
            if not isinstance(self.weights, EqualWeights):
                found.append("the studentised statistic is for equal weights")
            if layout.paired:
                found.append("with pairs studentising changes no p-value: use the statistic difference")
        return (*found, *(self._wedge_objections(study) if isinstance(study, SteppedWedge) else ()))

    def _wedge_objections(self, study: SteppedWedge) -> Iterator[str]:
        if isinstance(self.statistic, Studentised):
            yield "over periods there is no studentised statistic: use the statistic difference"
        if study.adjust:
            yield "over periods the test does not adjust for covariates: leave adjust empty"
        if study.transition:
            yield (
                "the periods left out as transition depend on the allocation, and what another would have "
                "left out is not known: leave transition empty"
            )

    def estimand_gap(self, study: AnyStudy, question: Question) -> str:
        if isinstance(self.statistic, GeeScore):
            return "; ".join(score_gaps(self.statistic, self.weights, study, question))
        layout = layout_of_plan(study, question)
        gaps = [*self.weights.gap(question.estimand.target)]
        if isinstance(self.weights, SizeWeights):
            gaps += pairs_gap(layout)
        if layout.over_periods:
            gaps.append(PERIODS_GAP)
        if layout.adjusted:
            gaps.append(ADJUSTED_GAP)
        if question.estimand.effect == "conditional":
            gaps.append(
                "the comparison is marginal; it equals the declared conditional effect only if that is the "
                "same at every value of what is conditioned on"
            )
        return "; ".join(gaps)

    def words(self, study: AnyStudy, question: Question) -> MethodWords:
        layout = layout_of_plan(study, question)
        on = "(observed - expected) / size" if layout.adjusted else MEAN_OF[layout.outcome]
        within = f", allocations within {layout.blocks}" if layout.blocks else ""
        unit = "cluster, period" if layout.over_periods else "cluster"
        equation = (
            f"{on} [{unit}] = what it would be in the reference arm + shift * arm; "
            f"p(shift) = share of allocations with |statistic| at least that observed{within}"
        )
        if layout.over_periods:
            equation += "; the statistic compares clusters within periods, weighted by c1 c0 / (c1 + c0)"
        equation += blocks_in_words(layout, self.weights.kind)
        if isinstance(self.statistic, GeeScore):
            equation = score_equation(study, layout)
        return MethodWords(
            self._estimator(layout),
            equation,
            self._reference(plan_in_words(study)),
            listed(self._choices()),
        )

    def _choices(self) -> dict[str, RegressionWeights | Statistic | Allocations]:
        return {"weights": self.weights, "statistic": self.statistic, "allocations": self.allocations}

    def _estimator(self, layout: Layout) -> str:
        if isinstance(self.statistic, GeeScore):
            return score_estimator(self.statistic, self.weights, layout)
        weighting = "size-weighted " if isinstance(self.weights, SizeWeights) else ""
        form = "studentised " if isinstance(self.statistic, Studentised) else ""
        shape = {"pair": "paired ", "stratum": "stratified ", "": ""}[layout.blocks]
        on = "difference residuals" if layout.adjusted else f"{MEAN_OF[layout.outcome]}s"
        unit = "cluster-period" if layout.over_periods else "cluster"
        text = f"{weighting}{form}{shape}randomisation test on {unit} {on}"
        return text[0].upper() + text[1:] + (" (two-stage)" if layout.adjusted else "")

    def _reference(self, allowed: str) -> str:
        """The allocations gone through; ``allowed`` are those that the study allows, in words."""
        if not isinstance(self.allocations, MonteCarloAllocations):
            return allowed
        plain = allowed.startswith("all possible allocations")
        drawn = f"{self.allocations.draws:,} random allocations"
        return drawn + (allowed.removeprefix("all possible allocations") if plain else f" of {allowed}")

    def fit(self, design: AnyDesign, seed: Seed | None = None) -> Fit:
        """Estimate. Raises FitError when nothing varies, or allocations are one, or too many to enumerate."""
        require_variation(design)
        match design:
            case ClusterTrialDesign():
                return self._fit_trial(design, self.allocations.how(seed))
            case PeriodDesign():
                return self._fit_wedge(design, self.allocations.how(seed))

    def _fit_trial(self, design: ClusterTrialDesign, how: Every | Drawn) -> Fit:
        if isinstance(self.statistic, GeeScore):
            score = score_test(design, self.statistic, self.weights, (arms_allocated(design), how))
            evidence = (("iterations", float(score.fit.iterations)),)
            stage = _Summaries(design.cluster_mean, evidence=evidence)
            return self._answer(design, stage, score, score.sums.allocated.allocations)
        design = about_origin(design)
        stage, allocated = _summaries(design), arms_allocated(design)
        sizes = design.cluster_size
        weights = self.weights.of(sizes / sizes.mean(), 0.0)
        test = self.statistic.test(stage.values, weights, allocated, how)
        return self._answer(design, stage, test, allocated.allocations)

    def _fit_wedge(self, design: PeriodDesign, how: Every | Drawn) -> Fit:
        values, sizes = cells_of(design)
        seen, sequences = sizes > 0.0, sequences_allocated(design)
        weights = np.where(
            seen, self.weights.of((sizes / sizes[seen].mean()).ravel(), 0.0).reshape(sizes.shape), 0.0
        )
        test = within_period_test(values, weights, sequences, how)
        return self._answer(design, _Summaries(values), test, sequences.allocations)

    def _answer(self, design: AnyDesign, stage: _Summaries, test: AnyTest, allocations: int | None) -> Fit:
        scale: Scale = "log" if design.summary.endswith("_ratio") else "identity"
        require_scatter(test.std_error**2, 1.0 if scale == "log" else float(np.ptp(design.y / design.size)))
        layout, reference = layout_of_design(design), self._reference(design_in_words(design))
        warnings = stage.warnings + _few_allocations(test, reference)
        return Fit(
            uncertainty=Randomisation(("effect",), np.array([test.estimate]), test, scale=scale),
            status="warning" if warnings and stage.status == "ok" else stage.status,
            evidence=stage.evidence,
            warnings=warnings,
            facts=(
                *design_facts(design, self._estimator(layout), reference),
                *self._facts(test, allocations),
            ),
            settings=tuple((name, value) for name, value, _ in listed(self._choices())),
        )

    def _facts(self, test: AnyTest, allocations: int | None) -> tuple[Fact, ...]:
        """``allocations`` is how many there could have been, None where the set is known by draws alone."""
        facts = [Fact("smallest_p", "Smallest p-value that could have been found", test.smallest_p())]
        if allocations is not None:
            shown = allocations if allocations < 2**53 else float(allocations)
            facts.insert(0, Fact("n_allocations", "Possible allocations", shown))
        if test.exact:
            return tuple(facts)
        p, draws = test.p_value(0.0), test.replicates - 1
        error = float(np.sqrt(p * (1.0 - p) / draws))
        return (
            *facts,
            Fact("n_draws", "Allocations drawn", draws),
            Fact("mc_error", "Monte Carlo standard error of the p-value", error),
        )

    def targets(self, design: AnyDesign) -> tuple[Quantity, ...]:
        """The effect alone: allocations say nothing of the mean of an arm."""
        return (effect_of(design),)


def _summaries(design: ClusterTrialDesign) -> _Summaries:
    """Cluster means, or with covariates the residuals of stage one."""
    if not layout_of_design(design).adjusted:
        return _Summaries(design.cluster_mean)
    expected = expected_totals(design)
    status, warnings = stage_one_report(expected)
    evidence = (
        ("stage_one_iterations", float(expected.iterations)),
        ("stage_one_arm_r2", expected.arm_r2),
    )
    residuals = (design.cluster_total - expected.totals) / design.cluster_size
    return _Summaries(residuals, status, evidence, warnings)


MIRRORED = 2
"""So many allocations have the largest statistic where nothing else ties: one, and its mirror image."""


def _few_allocations(test: AnyTest, reference: str) -> tuple[str, ...]:
    """A warning where no p of 0.05 or less was possible, so that an interval at 0.95 has no end."""
    smallest = test.smallest_p()
    if smallest <= 0.05:
        return ()
    few = test.replicates * 0.05 < MIRRORED
    cause = "very few clusters" if few else "many allocations tie for the largest statistic"
    return (
        f"{cause}; over {reference} no p-value below {smallest:.2g} is possible, and intervals at "
        f"levels above {1.0 - smallest:.2g} may be unbounded",
    )

"""The randomisation test on cluster summaries: the allocation that was, among those that could have been."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from precept_stats.data.declared import Declared
from precept_stats.inference.fit import Fact, Fit
from precept_stats.inference.quantities import Quantity, linear
from precept_stats.inference.seeds import Seed
from precept_stats.inference.uncertainty import Randomisation
from precept_stats.methods.arm_model import unit_of_means
from precept_stats.methods.cluster_facts import cluster_facts
from precept_stats.methods.contract import MethodWords
from precept_stats.methods.layout import Layout, blocks_in_words, layout_of_design, layout_of_plan, pairs_gap
from precept_stats.methods.scatter import MEAN_OF, about_origin, require_scatter, require_variation, spread_of
from precept_stats.methods.settings import EqualWeights, RegressionWeights, SizeWeights, listed
from precept_stats.methods.settings_randomisation import (
    Allocations,
    Difference,
    ExactAllocations,
    MonteCarloAllocations,
    Statistic,
    Studentised,
)
from precept_stats.methods.stage_one import ADJUSTED_GAP, expected_totals, stage_one_report
from precept_stats.numerics.allocations import Blocks
from precept_stats.numerics.shift_tests import AnyShiftTest
from precept_stats.studies import AnyStudy
from precept_stats.studies.cluster_trial import ClusterTrial
from precept_stats.studies.cluster_trial_design import ClusterTrialDesign
from precept_stats.studies.question import SUMMARIES_OF, Question
from precept_stats.values import Status

Floats = NDArray[np.float64]


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
        effect); with size weights every participant does (the participant-average effect). The
        test is of no effect in any cluster; the interval holds every effect, the same in all clusters,
        that the test does not reject.

    Model:
        Each cluster was reduced to one summary. The difference between the arms, within strata or
        pairs where the randomisation had them, was compared with its values in the allocations that
        the design allowed: those that keep the number of clusters in each arm of every stratum, or swap the
        members of pairs. The two-sided p-value is the share of allocations with a statistic at least
        as far from 0 as that of the allocation used, which is one of them. For the interval, a shift
        was taken off the summaries of the compared arm, and the shifts with a p-value above 1 - level
        were kept. Where covariates were adjusted for, individual outcomes were first regressed on the
        covariates and on strata or pairs but not on the arm, and each cluster's summary was replaced by
        its residual, (observed - expected) / size.

    Assumes:
        Clusters were allocated at random as the study declares, every allocation being equally likely:
        strata or pairs that were used must be named, and no other restriction may have been in force.
        Nothing is assumed of the distribution of outcomes. The interval supposes the same effect in every
        cluster; after adjustment it also takes the expected outcomes as found from the data.

    Small samples:
        The test keeps its level whatever the number of clusters, exactly for the null of no effect in any
        cluster. With few clusters p cannot be small: with 4 of 8 clusters allocated not below 2/70, with 5
        pairs not below 2/32. An interval at a level that the allocations cannot bear is
        unbounded, and is said to be. The test of the difference is not one of equal means when
        clusters vary more in one arm and the arms differ in number; the studentised statistic is, with
        enough clusters.

    Not for:
        Ratios and odds ratios (ask for a difference); trials allocated by minimisation or under constraints
        that the study does not declare; very few clusters, where no p below 0.05 exists.

    Source:
        Fisher (1935), The Design of Experiments; Gail et al. (1996), Stat Med 15:1069; Murray et al. (2006),
        Stat Med 25:375; Phipson and Smyth (2010), Stat Appl Genet Mol Biol 9:39; Janssen
        (1997), Stat Probab Lett 36:9; Hayes and Moulton (2017), Cluster Randomised Trials, 2nd ed.
    """

    accepts: ClassVar[tuple[type, ...]] = (ClusterTrial,)
    uses: ClassVar[frozenset[str]] = frozenset()

    kind: Literal["randomisation_test"] = "randomisation_test"
    weights: RegressionWeights = EqualWeights()
    statistic: Statistic = Difference()
    allocations: Allocations = ExactAllocations()

    @property
    def needs_seed(self) -> bool:
        return isinstance(self.allocations, MonteCarloAllocations)

    def objections(self, study: AnyStudy, question: Question) -> tuple[str, ...]:
        layout = layout_of_plan(study, question)
        found = []
        if layout.summary == "odds_ratio" or layout.is_ratio:
            found.append("the randomisation test is of a difference: ask for one, or use cluster_summaries")
        elif layout.summary not in SUMMARIES_OF[layout.outcome]:
            found.append(f"a {layout.outcome} outcome has no {layout.summary.replace('_', ' ')}")
        if isinstance(self.statistic, Studentised):
            if not isinstance(self.weights, EqualWeights):
                found.append("the studentised statistic is for equal weights")
            if layout.paired:
                found.append("with pairs studentising changes no p-value: use the statistic difference")
        return tuple(found)

    def estimand_gap(self, study: AnyStudy, question: Question) -> str:
        layout = layout_of_plan(study, question)
        gaps = [*self.weights.gap(question.estimand.target)]
        if isinstance(self.weights, SizeWeights):
            gaps += pairs_gap(layout)
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
        equation = (
            f"{on} [cluster] = what it would be in the reference arm + shift * arm; "
            f"p(shift) = share of allocations with |statistic| at least that observed{within}"
        )
        return MethodWords(
            self._estimator(layout),
            equation + blocks_in_words(layout, self.weights.kind),
            self._reference(),
            listed(self._choices()),
        )

    def _choices(self) -> dict[str, RegressionWeights | Statistic | Allocations]:
        return {"weights": self.weights, "statistic": self.statistic, "allocations": self.allocations}

    def _estimator(self, layout: Layout) -> str:
        weighting = "size-weighted " if isinstance(self.weights, SizeWeights) else ""
        form = "studentised " if isinstance(self.statistic, Studentised) else ""
        shape = {"pair": "paired ", "stratum": "stratified ", "": ""}[layout.blocks]
        on = "difference residuals" if layout.adjusted else f"{MEAN_OF[layout.outcome]}s"
        text = f"{weighting}{form}{shape}randomisation test on cluster {on}"
        return text[0].upper() + text[1:] + (" (two-stage)" if layout.adjusted else "")

    def _reference(self) -> str:
        if isinstance(self.allocations, MonteCarloAllocations):
            return f"{self.allocations.draws:,} random allocations"
        return "all possible allocations"

    def fit(self, design: ClusterTrialDesign, seed: Seed | None = None) -> Fit:
        """Estimate. Raises FitError when nothing varies, or allocations are one, or too many to enumerate."""
        require_variation(design)
        design = about_origin(design)
        stage = _summaries(design)
        blocks = Blocks(design.arm, _blocks_of(design))
        sizes = design.cluster_size
        weights = self.weights.of(sizes / sizes.mean(), 0.0)
        test = self.statistic.test(stage.values, weights, blocks, self.allocations.how(seed))
        require_scatter(test.std_error**2, spread_of(design))
        warnings = stage.warnings + _few_allocations(test, self._reference())
        layout = layout_of_design(design)
        return Fit(
            uncertainty=Randomisation(("effect",), np.array([test.estimate]), test),
            status="warning" if warnings and stage.status == "ok" else stage.status,
            evidence=stage.evidence,
            warnings=warnings,
            facts=(
                *cluster_facts(design, self._estimator(layout), self._reference()),
                *self._facts(test, blocks),
            ),
            settings=tuple((name, value) for name, value, _ in listed(self._choices())),
        )

    def _facts(self, test: AnyShiftTest, blocks: Blocks) -> tuple[Fact, ...]:
        count = blocks.allocations
        shown = count if count < 2**53 else float(count)
        facts = (
            Fact("n_allocations", "Possible allocations", shown),
            Fact("smallest_p", "Smallest p-value that could have been found", test.smallest_p()),
        )
        if not isinstance(self.allocations, MonteCarloAllocations):
            return facts
        p, draws = test.p_value(0.0), self.allocations.draws
        error = float(np.sqrt(p * (1.0 - p) / draws))
        return (
            *facts,
            Fact("n_draws", "Allocations drawn", draws),
            Fact("mc_error", "Monte Carlo standard error of the p-value", error),
        )

    def targets(self, design: ClusterTrialDesign) -> tuple[Quantity, ...]:
        """The effect alone: allocations say nothing of the mean of an arm."""
        name = " - ".join(design.arm_names[::-1])
        return (linear(design.summary, name, np.ones(1), unit=unit_of_means(design.outcome)),)


def _blocks_of(design: ClusterTrialDesign) -> NDArray[np.intp]:
    """What clusters were allocated within (K,): pairs, strata, or all together."""
    if design.pair is not None:
        return design.pair
    if design.stratum is not None:
        return design.stratum
    return np.zeros(design.n_clusters, dtype=np.intp)


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


def _few_allocations(test: AnyShiftTest, reference: str) -> tuple[str, ...]:
    """A warning where no p of 0.05 or less was possible, so that an interval at 0.95 has no end."""
    smallest = test.smallest_p()
    if smallest <= 0.05:
        return ()
    return (
        f"very few clusters: over {reference} no p-value below {smallest:.2g} is possible, and intervals at "
        f"levels above {1.0 - smallest:.2g} may be unbounded",
    )

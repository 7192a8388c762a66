"""Settings of the wild cluster bootstrap: the model, the variance in t, the factors, and how many of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from precept_stats.errors import FitError
from precept_stats.inference.seeds import Seed
from precept_stats.methods.settings import Choice
from precept_stats.numerics import signs
from precept_stats.numerics.gee.cells import GeeRows
from precept_stats.numerics.gee.fit import GeeFit
from precept_stats.numerics.score_bootstrap import ScoreTest
from precept_stats.numerics.wild_bootstrap import ClusterScores, Lift, WildTest, cr1, cr3, wild_test
from precept_stats.studies.question import OutcomeType, Summary

Vector = NDArray[np.float64]

TESTED = 1
"""Where the effect stands among the columns: after an intercept."""


class LinearModel(Choice):
    """Least squares on individual outcomes: differences of means, risks or rates."""

    kind: Literal["linear"] = "linear"

    def link(self, summary: Summary) -> str:
        """The link whose coefficient is the effect."""
        return "identity"

    def family(self, summary: Summary) -> str:
        """The variance function, whose constant cancels."""
        return "gaussian"

    def objections(self, summary: Summary) -> tuple[str, ...]:
        """Effects that are no coefficient of it."""
        if not summary.endswith("_ratio"):
            return ()
        return ("a linear model estimates differences: for a ratio use model: {kind: score}",)

    def rows(self, rows: GeeRows, people: Vector) -> GeeRows:
        """Every unit of the denominator (person, unit of person-time) counts as one outcome."""
        return replace(
            rows, count=people, squares=rows.total**2 / people, exposure=np.ones_like(rows.exposure)
        )

    def test(self, fit: GeeFit, lift: Lift, vectors: signs.AnyVectors) -> WildTest:
        """The test of any difference."""
        fitted = ClusterScores(fit.clusters.information, fit.clusters.score, fit.bread, TESTED)
        return wild_test(float(fit.params[TESTED]), fitted, lift, vectors)

    def outcomes(self, outcome: OutcomeType, people: Vector) -> float | None:
        """How many outcomes the factor of CR1 counts: people, or rows of person-time."""
        return float(people.sum()) if outcome == "binary" else float(len(people))


class ScoreModel(Choice):
    """Scores of a logistic model (odds ratios) or a log-linear one with Poisson variance (other ratios)."""

    kind: Literal["score"] = "score"

    def link(self, summary: Summary) -> str:
        """The link whose coefficient is the log of the effect."""
        return "logit" if summary == "odds_ratio" else "log"

    def family(self, summary: Summary) -> str:
        """The variance function of the estimating equations."""
        return "binomial" if summary == "odds_ratio" else "poisson"

    def objections(self, summary: Summary) -> tuple[str, ...]:
        """Effects that are no coefficient of it."""
        if summary.endswith("_ratio"):
            return ()
        return ("the score version is for ratios: for a difference use model: {kind: linear}",)

    def rows(self, rows: GeeRows, people: Vector) -> GeeRows:
        """As they are: people as so many outcomes, a count with its person-time as one."""
        return rows

    def test(self, fit: GeeFit, lift: Lift, vectors: signs.AnyVectors) -> ScoreTest:
        """The test of any log ratio."""
        return ScoreTest(fit, TESTED, lift, vectors)

    def outcomes(self, outcome: OutcomeType, people: Vector) -> float | None:
        """None: CR1 is G / (G - 1) for scores."""
        return None


class Cr1InStatistic(Choice):
    """The plain sandwich with CR1's factor, on which no p-value and no limit depends."""

    kind: Literal["cr1"] = "cr1"

    def lift(self, outcomes: float | None) -> Lift:
        """What scores are multiplied by."""
        return cr1(outcomes)


class Cr3InStatistic(Choice):
    """The sandwich with residuals times (I - H)^-1, the one-step jackknife over clusters."""

    kind: Literal["cr3"] = "cr3"

    def lift(self, outcomes: float | None) -> Lift:
        """What scores are multiplied by."""
        return cr3


class RademacherSigns(Choice):
    """A factor of 1 or -1 for every cluster, equally likely."""

    kind: Literal["rademacher"] = "rademacher"

    @property
    def points(self) -> signs.Points:
        return signs.RADEMACHER

    @property
    def words(self) -> str:
        return "Rademacher signs"


class WebbSigns(Choice):
    """Webb's six points, -/+ the roots of 1/2, 1 and 3/2: more distinct samples from very few clusters."""

    kind: Literal["webb"] = "webb"

    @property
    def points(self) -> signs.Points:
        return signs.WEBB

    @property
    def words(self) -> str:
        return "Webb's six points"


class MammenSigns(Choice):
    """Mammen's two points, (1 - root 5) / 2 and (1 + root 5) / 2, with third moment 1; for draws only."""

    kind: Literal["mammen"] = "mammen"

    @property
    def points(self) -> signs.Points:
        return signs.MAMMEN

    @property
    def words(self) -> str:
        return "Mammen's two points"


class EveryReplicate(Choice):
    """Every vector of factors, up to 1,000,000 of them: 19 clusters with signs, 7 with six points."""

    kind: Literal["exact"] = "exact"

    def vectors(self, points: signs.Points, clusters: int, seed: Seed | None) -> signs.AnyVectors:
        """All of them."""
        return signs.every_vector(points, clusters)


class DrawnReplicates(Choice):
    """Vectors drawn at random, the same for every null value; the observed one counts as one of them."""

    kind: Literal["monte_carlo"] = "monte_carlo"
    draws: int = Field(default=9999, ge=99, le=100_000, description="How many vectors are drawn.")

    def vectors(self, points: signs.Points, clusters: int, seed: Seed | None) -> signs.AnyVectors:
        """So many from the seed's own stream. FitError without a seed."""
        if seed is None:
            raise FitError("factors are drawn and there is no seed", found="none", allowed="a seed")
        return signs.drawn_vectors(points, clusters, self.draws, seed.at("signs").generator())


WildModel = Annotated[LinearModel | ScoreModel, Field(discriminator="kind")]
WildVariance = Annotated[Cr1InStatistic | Cr3InStatistic, Field(discriminator="kind")]
Signs = Annotated[RademacherSigns | WebbSigns | MammenSigns, Field(discriminator="kind")]
Replicates = Annotated[EveryReplicate | DrawnReplicates, Field(discriminator="kind")]

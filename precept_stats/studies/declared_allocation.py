"""What allocations a trial could have had: what its study declares of the randomisation."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from precept_stats.data.declared import Declared


class AsStratified(Declared):
    """Every allocation that keeps the number of clusters in each arm, within strata or pairs where named."""

    kind: Literal["as_stratified"] = "as_stratified"

    @property
    def words(self) -> str:
        """Nothing that strata or pairs do not say."""
        return ""

    def columns(self) -> tuple[tuple[str, str], ...]:
        """None of the analysed table."""
        return ()


class LongLayout(Declared):
    """One row an allocation and cluster: three columns, and perhaps one that marks the allocation used."""

    kind: Literal["long"] = "long"
    allocation: str = Field(default="allocation", description="The column that numbers the allocations.")
    cluster: str | None = Field(default=None, description="The column of clusters, if not named as in study.")
    arm: str | None = Field(default=None, description="The column of arms, if not named as in the study.")
    used: str | None = Field(default=None, description="A column that is 1 in the rows of the one used.")


class WideLayout(Declared):
    """One row an allocation, one column a cluster, named as it is; perhaps one that marks the one used."""

    kind: Literal["wide"] = "wide"
    used: str | None = Field(default=None, description="A column that is 1 in the row of the one used.")


class ListedAllocations(Declared):
    """A saved set of acceptable allocations, each as likely as any other.

    Of a parallel trial the table holds arms: as the estimand names them, unless ``compare`` and
    ``reference`` say how the table writes them. Of a stepped wedge it holds the first period of each
    cluster under the compared arm, or ``never``.
    """

    kind: Literal["listed"] = "listed"
    table: str
    layout: Annotated[LongLayout | WideLayout, Field(discriminator="kind")] = LongLayout()
    compare: str | None = None
    reference: str | None = None

    @property
    def words(self) -> str:
        """The set, in a phrase that a number of allocations can stand before."""
        return f"acceptable allocations listed in table {self.table}"

    def columns(self) -> tuple[tuple[str, str], ...]:
        """None of the analysed table."""
        return ()

    def own_columns(self, cluster: str, arm: str) -> tuple[tuple[str, str], ...]:
        """The columns of the listed table that are named, with the fields that name them."""
        layout = self.layout
        named = [("layout/used", layout.used)]
        if isinstance(layout, LongLayout):
            named = [
                ("layout/allocation", layout.allocation),
                ("layout/cluster", layout.cluster or cluster),
                ("layout/arm", layout.arm or arm),
                *named,
            ]
        return tuple((field, column) for field, column in named if column is not None)


class BalancedCovariate(Declared):
    """A covariate of clusters that the randomisation balanced.

    A category is a 0/1 column for each of its levels but ``baseline`` (the first), each with the weight.
    ``limit`` is the largest difference between the arms that was accepted, in the units of the column (of a
    share for a category).
    """

    column: str
    weight: float = Field(default=1.0, gt=0.0)
    categorical: bool = False
    baseline: str | None = None
    limit: float | None = Field(default=None, ge=0.0)


class SquaredScore(Declared):
    """The sum of squared standardised differences (l2)."""

    kind: Literal["l2"] = "l2"

    @property
    def power(self) -> int:
        return 2


class AbsoluteScore(Declared):
    """The sum of absolute standardised differences (l1)."""

    kind: Literal["l1"] = "l1"

    @property
    def power(self) -> int:
        return 1


Score = Annotated[SquaredScore | AbsoluteScore, Field(discriminator="kind")]


class BestShare(Declared):
    """The best share of all allocations by their score, with all that are tied with the last of them."""

    kind: Literal["best_share"] = "best_share"
    share: float = Field(gt=0.0, le=1.0)
    score: Score = SquaredScore()

    @property
    def words(self) -> str:
        return f"the best {self.share * 100:g} % by the {self.score.kind} score"


class BestNumber(Declared):
    """Exactly so many allocations with the lowest scores, ties being taken in the order of the clusters."""

    kind: Literal["best_number"] = "best_number"
    number: int = Field(ge=2)
    score: Score = SquaredScore()

    @property
    def words(self) -> str:
        return f"the best {self.number:,} by the {self.score.kind} score"


class ScoreAtMost(Declared):
    """All allocations with a score of at most so much."""

    kind: Literal["score_at_most"] = "score_at_most"
    limit: float = Field(ge=0.0)
    score: Score = SquaredScore()

    @property
    def words(self) -> str:
        return f"an {self.score.kind} score of at most {self.limit:g}"


class EachWithinLimit(Declared):
    """All allocations in which no covariate with a ``limit`` differs by more than it."""

    kind: Literal["each_within_limit"] = "each_within_limit"

    @property
    def words(self) -> str:
        return "no covariate differing by more than its limit"


Acceptance = Annotated[
    BestShare | BestNumber | ScoreAtMost | EachWithinLimit,
    Field(discriminator="kind"),
]


class EveryCandidate(Declared):
    """All allocations are candidates, up to 1,000,000 of them."""

    kind: Literal["every"] = "every"


class DrawnCandidates(Declared):
    """Candidates are drawn at random from all allocations, with a seed that belongs to the design."""

    kind: Literal["drawn"] = "drawn"
    draws: int = Field(default=100_000, ge=1000, le=1_000_000)
    seed: int = Field(ge=0)


class ConstrainedAllocations(Declared):
    """The rule of a covariate-constrained randomisation, from which its allocations are found.

    Candidates keep the number of clusters in each arm, within strata where the study names them.
    """

    kind: Literal["constrained"] = "constrained"
    covariates: tuple[BalancedCovariate, ...] = Field(min_length=1)
    accept: Acceptance
    candidates: Annotated[EveryCandidate | DrawnCandidates, Field(discriminator="kind")] = EveryCandidate()

    @model_validator(mode="after")
    def _coherent(self) -> ConstrainedAllocations:
        limited = any(one.limit is not None for one in self.covariates)
        if isinstance(self.accept, EachWithinLimit) != limited:
            raise ValueError("covariates have a `limit` where, and only where, accept is each_within_limit")
        if isinstance(self.accept, BestNumber) and isinstance(self.candidates, DrawnCandidates):
            raise ValueError("best_number is of all candidates: with drawn ones, name best_share")
        names = [one.column for one in self.covariates]
        if len(set(names)) < len(names):
            raise ValueError("a covariate is named more than once")
        return self

    @property
    def words(self) -> str:
        """The set, in a phrase that a number of allocations can stand before."""
        named = ", ".join(one.column for one in self.covariates)
        return f"acceptable allocations (balanced on {named}: {self.accept.words})"

    def columns(self) -> tuple[tuple[str, str], ...]:
        """The covariates, with the fields that name them."""
        return tuple((f"covariates/{place}/column", one.column) for place, one in enumerate(self.covariates))


AnyAllocation = Annotated[
    AsStratified | ListedAllocations | ConstrainedAllocations, Field(discriminator="kind")
]
"""Every way for a parallel trial to declare its allocations."""

WedgeAllocation = Annotated[AsStratified | ListedAllocations, Field(discriminator="kind")]
"""Every way for a stepped wedge to declare them."""

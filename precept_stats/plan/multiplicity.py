"""Families of analyses and how the chance of a false rejection among them is controlled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

from pydantic import Discriminator, Field, StringConstraints, Tag, model_validator

from precept_stats.data.declared import Declared
from precept_stats.inference import multiplicity as adjust
from precept_stats.inference.multiplicity import Graph, Numbers

Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_\-]{0,63}$")]
Part = Annotated[float, Field(ge=0, le=1)]

CONFIRMATORY = "confirmatory"
"""What the family of the field ``family`` is called."""
OF_ALPHA = 1e-9
"""By how much parts of alpha may exceed 1: thirds written as 0.3333333333."""


class _Procedure(Declared):
    """``alpha`` is the family-wise error rate, two-sided; 1 - level unless given."""

    alpha: float | None = Field(default=None, gt=0, lt=0.5)

    title: ClassVar[str]
    holds: ClassVar[str] = (
        "The procedure controls the family-wise error rate under any dependence between the tests."
    )
    intervals: ClassVar[bool] = False
    """Whether simultaneous intervals at one common level belong to the procedure."""

    def graph(self, members: tuple[str, ...]) -> Graph | None:
        """The graph that hands alpha on, where there is one; None elsewhere."""
        return None


class Bonferroni(_Procedure):
    """Every member at alpha over the number of members; the only procedure here with intervals."""

    kind: Literal["bonferroni"] = "bonferroni"
    title: ClassVar[str] = "Bonferroni"
    intervals: ClassVar[bool] = True

    def adjusted(self, members: tuple[str, ...], p_values: Sequence[float]) -> Numbers:
        return adjust.bonferroni(p_values)


class Holm(_Procedure):
    """Bonferroni step by step: the smallest p at alpha/m, the next at alpha/(m-1), until one is above."""

    kind: Literal["holm"] = "holm"
    title: ClassVar[str] = "Holm (1979)"

    def adjusted(self, members: tuple[str, ...], p_values: Sequence[float]) -> Numbers:
        return adjust.holm(p_values)


class Hochberg(_Procedure):
    """Holm's levels from the largest p down; needs independent or positively dependent tests."""

    kind: Literal["hochberg"] = "hochberg"
    title: ClassVar[str] = "Hochberg (1988)"
    holds: ClassVar[str] = (
        "The procedure controls the family-wise error rate for independent and for positively dependent "
        "tests (Simes' inequality), an assumption that the data cannot show."
    )

    def adjusted(self, members: tuple[str, ...], p_values: Sequence[float]) -> Numbers:
        return adjust.hochberg(p_values)


class FixedSequence(_Procedure):
    """Each member at the whole alpha, in the order in which the family names them, until one is above."""

    kind: Literal["fixed_sequence"] = "fixed_sequence"
    title: ClassVar[str] = "fixed sequence, in the order shown"

    def adjusted(self, members: tuple[str, ...], p_values: Sequence[float]) -> Numbers:
        return adjust.fixed_sequence(p_values)


class Graphical(_Procedure):
    """Parts of alpha on the nodes of a graph, handed on along its edges by what is rejected.

    ``weights`` is the part of alpha that each member has at first, adding to at most 1.
    ``transitions`` says, for a member that is rejected, which part of its weight each other member
    inherits, adding to at most 1; what is not named is 0 (Bretz et al. 2009, Stat Med 28:586).
    """

    kind: Literal["graphical"] = "graphical"
    weights: dict[Identifier, Part]
    transitions: dict[Identifier, dict[Identifier, Part]] = Field(default_factory=dict)
    title: ClassVar[str] = "graphical (Bretz et al. 2009)"

    @model_validator(mode="after")
    def _parts_of_alpha(self) -> Graphical:
        total = sum(self.weights.values())
        if total > 1 + OF_ALPHA:
            raise ValueError(f"the weights add to {total:g}; together they are at most 1, the whole of alpha")
        for name, handed in self.transitions.items():
            if handed.get(name):
                raise ValueError(f"{name} hands weight on to itself; a transition leads to another member")
            total = sum(handed.values())
            if total > 1 + OF_ALPHA:
                raise ValueError(f"the transitions of {name} add to {total:g}; it hands on at most 1")
        return self

    def adjusted(self, members: tuple[str, ...], p_values: Sequence[float]) -> Numbers:
        return adjust.graphical(p_values, self.graph(members))

    def graph(self, members: tuple[str, ...]) -> Graph:
        edges = (self.transitions.get(name, {}) for name in members)
        return Graph(
            tuple(self.weights.get(name, 0.0) for name in members),
            tuple(tuple(handed.get(name, 0.0) for name in members) for handed in edges),
        )


def _kind(value: object) -> str | None:
    if isinstance(value, dict):
        kind = value.get("kind")
        return kind if isinstance(kind, str) else None
    return "none" if value == "none" else getattr(value, "kind", None)


AnyProcedure = Annotated[
    Bonferroni | Holm | Hochberg | FixedSequence | Graphical, Field(discriminator="kind")
]
NoneOrProcedure = Annotated[
    Annotated[Literal["none"], Tag("none")]
    | Annotated[Bonferroni, Tag("bonferroni")]
    | Annotated[Holm, Tag("holm")]
    | Annotated[Hochberg, Tag("hochberg")]
    | Annotated[FixedSequence, Tag("fixed_sequence")]
    | Annotated[Graphical, Tag("graphical")],
    Discriminator(_kind),
]


class Family(Declared):
    """Analyses whose hypotheses are tested together, and the procedure that controls their error rate."""

    label: str = ""
    members: tuple[Identifier, ...] = Field(min_length=1)
    procedure: AnyProcedure

    def alpha(self, level: float) -> float:
        """The family-wise error rate, given the confidence level of single intervals."""
        return round(1 - level, 12) if self.procedure.alpha is None else self.procedure.alpha


class Multiplicity(Declared):
    """The confirmatory family and its procedure, further families, and the confidence level (to 0.999)."""

    family: tuple[Identifier, ...]
    procedure: NoneOrProcedure = "none"
    level: float = Field(default=0.95, gt=0.5, le=0.999)
    families: dict[Identifier, Family] = Field(
        default_factory=dict, description="Further families, each controlled at its own alpha."
    )

    @model_validator(mode="after")
    def _own_names(self) -> Multiplicity:
        if CONFIRMATORY in self.families:
            raise ValueError(f"`{CONFIRMATORY}` is the name of the family in the field `family`")
        return self

    def controlled(self) -> dict[str, Family]:
        """Every family that has a procedure, the confirmatory one first."""
        if self.procedure == "none" or not self.family:
            return dict(self.families)
        first = Family(members=self.family, procedure=self.procedure)
        return {CONFIRMATORY: first, **self.families}

    def simultaneous_level(self, analysis: str) -> tuple[str, float] | None:
        """The family of an analysis and the level of its simultaneous interval, where it has one."""
        for name, family in self.controlled().items():
            if family.procedure.intervals and analysis in family.members:
                return name, 1 - family.alpha(self.level) / len(family.members)
        return None

"""The terms of a model as values: what multiplies what, and which effects vary between groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

Transform = Literal["log", "sqrt", "center", "scale"]
TRANSFORMS: tuple[Transform, ...] = get_args(Transform)


@dataclass(frozen=True, slots=True)
class Factor:
    """A column as it enters a model: as it is, or under one named transform."""

    column: str
    transform: Transform | None = None

    def __str__(self) -> str:
        return f"{self.transform}({self.column})" if self.transform else self.column


@dataclass(frozen=True, slots=True)
class Term:
    """Factors that are multiplied; without a factor, the intercept."""

    factors: tuple[Factor, ...] = ()

    def __str__(self) -> str:
        return ":".join(map(str, self.factors)) or "1"

    @property
    def order(self) -> int:
        """How many factors are multiplied: 0 for the intercept, 2 for ``a:b``."""
        return len(self.factors)

    def words(self) -> str:
        if self.order == 0:
            return "an intercept"
        names = listed([str(factor) for factor in self.factors])
        return names if self.order == 1 else f"the interaction of {names}"


INTERCEPT = Term()


@dataclass(frozen=True, slots=True)
class RandomTerm:
    """Effects that vary between groups; several columns in ``group`` make each combination a group.

    ``correlated`` says whether the effects of one group may be correlated. A single effect has
    nothing to be correlated with, and is read as ``correlated`` however it was written.
    """

    effects: tuple[Term, ...]
    group: tuple[str, ...]
    correlated: bool = True

    def __str__(self) -> str:
        return f"({sum_text(self.effects)} {'|' if self.correlated else '||'} {':'.join(self.group)})"

    def words(self) -> str:
        effects = listed([f"an effect of {e}" if e.order else e.words() for e in self.effects])
        group = self.group[0] if len(self.group) == 1 else f"combination of {listed(self.group)}"
        tie = ", correlated" if self.correlated else ", uncorrelated"
        return f"{effects} for each {group}{tie if len(self.effects) > 1 else ''}"


def sum_text(terms: Sequence[Term]) -> str:
    """The terms as a formula writes them, the intercept given or removed in so many signs."""
    kept = [str(term) for term in terms]
    return " + ".join(kept if INTERCEPT in terms else ["0", *kept])


def listed(names: Sequence[str]) -> str:
    """Names as a sentence lists them: ``a, b and c``."""
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)

"""From the elements of a bundle to its composite, and what each element was by arm."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from precept_stats.studies.composite import AnyComposite
from precept_stats.studies.flow import Bools, Selection
from precept_stats.studies.outcome_coding import CodedOutcome, code_outcome
from precept_stats.studies.question import Outcome, Question
from precept_stats.values import Row


def code_question(frame: pd.DataFrame, question: Question, where: str) -> CodedOutcome:
    """Code the outcome of a question for every row, from its elements where it is a composite.

    Raises DataError as ``code_outcome`` does.
    """
    composite = question.outcome.composite
    if composite is None:
        return code_outcome(frame, question.outcome, where)
    parts = [code_outcome(frame, element, where) for _, element in question.elements]
    return combined(composite, parts)


def combined(composite: AnyComposite, parts: list[CodedOutcome]) -> CodedOutcome:
    """The composite of coded elements, one entry a row."""
    y, missing, excluded = (
        np.column_stack([getattr(part, name) for part in parts]) for name in ("y", "missing", "excluded")
    )
    applies = ~(excluded | missing) if composite.missing_leaves else ~excluded
    none_applies = excluded.all(axis=1)
    lost = missing.any(axis=1) if composite.missing_loses_person else ~applies.any(axis=1) & ~none_applies
    used = ~lost & ~none_applies
    given = np.where(applies, y, 0.0).sum(axis=1)
    events, size = composite.scored(given, applies.sum(axis=1).astype(np.float64))
    return CodedOutcome(
        y=np.where(used, events, 0.0),
        size=np.where(used, size, 0.0),
        missing=lost,
        excluded=none_applies,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Counted:
    """One line of the table of a bundle: an element, or the composite itself."""

    variable: str
    outcome: Outcome
    coded: CodedOutcome

    def rows(self, arm: str, mine: Bools) -> Iterator[Row]:
        """Given, of how many, not recorded and not applicable in one arm."""
        known = mine & ~self.coded.missing & ~self.coded.excluded
        given, size = float(self.coded.y[known].sum()), float(self.coded.size[known].sum())
        unit, label = "individuals", "Individuals"
        if self.outcome.counts_opportunities:
            yield self._row(arm, ("n_individuals", "Individuals", int(known.sum()), "individuals"))
            unit, label = "opportunities", "Opportunities"
        yield self._row(arm, ("n", "Given", round(given), "events"))
        yield self._row(arm, ("N", label, round(size), unit))
        if size > 0:
            yield self._row(arm, ("p", "Proportion", given / size, "proportion"))
        for name, words, left in (
            ("n_missing", "Not recorded", self.coded.missing),
            ("n_excluded", "Not applicable", self.coded.excluded),
        ):
            yield self._row(arm, (name, words, int((mine & left).sum()), "individuals"))

    def _row(self, arm: str, stat: tuple[str, str, float, str]) -> Row:
        name, label, value, unit = stat
        return Row(
            analysis="",
            context="composite",
            stat_name=name,
            stat=value,
            stat_label=label,
            unit=unit,
            groups=(("arm", arm),),
            variable=self.variable,
            term=self.outcome.name,
        )


def composite_rows(
    frame: pd.DataFrame, question: Question, concerned: Selection, coded: CodedOutcome
) -> tuple[Row, ...]:
    """Each element and the composite by arm, of the rows that the outcome may concern.

    ``coded`` is the composite for every row of ``frame``. Empty for an outcome that is no composite.
    """
    if question.outcome.composite is None:
        return ()
    kept, roster = concerned.kept, concerned.roster
    lines = [
        _Counted(name, element, code_outcome(frame[kept], element, "the elements of the composite"))
        for name, element in question.elements
    ]
    whole = CodedOutcome(coded.y[kept], coded.size[kept], coded.missing[kept], coded.excluded[kept])
    lines.append(_Counted(question.outcome.column, question.outcome, whole))
    return tuple(
        row
        for line in lines
        for number, arm in enumerate(roster.arm_names)
        for row in line.rows(arm, roster.arm[kept] == number)
    )

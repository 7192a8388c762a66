"""The columns and rows of a model for missing outcomes: read, coded, and no row lost for a gap."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from precept_stats.errors import DataError
from precept_stats.studies.covariates import Column, is_missing, read_column
from precept_stats.studies.flow import Bools
from precept_stats.studies.incomplete import Incomplete
from precept_stats.studies.labels import Labels
from precept_stats.studies.outcome_coding import CodedOutcome
from precept_stats.studies.question import Question
from precept_stats.studies.row_columns import frozen
from precept_stats.studies.steps import Trial
from precept_stats.studies.trial_design import Analysed, build_design

NOT_RECORDED = "not recorded"


@dataclass(frozen=True, slots=True, eq=False)
class Auxiliary:
    """Auxiliary columns without a gap, and a sentence for each that had some."""

    columns: dict[str, Column]
    warnings: tuple[str, ...]


def unanswered_kept(coded: CodedOutcome) -> CodedOutcome:
    """The coded outcome with unanswered rows as rows of one person whose outcome is NaN."""
    return replace(
        coded,
        y=np.where(coded.missing, np.nan, coded.y),
        size=np.where(coded.missing, 1.0, coded.size),
    )


def read_auxiliary(names: tuple[str, ...], trial: Trial, rows: Bools) -> Auxiliary:
    """The auxiliary columns of ``rows``: no row leaves for a gap in one.

    A gap in a category is a level of its own; a gap in a number is the mean of the others, with a
    column beside that says so. Raises DataError for a column without any value.
    """
    columns: dict[str, Column] = {}
    warnings = []
    for name in names:
        where = trial.gathered.where(name)
        column = read_column(trial.frame.loc[rows, name], trial.gathered.fields.get(name), where)
        gap = is_missing(column)
        if gap.all():
            raise DataError(
                "an auxiliary column has no value in any row",
                found=f"{len(gap)} rows, all of them without {name!r}",
                allowed="a column with values; or leave it out of `auxiliary`",
                where=where,
            )
        columns |= _without_gaps(name, column, gap)
        if gap.any():
            warnings.append(
                f"auxiliary column {name}: {int(gap.sum())} of {len(gap)} rows have no value; not being "
                "recorded counts as a value of its own in the model for missing outcomes"
            )
    return Auxiliary(columns, tuple(warnings))


def _without_gaps(name: str, column: Column, gap: Bools) -> dict[str, Column]:
    if not gap.any():
        return {name: column}
    if isinstance(column, Labels):
        codes = np.where(gap, len(column.names), column.codes).astype(np.intp)
        return {name: Labels(codes, (*column.names, NOT_RECORDED))}
    filled = np.where(gap, column[~gap].mean(), column)
    return {name: filled, f"{name} {NOT_RECORDED}": gap.astype(np.float64)}


def incomplete_trial(question: Question, analysed: Analysed, auxiliary: Auxiliary) -> Incomplete:
    """The rows of ``analysed`` as one design, whose outcomes are those of ``unanswered_kept``."""
    both = {**analysed.covariates, **auxiliary.columns}
    design = build_design(question, replace(analysed, covariates=both))
    count = len(analysed.covariates)
    return Incomplete(
        design=replace(design, covariates=design.covariates[:count]),
        answered=frozen(~np.isnan(design.y)),
        auxiliary=design.covariates[count:],
    )

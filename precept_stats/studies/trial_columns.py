"""What every cluster trial names: the columns that hold its clusters, arms and covariates."""

from __future__ import annotations

from collections.abc import Iterable

from precept_stats.data.declared import Declared


class TrialColumns(Declared):
    """The columns of a cluster trial, rows being participants or counts with denominators.

    ``strata`` are the columns that stratified the randomisation. ``adjust`` are covariates,
    individual or cluster level (found from the data: constant within every cluster is cluster
    level). ``characteristics`` are the columns of Table 1. ``groups`` are further groupings of the
    rows (region, surgeon; ``school:class`` for each combination of two columns) that a mixed model may
    give random effects. ``weights`` holds inverse relative residual variances, above 0: a row that is
    the mean of 50 people has 50 times the weight of one person. ``offset`` is added to the linear
    predictor with the coefficient 1.
    """

    kind: str
    cluster: str
    arm: str
    strata: tuple[str, ...] = ()
    adjust: tuple[str, ...] = ()
    characteristics: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    weights: str | None = None
    offset: str | None = None

    def named(self) -> tuple[tuple[str, str], ...]:
        """Every column that the study names, with the field that names it (``adjust/0``)."""
        one = [("cluster", self.cluster), ("arm", self.arm), *self.time_columns()]
        one += [(field, column) for field, column in self._optional() if column is not None]
        lists = {
            "strata": self.strata,
            "adjust": self.adjust,
            "characteristics": self.characteristics,
            "groups": self.groups,
        }
        for field, columns in lists.items():
            one += [
                (f"{field}/{number}", part)
                for number, column in enumerate(columns)
                for part in (columns_of(column) if field == "groups" else (column,))
            ]
        return tuple(one)

    def _optional(self) -> tuple[tuple[str, str | None], ...]:
        return (("weights", self.weights), ("offset", self.offset))

    def time_columns(self) -> tuple[tuple[str, str], ...]:
        """The columns that say when a row was, with the fields that name them."""
        return ()


def columns_of(group: str) -> tuple[str, ...]:
    """The columns of a grouping: ``school:class`` is each combination of the two."""
    return tuple(group.split(":"))


def own_columns(study: TrialColumns, others: Iterable[str | None] = ()) -> tuple[str, ...]:
    """Columns in ``adjust`` that have another part in the study: the cluster, the arm, ``others``."""
    return tuple(sorted({study.cluster, study.arm, *filter(None, others)} & set(study.adjust)))

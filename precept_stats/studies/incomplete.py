"""Every row that the outcome concerns, answered or not: what a model for missing outcomes is given."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from precept_stats.studies.cluster_trial_design import ClusterTrialDesign, Covariate, Floats
from precept_stats.studies.flow import Bools
from precept_stats.studies.row_columns import frozen


@dataclass(frozen=True, slots=True, eq=False)
class Incomplete:
    """The rows of a trial with every covariate known, whether or not their outcome is.

    ``design`` has all of them: the outcome of an unanswered row is NaN and its size 1, so the design is
    for filling in, never for fitting as it is. ``answered`` (N,) says which outcomes were recorded;
    ``auxiliary`` are the columns that only a model for missing outcomes uses, coded like covariates.
    """

    design: ClusterTrialDesign
    answered: Bools
    auxiliary: tuple[Covariate, ...] = ()

    @property
    def n_missing(self) -> int:
        return int((~self.answered).sum())

    @property
    def silent_clusters(self) -> tuple[str, ...]:
        """The clusters without any answered row."""
        answers = np.bincount(self.design.row_cluster[self.answered], minlength=self.design.n_clusters)
        return tuple(self.design.clusters[k] for k in np.flatnonzero(answers == 0))

    def filled(self, values: Floats) -> ClusterTrialDesign:
        """The design with ``values`` as the outcomes of the unanswered rows, in their order."""
        y = self.design.y.copy()
        y[~self.answered] = values
        return replace(self.design, y=frozen(y))

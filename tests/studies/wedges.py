"""Synthetic stepped wedges, and short ways to ask about them. Other tests use these too."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from precept_stats.data.selection import Population
from precept_stats.studies.period_design import PeriodDesign
from precept_stats.studies.period_tables import prepare_wedge
from precept_stats.studies.prepared_periods import PreparedPeriods
from precept_stats.studies.question import Estimand, Outcome, OutcomeType, Question, Summary
from precept_stats.studies.stepped_wedge import SteppedWedge

SUMMARY: dict[OutcomeType, Summary] = {
    "binary": "risk_difference",
    "continuous": "mean_difference",
    "count": "rate_ratio",
}
WEDGE = SteppedWedge(cluster="site", period="period", arm="arm")


@dataclass(frozen=True)
class Given:
    """A table as a study is given one."""

    name: str
    frame: pd.DataFrame
    schema: None = None


@dataclass(frozen=True)
class Wedge:
    """The truth that a synthetic stepped wedge is drawn from; outcomes are continuous or binary."""

    clusters: int = 9
    periods: int = 4
    people: int = 12
    never: int = 0
    effect: float = 0.5
    sd_cluster: float = 0.4
    sd_cell: float = 0.2
    binary: bool = False

    def frame(self, seed: int = 1) -> pd.DataFrame:
        """One row a person: site, period, arm (control, treated), x (individual), size (cluster), y."""
        draw = np.random.default_rng(seed)
        steps = self.periods - 1
        rows = []
        for k in range(self.clusters):
            switch = self.periods if k >= self.clusters - self.never else 1 + k % steps
            level, size = draw.normal(0, self.sd_cluster), draw.choice(["small", "large"])
            for t in range(self.periods):
                here = level + draw.normal(0, self.sd_cell) + 0.1 * t
                for _ in range(self.people + int(draw.integers(-3, 4))):
                    x = draw.normal()
                    line = here + self.effect * (t >= switch) + 0.3 * x
                    y = (
                        float(draw.random() < 1 / (1 + np.exp(-line)))
                        if self.binary
                        else line + draw.normal()
                    )
                    arm = "treated" if t >= switch else "control"
                    rows.append((f"S{k + 1}", t + 1, arm, x, size, y))
        return pd.DataFrame(rows, columns=["site", "period", "arm", "x", "size", "y"])


def ask_wedge(
    outcome: Outcome | None = None, compare: str = "treated", reference: str = "control"
) -> Question:
    """The question put to a wedge: all rows of table ``rows``, column ``y``."""
    outcome = outcome or Outcome(column="y", type="continuous", direction="higher_better")
    estimand = Estimand(
        population="all",
        outcome="y",
        compare=compare,
        reference=reference,
        summary=SUMMARY[outcome.type],
        effect="marginal",
        target="participant_average",
        intercurrent_events=(),
    )
    return Question("primary", estimand, Population(of="rows"), outcome)


def prepared_wedge(
    frame: pd.DataFrame, study: SteppedWedge = WEDGE, question: Question | None = None
) -> PreparedPeriods:
    """A wedge from its table to what methods and reports are given."""
    return prepare_wedge(study, {"rows": Given("rows", frame)}, question or ask_wedge())


def wedge_design(wedge: Wedge | None = None, seed: int = 1, study: SteppedWedge = WEDGE) -> PeriodDesign:
    """The design of a synthetic stepped wedge."""
    wedge = wedge or Wedge()
    kind: OutcomeType = "binary" if wedge.binary else "continuous"
    outcome = Outcome(column="y", type=kind, direction="higher_better")
    return prepared_wedge(wedge.frame(seed), study, ask_wedge(outcome)).design

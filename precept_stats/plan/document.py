"""The plan: a document of typed, frozen values. It is data; nothing in it is ever executed."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from precept_stats.data.declared import Declared
from precept_stats.data.policies import PolicyName
from precept_stats.data.selection import Population
from precept_stats.methods import PlannedMethod
from precept_stats.methods.settings_missing import COMPLETE_CASE, MissingOutcomes
from precept_stats.plan.correlations import Correlation
from precept_stats.plan.disparities import PlannedDisparity
from precept_stats.plan.multiplicity import Identifier, Multiplicity
from precept_stats.studies import AnyStudy, PlannedStudy, trial_of
from precept_stats.studies.question import Estimand, Outcome, Question
from precept_stats.studies.region_design import AreaQuestion
from precept_stats.values import Purpose

Version = Annotated[str, StringConstraints(pattern=r"^\d+\.\d+\.\d+$")]

DataState = Literal[
    "before_recruitment", "collecting_blinded", "locked_blinded", "unblinded", "results_seen", "no_data_yet"
]
Reason = Literal[
    "specified_in_protocol", "specified_in_sap", "data_driven", "requested_by_reviewer", "reanalysis"
]
"""Why an analysis is in the plan; ``reanalysis``: planned after the trial's results were published."""


class Prespecification(Declared):
    """What had been seen of the data when this version of the plan was written."""

    data_state: DataState
    statement: str
    registration: str = ""


class DataSource(Declared):
    """One table: its schema and, where the plan brings it, its file.

    ``file`` is relative to the plan's folder, or to the folder named by the environment variable
    in ``folder``. A table without a file is given at run time (``--data NAME=FILE``).
    ``schema_sha256`` pins the schema: another one of that name is refused. A plan that is locked needs it.
    """

    schema_id: Identifier = Field(alias="schema")
    schema_sha256: str = Field(default="", pattern=r"^([0-9a-f]{64})?$")
    file: str | None = None
    folder: Literal["plan", "PRECEPT_DATA"] = "plan"
    source: str = Field(default="", description="Where the publisher offers the data, and its terms.")


class Fallback(Declared):
    """What stands in when an analysis gives no number: another analysis of the same plan."""

    condition: Literal["not_estimable"] = Field(alias="if")
    use: Identifier


class KnownTruth(Declared):
    """What is exactly true of synthetic data, in the units of the effect, and where that is known from.

    ``expected`` is what the analysis would give of the true course, without noise: its distance from the
    truth is what the method itself adds or takes away.
    """

    value: float
    source: str = Field(min_length=1)
    expected: float | None = None


class Analysis(Declared):
    """One answer to one estimand: a study, a method, and why it is here.

    With ``influence`` the effect is also estimated without each cluster in turn. ``missing_outcomes`` says
    what is assumed of outcomes that are missing, and what becomes of them. ``compared_with`` names
    another analysis, whose predictions of left-out clusters those of this one are compared with.
    """

    label: str = ""
    purpose: Purpose
    reason: Reason
    estimand: Identifier
    study: PlannedStudy
    method: PlannedMethod
    on_failure: tuple[Fallback, ...] = ()
    influence: Literal["none", "leave_one_cluster_out"] = "none"
    missing_outcomes: MissingOutcomes = COMPLETE_CASE
    compared_with: Identifier | None = None
    known_truth: KnownTruth | None = None

    @property
    def trial(self) -> AnyStudy | None:
        """The study where it is a trial; None over time."""
        return trial_of(self.study)


class Disclosure(Declared):
    """The policy for small numbers that stands between results and everything shown."""

    policy: PolicyName


Output = Literal["flow", "baseline", "results", "forest", "clusters", "data_quality"]
ALL_OUTPUTS: tuple[Output, ...] = ("flow", "baseline", "results", "forest", "clusters", "data_quality")


class Plan(Declared):
    """A whole analysis plan, after ``based_on`` has been expanded.

    One of design ``regional_disparity`` has ``disparities``, and no estimands and analyses.
    """

    precept_plan: Literal["1"]
    id: Identifier
    version: Version
    title: str
    design: Literal[
        "parallel_cluster_trial", "stepped_wedge", "regional_disparity", "before_after", "interrupted_series"
    ]
    summary: str = ""
    prespecification: Prespecification
    data: dict[Identifier, DataSource]
    populations: dict[Identifier, Population]
    outcomes: dict[Identifier, Outcome]
    estimands: dict[Identifier, Estimand] = Field(default_factory=dict)
    analyses: dict[Identifier, Analysis] = Field(default_factory=dict)
    correlations: dict[Identifier, Correlation] = Field(default_factory=dict)
    disparities: dict[Identifier, PlannedDisparity] = Field(default_factory=dict)
    multiplicity: Multiplicity
    disclosure: Disclosure
    outputs: tuple[Output, ...] = ALL_OUTPUTS
    seed: int | None = Field(default=None, ge=0)

    def question(self, analysis: str) -> Question:
        """The estimand of an analysis with its population and outcome resolved."""
        return self.question_of(self.analyses[analysis].estimand)

    def question_of(self, estimand_id: str) -> Question:
        """An estimand with its population and outcome resolved."""
        estimand = self.estimands[estimand_id]
        population, outcome = self.populations[estimand.population], self.outcomes[estimand.outcome]
        if outcome.composite is None:
            return Question(estimand_id, estimand, population, outcome)
        named = outcome.model_copy(update={"column": estimand.outcome})
        elements = tuple((name, self.outcomes[name]) for name in outcome.composite.elements)
        return Question(estimand_id, estimand, population, named, elements)

    def area_question(self, disparity: str) -> AreaQuestion:
        """The population and the outcome of a disparity."""
        declared = self.disparities[disparity]
        return AreaQuestion(self.populations[declared.population], self.outcomes[declared.outcome])

    @property
    def over_time(self) -> bool:
        """Whether a programme or an interrupted series is followed, and no arms are compared."""
        return self.design in ("before_after", "interrupted_series")

    @property
    def of_areas(self) -> bool:
        """Whether areas are compared, and no arms."""
        return self.design == "regional_disparity"

    def is_first_of_composite(self, analysis: str) -> bool:
        """Whether an analysis is the first about a composite outcome, and so tells of its elements."""
        about = {name: self.estimands[each.estimand].outcome for name, each in self.analyses.items()}
        first = next(name for name, outcome in about.items() if outcome == about[analysis])
        return first == analysis and self.outcomes[about[analysis]].composite is not None

    @property
    def primary(self) -> str:
        """The id of the primary analysis (the first one, should a plan have several)."""
        return next(name for name, analysis in self.analyses.items() if analysis.purpose == "primary")

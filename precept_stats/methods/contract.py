"""What every method is: a frozen value with five answers and no presentation.

A method's fields are its settings. Its class docstring has the fixed headings *Estimates,
Model, Assumes, Small samples, Not for, Source*, and is the methods paragraph of the report.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol, cast, runtime_checkable

from precept_stats.inference.fit import Fit
from precept_stats.inference.quantities import Quantity
from precept_stats.inference.seeds import Seed
from precept_stats.methods.settings_random import EffectOverTime
from precept_stats.studies import AnyStudy, PlannedStudy, trial_of
from precept_stats.studies.cluster_trial import ClusterTrial
from precept_stats.studies.design import AnyDesign
from precept_stats.studies.question import Estimand, IntercurrentEvent, Question

TREATMENT_POLICY = "treatment_policy"
"""The strategy of comparing as randomised, whatever happened."""


@dataclass(frozen=True, slots=True)
class MethodWords:
    """How a method will answer, in words and in mathematics, for ``precept explain``.

    ``estimator`` is one short phrase for tables; ``equation`` the model in plain text;
    ``df_rule`` the reference distribution; ``defaults`` every setting that can change a number,
    as (name, value used, meaning).
    """

    estimator: str
    equation: str
    df_rule: str
    defaults: tuple[tuple[str, str, str], ...]


@runtime_checkable
class OverTime(Protocol):
    """A method whose effect may change with the time since the switch."""

    @property
    def effect_over_time(self) -> EffectOverTime: ...


@runtime_checkable
class OfStrategies(Protocol):
    """A method that computes other ``strategies`` for intercurrent events than treatment policy alone."""

    @property
    def strategies(self) -> frozenset[str]: ...


class Method(Protocol):
    """The contract between a method and the rest of the library.

    ``accepts`` are the studies it is made for. ``uses`` says which of ``groups``, ``weights``, ``offset``,
    ``received`` and ``subgroup`` it can take account of; a study that names another is refused rather than
    ignored.
    """

    accepts: ClassVar[tuple[type, ...]]
    uses: ClassVar[frozenset[str]] = frozenset()

    @property
    def kind(self) -> str: ...

    def objections(self, study: AnyStudy, question: Question) -> tuple[str, ...]:
        """Why this method cannot answer this question at all; empty when it can. No data needed."""
        ...

    def estimand_gap(self, study: AnyStudy, question: Question) -> str:
        """How what is estimated can differ from the declared estimand; empty when consistent."""
        ...

    def words(self, study: AnyStudy, question: Question) -> MethodWords: ...

    @property
    def needs_seed(self) -> bool:
        """Whether it draws random numbers, so that a plan must name a seed."""
        ...

    def fit(self, design: AnyDesign, seed: Seed | None = None) -> Fit:
        """Estimate. Raises FitError, with what was found and what is needed, when it cannot.

        ``seed`` is the analysis' own; a method that draws nothing leaves it alone.
        """
        ...

    def targets(self, design: AnyDesign) -> tuple[Quantity, ...]:
        """What to ask of the fit: the effect sought first, then one mean an arm."""
        ...


def as_method(planned: object) -> Method:
    """The method as the rest of the library asks it, over time or of a trial.

    It is asked only about studies that it ``accepts``, which a rule of the plan and the runner make sure of.
    """
    return cast(Method, planned)


def objections_to(planned: object, study: PlannedStudy, question: Question) -> tuple[str, ...]:
    """Why a method cannot answer a question of a study that it accepts."""
    return as_method(planned).objections(cast(AnyStudy, study), question)


def gap_of(planned: object, study: PlannedStudy, question: Question) -> str:
    """How what a method estimates can differ from the declared estimand."""
    return as_method(planned).estimand_gap(cast(AnyStudy, study), question)


def words_of(planned: object, study: PlannedStudy, question: Question) -> MethodWords:
    """How a method will answer."""
    return as_method(planned).words(cast(AnyStudy, study), question)


def unused(uses: frozenset[str], planned: PlannedStudy) -> tuple[str, ...]:
    """Which of these columns a trial names beyond those that a method ``uses``."""
    study = trial_of(planned)
    if study is None:
        return ()
    named = {"groups": bool(study.groups), "weights": study.weights, "offset": study.offset}
    if isinstance(study, ClusterTrial):
        named |= {"received": study.received, "subgroup": study.subgroup}
    return tuple(name for name, given in named.items() if given and name not in uses)


def strategies_of(method: object) -> frozenset[str]:
    """The strategies for intercurrent events that a method computes: of most, treatment policy alone."""
    return method.strategies if isinstance(method, OfStrategies) else frozenset({TREATMENT_POLICY})


def not_computed(method: object, estimand: Estimand) -> tuple[IntercurrentEvent, ...]:
    """The intercurrent events with a strategy that the method does not compute."""
    computed = strategies_of(method)
    return tuple(event for event in estimand.intercurrent_events if event.strategy not in computed)


def departures(planned: object, study: PlannedStudy, question: Question) -> str:
    """Why the answer of a method may differ from the question; empty when it need not."""
    events = ", ".join(event.event.replace("_", " ") for event in not_computed(planned, question.estimand))
    policy = f"what is computed is treatment policy, not the strategy declared for {events}"
    return "; ".join(filter(None, [gap_of(planned, study, question), policy if events else ""]))

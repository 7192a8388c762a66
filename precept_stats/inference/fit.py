"""What every method's ``fit`` returns."""

from __future__ import annotations

from dataclasses import dataclass

from precept_stats.inference.curve import Beside, CurvePoint, EventPoint
from precept_stats.inference.first_stage import FirstStage
from precept_stats.inference.posterior_answers import PosteriorAnswers
from precept_stats.inference.quantities import Quantity
from precept_stats.inference.uncertainty import Uncertainty
from precept_stats.values import Context, Status


@dataclass(frozen=True, slots=True)
class Fact:
    """A number or word about a fit that the report should show; becomes one row.

    ``unit`` is ``individuals`` or ``events`` for counts of people (the disclosure gate looks for
    these two), ``clusters`` for counts of clusters, else the statistic's own unit.
    """

    name: str
    label: str
    stat: float | int | str
    unit: str = ""
    groups: tuple[tuple[str, str], ...] = ()
    context: Context = "fit"


@dataclass(frozen=True, slots=True, eq=False)
class BySubgroup:
    """The effect within each level of a subgroup, and how every later level differs from the first."""

    effects: tuple[tuple[str, Quantity], ...]
    interactions: tuple[Quantity, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """A fitted model: its uncertainty, how the fit went, and what it used.

    ``status`` stands beside every number made from the fit, with ``evidence`` for it.
    ``settings`` are all choices that can change a number, as used (defaults included). ``further`` are
    quantities beside the effect and the means that the fit can give with an interval (correlations,
    variances, the effect at each exposure time). ``averages`` are the effect over clusters and over
    participants and how the two compare, by name, where a method gives both. ``subgroups`` are the effects by
    subgroup, where the study names one. ``first_stage`` is that of an instrument,
    ``posterior`` what draws tell beside the effect. Of a series ``changes`` are further changes at its
    interruptions, ``curve`` what was fitted and the counterfactual period by period; ``beside`` is the effect
    under other inference from the same fit, ``events`` the effect by time since each unit's own start.
    """

    uncertainty: Uncertainty
    status: Status = "ok"
    evidence: tuple[tuple[str, float | str], ...] = ()
    warnings: tuple[str, ...] = ()
    facts: tuple[Fact, ...] = ()
    settings: tuple[tuple[str, str], ...] = ()
    further: tuple[Quantity, ...] = ()
    averages: tuple[tuple[str, Quantity], ...] = ()
    subgroups: BySubgroup | None = None
    first_stage: FirstStage | None = None
    posterior: PosteriorAnswers | None = None
    changes: tuple[Quantity, ...] = ()
    curve: tuple[CurvePoint, ...] = ()
    beside: tuple[Beside, ...] = ()
    events: tuple[EventPoint, ...] = ()

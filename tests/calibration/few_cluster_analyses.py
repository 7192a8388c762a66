"""The analyses whose type I error and coverage with few clusters are recorded.

Another analysis is added at the end: what was recorded of the others stands, and the study goes on with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from precept_stats.methods import (
    AnyMethod,
    ClusterRegression,
    ClusterSummaries,
    Gee,
    GeneralisedLinearMixed,
    LinearMixed,
    RandomisationTest,
    WildClusterBootstrap,
)
from precept_stats.studies.question import Effect, Summary

Asked = tuple[Summary, Effect]
Average = Literal["cluster", "participant", "neither"]
RISK: Asked = ("risk_difference", "marginal")
ODDS: Asked = ("odds_ratio", "marginal")
ODDS_IN_CLUSTER: Asked = ("odds_ratio", "conditional")
FEW = 12
"""Up to so many clusters every allocation and every vector of signs is enumerated; above they are drawn."""
DRAWS = 999


@dataclass(frozen=True)
class Analysis:
    """One fit and what is asked of it: a variant for each measure.

    ``average`` is what it estimates where the effect depends on cluster size. ``drawn`` takes the place of
    ``method`` above ``enumerated`` clusters. ``dear`` analyses are run last.
    """

    name: str
    method: AnyMethod
    average: Average
    asked: tuple[Asked, ...] = (RISK,)
    drawn: AnyMethod | None = None
    enumerated: int = FEW
    dear: bool = False

    @property
    def variants(self) -> tuple[str, ...]:
        return tuple(self.name if asked == RISK else f"{self.name}, odds ratio" for asked in self.asked)

    def of(self, clusters: int) -> AnyMethod:
        """The method for a trial with so many clusters."""
        return self.method if self.drawn is None or clusters <= self.enumerated else self.drawn


def _kinds(choices: dict[str, str]) -> dict[str, dict[str, str]]:
    return {field: {"kind": kind} for field, kind in choices.items()}


def _average(choices: dict[str, str]) -> Average:
    """Of analyses by cluster summaries."""
    return "participant" if choices.get("weights") == "size" else "cluster"


def _summaries(name: str, **choices: str) -> Analysis:
    method = ClusterSummaries.model_validate(_kinds(choices))
    return Analysis(f"cluster summaries, {name}", method, _average(choices))


def _regression(name: str, **choices: str) -> Analysis:
    method = ClusterRegression.model_validate(_kinds(choices))
    return Analysis(f"cluster regression, {name}", method, _average(choices))


def _gee(name: str, asked: tuple[Asked, ...] = (RISK,), **choices: str) -> Analysis:
    average: Average = "neither" if "correlation" in choices else "participant"
    return Analysis(f"GEE, {name}", Gee.model_validate(_kinds(choices)), average, asked)


def _linear(name: str, rule: str) -> Analysis:
    method = LinearMixed.model_validate(_kinds({"df": rule}))
    return Analysis(f"linear mixed, {name}", method, "neither")


def _logistic(name: str, approximation: str, rule: str) -> Analysis:
    method = GeneralisedLinearMixed.model_validate(_kinds({"approximation": approximation, "df": rule}))
    return Analysis(f"logistic mixed, {name}", method, "neither", (RISK, ODDS_IN_CLUSTER), dear=True)


def _randomisation(name: str, **choices: str) -> Analysis:
    settings: dict[str, object] = dict(_kinds(choices))
    drawn = {**settings, "allocations": {"kind": "monte_carlo", "draws": DRAWS}}
    return Analysis(
        f"randomisation test, {name}",
        RandomisationTest.model_validate(settings),
        _average(choices),
        drawn=RandomisationTest.model_validate(drawn),
    )


def _wild(name: str, enumerated: int, **choices: str) -> Analysis:
    settings: dict[str, object] = dict(_kinds(choices))
    drawn = {**settings, "replicates": {"kind": "monte_carlo", "draws": DRAWS}}
    return Analysis(
        f"wild cluster bootstrap, {name}",
        WildClusterBootstrap.model_validate(settings),
        "participant",
        drawn=WildClusterBootstrap.model_validate(drawn),
        enumerated=enumerated,
    )


CR2 = {"variance": "cr2", "df": "satterthwaite"}
EXCHANGEABLE = {"correlation": "exchangeable"}
ANALYSES = (
    _summaries("equal weights, t"),
    _summaries("size weights, t", weights="size"),
    _regression("size weights, CR2 and Satterthwaite", weights="size", **CR2),
    _gee("independence, Liang-Zeger and normal", variance="liang_zeger", df="normal"),
    _gee("independence, Liang-Zeger and t", variance="liang_zeger"),
    _gee("independence, Kauermann-Carroll and t", (RISK, ODDS), variance="kauermann_carroll"),
    _gee("independence, Mancl-DeRouen and t", variance="mancl_derouen"),
    _gee("independence, Fay-Graubard and t", variance="fay_graubard"),
    _gee("independence, Morel-Bokossa-Neerchal and t", variance="morel_bokossa_neerchal"),
    _gee("independence, CR2 and Satterthwaite", **CR2),
    _gee("exchangeable, Kauermann-Carroll and t", variance="kauermann_carroll", **EXCHANGEABLE),
    _gee("exchangeable, Mancl-DeRouen and t", variance="mancl_derouen", **EXCHANGEABLE),
    _linear("Kenward-Roger", "kenward_roger"),
    _linear("Satterthwaite", "satterthwaite"),
    _linear("between-within", "between_within"),
    _randomisation("difference"),
    _randomisation("difference, size weights", weights="size"),
    _randomisation("studentised", statistic="studentised"),
    _logistic("RSPL and Kenward-Roger", "pseudo_likelihood", "kenward_roger"),
    _logistic("RSPL and clusters minus parameters", "pseudo_likelihood", "clusters_minus_parameters"),
    _logistic("quadrature and clusters minus parameters", "quadrature", "clusters_minus_parameters"),
    _wild("Rademacher", FEW),
    _wild("Rademacher, CR3", FEW, variance="cr3"),
    _wild("Webb", 6, signs="webb"),
)
VARIANTS = tuple(variant for analysis in ANALYSES for variant in analysis.variants)

"""What a linear mixed model says of a plan before there are data: what it cannot do, and its equation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from precept_stats.methods.layout import Layout, arm_terms
from precept_stats.methods.settings_random import (
    EffectOverTime,
    ExposureTimeEffect,
    RandomEffects,
    RandomTerm,
)
from precept_stats.studies import AnyStudy
from precept_stats.studies.cluster_trial import ClusterTrial
from precept_stats.studies.stepped_wedge import SteppedWedge


def followed(study: AnyStudy) -> bool:
    """Whether the same people are seen in several periods (a closed cohort)."""
    return not isinstance(study, ClusterTrial) and study.participant is not None


def random_objections(random: RandomEffects, study: AnyStudy) -> tuple[str, ...]:
    """Random terms that the study has no columns for, or whose variances nothing can tell apart."""
    terms = random.of(followed(study))
    known = {"cluster", *study.groups}
    if not isinstance(study, ClusterTrial):
        known |= {"cluster_period", "period"} | ({"participant"} if followed(study) else set())
    found = [objection for term in terms for objection in _of_term(term, study, known)]
    named = Counter((term.by, effect) for term in terms for effect in term.effects)
    twice = [name for name, times in named.items() if times > 1]
    found += [f"the random {effect} of {by} is named twice" for by, effect in twice]
    idle = [group for group in study.groups if group not in {term.by for term in terms}]
    if idle:
        found.append(
            f"the study names the groups {', '.join(idle)}, which no random term uses: add them to "
            "random {kind: terms, terms: [{by: cluster}, ...]}, or leave them out of the study"
        )
    return tuple(found)


def _of_term(term: RandomTerm, study: AnyStudy, known: set[str]) -> Iterator[str]:
    if term.by not in known:
        yield f"random effects by {term.by}: a {_words(study.kind)} here has {', '.join(sorted(known))}"
    for slope in term.slopes:
        if slope not in ("arm", *study.adjust):
            yield f"a random slope of {slope}, which is neither arm nor in adjust"
    if "arm" in term.slopes and (term.by == "cluster_period" or _parallel(term, study)):
        yield (
            f"a random effect of the arm by {term.by}: each {_words(term.by)} is in one arm, so that its "
            "variance cannot be told from that of the intercept"
        )
    if term.by == "period" and term.intercept:
        yield (
            "a random intercept by period: periods are fixed effects of the model already; name its slopes "
            "with intercept false"
        )


def _words(name: str) -> str:
    return name.replace("_", " ")


def _parallel(term: RandomTerm, study: AnyStudy) -> bool:
    """Whether the grouping lies within clusters that keep to one arm."""
    return isinstance(study, ClusterTrial) and term.by in ("cluster", "participant")


def over_time_objections(over_time: EffectOverTime, study: AnyStudy) -> tuple[str, ...]:
    """Effects by exposure time where there is only one exposure time."""
    if isinstance(over_time, ExposureTimeEffect) and not isinstance(study, SteppedWedge):
        return (
            f"effects by exposure time need a stepped wedge: a {_words(study.kind)} has one time "
            "at which the arms differ",
        )
    return ()


def equation(study: AnyStudy, layout: Layout, random: RandomEffects, over_time: EffectOverTime) -> str:
    """The model in plain text."""
    if isinstance(study, ClusterTrial):
        mean = f"mean[{arm_terms(study)}]"
    else:
        by_time = "effect[exposure]" if isinstance(over_time, ExposureTimeEffect) else "effect"
        mean = f"mean + period[t] + {by_time} * treated"
    block = f" + {layout.blocks}[cluster]" if layout.blocks else ""
    covariates = "".join(f" + slope * {name}" for name in study.adjust)
    offset = f" + {study.offset}" if study.offset else ""
    effects, laws = random_words(random, followed(study))
    residual = "sigma2 / weight" if study.weights else "sigma2"
    return f"outcome = {mean}{block}{covariates}{offset}{effects} + e, {laws}, e ~ N(0, {residual})"


LETTERS = "uvwabcd"


def random_words(random: RandomEffects, cohort: bool) -> tuple[str, str]:
    """The random effects in the equation, and their distributions."""
    effects, laws = "", []
    for letter, term in zip(LETTERS, random.of(cohort), strict=False):
        by = term.by.replace("_", ", ") if term.by == "cluster_period" else term.by
        effects += f" + {letter}[{by}]" if term.intercept else ""
        effects += "".join(f" + {letter}_{slope}[{by}] * {slope}" for slope in term.slopes)
        if not term.slopes:
            laws.append(f"{letter} ~ N(0, sigma2_{letter})")
        else:
            names = ", ".join([letter] * term.intercept + [f"{letter}_{slope}" for slope in term.slopes])
            laws.append(f"({names}) ~ N(0, {'G' if term.correlated else 'diagonal G'}_{letter})")
    return effects, ", ".join(laws)

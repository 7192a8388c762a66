"""A disparity of a plan in words: which areas, measured from what, by which indices."""

from __future__ import annotations

from precept_stats.methods.settings_areas import (
    AnyDisparityInterval,
    AreaBootstrap,
    AreaPosteriorDraws,
    DeltaMethod,
)
from precept_stats.plan.disparities import PlannedDisparity
from precept_stats.studies.regions import (
    AnyAreaReference,
    BestArea,
    HighestRank,
    LargestArea,
    NamedArea,
    National,
    WorstArea,
)

SCALES = {
    "proportion": "proportions",
    "per_cent": "per cent",
    "per_1000": "per 1,000",
    "per_100000": "per 100,000",
    "own": "the outcome's own unit, without bounds",
}
CHARTS = {
    "shewhart": "limits at three standard errors",
    "prime": "limits stretched by the moving range (Laney)",
    "run": "runs about the median (Anhoej)",
}
CHANGES = {
    "none": "none",
    "from_first": "each later period less the first",
    "consecutive": "each period less the one before",
}


def disparity_facts(declared: PlannedDisparity) -> list[tuple[str, str]]:
    """Terms and texts for the explanation of a plan."""
    study = declared.study
    areas = [f"areas are {study.area}"]
    areas += [f"periods {study.period}"] if study.period else ["one period"]
    areas += [f"ordered by {study.rank}"] if study.rank else ["without an order"]
    areas.append(f"numbers in {SCALES[study.scale]}")
    areas += [f"standard errors in {study.std_error}"] if study.std_error else []
    areas += [f"counts rounded by the publisher to {study.rounded_to}"] if study.rounded_to else []
    weights = {"population": "every person counts the same", "equal": "every area counts the same"}
    whose = f" (people: {study.people})" if study.people else ""
    every = "all that such areas have"
    facts = [
        ("Areas", "; ".join(areas)),
        ("Weights", f"{weights[study.weights]}{whose}"),
        ("Reference", reference_words(study.reference)),
        ("Indices", ", ".join(declared.measures) if declared.measures else every),
        ("Noise", "the variance without sampling error too" if declared.corrected else "left in"),
        ("Intervals", interval_words(declared.intervals)),
    ]
    facts += [("Changes", CHANGES[declared.changes])] if study.period else []
    return [*facts, *_further(declared)]


def interval_words(intervals: AnyDisparityInterval) -> str:
    """How intervals of indices are found."""
    match intervals:
        case DeltaMethod():
            return "estimate and delta-method standard error, normal quantiles"
        case AreaBootstrap(replicates=count, limits=limits):
            return f"{limits} limits of {count} bootstrap replicates of every area"
        case AreaPosteriorDraws(draws=count):
            return f"percentiles of {count} posterior draws, areas normal about a common mean"


def _further(declared: PlannedDisparity) -> list[tuple[str, str]]:
    """What else is asked of the areas."""
    facts = []
    if declared.shrinkage is not None:
        worst = declared.shrinkage.worst
        about = f"the {worst} worst" if worst else "the worst tenth"
        within = f", within {declared.study.within}" if declared.study.within else ""
        how = declared.shrinkage.estimation.kind
        facts.append(("Together", f"areas estimated together ({how}){within}; ranks, and {about}"))
    if declared.funnel is not None:
        funnel = declared.funnel
        target = "the mean of all" if funnel.target is None else f"{funnel.target:g}"
        words = (
            f"limits {', '.join(f'{level:.1%}' for level in funnel.levels)} about {target}; overdispersion "
        )
        facts.append(("Funnel", f"{words}{funnel.overdispersion}; transformation {funnel.transformation}"))
    if declared.charts is not None:
        facts.append(("Charts", ", ".join(CHARTS[one] for one in declared.charts.charts)))
    return [*facts, ("Missed cases", "counted by area")] if declared.missed_cases else facts


def reference_words(reference: AnyAreaReference) -> str:
    """What areas are measured from."""
    match reference:
        case BestArea():
            return "the area with the best estimate"
        case WorstArea():
            return "the area with the worst estimate"
        case LargestArea():
            return "the area with the most people"
        case NamedArea(area=name):
            return f"the area {name}"
        case HighestRank():
            return "the areas of the highest rank"
        case National():
            return "the mean over the population of all areas"

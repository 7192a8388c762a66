"""A disparity of a plan in words: which areas, measured from what, by which indices."""

from __future__ import annotations

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
        ("Intervals", "estimate and delta-method standard error, normal quantiles"),
    ]
    return [*facts, ("Changes", CHANGES[declared.changes])] if study.period else facts


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

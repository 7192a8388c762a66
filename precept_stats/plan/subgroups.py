"""What an analysis by subgroup answers, in words."""

from __future__ import annotations

from precept_stats.studies import PlannedStudy
from precept_stats.studies.question import Question
from precept_stats.studies.subgroup import subgroup_named


def subgroup_words(study: PlannedStudy, question: Question) -> list[tuple[str, str]]:
    """The term and its text where a study names a subgroup; nothing where it does not."""
    subgroup = subgroup_named(study)
    if subgroup is None:
        return []
    summary = question.estimand.summary.replace("_", " ")
    compared = "divided by" if "ratio" in summary else "minus"
    return [
        (
            "Subgroup",
            f"The answer is the interaction: the {summary} in the last level of {subgroup} {compared} that "
            "in the first, with its p-value; of three levels or more one test of all together is given "
            "besides. The effect within each level has an interval and no p-value, and the main effect of "
            "the subgroup is in the model.",
        )
    ]

"""The outcome has no other part in a study: nothing that it is compared by, or filled in from, is itself."""

from __future__ import annotations

from precept_stats.errors import PlanError
from precept_stats.studies import PlannedStudy
from precept_stats.studies.cluster_trial import ClusterTrial
from precept_stats.studies.question import Question


def require_outcome_apart(study: PlannedStudy, question: Question) -> None:
    """PlanError naming the parts of the study whose column is the outcome (or its denominator)."""
    parts: dict[str, tuple[str, ...]] = {"adjust": study.adjust}
    if isinstance(study, ClusterTrial):
        parts |= {"auxiliary": study.auxiliary, "subgroup": (study.subgroup,) if study.subgroup else ()}
    outcome = (*question.outcome_columns, question.outcome.denominator)
    found = [
        f"{part}: {column}" for part, columns in parts.items() for column in columns if column in outcome
    ]
    if found:
        raise PlanError(
            "the outcome has another part in the study",
            found=", ".join(found),
            allowed="columns known before randomisation; the outcome cannot tell of itself",
        )

"""How what a mixed model estimates can differ from the declared estimand."""

from __future__ import annotations

from precept_stats.methods.settings_random import ConstantEffect, EffectOverTime
from precept_stats.studies import AnyStudy
from precept_stats.studies.question import Question
from precept_stats.studies.stepped_wedge import SteppedWedge


def size_gap(question: Question) -> str:
    """Clusters count between equally and by size."""
    average = question.estimand.target.replace("_", "-")
    return (
        "the model weights clusters between equally and by size, so that when the outcome or the effect "
        f"depends on cluster size it estimates neither the declared {average} effect nor the other"
    )


def constant_effect_gap(study: AnyStudy, over_time: EffectOverTime) -> tuple[str, ...]:
    """In a stepped wedge one effect stands for those at all exposure times."""
    if not (isinstance(study, SteppedWedge) and isinstance(over_time, ConstantEffect)):
        return ()
    return (
        "one effect is estimated for all exposure times: where it changes with time since the "
        "switch, the estimate weighs exposure times unequally, some even negatively",
    )

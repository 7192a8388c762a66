"""What a summary says first where the disclosure policy lets estimates not pass."""

from __future__ import annotations

from collections import Counter

from precept_stats.report.blocks import Prose
from precept_stats.report.material import Material, by_stat, is_withheld


def withheld(material: Material) -> tuple[Prose, ...]:
    """How many analyses show no estimate, and why; nothing where the policy withholds none."""
    names = tuple(material.plan.analyses)
    gone = [name for name in names if is_withheld(material, name)]
    if not gone:
        return ()
    rows = (by_stat(material.rows("estimate", name))["estimate"] for name in gone)
    reasons = reasons_words(Counter(row.warning for row in rows))
    policy = material.released.policy
    if len(gone) < len(names):
        few = f"{len(gone)} of {len(names)} analyses"
        return (
            Prose(f"The disclosure policy {policy} does not let the estimates of {few} be shown: {reasons}."),
        )
    return (
        Prose(
            f"This report shows no estimate at all, since the disclosure policy {policy} lets none pass: "
            f"{reasons}. It describes the trial and the plan. The estimates stand in the part of the bundle "
            "that is not released, and whoever is responsible for disclosure may let them pass."
        ),
    )


def reasons_words(reasons: Counter[str]) -> str:
    """Reasons, each with how many have it where there is more than one."""
    if len(reasons) == 1:
        return next(iter(reasons))
    return "; ".join(f"{reason} ({count})" for reason, count in reasons.most_common())

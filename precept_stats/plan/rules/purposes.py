"""Rules about what each analysis is for: one answer that counts, and honesty about the others."""

from __future__ import annotations

from collections.abc import Iterator

from precept_stats.plan.findings import Remark
from precept_stats.plan.loaded import LoadedPlan
from precept_stats.plan.rules.rule import Rule, controlled, primaries

TESTED = ("primary", "secondary")
"""The purposes whose p-values the report gives."""


def _has_primary(loaded: LoadedPlan) -> Iterator[Remark]:
    if not primaries(loaded.plan) and not loaded.plan.of_areas:
        yield Remark(
            ("analyses",), "no analysis has the purpose `primary`", "none", "exactly one, or a family"
        )


def _one_primary_or_family(loaded: LoadedPlan) -> Iterator[Remark]:
    names = list(primaries(loaded.plan))
    outside = [name for name in names if name not in loaded.plan.multiplicity.family]
    if len(names) > 1 and outside:
        message = "several primary analyses, and the multiplicity family does not hold them all"
        yield Remark(
            ("multiplicity", "family"), message, f"{', '.join(outside)} left out", "all of them, or one"
        )


def _primary_in_family(loaded: LoadedPlan) -> Iterator[Remark]:
    names = list(primaries(loaded.plan))
    if len(names) == 1 and names[0] not in loaded.plan.multiplicity.family:
        place = ("multiplicity", "family")
        yield Remark(place, "the multiplicity family leaves out the primary analysis", "", names[0])


def _family_controlled(loaded: LoadedPlan) -> Iterator[Remark]:
    multiplicity = loaded.plan.multiplicity
    if len(multiplicity.family) > 1 and multiplicity.procedure == "none":
        message = f"{len(multiplicity.family)} analyses in the family and no control of multiplicity"
        allowed = "one analysis in the family, or a procedure such as {kind: holm}"
        yield Remark(("multiplicity", "procedure"), message, "none", allowed)


def _members_are_tested(loaded: LoadedPlan) -> Iterator[Remark]:
    for place, family in controlled(loaded.plan):
        for name in family.members:
            analysis = loaded.plan.analyses.get(name)
            if analysis is not None and analysis.purpose not in TESTED:
                message = f"a {analysis.purpose} analysis is in a family, and its p-value is not reported"
                yield Remark(place, message, name, "primary and secondary analyses")


def _primary_has_fallback(loaded: LoadedPlan) -> Iterator[Remark]:
    for name, analysis in primaries(loaded.plan).items():
        if not analysis.on_failure:
            message = "the primary analysis does not say what stands in when it gives no number"
            yield Remark(("analyses", name), message, "", "on_failure: [{if: not_estimable, use: ...}]")


def _fallback_same_question(loaded: LoadedPlan) -> Iterator[Remark]:
    analyses = loaded.plan.analyses
    for name, analysis in analyses.items():
        for number, fallback in enumerate(analysis.on_failure):
            other = analyses.get(fallback.use)
            if other is not None and other.estimand != analysis.estimand:
                place = ("analyses", name, "on_failure", number, "use")
                yield Remark(
                    place, "the fallback answers another estimand", other.estimand, analysis.estimand
                )


def _primary_not_data_driven(loaded: LoadedPlan) -> Iterator[Remark]:
    for name, analysis in primaries(loaded.plan).items():
        if analysis.reason == "data_driven":
            message = "a primary analysis that was chosen after seeing the data is not primary"
            yield Remark(("analyses", name, "reason"), message, analysis.reason)


def _has_sensitivity(loaded: LoadedPlan) -> Iterator[Remark]:
    tested = {a.estimand for a in loaded.plan.analyses.values() if a.purpose == "sensitivity"}
    for name, analysis in primaries(loaded.plan).items():
        if analysis.estimand not in tested:
            message = "no sensitivity analysis asks how the answer depends on the primary's assumptions"
            yield Remark(
                ("analyses", name), message, "none", f"at least one for estimand {analysis.estimand}"
            )


def _sensitivity_same_question(loaded: LoadedPlan) -> Iterator[Remark]:
    asked = {analysis.estimand for analysis in primaries(loaded.plan).values()}
    for name, analysis in loaded.plan.analyses.items():
        if asked and analysis.purpose == "sensitivity" and analysis.estimand not in asked:
            message = "a sensitivity analysis of another estimand than the primary's is a supplementary one"
            allowed = f"{', '.join(sorted(asked))}, or purpose secondary or exploratory"
            yield Remark(("analyses", name, "estimand"), message, analysis.estimand, allowed)


def _results_seen(loaded: LoadedPlan) -> Iterator[Remark]:
    if loaded.plan.prespecification.data_state == "results_seen":
        for name in primaries(loaded.plan):
            message = (
                "the results had been seen when this primary analysis was planned; the report will say so"
            )
            yield Remark(("analyses", name, "purpose"), message, "results_seen")


def _inherited(loaded: LoadedPlan, name: str) -> bool:
    """Whether an analysis has its reason from the one it is based on."""
    base = loaded.bases.get(name)
    return base is not None and loaded.plan.analyses[base].reason == loaded.plan.analyses[name].reason


def _registered_before(loaded: LoadedPlan) -> Iterator[Remark]:
    stated = loaded.plan.prespecification
    claims = ("specified_in_protocol", "specified_in_sap")
    if stated.data_state in ("results_seen", "unblinded") and not stated.registration:
        for name, analysis in loaded.plan.analyses.items():
            if analysis.reason in claims and not _inherited(loaded, name):
                message = "called prespecified, but the plan saw the data first and names no registration"
                allowed = "prespecification.registration, or reason reanalysis or data_driven"
                yield Remark(("analyses", name, "reason"), message, analysis.reason, allowed)


def _seed_where_needed(loaded: LoadedPlan) -> Iterator[Remark]:
    if loaded.plan.seed is not None:
        return
    for name, analysis in loaded.plan.analyses.items():
        if analysis.method.needs_seed:
            message = "the method draws random numbers and the plan has no seed"
            yield Remark(("analyses", name, "method"), message, "", "seed: a whole number from 0")


RULES = (
    Rule("PL-0121", "error", "one analysis is primary", _has_primary),
    Rule(
        "PL-0122",
        "error",
        "several primary analyses are all in the multiplicity family",
        _one_primary_or_family,
    ),
    Rule("PL-0123", "warning", "the multiplicity family holds the primary analysis", _primary_in_family),
    Rule("PL-0124", "warning", "a family of several analyses controls multiplicity", _family_controlled),
    Rule("PL-0125", "warning", "the primary analysis has a fallback", _primary_has_fallback),
    Rule("PL-0126", "warning", "a fallback answers the same estimand", _fallback_same_question),
    Rule("PL-0127", "warning", "the primary analysis is not data driven", _primary_not_data_driven),
    Rule("PL-0128", "warning", "the primary's estimand has a sensitivity analysis", _has_sensitivity),
    Rule(
        "PL-0129", "note", "a sensitivity analysis answers the primary's estimand", _sensitivity_same_question
    ),
    Rule("PL-0130", "note", "the primary analysis was planned before its results were seen", _results_seen),
    Rule(
        "PL-0131",
        "warning",
        "what is called prespecified was specified before, or registered",
        _registered_before,
    ),
    Rule("PL-0132", "error", "a plan with a method that draws random numbers has a seed", _seed_where_needed),
    Rule(
        "PL-0133",
        "error",
        "a family with a procedure holds primary and secondary analyses",
        _members_are_tested,
    ),
)

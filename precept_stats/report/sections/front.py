"""The first page: badges, the answer to the primary question in words, and the question itself."""

from __future__ import annotations

import math
from collections.abc import Iterator

from precept_stats.methods.contract import strategies_of
from precept_stats.plan.explain import outcome_words, population_words
from precept_stats.plan.explain_terms import DATA_STATES, EFFECTS, TARGETS
from precept_stats.report.blocks import Block, Heading, Prose, Terms
from precept_stats.report.format import (
    count_text,
    joined,
    level_text,
    plural,
    point_text,
    range_text,
)
from precept_stats.report.material import (
    Answer,
    Material,
    answer,
    is_withheld,
    number_of,
    reason_of_failure,
    why_no_number,
)
from precept_stats.report.sections.arm_levels import arm_level, level_words
from precept_stats.report.sections.calendar import has_data, read_calendar
from precept_stats.report.sections.intervals import interval_words
from precept_stats.report.sections.lock import lock_badge
from precept_stats.report.sections.withheld import withheld
from precept_stats.report.words import capital, contrast_words, event_words, measure_words, sentence
from precept_stats.values import Row

SYNTHETIC = "Synthetic data"


def badges(material: Material) -> tuple[str, ...]:
    """What a reader must know before any number."""
    stated = material.plan.prespecification
    found = [SYNTHETIC.upper()] if material.provenance.synthetic else []
    if not stated.registration:
        found.append("Not prospectively registered")
    if stated.data_state in ("unblinded", "results_seen"):
        found.append(f"Plan {DATA_STATES[stated.data_state]}")
    return (*found, lock_badge(material))


def summary(material: Material) -> tuple[Block, ...]:
    """The answer to the primary estimand, with its uncertainty and its standing."""
    primary = material.plan.primary
    found = answer(material, primary)
    blocks: list[Block] = [Heading(2, "Summary")]
    if found is None:
        blocks.append(Prose(_no_answer(material), lead=True))
        for fallback in material.plan.analyses[primary].on_failure:
            found = found or answer(material, fallback.use)
        if found is not None:
            blocks.append(Prose(f"The fallback named in the plan gave: {_answer_sentence(material, found)}"))
    else:
        blocks.append(Prose(_answer_sentence(material, found), lead=True))
    if found is not None:
        blocks.append(Prose(_meaning(material, found)))
        blocks += [Prose(text) for text in (_agreement(material, found),) if text]
    return (*blocks, *withheld(material), *closing(material, "trial"))


def closing(material: Material, kind: str) -> Iterator[Block]:
    """The end of every summary: the plan's own words, and that synthetic data are of no real ``kind``."""
    if material.plan.summary:
        yield Prose(material.plan.summary)
    if material.provenance.synthetic:
        yield Prose(
            f"{SYNTHETIC}: made by a program from stated assumptions. "
            f"Nothing here is a finding about any real {kind}, unit or person."
        )


def _no_answer(material: Material) -> str:
    if is_withheld(material, material.plan.primary):
        return f"The estimate of the primary analysis is {why_no_number(material, material.plan.primary)}."
    reason = reason_of_failure(material, material.plan.primary)
    return f"The primary analysis gave no estimate: {sentence(reason)}"


def _answer_sentence(material: Material, found: Answer) -> str:
    outcome = material.plan.question(found.analysis).outcome
    value, interval = _value(found), range_text(found.lower, found.upper, found.scale)
    effect = (
        f"the {measure_words(found.measure)}, {contrast_words(found.contrast)}, was {value} "
        f"({level_text(found.level)} {interval_words(found.kind)} {interval})"
    )
    levels = [
        f"{text} with {arm}" for arm in material.arms for text in (arm_level(material, found, arm),) if text
    ]
    kind = level_words(material, found.analysis)
    opening = f"{capital(outcome.name)}, {kind}: {' and '.join(levels)}. " if levels else ""
    return f"{opening}{capital(effect)}, from {_basis(material, found.analysis)}."


def _value(found: Answer) -> str:
    text = point_text(found.value, found.width, found.scale)
    return f"{text} {found.scale.words}" if found.scale.words and not found.scale.suffix else text


def _basis(material: Material, analysis: str) -> str:
    rows = material.rows("fit", analysis)
    if material.over_periods(analysis):
        return _basis_over_periods(material, rows)
    clusters, people = (_per_arm(material, rows, name) for name in ("n_clusters", "n"))
    parts = [f"{' and '.join(clusters)} clusters"] if clusters else []
    about = "" if material.released.policy == "none" else "about "
    parts += [f"{about}{' and '.join(people)} {material.people}"] if people else []
    return f"{' with '.join(parts)} ({' and '.join(material.arms)})" if parts else "the clusters analysed"


def _basis_over_periods(material: Material, rows: tuple[Row, ...]) -> str:
    """How many clusters, sequences and periods, and how many people under each condition."""
    calendar = read_calendar(material.about_the_trial("schedule"))
    counts = [
        (sum(has_data(of_periods) for of_periods in calendar.clusters.values()), "cluster"),
        (_only(rows, "n_sequences") if material.crosses else None, "sequence"),
        (_only(rows, "n_periods"), "period"),
    ]
    parts = [plural(count, word) for count, word in counts if count]
    people = _per_arm(material, rows, "n")
    about = "" if material.released.policy == "none" else "about "
    arms = " and ".join(material.arms)
    if not material.crosses:
        arms = f"{material.arms[0]}, and {material.arms[1]} with everyone at baseline"
    told = f"{about}{' and '.join(people)} {material.people} ({arms})" if people else ""
    return " with ".join(filter(None, (joined(parts), told))) or "the clusters analysed"


def _only(rows: tuple[Row, ...], name: str) -> float | None:
    return next((number_of(row) for row in rows if row.stat_name == name), None)


def _per_arm(material: Material, rows: tuple[Row, ...], name: str) -> list[str]:
    found = []
    for arm in material.arms:
        values = [number_of(row) for row in rows if row.stat_name == name and row.group("arm") == arm]
        found += [count_text(value) for value in values if value is not None]
    return found if len(found) == len(material.arms) else []


def _meaning(material: Material, found: Answer) -> str:
    higher = material.plan.question(found.analysis).outcome.direction == "higher_better"
    compare, reference = material.arms_of(found.analysis)
    points = "Higher is better" if higher else "Lower is better"

    def side(value: float) -> str:
        return compare if (value > found.null) == higher else reference

    worst, best = (found.lower, found.upper) if higher else (found.upper, found.lower)
    if math.isinf(worst) or math.isinf(best):
        reach = _without_end(found, (worst, best), (reference, compare))
    elif side(worst) == side(best):
        reach = f"every value in the interval favours {side(best)}, {_span(found)}"
    else:
        reach = (
            f"the interval reaches from {_size(found, worst)} in favour of {reference} "
            f"to {_size(found, best)} in favour of {compare}"
        )
    leaning = "lies at no difference" if found.value == found.null else f"favours {side(found.value)}"
    status = f" This estimate carries a remark: {sentence(found.warning)}" if found.warning else ""
    return f"{points}: the estimate {leaning}, and {reach}.{status}"


def _without_end(found: Answer, ends: tuple[float, float], arms: tuple[str, str]) -> str:
    """An interval with a side without end: in favour of whom, and where the other side is."""
    sides = [f"in favour of {arm}" for arm, end in zip(arms, ends, strict=True) if math.isinf(end)]
    if len(sides) == 2:
        return "the interval has no end on either side: it rules out no effect, however large"
    known = next(end for end in ends if math.isfinite(end))
    return (
        f"the interval has no end {sides[0]}; its other limit is {point_text(known, math.inf, found.scale)}"
    )


def _size(found: Answer, value: float) -> str:
    if found.log:
        return f"a ratio of {point_text(value, found.width, found.scale)}"
    size = point_text(abs(value), found.width, found.scale)
    return f"{size} {found.scale.words}" if found.scale.words else size


def _span(found: Answer) -> str:
    """The interval of an effect that lies on one side of no difference."""
    if found.log:
        return f"ratios from {range_text(found.lower, found.upper, found.scale)}"
    least, greatest = sorted((abs(found.lower), abs(found.upper)))
    return f"by {range_text(least, greatest, found.scale)} {found.scale.words}".rstrip()


def _agreement(material: Material, found: Answer) -> str:
    """How far the sensitivity analyses of the same measure and outcome move the estimate."""
    names = [name for name, analysis in material.plan.analyses.items() if analysis.purpose == "sensitivity"]
    others = [other for name in names if (other := answer(material, name)) is not None]
    same = [other for other in others if (other.measure, other.variable) == (found.measure, found.variable)]
    hidden = sum(is_withheld(material, name) for name in names)
    failed = len(names) - len(others) - hidden
    if not same:
        return ""
    low, high = min(other.value for other in same), max(other.value for other in same)
    width = min(found.width, *(other.width for other in same))
    least, greatest = (point_text(value, width, found.scale) for value in (low, high))
    if len(same) == 1:
        text = f"The one sensitivity analysis of this measure gave {least}"
    else:
        text = (
            f"Over {plural(len(same), 'sensitivity analysis', 'sensitivity analyses')} of this measure the "
            f"estimate ran from {least} to {greatest}"
        )
    untold = [f"{failed} could not be estimated"] if failed else []
    untold += [f"{hidden} may not be shown"] if hidden else []
    return f"{'; '.join((text, *untold))}."


def question(material: Material) -> tuple[Block, ...]:
    """The attributes of the primary estimand (ICH E9(R1), with the two that cluster trials add)."""
    compared = f"{material.arms[0]} compared with {material.arms[1]}."
    return attributes(material, ((f"{capital(material.condition)}s", compared),))


def attributes(material: Material, compared: tuple[tuple[str, str], ...]) -> tuple[Block, ...]:
    """The primary estimand, ``compared`` being what is compared, a name and a text each."""
    asked = material.question
    estimand, stated = asked.estimand, material.plan.prespecification
    computed = strategies_of(material.plan.analyses[material.plan.primary].method)
    events = "; ".join(event_words(event, computed) for event in estimand.intercurrent_events)
    entries = [
        ("Objective", sentence(estimand.objective)),
        ("Population", sentence(capital(population_words(asked.population)))),
        *compared,
        ("Outcome", sentence(capital(outcome_words(asked.outcome)))),
        ("Summary measure", sentence(capital(measure_words(estimand.summary)))),
        ("Effect", sentence(capital(EFFECTS[estimand.effect]))),
        ("Average", sentence(capital(TARGETS[estimand.target]))),
        ("Intercurrent events", sentence(capital(events)) or "None expected."),
        ("Plan", sentence(f"{capital(DATA_STATES[stated.data_state])}. {stated.statement}")),
        ("Registration", sentence(stated.registration) or "None."),
    ]
    return (
        Heading(2, "The question"),
        Prose("The estimand of the primary analysis, as the plan declares it."),
        Terms(tuple((name, text) for name, text in entries if text)),
    )

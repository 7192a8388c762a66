"""Each sensitivity analysis beside the primary one: what differs, in one sentence, and what came of it."""

from __future__ import annotations

import re

from precept_stats.methods.contract import words_of
from precept_stats.plan.document import Analysis
from precept_stats.plan.explain_terms import TARGETS
from precept_stats.plan.loaded import Difference
from precept_stats.report.blocks import Block, Column, Heading, Table, TableRow
from precept_stats.report.format import joined, level_text, point_text, range_text
from precept_stats.report.material import Material, answer, why_no_number
from precept_stats.report.sections.intervals import column_words, kinds_of
from precept_stats.report.sections.posterior import p_cell
from precept_stats.report.words import (
    NONE,
    capital,
    measure_words,
    plain,
    scale_words,
    sentence,
    value_words,
)

NO_NUMBER = ("purpose", "reason", "influence", "label", "on_failure", "compared_with")
"""Fields of an analysis that change none of its numbers."""
COLUMNS_TOLD = ("characteristics", "incomplete_pairs")
"""Fields of a study that change none, or follow from another."""
NAMES = ("Gaussian", "Poisson", "Welch", "GEE")
"""Words that an estimator may begin with and that keep their capital."""
PARENTHESIS = re.compile(r"\s\([a-z][^()]*\)")
"""An aside in words; formulae in parentheses begin with a capital or follow without a space."""
BASELINE = {"baseline_outcome": "the outcome at baseline"}


def sensitivity(material: Material) -> tuple[Block, ...]:
    """One line an analysis, the primary one first; nothing where the plan has no sensitivity analysis."""
    primary = material.plan.primary
    names = [name for name, analysis in material.plan.analyses.items() if analysis.purpose == "sensitivity"]
    if not names:
        return ()
    everyone = [primary, *names]
    what = f"{sentence(_estimator(material, primary))} The others are told apart from this."
    rows = [_row(material, primary, what)]
    rows += [_row(material, name, difference_from_primary(material, name)) for name in names]
    level = level_text(material.plan.multiplicity.level)
    columns = (
        Column("Analysis", "left"),
        Column("What differs", "left", wraps=True),
        Column(f"Estimate ({column_words(kinds_of(material, everyone), level)})"),
        Column("p"),
    )
    rows[0] = TableRow(rows[0].cells, "strong")
    note = (
        "A sensitivity analysis asks how far the estimate moves when a choice is made otherwise. Its p-value "
        "is given for comparison and decides nothing."
    )
    table = Table(
        "sensitivity",
        "What each sensitivity analysis does otherwise than the primary one",
        columns,
        tuple(rows),
        (note,),
    )
    return Heading(3, "The sensitivity analyses, one by one"), table


def difference_from_primary(material: Material, name: str) -> str:
    """One sentence of what an analysis does otherwise than the primary one."""
    primary, ours = material.plan.analyses[material.plan.primary], material.plan.analyses[name]
    changes = material.loaded.differences_between(material.plan.primary, name)
    parts = [
        *_question(material, name),
        *_method(material, name, [one for one in changes if one[0].startswith("/method")]),
        *(
            part
            for one in changes
            if one[0].startswith("/study")
            for part in _study(one, (primary, ours), _labels(material))
        ),
        *_missing(material, name),
        *(
            _plainly(one)
            for one in changes
            if one[0].split("/")[1] not in ("method", "study", "estimand", "missing_outcomes", *NO_NUMBER)
        ),
    ]
    return sentence(capital("; ".join(parts))) if parts else "Nothing that changes a number."


def _row(material: Material, name: str, differs: str) -> TableRow:
    found = answer(material, name)
    if found is None:
        return TableRow((material.label(name), differs, why_no_number(material, name), NONE))
    value = point_text(found.value, found.width, found.scale)
    other = answer(material, material.plan.primary)
    same = other is not None and other.measure == found.measure
    measure = "" if same else f"{scale_words(found.measure, found.scale)} "
    text = f"{measure}{value} ({range_text(found.lower, found.upper, found.scale)})"
    return TableRow((material.label(name), differs, text, p_cell(material, found)))


def _question(material: Material, name: str) -> list[str]:
    """What is asked otherwise: of whom, of which outcome, as which measure, on which average."""
    asked, ours = material.question, material.plan.question(name)
    parts = []
    if ours.population != asked.population:
        who = ours.population.label or plain(ours.estimand.population)
        parts.append(f"the population is “{who}”")
    if ours.outcome != asked.outcome:
        same = ours.outcome.name == asked.outcome.name
        parts.append(f"the outcome is “{ours.outcome.name}”" + (", coded otherwise" if same else ""))
    if ours.estimand.summary != asked.estimand.summary:
        parts.append(
            f"the measure is the {measure_words(ours.estimand.summary)} in place of the "
            f"{measure_words(asked.estimand.summary)}"
        )
    if ours.estimand.effect != asked.estimand.effect:
        parts.append(f"the effect is {ours.estimand.effect} in place of {asked.estimand.effect}")
    if ours.estimand.target != asked.estimand.target:
        parts.append(TARGETS[ours.estimand.target])
    if (ours.estimand.compare, ours.estimand.reference) != (
        asked.estimand.compare,
        asked.estimand.reference,
    ):
        parts.append("{} is compared with {}".format(*material.arms_of(name)))
    return parts


def _method(material: Material, name: str, changes: list[Difference]) -> list[str]:
    """Another estimator in place of the primary one's, or the settings that differ within the same one."""
    if any(where == "/method" for where, _, _ in changes):
        own, other = _estimator(material, name), _estimator(material, material.plan.primary)
        return [f"analysed by {_lower(own)}, in place of {_lower(other)}"]
    analysis = material.plan.analyses[name]
    words = words_of(analysis.method, analysis.study, material.plan.question(name))
    meanings = {setting: meaning for setting, _, meaning in words.defaults}
    parts = []
    for where, was, now in changes:
        setting = where.removeprefix("/method/").replace("/", ".")
        meaning = meanings.get(setting, "") if isinstance(now, dict) else ""
        meaning = PARENTHESIS.sub("", meaning).rstrip(".")
        told = f" ({_lower(meaning)})" if meaning else ""
        parts.append(f"{plain(setting).replace('.', ', ')}: {_kind(now)}{told} in place of {_kind(was)}")
    return parts


def _missing(material: Material, name: str) -> list[str]:
    """Another way with missing outcomes, in words."""
    ours, theirs = (
        material.plan.analyses[one].missing_outcomes.brief(material.plan.question(one).outcome)
        for one in (name, material.plan.primary)
    )
    return [] if ours == theirs else [f"missing outcomes are handled by {ours}, in place of {theirs}"]


def _kind(value: object) -> str:
    """A setting by its kind alone."""
    return value_words(value.get("kind", value) if isinstance(value, dict) else value)


def _labels(material: Material) -> dict[str, str]:
    """What columns are called in Table 1."""
    found = {row.variable: row.term for row in material.about_the_trial("baseline") if row.term}
    return {**{name: _lower(label) for name, label in found.items()}, **BASELINE}


def _study(change: Difference, of: tuple[Analysis, Analysis], labels: dict[str, str]) -> list[str]:
    """How the design is taken account of otherwise."""
    (where, was, now), (primary, ours) = change, of
    field = where.split("/")[2] if where.count("/") > 1 else "kind"
    if field in COLUMNS_TOLD:
        return []
    if field == "adjust":
        return _adjusted(primary.study.adjust, ours.study.adjust, labels)
    if field == "strata":
        strata = ours.trial.strata if ours.trial is not None else ()
        return [
            f"stratified by {_listed(strata, labels)}" if strata else "the strata are left out of account"
        ]
    if field == "pairs":
        return [f"matched in pairs by {value_words(now)}" if now else "the pairs are left out of account"]
    if field == "kind":
        return [f"the study is read as {plain(ours.study.kind)}"]
    return [_plainly((f"/{field}", was, now))]


def _adjusted(theirs: tuple[str, ...], ours: tuple[str, ...], labels: dict[str, str]) -> list[str]:
    more = [name for name in ours if name not in theirs]
    fewer = [name for name in theirs if name not in ours]
    also = "also " if theirs else ""
    return [
        *([f"{also}adjusted for {_listed(more, labels)}"] if more else []),
        *([f"not adjusted for {_listed(fewer, labels)}"] if fewer else []),
    ]


def _listed(names: tuple[str, ...] | list[str], labels: dict[str, str]) -> str:
    return joined([labels.get(name, plain(name)) for name in names])


def _estimator(material: Material, name: str) -> str:
    analysis = material.plan.analyses[name]
    return words_of(analysis.method, analysis.study, material.plan.question(name)).estimator


def _lower(text: str) -> str:
    return text if text.startswith(NAMES) else text[:1].lower() + text[1:]


def _plainly(change: Difference) -> str:
    where, was, now = change
    return f"{plain(where.strip('/')).replace('/', ', ')}: {value_words(now)} in place of {value_words(was)}"

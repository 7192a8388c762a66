"""How each analysis was made: the methods' own descriptions, and the settings as used."""

from __future__ import annotations

import inspect
import re

from precept_stats.methods import PlannedMethod
from precept_stats.methods.contract import gap_of, strategies_of, words_of
from precept_stats.report.blocks import Block, Column, Heading, Prose, Table, TableRow, Terms
from precept_stats.report.format import level_text
from precept_stats.report.material import Material, by_stat
from precept_stats.report.sections.families import control_words
from precept_stats.report.sections.intervals import caption_words, kinds_of
from precept_stats.report.words import NONE, capital, gap_words, plain, sentence, value_words
from precept_stats.studies import PlannedStudy, trial_of

HEADINGS = ("Estimates", "Model", "Assumes", "Small samples", "Not for", "Source")
HEADING = re.compile(rf" *({'|'.join(HEADINGS)})\W*\Z")


def methods(material: Material) -> tuple[Block, ...]:
    """One part a method, from its docstring, then the settings of each analysis."""
    blocks: list[Block] = [Heading(2, "Statistical methods"), Prose(_general(material))]
    used: dict[str, PlannedMethod] = {}
    for analysis in material.plan.analyses.values():
        used.setdefault(analysis.method.kind, analysis.method)
    for kind, method in used.items():
        title, entries = described(type(method).__doc__ or "")
        names = [material.label(n) for n, a in material.plan.analyses.items() if a.method.kind == kind]
        blocks.append(Heading(3, title or capital(plain(kind))))
        blocks.append(Prose(f"Used for: {'; '.join(names)}."))
        if entries:
            blocks.append(Terms(entries))
    blocks.append(Heading(3, "Settings as used"))
    return (*blocks, _settings(material))


def described(docstring: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """The first sentence of a docstring without its full stop, and the text under each fixed heading."""
    lines = inspect.cleandoc(docstring).replace("``", "").splitlines()
    title = lines[0].strip().rstrip(".") if lines else ""
    entries: list[tuple[str, list[str]]] = []
    for line in lines[1:]:
        heading = HEADING.fullmatch(line)
        if heading:
            entries.append((heading[1], []))
        elif entries:
            entries[-1][1].append(line.strip())
    texts = ((name, " ".join(part for part in text if part)) for name, text in entries)
    return title, tuple((name, text) for name, text in texts if text)


def _general(material: Material) -> str:
    plan = material.plan
    level, kinds = level_text(plan.multiplicity.level), kinds_of(material, plan.analyses)
    return (
        f"Intervals are two-sided {caption_words(kinds, level)}, one analysis at a time; "
        f"{control_words(material)}"
    )


def _settings(material: Material) -> Table:
    rows = []
    for name, analysis in material.plan.analyses.items():
        facts = by_stat(material.rows("fit", name))
        settings = material.rows("setting", name)
        used = "; ".join(
            f"{plain(row.variable.replace('.', ', '))}: {plain(str(row.stat))}" for row in settings
        )
        question = material.plan.question(name)
        words = words_of(analysis.method, analysis.study, question)
        estimator = str(facts["estimator"].stat) if "estimator" in facts else words.estimator
        df_rule = str(facts["df_rule"].stat) if "df_rule" in facts else words.df_rule
        adjusted = _adjusted(analysis.study)
        computed = strategies_of(analysis.method)
        gap = gap_words(gap_of(analysis.method, analysis.study, question), question.estimand, computed)
        rows.append(
            TableRow(
                (
                    material.label(name),
                    capital(estimator) or NONE,
                    df_rule.replace(" - ", " \u2212 ") or NONE,
                    adjusted,
                    used or NONE,
                    sentence(gap) or "as declared",
                ),
                "strong" if analysis.purpose == "primary" else "plain",
            )
        )
    headings = ("Analysis", "Estimator", "Reference distribution", "Adjusted for", "Settings", "Estimand")
    columns = tuple(Column(heading, "left") for heading in headings)
    notes = ("Estimand: whether the method estimates what the plan declares, or how it can differ.",)
    return Table("settings", "Each analysis as it was run, defaults included", columns, tuple(rows), notes)


def _adjusted(study: PlannedStudy) -> str:
    """Covariates, and the strata or pairs within which arms are compared."""
    trial = trial_of(study)
    strata = [plain(name) for name in trial.strata] if trial is not None else []
    parts = [value_words(list(study.adjust))] if study.adjust else []
    parts += [f"strata: {', '.join(strata)}"] if strata else []
    parts += [f"pairs: {plain(trial.pairs)}"] if trial is not None and trial.pairs else []
    return "; ".join(parts) or "none"

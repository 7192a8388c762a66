"""How far a Bayesian answer hangs on its priors: other sets of them, and their strength."""

from __future__ import annotations

from dataclasses import dataclass

from precept_stats.report.blocks import Block, Column, Figure, Heading, Prose, Table, TableRow
from precept_stats.report.figure_data import ForestData, ForestLine, ForestPanel, mark_of
from precept_stats.report.format import fixed, joined, point_text, range_text
from precept_stats.report.material import Answer, Material, answer, by_stat, grouped, number_of
from precept_stats.report.sections.posterior import chance_text
from precept_stats.report.words import NONE, capital, contrast_words, plain, scale_words, sentence
from precept_stats.values import Row

CHANCES = ("benefit", "worthwhile", "equivalence")
STRENGTHS = ("halved", "estimate", "doubled")
OWN = "As analysed"


@dataclass(frozen=True, slots=True)
class Under:
    """The effect under one set of priors, with probabilities; or why there is none."""

    name: str
    words: str
    value: float | None
    lower: float
    upper: float
    chances: dict[str, float | None]
    problem: str = ""

    def text(self, found: Answer) -> str:
        """The effect with its interval, or the reason for none."""
        if self.value is None:
            return f"not estimable: {self.problem}"
        value = point_text(self.value, self.upper - self.lower, found.scale)
        return f"{value} ({range_text(self.lower, self.upper, found.scale)})"


def prior_sensitivity(material: Material) -> tuple[Block, ...]:
    """The effect under every set of priors, and what power-scaling does to it; nothing where none is."""
    blocks: list[Block] = []
    for name in material.plan.analyses:
        found = answer(material, name)
        if found is not None:
            blocks += [*_grid(material, found), *_strength(material, found)]
    return (Heading(3, "How much do the priors matter?"), *blocks) if blocks else ()


def _grid(material: Material, found: Answer) -> tuple[Block, ...]:
    rows = material.rows("prior_grid", found.analysis)
    if not rows:
        return ()
    others = [_under(name, by_stat(each)) for name, each in grouped(rows, _priors).items()]
    own = _own(material, found)
    shown = [one for one in (own, *others) if one.value is not None]
    values = [one.value for one in shown if one.value is not None]
    label = material.label(found.analysis)
    least, most = (point_text(end, found.width, found.scale) for end in (min(values), max(values)))
    told = Prose(
        sentence(
            f"\u201c{label}\u201d was fitted again under {joined([plain(one.name) for one in others])} "
            f"priors: the effect lies between {least} and {most} {found.scale.words}".strip()
        )
    )
    return told, _figure(material, found, (own, *others)), _table(found, (own, *others))


def _priors(row: Row) -> str:
    return row.group("priors")


def _own(material: Material, found: Answer) -> Under:
    facts = by_stat(row for row in material.rows("prior", found.analysis) if not row.groups)
    chances = by_stat(material.rows("probability", found.analysis))
    kind, words = (str(facts[name].stat) for name in ("prior_set", "prior_of_effect"))
    return Under(
        f"{OWN} ({kind})",
        words,
        found.value,
        found.lower,
        found.upper,
        {name: number_of(chances.get(name)) for name in CHANCES},
    )


def _under(name: str, rows: dict[str, Row]) -> Under:
    value, low, high = (number_of(rows.get(one)) for one in ("estimate", "conf_low", "conf_high"))
    words = str(rows["prior_of_effect"].stat) if "prior_of_effect" in rows else ""
    if value is None or low is None or high is None:
        return Under(name, words, None, 0.0, 0.0, {}, rows["estimate"].error or "no number")
    return Under(name, words, value, low, high, {one: number_of(rows.get(one)) for one in CHANCES})


def _figure(material: Material, found: Answer, under: tuple[Under, ...]) -> Figure:
    compare, reference = material.arms_of(found.analysis)
    higher = material.plan.question(found.analysis).outcome.direction == "higher_better"
    factor = found.scale.factor
    lines = tuple(
        ForestLine(
            capital(plain(one.name)),
            place == 0,
            one.text(found),
            None if one.value is None else mark_of(one.value, (one.lower, one.upper), factor),
        )
        for place, one in enumerate(under)
    )
    title = capital(f"{scale_words(found.measure, found.scale)}, {contrast_words(found.contrast)}")
    sides = (f"favours {reference}", f"favours {compare}")
    below, above = sides if higher else sides[::-1]
    panel = ForestPanel(title, found.log, factor * found.null, below, above, lines)
    label = material.label(found.analysis)
    columns = (Column("Priors", "left"), Column("Effect (interval)"))
    behind = tuple(TableRow((line.label, line.text)) for line in lines)
    said = "; ".join(f"{line.label}: {line.text}" for line in lines)
    figure_id = f"prior-grid-{found.analysis}"
    return Figure(
        id=figure_id,
        caption=f"{label}: the effect under each set of priors that the plan declares, with credible "
        "intervals. The analysis as planned is the diamond.",
        alt=f"Forest plot of the effect by set of priors. {said}.",
        data=ForestData((panel,)),
        behind=Table(f"{figure_id}-data", "The effect under each set of priors", columns, behind),
    )


def _table(found: Answer, under: tuple[Under, ...]) -> Table:
    columns = (
        Column("Priors", "left"),
        Column("What the prior of the effect says", "left", wraps=True),
        Column("Effect (interval)"),
        Column("P(any benefit)"),
        Column("P(worthwhile)"),
        Column("P(equivalence)"),
    )
    rows = tuple(
        TableRow(
            (
                capital(plain(one.name)),
                one.words,
                one.text(found),
                *map(_chance, map(one.chances.get, CHANCES)),
            ),
            "plain" if place else "strong",
        )
        for place, one in enumerate(under)
    )
    note = "Every line is the same model and the same data, sampled again. Which set is right is no question \
for the data: a conclusion that holds under all of them does not hang on the choice."
    return Table(f"priors-{found.analysis}", "The answer under each set of priors", columns, rows, (note,))


def _chance(value: float | None) -> str:
    return NONE if value is None else chance_text(value)


def _strength(material: Material, found: Answer) -> tuple[Block, ...]:
    rows = material.rows("power_scaling", found.analysis)
    if not rows:
        return ()
    parts = {name: by_stat(each) for name, each in grouped(rows, lambda row: row.group("part")).items()}
    columns = (
        Column("What is made weaker or stronger", "left"),
        Column("Effect at half strength"),
        Column("As it is"),
        Column("At twice the strength"),
        Column("Sensitivity"),
    )
    lines = tuple(TableRow(_cells(name, each, found)) for name, each in parts.items())
    note = (
        "Mean of the posterior when the part is raised to the power 1/2, 1 or 2, by reweighting draws "
        "(an asterisk marks weights that cannot be trusted, Pareto k above 0.7). Sensitivity: how fast the "
        "posterior moves with the power; from 0.05 on it is worth a remark. A likelihood that moves the "
        "answer and a prior that does not is how it should be; both at once may be a conflict."
    )
    label = material.label(found.analysis)
    caption = f"{label}: the effect when prior or likelihood is made weaker or stronger"
    table = Table(f"power-scaling-{found.analysis}", caption, columns, lines, (note,))
    return Prose(_verdict(label, parts)), table


def _cells(name: str, rows: dict[str, Row], found: Answer) -> tuple[str, ...]:
    texts = []
    for one in STRENGTHS:
        value, khat = number_of(rows.get(one)), number_of(rows.get(f"{one}_khat"))
        text = NONE if value is None else point_text(value, found.width, found.scale)
        texts.append(f"{text}*" if khat is not None and khat > 0.7 else text)
    distance = number_of(rows.get("sensitivity"))
    return (capital(name), *texts, NONE if distance is None else fixed(distance, 3))


def _verdict(label: str, parts: dict[str, dict[str, Row]]) -> str:
    """What the sensitivities say together (Kallioinen and others 2024)."""
    moved = {
        name: str(rows["sensitive"].stat) == "yes" for name, rows in parts.items() if "sensitive" in rows
    }
    by_prior = any(moved.get(name, False) for name in ("prior of the effect", "all priors"))
    by_data = moved.get("likelihood", False)
    if by_prior and by_data:
        said = "both the priors and the data move the answer, which may be a conflict between them"
    elif by_prior:
        said = "the priors move the answer more than the data do"
    elif by_data:
        said = "the data move the answer and the priors hardly do"
    else:
        said = "neither priors nor data move the answer when they are made a little weaker or stronger"
    return sentence(f"\u201c{label}\u201d: {said}")

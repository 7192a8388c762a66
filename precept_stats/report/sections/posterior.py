"""Bayesian analyses for a reader of trials: the priors before any result, then what the data made of them."""

from __future__ import annotations

from dataclasses import dataclass

from precept_stats.report.blocks import Block, Column, Figure, Heading, Prose, Table, TableRow
from precept_stats.report.figure_data import DensityBar, PosteriorData, PosteriorPanel
from precept_stats.report.format import Scale, fixed, p_text, percent_text, point_text, range_text, scale_of
from precept_stats.report.material import Answer, Material, answer, by_stat, number_of
from precept_stats.report.words import NONE, capital, contrast_words, scale_words, sentence
from precept_stats.values import Row

PROBABILITIES = ("benefit", "worthwhile", "equivalence", "harm")
SURE = 0.999


@dataclass(frozen=True, slots=True)
class Shown:
    """One Bayesian analysis: its answer, its probabilities, and the bins of prior and posterior."""

    name: str
    label: str
    found: Answer
    probability: dict[str, Row]
    prior: tuple[DensityBar, ...]
    posterior: tuple[DensityBar, ...]

    def chance(self, name: str) -> float | None:
        return number_of(self.probability.get(name))


def p_cell(material: Material, found: Answer) -> str:
    """The p-value; of a posterior, which has none, the probability of benefit."""
    if found.p_value is not None:
        return p_text(found.p_value)
    benefit = by_stat(material.rows("probability", found.analysis)).get("benefit")
    value = number_of(benefit)
    return NONE if value is None else f"P(benefit) {chance_text(value)}"


def chance_text(value: float) -> str:
    """A probability of draws: whole per cent, and never nought or all."""
    if value > SURE:
        return ">99.9%"
    return "<0.1%" if value < 1 - SURE else percent_text(value, 0 if 0.1 <= value <= 0.9 else 1)


def priors(material: Material) -> tuple[Block, ...]:
    """What the priors say of each arm and of the effect before the data; nothing where there is no prior."""
    rows = [row for name in material.plan.analyses for row in _prior_lines(material, name)]
    if not rows:
        return ()
    columns = (Column("Analysis, and of what", "left"), Column("Median"), Column("95% of the prior", "left"))
    notes = (
        "Medians and central 95% of the prior, from draws of it; means are averaged over all clusters, as in "
        "the results. A prior that leaves out what clinicians believe possible, or spreads over what nobody "
        "believes, should be changed before the data are seen.",
    )
    table = Table(
        "priors", "What the Bayesian analyses take as known before the data", columns, tuple(rows), notes
    )
    return Heading(2, "Before the data: priors"), table


def _prior_lines(material: Material, name: str) -> list[TableRow]:
    found, rows = answer(material, name), material.rows("prior", name)
    if not rows or found is None:
        return []
    facts = by_stat(row for row in rows if not row.groups)
    told = str(facts["prior_of_effect"].stat) if "prior_of_effect" in facts else ""
    kind = str(facts["prior_set"].stat) if "prior_set" in facts else ""
    lines = [TableRow((f"{material.label(name)}: {kind} priors; {told}",), "group")]
    for arm in material.arms_of(name):
        mine = by_stat(row for row in rows if row.group("arm") == arm)
        if mine:
            lines.append(_prior_row(arm, mine, scale_of(mine["estimate"].unit, difference=False)))
    effect = by_stat(row for row in rows if row.group("about") == "effect")
    if effect:
        title = f"Effect: {_axis(found)}"
        lines.append(_prior_row(title, effect, found.scale))
    return lines


def _prior_row(label: str, found: dict[str, Row], scale: Scale) -> TableRow:
    value, low, high = (number_of(found.get(one)) for one in ("estimate", "conf_low", "conf_high"))
    if value is None or low is None or high is None:
        return TableRow((label, NONE, NONE))
    return TableRow((label, point_text(value, high - low, scale), range_text(low, high, scale)))


def posterior(material: Material) -> tuple[Block, ...]:
    """Probabilities in words and numbers, and prior and posterior in one figure."""
    found = [one for one in (_shown(material, name) for name in material.plan.analyses) if one is not None]
    if not found:
        return ()
    lead = Prose(" ".join(_sentence(one) for one in found))
    return Heading(3, "How probable is a benefit?"), lead, _table(found), _figure(found)


def _shown(material: Material, name: str) -> Shown | None:
    rows, found = material.rows("posterior", name), answer(material, name)
    if not rows or found is None:
        return None
    laws = {law: _bars(rows, law, found.scale.factor) for law in ("prior", "posterior")}
    chances = by_stat(material.rows("probability", name))
    return Shown(name, material.label(name), found, chances, laws["prior"], laws["posterior"])


def _bars(rows: tuple[Row, ...], law: str, factor: float) -> tuple[DensityBar, ...]:
    bins: dict[str, dict[str, float]] = {}
    for row in rows:
        value = number_of(row)
        if row.group("law") == law and value is not None:
            bins.setdefault(row.group("bin"), {})[row.stat_name] = value
    return tuple(
        DensityBar(factor * one["lower"], factor * one["upper"], 100 * one["share"])
        for one in bins.values()
        if len(one) == 3
    )


def _sentence(one: Shown) -> str:
    """The probabilities as a reader would say them."""
    better = one.found.contrast.replace(" / ", " - ").split(" - ")[0]
    parts = []
    benefit, worthwhile, equal = (one.chance(name) for name in PROBABILITIES[:3])
    if benefit is not None:
        parts.append(f"the probability that {better} is better at all is {chance_text(benefit)}")
    size = _size(one)
    if worthwhile is not None and size:
        parts.append(f"that it is better by at least {size} {chance_text(worthwhile)}")
    if equal is not None and size:
        parts.append(f"that the arms differ by less than that {chance_text(equal)}")
    value = point_text(one.found.value, one.found.width, one.found.scale)
    limits = range_text(one.found.lower, one.found.upper, one.found.scale)
    level = percent_text(one.found.level, 0)
    words = f" {one.found.scale.words}" if one.found.scale.words else ""
    told = f"the effect is {value}{words} ({level} credible interval {limits})"
    return sentence(
        f"\u201c{one.label}\u201d: given the data, the model and its priors, {told}; {', '.join(parts)}"
    )


def _size(one: Shown) -> str:
    """The smallest worthwhile effect with its unit."""
    threshold = one.chance("threshold")
    if threshold is None:
        return ""
    scale, shown = one.found.scale, threshold * one.found.scale.factor
    size = shown if one.found.log else abs(shown)
    return (
        f"{size:g} {scale.words}".strip()
        if scale.words
        else f"{'a ratio of ' if one.found.log else ''}{size:g}"
    )


def _table(found: list[Shown]) -> Table:
    columns = (
        Column("Analysis", "left"),
        Column("P(any benefit)"),
        Column("P(worthwhile benefit)"),
        Column("P(practical equivalence)"),
        Column("P(harm as large)"),
        Column("Smallest worthwhile", "left"),
    )
    rows = tuple(
        TableRow(
            (
                one.label,
                *(
                    NONE if one.chance(name) is None else chance_text(one.chance(name) or 0.0)
                    for name in PROBABILITIES
                ),
                _size(one) or "not declared",
            )
        )
        for one in found
    )
    note = (
        "P: posterior probability, the share of draws. Practical equivalence: an effect between the smallest "
        "worthwhile benefit and a harm of that size. These are no p-values: they depend on the priors."
    )
    return Table("probabilities", "Probabilities of benefit", columns, rows, (note,))


def _figure(found: list[Shown]) -> Figure:
    panels = tuple(_panel(one) for one in found)
    rows: list[TableRow] = []
    for one, panel in zip(found, panels, strict=True):
        rows.append(TableRow((f"{one.label}: {panel.axis}",), "group"))
        before = {bar.lower: bar.percent for bar in one.prior}
        rows += [
            TableRow(
                (
                    f"{bar.lower:.4g} to {bar.upper:.4g}",
                    fixed(before.get(bar.lower, 0.0), 1),
                    fixed(bar.percent, 1),
                )
            )
            for bar in one.posterior
        ]
    columns = (Column("Effect", "left"), Column("Prior, %"), Column("Posterior, %"))
    return Figure(
        id="posterior",
        caption="The effect before the data (prior, outlined) and given the data (posterior, filled, darker "
        "for benefit). The solid line is no effect; dashed lines are the smallest worthwhile benefit and a "
        "harm of that size. Areas are probabilities.",
        alt=" ".join(_sentence(one) for one in found),
        data=PosteriorData(panels),
        behind=Table("posterior-data", "Prior and posterior of the effect", columns, tuple(rows)),
    )


def _axis(found: Answer) -> str:
    return capital(f"{scale_words(found.measure, found.scale)}, {contrast_words(found.contrast)}")


def _panel(one: Shown) -> PosteriorPanel:
    factor = one.found.scale.factor
    thresholds = tuple(
        factor * value
        for value in (one.chance("threshold"), one.chance("other_threshold"))
        if value is not None
    )
    benefit = one.chance("benefit") or 0.0
    middle, null = factor * one.found.value, factor * one.found.null
    above = (middle > null) == (benefit >= 0.5)
    words = [f"better at all: {chance_text(benefit)} probable"]
    worthwhile, equal, size = one.chance("worthwhile"), one.chance("equivalence"), _size(one)
    if worthwhile is not None and equal is not None:
        words.append(f"better by {size} or more: {chance_text(worthwhile)}")
        words.append(f"less than that either way: {chance_text(equal)}")
    if thresholds:
        above = thresholds[0] > null
    return PosteriorPanel(
        title=one.label,
        axis=_axis(one.found),
        log=one.found.log,
        null=null,
        thresholds=thresholds,
        benefit_above=above,
        prior=one.prior,
        posterior=one.posterior,
        words=tuple(words),
    )

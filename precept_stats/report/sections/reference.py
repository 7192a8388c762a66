"""What tests over allocations, or over signs, compare with: the statistic in every replicate of no effect."""

from __future__ import annotations

import math
from dataclasses import dataclass

from precept_stats.report.blocks import Block, Column, Figure, Heading, Prose, Table, TableRow
from precept_stats.report.figure_data import ReferenceBar, ReferenceData, ReferencePanel
from precept_stats.report.format import Scale, count_text, joined, number, p_text, percent_text, scale_of
from precept_stats.report.material import Answer, Material, answer, by_stat, grouped, number_of
from precept_stats.report.words import capital, plain
from precept_stats.values import Row

EXTREME = "as_extreme"
RANDOMISATION = "randomisation test"
STATISTICS = {"t": "t statistic", "score": "score of the arm", "studentised_score": "studentised score"}
MANY = 1e7
"""So many allocations are told as a power of ten."""
RAISED = str.maketrans("0123456789", "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079")


@dataclass(frozen=True, slots=True)
class Shown:
    """The distribution of one analysis: numbers about it, and its bins as far as they may be shown."""

    label: str
    found: Answer
    facts: dict[str, Row]
    alone: dict[str, Row]
    bars: tuple[ReferenceBar, ...]
    scale: Scale

    @property
    def test(self) -> str:
        return str(self.alone["test"].stat)

    @property
    def statistic(self) -> str:
        measure = self.alone["observed"].measure
        return STATISTICS.get(measure, plain(measure))

    @property
    def observed(self) -> float:
        return self.scale.factor * (number_of(self.alone["observed"]) or 0.0)

    @property
    def axis(self) -> str:
        words = self.statistic if self.statistic.startswith("t ") else capital(self.statistic)
        return f"{words}, {self.scale.words}" if self.scale.words else words


def reference(material: Material) -> tuple[Block, ...]:
    """Side by side the distributions of all analyses that have one; nothing where none has."""
    found = [one for one in (_shown(material, name) for name in material.plan.analyses) if one is not None]
    if not found:
        return ()
    heading = Heading(3, _title(found))
    drawn = [one for one in found if one.bars]
    hidden = [f"\u201c{one.label}\u201d" for one in found if not one.bars]
    why = f"Not drawn under the disclosure policy, which guards the outcomes of clusters: {joined(hidden)}."
    if not drawn:
        return heading, Prose(f"{why} {' '.join(_sentence(one) for one in found)}")
    return heading, _figure(material, drawn, (why,) if hidden else ())


def _title(found: list[Shown]) -> str:
    kinds = {one.test == RANDOMISATION for one in found}
    if kinds == {True}:
        return "The statistic in every allocation" if _all(found) else "The statistic over allocations"
    return "The statistic over bootstrap samples" if kinds == {False} else "Randomisation and bootstrap tests"


def _all(found: list[Shown]) -> bool:
    return all("n_draws" not in one.facts for one in found)


def _shown(material: Material, name: str) -> Shown | None:
    rows, whole = material.rows("reference", name), answer(material, name)
    if not rows or whole is None:
        return None
    alone = by_stat(row for row in rows if not row.group("bin"))
    unit = alone["observed"].unit
    scale = scale_of(unit, difference=True) if unit else Scale(1, 0, "", "")
    bins = grouped((row for row in rows if row.group("bin")), lambda row: row.group("bin"))
    bars = (_bar(by_stat(found), scale) for found in bins.values())
    known = tuple(bar for bar in bars if bar is not None)
    return Shown(material.label(name), whole, by_stat(material.rows("fit", name)), alone, known, scale)


def _bar(found: dict[str, Row], scale: Scale) -> ReferenceBar | None:
    lower, upper, share = (number_of(found.get(name)) for name in ("lower", "upper", "share"))
    if lower is None or upper is None or share is None:
        return None
    extreme = found["share"].variable_level == EXTREME
    return ReferenceBar(scale.factor * lower, scale.factor * upper, 100 * share, extreme)


def _figure(material: Material, drawn: list[Shown], notes: tuple[str, ...]) -> Figure:
    panels = tuple(ReferencePanel(one.label, one.axis, one.bars, one.observed) for one in drawn)
    rounded = ("Shares are in whole per cent, ends of bars rounded.",)
    told = " ".join(_sentence(one) for one in drawn)
    return Figure(
        id="reference",
        caption="The statistic of each test as it would have been had there been no effect; dark bars are at "
        f"least as far from 0, on either side, as the one observed (the line). {told}",
        alt=f"Histograms. {' '.join(_alt(one) for one in drawn)}",
        data=ReferenceData(panels),
        behind=_table(drawn),
        notes=(*notes, *(rounded if material.released.policy != "none" else ())),
    )


def _sentence(one: Shown) -> str:
    """Over what, p, and the least p that there could have been."""
    least = number_of(one.facts.get("smallest_p"))
    could = "" if least is None else f"; the smallest that could have been is {_least(least)}"
    shown = f"{number(one.observed)} {one.scale.words}".strip()
    p_value = f"p = {p_text(one.found.p_value)}".replace("= <", "< ")
    return f"\u201c{one.label}\u201d: {one.statistic} {shown}, in {_over(one)}; {p_value}{could}."


def _over(one: Shown) -> str:
    draws, possible = number_of(one.facts.get("n_draws")), number_of(one.facts.get("n_allocations"))
    values = number_of(one.alone["n_replicates"]) or 0.0
    if one.test != RANDOMISATION:
        how = f"{count_text(draws)} samples drawn" if draws else f"all {count_text(values)} samples"
        return (
            f"{how} of a {one.test.removesuffix(' test')}, which gives the residuals of whole clusters new "
            "signs or sizes with no effect imposed, and is no randomisation of the trial"
        )
    if not draws:
        return f"all {count_text(values)} allocations"
    among = f" out of {_count(possible)} possible" if possible else ""
    return f"{count_text(draws)} allocations drawn at random{among}, and the one used"


def _count(count: float) -> str:
    if count < MANY:
        return count_text(count)
    power = math.floor(math.log10(count))
    return f"{count / 10**power:.1f} \u00d7 10{str(power).translate(RAISED)}"


def _least(p_value: float) -> str:
    return p_text(p_value) if p_value >= 0.001 else number(p_value, 2)


def _alt(one: Shown) -> str:
    ends = min(bar.lower for bar in one.bars), max(bar.upper for bar in one.bars)
    tails = sum(bar.percent for bar in one.bars if bar.extreme)
    return (
        f"{one.label}: {one.axis[:1].lower() + one.axis[1:]} from {number(ends[0])} to {number(ends[1])}, "
        f"observed {number(one.observed)}, {percent_text(tails / 100)} at least as far from 0."
    )


def _table(drawn: list[Shown]) -> Table:
    rows: list[TableRow] = []
    for one in drawn:
        rows.append(TableRow((f"{one.label}: {one.axis}",), "group"))
        rows += [TableRow(_cells(bar), "strong" if bar.extreme else "plain") for bar in one.bars]
    columns = (Column("Statistic", "left"), Column("Share"), Column("As far from 0 as observed", "left"))
    return Table("reference-data", "The distribution of each test", columns, tuple(rows))


def _cells(bar: ReferenceBar) -> tuple[str, str, str]:
    at = number(bar.lower) if bar.lower == bar.upper else f"{number(bar.lower)} to {number(bar.upper)}"
    return at, percent_text(bar.percent / 100, 2), "yes" if bar.extreme else "no"

"""Numbers needed to treat, beside every risk difference."""

from __future__ import annotations

from precept_stats.report.blocks import Block, Column, Heading, RowKind, Table, TableRow
from precept_stats.report.format import fixed, level_text, number
from precept_stats.report.material import Material, by_stat, number_of
from precept_stats.report.words import NONE
from precept_stats.values import Row

THROUGH = "through infinity"
NOTE = (
    "NNTB: number needed to treat for one more person to benefit; NNTH: for one more to be harmed. Each is "
    "one over the risk difference. Where the interval of the difference holds no effect, that of the number "
    "runs from a benefit through infinity to a harm (Altman 1998)."
)


def numbers_needed(material: Material) -> tuple[Block, ...]:
    """One line a primary or secondary analysis of a risk difference (else any); nothing where none is."""
    purposes = {name: analysis.purpose for name, analysis in material.plan.analyses.items()}
    answers = {name: by_stat(material.rows("number_needed", name)) for name in purposes}
    known = [
        name for name, found in answers.items() if any(number_of(row) is not None for row in _told(found))
    ]
    rows = [
        _line(material, name, answers[name])
        for name in [name for name in known if purposes[name] in ("primary", "secondary")] or known
    ]
    if not rows:
        return ()
    ci = f"({level_text(material.plan.multiplicity.level)} CI)"
    columns = (Column("Analysis", "left"), Column(f"Number needed to treat {ci}", "left"))
    table = Table("numbers-needed", "Numbers needed to treat", columns, tuple(rows), (NOTE,))
    return Heading(3, "Numbers needed to treat"), table


def _told(found: dict[str, Row]) -> list[Row]:
    return [row for name, row in found.items() if name != "conf_level"]


def _line(material: Material, name: str, found: dict[str, Row]) -> TableRow:
    kind: RowKind = "strong" if material.plan.analyses[name].purpose == "primary" else "plain"
    return TableRow((material.label(name), number_needed_text(found)), kind)


def number_needed_text(found: dict[str, Row]) -> str:
    """``NNTB 10 (6.7 to 20)`` or ``NNTB 10 (NNTB 4.0 to infinity to NNTH 20)``."""
    value, start, end = (number_of(found.get(name)) for name in ("estimate", "conf_low", "conf_high"))
    method = found.get("conf_method")
    inside = (
        f"{_named(start)} to infinity to {_named(end)}"
        if method is not None and THROUGH in str(method.stat)
        else " to ".join(_ordered(start, end))
    )
    return f"{_named(value)} ({inside})"


def _ordered(start: float | None, end: float | None) -> tuple[str, str]:
    """The ends, the nearer to 1 first; both are benefits, or both are harms, or one is infinite."""
    known = sorted(abs(one) for one in (start, end) if one is not None)
    texts = [_size(one) for one in known]
    return (texts[0], texts[1]) if len(texts) == 2 else ((texts or [NONE])[0], "infinity")


def _named(value: float | None) -> str:
    if value is None:
        return "infinity"
    return f"{'NNTB' if value > 0 else 'NNTH'} {_size(abs(value))}"


def _size(value: float) -> str:
    """Whole numbers from 10 on, one decimal below."""
    return fixed(value, 1) if value < 10 else number(value, 2) if value < 1e6 else number(value, 3)

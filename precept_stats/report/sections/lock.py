"""How what ran stands to the locked plan: amendments, departures and unplanned analyses, kept apart."""

from __future__ import annotations

from collections.abc import Sequence

from precept_stats.plan.explain_terms import DATA_STATES
from precept_stats.report.blocks import Block, Bullets, Column, Heading, Prose, Table, TableRow
from precept_stats.report.format import plural
from precept_stats.report.material import Material, by_stat, grouped
from precept_stats.report.words import NONE, sentence
from precept_stats.values import Row

BADGES = {
    "unlocked": "Plan not locked",
    "locked": "Plan locked",
    "departs": "Differs from the locked plan",
}
LONGEST_VALUE = 160


def lock_badge(material: Material) -> str:
    """What stands at the head of the report about the lock."""
    return BADGES[material.provenance.lock_state]


def lock_mark(material: Material) -> str:
    """What stands on every page of a report that no lock vouches for; empty where one does."""
    return "" if material.provenance.lock_state == "locked" else lock_badge(material)


def lock_words(material: Material) -> str:
    """The entry of the provenance about the lock."""
    made = material.provenance
    if made.lock_state == "unlocked":
        return "None. Nothing shows that the plan was fixed before the data were seen."
    return f"SHA-256 {made.lock}"


def lock_record(material: Material) -> tuple[Block, ...]:
    """The lock, its amendments, what departs from it, and what was not planned; nothing where none is."""
    rows = material.rows("lock", "")
    blocks: list[Block] = []
    if rows:
        locks = _numbered(rows, "lock")
        blocks.append(Prose(_opening(material, locks), lead=False))
        blocks += _amendments(locks)
        blocks += _departures(_numbered(rows, "departure"))
    blocks += _unplanned(material)
    return (Heading(2, "The locked plan"), *blocks) if blocks else ()


def _numbered(rows: Sequence[Row], name: str) -> list[list[Row]]:
    """Rows that have a group of this name, by its number."""
    mine = (row for row in rows if row.group(name))
    return list(grouped(mine, lambda row: int(row.group(name))).values())


def _opening(material: Material, locks: Sequence[Sequence[Row]]) -> str:
    first = by_stat(locks[0])
    signers = [str(row.stat) for row in locks[0] if row.stat_name == "signer"]
    by = f", signed by {' and '.join(signers)}" if signers else ", unsigned"
    state = DATA_STATES[str(first["data_state"].stat)]
    times = {1: "", 2: " It was amended once."}
    amended = times.get(len(locks), f" It was amended {plural(len(locks) - 1, 'time')}.")
    ran = (
        "What ran is the plan as it is locked."
        if material.provenance.lock_state == "locked"
        else "What ran differs from the locked plan, as listed below."
    )
    return (
        f"The plan was locked on {str(first['created'].stat)[:10]} as version {first['version'].stat}{by}; "
        f"it says of the data: {state}.{amended} {ran}"
    )


def _amendments(locks: Sequence[Sequence[Row]]) -> list[Block]:
    rows = []
    for number, lock in enumerate(locks[1:], 1):
        told = by_stat([row for row in lock if not row.group("change")])
        words = {name: str(row.stat) for name, row in told.items()}
        changes = _changed([row for row in lock if row.group("change")], "change")
        signers = "; ".join(str(row.stat) for row in lock if row.stat_name == "signer") or "unsigned"
        heading = (
            f"Amendment {number}, {words['created'][:10]}, version {words['version']}: "
            f"{words['class'].replace('_', ' ')}, {words['timing'].replace('_', ' ')}"
        )
        rows.append(TableRow((heading,), "group"))
        parts = [("Reason", words["reason"]), ("Who had seen what", words["seen"])]
        parts += [("Decided by", words.get("decided_by", "")), ("Expected impact", words.get("impact", ""))]
        parts += [("Signed by", signers)]
        rows += [TableRow((name, text)) for name, text in parts if text]
        rows += [TableRow(("Changed", f"{place}: {new} in place of {old}")) for place, old, new in changes]
    columns = (Column("What", "left"), Column("As recorded", "left"))
    return [Table("amendments", "Amendments of the locked plan", columns, tuple(rows))] if rows else []


def _departures(found: Sequence[Sequence[Row]]) -> list[Block]:
    rows = [row for departure in found for row in departure]
    changes = _changed(rows, "departure")
    if not changes:
        return []
    columns = tuple(Column(name, "left") for name in ("Place in the plan", "As locked", "As it ran"))
    caption = "Where what ran differs from the locked plan, without an amendment"
    return [Table("departures", caption, columns, tuple(TableRow(cells) for cells in changes))]


def _changed(rows: Sequence[Row], group: str) -> list[tuple[str, str, str]]:
    """The place, the old and the new value of each changed field."""
    found = []
    for change in grouped(rows, lambda row: int(row.group(group))).values():
        cells = by_stat(change)
        first = change[0]
        steps = [] if first.variable == "plan" else [first.variable]
        where = " / ".join([*steps, *filter(None, first.variable_level.split("/"))])
        old, new = (_short(cells[name]) if name in cells else NONE for name in ("old", "new"))
        found.append((where or "the whole plan", old, new))
    return found


def _short(row: Row) -> str:
    text = str(row.stat)
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 3]}..."


def _unplanned(material: Material) -> list[Block]:
    items = [
        f"{material.label(name)}: {sentence(str(row.stat))}"
        for name in material.plan.analyses
        for row in material.rows("deviation", name)
        if row.stat_name == "unplanned"
    ]
    return [Heading(3, "Analyses that were not planned"), Bullets(tuple(items))] if items else []

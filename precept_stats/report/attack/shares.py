"""Events of an arm from its proportion: where clusters weigh by size, it is that of all people alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from precept_stats.numerics.cell_bounds import NO_END
from precept_stats.report.attack.sheet import Name, Sheet, Sum
from precept_stats.report.guarded import number
from precept_stats.values import Row

BY_SIZE = ("size", "denominators")
DECIMALS = 2
"""Where the gate makes proportions of arms coarse, it leaves so many decimals."""
EXACT = 1e-9


def enter_shares(sheet: Sheet, rows: Sequence[Row], people: Mapping[str, Name]) -> None:
    """Enter what proportions of arms tell of their events, where they are those of all people alike."""
    weighted = {
        row.analysis
        for row in rows
        if (row.context, row.variable) == ("setting", "weights") and row.stat in BY_SIZE
    }
    for row in rows:
        if row.analysis not in weighted or (row.context, row.stat_name) != ("arm_summary", "estimate"):
            continue
        share = number(row)
        stem = people.get(row.analysis, ("of", row.analysis))
        arm = row.group("arm")
        whole = (*stem, arm, "analysed")
        if share is None or row.unit != "proportion" or not sheet.has(whole):
            continue
        events = sheet.unseen((*stem, arm, "events", row.variable))
        off = 0.5 * 10.0**-DECIMALS if round(share, DECIMALS) == share else EXACT
        words = "a proportion of an arm times its people is its events"
        sheet.sums.append(Sum(words, ((events, 1.0), (whole, -(share - off))), 0.0, float(NO_END)))
        sheet.sums.append(Sum(words, ((whole, share + off), (events, -1.0)), 0.0, float(NO_END)))

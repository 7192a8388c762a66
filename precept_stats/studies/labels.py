"""Names found in data: as text, in an order that people expect, numbered from 0."""

from __future__ import annotations

import difflib
import math
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from precept_stats.studies.cluster_trial_design import Ints

_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?\Z")
_DIGITS = re.compile(r"(\d+)")

MISSING = -1
SHOWN = 5


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """One name a row: ``names[codes[i]]``, the code being -1 where the row has no name.

    Names are in natural order (``U2`` before ``U10``), so row order cannot matter.
    """

    codes: Ints
    names: tuple[str, ...]


def text_of(value: object) -> str:
    """A value as the text that names it: 3, 3.0 and ``"3"`` are the same cluster."""
    if isinstance(value, float | np.floating) and math.isfinite(value) and value == int(value):
        return str(int(value))
    return str(value)


def spelling(name: str) -> str:
    """What is left of a name without case, blanks at its ends or doubled, and look-alike Unicode forms.

    Names with the same spelling cannot be told apart by a reader: NFKC, and no invisible characters.
    """
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    seen = "".join(mark for mark in plain if unicodedata.category(mark) != "Cf")
    return " ".join(seen.split())


def natural_key(text: str) -> tuple[int, float, tuple[str | int, ...], str]:
    """Sort key: numbers by size and before words, digits inside words by size."""
    if _NUMBER.match(text):
        return (0, float(text), (), text)
    parts = _DIGITS.split(text)
    return (1, 0.0, tuple(int(part) if place % 2 else part for place, part in enumerate(parts)), text)


def label_rows(column: pd.Series) -> Labels:
    """Number the values of a column in natural order; missing and blank values are -1."""
    codes, uniques = pd.factorize(column)
    texts = [text_of(value) for value in uniques]
    names = tuple(sorted({text for text in texts if text.strip()}, key=natural_key))
    place = {name: position for position, name in enumerate(names)}
    renumber = np.array([place.get(text, MISSING) for text in texts] + [MISSING], dtype=np.intp)
    return Labels(renumber[codes], names)


def crossed(parts: Sequence[Labels]) -> Labels:
    """The combinations of several labellings that occur: ``North / small``; -1 if any part is."""
    if len(parts) == 1:
        return parts[0]
    missing = np.any([part.codes == MISSING for part in parts], axis=0)
    shape = tuple(max(len(part.names), 1) for part in parts)
    cells = np.ravel_multi_index([np.maximum(part.codes, 0) for part in parts], shape)
    used = np.unique(cells[~missing])
    codes = np.where(missing, MISSING, np.searchsorted(used, cells))
    places = np.unravel_index(used, shape)
    names = tuple(
        " / ".join(part.names[place[cell]] for part, place in zip(parts, places, strict=True))
        for cell in range(len(used))
    )
    return Labels(codes.astype(np.intp), names)


def near_match(found: str, allowed: Iterable[str]) -> str:
    """`` (did you mean 'x'?)`` when one of ``allowed`` is close to what was found; else empty."""
    choices = list(allowed)
    folded = {choice.casefold().strip(): choice for choice in choices}
    close = difflib.get_close_matches(found.casefold().strip(), list(folded), n=1, cutoff=0.6)
    return f" (did you mean {folded[close[0]]!r}?)" if close else ""


def listed(names: Iterable[object], shown: int = SHOWN) -> str:
    """The first few names, and how many more there are."""
    everything = [str(name) for name in names]
    more = len(everything) - shown
    return ", ".join(everything[:shown]) + (f" and {more} more" if more > 0 else "")


def counted_values(values: pd.Series, shown: int = SHOWN) -> str:
    """Each distinct value with the rows that have it: ``'maybe' (3 rows), 7 (1 row)``."""
    counts = values.value_counts(dropna=False)
    return listed((_counted(value, int(count)) for value, count in counts.items()), shown)


def _counted(value: object, count: int) -> str:
    plain = value.item() if isinstance(value, np.generic) else value
    empty = isinstance(plain, float) and math.isnan(plain)
    return f"{'empty' if empty else repr(plain)} ({count} row{'s' if count > 1 else ''})"

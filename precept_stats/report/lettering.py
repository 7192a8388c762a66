"""How wide words are and where they break, from a table of letter widths: no font file is opened.

Widths are those of DejaVu Sans in thousandths of its size, which is wider than the fonts that
readers have, so words that fit here fit on the page.
"""

from __future__ import annotations

WIDTHS = {
    **dict.fromkeys("ijl'|.,:;!I", 330),
    **dict.fromkeys("frt()[]/- \u202f\u00a0", 400),
    **dict.fromkeys("mwMW%@", 960),
    **dict.fromkeys("ABCDEGHKNOPQRUVXY", 730),
}
OTHER = 625
BOLD = 1.11


def width(text: str, size: float, *, bold: bool = False) -> float:
    """About how wide a text is, in points, never less than it will be shown."""
    return sum(WIDTHS.get(letter, OTHER) for letter in text) / 1000 * size * (BOLD if bold else 1)


def wrapped(text: str, room: float, size: float, *, bold: bool = False) -> list[str]:
    """The text in lines no wider than ``room`` points; a word that is wider stands alone."""
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        longer = f"{line} {word}" if line else word
        if line and width(longer, size, bold=bold) > room:
            lines.append(line)
            line = word
        else:
            line = longer
    return [*lines, line]


def squeezed(text: str, room: float, size: float) -> str:
    """The text, cut before its last word where it is too long: what tells names apart stands at their end."""
    if width(text, size) <= room or " " not in text:
        return fitted(text, room, size)
    head, _, last = text.rpartition(" ")
    left = room - width(f"\u2026 {last}", size)
    kept = next((head[:n] for n in range(len(head), 0, -1) if width(head[:n], size) <= left), "")
    return f"{kept.rstrip(' ,')}\u2026 {last}" if kept else fitted(text, room, size)


def fitted(text: str, width: float, size: float, *, bold: bool = False) -> str:
    """The text, cut with an ellipsis where it is longer than the place for it."""
    lines = wrapped(text, width, size, bold=bold)
    return lines[0] if len(lines) == 1 else f"{lines[0]} \u2026"

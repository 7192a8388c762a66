"""The text of a formula as tokens, and how a formula is refused: what, what else, and at which character."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import NoReturn

from precept_stats.errors import PlanError

_TOKEN = re.compile(r"[A-Za-z][A-Za-z0-9_]*|[0-9]+|\|\||\*\*|[~+\-*/:|()]")
_SPACE = " \t\r\n"
_CHARACTERS = "ASCII letters, digits and _ in names, which begin with a letter; ~ + - * : / | ( )"

MAX_DEPTH = 8
_WIDTH = 30


class RefusedError(Exception):
    """A formula that cannot be read, and the character (from 0) that spoils it."""

    def __init__(self, problem: str, found: str, allowed: str, at: int) -> None:
        super().__init__(problem)
        self.problem, self.found, self.allowed, self.at = problem, found, allowed, at

    def plan_error(self, text: str) -> PlanError:
        """The same as a reader sees it: with the place in the text, drawn under it."""
        before = _plain(text[max(0, self.at - _WIDTH) : self.at])
        here = _plain(text[self.at : self.at + _WIDTH])
        drawn = f"\n           {before}{here}\n           {' ' * len(before)}^" if text.strip() else ""
        where = f"character {self.at + 1}{drawn}"
        return PlanError(self.problem, found=self.found, allowed=self.allowed, where=where)


def refuse(problem: str, found: str, allowed: str, at: int) -> NoReturn:
    """Stop reading at the character ``at``, counted from 0."""
    raise RefusedError(problem, found, allowed, at)


def shown(text: str) -> str:
    """Some text in quotes, short, and with characters beyond ASCII called by their names."""
    if len(text) == 1 and not 32 <= ord(text) < 127:
        return f"U+{ord(text):04X} {unicodedata.name(text, 'without a name')}"
    cut = text if len(text) <= 2 * _WIDTH else f"{text[: 2 * _WIDTH]}..."
    return f"'{_plain(cut)}'"


def _plain(text: str) -> str:
    """One line of printable ASCII, as long as the text; what is neither has become ``?``."""
    return "".join(char if 32 <= ord(char) < 127 else " " if char in _SPACE else "?" for char in text)


@dataclass(frozen=True, slots=True)
class Token:
    """A name, a number or a sign; ``at`` is its first character, ``depth`` the parentheses round it."""

    text: str
    at: int
    depth: int

    @property
    def is_name(self) -> bool:
        return self.text[0].isalpha()


@dataclass(frozen=True, slots=True)
class Span:
    """Tokens that stand between two signs, ``after`` and ``before``; ``depth`` is that of the signs."""

    tokens: tuple[Token, ...]
    depth: int
    at: int
    after: str = ""
    before: str = ""

    @property
    def found(self) -> str:
        """The tokens as a message quotes them."""
        return shown(" ".join(token.text for token in self.tokens)) if self.tokens else "nothing"

    def signs(self, *signs: str) -> tuple[Token, ...]:
        """The tokens that are one of ``signs``, those inside parentheses left out."""
        return tuple(self.tokens[n] for n in self._cuts(signs))

    def split(self, *signs: str) -> tuple[Span, ...]:
        """The parts between the signs, those inside parentheses left alone. Parts may be empty."""
        cuts = self._cuts(signs)
        starts, ends = [0, *(n + 1 for n in cuts)], [*cuts, len(self.tokens)]
        marks = ["", *(self.tokens[n].text for n in cuts), ""]
        return tuple(
            Span(self.tokens[start:end], self.depth, self._place(start), marks[n], marks[n + 1])
            for n, (start, end) in enumerate(zip(starts, ends, strict=True))
        )

    def inside(self) -> Span | None:
        """What a pair of parentheses round the whole span holds; None when there is no such pair."""
        closing = [
            n for n, token in enumerate(self.tokens) if token.depth == self.depth and token.text == ")"
        ]
        if not self.tokens or self.tokens[0].text != "(" or closing[0] != len(self.tokens) - 1:
            return None
        return Span(self.tokens[1:-1], self.depth + 1, self._place(1))

    def _cuts(self, signs: tuple[str, ...]) -> list[int]:
        return [n for n, token in enumerate(self.tokens) if token.depth == self.depth and token.text in signs]

    def _place(self, start: int) -> int:
        """The character at which the token ``start`` begins, or the last one ends."""
        if start < len(self.tokens):
            return self.tokens[start].at
        return self.tokens[-1].at + len(self.tokens[-1].text) if self.tokens else self.at


def read_tokens(text: str) -> tuple[Token, ...]:
    """The tokens of a formula. Refuses every other character, and parentheses without a partner."""
    tokens: list[Token] = []
    open_at: list[int] = []
    at = 0
    while at < len(text):
        if text[at] in _SPACE:
            at += 1
            continue
        match = _TOKEN.match(text, at)
        if match is None:
            refuse("a character that formulas do not have", shown(text[at]), _CHARACTERS, at)
        sign = match.group()
        if sign == ")" and not open_at:
            refuse("a parenthesis is closed that was not opened", ")", "as many ( as )", at)
        if sign == ")":
            open_at.pop()
        tokens.append(Token(sign, at, len(open_at)))
        if sign == "(":
            open_at.append(at)
        if len(open_at) > MAX_DEPTH:
            refuse("parentheses are nested too deeply", f"{len(open_at)} levels", f"{MAX_DEPTH} levels", at)
        at = match.end()
    if open_at:
        refuse("a parenthesis is not closed", "(", "as many ( as )", open_at[-1])
    return tuple(tokens)

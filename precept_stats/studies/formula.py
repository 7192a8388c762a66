"""Formulas as lme4 writes them, read into terms for notebooks. Nothing in the text is ever evaluated.

The text is cut into names and signs here, and everything else is refused. patsy then expands the
fixed part; it is handed stand-ins (``f0 + f1:f2``) and never a character that the user wrote.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal, NoReturn

from patsy import ModelDesc  # type: ignore[import-untyped]

from precept_stats.errors import PlanError
from precept_stats.studies.cluster_trial import ClusterTrial
from precept_stats.studies.formula_model import FormulaModel, Roles, Terms, model_of, trial_of
from precept_stats.studies.formula_terms import (
    INTERCEPT,
    TRANSFORMS,
    Factor,
    RandomTerm,
    Term,
    listed,
    sum_text,
)
from precept_stats.studies.formula_text import RefusedError, Span, read_tokens, refuse, shown

MAX_LENGTH, MAX_TERMS, MAX_ORDER, MAX_RANDOM_EFFECTS = 2000, 64, 3, 16

_EXAMPLE = "mgso4 ~ arm + baseline + (1 | unit)"
_NAMED = ", ".join(TRANSFORMS)
_FIXED = f"columns, + : *, 1, 0 or - 1, and {_NAMED} of one column"
_RANDOM = "(1 | unit), (1 + x | unit), (1 + x || unit), (1 | unit/period), (1 | unit:period)"
_HINTS = {
    "|": ("a random term is in parentheses", _RANDOM),
    "||": ("a random term is in parentheses", _RANDOM),
    "/": ("nesting is for groups", "in the fixed part, a + a:b for a/b"),
    "**": ("powers are not expanded", "interactions written out with : or *"),
    "0": ("0 and 1 are the intercept", "0 or 1 as a part of the sum by itself"),
    "1": ("0 and 1 are the intercept", "0 or 1 as a part of the sum by itself"),
}


@dataclass(frozen=True, slots=True)
class Formula:
    """What a formula says. ``str()`` gives it expanded; ``text`` is what was written, and is not compared.

    ``fixed`` begins with the intercept unless it was removed. A nested group ``unit/period`` has
    become two random terms, one by ``unit`` and one by ``unit:period``.
    """

    response: Factor
    fixed: tuple[Term, ...]
    random: tuple[RandomTerm, ...]
    text: str = field(compare=False)

    def __str__(self) -> str:
        return " + ".join([f"{self.response} ~ {sum_text(self.fixed)}", *map(str, self.random)])

    def words(self) -> str:
        """The formula as sentences."""
        fixed = [term.words() for term in self.fixed]
        if INTERCEPT not in self.fixed:
            fixed.append("no intercept")
        random = "; ".join(term.words() for term in self.random)
        return f"{self.response} on {listed(fixed)}. Random effects: {random or 'none'}."

    def trial(self, arm: str) -> tuple[ClusterTrial, str]:
        """The cluster trial that the formula describes, and the column of its outcome.

        The group of the one random intercept is the cluster; the fixed terms other than ``arm`` are
        what the trial adjusts for. Raises PlanError for anything that a cluster trial cannot hold.
        """
        return trial_of(self._terms(), arm)

    def model(self, arm: str, *, cluster: str = "", period: str = "", participant: str = "") -> FormulaModel:
        """The study and the random effects that the formula describes, for ``linear_mixed`` and its like.

        ``cluster`` says which group was randomised where there are several; with ``period``, a column
        of the fixed part, the study is a stepped wedge, and with ``participant`` a closed cohort. A
        random slope is of the arm or of a covariate in the fixed part. Raises PlanError for what a
        study or a mixed method cannot hold.
        """
        return model_of(self._terms(), Roles(arm, cluster, period, participant))

    def _terms(self) -> Terms:
        return Terms(self.response, self.fixed, self.random, str(self))


def formula(text: str) -> Formula:
    """Read a formula such as ``mgso4 ~ arm + baseline + (1 | unit)``; evaluates nothing, opens no data.

    Raises PlanError with what was found, what is allowed and the character that spoils the text.
    Limits: 2,000 characters; 64 fixed terms once ``*`` is expanded, repeats counted; interactions of
    three factors; 16 random effects.
    """
    if not isinstance(text, str):
        raise PlanError("a formula is text", found=f"a {type(text).__name__}", allowed=_EXAMPLE)
    if len(text) > MAX_LENGTH:
        found, allowed = f"{len(text)} characters", f"{MAX_LENGTH} characters"
        raise PlanError("the formula is too long", found=found, allowed=allowed)
    try:
        return _read(text)
    except RefusedError as refused:
        raise refused.plan_error(text) from None


@dataclass(frozen=True, slots=True)
class _Joined:
    """Pieces of the fixed part, and the sign between them."""

    by: Literal["+", "*", ":"]
    pieces: tuple[_Tree, ...]


_Tree = Factor | _Joined


@dataclass(frozen=True, slots=True)
class _Sum:
    """The parts of a sum, and what was said of the intercept (None: nothing)."""

    intercept: bool | None
    parts: tuple[Span, ...]


def _read(text: str) -> Formula:
    whole = Span(read_tokens(text), 0, len(text))
    tildes = whole.signs("~")
    if not tildes:
        refuse("a formula is an outcome, then ~, then terms", "no ~", _EXAMPLE, len(text))
    if len(tildes) > 1:
        refuse("a formula has one ~", f"{len(tildes)}", _EXAMPLE, tildes[1].at)
    left, right = whole.split("~")
    response = _factor(left)
    if response is None:
        refuse("the outcome is one column", left.found, f"a column, or {_NAMED} of one", left.at)
    total = _sum(right)
    random = _random_terms(part for part in total.parts if _is_random(part))
    pieces = _bounded(part for part in total.parts if not _is_random(part))
    _refuse_outcome_among(right, response.column)
    return Formula(response, _described(total.intercept is not False, pieces), random, text)


def _refuse_outcome_among(terms: Span, outcome: str) -> None:
    following = [*(token.text for token in terms.tokens[1:]), ""]
    for token, after in zip(terms.tokens, following, strict=True):
        if token.text == outcome and after != "(":
            refuse("the outcome cannot explain itself", shown(outcome), "other columns", token.at)


def _sum(span: Span) -> _Sum:
    """Cut at + and -, and take out the intercept, which may be said once."""
    intercept: bool | None = None
    parts = []
    for part in span.split("+", "-"):
        only = part.tokens[0].text if len(part.tokens) == 1 else ""
        if not part.tokens and not part.after and part.before == "-":
            continue
        if part.after == "-" and only != "1":
            refuse("minus only removes the intercept", part.found, "- 1, or 0 +", part.at)
        if only not in ("0", "1"):
            parts.append(part)
            continue
        if intercept is not None:
            refuse("the intercept is given twice", shown(only), "1, 0 or - 1, once", part.at)
        intercept = only == "1" and part.after != "-"
    return _Sum(intercept, tuple(parts))


def _tree(span: Span) -> _Tree:
    """A part of the sum: products of interactions of factors, or of sums in parentheses."""
    return _join("*", [_join(":", [_atom(each) for each in part.split(":")]) for part in span.split("*")])


def _join(by: Literal["+", "*", ":"], pieces: list[_Tree]) -> _Tree:
    return pieces[0] if len(pieces) == 1 else _Joined(by, tuple(pieces))


def _atom(span: Span) -> _Tree:
    factor = _factor(span)
    if factor is not None:
        return factor
    inside = span.inside()
    if inside is None:
        _explain(span)
    if _is_random(span):
        refuse("a random term stands by itself in the sum", span.found, _RANDOM, span.at)
    total = _sum(inside)
    if total.intercept is not None:
        refuse("the intercept is said outside parentheses", inside.found, _FIXED, inside.at)
    return _join("+", [_tree(part) for part in total.parts])


def _factor(span: Span) -> Factor | None:
    """A column, or a named transform of one; None for anything else. Refuses any other function."""
    tokens = span.tokens
    if not tokens or not tokens[0].is_name:
        return None
    if len(tokens) == 1:
        return Factor(tokens[0].text)
    if tokens[1].text != "(":
        return None
    transform = next((name for name in TRANSFORMS if name == tokens[0].text), None)
    if transform is None:
        refuse("a function that formulas do not have", shown(f"{tokens[0].text}()"), _NAMED, span.at)
    if len(tokens) != 4 or not tokens[2].is_name:
        refuse("a transform is of one column", span.found, f"{transform}(column)", tokens[1].at)
    return Factor(tokens[2].text, transform)


def _explain(span: Span) -> NoReturn:
    """Refuse what is neither a factor nor a sum in parentheses, at the token that spoils it."""
    if not span.tokens:
        refuse("something is missing", "nothing", _FIXED, span.at)
    level = [token for token in span.tokens if token.depth == span.depth]
    numbers = [token for token in level if token.text.isdigit()]
    signs = [token for token in level if not token.is_name and token.text not in ("(", ")")]
    culprits = [*(sign for sign in signs if sign not in numbers), *numbers]
    culprit = culprits[0] if culprits else level[2 if level[0].text == "(" else 1]
    problem, allowed = _HINTS.get(culprit.text, ("this cannot stand here", _FIXED))
    refuse(problem, shown(culprit.text), allowed, culprit.at)


def _is_random(span: Span) -> bool:
    inside = span.inside()
    return inside is not None and len(inside.signs("|", "||")) > 0


def _random_terms(parts: Iterable[Span]) -> tuple[RandomTerm, ...]:
    terms: list[RandomTerm] = []
    seen: set[tuple[Term, frozenset[str]]] = set()
    for part in parts:
        for term in _nested_terms(part):
            pairs = [(effect, frozenset(term.group)) for effect in term.effects]
            if len(set(pairs) | seen) < len(pairs) + len(seen):
                refuse("a random effect is given twice", str(term), "each effect once by group", part.at)
            seen.update(pairs)
            terms.append(term)
        if len(seen) > MAX_RANDOM_EFFECTS:
            refuse("too many random effects", f"{len(seen)} or more", f"{MAX_RANDOM_EFFECTS}", part.at)
    return tuple(terms)


def _nested_terms(span: Span) -> list[RandomTerm]:
    """One random term, or one for each level of a nested group: ``a/b`` is by a, and by a:b."""
    inside = span.inside() or span
    bars = inside.signs("|", "||")
    if len(bars) > 1:
        refuse("a random term has one bar", f"{len(bars)}", _RANDOM, bars[1].at)
    left, right = inside.split("|", "||")
    effects = _effects(left)
    correlated = right.after == "|" or len(effects) == 1
    group: tuple[str, ...] = ()
    terms = []
    for level in right.split("/"):
        group += tuple(_group_column(column) for column in level.split(":"))
        if len(set(group)) < len(group):
            refuse("a group names a column twice", shown(":".join(group)), _RANDOM, level.at)
        if len(group) > MAX_ORDER:
            refuse("a group of too many columns", f"{len(group)}", f"{MAX_ORDER}", level.at)
        terms.append(RandomTerm(effects, group, correlated))
    return terms


def _effects(span: Span) -> tuple[Term, ...]:
    total = _sum(span)
    effects = [INTERCEPT] if total.intercept is not False else []
    for part in total.parts:
        factor = _factor(part)
        if factor is None:
            allowed = f"1, 0, - 1, columns and {_NAMED} of one, joined by +"
            refuse("a random effect is of one column", part.found, allowed, part.at)
        effects.append(Term((factor,)))
    if not effects:
        refuse("a random term has an effect", span.found, _RANDOM, span.at)
    return tuple(effects)


def _group_column(span: Span) -> str:
    if len(span.tokens) != 1 or not span.tokens[0].is_name:
        refuse("a group is made of columns", span.found, _RANDOM, span.at)
    return span.tokens[0].text


def _bounded(parts: Iterable[Span]) -> list[_Tree]:
    """The parts of the fixed sum as trees, refused before anything is expanded if that would be much."""
    trees, total = [], 0
    for part in parts:
        tree = _tree(part)
        terms, order = _size(tree)
        total += terms
        if order > MAX_ORDER:
            refuse("an interaction of too many factors", f"{order}", f"{MAX_ORDER}", part.at)
        if total > MAX_TERMS:
            found = f"{total}" if total < 10**6 else "more than a million"
            refuse("too many terms once * is expanded", found, f"{MAX_TERMS}", part.at)
        trees.append(tree)
    return trees


def _size(tree: _Tree) -> tuple[int, int]:
    """How many terms a tree expands to, repeats counted, and the factors of its longest."""
    if isinstance(tree, Factor):
        return 1, 1
    terms, orders = zip(*map(_size, tree.pieces), strict=True)
    if tree.by == "+":
        return sum(terms), max(orders)
    if tree.by == ":":
        return math.prod(terms), sum(orders)
    return math.prod(n + 1 for n in terms) - 1, sum(orders)


def _described(intercept: bool, pieces: list[_Tree]) -> tuple[Term, ...]:
    """The terms of the fixed part, expanded by patsy's parser from stand-ins for the factors."""
    factors = list(dict.fromkeys(factor for piece in pieces for factor in _factors(piece)))
    stand_ins = {factor: f"f{n}" for n, factor in enumerate(factors)}
    code = " + ".join(["1" if intercept else "0", *(_code(piece, stand_ins) for piece in pieces)])
    meant = {name: factor for factor, name in stand_ins.items()}
    return tuple(
        Term(tuple(meant[each.name()] for each in term.factors))
        for term in ModelDesc.from_formula(f"~ {code}").rhs_termlist
    )


def _factors(tree: _Tree) -> Iterator[Factor]:
    if isinstance(tree, Factor):
        yield tree
    else:
        for piece in tree.pieces:
            yield from _factors(piece)


def _code(tree: _Tree, stand_ins: dict[Factor, str]) -> str:
    if isinstance(tree, Factor):
        return stand_ins[tree]
    return f"({f' {tree.by} '.join(_code(piece, stand_ins) for piece in tree.pieces)})"

"""Formulas: read into the terms that patsy describes, and refused with a place."""

from __future__ import annotations

import doctest
import itertools
import re
import time
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import precept_stats as ps
from precept_stats.errors import PlanError
from precept_stats.studies.formula import MAX_LENGTH, MAX_ORDER, MAX_RANDOM_EFFECTS, MAX_TERMS
from precept_stats.studies.formula_terms import INTERCEPT, TRANSFORMS, Factor, RandomTerm, Term

from .formulas import GOOD, fixed_by_patsy, read_or_refused

DOCS = Path(__file__).resolve().parents[2] / "docs" / "formulas.md"


@pytest.mark.parametrize("text", GOOD)
def test_the_fixed_part_is_what_patsy_describes(text: str) -> None:
    read = ps.formula(text)
    assert tuple(map(str, read.fixed)) == fixed_by_patsy(text)
    assert read.random == ()
    assert read.text == text


def test_terms_are_typed() -> None:
    read = ps.formula("log(y) ~ arm*sqrt(x) + (0 + arm | unit)")
    arm, root = Factor("arm"), Factor("x", "sqrt")
    assert read == ps.Formula(
        response=Factor("y", "log"),
        fixed=(INTERCEPT, Term((arm,)), Term((root,)), Term((arm, root))),
        random=(RandomTerm((Term((arm,)),), ("unit",)),),
        text="compared without its text",
    )
    assert hash(read) == hash(ps.formula(str(read)))


ONE, X = INTERCEPT, Term((Factor("x"),))
Z = Term((Factor("z", "center"),))


@pytest.mark.parametrize(
    ("random", "terms"),
    [
        ("(1 | unit)", [RandomTerm((ONE,), ("unit",))]),
        ("(x | unit)", [RandomTerm((ONE, X), ("unit",))]),
        ("(1 + x | unit)", [RandomTerm((ONE, X), ("unit",))]),
        ("(0 + x | unit)", [RandomTerm((X,), ("unit",))]),
        ("(-1 + x | unit)", [RandomTerm((X,), ("unit",))]),
        ("(x - 1 | unit)", [RandomTerm((X,), ("unit",))]),
        ("(x || unit)", [RandomTerm((ONE, X), ("unit",), correlated=False)]),
        ("(x + center(z) || unit)", [RandomTerm((ONE, X, Z), ("unit",), correlated=False)]),
        ("(1 || unit)", [RandomTerm((ONE,), ("unit",))]),
        ("(1 | unit:period)", [RandomTerm((ONE,), ("unit", "period"))]),
        ("(1 | unit/period)", [RandomTerm((ONE,), ("unit",)), RandomTerm((ONE,), ("unit", "period"))]),
        ("(1 | a/b/c)", [RandomTerm((ONE,), tuple("abc"[:n])) for n in (1, 2, 3)]),
        ("(1 | a/b:c)", [RandomTerm((ONE,), ("a",)), RandomTerm((ONE,), ("a", "b", "c"))]),
        ("(1 | unit) + (1 | period)", [RandomTerm((ONE,), ("unit",)), RandomTerm((ONE,), ("period",))]),
        ("(1 | unit) + (0 + x | unit)", [RandomTerm((ONE,), ("unit",)), RandomTerm((X,), ("unit",))]),
        ("(1|school/class)", [RandomTerm((ONE,), ("school",)), RandomTerm((ONE,), ("school", "class"))]),
    ],
)  # fmt: skip
def test_random_terms_are_read_as_lme4_means_them(random: str, terms: list[RandomTerm]) -> None:
    for text in (f"y ~ {random}", f"y ~ arm + {random}", f"y ~ {random} + arm"):
        read = ps.formula(text)
        assert list(read.random) == terms
        assert read.fixed == (INTERCEPT,) if "arm" not in text else (INTERCEPT, Term((Factor("arm"),)))


@pytest.mark.parametrize(
    ("text", "problem", "found", "character"),
    [
        ("", "an outcome", "no ~", 1),
        ("mgso4", "an outcome", "no ~", 6),
        ("~ x", "the outcome", "nothing", 1),
        ("y + z ~ x", "the outcome", "y + z", 1),
        ("1 ~ x", "the outcome", "1", 1),
        ("y ~", "missing", "nothing", 4),
        ("y ~ x +", "missing", "nothing", 8),
        ("y ~ + x", "missing", "nothing", 5),
        ("y ~ x + + z", "missing", "nothing", 9),
        ("y ~ x * ", "missing", "nothing", 8),
        ("y ~ ()", "missing", "nothing", 6),
        ("y ~ x ~ z", "one ~", "2", 7),
        ("y ~ x z", "cannot stand here", "z", 7),
        ("y ~ (x)(z)", "cannot stand here", "(", 8),
        ("y ~ 2", "cannot stand here", "2", 5),
        ("y ~ I(x)", "function", "I()", 5),
        ("y ~ x + exp(z)", "function", "exp()", 9),
        ("y ~ log(x + 1)", "of one column", "log ( x + 1 )", 8),
        ("y ~ x.y", "character", ".", 6),
        ("y ~ `x`", "character", "`", 5),
        ("y ~ _x", "character", "_", 5),
        ("y ~ \N{CYRILLIC SMALL LETTER A}", "character", "U+0430 CYRILLIC SMALL LETTER A", 5),
        ("y ~ (x", "not closed", "(", 5),
        ("y ~ x)", "not opened", ")", 6),
        ("y ~ x ** 2", "powers", "**", 7),
        ("y ~ a/b", "nesting", "/", 6),
        ("y ~ a - b", "minus", "b", 9),
        ("y ~ a - 0", "minus", "0", 9),
        ("y ~ 1 + 1", "intercept is given twice", "1", 9),
        ("y ~ 0 + x - 1", "intercept is given twice", "1", 13),
        ("y ~ 1:x", "0 and 1 are the intercept", "1", 5),
        ("y ~ (1 + x):z", "outside parentheses", "1 + x", 6),
        ("y ~ 1 | unit", "in parentheses", "|", 7),
        ("y ~ x:(1 | unit)", "by itself", "( 1 | unit )", 7),
        ("y ~ ((1 | unit))", "by itself", "( 1 | unit )", 6),
        ("y ~ (1 | )", "group", "nothing", 9),
        ("y ~ (1 | a + b)", "group", "a + b", 10),
        ("y ~ (1 | 1)", "group", "1", 10),
        ("y ~ (1 | a/)", "group", "nothing", 12),
        ("y ~ (1 | a:a)", "twice", "a:a", 10),
        ("y ~ (1 | a/a)", "twice", "a:a", 12),
        ("y ~ ( | unit)", "random effect is of one column", "nothing", 7),
        ("y ~ (0 | unit)", "has an effect", "0", 6),
        ("y ~ (a*b | unit)", "random effect is of one column", "a * b", 6),
        ("y ~ (1 | a | b)", "one bar", "2", 12),
        ("y ~ (1 | u) + (1 | u/v)", "random effect is given twice", "(1 | u)", 15),
        ("y ~ (x + x | u)", "random effect is given twice", "(1 + x + x | u)", 5),
        ("y ~ (1 | a:b) + (1 | b:a)", "random effect is given twice", "(1 | b:a)", 17),
        ("y ~ x + y", "explain itself", "y", 9),
        ("y ~ x + (1 | y)", "explain itself", "y", 14),
        ("log(y) ~ y:x", "explain itself", "y", 10),
        ("y ~ a*b*c*d", "too many factors", "4", 5),
        ("y ~ x + a:b:c:d", "too many factors", "4", 9),
        ("y ~ (1 | a:b:c:d)", "too many columns", "4", 10),
    ],
)  # fmt: skip
def test_a_refusal_says_what_and_where(text: str, problem: str, found: str, character: int) -> None:
    with pytest.raises(PlanError) as raised:
        ps.formula(text)
    error = raised.value
    assert problem in error.problem
    assert error.found.strip("'") == found
    assert error.allowed
    assert error.where.splitlines()[0] == f"character {character}"


def test_the_place_is_drawn_under_the_text() -> None:
    with pytest.raises(PlanError) as raised:
        ps.formula("a_rather_long_outcome_name ~ a_rather_long_covariate + I(baseline) + (1 | unit)")
    drawn, caret = raised.value.where.splitlines()[1:]
    assert drawn[caret.index("^") :].startswith("I(baseline)")


def test_the_limits_are_where_they_are_said_to_be() -> None:
    names = [f"x{n}" for n in range(MAX_TERMS + 1)]
    assert len(ps.formula("y ~ " + " + ".join(names[:-1])).fixed) == MAX_TERMS + 1
    effects = names[:MAX_RANDOM_EFFECTS]
    assert len(ps.formula(f"y ~ (0 + {' + '.join(effects)} | u)").random[0].effects) == MAX_RANDOM_EFFECTS
    assert ps.formula("y ~ " + ":".join(names[:MAX_ORDER])).fixed[-1].order == MAX_ORDER
    assert ps.formula("y ~ x".ljust(MAX_LENGTH)).fixed == ps.formula("y ~ x").fixed
    for beyond in (
        "y ~ " + " + ".join(names),
        f"y ~ ({' + '.join(effects)} | u)",
        "y ~ " + ":".join(names[: MAX_ORDER + 1]),
        "y ~ x".ljust(MAX_LENGTH + 1),
    ):
        with pytest.raises(PlanError, match="too"):
            ps.formula(beyond)


NAMES = st.sampled_from(["a", "b", "c", "arm", "log", "class", "x_1"])
FACTORS = st.one_of(NAMES, st.builds("{}({})".format, st.sampled_from(TRANSFORMS), NAMES))


def _joined(pieces: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    signs = st.sampled_from([" + ", "*", ":", " * ", "+"])
    return st.one_of(
        st.builds("{}{}{}".format, pieces, signs, pieces),
        st.builds("({}{}{})".format, pieces, signs, pieces),
    )


SUMS = st.recursive(FACTORS, _joined, max_leaves=6)
ENDS = st.sampled_from(["", " + 0", " - 1", " + 1"])
EFFECTS = st.sampled_from(["1", "a", "0 + a", "1 + a + log(b)", "-1 + b", "c - 1"])
GROUPS = st.sampled_from(["u", "v", "u/v", "u:v", "u/v/w", "class", "t/u:v"])
RANDOM = st.builds("({} {} {})".format, EFFECTS, st.sampled_from(["|", "||"]), GROUPS)


@given(SUMS, ENDS)
def test_any_fixed_part_is_what_patsy_describes_or_is_over_a_limit(total: str, end: str) -> None:
    text = f"y ~ {total}{end}"
    read = read_or_refused(text)
    if isinstance(read, PlanError):
        assert "too many" in read.problem
    else:
        assert tuple(map(str, read.fixed)) == fixed_by_patsy(text)


@given(SUMS, ENDS, st.lists(RANDOM, max_size=3))
def test_the_expanded_text_reads_to_the_same_formula(total: str, end: str, random: list[str]) -> None:
    text = " + ".join([f"y ~ {total}{end}", *random])
    read = read_or_refused(text)
    if isinstance(read, PlanError):
        assert re.search("too many|given twice", read.problem)
        assume(False)
    again = ps.formula(str(read))
    assert again == read
    assert str(again) == str(read)
    assert read.text == text
    assert ps.formula(read.text) == read
    assert read.words()


def test_words_say_the_formula() -> None:
    read = ps.formula("mgso4 ~ arm*log(age) + (1 + x || unit) + (1 | unit:period)")
    assert read.words() == (
        "mgso4 on an intercept, arm, log(age) and the interaction of arm and log(age). Random effects: "
        "an intercept and an effect of x for each unit, uncorrelated; "
        "an intercept for each combination of unit and period."
    )
    assert ps.formula("y ~ 0 + x").words() == "y on x and no intercept. Random effects: none."


def test_the_documented_examples_are_true() -> None:
    done = doctest.testfile(str(DOCS), module_relative=False, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert done.attempted > 5
    assert done.failed == 0


def test_a_thousand_formulas_take_less_than_a_few_seconds() -> None:
    began = time.perf_counter()
    for _ in itertools.repeat(None, 1000):
        ps.formula("mgso4 ~ arm*period + baseline + (1 + period | region/unit)")
    assert time.perf_counter() - began < 10

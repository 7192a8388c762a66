"""Formulas: read into the terms that patsy describes, refused with a place, and never evaluated."""

from __future__ import annotations

import builtins
import doctest
import importlib
import itertools
import keyword
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import patsy.eval
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from patsy import ModelDesc

import precept_stats as ps
from precept_stats.errors import PlanError
from precept_stats.studies.formula import MAX_LENGTH, MAX_ORDER, MAX_RANDOM_EFFECTS, MAX_TERMS
from precept_stats.studies.formula_terms import INTERCEPT, TRANSFORMS, Factor, RandomTerm, Term

from .trials import STUDY, ask, plain

DOCS = Path(__file__).resolve().parents[2] / "docs" / "formulas.md"
module = importlib.import_module("precept_stats.studies.formula")

ATTACKS = [
    "__import__('os').system('touch pwned')",
    "y ~ __import__('os').system('touch pwned')",
    "y ~ I(__import__('os').system('touch pwned'))",
    "y ~ I(x)",
    "y ~ Q('x')",
    "y ~ C(arm)",
    "y ~ log(__import__('os'))",
    "y ~ log(x.__class__)",
    "y ~ log(open('pwned', 'w'))",
    "y ~ eval(x)",
    "y ~ exec(x)",
    "y ~ open(x)",
    "y ~ os.system",
    "y ~ x.__class__.__mro__[-1].__subclasses__()",
    "y ~ (lambda: x)()",
    "y ~ lambda x: x",
    "y ~ [x for x in arm]",
    "y ~ {x}",
    "y ~ f'{x}'",
    "y ~ `x`",
    "y ~ $(touch pwned)",
    "y ~ x; import os",
    "y ~ x # comment",
    "y ~ x if arm else z",
    "y ~ x := 1",
    "y ~ x = 1",
    "y ~ x\\n",
    "y ~ x\x00",
    "y ~ @x",
    "y ~ x ** 99999999999",
    "y ~ x ^ 2",
    "y ~ x - x",
    "y ~ x %in% z",
    "y ~ log (x, base=2)",
    "y ~ log(log(x))",
    "y ~ log(x + 1)",
    "y ~ log()",
    "y ~ log(1)",
    "y ~ (1 | eval(x))",
    "y ~ (1 | log(x))",
    "y ~ (1 + I(x) | unit)",
    "eval(y) ~ x",
    "y ~ \N{CYRILLIC SMALL LETTER A}rm",
    "y ~ \N{FULLWIDTH LATIN SMALL LETTER E}val(x)",
    "y ~ x \N{FULLWIDTH PLUS SIGN} z",
    "y ~ x \N{MINUS SIGN} 1",
    "y \N{TILDE OPERATOR} x",
    "y ~ x + \N{FULLWIDTH DIGIT ONE}",
    "y ~ (1 \N{DIVIDES} unit)",
    "y ~ x\N{NO-BREAK SPACE}+ z",
    "y ~ x\N{ZERO WIDTH SPACE}",
    "y ~ \N{RIGHT-TO-LEFT OVERRIDE}x",
    "y ~ x\N{COMBINING ACUTE ACCENT}",
    "y ~ \ud800",
    "y ~ 0x1",
    "y ~ 1e5",
    "y ~ " + "(" * 1900,
    "y ~ " + "(" * 900 + "x" + ")" * 900,
    "y ~ " + "+" * 1900,
    "y ~ " + "- 1 " * 400,
    "y ~ " + "*".join("abcdefghijklmnopqrstuvwx"),
    "y ~ " + "*".join(["(a + b + c)"] * 100),
    "y ~ " + ":".join(["a"] * 900),
    "y ~ " + "+".join(["a"] * 900),
    "y ~ " + "+".join(["(1 | u)"] * 200),
    "y ~ (1 | " + "/".join(["u"] * 900) + ")",
    "y ~ " + "x" * 10**7,
    "y ~ " + "+x" * 10**6,
]

# Evaluating, importing, opening and running all raise one of these; so does compiling text.
_FORBIDDEN = ("compile", "exec", "import", "open", "os.", "subprocess.", "socket.", "ctypes.", "shutil.")
_watch: dict[str, Any] = {"on": False, "seen": []}


def _hook(event: str, _: tuple[object, ...]) -> None:
    if _watch["on"] and event.startswith(_FORBIDDEN):
        _watch["seen"].append(event)


sys.addaudithook(_hook)


@contextmanager
def nothing_evaluated() -> Iterator[None]:
    """Python's own audit events say whether anything was compiled, executed, imported or opened."""
    _watch.update(on=True, seen=[])
    try:
        yield
    finally:
        _watch["on"] = False
    assert _watch["seen"] == []


def read_or_refused(text: str) -> ps.Formula | PlanError:
    """What reading gives, when it evaluates nothing; any error but a PlanError goes through."""
    with nothing_evaluated():
        try:
            return ps.formula(text)
        except PlanError as refused:
            return refused


def fixed_by_patsy(text: str) -> tuple[str, ...]:
    """What patsy itself makes of a formula's right-hand side: names of terms, in its order."""
    described = ModelDesc.from_formula(text)
    return tuple(":".join(f.name() for f in term.factors) or "1" for term in described.rhs_termlist)


def test_the_watch_notices_an_evaluation() -> None:
    with pytest.raises(AssertionError), nothing_evaluated():
        patsy.dmatrix("x + z", {"x": [1.0, 2.0], "z": [1.0, 2.0]})
    with nothing_evaluated():
        ModelDesc.from_formula("~ os + I(1 + 1)")


GOOD = [
    "y ~ x",
    "y ~ 1",
    "y ~ 0 + x",
    "y ~ x - 1",
    "y ~ -1 + x",
    "y ~ x + 0",
    "y ~ 1 + x + z",
    "y ~ x + x + x",
    "y ~ x*z",
    "y ~ x:z",
    "y ~ x:z + z:x",
    "y ~ x:x",
    "y ~ x*x*z",
    "y ~ a*b*c",
    "y ~ a:b*c",
    "y ~ a*b:c",
    "y ~ a + b*c - 1",
    "y ~ (a + b)*c",
    "y ~ (a + b):c",
    "y ~ a:(b + c)",
    "y ~ (a + b)*(c + d)",
    "y ~ (a*b + c):d",
    "y ~ ((a))",
    "y ~ (a + (b + (c)))",
    "y ~ a*(b + c):d + e",
    "y ~ log(x)",
    "y ~ log(x)*arm + sqrt(z):arm",
    "y ~ center(x) + scale(x) + x",
    "y ~ log( x ) + log(x)",
    "log(y) ~ x",
    "mgso4 ~ arm + baseline",
    "y~a+b\n  + c\t*d",
    "y ~ class + import_ + print + eval",
    "log ~ sqrt + log(scale)",
    "y_1 ~ X2 + x__y",
]


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


@pytest.mark.parametrize("text", ATTACKS, ids=range(len(ATTACKS)))
def test_attacks_are_refused_at_once_and_nothing_is_evaluated(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    began = time.perf_counter()
    with nothing_evaluated(), pytest.raises(PlanError) as raised:
        ps.formula(text)
    assert time.perf_counter() - began < 5
    assert str(raised.value).isascii()
    assert len(str(raised.value)) < 1000
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("thing", [None, 1, b"y ~ x", ["y ~ x"], object()])
def test_what_is_not_text_is_refused(thing: Any) -> None:
    with pytest.raises(PlanError, match="a formula is text"):
        ps.formula(thing)


def test_words_of_python_are_names_of_columns_and_nothing_else() -> None:
    for word in keyword.kwlist:
        with nothing_evaluated():
            read = ps.formula(f"y ~ {word} + (1 | {word})")
        assert read.fixed[1] == Term((Factor(word),))
    with nothing_evaluated():
        assert ps.formula("y ~ lambda: x").fixed == (INTERCEPT, Term((Factor("lambda"), Factor("x"))))


def test_patsy_sees_stand_ins_only(monkeypatch: pytest.MonkeyPatch) -> None:
    handed: list[str] = []

    def spy(code: str) -> ModelDesc:
        handed.append(code)
        return ModelDesc.from_formula(code)

    monkeypatch.setattr(module, "ModelDesc", type("Spy", (), {"from_formula": staticmethod(spy)}))
    for text in GOOD:
        ps.formula(text)
    assert len(handed) == len(GOOD)
    assert all(re.fullmatch(r"~ [01]( \+ [f0-9()+:* ]+)?", code) for code in handed)


def test_with_pythons_evaluation_taken_away_every_good_formula_still_reads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("something was evaluated")

    for owner, name in [
        (patsy.eval.EvalEnvironment, "eval"),
        (patsy.eval.EvalEnvironment, "capture"),
        (patsy.eval.EvalFactor, "eval"),
        (patsy.eval.EvalFactor, "memorize_passes_needed"),
        (patsy.eval.EvalFactor, "memorize_chunk"),
    ]:
        monkeypatch.setattr(owner, name, never)
    with monkeypatch.context() as without:
        for name in ("eval", "exec", "compile"):
            without.setattr(builtins, name, never)
        read = [ps.formula(f"{text} + (1 + w | u)") for text in GOOD]
    assert [tuple(map(str, each.fixed)) for each in read] == [fixed_by_patsy(text) for text in GOOD]


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


@settings(max_examples=300)
@given(st.text(max_size=60))
@example("y ~ (((")
@example("y ~ x" + "\N{COMBINING ACUTE ACCENT}" * 9)
def test_any_text_gives_a_formula_or_a_plan_error(text: str) -> None:
    read = read_or_refused(text)
    assert str(read).isascii()
    assert isinstance(read, PlanError) or ps.formula(str(read)) == read


WHOLE = ["||", "**", "log", "I", "Q", "__import__", "lambda", "y ~ ", "(1 | u)"]
PIECES = st.sampled_from([*"~+-*/:|()01 yxu.`'2", *WHOLE])


@settings(max_examples=500)
@given(st.lists(PIECES, max_size=25).map("".join))
def test_any_jumble_of_signs_gives_a_formula_or_a_plan_error(text: str) -> None:
    for written in (text, f"y ~ {text}"):
        read = read_or_refused(written)
        assert isinstance(read, PlanError) or ps.formula(str(read)) == read


def test_words_say_the_formula() -> None:
    read = ps.formula("mgso4 ~ arm*log(age) + (1 + x || unit) + (1 | unit:period)")
    assert read.words() == (
        "mgso4 on an intercept, arm, log(age) and the interaction of arm and log(age). Random effects: "
        "an intercept and an effect of x for each unit, uncorrelated; "
        "an intercept for each combination of unit and period."
    )
    assert ps.formula("y ~ 0 + x").words() == "y on x and no intercept. Random effects: none."


def test_a_cluster_trial_comes_out_of_a_formula() -> None:
    study, outcome = ps.formula("mgso4 ~ arm + baseline + size + (1 | unit)").trial(arm="arm")
    assert study == ps.ClusterTrial(cluster="unit", arm="arm", adjust=("baseline", "size"))
    assert outcome == "mgso4"
    assert ps.formula("y ~ x + group + (1 | u)").trial("group")[0].adjust == ("x",)


@pytest.mark.parametrize(
    ("text", "problem", "found"),
    [
        ("log(y) ~ arm + (1 | u)", "as recorded", "log(y)"),
        ("y ~ 0 + arm + (1 | u)", "an intercept", "0 or - 1"),
        ("y ~ x + (1 | u)", "its arm", "'arm'"),
        ("y ~ arm:x + (1 | u)", "plain columns", "arm:x"),
        ("y ~ arm*x + (1 | u)", "plain columns", "arm:x"),
        ("y ~ arm + log(x) + (1 | u)", "plain columns", "log(x)"),
        ("y ~ arm", "one random term", "none"),
        ("y ~ arm + (1 | u) + (1 | v)", "one random term", "(1 | u), (1 | v)"),
        ("y ~ arm + (1 | u/v)", "one random term", "(1 | u), (1 | u:v)"),
        ("y ~ arm + (1 + x | u)", "random intercept", "(1 + x | u)"),
        ("y ~ arm + (0 + x | u)", "random intercept", "(0 + x | u)"),
        ("y ~ arm + (1 | u:v)", "random intercept", "(1 | u:v)"),
        ("y ~ arm + (1 | arm)", "differ from its clusters", "arm as both"),
        ("y ~ arm + u + (1 | u)", "this formula", "adjust names u"),
        ("y ~ arm + baseline_outcome + (1 | u)", "this formula", "periods"),
    ],
)  # fmt: skip
def test_what_a_cluster_trial_cannot_hold_is_refused(text: str, problem: str, found: str) -> None:
    with pytest.raises(PlanError) as raised:
        ps.formula(text).trial(arm="arm")
    assert problem in raised.value.problem
    assert found in raised.value.found
    assert raised.value.where == str(ps.formula(text))


@pytest.mark.parametrize("arm", ["", "ARM", "\N{CYRILLIC SMALL LETTER A}rm", "x" * 10**6, None, 3, []])
def test_an_arm_that_the_formula_does_not_name_is_refused(arm: Any) -> None:
    with pytest.raises(PlanError, match="needs its arm") as raised:
        ps.formula("y ~ arm + (1 | u)").trial(arm=arm)
    assert len(str(raised.value)) < 1000


def test_the_trial_of_a_formula_is_analysed_like_the_one_written_out() -> None:
    study, outcome = ps.formula("y ~ arm + (1 | unit)").trial(arm="arm")
    assert outcome == ask().outcome.column
    results = [ps.analyse(each, ps.ClusterSummaries(), plain(), ask()) for each in (study, STUDY)]
    assert results[0].estimates == results[1].estimates


def test_the_documented_examples_are_true() -> None:
    done = doctest.testfile(str(DOCS), module_relative=False, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert done.attempted > 5
    assert done.failed == 0


def test_a_thousand_formulas_take_less_than_a_few_seconds() -> None:
    began = time.perf_counter()
    for _ in itertools.repeat(None, 1000):
        ps.formula("mgso4 ~ arm*period + baseline + (1 + period | region/unit)")
    assert time.perf_counter() - began < 10

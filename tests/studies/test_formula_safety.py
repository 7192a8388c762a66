"""Formulas are never evaluated, whatever they say."""

from __future__ import annotations

import builtins
import importlib
import keyword
import re
import time
from pathlib import Path
from typing import Any

import patsy.eval
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from patsy import ModelDesc

import precept_stats as ps
from precept_stats.errors import PlanError
from precept_stats.studies.formula_terms import INTERCEPT, Factor, Term

from .formulas import GOOD, fixed_by_patsy, nothing_evaluated, read_or_refused

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


def test_the_watch_notices_an_evaluation() -> None:
    with pytest.raises(AssertionError), nothing_evaluated():
        patsy.dmatrix("x + z", {"x": [1.0, 2.0], "z": [1.0, 2.0]})
    with nothing_evaluated():
        ModelDesc.from_formula("~ os + I(1 + 1)")


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

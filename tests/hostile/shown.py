# ruff: noqa: E501, S314
"""Attacks by words that are shown: in the report, its figures and tables, notebooks and the terminal."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from precept_stats.ard import from_json, read_json
from precept_stats.errors import hidden
from precept_stats.evidence.figure_files import STARTS_A_FORMULA
from precept_stats.plan.reader import read_plan_text
from precept_stats.report.render_html import render_html
from precept_stats.report.story import story
from precept_stats.values import Result
from tests.hostile.attack import CANARY, Attack
from tests.hostile.bundles import honest


class _Tags(HTMLParser):
    """Every tag and attribute of a page, and its words."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.targets: set[str] = set()
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.targets |= {str(value)[:11] for name, value in attrs if name in ("href", "src", "action")}

    def handle_data(self, data: str) -> None:
        self.words.append(data)


@cache
def _usual() -> tuple[_Tags, set[str]]:
    """What the page and the drawings of an honest bundle are made of."""
    loaded, results = _given("new", "1", "A small trial")
    report = story(loaded, results)
    drawn = {part.tag for figure in report.figures for part in ElementTree.fromstring(figure.svg()).iter()}
    return _Tags(render_html(report)), drawn


def _given(arm: str, cluster: str, title: str) -> tuple[Any, Any]:
    """Plan and rows of an honest bundle with an arm, a cluster and a title called otherwise."""
    text = (honest() / "plan.yaml").read_text(encoding="utf-8")
    text = text.replace("compare: new", f"compare: {json.dumps(arm)}").replace("A small trial", "TITLE")
    text = text.replace("title: TITLE", f"title: {json.dumps(title)}")
    results = json.loads((honest() / "sensitive" / "rows.json").read_text(encoding="utf-8"))
    called = {"new": arm, "1": cluster}
    parts = {name: _renamed(results[name], called) for name in ("shared", "analyses")}
    return read_plan_text(text, "plan.yaml"), from_json(json.dumps(results | parts))


def _renamed(value: Any, called: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {name: _renamed(inner, called) for name, inner in value.items()}
    if isinstance(value, list):
        return [_renamed(inner, called) for inner in value]
    return called.get(value, value) if isinstance(value, str) else value


def _harmless(payload: str) -> Callable[[Any], None]:
    def check(given: Any) -> None:
        page, drawings, tables = given
        usual, drawn = _usual()
        found = _Tags(page)
        assert found.tags <= usual.tags
        assert found.attributes <= usual.attributes
        assert found.targets <= usual.targets
        assert not any(map(hidden, page))
        assert (
            payload in "".join(found.words)
            or any(map(hidden, payload))
            or payload.startswith(STARTS_A_FORMULA)
        )
        for drawing in drawings:
            assert {part.tag for part in ElementTree.fromstring(drawing).iter()} <= drawn
            assert not any(map(hidden, drawing))
        for cell in (cell for table in tables for row in csv.reader(table.splitlines()) for cell in row):
            assert not cell.startswith(STARTS_A_FORMULA) or _number(cell), cell

    return check


def _number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _everywhere(name: str, tried: str, payload: str) -> Attack:
    return Attack(
        f"report: {name}", "report", tried, lambda _: _given(payload, payload, payload), _harmless(payload)
    )


def _in_data(name: str, tried: str, payload: str) -> Attack:
    content = lambda _: _given("new", payload, "A small trial")  # noqa: E731
    return Attack(f"report: {name}", "report", tried, content, _harmless(payload))


REPORTS = (
    _everywhere("script", "run a script in the reader's browser", "<script>alert(1)</script>"),
    _everywhere("handler", "run a script by a picture that fails", "<img src=x onerror=alert(1)>"),
    _everywhere("attribute", "break out of an attribute", "\" onmouseover=\"alert(1)\" x='"),
    _everywhere("end of style", "break out of the style sheet", "</style></title><script>alert(1)</script>"),
    _everywhere("SVG", "break out of the drawing", "]]></text><svg onload=alert(1)><a href='javascript:alert(1)'>x</a>"),
    _everywhere("javascript link", "run a script by a link", "[x](javascript:alert(1)) javascript:alert(1)"),
    _everywhere("entities", "be decoded twice", "&lt;script&gt;&amp;#60;b&#62;"),
    _everywhere("template", "have a template filled in", "{{ 7 * 7 }}{% for x in y %}${7*7}"),
    _everywhere("mathematics", "have a figure read a file as TeX, or fail", r"$\input{/etc/passwd}$ and $\frac{$"),
    _everywhere("formula", "have a spreadsheet run a command", f"=cmd|'/C touch {CANARY}'!A0"),
    _in_data("escapes and directions", "reorder a name, hide in it, clear the screen", "\x1b[2J\u202exe\u200b\x00\x07"),
    _in_data("formula by a tab", "have a spreadsheet run a command", "\t=1+1"),
    _in_data("formula in full width", "have a spreadsheet run a command", "\uff1d1+1"),
    _in_data("very long name", "stall the drawing of figures", "long " * 2_000),
)  # fmt: skip


def _called(_: Path) -> Result:
    entry = next(iter(read_json(honest() / "rows.json")))
    assert isinstance(entry, Result)
    return replace(entry, analysis="<script>alert(1)</script>", warnings=("<img src=x onerror=alert(1)>",))


def _escaped(given: Any) -> None:
    assert _Tags(given).tags <= {
        "div",
        "p",
        "strong",
        "table",
        "caption",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "ul",
        "li",
    }
    assert "&lt;script&gt;" in given


def said(code: int, *words: str) -> Callable[[Any], None]:
    """A check that the command line ended with a code, sent no escapes, and said these words as they are."""

    def check(given: Any) -> None:
        ended, text = given
        assert ended == code, text
        assert not any(map(hidden, text))
        assert all(word in text for word in words), text

    return check


def _files(command: list[str], **files: str) -> Callable[[Path], list[str]]:
    def build(folder: Path) -> list[str]:
        for name, text in files.items():
            (folder / name.replace("__", ".")).write_text(text, encoding="utf-8")
        return [word.replace("FOLDER", str(folder)) for word in command]

    return build


def _terminal(name: str, tried: str, content: Any, harmless: Any) -> Attack:
    return Attack(f"terminal: {name}", "command line", tried, content, harmless)


MARKUP = "[red]all is well[/red][/]"
TABLE = f"name: s\nfields: [{{name: {json.dumps(MARKUP)}, type: string}}]"
CHECK_TABLE = ["data", "check", "FOLDER/t.csv", "--schema", "FOLDER/s.yaml"]

SHOWN = (
    *REPORTS,
    Attack("notebook: script", "notebook", "run a script in a notebook", _called, _escaped),
    _terminal("markup in a plan", "colour or break the output by markup", _files(["check", "FOLDER/p.yaml"], p__yaml=f"{json.dumps(MARKUP)}: 1"), said(2, MARKUP)),
    _terminal("markup in a table", "colour or break the output by markup", _files(CHECK_TABLE, s__yaml=TABLE, t__csv=f"{MARKUP}\nx\n"), said(0, "[red]")),
    _terminal("escape in a plan", "clear the screen by a key", _files(["check", "FOLDER/p.yaml"], p__yaml='"\\e[2J\\u202e": 1'), said(2, "u001b")),
    _terminal("escape in JSON", "clear the screen by JSON", _files(["check", "FOLDER/p.yaml", "--json"], p__yaml='"\\x9b2J\\u202e": 1'), said(2, "u202e")),
    _terminal("forged line", "add a line that says that all is well", _files(["check", "FOLDER/p.yaml"], p__yaml='"a\\nplan.yaml: no errors": 1'), said(2, "a\\nplan.yaml: no errors")),
    _terminal("escape in a file name", "clear the screen by the name of a file", lambda _: ["check", "\x1b[2Jx.yaml"], said(2, "x1b")),
    _terminal("option as a file", "pass an option by the name of a file", lambda _: ["verify", "--", "--run-r"], said(3, "not a bundle")),
    _terminal("schema by path", "print any file", lambda _: ["schema", "../../../etc/passwd"], said(2, "there is no data schema")),
)  # fmt: skip

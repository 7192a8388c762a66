"""R scripts made of fixed functions and typed values: no text of a plan becomes code."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources

Value = bool | int | float | str | Sequence["Value"] | Mapping[str, "Value"]
"""What can be handed to a function in R."""

WORD = re.compile(r"[A-Za-z][A-Za-z0-9_-]*", re.ASCII)
FIRST, LAST = ("common",), "closing"
BEFORE = {"resampling": ("clusters",), "many_series": ("series",)}
"""Files whose functions another one calls."""
OUTPUT = "output.csv"
SCRIPT = "twin.R"


@dataclass(frozen=True, slots=True)
class Call:
    """One analysis asked of R: which function of which file, with what, and by which packages."""

    function: str
    file: str
    settings: Mapping[str, Value]
    engine: str
    packages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NoTwin:
    """Why nothing in R does what an analysis does."""

    reason: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A call with the analysis that it is of and the file of its rows."""

    analysis: str
    data: str
    call: Call


def written(value: Value) -> str:
    """A value as R writes it. ValueError for text that is no single word: none is ever needed."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return ("-Inf" if value < 0 else "Inf") if math.isinf(value) else repr(value)
    if isinstance(value, str):
        if not WORD.fullmatch(value):
            raise ValueError(f"not a word: {value!r}")
        return f'"{value}"'
    if isinstance(value, Mapping):
        return f"list({', '.join(f'{_name(name)} = {written(one)}' for name, one in value.items())})"
    inner = ", ".join(written(one) for one in value)
    plain = value and all(isinstance(one, bool | int | float | str) for one in value)
    return f"c({inner})" if plain else f"list({inner})"


def _name(name: str) -> str:
    if not WORD.fullmatch(name):
        raise ValueError(f"not a name: {name!r}")
    return name


def script(asked: Sequence[Asked]) -> str:
    """The whole script: the functions that are needed, then a line an analysis."""
    named = [file for one in asked for file in (*BEFORE.get(one.call.file, ()), one.call.file)]
    files = list(dict.fromkeys([*FIRST, *named]))
    return "\n".join([*map(function_text, files), _calls(asked), function_text(LAST)])


def function_text(file: str) -> str:
    """Functions of R that come with this library."""
    return resources.files(__package__).joinpath("r", f"{file}.R").read_text(encoding="utf-8")


def _calls(asked: Sequence[Asked]) -> str:
    packages = sorted({"numDeriv", *(name for one in asked for name in one.call.packages)})
    read = [SCRIPT, *dict.fromkeys(one.data for one in asked)]
    lines = ["# ---- the analyses " + "-" * 98]
    lines += [
        f"one({written(each.analysis)}, {_file(each.data)}, {_name(each.call.function)}, "
        f"{written(each.call.settings)})"
        for each in asked
    ]
    lines.append(f"packages <- {written(tuple(packages))}")
    lines.append(f"files <- c({', '.join(map(_file, read))})")
    return "\n".join(lines) + "\n"


def _file(name: str) -> str:
    """The name of a file as R writes it. ValueError for one that this library would not choose."""
    if not re.fullmatch(r"[A-Za-z0-9_]+\.(csv|R)", name, re.ASCII):
        raise ValueError(f"not the name of a file: {name!r}")
    return f'"{name}"'

"""Documents that are made, not written: docs/conformance.md, and the marked parts of docs/methods."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from types import NoneType, UnionType
from typing import Literal, Union, get_args, get_origin

from pydantic_core import PydanticUndefined

from precept_stats.methods import AnyMethod, TimeMethod
from precept_stats.methods.settings import Choice

from .cases import ROOT, Case, Comparison
from .kernels import KernelCase

AnyCase = Case | KernelCase

PAGES = ROOT / "docs" / "methods"
METHODS = {
    method.model_fields["kind"].default: method
    for method in (*get_args(get_args(AnyMethod)[0]), *get_args(TimeMethod))
}


def settings_table(kind: str) -> str:
    """One row a setting and choice, from the pydantic model; the default marked."""
    lines = ["| setting | choice | meaning |", "|---|---|---|"]
    for name, field in METHODS[kind].model_fields.items():
        if name == "kind":
            continue
        choices = [
            one for one in _choices(field.annotation) if isinstance(one, type) and issubclass(one, Choice)
        ]
        if not choices and get_origin(field.annotation) is Literal:
            lines.append(f"| `{name}` | {_listed(field.annotation, field.default)} | {field.description} |")
        elif not choices:
            lines.append(f"| `{name}` | a number; {field.default} | {field.description} |")
        for choice in choices:
            for tag in get_args(choice.model_fields["kind"].annotation):
                default = getattr(field.default, "kind", None)
                chosen = " (default)" if default == tag else " (to be named)" if field.is_required() else ""
                meaning = choice.model_construct(kind=tag).meaning
                lines.append(f"| `{name}` | `{{kind: {tag}}}`{chosen} | {meaning} |")
                lines += _further(name, choice, tag)
    return "\n".join(lines) + "\n"


def _choices(annotation: object) -> Iterable[type[Choice]]:
    return get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)


def _further(name: str, choice: type[Choice], tag: str) -> Iterator[str]:
    for setting, field in choice.model_fields.items():
        if setting == "kind":
            continue
        if get_origin(field.annotation) is tuple:
            yield f"| `{name}.{setting}` with `{tag}` | a list | {field.description} |"
            continue
        if isinstance(field.default, Choice):
            kinds = [get_args(one.model_fields["kind"].annotation) for one in _choices(field.annotation)]
            names = (f"`{{kind: {k}}}`{_marked(k, field.default.kind)}" for of in kinds for k in of)
            yield f"| `{name}.{setting}` with `{tag}` | {', '.join(names)} | {field.description} |"
            continue
        named = [f"`{{kind: {tag}}}`" for tag in _tags(field.annotation)]
        if named:
            yield f"| `{name}.{setting}` with `{tag}` | {', '.join(named)} | {field.description} |"
            continue
        tags = _listed(field.annotation, field.default)
        yield f"| `{name}.{setting}` with `{tag}` | {tags} | {field.description} |"


def _listed(annotation: object, default: object) -> str:
    """The values that a field takes, the default marked; types by their names."""
    required = annotation if annotation is int else "text"
    values = get_args(annotation) or (required if default is PydanticUndefined else default,)
    names = {int: "a whole number", NoneType: "nothing (default)" if default is None else "nothing"}
    marked = (f"`{one}`{' (default)' if one == default else ''}" for one in values if one not in names)
    return ", ".join([*(named for kind, named in names.items() if kind in values), *marked])


def _tags(annotation: object) -> list[str]:
    """The kinds of every model in an annotation, however deep it is wrapped."""
    fields = getattr(annotation, "model_fields", None)
    if fields and "kind" in fields:
        return list(get_args(fields["kind"].annotation))
    return [tag for inner in get_args(annotation) for tag in _tags(inner)]


def _marked(kind: str, default: str) -> str:
    return " (default)" if kind == default else ""


def checked_table(comparisons: Iterable[tuple[Case, list[Comparison]]]) -> str:
    """One row a case: what it is held to, numbers, the fewest digits agreed; then what differs and why."""
    lines = ["| case | held to | numbers | digits agreed |", "|---|---|--:|--:|"]
    reasons: dict[str, list[str]] = {}
    for case, compared in comparisons:
        plain = [c for c in compared if c.number.by_our_rule is None]
        held = f"{case.reference} ({case.software})"
        lines.append(
            f"| `{case.name}` | {held} | {len(plain)} | {shown_digits(min(c.digits for c in plain))} |"
        )
        for c in compared:
            if c.number.reason:
                reasons.setdefault(c.number.reason, []).append(f"`{case.name}` {c.number.name}")
    text = "\n".join(lines) + "\n\nEvery number is in [conformance](../conformance.md).\n"
    if reasons:
        text += "\nKnown differences from what is computed elsewhere, each still checked:\n\n"
        text += "".join(f"- {', '.join(where)}: {reason}.\n" for reason, where in reasons.items())
    return text


def shown_digits(digits: float) -> str:
    """Whole digits, and 12 or more as one: the last ones differ between machines."""
    return "12 or more" if digits >= 12 else str(int(digits))


def block(text: str, name: str) -> str:
    """What stands between the marks of a made part."""
    found = re.search(rf"<!-- {name} -->\n(.*?)<!-- /{name} -->", text, re.DOTALL)
    assert found, f"the marks of {name!r} are missing"
    return found[1]


def with_block(text: str, name: str, made: str) -> str:
    block(text, name)
    return re.sub(
        rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", lambda m: m[1] + made + m[2], text, flags=re.DOTALL
    )


PREFACE = """# Conformance

Every reference number, ours and theirs. The cases are in `tests/reference`; each has the script that
made its numbers and is checked by `tests/test_reference.py` at the tolerance beside each number (1e-9
relative unless said otherwise). A known difference is held to R's answer by our rule. Standard errors
and statistics of ratios are on the log scale. Made by `make conformance`.

Cases of an engine are fits made by the code underneath a method, from numbers beside its tests in
`tests/numerics`, checked by `tests/conformance/test_kernels.py`: criterion to 1e-8, estimates, standard
errors and covariances to 1e-6 (1e-5 for generalised models, log-likelihoods to 1e-6), degrees of freedom to
1e-4. A matrix or the predictions of a factor take one line, which shows the entry that agrees least; its
digits are relative to the size of its row and column, or to the largest prediction.
"""


def page(compared: list[tuple[AnyCase, list[Comparison]]]) -> str:
    """The whole of docs/conformance.md."""
    text = PREFACE
    for method in dict.fromkeys(case.method for case, _ in compared):
        text += f"\n## {method}\n"
        text += "".join("\n" + case_section(case, found) for case, found in compared if case.method == method)
    return text


def case_section(case: AnyCase, compared: list[Comparison]) -> str:
    """The part of docs/conformance.md about one case."""
    shown = 8 if isinstance(case, KernelCase) else 10
    where = "data not shipped, read from PRECEPT_DATA" if case.needs_data else "data shipped"
    lines = [
        f"### {case.name}",
        "",
        f"{case.reference} ({case.software}; {where}).",
        "",
        "| number | ours | theirs | digits agreed |",
        "|---|--:|--:|--:|",
    ]
    for name, c in _lines(compared):
        digits = "known difference" if c.number.reason else shown_digits(c.digits)
        lines.append(f"| {name} | {c.ours:.{shown}g} | {c.number.theirs:.{shown}g} | {digits} |")
    reasons = dict.fromkeys(c.number.reason for c in compared if c.number.reason)
    lines += [line for reason in reasons for line in ("", f"Known difference: {reason}.")]
    return "\n".join(lines) + "\n"


def _lines(compared: list[Comparison]) -> Iterator[tuple[str, Comparison]]:
    """What a line shows: a number, or of a block the entry that agrees least; differences by themselves."""
    blocks: dict[str | int, list[Comparison]] = {}
    for place, c in enumerate(compared):
        together = c.number.block and not c.number.reason
        blocks.setdefault(c.number.block if together else place, []).append(c)
    for entries in blocks.values():
        least = min(entries, key=lambda c: (int(c.digits), c.number.name))
        alone = len(entries) == 1
        yield least.number.name if alone else f"{len(entries)} numbers, {least.number.name}", least

"""Drawings that another version of the drawing library made: the same words, and nothing that acts."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from xml.etree import ElementTree

LARGEST = 20_000_000
URI = re.compile(r"data:image/svg\+xml;base64,([A-Za-z0-9+/=]*)")
PASSIVE = frozenset(
    ("svg", "g", "path", "use", "defs", "style", "text", "tspan", "rect", "clipPath", "title", "desc")
)
"""Elements of SVG that show something and do nothing."""
ABOUT = frozenset(("metadata", "RDF", "Work", "type", "format"))
LEADING_OUT = re.compile(r"url\s*\(\s*['\"]?(?!#)|@import|javascript:|expression\s*\(", re.IGNORECASE)


def page_without_drawings(page: str) -> tuple[str, tuple[str, ...]]:
    """The text of a page with a mark in the place of each drawing, and the drawings in order."""
    return URI.sub("data:image/svg+xml;base64,", page), tuple(map(_decoded, URI.findall(page)))


def _decoded(found: str) -> str:
    try:
        return base64.b64decode(found, validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return ""


def drawn_alike(theirs: str, ours: str) -> bool:
    """Whether two drawings have the same words, and the first holds nothing but shapes and words."""
    return theirs == ours or (is_passive(theirs) and _words(theirs) == _words(ours))


def is_passive(svg: str) -> bool:
    """No script, handler, entity or foreign element, and no reference that leads out of the drawing."""
    if len(svg) > LARGEST or "<!" in svg or "<?" in svg:
        return False
    try:
        return all(_acts_not(element) for element in _tree(svg).iter())
    except (ElementTree.ParseError, ValueError, RecursionError):
        return False


def _tree(svg: str) -> ElementTree.Element:
    """The elements of a text without declarations, and so without entities that could grow."""
    return ElementTree.fromstring(svg)  # noqa: S314 (no declaration: ``is_passive`` has refused it)


def _acts_not(element: ElementTree.Element) -> bool:
    if _local(element.tag) not in PASSIVE | ABOUT:
        return False
    for name, value in element.attrib.items():
        local = _local(name).lower()
        if local.startswith("on") or (local in ("href", "src") and not value.startswith("#")):
            return False
        if LEADING_OUT.search(value) or "\\" in value:
            return False
    styled = element.text or ""
    return _local(element.tag) != "style" or not (LEADING_OUT.search(styled) or "\\" in styled)


def _local(name: object) -> str:
    """The name of an element or attribute without its namespace; a comment has none that is allowed."""
    return name.rpartition("}")[2] if isinstance(name, str) else ""


def _words(svg: str) -> list[str]:
    return sorted(_texts(svg))


def _texts(svg: str) -> Iterator[str]:
    for element in _tree(svg).iter():
        if _local(element.tag) in ("text", "title", "desc"):
            yield " ".join("".join(element.itertext()).split())

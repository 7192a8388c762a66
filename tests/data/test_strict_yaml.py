"""The YAML door: what YAML 1.2 says, where it says it, and what is refused."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from precept_stats.data.strict_yaml import LARGEST_INTEGER, load_strict
from precept_stats.errors import PlanError

DOCUMENT = """\
country: NO
switch: on
month: 2018-05-01
octal: 0o17
hexadecimal: 0x1F
leading_zero: 010
exponent: 1e3
quoted: "12"
nothing: ~
flags: [true, False]
nested:
  - name: first
    values: {low: -1, high: .5}
"""


def test_scalars_follow_yaml_1_2() -> None:
    assert load_strict(DOCUMENT, "plan.yaml").value == {
        "country": "NO",
        "switch": "on",
        "month": "2018-05-01",
        "octal": 15,
        "hexadecimal": 31,
        "leading_zero": 10,
        "exponent": 1000.0,
        "quoted": "12",
        "nothing": None,
        "flags": [True, False],
        "nested": [{"name": "first", "values": {"low": -1, "high": 0.5}}],
    }


def test_every_value_has_its_place() -> None:
    document = load_strict(DOCUMENT, "plan.yaml")
    assert document.positions[("exponent",)] == (7, 1)
    assert document.positions[("flags", 1)] == (10, 15)
    assert document.positions[("nested", 0)] == (12, 5)
    assert document.positions[("nested", 0, "values", "high")] == (13, 23)
    assert document.where(("nested", 0, "values", "absent")) == "plan.yaml:13:5"


@pytest.mark.parametrize(
    ("text", "place", "problem"),
    [
        ("a: 1\na: 2", "2:1", "given twice"),
        ("a: &x 1", "1:4", "anchors"),
        ("a: *x", "1:4", "aliases"),
        ("a: !!python/object:os.system x", "1:4", "tags"),
        ("a: ! x", "1:4", "tags"),
        ("1: x", "1:1", "must be text"),
        ("null: x", "1:1", "must be text"),
        ("? [a]\n: b", "1:3", "must be text"),
        ("a: .nan", "1:4", "finite"),
        ("a: -.inf", "1:4", "finite"),
        ("a: 1e999", "1:4", "finite"),
        (f"a: {LARGEST_INTEGER + 1}", "1:4", "whole numbers"),
        ("a: " + "9" * 5000, "1:4", "finite"),
        ("a: 1\n---\nb: 2", "2:1", "one document"),
        ("%YAML 1.1\n---\na: 1", "2:1", "directives"),
        ("a: [1", "1:6", "not YAML"),
        ("a: " + "[" * 5000, "1:43", "levels"),
    ],
)
def test_what_is_refused_says_where(text: str, place: str, problem: str) -> None:
    with pytest.raises(PlanError, match=problem) as caught:
        load_strict(text, "plan.yaml")
    assert caught.value.where == f"plan.yaml:{place}"


@pytest.mark.parametrize("text", ["", "# only a comment\n", "~", "a: \x00", "x" * 1_000_001])
def test_what_has_no_line_is_refused_too(text: str) -> None:
    with pytest.raises(PlanError) as caught:
        load_strict(text, "plan.yaml")
    assert caught.value.where == "plan.yaml"


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-LARGEST_INTEGER, LARGEST_INTEGER)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=12),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text("abcxyz", min_size=1), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(PLAIN.filter(lambda value: value is not None))
def test_json_is_read_as_json(value: object) -> None:
    assert load_strict(json.dumps(value), "x.json").value == value

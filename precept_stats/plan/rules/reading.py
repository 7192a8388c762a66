"""What reading itself refuses, before a plan is complete enough to be linted; all are errors."""

from __future__ import annotations

READING_RULES: tuple[tuple[str, str], ...] = (
    ("PL-0001", "the file is strict YAML 1.2: no duplicate keys, tags, anchors or aliases; 1 MB, 40 levels"),
    ("PL-0002", "the document is a mapping of fields"),
    ("PL-0003", "every field is known; the nearest known one is named"),
    ("PL-0004", "every required field is given"),
    ("PL-0005", 'every value is of the right type: `"1"` is not a number, `1` is not text'),
    ("PL-0006", "every value is one of those allowed"),
    ("PL-0007", "the fields of a block do not contradict each other"),
    ("PL-0008", "`based_on` names an analysis of the plan"),
    ("PL-0009", "analyses are not based on each other in a circle"),
    ("PL-0010", "the plan is no larger than 200,000 values once `based_on` is expanded"),
    ("PL-0011", "no control, format or zero-width characters hide in the text"),
)
"""Each as (id, what is asked)."""

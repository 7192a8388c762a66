"""The recorded attack on generated releases: the page shows it, the code gives it, nothing is recovered."""

import json
from collections import Counter

import pytest

from tests.calibration.disclosure import FIRST, TABLES, WAYS, one_release, who_knows_the_gate
from tests.calibration.disclosure_tables import PAGE, section
from tests.calibration.tables import DOCS, with_section

RECORD = json.loads((DOCS / "disclosure.json").read_text(encoding="utf-8"))


def test_the_attack_recovers_nothing_behind_the_gate_and_much_without_it() -> None:
    ways = RECORD["ways"]
    assert RECORD["releases"] == 500
    assert ways["the gate"].get("recovered", 0) == 0
    assert ways["the gate"]["releases_hit"] == 0
    assert ways["suppressed and rounded"]["recovered"] > 0
    assert ways["suppressed only"]["recovered"] > 1000


def test_every_relation_holds_of_the_true_counts() -> None:
    for found in RECORD["ways"].values():
        assert found["true value left"] == found["checked"] > 1000
        assert "contradicted" not in found


@pytest.mark.parametrize("place", range(FIRST))
def test_the_code_still_recovers_nothing(place: int) -> None:
    found = one_release(place)
    assert found["the gate"].get("recovered", 0) == 0
    assert found == RECORD["first"][place]


def test_a_reader_who_knows_the_gate_is_told_nothing_by_three_counts() -> None:
    told = Counter({(one["counts"], one["way"]): one["told"] for one in RECORD["who_knows_the_gate"]})
    assert {(parts, way) for parts, _ in TABLES for way in WAYS} == set(told)
    assert told[2, "with"] == told[3, "with"] == 0
    assert told[3, "without"] > 0
    assert told[4, "with"] < told[4, "without"] / 2
    # up to 20: with a shorter range its end, which no reader has, would tell what rounds to it
    assert who_knows_the_gate(3, 20, WAYS["with"])["told"] == 0


def test_the_page_shows_the_record() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert with_section(text, section(RECORD)) == text, "run make disclosure-study"

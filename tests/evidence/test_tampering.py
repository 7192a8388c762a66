"""The recorded tamper study: every change was found, the docs show it, and the code still finds them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from precept_stats.ard import read_json
from precept_stats.evidence import names
from tests.evidence.forger import Honest, honest
from tests.evidence.mutation import Mutation
from tests.evidence.mutations import mutations
from tests.evidence.tampering import PAGE, RECORD, Found, attempted, page, untouched

SAVED = json.loads(RECORD.read_text(encoding="utf-8"))
DONE = [Found(**one) for one in SAVED["mutations"]]
FAMILIES = tuple(dict.fromkeys(one.family for one in DONE))


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Honest:
    return honest(tmp_path_factory.mktemp("tampering") / "trial")


@pytest.fixture(scope="module")
def every(base: Honest) -> list[Mutation]:
    return list(mutations(base, read_json(base.bundle / names.SENSITIVE / names.ROWS)))


def test_at_least_two_hundred_changes_were_all_found_as_claimed() -> None:
    assert len({(one.family, one.name) for one in DONE}) >= 200
    assert [one for one in DONE if not one.as_claimed] == []
    assert SAVED["untouched"]["verdict"] == "passed"


def test_the_page_is_that_of_the_record() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(SAVED)


def test_the_bundle_that_nobody_touched_passes_with_everything_compared(base: Honest) -> None:
    found = untouched(base)
    assert found.verdict == "passed"
    assert len(found.compared) == SAVED["untouched"]["compared"]


def test_the_record_is_of_these_changes(every: list[Mutation]) -> None:
    recorded = {(one.family, one.name, one.has, one.claimed) for one in DONE}
    assert {(one.family, one.name, one.has, one.level) for one in every} == recorded


@pytest.mark.parametrize("family", FAMILIES)
def test_a_change_of_each_family_is_still_found(
    base: Honest, every: list[Mutation], family: str, tmp_path: Path
) -> None:
    """The first, the middle and the last of a family; `make tamper-study` tries all."""
    members = [one for one in every if one.family == family]
    for number in sorted({0, len(members) // 2, len(members) - 1}):
        folder = tmp_path / str(number)
        folder.mkdir()
        found = attempted(base, members[number], folder)
        assert found.as_claimed, found
        assert found in DONE, found

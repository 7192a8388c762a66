"""Every attack is let loose in a child process, and must be refused or do no harm."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.hostile.attack import CANARY, Attack, let_loose
from tests.hostile.corpus import ATTACKS
from tests.hostile.doors import DOORS
from tests.hostile.shown import _usual

pytestmark = pytest.mark.skipif(
    not hasattr(os, "fork"), reason="attacks need a child process to be let loose in"
)


@pytest.fixture(scope="module", autouse=True)
def everything_is_imported() -> None:
    """What is imported late would count as time and memory of the first attack that needs it."""
    _usual()


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_an_attack_is_refused_or_does_no_harm(attack: Attack, tmp_path: Path) -> None:
    outcome = let_loose(attack, DOORS[attack.door], tmp_path)
    assert outcome.ended == ("refused" if attack.harmless is None else "harmless"), outcome.said


def _touch(folder: Path, _: object) -> None:
    os.system(f"touch {folder / CANARY}")  # noqa: S605


def _hang(*_: object) -> None:
    while True:
        pass


def _fill(*_: object) -> bytes:
    return bytes(2_000_000_000)


def _crash(*_: object) -> None:
    raise KeyError("x")


def _write(*_: object) -> None:
    Path.home().joinpath(".precept-canary").open("a").close()


@pytest.mark.parametrize(
    ("door", "ended"),
    [
        (_touch, "executed"),
        (_hang, "killed"),
        (_fill, "crashed"),
        (_crash, "crashed"),
        (_write, "reached out"),
    ],
)
def test_the_room_notices_what_an_attack_would_do(door: Any, ended: str, tmp_path: Path) -> None:
    try:
        assert let_loose(Attack("x", "x", "x", "x"), door, tmp_path, 1).ended == ended
    finally:
        Path.home().joinpath(".precept-canary").unlink(missing_ok=True)


def test_the_corpus_is_large_and_every_door_is_tried() -> None:
    assert len(ATTACKS) >= 80
    assert not [name for name, times in Counter(attack.name for attack in ATTACKS).items() if times > 1]
    assert {attack.door for attack in ATTACKS} == set(DOORS)
